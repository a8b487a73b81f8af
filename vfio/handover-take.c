/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/handover-run.h"

#include "vfio/console.h"
#include "vfio/error.h"
#include "vfio/modules.h"
#include "vfio/override.h"
#include "vfio/vf-lost.h"

#include <stdlib.h>
#include <string.h>

static gboolean fail_claimed(VvRun *run, const VvPlanDevice *planned, const VvEntry *entry)
{
    g_autofree char *who = entry->owner_name ? g_strdup_printf("for domain %s", entry->owner_name)
                           : strcmp(entry->owner, VV_OWNER_MANUAL) == 0
                               ? g_strdup("by hand")
                               : g_strdup_printf("for owner %s", entry->owner);

    vv_run_fail(run,
                g_error_new(VV_ERROR, VV_ERROR_REFUSED,
                            "claimed: %s has just been taken %s by another virt-vfio; nothing was changed",
                            planned->device->text, who));
    return FALSE;
}

/* A VF that was made anew has another group, perhaps, and then the lock that we have is another device's. */
static gboolean is_in_its_group(VvRun *run, const VvPlanDevice *planned)
{
    g_autofree char *path = vv_device_path(planned->device, "iommu_group");
    g_autofree char *name = vv_sysfs_link_name(run->sysfs, path);
    int now = name ? atoi(name) : -1;

    if (planned->device->group < 0 || now == planned->device->group)
        return TRUE;
    vv_run_fail(run,
                g_error_new(VV_ERROR, VV_ERROR_REFUSED,
                            "%s has just been made anew, in IOMMU group %d and no more in %d; nothing was "
                            "changed, try again",
                            planned->device->text, now, planned->device->group));
    return FALSE;
}

/* What the plan saw must still hold under the lock. */
static gboolean is_as_planned(VvRun *run, const VvPlanDevice *planned, const VvEntry *entry)
{
    gboolean was_free = strcmp(planned->state, "host") == 0;
    gboolean by_others =
        entry && strcmp(entry->owner, run->plan->owner) != 0 && strcmp(entry->owner, VV_OWNER_MANUAL) != 0;
    /* The plan was made while another command, by hand too, was at it. */
    gboolean now_taken =
        entry && entry->state == VV_STATE_TAKEN && strcmp(planned->state, vv_state_name(VV_STATE_TAKEN)) != 0;

    if (entry && (by_others || was_free || now_taken))
        return fail_claimed(run, planned, entry);
    if (vv_run_is_gone(run, planned->address)) {
        vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED,
                                     "%s has just gone; look at 'virt-vfio list' for what is there",
                                     planned->device->text));
        return FALSE;
    }
    if (!is_in_its_group(run, planned))
        return FALSE;
    g_autofree char *now = vv_device_driver_now(run->sysfs, planned->device);
    if (was_free && g_strcmp0(now, planned->from) != 0 && (now || !run->options.let_go)) {
        vv_run_fail(
            run,
            g_error_new(VV_ERROR, VV_ERROR_FAILED,
                        "%s has just changed its driver (from %s to %s); nothing was changed, try again",
                        planned->device->text, planned->from ? planned->from : "none", now ? now : "none"));
        return FALSE;
    }
    return TRUE;
}

static char *read_attribute(const VvRun *run, const VvDevice *device, const char *attribute)
{
    g_autofree char *path = vv_device_path(device, attribute);

    return vv_sysfs_read(run->sysfs, path);
}

static void fail_silent(VvRun *run)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < run->plan->devices->len; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               ((const VvPlanDevice *)run->plan->devices->pdata[i])->device->text);
    vv_run_fail(run,
                g_error_new(VV_ERROR, VV_ERROR_FAILED,
                            "the kernel does not say what driver_override is: a driver hangs with one of %s; "
                            "look at the kernel log; nothing was changed",
                            names->str));
}

/* The record of a device as it is now, for its way back. */
static VvEntry *new_entry(const VvRun *run, const VvPlanDevice *planned, GHashTable *overrides)
{
    VvEntry *entry = vv_entry_new(planned->address, run->plan->owner, run->plan->owner_name);

    entry->driver = vv_device_driver_now(run->sysfs, planned->device);
    if (!entry->driver && run->options.let_go)
        entry->driver = g_strdup(planned->from);
    entry->override = g_strdup(g_hash_table_lookup(overrides, planned->device->text));
    entry->power = read_attribute(run, planned->device, "power/control");
    entry->d3cold = read_attribute(run, planned->device, "d3cold_allowed");
    entry->consoles = vv_console_of(run->sysfs, planned->device);
    entry->reset = g_strdup(planned->reset);
    entry->ids = vv_device_ids(planned->device);
    entry->place = vv_vf_place(run->sysfs, planned->address);
    return entry;
}

/* The entry for a device that is about to be taken: what an interrupted try wrote down, or what sysfs shows
 * now. NULL with run->error when the plan does not hold any more. */
static VvEntry *entry_to_take(VvRun *run, const VvPlanDevice *planned, GHashTable *overrides)
{
    g_autoptr(VvEntry) entry = vv_journal_read(run->journal, planned->address, &run->error);

    if (run->error || !is_as_planned(run, planned, entry))
        return NULL;
    return entry ? g_steal_pointer(&entry) : new_entry(run, planned, overrides);
}

/* What an earlier command took and still holds needs nothing, and must not go back when this one fails: a
 * device bound by hand stays bound by hand, whoever uses it meanwhile. */
