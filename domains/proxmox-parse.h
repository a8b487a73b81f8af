/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* "key: value" of a configuration. */
typedef struct {
    guint line;
    char *name;  /* "hostpci0" */
    char *value; /* without surrounding blanks, never empty */
} VvPveKey;

/* [PENDING], [special:cloudinit], or the name of a snapshot. */
typedef struct {
    guint line;
    char *name;
    GPtrArray *keys; /* VvPveKey in the file's order, each name once */
} VvPveSection;

typedef struct {
    char *path;             /* for messages */
    char *description;      /* decoded, of the lines with '#'; NULL: none */
    guint description_line; /* of the first of them */
    guint backup_line;      /* of the first line that a backup program added; 0: none */
    VvPveSection *main;
    GPtrArray *sections; /* VvPveSection: the others */
} VvPveFile;

VvPveFile *vv_pve_parse(const char *path, const char *text, gsize length, GError **error);
void vv_pve_file_free(VvPveFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPveFile, vv_pve_file_free)

VvPveKey *vv_pve_key(const VvPveSection *section, const char *name);
void vv_pve_key_free(gpointer key);

/* Is `text` PREFIX followed by a number below `count`, without leading zeros? `count` 0: PREFIX alone. */
gboolean vv_pve_name_matches(const char *text, const char *prefix, guint count, guint *ret_number);

/* In "a,b=c": the value of the word `name`, as a new string; NULL: it is not there. Neither duplicates nor
 * strange words are errors; vv_pve_property() is for what is checked. */
char *vv_pve_word(const char *text, const char *name);

/* "%0A" and the like; FALSE for what is not UTF-8 behind it. `text` is changed in place. */
gboolean vv_pve_decode(char *text);

/* UTF-8 without NUL and without control characters other than tab, line feed and carriage return. */
gboolean vv_pve_check_text(const char *path, const char *text, gsize length, GError **error);

/* VV_ERROR_USAGE with "FILE:LINE: ". Returns FALSE. */
gboolean vv_pve_error_at(GError **error, const char *path, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
