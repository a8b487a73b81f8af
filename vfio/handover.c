/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/handover.h"

#include "vfio/error.h"
#include "vfio/group.h"
#include "vfio/modules.h"
#include "vfio/worker.h"

#include <string.h>

/* How long a guest that has just ended may take to let go of its group. */
#define GROUP_CLOSE_MS 2000

/* One run of taking or giving back. jobs and entries go side by side. */
typedef struct {
    VvHost *host;
    VvJournal *journal;
    VvPlan *plan;
    VvHandoverOptions options;
    GPtrArray *jobs;    /* VvJob */
    GPtrArray *entries; /* VvEntry */
    gboolean giving_back;
    GError *error; /* the first thing that went wrong */
} Run;

static void run_init(Run *run, VvHost *host, VvJournal *journal, VvPlan *plan,
                     const VvHandoverOptions *options)
{
    *run = (Run){.host = host, .journal = journal, .plan = plan};
    if (options)
        run->options = *options;
    run->options.parallel = CLAMP(run->options.parallel ? run->options.parallel : 16, 1, 16);
    if (!run->options.unbind_ms)
        run->options.unbind_ms = 15000;
    if (!run->options.lock_ms)
        run->options.lock_ms = 5000;
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_job_free);
    run->entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
}

static gboolean run_clear(Run *run, GError **error)
{
    gboolean ok = run->error == NULL;

    vv_journal_unlock(run->journal);
    g_ptr_array_unref(run->jobs);
    g_ptr_array_unref(run->entries);
    if (run->error)
        g_propagate_error(error, run->error);
    return ok;
}

/* Keeps the first error; later ones are in the plan's steps. */
static void run_fail(Run *run, GError *error)
{
    if (run->error)
        g_error_free(error);
    else
        run->error = error;
}

static VvPlanDevice *find_planned(const VvPlan *plan, VvAddress address)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        VvPlanDevice *planned = plan->devices->pdata[i];
        if (vv_address_equal(planned->address, address))
            return planned;
    }
    return NULL;
}

static VvEntry *find_entry(const Run *run, VvAddress address)
{
    for (guint i = 0; i < run->entries->len; i++) {
        VvEntry *entry = run->entries->pdata[i];
        if (vv_address_equal(entry->address, address))
            return entry;
    }
    return NULL;
}

static int compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

static gboolean lock_groups(Run *run)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < run->plan->devices->len; i++) {
        const VvPlanDevice *planned = run->plan->devices->pdata[i];
        int group = planned->device ? planned->device->group : -1;
        gboolean known = FALSE;
        for (guint j = 0; j < groups->len; j++)
            known |= g_array_index(groups, int, j) == group;
        if (!known)
            g_array_append_val(groups, group);
    }
    g_array_sort(groups, compare_ints);
    return vv_journal_lock_groups(run->journal, groups, run->options.lock_ms, &run->error);
}

static void report(Run *run, const char *what, VvAddress address, gint64 us, gboolean failed)
{
    VvStep *step = NULL;

    /* The plan listed the step before it was done; what it did not foresee (a revert) is added. */
    for (guint i = 0; i < run->plan->steps->len && !step; i++) {
        VvStep *planned = run->plan->steps->pdata[i];
        if (planned->us < 0 && planned->has_address && strcmp(planned->what, what) == 0 &&
            vv_address_equal(planned->address, address))
            step = planned;
    }
    if (!step)
        step = vv_plan_add_step(run->plan, what, &address, us);
    step->us = us;
    step->failed = failed;
    if (run->options.progress)
        run->options.progress(step, run->options.progress_data);
}

/* Writes the entry with a new state. A journal that cannot be written is a failure of the run. */
static gboolean set_state(Run *run, VvEntry *entry, VvState state, const char *note)
{
    GError *error = NULL;
    VvPlanDevice *planned = find_planned(run->plan, entry->address);

    entry->state = state;
    g_free(entry->note);
    entry->note = g_strdup(note);
    if (planned)
        planned->state = vv_state_name(state);
    if (vv_journal_write(run->journal, entry, &error))
        return TRUE;
    run_fail(run, error);
    return FALSE;
}

