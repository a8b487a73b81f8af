/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/json.h"

#include <stdio.h>

static json_object *id_pair(guint vendor, guint device)
{
    g_autofree char *text = g_strdup_printf("%04x:%04x", vendor, device);

    return json_object_new_string(text);
}

static json_object *hex4(guint value)
{
    g_autofree char *text = g_strdup_printf("%04x", value);

    return json_object_new_string(text);
}

static json_object *json_device_reasons(const VvDevice *device, const GPtrArray *reasons)
{
    json_object *array = json_object_new_array();

    for (guint i = 0; reasons && i < reasons->len; i++) {
        const VvReason *reason = reasons->pdata[i];
        if (!vv_address_equal(reason->address, device->address))
            continue;
        json_object *object = json_object_new_object();
        json_object_object_add(object, "code", vv_json_text(reason->code));
        json_object_object_add(object, "severity", vv_json_text(vv_severity_name(reason->severity)));
        json_object_object_add(object, "detail", vv_json_text(reason->detail));
        json_object_array_add(array, object);
    }
    return array;
}

static json_object *json_sriov(const VvDevice *device)
{
    if (!device->has_sriov)
        return NULL;
    json_object *object = json_object_new_object();
    json_object_object_add(object, "total", json_object_new_int((int)device->sriov_total));
    json_object_object_add(object, "current", json_object_new_int((int)device->sriov_current));
    return object;
}

json_object *vv_json_device(VvHost *host, VvDevice *device, const char *claimed_by, const GPtrArray *reasons)
{
    json_object *object = json_object_new_object(), *methods = json_object_new_array();
    char class_text[8];

    vv_device_read_details(vv_host_sysfs(host), device);
    for (char **method = device->reset_methods; *method; method++)
        json_object_array_add(methods, vv_json_text(*method));
    json_object_object_add(object, "address", vv_json_text(device->text));
    json_object_object_add(object, "kind", vv_json_text(vv_kind_name(device->kind)));
    json_object_object_add(object, "class", vv_json_text(vv_device_class_text(device, class_text)));
    json_object_object_add(object, "vendor", hex4(device->vendor));
    json_object_object_add(object, "device", hex4(device->device));
    json_object_object_add(object, "subsystem", id_pair(device->subsystem_vendor, device->subsystem_device));
    json_object_object_add(object, "name", vv_json_text(vv_host_device_name(host, device)));
    json_object_object_add(object, "driver", vv_json_text(device->driver));
    json_object_object_add(object, "group", device->group < 0 ? NULL : json_object_new_int(device->group));
    json_object_object_add(object, "numa_node",
                           device->numa_node < 0 ? NULL : json_object_new_int(device->numa_node));
    json_object_object_add(object, "boot_vga", json_object_new_boolean(device->boot_vga));
    json_object_object_add(object, "reset_methods", methods);
    json_object_object_add(object, "rom", json_object_new_boolean(device->has_rom));
    json_object_object_add(object, "sriov", json_sriov(device));
    json_object_object_add(object, "claimed_by", vv_json_text(claimed_by));
    json_object_object_add(object, "reasons", json_device_reasons(device, reasons));
    return object;
}

json_object *vv_json_groups(const VvHost *host)
{
    json_object *array = json_object_new_array();
    const GArray *groups = vv_host_groups(host);

    for (guint i = 0; i < groups->len; i++) {
        int group = g_array_index(groups, int, i);
        const GPtrArray *members = vv_host_group_members(host, group);
        json_object *object = json_object_new_object(), *names = json_object_new_array();
        for (guint j = 0; j < members->len; j++)
            json_object_array_add(names, vv_json_text(((const VvDevice *)members->pdata[j])->text));
        json_object_object_add(object, "id", json_object_new_int(group));
        json_object_object_add(object, "members", names);
        json_object_object_add(object, "viable",
                               json_object_new_boolean(vv_host_group_viable(host, group, NULL, NULL)));
        json_object_array_add(array, object);
    }
    return array;
}

void vv_json_print(json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}
