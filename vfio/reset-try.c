/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/group.h"
#include "vfio/override.h"
#include "vfio/reset-internal.h"
#include "vfio/siblings.h"

#include <errno.h>
#include <string.h>

static VvEntry *entry_of(VvRun *run, const VvDevice *device)
{
    VvEntry *entry = vv_journal_read(run->journal, device->address, NULL);

    if (entry)
        return entry;
    entry = vv_entry_new(device->address, VV_OWNER_MANUAL, NULL);
    entry->driver = vv_device_driver_now(run->sysfs, device);
    entry->ids = vv_device_ids(device);
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, (gpointer)device);
    g_autoptr(GHashTable) overrides = vv_overrides_ask(run->sysfs, one, run->options.stage_ms);
    if (overrides)
        entry->override = g_strdup(g_hash_table_lookup(overrides, device->text));
    return entry;
}

static void book(VvRun *run, const VvDevice *device, VvState state, VvProcess by, const char *note)
{
    g_autoptr(VvEntry) entry = entry_of(run, device);
    VvPlanDevice *planned = vv_run_planned(run, device->address);
    GError *error = NULL;

    entry->state = state;
    entry->by = by;
    g_free(entry->note);
    entry->note = g_strdup(note);
    if (planned)
        planned->state = vv_state_name(state);
    if (!vv_journal_write(run->journal, entry, &error))
        vv_run_fail(run, error);
}

void vv_reset_quarantine(VvRun *run, const VvDevice *device, const char *why)
{
    g_autofree char *now = vv_device_driver_now(run->sysfs, device);

    /* What a host driver has cannot be kept from it; what is gone cannot be kept at all. */
    if (vv_driver_may_stay(now) && !vv_run_is_gone(run, device->address))
        book(run, device, VV_STATE_QUARANTINED, run->self, why);
}

static void change_free(gpointer data)
{
    VvChange *change = data;

    g_free(change->driver);
    g_free(change->override);
    g_free(change->power_control);
    g_free(change->d3cold);
    g_free(change);
}

static char *read_of(const VvRun *run, const VvDevice *device, const char *attribute)
{
    g_autofree char *path = vv_device_path(device, attribute);

    return vv_sysfs_read(run->sysfs, path);
}

/* A function that the kernel finds anew has lost its override: those that VFIO has now go back to it. */
static GPtrArray *changes_back(VvRun *run, const GPtrArray *reached)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func(change_free);
    g_autoptr(GHashTable) overrides = vv_overrides_ask(run->sysfs, reached, run->options.stage_ms);

    for (guint i = 0; i < reached->len; i++) {
        const VvDevice *device = reached->pdata[i];
        g_autofree char *now = vv_device_driver_now(run->sysfs, device);
        if (!vv_driver_is_vfio(now))
            continue;
        VvChange *change = g_new0(VvChange, 1);
        change->address = device->address;
        change->driver = g_steal_pointer(&now);
        change->override =
            g_strdup(overrides ? g_hash_table_lookup(overrides, device->text) : change->driver);
        change->power_control = read_of(run, device, "power/control");
        change->d3cold = read_of(run, device, "d3cold_allowed");
        g_ptr_array_add(changes, change);
    }
    return changes;
}

static GPtrArray *all_reached(const VvDevice *device, const VvResetMethod *method)
{
    GPtrArray *reached = g_ptr_array_new();

    g_ptr_array_add(reached, (gpointer)device);
    g_ptr_array_extend(reached, method->reaches, NULL, NULL);
    return reached;
}

/* Would the kernel take this method and no other as its list is? After the first comes only the bus, which it
 * does not reset for one that is not alone on it. */
static gboolean takes_only(VvRun *run, const VvDevice *device, const char *list, const char *name)
{
    g_auto(GStrv) names = g_strsplit(list, " ", -1);
    g_autoptr(GPtrArray) beside = g_ptr_array_new();

    if (g_strcmp0(names[0], name) != 0)
        return FALSE;
    vv_bus_siblings(run->host, device, beside);
    for (char **rest = names + 1; *rest; rest++)
        if (!beside->len || (strcmp(*rest, "bus") != 0 && strcmp(*rest, "cxl_bus") != 0))
            return FALSE;
    return TRUE;
}

/* NULL where a kill leaves nothing to be put in order: one write, and the device is as before. */
static VvResetNote *new_note(VvRun *run, const VvDevice *device, const VvResetMethod *method,
                             const GPtrArray *reached)
{
    g_autoptr(VvResetNote) note = vv_reset_note_new(device->address);
    g_autofree char *list = read_of(run, device, "reset_method");
    g_autoptr(GPtrArray) functions = g_ptr_array_new();

    note->by = run->self;
    if (method->kind == VV_RESET_KERNEL && list && !takes_only(run, device, g_strstrip(list), method->name))
        note->methods = g_strdup(list);
    else if (method->kind == VV_RESET_SLOT)
        note->slot = g_strdup(method->path);
    else if (method->kind == VV_RESET_RESCAN)
        note->rescan = g_strdup(method->path);
    else
        return NULL;
    for (guint i = 0; !note->methods && i < reached->len; i++)
        g_ptr_array_add(functions, g_strdup(((const VvDevice *)reached->pdata[i])->text));
    g_ptr_array_add(functions, NULL);
    g_strfreev(note->functions);
    note->functions = (char **)g_ptr_array_free(g_steal_pointer(&functions), FALSE);
    return g_steal_pointer(&note);
}

