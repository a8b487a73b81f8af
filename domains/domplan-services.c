/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domplan-services.h"

#include "domains/units.h"

#include <string.h>

#define STEP "stop "

static void replace(char **text, char *other)
{
    g_free(*text);
    *text = other;
}

/* "Xorg (pid 812) holds …" -> "Xorg (pid 812, display-manager.service) holds …" */
static void name_unit(VvReason *reason, const char *unit)
{
    g_autofree char *pid = g_strdup_printf("(pid %d)", reason->pid);
    const char *found = strstr(reason->detail, pid);

    if (!found)
        return;
    gsize before = (gsize)(found - reason->detail) + strlen(pid) - 1;
    replace(&reason->detail,
            g_strdup_printf("%.*s, %s%s", (int)before, reason->detail, unit, reason->detail + before));
}

static void set_remedy(VvReason *reason, const VvSysfs *sysfs, const char *unit)
{
    if (vv_unit_is_of_display(sysfs, unit))
        replace(&reason->remedy, g_strdup("stop the display manager ('systemctl stop " VV_DISPLAY_MANAGER
                                          "', which ends the sessions on it), or have "
                                          "it stopped and started again: display-manager = stop in [vm] of "
                                          "the VM file"));
    else if (vv_unit_is_service(unit))
        replace(&reason->remedy, g_strdup_printf("stop it ('systemctl stop %s'), or have it stopped and "
                                                 "started again: stop-services = %s in [vm] of the VM file",
                                                 unit, unit));
}

static gboolean is_in_the_way(const VvReason *reason)
{
    return reason->severity == VV_SEVERITY_BLOCK && reason->pid && strcmp(reason->code, "process-holds") == 0;
}

/* Which of the consented units' stop would free what the process holds; NULL: none's. */
static const char *consented(const VvSysfs *sysfs, const char *unit, gboolean display_manager,
                             char *const *units)
{
    if (units && g_strv_contains((const char *const *)units, unit))
        return unit;
    return display_manager && vv_unit_is_of_display(sysfs, unit) ? VV_DISPLAY_MANAGER : NULL;
}

static void add_stop(VvPlan *plan, guint at, const char *unit)
{
    g_autofree char *what = g_strconcat(STEP, unit, NULL);
    VvStep *step = vv_plan_add_step(plan, g_intern_string(what), NULL, -1);

    g_ptr_array_steal_index(plan->steps, plan->steps->len - 1);
    g_ptr_array_insert(plan->steps, (gint)at, step);
}

static void add_stops(VvPlan *plan, const GHashTable *wanted, char *const *units)
{
    guint at = 0;

    if (g_hash_table_contains((GHashTable *)wanted, VV_DISPLAY_MANAGER))
        add_stop(plan, at++, VV_DISPLAY_MANAGER);
    for (; units && *units; units++)
        if (g_hash_table_contains((GHashTable *)wanted, *units))
            add_stop(plan, at++, *units);
}

void vv_plan_consent(VvPlan *plan, const VvSysfs *sysfs, gboolean display_manager, char *const *units)
{
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < plan->reasons->len; i++) {
        VvReason *reason = plan->reasons->pdata[i];
        g_autofree char *unit = reason->pid ? vv_unit_of_process(sysfs, reason->pid) : NULL;
        const char *stop = unit ? consented(sysfs, unit, display_manager, units) : NULL;
        if (!unit)
            continue;
        name_unit(reason, unit);
        if (!is_in_the_way(reason))
            continue;
        set_remedy(reason, sysfs, unit);
        if (!stop)
            continue;
        reason->allowed = TRUE;
        g_hash_table_add(wanted, (gpointer)g_intern_string(stop));
    }
    add_stops(plan, wanted, units);
}

void vv_plan_name_units(VvPlan *plan, const VvSysfs *sysfs)
{
    vv_plan_consent(plan, sysfs, FALSE, NULL);
}

VvStep *vv_plan_find_stop(const VvPlan *plan, const char *unit)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        VvStep *step = plan->steps->pdata[i];
        if (g_str_has_prefix(step->what, STEP) && strcmp(step->what + strlen(STEP), unit) == 0)
            return step;
    }
    return NULL;
}

char **vv_plan_units_to_stop(const VvPlan *plan)
{
    g_autoptr(GStrvBuilder) units = g_strv_builder_new();

    for (guint i = 0; i < plan->steps->len; i++) {
        const VvStep *step = plan->steps->pdata[i];
        if (g_str_has_prefix(step->what, STEP) && step->us < 0)
            g_strv_builder_add(units, step->what + strlen(STEP));
    }
    return g_strv_builder_end(units);
}