static gboolean is_held_already(const VvRun *run, const VvEntry *entry, const VvPlanDevice *planned)
{
    if (entry->state != VV_STATE_TAKEN)
        return FALSE;
    g_autofree char *now = vv_device_driver_now(run->sysfs, planned->device);
    return vv_driver_is_vfio(now);
}

static void add_take(VvRun *run, const VvPlanDevice *planned, const VvEntry *entry)
{
    /* What VFIO has had since the boot keeps its override, whatever it says. */
    gboolean stays = entry->driver && strcmp(entry->driver, planned->to) == 0;
    VvJob *job = vv_job_new(planned->address, planned->to, stays ? entry->override : planned->to);

    if (strcmp(planned->to, "vfio-pci") != 0)
        job->change.fallback = g_strdup("vfio-pci");
    job->change.power_control = g_strdup("on");
    job->change.d3cold = g_strdup("0");
    job->change.consoles = g_strdup(entry->consoles);
    job->alone = g_strdup(vv_driver_goes_alone(planned->from) ? planned->from : NULL);
    job->lock_fd = vv_journal_lock_fd(run->journal, planned->device->group);
    g_ptr_array_add(run->jobs, job);
}

/* Every entry is on disk before the first device is touched. */
static gboolean write_intents(VvRun *run)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    for (guint i = 0; i < run->plan->devices->len; i++)
        g_ptr_array_add(devices, ((const VvPlanDevice *)run->plan->devices->pdata[i])->device);
    g_autoptr(GHashTable) overrides = vv_overrides_ask(run->sysfs, devices, run->options.stage_ms);
    if (!overrides) {
        fail_silent(run);
        return FALSE;
    }
    for (guint i = 0; i < run->plan->devices->len; i++) {
        VvPlanDevice *planned = run->plan->devices->pdata[i];
        VvEntry *entry = entry_to_take(run, planned, overrides);
        if (!entry)
            return FALSE;
        if (is_held_already(run, entry, planned)) {
            planned->state = vv_state_name(entry->state);
            vv_entry_free(entry);
            continue;
        }
        g_ptr_array_add(run->entries, entry);
        if (!vv_run_set_state(run, entry, VV_STATE_TAKING, NULL, &run->error))
            return FALSE;
        add_take(run, planned, entry);
    }
    return TRUE;
}

/* Undoes a failed take: everything that was journalled goes back, whether it was reached or not. A stuck
 * device is left alone; touching it again would only wedge another child. */
static void revert(VvRun *run)
{
    g_autoptr(GPtrArray) entries = g_steal_pointer(&run->entries);

    run->entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
    run->giving_back = TRUE;
    run->options.quarantine = FALSE;
    g_ptr_array_set_size(run->jobs, 0);
    while (entries->len) {
        g_autoptr(VvEntry) entry = g_ptr_array_steal_index(entries, 0);
        if (entry->state == VV_STATE_STUCK)
            continue;
        vv_run_set_state(run, entry, VV_STATE_RETURNING, NULL, NULL);
        vv_run_add_return(run, g_steal_pointer(&entry));
    }
    vv_run_jobs(run);
}

/* One that was torn out after its worker had done with it, or whose probe did not notice. Where the
 * configuration space cannot be read, its folder must do. */
static void check_arrival(VvRun *run, const VvEntry *entry)
{
    char text[VV_ADDRESS_TEXT];
    gboolean gone = vv_run_is_gone(run, entry->address);

    if (!gone && !vv_config_is_dead(run->sysfs, entry->address))
        return;
    vv_run_fail(run,
                g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s %s; look at 'virt-vfio list' for what is there",
                            vv_address_format(entry->address, text),
                            gone ? "has just gone" : "does not answer any more"));
}

/* All devices have arrived. From the first entry that says so on, recovery finishes this instead of undoing
 * it (vfio/recover.c): a kill in the middle must not leave half of a bind. */
static void commit(VvRun *run)
{
    for (guint i = 0; i < run->entries->len && !run->error; i++)
        check_arrival(run, run->entries->pdata[i]);
    for (guint i = 0; i < run->entries->len && !run->error; i++)
        vv_run_set_state(run, run->entries->pdata[i], VV_STATE_TAKEN, NULL, &run->error);
}

/* A variant driver that cannot be loaded gives way to vfio-pci, which takes everything. */
static void load_variant(const VvRun *run, VvPlanDevice *planned)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/drivers/%s", planned->to);

    if (strcmp(planned->to, "vfio-pci") == 0 || vv_sysfs_exists(run->sysfs, path))
        return;
    char *driver = vv_module_load_pci(run->sysfs, planned->to, NULL);
    g_free(planned->to);
    planned->to = driver ? driver : g_strdup("vfio-pci");
}

static gboolean load_drivers(VvRun *run)
{
    for (guint i = 0; i < run->plan->devices->len; i++)
        load_variant(run, run->plan->devices->pdata[i]);
    return vv_module_load_driver(run->sysfs, "vfio-pci", NULL, &run->error);
}

static gboolean lock_groups(VvRun *run)
{
    g_autoptr(GArray) groups = vv_run_groups(run->plan->devices);

    return vv_journal_lock_groups(run->journal, groups, run->options.lock_ms, &run->error);
}

gboolean vv_handover_take(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                          GError **error)
{
    VvRun run;

    if (!vv_plan_ok(plan)) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "refused by the plan; nothing was changed");
        return FALSE;
    }
    vv_run_init(&run, host, journal, plan, options);
    if (load_drivers(&run) && lock_groups(&run)) {
        if (write_intents(&run))
            vv_run_jobs(&run);
        if (!run.error)
            commit(&run);
        if (run.error)
            revert(&run);
    }
    return vv_run_clear(&run, error);
}
