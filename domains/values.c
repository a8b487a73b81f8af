/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"

#include "domains/ini.h"
#include "vfio/error.h"

#include <limits.h>
#include <string.h>

gboolean vv_value_wrong(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, VV_ERROR, VV_ERROR_USAGE, text);
    return FALSE;
}

gboolean vv_value_set(gpointer field, char *string)
{
    char **old = field;

    g_free(*old);
    *old = string;
    return TRUE;
}

gboolean vv_value_word(const char *text, const char *const *words, guint *ret, GError **error)
{
    g_autofree char *list = NULL;

    for (guint i = 0; words[i]; i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *ret = i;
            return TRUE;
        }
    list = g_strjoinv(", ", (char **)words);
    return vv_value_wrong(error, "'%s' is none of %s", text, list);
}

gboolean vv_value_read_text(const VvValue *value, const char *text, gpointer field, GError **error)
{
    (void)value;
    (void)error;
    return vv_value_set(field, g_strdup(text));
}

char *vv_value_write_text(const VvValue *value, gconstpointer field)
{
    (void)value;
    return g_strdup(*(char *const *)field);
}

const VvValue vv_value_text = {vv_value_read_text, vv_value_write_text, NULL, 0, 0};
const VvValue vv_value_description = {vv_value_read_text, vv_value_write_text, NULL, 0, 0};

static gboolean read_name(const VvValue *value, const char *text, gpointer field, GError **error)
{
    (void)value;
    if (!vv_name_valid(text))
        return vv_value_wrong(error, "'%s' is not 1 to 64 letters, digits, '.', '_' and '-'", text);
    return vv_value_set(field, g_strdup(text));
}

const VvValue vv_value_name = {read_name, vv_value_write_text, NULL, 0, 0};

static gboolean read_path(const VvValue *value, const char *text, gpointer field, GError **error)
{
    (void)value;
    if (*text != '/')
        return vv_value_wrong(error, "'%s' is not an absolute path; it has to begin with '/'", text);
    if (!text[1])
        return vv_value_wrong(error, "'/' is no file");
    if (strlen(text) >= PATH_MAX)
        return vv_value_wrong(error, "a path has at most %d bytes", PATH_MAX - 1);
    return vv_value_set(field, g_strdup(text));
}

const VvValue vv_value_path = {read_path, vv_value_write_text, NULL, 0, 0};

static gboolean read_plain_path(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (strchr(text, ','))
        return vv_value_wrong(
            error, "'%s': a comma would end the path on virtiofsd's command line; rename the folder", text);
    return g_str_equal(text, "/") ? vv_value_read_text(value, text, field, error)
                                  : read_path(value, text, field, error);
}

/* libvirt 9.0 to 10 give virtiofsd "-o source=PATH,…", and the one in Rust knows no way to escape a comma. */
const VvValue vv_value_plain_path = {read_plain_path, vv_value_write_text, NULL, 0, 0};

static gboolean read_uuid(const VvValue *value, const char *text, gpointer field, GError **error)
{
    (void)value;
    if (!g_uuid_string_is_valid(text))
        return vv_value_wrong(error, "'%s' is not a UUID like 6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11", text);
    return vv_value_set(field, g_ascii_strdown(text, -1));
}

const VvValue vv_value_uuid = {read_uuid, vv_value_write_text, NULL, 0, 0};

static gboolean read_word_text(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint which;

    return vv_value_word(text, value->words, &which, error) &&
           vv_value_set(field, g_strdup(value->words[which]));
}

#define WORDS(name, ...)                                                                                     \
    const VvValue vv_value_##name = {read_word_text, vv_value_write_text,                                    \
                                     (const char *const[]){__VA_ARGS__, NULL}, 0, 0}

WORDS(format, "qcow2", "raw");
WORDS(bus, "virtio", "sata", "scsi", "usb");
WORDS(cache, "none", "writethrough", "writeback", "directsync", "unsafe");
WORDS(nic, "virtio", "e1000e", "e1000", "igb", "rtl8139", "vmxnet3");
WORDS(tpm, "none", "1.2", "2.0");
WORDS(viommu, "none", "intel", "virtio");
WORDS(hugepages, "auto", "none", "2M", "1G");
WORDS(graphics, "auto", "none", "vnc", "spice");
WORDS(video, "auto", "none", "vga", "virtio", "qxl", "bochs");
WORDS(sound, "none", "ich9", "ac97", "usb", "virtio");
WORDS(audio, "none", "spice", "pulseaudio", "alsa", "pipewire", "jack");

static gboolean read_yes_no(const VvValue *value, const char *text, gpointer field, GError **error)
{
    /* Proxmox's spellings too. Even is no. */
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1", NULL};
    gboolean *flag = field;
    guint which;

    (void)value;
    if (!vv_value_word(text, words, &which, NULL))
        return vv_value_wrong(error, "'%s' is neither yes nor no", text);
    *flag = which & 1;
    return TRUE;
}

static char *write_yes_no(const VvValue *value, gconstpointer field)
{
    const gboolean *flag = field;

    (void)value;
    return *flag < 0 ? NULL : g_strdup(*flag ? "yes" : "no");
}

const VvValue vv_value_yes_no = {read_yes_no, write_yes_no, NULL, 0, 0};
const VvValue vv_value_may_be = {read_yes_no, write_yes_no, NULL, 0, 0};

/* GCC and Clang give an enumeration without negative members the type unsigned int; gboolean is an int. */
static gboolean read_word(const VvValue *value, const char *text, gpointer field, GError **error)
{
    return vv_value_word(text, value->words, field, error);
}

static char *write_word(const VvValue *value, gconstpointer field)
{
    return g_strdup(value->words[*(const guint *)field]);
}

#define ENUM(name, ...)                                                                                      \
    const VvValue vv_value_##name = {read_word, write_word, (const char *const[]){__VA_ARGS__, NULL}, 0, 0}

ENUM(display_manager, "keep", "stop");
ENUM(firmware, "uefi", "uefi-secure", "bios");
ENUM(accel, "auto", "kvm", "tcg");
ENUM(layout, "auto", "packed", "separate");

static gboolean read_number(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint *ret = field;
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, value->min, value->max, &number, NULL))
        return vv_value_wrong(error, "'%s' is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                              text, value->min, value->max);
    *ret = (guint)number;
    return TRUE;
}

static char *write_number(const VvValue *value, gconstpointer field)
{
    const guint *number = field;

    (void)value;
    return *number ? g_strdup_printf("%u", *number) : NULL;
}

const VvValue vv_value_cpus = {read_number, write_number, NULL, 1, 1024};
/* IEEE 802.1Q, 9.6: 0 is no VLAN and 4095 is reserved. */
const VvValue vv_value_vlan = {read_number, write_number, NULL, 1, 4094};
/* PCP of IEEE 802.1Q; IFLA_VF_VLAN. */
const VvValue vv_value_qos = {read_number, write_number, NULL, 0, 7};
/* MAX_TAP_QUEUES of drivers/net/tun.c. */
const VvValue vv_value_queues = {read_number, write_number, NULL, 1, 256};
/* ETH_MIN_MTU; the schema's unsigned short. */
const VvValue vv_value_mtu = {read_number, write_number, NULL, 68, 65535};
const VvValue vv_value_port = {read_number, write_number, NULL, 1, 65535};
