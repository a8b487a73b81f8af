/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/recover.h"

#include "vfio/error.h"
#include "vfio/group.h"
#include "vfio/handover-run.h"
#include "vfio/reset-note.h"
#include "vfio/vf-lease.h"
#include "vfio/vf-lost.h"

#include <string.h>

/* What the rule below needs to know. */
typedef struct {
    const VvHost *host;
    const VvJournal *journal;
    const VvRecoverOptions *options; /* never NULL */
    GArray *finished;                /* VvProcess: programs that had taken by hand all they wanted */
} Judge;

static void recovery_free(gpointer data)
{
    VvRecovery *recovery = data;

    vv_entry_free(recovery->entry);
    g_free(recovery->why);
    g_free(recovery);
}

static VvRecoverAction decide(char **ret_why, VvRecoverAction action, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static VvRecoverAction decide(char **ret_why, VvRecoverAction action, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    *ret_why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return action;
}

static VvRecoverAction judge_taken(const Judge *judge, const VvDevice *device, const VvEntry *entry,
                                   char **ret_why)
{
    const VvSysfs *sysfs = vv_host_sysfs(judge->host);
    const VvRecoverOptions *options = judge->options;
    g_autofree char *now = vv_device_driver_now(sysfs, device);
    g_autofree char *leaving = entry->place ? vv_vf_leaving(sysfs, entry->address, entry->place) : NULL;

    if (leaving)
        return decide(ret_why, VV_RECOVER_LEAVE, "%s", leaving);
    /* Before the driver link is believed: of a device that was torn out it is gone already while VFIO still
     * waits for the guest (drivers/base/dd.c, __device_release_driver). */
    if (vv_driver_may_stay(now) && vv_group_in_use(sysfs, device->group))
        return decide(ret_why, VV_RECOVER_LEAVE, "a running program is using it");
    if (!vv_driver_is_vfio(now))
        return decide(ret_why, VV_RECOVER_RETURN, "it is not with VFIO any more, but with %s",
                      now ? now : "no driver");
    if (strcmp(entry->owner, VV_OWNER_MANUAL) == 0)
        return decide(ret_why, VV_RECOVER_LEAVE, "it was taken by hand; 'virt-vfio release' gives it back");
    if (vv_process_alive(sysfs, entry->by))
        return decide(ret_why, VV_RECOVER_LEAVE, "the virt-vfio that took it still runs (pid %d)",
                      entry->by.pid);
    if (options->owner_alive && options->owner_alive(entry, options->data))
        return decide(ret_why, VV_RECOVER_LEAVE, "its domain is running");
    return decide(ret_why, VV_RECOVER_RETURN, "its guest is not running and nobody waits for it");
}

static gboolean was_finished(const Judge *judge, const VvEntry *entry)
{
    for (guint i = 0; entry->by.pid && i < judge->finished->len; i++) {
        const VvProcess *process = &g_array_index(judge->finished, VvProcess, i);
        if (process->pid == entry->by.pid && process->started == entry->by.started)
            return TRUE;
    }
    return FALSE;
}

static VvRecoverAction judge_moving(const Judge *judge, const VvEntry *entry, char **ret_why)
{
    gboolean taking = entry->state == VV_STATE_TAKING;

    if (vv_process_alive(vv_host_sysfs(judge->host), entry->by))
        return decide(ret_why, VV_RECOVER_LEAVE, "a virt-vfio is at work on it (pid %d)", entry->by.pid);
    /* A take that failed is undone by the program itself, unless it was killed just then. */
    if (entry->note && !taking && !judge->options->retry)
        return decide(ret_why, VV_RECOVER_LEAVE, "it failed before; 'virt-vfio recover' tries again");
    if (taking && was_finished(judge, entry))
        return decide(ret_why, VV_RECOVER_FINISH,
                      "the virt-vfio that took it by hand ended just before it could say so");
    return decide(ret_why, VV_RECOVER_RETURN, "the virt-vfio that was %s it has ended",
                  taking ? "taking" : "returning");
}

static VvRecoverAction decide_gone(const VvSysfs *sysfs, const VvEntry *entry, char **ret_why)
{
    if (!entry->place)
        return decide(ret_why, VV_RECOVER_FORGET, "it is gone from this host");
    g_autofree char *lost = vv_vf_lost(sysfs, entry->place), *remedy = vv_vf_lost_remedy(sysfs, entry->place);
    return decide(ret_why, VV_RECOVER_FORGET, "it is gone from this host: %s; %s", lost, remedy);
}

static VvRecoverAction decide_entry(const Judge *judge, const VvEntry *entry, char **ret_why)
{
    const VvSysfs *sysfs = vv_host_sysfs(judge->host);
    const VvDevice *device = vv_host_find(judge->host, entry->address);
    g_autofree char *ids = device ? vv_device_ids(device) : NULL;

    if (!device && vv_reset_note_covers(judge->journal, entry->address))
        return decide(ret_why, VV_RECOVER_LEAVE, "a reset of it has not ended");
    if (!device)
        return decide_gone(sysfs, entry, ret_why);
    if (entry->ids && strcmp(entry->ids, ids) != 0)
        return decide(ret_why, VV_RECOVER_FORGET, "another device is there now (%s, not %s)", ids,
                      entry->ids);
    switch (entry->state) {
    case VV_STATE_TAKEN:
        return judge_taken(judge, device, entry, ret_why);
    case VV_STATE_STUCK:
        if (vv_process_alive(sysfs, entry->by))
            return decide(ret_why, VV_RECOVER_LEAVE, "process %d still hangs in the kernel with it",
                          entry->by.pid);
        return decide(ret_why, VV_RECOVER_RETURN, "the worker that hung with it has ended");
    case VV_STATE_QUARANTINED:
        return decide(ret_why, VV_RECOVER_LEAVE,
                      "it is quarantined; 'virt-vfio release' tries to give it back");
    default:
        return judge_moving(judge, entry, ret_why);
    }
}

static GArray *find_finished(const GPtrArray *entries)
{
    GArray *finished = g_array_new(FALSE, FALSE, sizeof(VvProcess));

    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        if (entry->state == VV_STATE_TAKEN && strcmp(entry->owner, VV_OWNER_MANUAL) == 0)
            g_array_append_val(finished, entry->by);
    }
    return finished;
}

