/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"

#include "domains/ini.h"
#include "domains/vmfile.h"
#include "vfio/error.h"
#include "vfio/reason.h"

#include <string.h>

static gboolean G_GNUC_PRINTF(2, 3) wrong(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, VV_ERROR, VV_ERROR_USAGE, text);
    return FALSE;
}

static gboolean set_string(gpointer field, char *value)
{
    char **string = field;

    g_free(*string);
    *string = value;
    return TRUE;
}

/* `words` is NULL-terminated; their order is that of the enumeration. */
static gboolean read_word(const char *text, const char *const *words, guint *ret, GError **error)
{
    g_autofree char *list = NULL;

    for (guint i = 0; words[i]; i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *ret = i;
            return TRUE;
        }
    list = g_strjoinv(", ", (char **)words);
    return wrong(error, "'%s' is none of %s", text, list);
}

static gboolean read_string_word(const char *text, const char *const *words, gpointer field, GError **error)
{
    guint which;

    return read_word(text, words, &which, error) && set_string(field, g_strdup(words[which]));
}

gboolean vv_value_text(const char *text, gpointer field, GError **error)
{
    (void)error;
    return set_string(field, g_strdup(text));
}

gboolean vv_value_name(const char *text, gpointer field, GError **error)
{
    if (!vv_name_valid(text))
        return wrong(error, "'%s' is not 1 to 64 letters, digits, '.', '_' and '-'", text);
    return set_string(field, g_strdup(text));
}

gboolean vv_value_path(const char *text, gpointer field, GError **error)
{
    if (*text != '/')
        return wrong(error, "'%s' is not an absolute path; it has to begin with '/'", text);
    return set_string(field, g_strdup(text));
}

gboolean vv_value_uuid(const char *text, gpointer field, GError **error)
{
    if (!g_uuid_string_is_valid(text))
        return wrong(error, "'%s' is not a UUID like 6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11", text);
    return set_string(field, g_ascii_strdown(text, -1));
}

gboolean vv_value_rom(const char *text, gpointer field, GError **error)
{
    if (g_str_equal(text, "auto") || g_str_equal(text, "none"))
        return set_string(field, g_strdup(text));
    if (*text != '/')
        return wrong(error, "'%s' is neither auto, none nor an absolute path", text);
    if (strchr(text, ','))
        return wrong(error,
                     "'%s': a comma in a ROM's path would end it on QEMU's command line; rename the file",
                     text);
    return set_string(field, g_strdup(text));
}

gboolean vv_value_format(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"qcow2", "raw", NULL};

    return read_string_word(text, words, field, error);
}

gboolean vv_value_bus(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"virtio", "sata", "scsi", NULL};

    return read_string_word(text, words, field, error);
}

/* As Proxmox writes it: a model, then features to add or to take away. */
gboolean vv_value_cpu(const char *text, gpointer field, GError **error)
{
    if (g_regex_match_simple("^[A-Za-z0-9._-]{1,64}(,[+-][A-Za-z0-9._-]{1,64})*$", text,
                             G_REGEX_DOLLAR_ENDONLY, 0))
        return vv_value_text(text, field, error);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "'%s' is no CPU; it looks like host, max, EPYC-Rome or qemu64,-cx16,+aes", text);
    return FALSE;
}

gboolean vv_value_model(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"virtio", "e1000e", "e1000", "igb", "rtl8139", "vmxnet3", NULL};

    return read_string_word(text, words, field, error);
}

/* IFNAMSIZ is 16 with its NUL; the kernel refuses '/', ':' and blanks (dev_valid_name). */
gboolean vv_value_bridge(const char *text, gpointer field, GError **error)
{
    if (strlen(text) > 15 || strpbrk(text, "/: \t") || *text == '.')
        return wrong(error, "'%s' cannot be the name of a bridge", text);
    return set_string(field, g_strdup(text));
}

gboolean vv_value_mac(const char *text, gpointer field, GError **error)
{
    gboolean good = strlen(text) == 17;

    for (int i = 0; good && i < 17; i++)
        good = i % 3 == 2 ? text[i] == ':' : g_ascii_isxdigit(text[i]);
    if (!good)
        return wrong(error, "'%s' is not a MAC address like 52:54:00:12:34:56", text);
    if (g_ascii_xdigit_value(text[1]) & 1)
        return wrong(error, "'%s' is a group address; the second digit of a card's own is even", text);
    return set_string(field, g_ascii_strdown(text, -1));
}

