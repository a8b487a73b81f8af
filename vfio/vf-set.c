/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-set.h"

#include "vfio/error.h"
#include "vfio/group.h"

#include <string.h>

char *vv_vf_taken(const VvVf *vf)
{
    if (strcmp(vf->owner, VV_OWNER_MANUAL) == 0)
        return g_strdup("taken by hand");
    return g_strdup_printf(strcmp(vf->owner, VV_VF_PROGRAM) == 0 ? "held by %s" : "taken for %s", vf->owner);
}

static gboolean is_same(const VvSysfs *sysfs, const VvPf *pf, const VvVf *vf)
{
    VvAddress parent;
    guint index;

    return vv_vf_parent(sysfs, vf->address, &parent, &index) && index == vf->index &&
           vv_address_equal(parent, pf->device->address);
}

/* A journal that cannot be read says so, and is no consent. */
static gboolean is_free(const VvSysfs *sysfs, const VvJournal *journal, const VvVf *vf, int group,
                        GError **error)
{
    GError *problem = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(journal, vf->address, &problem);
    char text[VV_ADDRESS_TEXT];

    if (problem) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    if (!entry && !(group >= 0 && vv_group_in_use(sysfs, group)))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                "claimed: VF %u (%s) has just been taken; nothing was changed", vf->index,
                vv_address_format(vf->address, text));
    return FALSE;
}

gboolean vv_vf_hold(const VvSysfs *sysfs, VvJournal *journal, const VvPf *pf, const VvVf *vf,
                    gboolean even_taken, guint lock_ms, GError **error)
{
    int group = vf->device ? vf->device->group : -1;
    gint64 deadline = g_get_monotonic_time() + (gint64)lock_ms * 1000;

    if (!vv_journal_lock(journal, group, deadline, error))
        return FALSE;
    if (!is_same(sysfs, pf, vf))
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "somebody has just changed the virtual functions of %s; nothing was changed",
                    pf->device->text);
    else if (even_taken || is_free(sysfs, journal, vf, group, error))
        return TRUE;
    vv_journal_unlock(journal);
    return FALSE;
}

gboolean vv_vf_set(const VvSysfs *sysfs, VvJournal *journal, const VvPf *pf, const VvVf *vf,
                   const VvVfSettings *wanted, gboolean even_taken, guint lock_ms, guint deadline_ms,
                   VvVfSettings *ret_before, GError **error)
{
    if (!vv_vf_hold(sysfs, journal, pf, vf, even_taken, lock_ms, error))
        return FALSE;
    gboolean ok =
        vv_vf_settings_apply(sysfs, pf->interface, vf->index, wanted, deadline_ms, ret_before, error);
    vv_journal_unlock(journal);
    return ok;
}
