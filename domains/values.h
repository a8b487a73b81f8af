/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The kinds of values a VM file has: how the text of a key becomes a field and a field becomes text again. */
typedef struct VvValue VvValue;
struct VvValue {
    /* Reads `text` into `field`, whose type is named below; leaves it untouched on failure. Errors are
     * VV_ERROR_USAGE and say what would be right; the caller puts file and key before. */
    gboolean (*read)(const VvValue *value, const char *text, gpointer field, GError **error);
    /* The text that read() makes the same field of: new string; NULL where the field says nothing. */
    char *(*write)(const VvValue *value, gconstpointer field);
    const char *const *words; /* of a word: all there are, NULL-terminated */
    guint64 min, max;         /* of a number */
};

/* char * */
extern const VvValue vv_value_text, vv_value_description, vv_value_name, vv_value_path, vv_value_plain_path,
    vv_value_uuid, vv_value_rom, vv_value_reset, vv_value_format, vv_value_bus, vv_value_cache,
    vv_value_serial, vv_value_network, vv_value_bridge, vv_value_mac, vv_value_rate, vv_value_nic,
    vv_value_cpu, vv_value_machine, vv_value_tpm, vv_value_viommu, vv_value_hugepages, vv_value_pinning,
    vv_value_numa, vv_value_mmio, vv_value_graphics, vv_value_video, vv_value_listen, vv_value_sound,
    vv_value_audio, vv_value_tag, vv_value_services;
/* gboolean: TRUE is the second word */
extern const VvValue vv_value_display_manager;
/* gboolean; yes or no that may also be -1: not said */
extern const VvValue vv_value_yes_no, vv_value_may_be;
/* guint */
extern const VvValue vv_value_cpus, vv_value_vlan, vv_value_qos, vv_value_queues, vv_value_mtu, vv_value_port;
/* gint: 16 bits, -1 not said; VV_BOOT_* or a number */
extern const VvValue vv_value_id, vv_value_vendor, vv_value_boot;
/* guint64, KiB */
extern const VvValue vv_value_memory, vv_value_shmem;
/* VvFirmware, VvAccel, VvLayout */
extern const VvValue vv_value_firmware, vv_value_accel, vv_value_layout;
/* GArray * of VvSelector; char **; all of the structure */
extern const VvValue vv_value_selectors, vv_value_allow;
extern const VvValue vv_value_os, vv_value_topology; /* VvVm */
extern const VvValue vv_value_guest_address;         /* VvVmDevice */
extern const VvValue vv_value_usb;                   /* VvVmUsb */
extern const VvValue vv_value_vf;                    /* VvVmVf */
extern const VvValue vv_value_link;                  /* VvVmNetwork: link_down and vf_link */
extern const VvValue vv_value_template;              /* nothing: template = was taken out before */

/* For the kinds of values: an error and FALSE; a string that replaces the one in `field`, and TRUE; which of
 * `words` it is. */
gboolean vv_value_wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean vv_value_set(gpointer field, char *string);
gboolean vv_value_word(const char *text, const char *const *words, guint *ret, GError **error);
gboolean vv_value_read_text(const VvValue *value, const char *text, gpointer field, GError **error);
char *vv_value_write_text(const VvValue *value, gconstpointer field);

/* "4-7,12-15": numbers up to `max`, each once, appended to `numbers` (guint). VV_ERROR_USAGE. */
gboolean vv_cpu_list_parse(const char *text, guint max, GArray *numbers, GError **error);

/* The largest number in such a list of the kernel's: NR_CPUS and MAX_NUMNODES of x86 (arch/x86/Kconfig). */
#define VV_CPU_MAX 8191
#define VV_NODE_MAX 1023
