/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/list-groups.h"
#include "launcher/present.h"
#include "launcher/report-verb.h"
#include "vfio/error.h"

#include <stdlib.h>
#include <string.h>

static gboolean bridges, show_groups;
static char *kind;
static VvReportWords report;

static gboolean take_report(const char *option G_GNUC_UNUSED, const char *value, gpointer data G_GNUC_UNUSED,
                            GError **error G_GNUC_UNUSED)
{
    report.report = TRUE;
    g_free(report.report_file);
    report.report_file = g_strdup(value);
    return TRUE;
}

const GOptionEntry vv_list_options[] = {
    {"bridges", 0, 0, G_OPTION_ARG_NONE, &bridges, "Show bridges and ports too", NULL},
    {"kind", 0, 0, G_OPTION_ARG_STRING, &kind, "Show only gpu, audio, nic, usb, hba, nvme, other or bridge",
     "KIND"},
    {"groups", 0, 0, G_OPTION_ARG_NONE, &show_groups,
     "Show the IOMMU groups, why they are too large, and what can help", NULL},
    {"report", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, take_report,
     "Write a document about this host and all its devices (Markdown; JSON with --json)", "FILE"},
    {"picture", 0, 0, G_OPTION_ARG_FILENAME, &report.picture,
     "Draw the PCI tree with groups, drivers and owners (SVG; - is standard output)", "FILE"},
    {0},
};

/* Column titles, in order; the cells are made in add_row(). */
static const char *const columns[] = {"GROUP", "ADDRESS", "KIND", "DRIVER", "FOR", "NAME"};

static gboolean check_kind(GError **error)
{
    for (guint i = 0; i <= VV_KIND_BRIDGE; i++)
        if (!kind || strcmp(kind, vv_kind_name((VvKind)i)) == 0)
            return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "--kind %s: it is one of gpu, audio, nic, usb, hba, nvme, other, bridge", kind);
    return FALSE;
}

static gboolean is_wanted(const VvContext *context, const VvDevice *device)
{
    if (kind)
        return strcmp(kind, vv_kind_name(device->kind)) == 0;
    return context->json || bridges || device->kind != VV_KIND_BRIDGE;
}

/* "domain win11", "manual": new string; NULL when nobody has it. */
static char *claimed_by(const GPtrArray *entries, const VvDevice *device)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        if (vv_address_equal(entry->address, device->address))
            return vv_owner_text(entry);
    }
    return NULL;
}

/* What would be in the way of taking the whole card: its functions usually go together. */
static GPtrArray *card_reasons(VvContext *context, const VvDevice *device)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    VvSelector selector = {device->address, TRUE};
    const VvPlanOptions options = {.overview = TRUE};

    g_array_append_val(selectors, selector);
    g_autoptr(VvPlan) plan =
        vv_plan_take(context->host, vv_context_journal(context), selectors, &options, NULL);
    return plan ? g_ptr_array_ref(plan->reasons) : NULL;
}

static void print_json(VvContext *context, const GPtrArray *entries)
{
    const GPtrArray *devices = vv_host_devices(context->host);
    json_object *object = json_object_new_object(), *array = json_object_new_array();
    g_autoptr(GPtrArray) reasons = NULL;

    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        const VvDevice *before = i ? devices->pdata[i - 1] : NULL;
        if (!is_wanted(context, device))
            continue;
        if (!reasons || !before || !vv_address_same_slot(before->address, device->address)) {
            g_clear_pointer(&reasons, g_ptr_array_unref);
            reasons = card_reasons(context, device);
        }
        g_autofree char *who = claimed_by(entries, device);
        json_object_array_add(array, vv_json_device(context->host, device, who, reasons));
    }
    json_object_object_add(object, "devices", array);
    json_object_object_add(object, "groups", vv_json_groups(context->host));
    vv_json_print(object);
}

static void add_row(VvContext *context, struct libscols_table *table, const VvDevice *device, gboolean first,
                    const GPtrArray *entries)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    g_autofree char *group = device->group < 0 ? g_strdup("none") : g_strdup_printf("%d", device->group);
    g_autofree char *who = claimed_by(entries, device);
    g_autofree char *name = g_strdup_printf("%s [%04x:%04x]", vv_host_device_name(context->host, device),
                                            device->vendor, device->device);

    scols_line_set_data(line, 0, first ? group : "");
    scols_line_set_data(line, 1, device->text);
    scols_line_set_data(line, 2, vv_kind_name(device->kind));
    scols_line_set_data(line, 3, device->driver ? device->driver : "-");
    scols_line_set_data(line, 4, who ? who : "");
    scols_line_set_data(line, 5, name);
}

static void add_group(VvContext *context, struct libscols_table *table, const GPtrArray *members, int group,
                      const GPtrArray *entries)
{
    gboolean first = TRUE;

    for (guint i = 0; members && i < members->len; i++) {
        const VvDevice *device = members->pdata[i];
        if (device->group != group || !is_wanted(context, device))
            continue;
        add_row(context, table, device, first, entries);
        first = FALSE;
    }
}

static void print_table(VvContext *context, const GPtrArray *entries)
{
    struct libscols_table *table = vv_new_table(stdout);
    const GArray *groups = vv_host_groups(context->host);

    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        scols_table_new_column(table, columns[i], 0, i == 0 ? SCOLS_FL_RIGHT : i == 5 ? SCOLS_FL_TRUNC : 0);
    for (guint i = 0; i < groups->len; i++) {
        int group = g_array_index(groups, int, i);
        add_group(context, table, vv_host_group_members(context->host, group), group, entries);
    }
    add_group(context, table, vv_host_devices(context->host), -1, entries);
    scols_print_table(table);
    scols_unref_table(table);
}

/* "-" for standard output stays among the words, because the file of --report need not be given. */
static gboolean check_words(char **words, GError **error)
{
    gboolean whole = report.report || report.picture;

    if (*words && (!report.report || report.report_file || strcmp(*words, "-") != 0))
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "list: '%s' is no option; a device is shown by 'virt-vfio show', and options by "
                    "'virt-vfio list --help'",
                    *words);
    else if (whole && (kind || bridges || show_groups))
        g_set_error(
            error, VV_ERROR, VV_ERROR_USAGE,
            "list: --report and --picture show every device; leave --kind, --bridges and --groups away");
    else
        return TRUE;
    return FALSE;
}

int vv_verb_list(VvContext *context, char **words, GError **error)
{
    if (!check_words(words, error))
        return VV_ERROR_USAGE;
    if (report.report || report.picture)
        return vv_list_report(context, &report, error);
    if (!check_kind(error) || !vv_context_host(context, error))
        return VV_ERROR_FAILED;
    if (show_groups) {
        vv_list_groups(context, kind);
        return 0;
    }
    /* Without root the journal is closed to us; the list is useful all the same. */
    g_autoptr(GPtrArray) entries = vv_journal_list(vv_context_journal(context), NULL);

    if (context->json)
        print_json(context, entries);
    else
        print_table(context, entries);
    return 0;
}
