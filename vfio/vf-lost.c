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
    const char *number = strchr(place, '/');

    g_autofree char *whose = g_strdup_printf(number ? "%s, whose virtual function number %s it was,"
                                                    : "%s, whose virtual function it was,",
                                             pf, number ? number + 1 : "");
    if (!vv_sysfs_exists(sysfs, folder))
        return g_strdup_printf("%s is gone too", whose);
    guint count = vv_device_count_vfs(sysfs, pf);
    if (count == 0)
        return g_strdup_printf("%s has none now", whose);
    return g_strdup_printf("%s has %u of them now", whose, count);
}
