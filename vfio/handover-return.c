/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/handover-run.h"

#include "vfio/error.h"
#include "vfio/group.h"
#include "vfio/modules.h"
#include "vfio/reset-note.h"
#include "vfio/vf-lease.h"

#include <string.h>

/* How long guests that have just ended may take to let go of their groups, all together. */
#define GROUP_CLOSE_MS 2000

void vv_run_add_return(VvRun *run, VvEntry *entry)
{
    const VvDevice *device = vv_run_planned(run, entry->address)->device;
    VvJob *job = vv_job_new(entry->address, entry->driver, entry->override);

    /* A driver that was unloaded meanwhile is loaded again; if that fails, the job will say that it is
     * missing. */
    if (entry->driver && !run->options.quarantine)
        vv_module_load_driver(run->sysfs, entry->driver, device->modalias, NULL);
    job->change.power_control = g_strdup(entry->power);
    job->change.d3cold = g_strdup(entry->d3cold);
    job->change.consoles = g_strdup(entry->consoles);
    job->change.check = TRUE;
    job->change.stay = run->options.quarantine;
    job->alone = g_strdup(vv_driver_goes_alone(entry->driver) ? entry->driver : NULL);
    job->lock_fd = vv_journal_lock_fd(run->journal, device->group);
    g_ptr_array_add(run->jobs, job);
    g_ptr_array_add(run->entries, entry);
}

static gboolean group_was_closed(VvRun *run, const VvDevice *device)
{
    if (!run->group_closed)
        run->group_closed = g_get_monotonic_time() + GROUP_CLOSE_MS * 1000;
    while (vv_group_in_use(run->sysfs, device->group)) {
        if (g_get_monotonic_time() >= run->group_closed)
            return FALSE;
        g_usleep(10000);
    }
    return TRUE;
}

/* Unbinding a device that a program still holds would block for as long as it does
 * (vfio_unregister_group_dev). */
static gboolean is_unused(VvRun *run, const VvPlanDevice *planned)
{
    g_autofree char *now = vv_device_driver_now(run->sysfs, planned->device);

    /* Without a driver too: of a device that was torn out the link is gone already while VFIO still waits for
     * its user (drivers/base/dd.c, __device_release_driver). */
    if (!vv_driver_may_stay(now) || group_was_closed(run, planned->device))
        return TRUE;
    vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_REFUSED,
                                 "process-holds: a running program holds %s (/dev/vfio/%d); stop it first",
                                 planned->device->text, planned->device->group));
    return FALSE;
}

/* One whose last worker still hangs would only wedge another, and that worker has its group's lock. What was
 * not stuck when the plan was made need not be read again: if it is by now, its lock is not to be had. */
static gboolean is_stuck(VvRun *run, VvPlanDevice *planned)
{
    if (g_strcmp0(planned->state, vv_state_name(VV_STATE_STUCK)) != 0)
        return FALSE;
    g_autoptr(VvEntry) entry = vv_journal_read(run->journal, planned->address, NULL);
    char text[VV_ADDRESS_TEXT];

    if (!entry || entry->state != VV_STATE_STUCK || !vv_process_alive(run->sysfs, entry->by))
        return FALSE;
    planned->state = vv_state_name(entry->state);
    vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "stuck: %s",
                                 entry->note ? entry->note : vv_address_format(entry->address, text)));
    return TRUE;
}

/* Before the host's driver has it, which takes the MAC that the PF has for it. */
static void return_settings(VvRun *run, VvAddress address)
{
    GError *error = NULL;

    if (!vv_vf_lease_return(run->sysfs, run->journal, address, run->options.stage_ms, &error))
        vv_run_fail(run, error);
}

/* Gone for good, or only until a reset has ended that takes it away for a moment. */
static void return_absent(VvRun *run, const VvPlanDevice *planned, const VvEntry *entry)
{
    char text[VV_ADDRESS_TEXT];

    if (vv_reset_note_covers(run->journal, planned->address))
        vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED,
                                     "a reset of %s has not ended; 'virt-vfio recover' finishes one that was "
                                     "interrupted",
                                     vv_address_format(planned->address, text)));
    else {
        return_settings(run, planned->address);
        vv_run_drop_entry(run, entry, "gone");
    }
}

static void prepare_return(VvRun *run, VvPlanDevice *planned, VvEntryFilter filter, gpointer data)
{
    GError *error = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(run->journal, planned->address, &error);

    if (error)
        vv_run_fail(run, error);
    if (!entry) {
        planned->state = error ? planned->state : "host"; /* somebody else gave it back meanwhile */
        return;
    }
    planned->state = vv_state_name(entry->state);
    if (filter && !filter(run, entry, data))
        return;
    if (!planned->device || vv_run_is_gone(run, planned->address)) {
        return_absent(run, planned, entry);
        return;
    }
    if (!is_unused(run, planned))
        return;
    return_settings(run, entry->address);
    /* That it is on its way need not be on disk: what was before is, and a full disk must keep no device. */
    vv_run_set_state(run, entry, VV_STATE_RETURNING, NULL, NULL);
    vv_run_add_return(run, g_steal_pointer(&entry));
}

/* A group that another program works on keeps its own devices from coming back, not the others. */
static void return_group(VvRun *run, const GPtrArray *devices, int group, gint64 deadline,
                         VvEntryFilter filter, gpointer data)
{
    GError *error = NULL;

    if (!vv_journal_lock(run->journal, group, deadline, &error)) {
        vv_run_fail(run, error);
        return;
    }
    for (guint i = 0; i < devices->len; i++) {
        VvPlanDevice *planned = devices->pdata[i];
        if ((planned->device ? planned->device->group : -1) == group)
            prepare_return(run, planned, filter, data);
    }
}

void vv_run_return(VvRun *run, VvEntryFilter filter, gpointer data)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    for (guint i = 0; i < run->plan->devices->len; i++)
        if (!is_stuck(run, run->plan->devices->pdata[i]))
            g_ptr_array_add(devices, run->plan->devices->pdata[i]);
    g_autoptr(GArray) groups = vv_run_groups(devices);
    gint64 deadline = g_get_monotonic_time() + (gint64)run->options.lock_ms * 1000;

    run->giving_back = TRUE;
    for (guint i = 0; i < groups->len; i++)
        return_group(run, devices, g_array_index(groups, int, i), deadline, filter, data);
    vv_run_reset(run);
    vv_run_jobs(run);
}

gboolean vv_handover_return(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                            GError **error)
{
    VvRun run;

    vv_run_init(&run, host, journal, plan, options);
    vv_run_return(&run, NULL, NULL);
    return vv_run_clear(&run, error);
}
