/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/proxmox-parse.h"
#include "domains/proxmox-sections.h"
#include "domains/proxmox.h"
#include "domains/values.h"

/* One import on its way. */
typedef struct {
    const VvProxmoxSource *source;
    VvPveFile *file;
    VvPveBlocks *storage, *mapping; /* NULL: not given */
    VvVm *vm;
    GPtrArray *rows;     /* VvProxmoxRow */
    VvVm *left_out_vm;   /* sections that lack something */
    GPtrArray *left_out; /* what is to be said of each (proxmox-left-out.c) */
    GHashTable *handled; /* names of keys that a row is about */
} VvPve;

/* A property string: "a,b=c". Options are taken one by one; what is left over is reported. */
typedef struct {
    char *name; /* the default option's for a bare value */
    char *value;
    gboolean taken;
} VvPveOption;

typedef struct {
    const VvPveKey *key;
    GPtrArray *options; /* VvPveOption */
} VvPveProperty;

/* Why an option is not taken: name and sentence; terminated by a row without a name. */
typedef struct {
    const char *name;
    const char *why;
} VvPveReason;

/* Duplicates and a second bare value are errors; `default_name` NULL: a bare value is one. */
VvPveProperty *vv_pve_property(VvPve *pve, const VvPveKey *key, const char *default_name, GError **error);
void vv_pve_property_free(VvPveProperty *property);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPveProperty, vv_pve_property_free)

/* Each takes the option `name`; where it is not there, NULL, or TRUE and *ret untouched. */
const char *vv_pve_take(VvPveProperty *property, const char *name);
gboolean vv_pve_take_flag(VvPve *pve, VvPveProperty *property, const char *name, gboolean *ret,
                          GError **error);
gboolean vv_pve_take_number(VvPve *pve, VvPveProperty *property, const char *name, guint64 min, guint64 max,
                            guint64 *ret, GError **error);
/* One of `words` (NULL-terminated). */
gboolean vv_pve_take_word(VvPve *pve, VvPveProperty *property, const char *name, const char *const *words,
                          const char **ret, GError **error);
/* A row for each option that nobody took: with its sentence in `dropped` (may be NULL), else as unknown. */
void vv_pve_take_rest(VvPve *pve, VvPveProperty *property, const VvPveReason *dropped);

/* A row of the report. */
void vv_pve_say(VvPve *pve, const VvPveKey *key, const char *option, VvProxmoxVerdict verdict,
                const char *format, ...) G_GNUC_PRINTF(5, 6);
/* A row about a default that the configuration does not write down. */
void vv_pve_say_default(VvPve *pve, const char *key, VvProxmoxVerdict verdict, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* What could not be taken whole: the last section of the array at `offset` in VvVm becomes a comment of the
 * VM file, with an empty key `missing` to fill in, and the row says why. */
void vv_pve_leave_out(VvPve *pve, const VvPveKey *key, gsize offset, const char *missing, const char *format,
                      ...) G_GNUC_PRINTF(5, 6);
/* All that was left out, as text to append to a VM file: new string. */
char *vv_pve_left_out_text(VvPve *pve);
/* VV_ERROR_USAGE with "FILE:LINE: key: ". Returns FALSE. */
gboolean vv_pve_error(VvPve *pve, const VvPveKey *key, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Whole values. */
gboolean vv_pve_flag(VvPve *pve, const VvPveKey *key, gboolean *ret, GError **error);
gboolean vv_pve_number(VvPve *pve, const VvPveKey *key, guint64 min, guint64 max, guint64 *ret,
                       GError **error);

/* The VM file's own rules for a value. */
gboolean vv_pve_read(const VvValue *value, const char *text, gpointer field, GError **error);
/* Replaces *field, which it frees, by `value`, which it takes. */
void vv_pve_set(char **field, char *value);

/* Each handles one kind of key; FALSE with an error for a value that is none. */
typedef gboolean (*VvPveHandler)(VvPve *pve, const VvPveKey *key, GError **error);

gboolean vv_pve_args(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_audio(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_balloon(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_bios(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_cpu(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_agent(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_arch(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_affinity(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_disk(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_efidisk(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_hostpci(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_hugepages(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_ivshmem(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_kvm(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_machine(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_memory(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_name(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_net(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_numa(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_numa_node(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_onboot(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_ostype(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_scsihw(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_serial(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_smbios(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_tpmstate(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_usb(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_vga(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_virtiofs(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_vmgenid(VvPve *pve, const VvPveKey *key, GError **error);
gboolean vv_pve_description_key(VvPve *pve, const VvPveKey *key, GError **error);

/* What no single key decides; after all keys. */
void vv_pve_description(VvPve *pve, const VvPveKey *key, const char *text, guint line);
gboolean vv_pve_boot(VvPve *pve, GError **error);
gboolean vv_pve_cpus(VvPve *pve, GError **error);
void vv_pve_memory_default(VvPve *pve);
void vv_pve_ostype_default(VvPve *pve);
void vv_pve_name_default(VvPve *pve);
void vv_pve_machine_default(VvPve *pve);
void vv_pve_windows(VvPve *pve);
void vv_pve_cpu_default(VvPve *pve);

/* All keys, in the order in which they have to be handled. */
gboolean vv_pve_handle_keys(VvPve *pve, GError **error);
/* [PENDING], snapshots and the like. */
void vv_pve_handle_sections(VvPve *pve);
gboolean vv_pve_apply_pending(VvPve *pve, GError **error);

/* The path of a volume such as "local-lvm:vm-100-disk-0" by storage.cfg, and "qcow2" or "raw" (static; NULL:
 * its name does not tell). NULL with *ret_why, a new string, where there is none. */
char *vv_pve_volume_path(VvPve *pve, const char *volume, const char **ret_format, char **ret_why);

/* The host addresses that mapping= means: new string; NULL with *ret_why, a new string. *ret_note (new string
 * or NULL): what else there would be. */
char *vv_pve_mapping_host(VvPve *pve, const char *id, char **ret_note, char **ret_why);