static void drop_entry(Run *run, VvEntry *entry)
{
    GError *error = NULL;
    VvPlanDevice *planned = find_planned(run->plan, entry->address);

    if (planned)
        planned->state = "host";
    if (!vv_journal_remove(run->journal, entry->address, &error))
        run_fail(run, error);
}

static gboolean is_gone(const Run *run, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s", vv_address_format(address, text));

    return !vv_sysfs_exists(vv_host_sysfs(run->host), path);
}

/* Unplugged: there is nothing to give back, and a journal entry would only haunt the next device. */
static void drop_gone(Run *run, VvEntry *entry, gint64 us)
{
    VvPlanDevice *planned = find_planned(run->plan, entry->address);

    report(run, "release", entry->address, us, FALSE);
    drop_entry(run, entry);
    if (planned)
        planned->state = "gone";
}

static void job_done(VvJob *job, gpointer data)
{
    Run *run = data;
    VvEntry *entry = find_entry(run, job->address);

    if (run->giving_back && job->error && !job->wedged && is_gone(run, job->address)) {
        drop_gone(run, entry, job->us);
        return;
    }
    g_autofree char *trouble = job->error ? vv_job_describe(job) : NULL;

    report(run, run->giving_back ? "release" : "bind", job->address, job->us, job->error != 0);
    if (trouble)
        run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s", trouble));
    if (job->wedged)
        set_state(run, entry, VV_STATE_STUCK, trouble);
    else if (trouble)
        set_state(run, entry, run->giving_back ? VV_STATE_RETURNING : VV_STATE_TAKING, trouble);
    else if (run->giving_back)
        drop_entry(run, entry);
    else
        set_state(run, entry, VV_STATE_TAKEN, NULL);
}

static void run_jobs(Run *run)
{
    vv_workers_run(vv_host_sysfs(run->host), run->jobs, run->options.parallel, run->options.unbind_ms,
                   job_done, run);
}

/* A driver that was unloaded meanwhile is loaded again; if that fails, the job will say that it is missing.
 */
static void add_return_job(Run *run, const VvEntry *entry, const VvDevice *device)
{
    if (entry->driver)
        vv_module_load_driver(vv_host_sysfs(run->host), entry->driver, device ? device->modalias : NULL,
                              NULL);
    g_ptr_array_add(run->jobs, vv_job_new(entry->address, entry->driver, entry->override));
}

/* The entry for a device that is about to be taken: what an interrupted try of the same owner wrote down, or
 * what sysfs shows now. NULL with run->error when somebody else was quicker. */
static VvEntry *entry_to_take(Run *run, VvPlanDevice *planned)
{
    g_autoptr(VvEntry) entry = vv_journal_read(run->journal, planned->address, &run->error);

    if (run->error)
        return NULL;
    if (entry && strcmp(entry->owner, run->plan->owner) != 0 && strcmp(entry->owner, VV_OWNER_MANUAL) != 0) {
        g_set_error(&run->error, VV_ERROR, VV_ERROR_REFUSED, "claimed: %s has just been taken for %s %s",
                    planned->device->text, entry->owner_name ? "domain" : "owner",
                    entry->owner_name ? entry->owner_name : entry->owner);
        return NULL;
    }
    if (is_gone(run, planned->address)) {
        g_set_error(&run->error, VV_ERROR, VV_ERROR_FAILED,
                    "%s has just gone; look at 'virt-vfio list' for what is there", planned->device->text);
        return NULL;
    }
    if (!entry) {
        entry = vv_entry_new(planned->address, run->plan->owner, run->plan->owner_name);
        entry->driver = vv_device_driver_now(vv_host_sysfs(run->host), planned->device);
        entry->override = vv_device_override_now(vv_host_sysfs(run->host), planned->device);
    }
    return g_steal_pointer(&entry);
}

/* What an earlier command took and still holds needs nothing, and must not go back when this one fails: a
 * device bound by hand stays bound by hand, whoever uses it meanwhile. */
static gboolean is_held_already(const Run *run, const VvEntry *entry, const VvPlanDevice *planned)
{
    if (entry->state != VV_STATE_TAKEN)
        return FALSE;
    g_autofree char *now = vv_device_driver_now(vv_host_sysfs(run->host), planned->device);
    return vv_driver_is_vfio(now);
}