gboolean vv_value_yes_no(const char *text, gpointer field, GError **error)
{
    /* Proxmox's spellings too. Even is no. */
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1", NULL};
    gboolean *flag = field;
    guint which;

    if (!read_word(text, words, &which, NULL))
        return wrong(error, "'%s' is neither yes nor no", text);
    *flag = which & 1;
    return TRUE;
}

/* 0 for an unknown suffix. */
static guint64 kib_of_suffix(const char *suffix)
{
    static const struct {
        char letter;
        guint64 kib;
    } units[] = {{'K', 1}, {'M', 1 << 10}, {'G', 1 << 20}, {'T', 1 << 30}};

    if (!*suffix)
        return 1 << 10;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_ascii_toupper(*suffix) == units[i].letter &&
            (!suffix[1] || g_ascii_strcasecmp(suffix + 1, "B") == 0 ||
             g_ascii_strcasecmp(suffix + 1, "iB") == 0))
            return units[i].kib;
    return 0;
}

gboolean vv_size_parse(const char *text, guint64 *ret_kib)
{
    guint64 number = 0, unit, kib;
    const char *c = text;

    for (; g_ascii_isdigit(*c); c++)
        if (!g_uint64_checked_mul(&number, number, 10) ||
            !g_uint64_checked_add(&number, number, (guint64)g_ascii_digit_value(*c)))
            return FALSE;
    if (c == text || !number)
        return FALSE;
    while (*c == ' ')
        c++;
    unit = kib_of_suffix(c);
    if (!unit || !g_uint64_checked_mul(&kib, number, unit))
        return FALSE;
    *ret_kib = kib;
    return TRUE;
}

/* 1 PiB: more than any host has, and far from where libvirt's own sums overflow. */
#define MEMORY_MAX_KIB (G_GUINT64_CONSTANT(1) << 40)

gboolean vv_value_memory(const char *text, gpointer field, GError **error)
{
    guint64 *memory = field;
    guint64 kib;

    if (!vv_size_parse(text, &kib))
        return wrong(error, "'%s' is not a size like 512M or 16G", text);
    if (kib < 1 << 10 || kib > MEMORY_MAX_KIB)
        return wrong(error, "'%s' is not between 1M and 1024T", text);
    *memory = kib;
    return TRUE;
}

gboolean vv_value_cpus(const char *text, gpointer field, GError **error)
{
    guint *cpus = field;
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, 1, 1024, &number, NULL))
        return wrong(error, "'%s' is not a number from 1 to 1024", text);
    *cpus = (guint)number;
    return TRUE;
}

/* GCC and Clang give an enumeration without negative members the type unsigned int. */
G_STATIC_ASSERT(sizeof(VvOs) == sizeof(guint));
G_STATIC_ASSERT(sizeof(VvFirmware) == sizeof(guint));
G_STATIC_ASSERT(sizeof(VvAccel) == sizeof(guint));

gboolean vv_value_os(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"linux", "windows", "freebsd", "other", NULL};

    return read_word(text, words, field, error);
}

gboolean vv_value_firmware(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"uefi", "uefi-secure", "bios", NULL};

    return read_word(text, words, field, error);
}

gboolean vv_value_accel(const char *text, gpointer field, GError **error)
{
    static const char *const words[] = {"auto", "kvm", "tcg", NULL};

    return read_word(text, words, field, error);
}

gboolean vv_value_selectors(const char *text, gpointer field, GError **error)
{
    GArray **selectors = field;
    g_autoptr(GArray) read = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    if (!vv_selector_parse(text, read, error))
        return FALSE;
    g_clear_pointer(selectors, g_array_unref);
    *selectors = g_steal_pointer(&read);
    return TRUE;
}

/* "CODE" stays, "CODE=ADDRESS" gets the address's full form. */
static char *read_allow_word(const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *code = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);
    char address_text[VV_ADDRESS_TEXT];
    VvAddress address;

    if (!vv_reason_code_known(code)) {
        wrong(error, "'%s' is not a reason's code; 'plan' names the codes, as in disk-mounted", code);
        return NULL;
    }
    if (!equals)
        return g_steal_pointer(&code);
    if (!vv_address_parse(equals + 1, &address, error))
        return NULL;
    return g_strconcat(code, "=", vv_address_format(address, address_text), NULL);
}

gboolean vv_value_allow(const char *text, gpointer field, GError **error)
{
    char ***allow = field;
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (char **word = words; *word; word++) {
        g_autofree char *good = NULL;

        if (!**word)
            continue;
        good = read_allow_word(*word, error);
        if (!good)
            return FALSE;
        g_strv_builder_add(builder, good);
    }
    g_strfreev(*allow);
    *allow = g_strv_builder_end(builder);
    return TRUE;
}
