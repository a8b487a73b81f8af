/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/plan-json.h"

json_object *vv_json_text(const char *text)
{
    return text ? json_object_new_string(text) : NULL;
}

json_object *vv_json_address(VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return json_object_new_string(vv_address_format(address, text));
}

static json_object *json_plan_reason(const VvReason *reason)
{
    json_object *object = json_object_new_object();
    g_autofree char *allow = vv_reason_allow_words(reason);

    json_object_object_add(object, "code", vv_json_text(reason->code));
    json_object_object_add(object, "severity", vv_json_text(vv_severity_name(reason->severity)));
    json_object_object_add(object, "address", vv_json_address(reason->address));
    json_object_object_add(object, "detail", vv_json_text(reason->detail));
    json_object_object_add(object, "remedy", vv_json_text(reason->remedy));
    json_object_object_add(object, "allow", vv_json_text(allow));
    json_object_object_add(object, "allowed", json_object_new_boolean(reason->allowed));
    return object;
}

static json_object *json_plan_device(const VvPlanDevice *device)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "address", vv_json_address(device->address));
    json_object_object_add(object, "from", vv_json_text(device->from));
    json_object_object_add(object, "to", vv_json_text(device->to));
    json_object_object_add(object, "state", vv_json_text(device->state));
    json_object_object_add(object, "companion", json_object_new_boolean(device->companion));
    json_object_object_add(object, "rom", vv_json_text(device->rom));
    json_object_object_add(object, "lost", vv_json_text(device->lost));
    return object;
}

static json_object *json_step(const VvStep *step)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "what", vv_json_text(step->what));
    json_object_object_add(object, "address", step->has_address ? vv_json_address(step->address) : NULL);
    json_object_object_add(object, "ms",
                           step->us < 0 ? NULL : json_object_new_double((double)step->us / 1000.0));
    json_object_object_add(object, "failed", json_object_new_boolean(step->failed));
    return object;
}

json_object *vv_json_plan(const VvPlan *plan)
{
    json_object *object = json_object_new_object();
    json_object *devices = json_object_new_array(), *reasons = json_object_new_array(),
                *steps = json_object_new_array();

    for (guint i = 0; i < plan->devices->len; i++)
        json_object_array_add(devices, json_plan_device(plan->devices->pdata[i]));
    for (guint i = 0; i < plan->reasons->len; i++)
        json_object_array_add(reasons, json_plan_reason(plan->reasons->pdata[i]));
    for (guint i = 0; i < plan->steps->len; i++)
        json_object_array_add(steps, json_step(plan->steps->pdata[i]));
    json_object_object_add(object, "verdict", vv_json_text(vv_plan_ok(plan) ? "ok" : "refused"));
    json_object_object_add(object, "devices", devices);
    json_object_object_add(object, "reasons", reasons);
    json_object_object_add(object, "steps", steps);
    return object;
}
