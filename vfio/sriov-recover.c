/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-work.h"
#include "vfio/sriov.h"

#include "vfio/error.h"

#include <string.h>

#define DEADLINE_MS 60000

/* A function that has gone has taken its settings along, and another one at its place has its own. */
static gboolean is_same(const VvHost *host, const VvSriovNote *note)
{
    const VvDevice *device = vv_host_find(host, note->address);
    g_autofree char *ids = device ? vv_device_ids(device) : NULL;

    return g_strcmp0(ids, note->ids) == 0;
}

static gboolean recover_one(const VvHost *host, VvJournal *journal, const VvSriovNote *note,
                            const VvHandoverOptions *options, GError **error)
{
    const VvDevice *device = vv_host_find(host, note->address);
    const VvSriovOrder order = {.sysfs = vv_host_sysfs(host),
                                .note = note,
                                .is_nvme = device && device->kind == VV_KIND_NVME,
                                .lock_fd = device ? vv_journal_lock_fd(journal, device->group) : -1,
                                .deadline_ms =
                                    options && options->reset_ms ? options->reset_ms : DEADLINE_MS};
    g_autofree char *text = vv_address_dup(note->address);
    int problem = is_same(host, note) ? vv_sriov_finish_in_child(&order) : 0;

    if (!problem)
        return vv_sriov_note_remove(journal, note->address, error);
    g_set_error(
        error, VV_ERROR, VV_ERROR_FAILED,
        "%s: what an interrupted change of its virtual functions (from %u to %u) left could not be put in "
        "order: %s; look at the kernel log",
        text, note->before, note->wanted, g_strerror(problem));
    return FALSE;
}

gboolean vv_sriov_recover(const VvHost *host, VvJournal *journal, const VvHandoverOptions *options,
                          GArray *ret_done, GError **error)
{
    g_autoptr(GPtrArray) notes = vv_sriov_notes(journal);
    gboolean ok = TRUE;

    for (guint i = 0; i < notes->len; i++) {
        const VvSriovNote *note = notes->pdata[i];
        const VvDevice *device = vv_host_find(host, note->address);
        /* Held: the worker of a program that was killed still writes, or somebody is at it. */
        if (vv_process_alive(vv_host_sysfs(host), note->by) ||
            !vv_journal_lock(journal, device ? device->group : -1, 0, NULL))
            continue;
        gboolean fine = recover_one(host, journal, note, options, ok ? error : NULL);
        vv_journal_unlock(journal);
        if (fine && ret_done)
            g_array_append_val(ret_done, note->address);
        ok = ok && fine;
    }
    return ok;
}
