/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/userhook.h"

#include "hooks/plan-json.h"
#include "hooks/userhook-internal.h"
#include "vfio/error.h"

#include <string.h>

#define HOOK_MS 10000

/* `refusal` is the error of a phase that decides, and 0 of one that does not. `reserve_ms` is what libvirt's
 * hook keeps for what comes behind the phase. A taking that then has too little time is cut off, and libvirt
 * has it undone by a call that has all of its own; behind a giving back there is none. */
static const struct {
    const char *name;
    VvError refusal;
    guint reserve_ms;
} phases[] = {
    [VV_PHASE_PRE_BIND] = {"pre-bind", VV_ERROR_REFUSED, 8000},
    [VV_PHASE_POST_BIND] = {"post-bind", 0, 2000},
    [VV_PHASE_PRE_START] = {"pre-start", VV_ERROR_FAILED, 2000},
    [VV_PHASE_POST_START] = {"post-start", 0, 2000},
    [VV_PHASE_PRE_RELEASE] = {"pre-release", VV_ERROR_FAILED, 16000},
    [VV_PHASE_RESET] = {"reset", 0, 16000},
    [VV_PHASE_POST_RELEASE] = {"post-release", 0, 2000},
};

const char *vv_phase_name(VvPhase phase)
{
    return phases[phase].name;
}

static GPtrArray *make_arguments(const VvUserHooks *hooks, VvPhase phase, const VvPlan *plan)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(arguments, NULL); /* the program, one after the other */
    g_ptr_array_add(arguments, g_strdup(hooks->domain));
    g_ptr_array_add(arguments, g_strdup(phases[phase].name));
    for (guint i = 0; i < plan->devices->len; i++)
        g_ptr_array_add(arguments, vv_address_dup(((const VvPlanDevice *)plan->devices->pdata[i])->address));
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

static GPtrArray *make_environment(const VvUserHooks *hooks, VvPhase phase)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(words, g_strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    g_ptr_array_add(words, g_strdup("LANG=C.UTF-8"));
    g_ptr_array_add(words, g_strconcat("VIRT_VFIO_PHASE=", phases[phase].name, NULL));
    g_ptr_array_add(words, g_strconcat("VIRT_VFIO_DOMAIN=", hooks->domain, NULL));
    g_ptr_array_add(words, g_strconcat("VIRT_VFIO_UUID=", hooks->uuid ? hooks->uuid : "", NULL));
    g_ptr_array_add(words, NULL);
    return words;
}

/* How long the next hook may take; 0: there is no time left. */
static guint time_left(const VvUserHooks *hooks, VvPhase phase, gint64 began)
{
    gint64 now = g_get_monotonic_time();
    gint64 left = hooks->phase_ms ? hooks->phase_ms - (now - began) / 1000 : HOOK_MS;

    if (hooks->until)
        left = MIN(left, (hooks->until - now) / 1000 - phases[phase].reserve_ms);
    return (guint)CLAMP(left, 0, HOOK_MS);
}

/* Nobody's terminal or log is at a hook's mercy. */
static char *printable(const GString *output)
{
    char *text = g_utf8_make_valid(output->str, (gssize)output->len);

    for (char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c) && *c != '\n' && *c != '\t')
            *c = '?';
    return g_strchomp(text);
}

/* Says what it printed. The last line, which mostly is the reason of a failure: new string. */
static char *say_output(const VvUserHooks *hooks, const VvUserHook *hook, const GString *output)
{
    g_autofree char *text = printable(output);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint count = g_strv_length(lines);

    for (char **line = lines; *text && *line; line++) {
        g_autofree char *said = g_strdup_printf("%s: %s", hook->name, *line);
        hooks->say(said, hooks->data);
    }
    return g_strdup(count ? lines[count - 1] : "");
}

/* NULL, or what went wrong: new string. */
static char *run_one(const VvUserHooks *hooks, const VvUserHook *hook, VvUserProgram *program, guint ms)
{
    g_autoptr(GString) output = g_string_new(NULL);

    if (hook->problem)
        return g_strdup_printf("user hook %s", hook->problem);
    if (!ms)
        return g_strdup_printf("user hook %s was not run: no time is left", hook->path);
    program->ms = ms;
    g_autofree char *problem = vv_user_program_run(hooks->sysfs, program, output);
    g_autofree char *last = say_output(hooks, hook, output);
    if (!problem)
        return NULL;
    return g_strdup_printf("user hook %s: %s%s%s", hook->path, problem, *last ? ": " : "", last);
}

static const char *first_problem(const GPtrArray *found)
{
    for (guint i = 0; i < found->len; i++)
        if (((const VvUserHook *)found->pdata[i])->problem)
            return ((const VvUserHook *)found->pdata[i])->problem;
    return NULL;
}

static gboolean run_all(const VvUserHooks *hooks, VvPhase phase, const GPtrArray *found, const VvPlan *plan,
                        GError **error)
{
    g_autoptr(GPtrArray) arguments = make_arguments(hooks, phase, plan);
    g_autoptr(GPtrArray) environment = make_environment(hooks, phase);
    json_object *json = vv_json_plan(plan);
    VvUserProgram program = {.arguments = (char *const *)arguments->pdata,
                             .environment = (char *const *)environment->pdata,
                             .input = json_object_to_json_string(json)};
    gint64 began = g_get_monotonic_time();
    gboolean ok = TRUE;

    for (guint i = 0; i < found->len && ok; i++) {
        const VvUserHook *hook = found->pdata[i];
        g_free(arguments->pdata[0]);
        arguments->pdata[0] = g_strdup(hook->path);
        g_autofree char *problem = run_one(hooks, hook, &program, time_left(hooks, phase, began));
        ok = !problem || !phases[phase].refusal;
        if (!ok)
            g_set_error(error, VV_ERROR, phases[phase].refusal, "%s", problem);
        else if (problem)
            hooks->say(problem, hooks->data);
    }
    json_object_put(json);
    return ok;
}

gboolean vv_user_hooks_run(const VvUserHooks *hooks, VvPhase phase, const VvPlan *plan, GError **error)
{
    g_autoptr(GPtrArray) found = vv_user_hooks_find(hooks->sysfs, hooks->domain, phases[phase].name);
    const char *problem = first_problem(found);

    if (!found->len)
        return TRUE;
    if (!problem || !phases[phase].refusal)
        return run_all(hooks, phase, found, plan, error);
    g_set_error(error, VV_ERROR, phases[phase].refusal, "user hook %s", problem);
    return FALSE;
}
