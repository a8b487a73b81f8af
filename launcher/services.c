/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/services.h"

#include "hooks/services-note.h"
#include "hooks/services.h"
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"

/* Where nothing else is said, twice what a driver may take. */
#define DEADLINE 15

/* What a plan is made of. */
typedef struct {
    VvContext *context;
    const VvDomain *domain;
    char **allow;
} Asked;

static VvPlan *make_plan(gpointer data, GError **error)
{
    const Asked *asked = data;

    return vv_domain_plan(asked->context, asked->domain, asked->allow, error);
}

static void progress(const char *what, gint64 us, gboolean failed, gpointer data)
{
    vv_print_progress(data, what, us, failed, NULL);
}

static VvServicesOptions options_of(VvContext *context)
{
    guint seconds = (guint)(context->deadline ? context->deadline : DEADLINE);

    return (VvServicesOptions){
        .stop_ms = seconds * 2000, .start_ms = seconds * 1000, .progress = progress, .data = context};
}

gboolean vv_context_stop_services(VvContext *context, const VvDomain *domain, char **allow, VvPlan **plan,
                                  GError **error)
{
    const VvServicesOptions options = options_of(context);
    Asked asked = {context, domain, allow};

    return vv_services_stop(vv_host_sysfs(context->host), vv_context_journal(context), plan, make_plan,
                            &asked, &options, error);
}

gboolean vv_context_start_services(VvContext *context, gboolean retry)
{
    VvServicesOptions options = options_of(context);
    g_autoptr(GError) error = NULL;

    options.retry = retry;
    if (!vv_context_sysfs(context, &error) ||
        !vv_services_settle(context->sysfs, vv_context_journal(context), &options, &error))
        fprintf(stderr, "virt-vfio: %s\n", error->message);
    return !error;
}

guint vv_context_tell_services(VvContext *context)
{
    g_autoptr(GPtrArray) notes = vv_services_notes(vv_context_journal(context));

    for (guint i = 0; i < notes->len; i++) {
        const VvServicesNote *note = notes->pdata[i];
        g_autofree char *units = g_strjoinv(", ", note->units);
        printf("  %s: stopped for %s%s\n", units, note->owner_name ? note->owner_name : note->owner,
               note->failed ? ", and does not start again; see 'systemctl status'" : "");
    }
    return notes->len;
}

json_object *vv_json_services(VvContext *context)
{
    g_autoptr(GPtrArray) notes = vv_services_notes(vv_context_journal(context));
    json_object *array = json_object_new_array();

    for (guint i = 0; i < notes->len; i++) {
        const VvServicesNote *note = notes->pdata[i];
        json_object *object = json_object_new_object(), *units = json_object_new_array();
        for (char **unit = note->units; *unit; unit++)
            json_object_array_add(units, vv_json_text(*unit));
        json_object_object_add(object, "owner", vv_json_text(note->owner));
        json_object_object_add(object, "owner_name", vv_json_text(note->owner_name));
        json_object_object_add(object, "units", units);
        json_object_object_add(object, "failed", json_object_new_boolean(note->failed));
        json_object_array_add(array, object);
    }
    return array;
}
