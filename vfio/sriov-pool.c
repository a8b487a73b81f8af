/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov.h"

/* An interface that is switched on is used, whoever does it. */
static gboolean is_up(const VvSysfs *sysfs, const char *interface)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/flags", interface);
    gint64 flags = 0;

    return vv_sysfs_read_number(sysfs, path, &flags) && flags & 1;
}

char *vv_vf_why_not(const VvSysfs *sysfs, const VvVf *vf)
{
    if (!vf->device)
        return g_strdup("not there");
    if (vf->owner)
        return vv_vf_taken(vf);
    if (!vf->device->driver || vv_driver_is_vfio(vf->device->driver))
        return NULL;
    if (!vf->interface)
        return g_strdup_printf("with the host's %s", vf->device->driver);
    return is_up(sysfs, vf->interface)
               ? g_strdup_printf("the host's interface %s, which is up", vf->interface)
               : NULL;
}

const VvVf *vv_pf_free_vf(const VvSysfs *sysfs, const VvPf *pf, char **ret_why)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        g_autofree char *why = vv_vf_why_not(sysfs, vf);
        if (!why)
            return vf;
        g_string_append_printf(text, "%sVF %u is %s", i ? ", " : "", vf->index, why);
    }
    if (ret_why && pf->vfs->len)
        *ret_why = g_strdup_printf("%s has no free virtual function: %s", pf->device->text, text->str);
    else if (ret_why)
        *ret_why =
            g_strdup_printf("%s has no virtual functions yet; 'virt-vfio sriov set %s --vfs N' makes them",
                            pf->device->text, pf->device->text);
    return NULL;
}
