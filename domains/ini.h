/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* INI as people write it: [type NAME] sections, "key = value", comments from '#' or ';' at the start of a
 * line or after a blank. Why not GKeyFile: it merges sections and keys that are there twice, knows no line
 * numbers and takes a comment behind a value for a part of it; a VM file must not lose a device to either.
 *
 * A value that begins with '"' runs to the next '"', with \" \\ and \n (a line break) in it: for what would
 * be a comment, and for blanks at the ends. */

typedef struct {
    char *name;
    char *value; /* never empty; no control characters but line breaks */
    char *path;  /* of the file it is in, for messages; NULL: the INI's */
    guint line;  /* 0: not from a file but overridden by the caller */
} VvIniKey;

typedef struct {
    char *type; /* "device" of [device gpu] */
    char *name; /* "gpu"; NULL in [vm] */
    char *path; /* both as above */
    guint line;
    GPtrArray *keys; /* VvIniKey in the file's order */
} VvIniSection;

typedef struct {
    char *path;          /* for messages only */
    GPtrArray *sections; /* VvIniSection in the file's order */
} VvIni;

/* Files above this are no INI files; bytes. */
#define VV_INI_MAX (1024 * 1024)

/* Reads all of a file that may be anything: at most VV_INI_MAX bytes. VV_ERROR_USAGE names the file. */
char *vv_ini_read_file(const char *path, gsize *ret_length, GError **error);

/* Parses; every section and key once. VV_ERROR_USAGE names file and line. */
VvIni *vv_ini_parse(const char *path, const char *text, gsize length, GError **error);
void vv_ini_free(VvIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvIni, vv_ini_free)

/* Replaces or adds one key: "vm.memory=4G", "device.gpu.host=02:00"; or, with nothing behind the "=", takes
 * one away that is there. Sections must be `named_types` (with a NAME) or `plain_types`, both
 * NULL-terminated. VV_ERROR_USAGE names the setting. */
gboolean vv_ini_override(VvIni *ini, const char *setting, const char *const *plain_types,
                         const char *const *named_types, GError **error);

/* Puts a template under an INI: sections and keys that are only in `base` are added. The sections of `base`
 * come first, in its order. */
void vv_ini_add_base(VvIni *ini, const VvIni *base);

/* Appends `value` as vv_ini_parse() reads it, quoted where it has to be. Control characters other than line
 * breaks are left as they are, and will be refused. */
void vv_ini_append_value(GString *text, const char *value);

/* An empty one, and its parts. `line` 0: overridden. NULL where there is none. */
VvIni *vv_ini_new(const char *path);
VvIniSection *vv_ini_section(const VvIni *ini, const char *type, const char *name);
VvIniSection *vv_ini_add_section(VvIni *ini, const char *type, const char *name, guint line);
VvIniKey *vv_ini_key(const VvIniSection *section, const char *name);
VvIniKey *vv_ini_add_key(VvIniSection *section, const char *name, const char *value, guint line);

/* Sets a VV_ERROR_USAGE that begins with "FILE:LINE: [device gpu] host: ". `key` may be NULL, and `key_name`
 * too: the line is the key's, else the section's. */
void vv_ini_set_error(GError **error, const VvIni *ini, const VvIniSection *section, const char *key_name,
                      const char *format, ...) G_GNUC_PRINTF(5, 6);

/* C0, DEL and C1, which a terminal or a log would act on, and U+FFFE and U+FFFF, which XML cannot hold.
 * `text` is valid UTF-8. */
gboolean vv_has_control(const char *text);

/* [A-Za-z0-9._-]{1,64}, but not "." and "..": safe in a path, in XML and on a terminal. */
gboolean vv_name_valid(const char *name);

/* "; did you mean WORD?" for the word of `words` that `text` was probably meant to be, else "": new string.
 */
char *vv_did_you_mean(const char *text, const char *const *words);