static GPtrArray *look(Judge *judge, const VvJournal *journal, GError **error)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(journal, error);
    if (!entries)
        return NULL;

    GPtrArray *recoveries = g_ptr_array_new_with_free_func(recovery_free);
    judge->finished = find_finished(entries);
    while (entries->len) {
        VvRecovery *recovery = g_new0(VvRecovery, 1);
        recovery->entry = g_ptr_array_steal_index(entries, 0);
        recovery->action = decide_entry(judge, recovery->entry, &recovery->why);
        g_ptr_array_add(recoveries, recovery);
    }
    return recoveries;
}

GPtrArray *vv_recover_look(const VvHost *host, const VvJournal *journal, const VvRecoverOptions *options,
                           GError **error)
{
    const VvRecoverOptions none = {0};
    Judge judge = {host, journal, options ? options : &none, NULL};
    GPtrArray *recoveries = look(&judge, journal, error);

    if (judge.finished)
        g_array_unref(judge.finished);
    return recoveries;
}

/* Under the lock: things may have changed since the look. */
static gboolean is_still_wanted(VvRun *run, VvEntry *entry, gpointer data)
{
    g_autofree char *why = NULL;
    VvRecoverAction action = decide_entry(data, entry, &why);
    GError *error = NULL;

    if (action == VV_RECOVER_FORGET)
        vv_run_drop_entry(run, entry, "gone");
    else if (action == VV_RECOVER_FINISH && !vv_run_set_state(run, entry, VV_STATE_TAKEN, NULL, &error))
        vv_run_fail(run, error);
    return action == VV_RECOVER_RETURN;
}

/* Temporary files of writers that died before there was an entry. */
static void remove_leftovers(VvRun *run)
{
    g_autoptr(GArray) addresses = vv_journal_leftovers(run->journal);

    for (guint i = 0; i < addresses->len; i++) {
        VvAddress address = g_array_index(addresses, VvAddress, i);
        const VvDevice *device = vv_host_find(run->host, address);
        int group = device ? device->group : -1;
        if (vv_journal_lock_fd(run->journal, group) >= 0 || vv_journal_lock(run->journal, group, 0, NULL))
            vv_journal_remove_leftover(run->journal, address);
    }
}

/* The settings of a VF that was given back, or that stays with VFIO by hand while its guest has ended. */
static gboolean lease_has_ended(const Judge *judge, const VvDevice *device, const VvVfLease *lease)
{
    g_autoptr(VvEntry) entry = vv_journal_read(judge->journal, lease->address, NULL);
    const VvRecoverOptions *options = judge->options;
    VvEntry owner = {.address = lease->address, .owner = lease->owner};

    if (!entry || !device)
        return TRUE;
    if (strcmp(entry->owner, VV_OWNER_MANUAL) != 0 ||
        vv_process_alive(vv_host_sysfs(judge->host), lease->by) ||
        vv_group_in_use(vv_host_sysfs(judge->host), device->group))
        return FALSE;
    return !options->owner_alive || !options->owner_alive(&owner, options->data);
}

static void return_leases(VvRun *run, const Judge *judge)
{
    g_autoptr(GPtrArray) leases = vv_vf_leases(run->journal);

    for (guint i = 0; i < leases->len; i++) {
        const VvVfLease *lease = leases->pdata[i];
        const VvDevice *device = vv_host_find(run->host, lease->address);
        int group = device ? device->group : -1;
        GError *error = NULL;

        if (vv_journal_lock_fd(run->journal, group) < 0 && !vv_journal_lock(run->journal, group, 0, NULL))
            continue;
        if (lease_has_ended(judge, device, lease) &&
            !vv_vf_lease_return(run->sysfs, run->journal, lease->address, run->options.stage_ms, &error))
            vv_run_fail(run, error);
    }
}

static VvPlan *plan_recovery(VvHost *host, const GPtrArray *recoveries)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new();

    for (guint i = 0; i < recoveries->len; i++) {
        const VvRecovery *recovery = recoveries->pdata[i];
        if (recovery->action != VV_RECOVER_LEAVE)
            g_ptr_array_add(entries, recovery->entry);
    }
    return vv_plan_return(host, entries);
}

gboolean vv_recover(VvHost *host, VvJournal *journal, const VvRecoverOptions *options,
                    const VvHandoverOptions *handover, VvPlan **ret_plan, GError **error)
{
    const VvRecoverOptions none = {0};
    Judge judge = {host, journal, options ? options : &none, NULL};
    g_autoptr(GPtrArray) recoveries = look(&judge, journal, error);
    VvRun run;

    if (!recoveries)
        return FALSE;
    g_autoptr(VvPlan) plan = plan_recovery(host, recoveries);
    vv_run_init(&run, host, journal, plan, handover);
    vv_run_return(&run, is_still_wanted, &judge);
    return_leases(&run, &judge);
    remove_leftovers(&run);
    g_array_unref(judge.finished);
    gboolean ok = vv_run_clear(&run, error);
    if (ret_plan)
        *ret_plan = g_steal_pointer(&plan);
    return ok;
}
