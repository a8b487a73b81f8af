/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/address.h"

#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

/* Reads 1 to max_digits hexadecimal digits. Returns the place behind them, NULL when there are none. */
static const char *parse_hex(const char *text, int max_digits, guint32 *ret)
{
    guint32 value = 0;
    int digits = 0;

    for (; digits < max_digits && g_ascii_isxdigit(*text); digits++, text++)
        value = value << 4 | (guint32)g_ascii_xdigit_value(*text);
    if (digits == 0)
        return NULL;
    *ret = value;
    return text;
}

/* Grammar: [SEGMENT:]BUS:SLOT[.FUNCTION], all hexadecimal but the function. */
static gboolean parse_selector(const char *text, VvSelector *ret)
{
    guint32 part[3] = {0};
    const char *at = text;
    int parts = 0;

    for (; parts < 3; parts++) {
        at = parse_hex(at, parts == 0 ? 8 : 4, &part[parts]);
        if (!at)
            return FALSE;
        if (*at != ':')
            break;
        at++;
    }
    if (parts == 0 || parts > 2)
        return FALSE;

    VvSelector selector = {.whole_slot = TRUE};
    guint32 bus = part[parts - 1], slot = part[parts];
    if (bus > 0xff || slot > 0x1f)
        return FALSE;
    selector.address.segment = parts == 2 ? part[0] : 0;
    selector.address.bus = (guint8)bus;
    selector.address.slot = (guint8)slot;
    if (*at == '.') {
        if (at[1] < '0' || at[1] > '7')
            return FALSE;
        selector.address.function = (guint8)(at[1] - '0');
        selector.whole_slot = FALSE;
        at += 2;
    }
    if (*at)
        return FALSE;
    *ret = selector;
    return TRUE;
}

gboolean vv_address_parse(const char *text, VvAddress *ret, GError **error)
{
    VvSelector selector;

    if (!parse_selector(text, &selector) || selector.whole_slot) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "'%s' is not the address of a PCI function; it looks like 0000:01:00.0 or 01:00.0", text);
        return FALSE;
    }
    *ret = selector.address;
    return TRUE;
}

gboolean vv_selector_parse(const char *text, GArray *selectors, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ";", -1);
    guint before = selectors->len;

    for (char **word = words; *word; word++) {
        VvSelector selector;
        if (!parse_selector(g_strstrip(*word), &selector)) {
            g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                        "'%s' is not a PCI address; it looks like 0000:01:00.0, 01:00.0, or 01:00 for all "
                        "functions of the slot",
                        *word);
            g_array_set_size(selectors, before);
            return FALSE;
        }
        g_array_append_val(selectors, selector);
    }
    if (selectors->len > before)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "no PCI address given; it looks like 0000:01:00.0");
    return FALSE;
}

const char *vv_address_format(VvAddress a, char text[static VV_ADDRESS_TEXT])
{
    snprintf(text, VV_ADDRESS_TEXT, "%04x:%02x:%02x.%u", a.segment, a.bus, a.slot, a.function & 7u);
    return text;
}

char *vv_address_dup(VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_strdup(vv_address_format(address, text));
}

guint64 vv_address_key(VvAddress a)
{
    return (guint64)a.segment << 16 | (guint64)a.bus << 8 | (guint64)(a.slot & 0x1f) << 3 | (a.function & 7);
}

gboolean vv_address_equal(VvAddress a, VvAddress b)
{
    return vv_address_key(a) == vv_address_key(b);
}

gboolean vv_address_same_slot(VvAddress a, VvAddress b)
{
    return vv_address_key(a) >> 3 == vv_address_key(b) >> 3;
}
