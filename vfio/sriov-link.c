/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/error.h"
#include "vfio/sriov-text.h"

#include <linux/if_ether.h>
#include <string.h>

#define MOST_TEXT 65536

/* What systemd's 99-default.link has said since version 240 or so, for where nothing else is known. */
static const char default_link[] = "NamePolicy=keep kernel database onboard slot path\n"
                                   "AlternativeNamesPolicy=database onboard slot path\n"
                                   "MACAddressPolicy=persistent\n";

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

/* The lines of [Link] in that file, but the number of VFs. */
static void add_lines(GString *section, const VvSysfs *sysfs, const char *path)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, path, MOST_TEXT);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    gboolean inside = FALSE;

    for (char **line = lines; *line; line++) {
        const char *word = g_strstrip(*line);
        if (*word == '[')
            inside = strcmp(word, "[Link]") == 0;
        else if (inside && *word && *word != '#' && *word != ';' &&
                 !g_str_has_prefix(word, "SR-IOVVirtualFunctions="))
            g_string_append_printf(section, "%s\n", word);
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What NAME.link.d/ *.conf add, in the order of their names; of two with one name the first folder's counts
 * (systemd.link(5)). */
static void add_drop_ins(GString *section, const VvSysfs *sysfs, const char *file)
{
    static const char *const folders[] = {"etc", "run", "usr/local/lib", "usr/lib"};
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_autofree char *base = g_path_get_basename(file);

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_strdup_printf("%s/systemd/network/%s.d", folders[i], base);
        g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);
        for (guint j = 0; names && j < names->len; j++) {
            char *name = names->pdata[j];
            if (!g_str_has_suffix(name, ".conf") || g_hash_table_contains(paths, name))
                continue;
            char *key = g_strdup(name);
            g_hash_table_insert(paths, key, g_build_filename(folder, name, NULL));
            g_ptr_array_add(sorted, key);
        }
    }
    g_ptr_array_sort(sorted, by_name);
    for (guint i = 0; i < sorted->len; i++)
        add_lines(section, sysfs, g_hash_table_lookup(paths, sorted->pdata[i]));
}

/* The lines of [Link] that count now, but the number of VFs. A file that is gone, as ours after 'sriov
 * forget', counts no more, but only udev can tell which one does: it looks at each event, and applies it at
 * few (link_apply_config). */
static char *link_section(const VvSysfs *sysfs, const char *interface, GError **error)
{
    g_autofree char *file = link_file(sysfs, interface);
    g_autoptr(GString) section = g_string_new(NULL);

    if (file && !vv_sysfs_exists(sysfs, file + (*file == '/'))) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s, by which udev has set up %s, is gone, so it is not known what gives it its name "
                    "after the next boot; have udev look again, which changes nothing, and then try again: "
                    "udevadm trigger --action=change --settle /sys/class/net/%s",
                    file, interface, interface);
        return NULL;
    }
    if (file) {
        add_lines(section, sysfs, file + (*file == '/'));
        /* What is added to ours stays beside it. */
        if (!strstr(file, "/" VV_SRIOV_LINK))
            add_drop_ins(section, sysfs, file);
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

char *vv_sriov_link_text(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos, const char *mac,
                         GError **error)
{
    g_autofree char *first = vv_sriov_head(pf), *link = link_section(sysfs, pf->interface, error);
    if (!link)
        return NULL;
    g_autoptr(GString) text = g_string_new(first);

    g_string_append_printf(text, "[Match]\nProperty=" VV_SRIOV_PROPERTY "=%s\n", pf->device->text);
    if (mac)
        g_string_append_printf(text, "PermanentMACAddress=%s\n", mac);
    g_string_append_printf(text, "\n[Link]\n%sSR-IOVVirtualFunctions=%u\n", link, pf->enabled);
    for (guint i = 0; infos && i < infos->len; i++)
        add_section(text, &g_array_index(infos, VvVfInfo, i));
    return g_strdup(text->str);
}