/* Every entry is on disk before the first device is touched. */
static gboolean write_intents(Run *run)
{
    for (guint i = 0; i < run->plan->devices->len; i++) {
        VvPlanDevice *planned = run->plan->devices->pdata[i];
        VvEntry *entry = entry_to_take(run, planned);
        if (!entry)
            return FALSE;
        if (is_held_already(run, entry, planned)) {
            planned->state = vv_state_name(entry->state);
            vv_entry_free(entry);
            continue;
        }
        g_ptr_array_add(run->entries, entry);
        if (!set_state(run, entry, VV_STATE_TAKING, NULL))
            return FALSE;
        const char *override = vv_driver_is_vfio(entry->driver) && g_strcmp0(entry->driver, planned->to) == 0
                                   ? entry->override
                                   : planned->to;
        g_ptr_array_add(run->jobs, vv_job_new(planned->address, planned->to, override));
    }
    return TRUE;
}

/* Undoes a failed take: everything that was journalled goes back, whether it was reached or not. A stuck
 * device is left alone; touching it again would only wedge another child. */
static void revert(Run *run)
{
    run->giving_back = TRUE;
    g_ptr_array_set_size(run->jobs, 0);
    for (guint i = 0; i < run->entries->len; i++) {
        VvEntry *entry = run->entries->pdata[i];
        const VvPlanDevice *planned = find_planned(run->plan, entry->address);
        if (entry->state != VV_STATE_STUCK)
            add_return_job(run, entry, planned->device);
    }
    run_jobs(run);
}

static gboolean load_drivers(Run *run)
{
    for (guint i = 0; i < run->plan->devices->len; i++) {
        const VvPlanDevice *planned = run->plan->devices->pdata[i];
        if (!vv_module_load_driver(vv_host_sysfs(run->host), planned->to, NULL, &run->error))
            return FALSE;
    }
    return TRUE;
}

gboolean vv_handover_take(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                          GError **error)
{
    Run run;

    if (!vv_plan_ok(plan)) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "refused by the plan; nothing was changed");
        return FALSE;
    }
    run_init(&run, host, journal, plan, options);
    if (load_drivers(&run) && lock_groups(&run)) {
        if (write_intents(&run))
            run_jobs(&run);
        if (run.error)
            revert(&run);
    }
    return run_clear(&run, error);
}

static gboolean group_was_closed(const Run *run, const VvDevice *device)
{
    gint64 deadline = g_get_monotonic_time() + GROUP_CLOSE_MS * 1000;

    while (vv_group_in_use(vv_host_sysfs(run->host), device->group)) {
        if (g_get_monotonic_time() >= deadline)
            return FALSE;
        g_usleep(10000);
    }
    return TRUE;
}

/* Prepares one device for its way back. Unbinding a device that a program still holds would block for as long
 * as it does (vfio_unregister_group_dev), so that is refused. */
static void prepare_return(Run *run, VvPlanDevice *planned)
{
    GError *error = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(run->journal, planned->address, &error);

    if (error)
        run_fail(run, error);
    if (!entry) {
        planned->state = error ? planned->state : "host"; /* somebody else gave it back meanwhile */
        return;
    }
    if (!planned->device) {
        drop_gone(run, entry, 0);
        return;
    }
    g_autofree char *now = vv_device_driver_now(vv_host_sysfs(run->host), planned->device);
    if (vv_driver_is_vfio(now) && !group_was_closed(run, planned->device)) {
        run_fail(run, g_error_new(VV_ERROR, VV_ERROR_REFUSED,
                                  "process-holds: a running program holds %s (/dev/vfio/%d); stop it first",
                                  planned->device->text, planned->device->group));
        return;
    }
    if (set_state(run, entry, VV_STATE_RETURNING, NULL)) {
        add_return_job(run, entry, planned->device);
        g_ptr_array_add(run->entries, g_steal_pointer(&entry));
    }
}

gboolean vv_handover_return(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                            GError **error)
{
    Run run;

    run_init(&run, host, journal, plan, options);
    run.giving_back = TRUE;
    if (lock_groups(&run)) {
        for (guint i = 0; i < plan->devices->len; i++)
            prepare_return(&run, plan->devices->pdata[i]);
        run_jobs(&run);
    }
    return run_clear(&run, error);
}
