/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "vfio/error.h"
#include "vfio/override.h"

/* It is there at once, or not at all. */
#define OVERRIDE_MS 2000

static void print_row(const char *name, const char *value)
{
    printf("  %-12s %s\n", name, value);
}

/* What tells it from its twins. A VF has it from its PF. */
static void print_marks(const VvDevice *device, const VvIdentity *identity)
{
    g_autofree char *dsn = identity->dsn ? vv_identity_dsn_text(identity->dsn) : NULL;
    const struct {
        const char *name, *of_pf, *value;
    } marks[] = {{"serial", "PF's serial", identity->serial},
                 {"MAC", "PF's MAC", identity->mac},
                 {"DSN", "PF's DSN", dsn}};

    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (marks[i].value)
            print_row(device->is_virtual ? marks[i].of_pf : marks[i].name, marks[i].value);
}

static void add_json_marks(json_object *object, const VvIdentity *identity)
{
    g_autofree char *dsn = identity->dsn ? vv_identity_dsn_text(identity->dsn) : NULL;

    json_object_object_add(object, "serial", vv_json_text(identity->serial));
    json_object_object_add(object, "mac", vv_json_text(identity->mac));
    json_object_object_add(object, "dsn", vv_json_text(dsn));
}

/* New string; NULL: none is set. */
static char *override_text(const VvSysfs *sysfs, VvDevice *device, gboolean stuck)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();

    g_ptr_array_add(devices, device);
    /* Of one that is known to hang nothing is asked: that would leave one more child behind. */
    g_autoptr(GHashTable) overrides = stuck ? NULL : vv_overrides_ask(sysfs, devices, OVERRIDE_MS);
    return overrides ? g_strdup(g_hash_table_lookup(overrides, device->text))
                     : g_strdup("not known: a driver hangs with this device");
}

static void print_device(VvContext *context, VvDevice *device, const VvIdentity *identity, gboolean stuck)
{
    vv_device_read_details(context->sysfs, device);
    g_autofree char *methods = g_strjoinv(" ", device->reset_methods);
    g_autofree char *override = override_text(context->sysfs, device, stuck);
    g_autofree char *ids =
        g_strdup_printf("%04x:%04x, subsystem %04x:%04x, class %06x", device->vendor, device->device,
                        device->subsystem_vendor, device->subsystem_device, device->class_code);

    printf("%s  %s\n\n", device->text, vv_host_device_name(context->host, device));
    print_row("kind", vv_kind_name(device->kind));
    print_row("ids", ids);
    print_marks(device, identity);
    print_row("driver", device->driver ? device->driver : "none");
    if (override)
        print_row("override", override);
    print_row("reset", *methods ? methods : "no method of its own");
    print_row("ROM", device->has_rom ? "has a ROM BAR" : "no ROM BAR");
    if (device->boot_vga)
        print_row("display", "the firmware's boot display (boot_vga)");
    if (device->has_sriov)
        printf("  %-12s %u of %u virtual functions\n", "SR-IOV", device->sriov_current, device->sriov_total);
    if (device->is_virtual) {
        g_autofree char *parent = vv_address_dup(device->parent);
        print_row("VF of", parent);
    }
    if (device->numa_node >= 0)
        printf("  %-12s %d\n", "NUMA node", device->numa_node);
}

static void print_group(VvContext *context, const VvDevice *device)
{
    const GPtrArray *members = vv_host_group_members(context->host, device->group);

    if (!members) {
        print_row("IOMMU group", "none");
        return;
    }
    printf("  %-12s %d, with:\n", "IOMMU group", device->group);
    for (guint i = 0; i < members->len; i++) {
        const VvDevice *member = members->pdata[i];
        printf("  %-12s   %s  %-6s  %-14s %s\n", "", member->text, vv_kind_name(member->kind),
               member->driver ? member->driver : "-", vv_host_device_name(context->host, member));
    }
}

int vv_verb_show(VvContext *context, char **words, GError **error)
{
    VvDevice *device = vv_context_device(context, words[0], error);
    if (!device)
        return VV_ERROR_FAILED;

    VvSelector selector = {.address = device->address};
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_array_append_val(selectors, selector);
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvPlan) plan =
        vv_plan_take(context->host, vv_context_journal(context), selectors, NULL, &problem);
    g_autoptr(VvEntry) entry = vv_journal_read(vv_context_journal(context), device->address, NULL);
    g_autofree char *who = entry ? vv_owner_text(entry) : NULL;
    g_autoptr(VvIdentity) identity = vv_identity_read(context->host, device);
    if (context->json) {
        json_object *object = vv_json_device(context->host, device, who, plan ? plan->reasons : NULL);
        add_json_marks(object, identity);
        vv_json_print(object);
        return 0;
    }
    print_device(context, device, identity, entry && entry->state == VV_STATE_STUCK);
    print_group(context, device);
    print_row("taken for", who ? who : "nobody");
    if (plan && plan->reasons->len) {
        printf("\nTaking it, and nothing else:\n");
        vv_print_reasons(context, stdout, plan);
    }
    return 0;
}
