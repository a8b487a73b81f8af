/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/user-hooks.h"
#include "vfio/error.h"
#include "vfio/reset.h"

static char *method_name;
static char **allow;

const GOptionEntry vv_reset_options[] = {
    {"method", 'm', 0, G_OPTION_ARG_STRING, &method_name, "By this method, and no other", "METHOD"},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {0},
};

static gboolean is_candidate(const VvResetChoice *choice, const VvResetMethod *method)
{
    return g_ptr_array_find(choice->candidates, method, NULL);
}

static char *name_reached(const VvResetMethod *method)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < method->reaches->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "",
                               ((const VvDevice *)method->reaches->pdata[i])->text);
    return g_string_free(names, FALSE);
}

static json_object *json_method(const VvResetChoice *choice, const VvResetMethod *method)
{
    json_object *object = json_object_new_object(), *reaches = json_object_new_array();

    for (guint i = 0; i < method->reaches->len; i++)
        json_object_array_add(reaches, vv_json_text(((const VvDevice *)method->reaches->pdata[i])->text));
    json_object_object_add(object, "name", vv_json_text(method->name));
    json_object_object_add(object, "reaches", reaches);
    json_object_object_add(object, "unfit", vv_json_text(method->unfit));
    json_object_object_add(object, "tried", json_object_new_boolean(is_candidate(choice, method)));
    return object;
}

static void print_json(const VvPlan *plan, const VvResetChoice *choice, const char *used)
{
    json_object *object = vv_json_plan(plan), *methods = json_object_new_array();

    for (guint i = 0; i < choice->methods->len; i++)
        json_object_array_add(methods, json_method(choice, choice->methods->pdata[i]));
    json_object_object_add(object, "methods", methods);
    json_object_object_add(object, "method", vv_json_text(used));
    vv_json_print(object);
}

static void print_methods(const VvResetChoice *choice)
{
    struct libscols_table *table = vv_new_table(stdout);

    scols_table_new_column(table, "METHOD", 0, 0);
    scols_table_new_column(table, "TRIED", 0, 0);
    scols_table_new_column(table, "RESETS TOO", 0, SCOLS_FL_WRAP);
    scols_table_new_column(table, "WHY NOT", 0, SCOLS_FL_WRAP);
    for (guint i = 0; i < choice->methods->len; i++) {
        const VvResetMethod *method = choice->methods->pdata[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);
        g_autofree char *reached = name_reached(method);
        scols_line_set_data(line, 0, method->name);
        scols_line_set_data(line, 1, is_candidate(choice, method) ? "yes" : "");
        scols_line_set_data(line, 2, reached);
        scols_line_set_data(line, 3, method->unfit ? method->unfit : "");
    }
    putchar('\n');
    scols_print_table(table);
    scols_unref_table(table);
    fflush(stdout);
}

static gboolean check_method(GError **error)
{
    if (!method_name || vv_reset_method_known(method_name))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "--method %s: there is no such method; 'virt-vfio reset ADDRESS --dry-run' shows what the "
                "device has",
                method_name);
    return FALSE;
}

static int show(VvContext *context, const VvPlan *plan, const VvResetChoice *choice)
{
    if (context->json)
        print_json(plan, choice, NULL);
    else {
        vv_print_plan(context, stdout, plan, "This would be reset");
        print_methods(choice);
    }
    return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
}

static gboolean is_quarantined(const VvPlan *plan)
{
    const VvPlanDevice *planned = plan->devices->pdata[0];

    return g_str_equal(planned->state, vv_state_name(VV_STATE_QUARANTINED));
}

int vv_verb_reset(VvContext *context, char **words, GError **error)
{
    if (!check_method(error) || !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    VvDevice *device = vv_context_device(context, words[0], error);
    if (!device)
        return VV_ERROR_FAILED;

    /* The open group of a running guest says what libvirt would, without loading it. */
    const VvPlanOptions options = {.allow = (const char *const *)allow};
    g_autoptr(VvResetChoice) choice = NULL;
    g_autoptr(VvPlan) plan = vv_plan_reset(context->host, vv_context_journal(context), device, method_name,
                                           &options, &choice, error);
    if (!plan)
        return VV_ERROR_FAILED;
    if (context->dry_run || !vv_plan_ok(plan))
        return show(context, plan, choice);

    const VvHandoverOptions handover = vv_context_handover(context);
    const char *used = NULL;
    vv_tell_reset(context, plan);
    gboolean ok = vv_reset(context->host, context->journal, plan, choice, &handover, &used, error);
    if (context->json)
        print_json(plan, choice, used);
    else if (ok)
        printf("  by %s; it answers%s\n", used,
               is_quarantined(plan) ? ", and stays in quarantine until it is released" : "");
    return ok ? 0 : VV_ERROR_FAILED;
}

/* The drivers have changed since the plan was made, so the host is looked at anew. */
static gboolean reset_taken(VvContext *context, VvHost *host, const VvPlanDevice *planned, GPtrArray *done,
                            GError **error)
{
    VvDevice *device = vv_host_find(host, planned->address);
    const VvHandoverOptions handover = vv_context_handover(context);
    const VvPlanOptions options = {0};
    g_autoptr(VvResetChoice) choice = NULL;
    g_auto(GStrv) policy = g_strsplit(planned->reset ? planned->reset : "", " ", 2);
    const char *wanted = *policy && vv_reset_method_known(*policy) ? *policy : NULL, *used;

    if (!device || planned->companion || g_ptr_array_find(done, device, NULL))
        return TRUE;
    g_autoptr(VvPlan) plan = vv_plan_reset(host, context->journal, device, wanted, &options, &choice, error);
    if (plan && !vv_plan_ok(plan)) {
        const VvReason *reason = plan->reasons->pdata[0];
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s was to be reset before the start: %s: %s",
                    device->text, reason->code, reason->detail);
        return FALSE;
    }
    if (!plan || !vv_reset(host, context->journal, plan, choice, &handover, &used, error))
        return FALSE;
    g_ptr_array_extend(done, vv_reset_method_find(choice->methods, used)->reaches, NULL, NULL);
    return TRUE;
}

gboolean vv_reset_taken(VvContext *context, const VvPlan *plan, GError **error)
{
    g_autoptr(VvHost) host = vv_host_scan(vv_context_sysfs(context, NULL), error);
    g_autoptr(GPtrArray) done = g_ptr_array_new();

    for (guint i = 0; host && i < plan->devices->len; i++)
        if (!reset_taken(context, host, plan->devices->pdata[i], done, error))
            return FALSE;
    return host != NULL;
}
