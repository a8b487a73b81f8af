/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-json.h"

#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/rom-manifest.h"

static void add_text(json_object *object, const char *key, const char *text)
{
    g_autofree char *clean = text ? vv_report_clean(text) : NULL;

    json_object_object_add(object, key, vv_json_text(clean));
}

static void add_number(json_object *object, const char *key, gint64 number)
{
    json_object_object_add(object, key, number > 0 ? json_object_new_int64(number) : NULL);
}

static json_object *json_host(const VvMachine *machine)
{
    json_object *object = json_object_new_object();

    add_text(object, "name", machine->name);
    add_text(object, "product", machine->product);
    add_text(object, "board", machine->board);
    add_text(object, "serial", machine->serial);
    add_text(object, "firmware", machine->firmware);
    add_text(object, "firmware_date", machine->firmware_date);
    add_text(object, "cpu", machine->cpu);
    add_number(object, "sockets", machine->sockets);
    add_number(object, "cores", machine->cores);
    add_number(object, "threads", machine->threads);
    add_number(object, "memory_kib", (gint64)machine->memory_kib);
    add_text(object, "kernel", machine->kernel);
    add_text(object, "command_line", machine->command_line);
    add_text(object, "iommu", machine->iommu);
    add_text(object, "iommu_type", machine->iommu_type);
    return object;
}

static json_object *json_link(const VvPlace *place)
{
    if (!place->speed && !place->width && !place->max_speed && !place->max_width)
        return NULL;
    json_object *object = json_object_new_object();
    add_text(object, "speed", place->speed);
    add_number(object, "width", place->width);
    add_text(object, "max_speed", place->max_speed);
    add_number(object, "max_width", place->max_width);
    return object;
}

static json_object *json_users(const VvReportDevice *device)
{
    json_object *array = json_object_new_array();

    for (guint i = 0; i < device->users->len; i++) {
        const VvDomainInfo *domain = g_array_index(device->users, VvReportUser, i).domain;
        json_object *object = json_object_new_object();
        add_text(object, "domain", domain->name);
        add_text(object, "state", vv_domain_state_name(domain->state));
        json_object_array_add(array, object);
    }
    return array;
}

static json_object *json_rom(const VvReportDevice *device)
{
    json_object *object = device->rom ? vv_manifest_version(device->rom) : NULL;

    if (object)
        add_text(object, "card", device->rom_folder);
    return object;
}

static json_object *json_device(const VvReport *report, const VvReportDevice *reported)
{
    VvDevice *device = reported->device;
    const VvIdentity *identity = reported->identity;
    const VvTreeNode *above = vv_tree_above(reported->node);
    g_autofree char *who = reported->entry ? vv_owner_text(reported->entry) : NULL;
    g_autofree char *dsn = identity->dsn ? vv_identity_dsn_text(identity->dsn) : NULL;
    json_object *object = vv_json_device(report->host, device, who, NULL);

    /* What is in the way of taking it is a question of the moment. */
    json_object_object_del(object, "reasons");
    add_text(object, "slot", reported->place->slot);
    add_text(object, "label", reported->place->label);
    add_number(object, "index", reported->place->index);
    json_object_object_add(object, "link", json_link(reported->place));
    add_text(object, "serial", device->is_virtual ? NULL : identity->serial);
    add_text(object, "mac", device->is_virtual ? NULL : identity->mac);
    add_text(object, "dsn", device->is_virtual ? NULL : dsn);
    add_text(object, "parent", above ? above->device->text : NULL);
    json_object_object_add(object, "physfn", device->is_virtual ? vv_json_address(device->parent) : NULL);
    json_object_object_add(object, "used_by", json_users(reported));
    json_object_object_add(object, "rom_backup", json_rom(reported));
    return object;
}

static json_object *json_domain(const VvReport *report, const VvDomainInfo *domain)
{
    json_object *object = json_object_new_object(), *devices = json_object_new_array();
    const GArray *hosts = g_hash_table_lookup(report->hosts_of, domain);

    for (guint i = 0; i < hosts->len; i++)
        json_object_array_add(devices, vv_json_address(g_array_index(hosts, VvAddress, i)));
    add_text(object, "name", domain->name);
    add_text(object, "uuid", domain->uuid);
    add_text(object, "state", vv_domain_state_name(domain->state));
    json_object_object_add(object, "devices", devices);
    return object;
}

char *vv_report_json(const VvReport *report)
{
    json_object *object = json_object_new_object(), *notes = json_object_new_array(),
                *devices = json_object_new_array(), *domains = json_object_new_array();

    for (guint i = 0; i < report->notes->len; i++)
        json_object_array_add(notes, vv_json_text(report->notes->pdata[i]));
    for (guint i = 0; i < report->devices->len; i++)
        json_object_array_add(devices, json_device(report, report->devices->pdata[i]));
    for (guint i = 0; i < report->domains->len; i++)
        json_object_array_add(domains, json_domain(report, report->domains->pdata[i]));
    add_text(object, "date", report->date);
    json_object_object_add(object, "host", json_host(report->machine));
    json_object_object_add(object, "notes", notes);
    json_object_object_add(object, "devices", devices);
    json_object_object_add(object, "groups", vv_json_groups(report->host));
    json_object_object_add(object, "domains", domains);
    char *text =
        g_strconcat(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE),
                    "\n", NULL);
    json_object_put(object);
    return text;
}
