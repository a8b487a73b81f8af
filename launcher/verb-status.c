/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/services.h"
#include "vfio/error.h"
#include "vfio/vf-lost.h"

#include <stdio.h>
#include <string.h>

static char *since_text(gint64 since)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(since);

    return when ? g_date_time_format(when, "%F %T") : g_strdup("unknown");
}

/* What became of a VF that went while it was taken, or is about to: new string; NULL for all else. */
static char *lost_text(VvContext *context, const VvEntry *entry)
{
    char text[VV_ADDRESS_TEXT];
    g_autofree char *path =
        g_strdup_printf("sys/bus/pci/devices/%s", vv_address_format(entry->address, text));
    const VvSysfs *sysfs = entry->place ? vv_context_sysfs(context, NULL) : NULL;

    if (!sysfs)
        return NULL;
    if (vv_sysfs_exists(sysfs, path))
        return vv_vf_leaving(sysfs, entry->address, entry->place);
    g_autofree char *lost = vv_vf_lost(sysfs, entry->place), *remedy = vv_vf_lost_remedy(sysfs, entry->place);
    return g_strdup_printf("it is gone: %s; %s", lost, remedy);
}

static json_object *json_entry(VvContext *context, const VvEntry *entry)
{
    json_object *object = json_object_new_object();
    g_autofree char *lost = lost_text(context, entry);

    json_object_object_add(object, "address", vv_json_address(entry->address));
    json_object_object_add(object, "state", vv_json_text(vv_state_name(entry->state)));
    json_object_object_add(object, "owner", vv_json_text(entry->owner));
    json_object_object_add(object, "owner_name", vv_json_text(entry->owner_name));
    json_object_object_add(object, "from", vv_json_text(entry->driver));
    json_object_object_add(object, "since", json_object_new_int64(entry->since));
    json_object_object_add(object, "note", vv_json_text(entry->note));
    json_object_object_add(object, "lost", vv_json_text(lost));
    return object;
}

static json_object *json_domain(const VvDomainInfo *info, const VvDomain *domain)
{
    json_object *object = json_object_new_object(), *devices = json_object_new_array();

    for (guint i = 0; i < domain->devices->len; i++)
        json_object_array_add(devices,
                              vv_json_address(((const VvDomainDevice *)domain->devices->pdata[i])->host));
    json_object_object_add(object, "name", vv_json_text(info->name));
    json_object_object_add(object, "state", vv_json_text(vv_domain_state_name(info->state)));
    json_object_object_add(object, "devices", devices);
    return object;
}

static void print_entry(VvContext *context, const VvEntry *entry)
{
    char text[VV_ADDRESS_TEXT];
    g_autofree char *lost = lost_text(context, entry);
    g_autofree char *since = since_text(entry->since);

    printf("  %s  %-11s for %s, from %s, since %s\n", vv_address_format(entry->address, text),
           vv_state_name(entry->state), entry->owner_name ? entry->owner_name : entry->owner,
           entry->driver ? entry->driver : "no driver", since);
    if (entry->note)
        printf("      %s\n", entry->note);
    if (lost)
        printf("      %s\n", lost);
}

static void print_domain(const VvDomainInfo *info, const VvDomain *domain)
{
    printf("  %-20s %-9s", info->name, vv_domain_state_name(info->state));
    for (guint i = 0; i < domain->devices->len; i++) {
        char text[VV_ADDRESS_TEXT];
        printf(" %s", vv_address_format(((const VvDomainDevice *)domain->devices->pdata[i])->host, text));
    }
    putchar('\n');
}

/* Domains with PCI devices: printed, or appended to `array`. Returns how many. */
static guint report_domains(VvContext *context, json_object *array)
{
    VvConnection *connection = context->sysroot ? NULL : vv_context_connection(context, NULL);
    g_autoptr(GPtrArray) domains = connection ? vv_connection_list(connection, NULL) : NULL;
    guint count = 0;

    for (guint i = 0; domains && i < domains->len; i++) {
        const VvDomainInfo *info = domains->pdata[i];
        g_autoptr(VvDomain) domain = info->xml ? vv_domain_read(info->xml, strlen(info->xml), NULL) : NULL;
        if (!domain || !domain->devices->len)
            continue;
        if (array)
            json_object_array_add(array, json_domain(info, domain));
        else {
            if (count == 0)
                puts("Domains with PCI devices:");
            print_domain(info, domain);
        }
        count++;
    }
    if (!connection && !array && !context->sysroot)
        puts("libvirt does not answer, so domains are not shown.");
    return count;
}

int vv_verb_status(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(vv_context_journal(context), error);
    if (!entries)
        return VV_ERROR_FAILED;

    if (context->json) {
        json_object *object = json_object_new_object(), *devices = json_object_new_array(),
                    *domains = json_object_new_array();
        for (guint i = 0; i < entries->len; i++)
            json_object_array_add(devices, json_entry(context, entries->pdata[i]));
        report_domains(context, domains);
        json_object_object_add(object, "devices", devices);
        json_object_object_add(object, "domains", domains);
        json_object_object_add(object, "services", vv_json_services(context));
        vv_json_print(object);
        return 0;
    }
    puts(entries->len ? "Taken from this host:" : "Nothing is taken from this host.");
    for (guint i = 0; i < entries->len; i++)
        print_entry(context, entries->pdata[i]);
    vv_context_tell_services(context);
    report_domains(context, NULL);
    return 0;
}
