/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-text.h"

#include <string.h>

/* How long the unit waits for a link that a rate needs: longer than a switch takes to let a port through. */
#define LINK_SECONDS 60

char *vv_sriov_head(const VvPf *pf)
{
    return g_strdup_printf(
        "# Made by 'virt-vfio sriov save %s'; 'virt-vfio sriov forget %s' takes it away.\n", pf->device->text,
        pf->device->text);
}

/* ATTR{} is written when the rule is read, which is before the link file's turn: 80-net-setup-link.rules.
 * autoprobe stays off: the driver of the new VFs is loaded at some time later, and is kept off then, too. */
char *vv_sriov_link_rule(const VvPf *pf, gboolean driverless)
{
    g_autofree char *first = vv_sriov_head(pf);
    g_autoptr(GString) text = g_string_new(first);
    const char *address = pf->device->text;

    if (driverless)
        g_string_append_printf(text,
                               "ACTION==\"add\", SUBSYSTEM==\"net\", KERNELS==\"%s\", "
                               "ATTR{device/sriov_drivers_autoprobe}=\"0\"\n",
                               address);
    g_string_append_printf(text,
                           "ACTION!=\"remove\", SUBSYSTEM==\"net\", KERNELS==\"%s\", "
                           "ENV{" VV_SRIOV_PROPERTY "}=\"%s\"\n",
                           address, address);
    return g_strdup(text->str);
}

/* Which device says that the PF is ready, and how: a network card by its interface, which has its name then;
 * an NVMe drive by its controller, which takes no command before it is live; others by their driver, which
 * comes with the event "bind". */
static char *ready_match(const VvPf *pf, const char *mac)
{
    const char *address = pf->device->text, *driver = pf->device->driver;

    if (pf->interface && mac)
        return g_strdup_printf("SUBSYSTEM==\"net\", KERNELS==\"%s\", ATTR{address}==\"%s\"", address, mac);
    if (pf->interface)
        return g_strdup_printf("SUBSYSTEM==\"net\", KERNELS==\"%s\"", address);
    if (strcmp(driver, "nvme") == 0)
        return g_strdup_printf("SUBSYSTEM==\"nvme\", KERNELS==\"%s\", ATTR{state}==\"live\"", address);
    return g_strdup_printf("SUBSYSTEM==\"pci\", KERNEL==\"%s\", DRIVER==\"%s\"", address, driver);
}

char *vv_sriov_unit_rule(const VvPf *pf, const char *mac)
{
    g_autofree char *first = vv_sriov_head(pf), *match = ready_match(pf, mac);

    /* Wanted when the device gets the tag. */
    return g_strdup_printf("%sACTION!=\"remove\", %s, TAG+=\"systemd\", "
                           "ENV{SYSTEMD_WANTS}+=\"" VV_SRIOV_UNIT "%s.service\"\n",
                           first, match, pf->device->text);
}

/* What the driver has by itself is left out, as not every driver can set it. */
static guint worth_setting(const VvVfSettings *settings)
{
    static const guint8 none[6];
    guint fields = settings->fields;

    if (memcmp(settings->mac, none, sizeof none) == 0)
        fields &= ~(guint)VV_VF_MAC;
    if (!settings->vlan)
        fields &= ~(guint)VV_VF_VLAN;
    if (!settings->trust)
        fields &= ~(guint)VV_VF_TRUST;
    if (!settings->max_rate && !settings->min_rate)
        fields &= ~(guint)VV_VF_RATE;
    if (settings->link == VV_VF_LINK_AUTO)
        fields &= ~(guint)VV_VF_LINK;
    return fields;
}

/* A line with the options of 'sriov vf' for those of `fields` that are worth it; `more` follows them. */
static void add_command(GString *text, const char *program, const VvPf *pf, const VvVfInfo *info,
                        guint fields, const char *more)
{
    VvVfSettings settings = info->settings;

    settings.fields = worth_setting(&settings) & fields;
    if (!settings.fields)
        return;
    g_autofree char *words = vv_vf_settings_to_text(&settings);
    g_auto(GStrv) pairs = g_strsplit(words, " ", -1);
    g_string_append_printf(text, "ExecStart=%s sriov vf %s %u", program, pf->device->text, info->index);
    for (char **pair = pairs; *pair; pair++)
        g_string_append_printf(text, " --%s", *pair);
    g_string_append_printf(text, "%s\n", more);
}

char *vv_sriov_unit_text(const VvPf *pf, const GArray *infos, const char *program)
{
    g_autofree char *first = vv_sriov_head(pf);
    g_autofree char *wait = g_strdup_printf(" --wait-link=%d", LINK_SECONDS);
    g_autoptr(GString) text = g_string_new(first);

    /* Guests that libvirt starts by itself want their VFs; not for ever, though. */
    g_string_append_printf(text,
                           "[Unit]\nDescription=Virtual functions of %s\nDocumentation=man:virt-vfio(1)\n"
                           "Before=libvirtd.service virtqemud.service\n\n"
                           "[Service]\nType=oneshot\nTimeoutStartSec=10min\n"
                           "ExecStart=%s sriov set %s --vfs %u\n",
                           pf->device->text, program, pf->device->text, pf->enabled);
    for (guint i = 0; infos && i < infos->len; i++)
        add_command(text, program, pf, &g_array_index(infos, VvVfInfo, i), ~(guint)VV_VF_RATE, "");
    /* Last, because many drivers take no rate before the link is up (igb_ndo_set_vf_bw, ixgbe_ndo_set_vf_bw).
     */
    for (guint i = 0; infos && i < infos->len; i++)
        add_command(text, program, pf, &g_array_index(infos, VvVfInfo, i), VV_VF_RATE, wait);
    return g_strdup(text->str);
}
