/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset.h"

#include "vfio/error.h"
#include "vfio/group.h"
#include "vfio/reset-internal.h"

void vv_reset_choice_free(VvResetChoice *choice)
{
    if (!choice)
        return;
    g_ptr_array_unref(choice->candidates);
    g_ptr_array_unref(choice->methods);
    g_free(choice);
}

char *vv_reset_in_the_way(const VvRun *run, const VvDevice *device, gboolean allow_driver)
{
    g_autofree char *now = vv_device_driver_now(run->sysfs, device);

    if (vv_driver_may_stay(now) && device->group >= 0 && vv_group_in_use(run->sysfs, device->group))
        return g_strdup_printf("a running program holds %s (/dev/vfio/%d)", device->text, device->group);
    if (!allow_driver && !vv_driver_may_stay(now))
        return g_strdup_printf("%s has the driver %s", device->text, now);
    return NULL;
}

static int compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

static void add_group(GArray *groups, const VvDevice *device)
{
    for (guint i = 0; i < groups->len; i++)
        if (g_array_index(groups, int, i) == device->group)
            return;
    g_array_append_val(groups, device->group);
}

static gboolean lock(VvRun *run, VvDevice *device, const GPtrArray *candidates)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));

    add_group(groups, device);
    for (guint i = 0; i < candidates->len; i++) {
        const VvResetMethod *method = candidates->pdata[i];
        for (guint j = 0; j < method->reaches->len; j++)
            add_group(groups, method->reaches->pdata[j]);
    }
    g_array_sort(groups, compare_ints);
    return vv_journal_lock_groups(run->journal, groups, run->options.lock_ms, &run->error);
}

/* What the plan saw must still hold under the locks. */
static gboolean is_as_planned(VvRun *run, const VvDevice *device)
{
    g_autofree char *now = vv_device_driver_now(run->sysfs, device);
    char *in_the_way = vv_reset_in_the_way(run, device, TRUE);

    if (!in_the_way && g_strcmp0(now, device->driver) != 0)
        in_the_way = g_strdup_printf("%s has just changed its driver", device->text);
    if (in_the_way)
        vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_REFUSED, "process-holds: %s; nothing was changed",
                                     in_the_way));
    g_free(in_the_way);
    return run->error == NULL;
}

static gboolean all_as_planned(VvRun *run, const VvDevice *device, const GPtrArray *candidates)
{
    gboolean ok = is_as_planned(run, device);

    for (guint i = 0; ok && i < candidates->len; i++) {
        const VvResetMethod *method = candidates->pdata[i];
        for (guint j = 0; ok && j < method->reaches->len; j++) {
            const VvDevice *other = method->reaches->pdata[j];
            ok = other->kind == VV_KIND_BRIDGE || is_as_planned(run, other);
        }
    }
    return ok;
}

static void conclude(VvRun *run, const VvDevice *device, VvResetEnd end, const char *trouble)
{
    if (end == VV_RESET_END_FAILED)
        vv_reset_quarantine(run, device, trouble);
    vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s was not reset: %s%s", device->text, trouble,
                                 end == VV_RESET_END_REFUSED ? "; it answers"
                                 : end == VV_RESET_END_STUCK ? "; only a reboot may help"
                                                             : "; see 'virt-vfio status'"));
}

gboolean vv_reset(VvHost *host, VvJournal *journal, VvPlan *plan, const VvResetChoice *choice,
                  const VvHandoverOptions *options, const char **ret_method, GError **error)
{
    VvDevice *device = ((VvPlanDevice *)plan->devices->pdata[0])->device;
    const char *method = NULL;
    g_autofree char *trouble = NULL;
    VvRun run;

    if (!vv_plan_ok(plan)) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "refused by the plan; nothing was changed");
        return FALSE;
    }
    vv_run_init(&run, host, journal, plan, options);
    if (lock(&run, device, choice->candidates) && all_as_planned(&run, device, choice->candidates)) {
        VvStep *step = plan->steps->pdata[0];
        gint64 before = g_get_monotonic_time();
        VvResetEnd end = vv_reset_try(&run, device, choice->candidates, &method, &trouble);
        step->us = g_get_monotonic_time() - before;
        step->failed = end != VV_RESET_END_DONE;
        if (run.options.progress)
            run.options.progress(step, run.options.progress_data);
        if (step->failed)
            conclude(&run, device, end, trouble);
    }
    if (ret_method)
        *ret_method = method;
    return vv_run_clear(&run, error);
}
