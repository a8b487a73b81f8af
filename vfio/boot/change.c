/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/change.h"

#include <string.h>

void vv_setup_step_free(VvSetupStep *step)
{
    if (!step)
        return;
    g_free(step->why);
    g_free(step->path);
    g_free(step->before);
    g_free(step->after);
    g_free(step->key);
    g_strfreev(step->added);
    g_strfreev(step->replaced);
    g_strfreev(step->argv);
    g_strfreev(step->undo_argv);
    g_free(step);
}

static void free_step(gpointer step)
{
    vv_setup_step_free(step);
}

VvSetupPlan *vv_setup_plan_new(void)
{
    VvSetupPlan *plan = g_new0(VvSetupPlan, 1);

    plan->steps = g_ptr_array_new_with_free_func(free_step);
    plan->notes = g_ptr_array_new_with_free_func(g_free);
    return plan;
}

void vv_setup_plan_free(VvSetupPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->notes);
    g_free(plan->snippet);
    g_free(plan);
}

static VvSetupStep *add(VvSetupPlan *plan, VvSetupWhat what, const char *why)
{
    VvSetupStep *step = g_new0(VvSetupStep, 1);

    step->what = what;
    step->why = g_strdup(why);
    g_ptr_array_add(plan->steps, step);
    return step;
}

VvSetupStep *vv_setup_plan_file(VvSetupPlan *plan, const char *path, const char *before, const char *after,
                                VvSetupEdit edit, const char *why)
{
    if (g_strcmp0(before, after) == 0)
        return NULL;
    VvSetupStep *step = add(plan, VV_SETUP_FILE, why);
    step->path = g_strdup(path);
    step->before = g_strdup(before);
    step->after = g_strdup(after);
    step->edit = edit;
    return step;
}

VvSetupStep *vv_setup_plan_run(VvSetupPlan *plan, const char *const *argv, const char *const *undo_argv,
                               gboolean rebuild, const char *why)
{
    VvSetupStep *step = add(plan, VV_SETUP_RUN, why);

    step->argv = g_strdupv((char **)argv);
    step->undo_argv = g_strdupv((char **)undo_argv);
    step->rebuild = rebuild;
    return step;
}

char *vv_setup_command_text(const char *const *argv)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_=./:,+@%";
    GString *text = g_string_new(NULL);

    for (; *argv; argv++) {
        g_autofree char *quoted = **argv && !(*argv)[strspn(*argv, plain)] ? NULL : g_shell_quote(*argv);
        g_string_append_printf(text, "%s%s", text->len ? " " : "", quoted ? quoted : *argv);
    }
    return g_string_free(text, FALSE);
}
