/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-lease.h"

#include "vfio/error.h"
#include "vfio/note.h"
#include "vfio/sriov.h"

#include <string.h>

#define KIND "vfs"
#define SECTION "vf"

void vv_vf_lease_free(VvVfLease *lease)
{
    if (!lease)
        return;
    g_free(lease->owner);
    g_free(lease);
}

static VvVfLease *lease_of_file(VvAddress vf, GKeyFile *file)
{
    g_autofree char *parent = g_key_file_get_string(file, SECTION, "parent", NULL);
    g_autofree char *before = g_key_file_get_string(file, SECTION, "before", NULL);
    g_autoptr(VvVfLease) lease = g_new0(VvVfLease, 1);
    g_autoptr(GError) problem = NULL;

    lease->address = vf;
    lease->owner = g_key_file_get_string(file, SECTION, "owner", NULL);
    lease->index = (guint)g_key_file_get_uint64(file, SECTION, "index", &problem);
    lease->by = vv_note_get_process(file, SECTION);
    if (problem || !lease->owner || !parent || !vv_address_parse(parent, &lease->parent, NULL) || !before ||
        !vv_vf_settings_from_text(before, &lease->before, NULL))
        return NULL;
    return g_steal_pointer(&lease);
}

static VvVfLease *read_lease(const VvJournal *journal, VvAddress vf)
{
    g_autoptr(GKeyFile) file = vv_note_read(journal, KIND, vf);

    return file ? lease_of_file(vf, file) : NULL;
}

static gboolean write_lease(const VvJournal *journal, const VvVfLease *lease, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *before = vv_vf_settings_to_text(&lease->before);
    char parent[VV_ADDRESS_TEXT];

    g_key_file_set_string(file, SECTION, "parent", vv_address_format(lease->parent, parent));
    g_key_file_set_uint64(file, SECTION, "index", lease->index);
    g_key_file_set_string(file, SECTION, "owner", lease->owner);
    g_key_file_set_string(file, SECTION, "before", before);
    vv_note_set_process(file, SECTION, lease->by);
    return vv_note_write(journal, KIND, lease->address, file, error);
}

static gpointer read_any(const VvJournal *journal, VvAddress vf)
{
    return read_lease(journal, vf);
}

GPtrArray *vv_vf_leases(const VvJournal *journal)
{
    return vv_note_all(journal, KIND, read_any, (GDestroyNotify)vv_vf_lease_free);
}

void vv_vf_leases_discount(const VvJournal *journal, VvAddress pf, GArray *infos)
{
    g_autoptr(GPtrArray) leases = vv_vf_leases(journal);

    for (guint i = 0; i < leases->len; i++) {
        const VvVfLease *lease = leases->pdata[i];
        for (guint j = 0; vv_address_equal(lease->parent, pf) && j < infos->len; j++) {
            VvVfInfo *info = &g_array_index(infos, VvVfInfo, j);
            if (info->index == lease->index)
                vv_vf_settings_copy(&info->settings, &lease->before, lease->before.fields);
        }
    }
}

/* What the PF has of this VF now; the caller frees *ret_interface. */
static gboolean look(const VvSysfs *sysfs, VvVfLease *lease, guint deadline_ms, char **ret_interface,
                     VvVfSettings *ret_now, GError **error)
{
    char text[VV_ADDRESS_TEXT], parent[VV_ADDRESS_TEXT];

    if (!vv_vf_parent(sysfs, lease->address, &lease->parent, &lease->index)) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s is no virtual function any more",
                    vv_address_format(lease->address, text));
        return FALSE;
    }
    g_autofree char *interface = vv_pci_interface(sysfs, lease->parent);
    if (!interface) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s, whose virtual function %s is, has no network interface here; load its driver",
                    vv_address_format(lease->parent, parent), vv_address_format(lease->address, text));
        return FALSE;
    }
    g_autoptr(GArray) infos = vv_vf_settings_read(sysfs, interface, deadline_ms, error);
    const VvVfInfo *info = infos ? vv_vf_info_find(infos, lease->index) : NULL;
    if (infos && !info)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s tells nothing of its VF %u", interface,
                    lease->index);
    if (info)
        *ret_now = info->settings;
    *ret_interface = g_steal_pointer(&interface);
    return info != NULL;
}

/* Settings go with the VF, and there are new ones when the PF has VFs again. */
static gboolean is_there(const VvSysfs *sysfs, const VvVfLease *lease)
{
    VvAddress parent;
    guint index;

    return vv_vf_parent(sysfs, lease->address, &parent, &index) && vv_address_equal(parent, lease->parent) &&
           index == lease->index;
}

gboolean vv_vf_lease_take(const VvSysfs *sysfs, VvJournal *journal, VvAddress vf, const VvVfSettings *wanted,
                          guint noted, const char *owner, guint deadline_ms, GError **error)
{
    g_autoptr(VvVfLease) lease = read_lease(journal, vf);
    g_autofree char *interface = NULL;
    VvVfSettings now = {0};

    if (!(wanted->fields | noted))
        return TRUE;
    if (lease && !is_there(sysfs, lease))
        g_clear_pointer(&lease, vv_vf_lease_free);
    if (!lease)
        lease = g_new0(VvVfLease, 1);
    lease->address = vf;
    if (!look(sysfs, lease, deadline_ms, &interface, &now, error))
        return FALSE;
    /* What was noted first stays: it was before anybody's guest. */
    vv_vf_settings_copy(&lease->before, &now, (wanted->fields | noted) & ~lease->before.fields);
    g_free(lease->owner);
    lease->owner = g_strdup(owner);
    lease->by = vv_process_self(sysfs);
    return write_lease(journal, lease, error) &&
           vv_vf_settings_apply(sysfs, interface, lease->index, wanted, deadline_ms, NULL, error);
}

gboolean vv_vf_lease_return(const VvSysfs *sysfs, VvJournal *journal, VvAddress vf, guint deadline_ms,
                            GError **error)
{
    g_autoptr(VvVfLease) lease = read_lease(journal, vf);
    g_autofree char *interface =
        lease && is_there(sysfs, lease) ? vv_pci_interface(sysfs, lease->parent) : NULL;

    if (!lease)
        return TRUE;
    if (interface &&
        !vv_vf_settings_apply(sysfs, interface, lease->index, &lease->before, deadline_ms, NULL, error)) {
        g_prefix_error(error,
                       "the settings of a virtual function are not as before ('virt-vfio recover' tries "
                       "again): ");
        return FALSE;
    }
    return vv_note_remove(journal, KIND, vf, error);
}
