/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-text.h"

#include <linux/if_ether.h>
#include <string.h>

#define MOST_TEXT 65536

/* What systemd's 99-default.link has said since version 240 or so, for where nothing else is known. */
static const char default_link[] = "NamePolicy=keep kernel database onboard slot path\n"
                                   "AlternativeNamesPolicy=database onboard slot path\n"
                                   "MACAddressPolicy=persistent\n";

static char *head(const VvPf *pf)
{
    return g_strdup_printf(
        "# Made by 'virt-vfio sriov save %s'; 'virt-vfio sriov forget %s' takes it away.\n", pf->device->text,
        pf->device->text);
}

/* The file that counts for the interface now: new string, NULL: not known (systemd-udevd, net_setup_link). */
static char *link_file(const VvSysfs *sysfs, const char *interface)
{
    static const char key[] = "\nE:ID_NET_LINK_FILE=";
    g_autofree char *index_path = g_strdup_printf("sys/class/net/%s/ifindex", interface);
    g_autofree char *index = vv_sysfs_read(sysfs, index_path);
    g_autofree char *path = g_strdup_printf("run/udev/data/n%s", index ? index : "");
    g_autofree char *text = index ? vv_sysfs_read_all(sysfs, path, MOST_TEXT) : NULL;
    const char *found = text ? strstr(text, key) : NULL;

    return found ? g_strndup(found + strlen(key), strcspn(found + strlen(key), "\n")) : NULL;
}

/* The lines of [Link], but the number of VFs. */
static char *link_section(const VvSysfs *sysfs, const char *interface)
{
    g_autofree char *file = link_file(sysfs, interface);
    g_autofree char *text = file ? vv_sysfs_read_all(sysfs, file + (*file == '/'), MOST_TEXT) : NULL;
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(GString) section = g_string_new(NULL);
    gboolean inside = FALSE;

    for (char **line = lines; *line; line++) {
        const char *word = g_strstrip(*line);
        if (*word == '[')
            inside = strcmp(word, "[Link]") == 0;
        else if (inside && *word && *word != '#' && *word != ';' &&
                 !g_str_has_prefix(word, "SR-IOVVirtualFunctions="))
            g_string_append_printf(section, "%s\n", word);
    }
    return g_strdup(section->len ? section->str : default_link);
}

static const char *yes(gboolean value)
{
    return value ? "yes" : "no";
}

/* udevd puts all settings of a VF into one request, and the kernel stops at the first that its driver
 * refuses: what is the driver's default is better left out. */
static void add_section(GString *text, const VvVfInfo *info)
{
    const VvVfSettings *s = &info->settings;
    const guint8 *m = s->mac;
    static const guint8 none[6];

    g_string_append_printf(text, "\n[SR-IOV]\nVirtualFunction=%u\n", info->index);
    if (s->fields & VV_VF_MAC && memcmp(m, none, sizeof none) != 0)
        g_string_append_printf(text, "MACAddress=%02x:%02x:%02x:%02x:%02x:%02x\n", m[0], m[1], m[2], m[3],
                               m[4], m[5]);
    if (s->fields & VV_VF_VLAN && s->vlan)
        g_string_append_printf(text, "VLANId=%u\nQualityOfService=%u\nVLANProtocol=%s\n", s->vlan, s->qos,
                               s->proto == ETH_P_8021AD ? "802.1ad" : "802.1Q");
    if (s->fields & VV_VF_TRUST && s->trust)
        g_string_append(text, "Trust=yes\n");
    if (s->fields & VV_VF_SPOOFCHK)
        g_string_append_printf(text, "MACSpoofCheck=%s\n", yes(s->spoofchk));
    if (s->fields & VV_VF_LINK && s->link != VV_VF_LINK_AUTO)
        g_string_append_printf(text, "LinkState=%s\n", yes(s->link == VV_VF_LINK_ENABLE));
}

char *vv_sriov_link_text(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos)
{
    g_autofree char *first = head(pf), *link = link_section(sysfs, pf->interface);
    g_autoptr(GString) text = g_string_new(first);

    g_string_append_printf(text, "[Match]\nPath=pci-%s\n\n[Link]\n%sSR-IOVVirtualFunctions=%u\n",
                           pf->device->text, link, pf->enabled);
    for (guint i = 0; infos && i < infos->len; i++)
        add_section(text, &g_array_index(infos, VvVfInfo, i));
    return g_strdup(text->str);
}

char *vv_sriov_autoprobe_rule(const VvPf *pf)
{
    g_autofree char *first = head(pf);

    return g_strdup_printf("%sACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", "
                           "ATTR{sriov_drivers_autoprobe}=\"0\"\n",
                           first, pf->device->text);
}

char *vv_sriov_unit_rule(const VvPf *pf)
{
    g_autofree char *first = head(pf);

    /* The tag only comes with the driver, and the unit is wanted when the tag comes. */
    return g_strdup_printf("%sACTION!=\"remove\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", DRIVER==\"%s\", "
                           "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"" VV_SRIOV_UNIT "%s.service\"\n",
                           first, pf->device->text, pf->device->driver, pf->device->text);
}

/* The options of 'sriov vf'; what the driver has by itself is left out, as not every driver can set it. */
static void add_command(GString *text, const char *program, const VvPf *pf, const VvVfInfo *info)
{
    VvVfSettings settings = info->settings;
    static const guint8 none[6];

    if (memcmp(settings.mac, none, sizeof none) == 0)
        settings.fields &= ~(guint)VV_VF_MAC;
    if (!settings.vlan)
        settings.fields &= ~(guint)VV_VF_VLAN;
    if (!settings.trust)
        settings.fields &= ~(guint)VV_VF_TRUST;
    if (!settings.max_rate && !settings.min_rate)
        settings.fields &= ~(guint)VV_VF_RATE;
    if (settings.link == VV_VF_LINK_AUTO)
        settings.fields &= ~(guint)VV_VF_LINK;
    g_autofree char *words = vv_vf_settings_to_text(&settings);
    g_auto(GStrv) pairs = g_strsplit(words, " ", -1);
    if (!*words)
        return;
    g_string_append_printf(text, "ExecStart=%s sriov vf %s %u", program, pf->device->text, info->index);
    for (char **pair = pairs; *pair; pair++)
        g_string_append_printf(text, " --%s", *pair);
    g_string_append_c(text, '\n');
}

char *vv_sriov_unit_text(const VvPf *pf, const GArray *infos, const char *program)
{
    g_autofree char *first = head(pf);
    g_autoptr(GString) text = g_string_new(first);

    g_string_append_printf(text,
                           "[Unit]\nDescription=Virtual functions of %s\nDocumentation=man:virt-vfio(1)\n\n"
                           "[Service]\nType=oneshot\nExecStart=%s sriov set %s --vfs %u\n",
                           pf->device->text, program, pf->device->text, pf->enabled);
    for (guint i = 0; infos && i < infos->len; i++)
        add_command(text, program, pf, &g_array_index(infos, VvVfInfo, i));
    return g_strdup(text->str);
}