/* The kernel's words for "I have not done it": no such method, or a lock that somebody has. That a device or
 * its link does not come back after a reset in time is ENOTTY too (pci_dev_wait,
 * pci_bridge_wait_for_secondary_bus): looking at the device decides. */
static gboolean is_refusal(const VvResetOutcome *outcome)
{
    return !outcome->dead && (outcome->error == ENOTTY || outcome->error == EAGAIN ||
                              outcome->error == EBUSY || outcome->error == EINVAL);
}

static char *describe(const VvResetMethod *method, const VvResetOutcome *outcome)
{
    if (outcome->wedged)
        return g_strdup_printf("%s does not end (%s)", method->name, outcome->evidence);
    if (outcome->dead)
        return g_strdup_printf("%s: %s", method->name, outcome->trouble);
    return g_strdup_printf("%s: %s", method->name,
                           outcome->error == ETIMEDOUT ? "no answer in time"
                           : outcome->error == ECHILD  ? "its worker died"
                                                       : g_strerror(outcome->error));
}

/* Slot power and removal go through drivers' remove and probe besides. */
static guint deadline_of(const VvRun *run, const VvResetMethod *method)
{
    return run->options.reset_ms + (method->consent ? 2 * run->options.stage_ms : 0);
}

static VvResetEnd attempt(VvRun *run, VvDevice *device, const VvResetMethod *method, char **ret_trouble)
{
    g_autoptr(GPtrArray) reached = all_reached(device, method);
    g_autoptr(VvResetNote) note = new_note(run, device, method, reached);
    g_autoptr(GPtrArray) changes = method->consent ? changes_back(run, reached) : NULL;
    g_autoptr(GError) problem = NULL;
    VvResetOutcome outcome;
    const VvResetOrder order = {run->sysfs,
                                device,
                                method,
                                note,
                                changes,
                                vv_journal_lock_fd(run->journal, device->group),
                                deadline_of(run, method)};

    if (note && !vv_reset_note_write(run->journal, note, &problem)) {
        *ret_trouble = g_strdup_printf("%s: %s", method->name, problem->message);
        return VV_RESET_END_REFUSED;
    }
    vv_reset_in_child(&order, &outcome);
    *ret_trouble = outcome.error || outcome.dead ? describe(method, &outcome) : NULL;
    VvResetEnd end = outcome.wedged         ? VV_RESET_END_STUCK
                     : !*ret_trouble        ? VV_RESET_END_DONE
                     : is_refusal(&outcome) ? VV_RESET_END_REFUSED
                                            : VV_RESET_END_FAILED;
    if (end == VV_RESET_END_STUCK && note) {
        /* Whoever put that in order now would hang behind it. */
        note->by = vv_process_of(run->sysfs, outcome.worker);
        vv_reset_note_write(run->journal, note, NULL);
    }
    if (end == VV_RESET_END_STUCK)
        book(run, device, VV_STATE_STUCK, vv_process_of(run->sysfs, outcome.worker), *ret_trouble);
    else if (note &&
             (outcome.error == 0 || vv_reset_finish_in_child(run->sysfs, note, run->options.reset_ms)))
        vv_reset_note_remove(run->journal, device->address, NULL);
    vv_reset_outcome_clear(&outcome);
    return end;
}

/* Others that were reached share the device's fate, each for itself. */
static void quarantine_dead(VvRun *run, const VvResetMethod *method, const char *why)
{
    for (guint i = 0; i < method->reaches->len; i++) {
        const VvDevice *device = method->reaches->pdata[i];
        if (vv_config_is_dead(run->sysfs, device->address))
            vv_reset_quarantine(run, device, why);
    }
}

VvResetEnd vv_reset_try(VvRun *run, VvDevice *device, const GPtrArray *candidates, const char **ret_method,
                        char **ret_trouble)
{
    g_autoptr(GString) troubles = g_string_new(NULL);
    VvResetEnd worst = VV_RESET_END_REFUSED, end = worst;

    *ret_trouble = NULL;
    for (guint i = 0; i < candidates->len && end != VV_RESET_END_STUCK; i++) {
        const VvResetMethod *method = candidates->pdata[i];
        g_autofree char *trouble = NULL;
        end = attempt(run, device, method, &trouble);
        if (end == VV_RESET_END_DONE) {
            *ret_method = method->name;
            return end;
        }
        if (end != VV_RESET_END_REFUSED)
            worst = end;
        if (end == VV_RESET_END_FAILED)
            quarantine_dead(run, method, trouble);
        g_string_append_printf(troubles, "%s%s", troubles->len ? "; " : "", trouble);
    }
    *ret_trouble = g_strdup(troubles->str);
    return worst;
}
