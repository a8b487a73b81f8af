/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"
#include "domains/values.h"
#include "domains/vmfile.h"

#include <arpa/inet.h>
#include <string.h>

/* IFNAMSIZ is 16 with its NUL; the kernel refuses '/', ':' and blanks (dev_valid_name), and libvirt's schema
 * all but these letters. */
static gboolean read_bridge(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (strlen(text) > 15 || text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-\\")] ||
        *text == '.')
        return vv_value_wrong(error, "'%s' cannot be the name of a bridge", text);
    return vv_value_read_text(value, text, field, error);
}

const VvValue vv_value_bridge = {read_bridge, vv_value_write_text, NULL, 0, 0};

/* libvirt keeps a network in a file of its name. */
static gboolean read_network(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (strchr(text, '/') || strlen(text) > 250)
        return vv_value_wrong(error, "'%s' cannot be the name of a network of libvirt's", text);
    return vv_value_read_text(value, text, field, error);
}

const VvValue vv_value_network = {read_network, vv_value_write_text, NULL, 0, 0};

static gboolean read_mac(const VvValue *value, const char *text, gpointer field, GError **error)
{
    gboolean good = strlen(text) == 17;

    (void)value;
    for (int i = 0; good && i < 17; i++)
        good = i % 3 == 2 ? text[i] == ':' : g_ascii_isxdigit(text[i]);
    if (!good)
        return vv_value_wrong(error, "'%s' is not a MAC address like 52:54:00:12:34:56", text);
    if (g_ascii_xdigit_value(text[1]) & 1)
        return vv_value_wrong(error, "'%s' is a group address; the second digit of a card's own is even",
                              text);
    if (g_str_equal(text, "00:00:00:00:00:00"))
        return vv_value_wrong(error, "'%s' is no card's address", text);
    return vv_value_set(field, g_ascii_strdown(text, -1));
}

const VvValue vv_value_mac = {read_mac, vv_value_write_text, NULL, 0, 0};

/* The pattern of libvirt's schema (diskSerial). Blanks at the ends cannot be read back. */
static gboolean read_serial(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.+- ")] || *text == ' ' ||
        g_str_has_suffix(text, " "))
        return vv_value_wrong(error, "'%s': a serial number has letters, digits, '_', '.', '+' and '-'",
                              text);
    return vv_value_read_text(value, text, field, error);
}

const VvValue vv_value_serial = {read_serial, vv_value_write_text, NULL, 0, 0};

static gboolean read_listen(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint8 bytes[16];

    if (inet_pton(AF_INET, text, bytes) != 1 && inet_pton(AF_INET6, text, bytes) != 1)
        return vv_value_wrong(error, "'%s' is not an IP address such as 127.0.0.1", text);
    return vv_value_read_text(value, text, field, error);
}

const VvValue vv_value_listen = {read_listen, vv_value_write_text, NULL, 0, 0};

/* VIRTIO 1.2, 5.11.4: 36 bytes, and no NUL behind them is needed. */
static gboolean read_tag(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (!vv_name_valid(text) || strlen(text) > 36)
        return vv_value_wrong(error, "'%s' is not 1 to 36 letters, digits, '.', '_' and '-'", text);
    return vv_value_read_text(value, text, field, error);
}

const VvValue vv_value_tag = {read_tag, vv_value_write_text, NULL, 0, 0};

/* "4.2": ports from the root hub on. Six tiers of them (MAX_TOPO_LEVEL in include/linux/usb/hcd.h), of at
 * most 255 ports each. */
static gboolean is_port(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ".", -1);
    guint64 number;
    guint count = 0;

    for (; words[count]; count++)
        if (*words[count] == '0' || !g_ascii_string_to_unsigned(words[count], 10, 1, 255, &number, NULL))
            return FALSE;
    return count >= 1 && count <= 6;
}

static gboolean read_usb_ids(const char *text, VvVmUsb *usb)
{
    if (!g_regex_match_simple("^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$", text, G_REGEX_DOLLAR_ENDONLY, 0))
        return FALSE;
    usb->vendor = (gint)g_ascii_strtoull(text, NULL, 16);
    usb->product = (gint)g_ascii_strtoull(text + 5, NULL, 16);
    return TRUE;
}

static gboolean read_usb(const VvValue *value, const char *text, gpointer field, GError **error)
{
    const char *dash = strchr(text, '-');
    g_autofree char *bus_text = g_strndup(text, dash ? (gsize)(dash - text) : 0);
    VvVmUsb *usb = field;
    guint64 bus;

    (void)value;
    if (read_usb_ids(text, usb))
        return TRUE;
    if (!dash || !g_ascii_string_to_unsigned(bus_text, 10, 1, 255, &bus, NULL) || *bus_text == '0' ||
        !is_port(dash + 1))
        return vv_value_wrong(error,
                              "'%s' is neither ids like 046d:c52b nor a bus and its ports like 1-4.2; lsusb "
                              "and 'lsusb -t' show them",
                              text);
    usb->bus = (guint)bus;
    return vv_value_set(&usb->port, g_strdup(dash + 1));
}

static char *write_usb(const VvValue *value, gconstpointer field)
{
    const VvVmUsb *usb = field;

    (void)value;
    if (usb->port)
        return g_strdup_printf("%u-%s", usb->bus, usb->port);
    return usb->vendor < 0 ? NULL : g_strdup_printf("%04x:%04x", (guint)usb->vendor, (guint)usb->product);
}

const VvValue vv_value_usb = {read_usb, write_usb, NULL, 0, 0};

static gboolean read_template(const VvValue *value, const char *text, gpointer field, GError **error)
{
    (void)value;
    (void)text;
    (void)field;
    return vv_value_wrong(error, "only a VM file can have a template, and a template can have none");
}

static char *write_nothing(const VvValue *value, gconstpointer field)
{
    (void)value;
    (void)field;
    return NULL;
}

const VvValue vv_value_template = {read_template, write_nothing, NULL, 0, 0};
