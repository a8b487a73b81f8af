/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/error.h"
#include "vfio/reset-internal.h"
#include "vfio/reset.h"

#include <string.h>

/* Resets that a domain's policy wants before its devices go home, and those that were interrupted. */

/* May this method be used now? Its groups are locked then. A group of somebody else's that is busy is not
 * waited for: the order of locks is that of the groups, and some of them are held already. */
static gboolean may_use(VvRun *run, const VvResetMethod *method, GString *troubles)
{
    g_autofree char *trouble = g_strdup(method->unfit);

    for (guint i = 0; !trouble && i < method->reaches->len; i++) {
        const VvDevice *other = method->reaches->pdata[i];
        if (other->kind == VV_KIND_BRIDGE)
            continue;
        trouble = vv_reset_in_the_way(run, other, FALSE);
        if (!trouble && vv_journal_lock_fd(run->journal, other->group) < 0 &&
            !vv_journal_lock(run->journal, other->group, 0, NULL))
            trouble = g_strdup_printf("another virt-vfio works on %s", other->text);
    }
    if (trouble)
        g_string_append_printf(troubles, "%s%s: %s", troubles->len ? "; " : "", method->name, trouble);
    return trouble == NULL;
}

static GPtrArray *usable(VvRun *run, const GPtrArray *methods, const char *policy, GString *troubles)
{
    GPtrArray *candidates = g_ptr_array_new();
    g_auto(GStrv) names = g_strsplit(policy, " ", -1);

    for (char **name = names; *name; name++) {
        const VvResetMethod *method = **name ? vv_reset_method_find(methods, *name) : NULL;
        if (method && may_use(run, method, troubles))
            g_ptr_array_add(candidates, (gpointer)method);
        else if (**name && !method)
            g_string_append_printf(troubles, "%sit has no %s", troubles->len ? "; " : "", *name);
    }
    return candidates;
}

static void tell(VvRun *run, const VvDevice *device, gint64 before, gboolean failed)
{
    VvStep *step = vv_plan_add_step(run->plan, "reset", &device->address, g_get_monotonic_time() - before);

    step->failed = failed;
    if (run->options.progress)
        run->options.progress(step, run->options.progress_data);
}

/* FALSE: it must not go home. */
static gboolean reset_one(VvRun *run, VvDevice *device, const char *policy)
{
    g_autoptr(GPtrArray) methods = vv_reset_methods(run->host, device);
    g_autoptr(GString) troubles = g_string_new(NULL);
    g_autoptr(GPtrArray) candidates = usable(run, methods, policy, troubles);
    gint64 before = g_get_monotonic_time();
    g_autofree char *trouble = NULL;
    const char *method;

    VvResetEnd end = vv_reset_try(run, device, candidates, &method, &trouble);
    tell(run, device, before, end != VV_RESET_END_DONE);
    if (end == VV_RESET_END_DONE)
        return TRUE;
    g_string_append_printf(troubles, "%s%s", troubles->len && *trouble ? "; " : "", trouble);
    g_autofree char *why =
        g_strdup_printf("it was to be reset (%s) before it goes back: %s", policy, troubles->str);
    if (end != VV_RESET_END_STUCK)
        vv_reset_quarantine(run, device, why);
    vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED,
                                 "%s stays on VFIO: %s; 'virt-vfio release %s' tries again", device->text,
                                 why, device->text));
    return FALSE;
}

void vv_run_reset(VvRun *run)
{
    /* From the end, because what fails is taken out of both. */
    for (guint i = run->entries->len; i > 0; i--) {
        const VvEntry *entry = run->entries->pdata[i - 1];
        VvJob *job = run->jobs->pdata[i - 1];
        VvDevice *device = vv_run_planned(run, entry->address)->device;
        g_autofree char *now = vv_device_driver_now(run->sysfs, device);
        if (!entry->reset || strcmp(entry->reset, "auto") == 0 || !vv_driver_is_vfio(now))
            continue;
        if (strcmp(entry->reset, "none") == 0) {
            job->change.no_reset = TRUE;
        } else if (!reset_one(run, device, entry->reset)) {
            g_ptr_array_remove_index(run->jobs, i - 1);
            g_ptr_array_remove_index(run->entries, i - 1);
        }
    }
}

/* The group of a function that is away is not known; its program is gone, so nobody else works on it. */
static gboolean finish(const VvSysfs *sysfs, VvJournal *journal, const VvResetNote *note, guint deadline_ms,
                       GError **error)
{
    char text[VV_ADDRESS_TEXT];

    if (vv_reset_finish_in_child(sysfs, note, deadline_ms))
        return vv_reset_note_remove(journal, note->address, error);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "%s: what an interrupted reset left could not be put in order; look at the kernel log",
                vv_address_format(note->address, text));
    return FALSE;
}

gboolean vv_reset_recover(const VvSysfs *sysfs, VvJournal *journal, const VvHandoverOptions *options,
                          gboolean *ret_changed, GError **error)
{
    g_autoptr(GPtrArray) notes = vv_reset_notes(journal);
    guint deadline_ms = options && options->reset_ms ? options->reset_ms : 70000;
    gboolean ok = TRUE;

    for (guint i = 0; i < notes->len; i++) {
        const VvResetNote *note = notes->pdata[i];
        if (vv_process_alive(sysfs, note->by))
            continue;
        if (ret_changed && *note->functions)
            *ret_changed = TRUE;
        ok = finish(sysfs, journal, note, deadline_ms, ok ? error : NULL) && ok;
    }
    return ok;
}
