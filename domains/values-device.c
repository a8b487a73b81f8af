/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"
#include "domains/vmfile.h"
#include "vfio/reason.h"
#include "vfio/reset-method.h"

#include <string.h>

static gboolean read_rom(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (g_str_equal(text, "auto") || g_str_equal(text, "none"))
        return vv_value_read_text(value, text, field, error);
    if (*text != '/')
        return vv_value_wrong(error, "'%s' is neither auto, none nor an absolute path", text);
    if (strchr(text, ','))
        return vv_value_wrong(
            error, "'%s': a comma in a ROM's path would end it on QEMU's command line; rename the file",
            text);
    return vv_value_path.read(value, text, field, error);
}

const VvValue vv_value_rom = {read_rom, vv_value_write_text, NULL, 0, 0};

static gboolean read_selectors(const VvValue *value, const char *text, gpointer field, GError **error)
{
    GArray **selectors = field;
    g_autoptr(GArray) read = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    (void)value;
    if (!vv_selector_parse(text, read, error))
        return FALSE;
    g_clear_pointer(selectors, g_array_unref);
    *selectors = g_steal_pointer(&read);
    return TRUE;
}

static char *write_selectors(const VvValue *value, gconstpointer field)
{
    const GArray *selectors = *(GArray *const *)field;
    g_autoptr(GString) text = g_string_new(NULL);

    (void)value;
    for (guint i = 0; selectors && i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);
        char one[VV_ADDRESS_TEXT];

        vv_address_format(selector->address, one);
        if (selector->whole_slot)
            one[strlen(one) - 2] = '\0';
        g_string_append_printf(text, "%s%s", i ? ";" : "", one);
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

const VvValue vv_value_selectors = {read_selectors, write_selectors, NULL, 0, 0};

/* "CODE" stays, "CODE=ADDRESS" gets the address's full form. */
static char *read_allow_word(const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *code = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);
    char address_text[VV_ADDRESS_TEXT];
    VvAddress address;

    if (!vv_reason_code_known(code)) {
        vv_value_wrong(error, "'%s' is not a reason's code; 'plan' names the codes, as in disk-mounted",
                       code);
        return NULL;
    }
    if (!equals)
        return g_steal_pointer(&code);
    if (!vv_address_parse(equals + 1, &address, error))
        return NULL;
    return g_strconcat(code, "=", vv_address_format(address, address_text), NULL);
}

static gboolean read_allow(const VvValue *value, const char *text, gpointer field, GError **error)
{
    char ***allow = field;
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gboolean any = FALSE;

    (void)value;
    for (char **word = words; *word; word++) {
        g_autofree char *good = NULL;

        if (!**word)
            continue;
        good = read_allow_word(*word, error);
        if (!good)
            return FALSE;
        g_strv_builder_add(builder, good);
        any = TRUE;
    }
    if (!any)
        return vv_value_wrong(error, "'%s' names no reason's code", text);
    g_strfreev(*allow);
    *allow = g_strv_builder_end(builder);
    return TRUE;
}

static char *write_allow(const VvValue *value, gconstpointer field)
{
    char *const *allow = *(char *const *const *)field;

    (void)value;
    return allow && *allow ? g_strjoinv(" ", (char **)allow) : NULL;
}

const VvValue vv_value_allow = {read_allow, write_allow, NULL, 0, 0};

static gboolean read_reset(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " ,", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) list = g_string_new(NULL);

    if (g_str_equal(text, "auto") || g_str_equal(text, "none"))
        return vv_value_read_text(value, text, field, error);
    for (char **word = words; *word; word++) {
        guint which;

        if (!**word)
            continue;
        if (!vv_value_word(*word, vv_reset_method_names, &which, error)) {
            g_prefix_error(error, "neither auto nor none, and ");
            return FALSE;
        }
        if (!g_hash_table_add(seen, *word))
            return vv_value_wrong(error, "%s is there twice", *word);
        g_string_append_printf(list, "%s%s", list->len ? " " : "", vv_reset_method_names[which]);
    }
    if (!list->len)
        return vv_value_wrong(error, "'%s' names no reset method", text);
    return vv_value_set(field, g_string_free(g_steal_pointer(&list), FALSE));
}

const VvValue vv_value_reset = {read_reset, vv_value_write_text, NULL, 0, 0};

/* 0x10de, 10de. */
static gboolean read_id(const VvValue *value, const char *text, gpointer field, GError **error)
{
    const char *digits = g_ascii_strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
    guint64 number;
    gint *id = field;

    if (strlen(digits) > 4 || !g_ascii_string_to_unsigned(digits, 16, 0, value->max, &number, NULL))
        return vv_value_wrong(error, "'%s' is not a PCI id of four hexadecimal digits, such as 0x10de", text);
    *id = (gint)number;
    return TRUE;
}

static char *write_id(const VvValue *value, gconstpointer field)
{
    const gint *id = field;

    (void)value;
    return *id < 0 ? NULL : g_strdup_printf("0x%04x", (guint)*id);
}

const VvValue vv_value_id = {read_id, write_id, NULL, 0, 0xffff};
/* 0xffff is what reading an empty slot gives; QEMU refuses it (hw/vfio/pci.c). */
const VvValue vv_value_vendor = {read_id, write_id, NULL, 0, 0xfffe};

static gboolean read_boot(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint64 number;
    gint *boot = field;

    if (g_ascii_strcasecmp(text, "no") == 0)
        *boot = VV_BOOT_NO;
    else if (g_ascii_string_to_unsigned(text, 10, 1, value->max, &number, NULL))
        *boot = (gint)number;
    else
        return vv_value_wrong(error, "'%s' is neither no nor a number from 1 to %u, lower ones being first",
                              text, (guint)value->max);
    return TRUE;
}

static char *write_boot(const VvValue *value, gconstpointer field)
{
    const gint *boot = field;

    (void)value;
    return *boot == VV_BOOT_AUTO ? NULL : *boot < 0 ? g_strdup("no") : g_strdup_printf("%d", *boot);
}

const VvValue vv_value_boot = {read_boot, write_boot, NULL, 0, 999};

static gboolean read_guest_address(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_autoptr(GArray) read = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    VvVmDevice *device = field;
    VvAddress address;

    (void)value;
    if (!vv_selector_parse(text, read, NULL) || read->len != 1)
        return vv_value_wrong(error, "'%s' is not an address in the guest like 02:00 or 00:10.0", text);
    address = g_array_index(read, VvSelector, 0).address;
    if (address.segment)
        return vv_value_wrong(error, "'%s': the guest has no other PCI segment than 0000", text);
    if (address.function)
        return vv_value_wrong(error, "'%s': a card begins at function 0; leave the function out", text);
    device->guest_address = address;
    device->has_guest_address = TRUE;
    return TRUE;
}

static char *write_guest_address(const VvValue *value, gconstpointer field)
{
    const VvVmDevice *device = field;

    (void)value;
    if (!device->has_guest_address)
        return NULL;
    return g_strdup_printf("%02x:%02x", device->guest_address.bus, device->guest_address.slot);
}

const VvValue vv_value_guest_address = {read_guest_address, write_guest_address, NULL, 0, 0};
