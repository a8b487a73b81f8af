/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"

#include "domains/ini.h"
#include "domains/vmfile.h"
#include "vfio/error.h"
#include "vfio/vf-settings.h"

#include <net/if.h>
#include <string.h>

/* TotalVFs is a field of 16 bits (PCI Express Base Specification, SR-IOV Extended Capability). */
#define MAX_NUMBER 65534

/* Of what the kernel allows (net/core/dev.c, dev_valid_name), what people and udev use. */
static gboolean is_interface(const char *text)
{
    return *text != '.' && vv_name_valid(text) && strlen(text) < IFNAMSIZ;
}

static gboolean read_vf(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    const char *name = parts[0] ? parts[0] : "";
    g_autoptr(GError) problem = NULL;
    VvAddress address = {0};
    guint64 number = 0;
    VvVmVf *vf = field;

    (void)value;
    gboolean is_address = vv_address_parse(name, &address, &problem);
    if (!is_address && strchr(name, ':')) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!is_address && !is_interface(name))
        return vv_value_wrong(error, "'%s' is neither an address like 06:10.0 nor a network interface", name);
    if (parts[0] && parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, 0, MAX_NUMBER, &number, NULL))
        return vv_value_wrong(error, "'%s' is no number of a virtual function; they count from 0", parts[1]);
    g_autofree char *full = is_address ? vv_address_dup(address) : g_strdup(name);
    vf->address = address;
    vf->number = parts[0] && parts[1] ? (gint)number : VV_VF_NAMED;
    return vv_value_set(&vf->word,
                        vf->number < 0 ? g_steal_pointer(&full) : g_strdup_printf("%s/%d", full, vf->number));
}

static char *write_vf(const VvValue *value, gconstpointer field)
{
    const VvVmVf *vf = field;

    (void)value;
    return g_strdup(vf->word);
}

const VvValue vv_value_vf = {read_vf, write_vf, NULL, 0, 0};

static gboolean read_rate(const VvValue *value, const char *text, gpointer field, GError **error)
{
    VvVfSettings settings = {0};

    (void)value;
    if (!vv_vf_settings_parse(&settings, "rate", text, NULL))
        return vv_value_wrong(
            error, "'%s' is not a rate in Mbit/s, as in 1000, or 1000,100 with the least behind", text);
    return vv_value_set(field, settings.min_rate
                                   ? g_strdup_printf("%u,%u", settings.max_rate, settings.min_rate)
                                   : g_strdup_printf("%u", settings.max_rate));
}

const VvValue vv_value_rate = {read_rate, vv_value_write_text, NULL, 0, 0};

/* An emulated card's cable, or what a VF is told of its PF's; which of the two it may be is checked later. */
static const char *const links[] = {"auto", "enable", "disable", "up", "down", NULL};
#define EMULATED 3

static gboolean read_link(const VvValue *value, const char *text, gpointer field, GError **error)
{
    VvVmNetwork *network = field;
    guint which;

    if (!vv_value_word(text, value->words, &which, error))
        return FALSE;
    network->vf_link = which < EMULATED ? (gint)which : -1;
    network->link_down = which > EMULATED;
    return TRUE;
}

static char *write_link(const VvValue *value, gconstpointer field)
{
    const VvVmNetwork *network = field;
    int emulated = network->link_down ? EMULATED + 1 : EMULATED;

    return g_strdup(value->words[network->vf_link >= 0 ? network->vf_link : emulated]);
}

const VvValue vv_value_link = {read_link, write_link, links, 0, 0};
