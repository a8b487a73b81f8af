/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-lost.h"

#include "vfio/sriov.h"

#include <string.h>

char *vv_vf_place(const VvSysfs *sysfs, VvAddress vf)
{
    char text[VV_ADDRESS_TEXT];
    VvAddress parent;
    guint index;

    if (!vv_vf_parent(sysfs, vf, &parent, &index))
        return NULL;
    return g_strdup_printf("%s/%u", vv_address_format(parent, text), index);
}

char *vv_vf_lost(const VvSysfs *sysfs, const char *place)
{
    g_autofree char *pf = g_strndup(place, strcspn(place, "/"));
    g_autofree char *folder = g_strconcat("sys/bus/pci/devices/", pf, NULL);
    g_autofree char *path = g_strconcat(folder, "/sriov_numvfs", NULL);
    const char *number = strchr(place, '/');
    gint64 count = 0;

    g_autofree char *whose = g_strdup_printf(number ? "%s, whose virtual function number %s it was,"
                                                    : "%s, whose virtual function it was,",
                                             pf, number ? number + 1 : "");
    if (!vv_sysfs_exists(sysfs, folder))
        return g_strdup_printf("%s is gone too", whose);
    if (!vv_sysfs_read_number(sysfs, path, &count) || count == 0)
        return g_strdup_printf("%s has none now", whose);
    return g_strdup_printf("%s has %" G_GINT64_FORMAT " of them now", whose, count);
}
