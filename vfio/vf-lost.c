/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-lost.h"

#include "vfio/group.h"
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

static char *parent_of(const char *place)
{
    return g_strndup(place, strcspn(place, "/"));
}

/* Is there such a file or folder of the function? */
static gboolean has(const VvSysfs *sysfs, const char *address, const char *name)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s%s", address, name);

    return vv_sysfs_exists(sysfs, path);
}

char *vv_vf_lost(const VvSysfs *sysfs, const char *place)
{
    g_autofree char *pf = parent_of(place);
    const char *number = strchr(place, '/');

    g_autofree char *whose = g_strdup_printf(number ? "%s, whose virtual function number %s it was,"
                                                    : "%s, whose virtual function it was,",
                                             pf, number ? number + 1 : "");
    if (!has(sysfs, pf, ""))
        return g_strdup_printf("%s is gone too", whose);
    guint count = vv_device_count_vfs(sysfs, pf);
    if (count == 0)
        return g_strdup_printf("%s has none now", whose);
    /* They go one after the other. */
    if (!has(sysfs, pf, "/driver"))
        return g_strdup_printf("%s has lost its driver", whose);
    return g_strdup_printf("%s has %u of them now", whose, count);
}

char *vv_vf_lost_remedy(const VvSysfs *sysfs, const char *place)
{
    g_autofree char *pf = parent_of(place);
    const char *first = !has(sysfs, pf, "")          ? "when that card is back, "
                        : !has(sysfs, pf, "/driver") ? "when that card has its driver again, "
                                                     : "";

    return g_strdup_printf("%s'virt-vfio sriov set %s --vfs N' makes them again", first, pf);
}

char *vv_vf_leaving(const VvSysfs *sysfs, VvAddress vf, const char *place)
{
    char text[VV_ADDRESS_TEXT];
    g_autofree char *pf = parent_of(place), *path = g_strdup_printf("sys/bus/pci/devices/%s/iommu_group",
                                                                    vv_address_format(vf, text));
    g_autofree char *group = vv_sysfs_link_name(sysfs, path);

    if (!group || has(sysfs, text, "/driver") ||
        !vv_group_in_use(sysfs, (int)g_ascii_strtoll(group, NULL, 10)))
        return NULL;
    return g_strdup_printf("its card %s loses its driver or is removed, and the kernel waits for the program "
                           "that has this virtual function open; stop that",
                           pf);
}
