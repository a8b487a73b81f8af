/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/handover-run.h"

#include "vfio/error.h"
#include "vfio/modules.h"
#include "vfio/vf-lost.h"

#include <string.h>

#define DEFAULT_PARALLEL 16
#define DEFAULT_STAGE_MS 15000
#define DEFAULT_RESET_MS 70000
#define DEFAULT_LOCK_MS 5000
/* How long the kernel may take to take down a device that was torn out, after its driver let go. */
#define LEAVE_MS 2000

void vv_run_init(VvRun *run, VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options)
{
    *run = (VvRun){.host = host, .sysfs = vv_host_sysfs(host), .journal = journal, .plan = plan};
    if (options)
        run->options = *options;
    VvHandoverOptions *o = &run->options;
    o->parallel = CLAMP(o->parallel ? o->parallel : DEFAULT_PARALLEL, 1, DEFAULT_PARALLEL);
    o->stage_ms = o->stage_ms ? o->stage_ms : DEFAULT_STAGE_MS;
    o->reset_ms = o->reset_ms ? o->reset_ms : DEFAULT_RESET_MS;
    o->lock_ms = o->lock_ms ? o->lock_ms : DEFAULT_LOCK_MS;
    run->self = vv_process_self(run->sysfs);
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_job_free);
    run->entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
}

gboolean vv_run_clear(VvRun *run, GError **error)
{
    gboolean ok = run->error == NULL;

    vv_journal_unlock(run->journal);
    g_ptr_array_unref(run->jobs);
    g_ptr_array_unref(run->entries);
    if (run->error)
        g_propagate_error(error, run->error);
    return ok;
}

void vv_run_fail(VvRun *run, GError *error)
{
    if (run->error)
        g_error_free(error);
    else
        run->error = error;
}

VvPlanDevice *vv_run_planned(const VvRun *run, VvAddress address)
{
    for (guint i = 0; i < run->plan->devices->len; i++) {
        VvPlanDevice *planned = run->plan->devices->pdata[i];
        if (vv_address_equal(planned->address, address))
            return planned;
    }
    return NULL;
}

static VvEntry *find_entry(const VvRun *run, VvAddress address)
{
    for (guint i = 0; i < run->entries->len; i++) {
        VvEntry *entry = run->entries->pdata[i];
        if (vv_address_equal(entry->address, address))
            return entry;
    }
    return NULL;
}

static int compare_groups(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

GArray *vv_run_groups(const GPtrArray *devices)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < devices->len; i++) {
        const VvPlanDevice *planned = devices->pdata[i];
        int group = planned->device ? planned->device->group : -1;
        gboolean known = FALSE;
        for (guint j = 0; j < groups->len && !known; j++)
            known = g_array_index(groups, int, j) == group;
        if (!known)
            g_array_append_val(groups, group);
    }
    g_array_sort(groups, compare_groups);
    return groups;
}

gboolean vv_run_is_gone(const VvRun *run, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s", vv_address_format(address, text));

    return !vv_sysfs_exists(run->sysfs, path);
}

gboolean vv_run_set_state(VvRun *run, VvEntry *entry, VvState state, const char *note, GError **error)
{
    entry->state = state;
    if (state != VV_STATE_STUCK)
        entry->by = run->self;
    g_free(entry->note);
    entry->note = g_strdup(note);
    vv_run_planned(run, entry->address)->state = vv_state_name(state);
    return vv_journal_write(run->journal, entry, error);
}

/* What the entry alone knows, and it goes now. */
static void keep_loss(const VvRun *run, const VvEntry *entry, VvPlanDevice *planned)
{
    g_autofree char *lost = vv_vf_lost(run->sysfs, entry->place),
                    *remedy = vv_vf_lost_remedy(run->sysfs, entry->place);

    g_free(planned->lost);
    planned->lost = g_strdup_printf("%s; %s", lost, remedy);
}

void vv_run_drop_entry(VvRun *run, const VvEntry *entry, const char *state)
{
    VvPlanDevice *planned = vv_run_planned(run, entry->address);
    GError *error = NULL;

    planned->state = state;
    if (entry->place && strcmp(state, "gone") == 0)
        keep_loss(run, entry, planned);
    if (!vv_journal_remove(run->journal, entry->address, &error))
        vv_run_fail(run, error);
}

static void report(VvRun *run, const VvJob *job, gboolean failed)
{
    const char *what = run->giving_back ? "release" : "bind";
    VvAddress address = job->change.address;
    VvStep *step = NULL;

    /* The plan listed the step before it was done; what it did not foresee (a revert) is added. */
    for (guint i = 0; i < run->plan->steps->len && !step; i++) {
        VvStep *planned = run->plan->steps->pdata[i];
        if (planned->us < 0 && planned->has_address && strcmp(planned->what, what) == 0 &&
            vv_address_equal(planned->address, address))
            step = planned;
    }
    if (!step)
        step = vv_plan_add_step(run->plan, what, &address, job->us);
    step->us = job->us;
    step->failed = failed;
    if (run->options.progress)
        run->options.progress(step, run->options.progress_data);
}

/* What a device that did not make it is from now on. */
static VvState state_after_failure(const VvRun *run, const VvJob *job, VvEntry *entry)
{
    if (job->wedged) {
        entry->by = vv_process_of(run->sysfs, job->worker);
        return VV_STATE_STUCK;
    }
    if (vv_config_state_text(job->result.state))
        return VV_STATE_QUARANTINED;
    return run->giving_back ? VV_STATE_RETURNING : VV_STATE_TAKING;
}

static void book_failure(VvRun *run, const VvJob *job, VvEntry *entry)
{
    char *trouble = vv_job_describe(job);
    GError *error = NULL;

    vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s", trouble));
    if (!vv_run_set_state(run, entry, state_after_failure(run, job, entry), trouble, &error))
        vv_run_fail(run, error);
    g_free(trouble);
}

/* One that was taken is only booked when all are: see vv_handover_take(). */
static void book_success(VvRun *run, const VvJob *job, VvEntry *entry)
{
    const char *note = run->options.quarantine_note;
    GError *error = NULL;

    if (!run->giving_back)
        return;
    if (!job->result.stayed)
        vv_run_drop_entry(run, entry, "host");
    else if (!vv_run_set_state(run, entry, VV_STATE_QUARANTINED,
                               note ? note : "on request, when it was released", &error))
        vv_run_fail(run, error);
}

static void job_done(VvJob *job, gpointer data)
{
    VvRun *run = data;
    VvEntry *entry = find_entry(run, job->change.address);
    gboolean failed = job->result.error != 0;
    /* Unplugged: there is nothing to give back, and a journal entry would only haunt the next device. */
    gboolean gone = failed && run->giving_back && !job->wedged &&
                    vv_config_has_left(run->sysfs, job->change.address, LEAVE_MS);

    report(run, job, failed && !gone);
    if (gone)
        vv_run_drop_entry(run, entry, "gone");
    else if (failed)
        book_failure(run, job, entry);
    else
        book_success(run, job, entry);
}

void vv_run_jobs(VvRun *run)
{
    const VvWorkerLimits limits = {.parallel = run->options.parallel,
                                   .stage_ms = run->options.stage_ms,
                                   .reset_ms = run->options.reset_ms};

    vv_workers_run(run->sysfs, run->jobs, &limits, job_done, run);
}
