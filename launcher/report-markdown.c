/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-markdown-internal.h"

#include "launcher/present.h"

static void add_host(GString *text, const VvMachine *machine)
{
    char sockets[40], cores[40], threads[40];
    g_autofree char *firmware = machine->firmware && machine->firmware_date
                                    ? g_strdup_printf("%s, %s", machine->firmware, machine->firmware_date)
                                    : g_strdup(machine->firmware);
    g_autofree char *processors =
        machine->threads ? g_strdup_printf("%s (%s, %s, %s)", machine->cpu ? machine->cpu : "unknown model",
                                           vv_count(machine->sockets, "socket", sockets),
                                           vv_count(machine->cores, "core", cores),
                                           vv_count(machine->threads, "thread", threads))
                         : g_strdup(machine->cpu);
    g_autofree char *memory =
        machine->memory_kib ? g_strdup_printf("%.1f GiB", (double)machine->memory_kib / (1 << 20)) : NULL;
    g_autofree char *iommu =
        machine->iommu && machine->iommu_type
            ? g_strdup_printf("%s; the host's own devices: %s", machine->iommu, machine->iommu_type)
            : g_strdup(machine->iommu ? machine->iommu : "none is on");

    g_string_append(text, "## Host\n\n");
    vv_add_text_fact(text, "Name", machine->name);
    vv_add_text_fact(text, "Machine", machine->product);
    vv_add_text_fact(text, "Board", machine->board);
    vv_add_text_fact(text, "Serial number", machine->serial);
    vv_add_text_fact(text, "Firmware", firmware);
    vv_add_text_fact(text, "CPU", processors);
    vv_add_text_fact(text, "Memory", memory);
    vv_add_text_fact(text, "Kernel", machine->kernel);
    vv_add_code_fact(text, "Command line", machine->command_line);
    vv_add_text_fact(text, "IOMMU", iommu);
    g_string_append_c(text, '\n');
}

static void add_notes(GString *text, const VvReport *report)
{
    if (!report->notes->len)
        return;
    g_string_append(text, "## What is missing here\n\n");
    for (guint i = 0; i < report->notes->len; i++) {
        g_autofree char *note = vv_markdown_text(report->notes->pdata[i]);
        g_string_append_printf(text, "- %s\n", note);
    }
    g_string_append_c(text, '\n');
}

static void add_domains(GString *text, const VvReport *report)
{
    VvTable table = vv_table_new(3, "VM", "State", "Devices");

    if (!report->domains->len) {
        g_ptr_array_unref(table.cells);
        return;
    }
    g_string_append(text, "## Virtual machines with devices\n\n");
    for (guint i = 0; i < report->domains->len; i++) {
        const VvDomainInfo *domain = report->domains->pdata[i];
        const GArray *hosts = g_hash_table_lookup(report->hosts_of, domain);
        GString *devices = g_string_new(NULL);
        for (guint j = 0; j < hosts->len; j++) {
            VvAddress address = g_array_index(hosts, VvAddress, j);
            char words[VV_ADDRESS_TEXT];
            g_string_append_printf(devices, "%s%s%s", j ? ", " : "", vv_address_format(address, words),
                                   vv_host_find(report->host, address) ? "" : " (not there)");
        }
        vv_table_add(&table, vv_markdown_text(domain->name));
        vv_table_add(&table, g_strdup(vv_domain_state_name(domain->state)));
        vv_table_add(&table, g_string_free(devices, FALSE));
    }
    vv_table_end(text, &table);
}

static void add_groups(GString *text, const VvReport *report)
{
    const GArray *groups = vv_host_groups(report->host);
    VvTable table = vv_table_new(3, "Group", "VFIO can own it now", "Members");

    g_string_append(text, "## IOMMU groups\n\n");
    if (!groups->len)
        g_string_append(text, "There are none: no IOMMU is on.\n\n");
    for (guint i = 0; i < groups->len; i++) {
        int group = g_array_index(groups, int, i);
        const GPtrArray *members = vv_host_group_members(report->host, group);
        const VvDevice *culprit = NULL;
        gboolean viable = vv_host_group_viable(report->host, group, NULL, &culprit);
        GString *names = g_string_new(NULL);
        for (guint j = 0; j < members->len; j++) {
            const VvDevice *member = members->pdata[j];
            g_string_append_printf(names, "%s%s (%s)", j ? ", " : "", member->text,
                                   vv_kind_name(member->kind));
        }
        vv_table_add(&table, g_strdup_printf("%d", group));
        vv_table_add(&table, viable ? g_strdup("yes")
                                    : g_strdup_printf("no: %s is on %s", culprit->text, culprit->driver));
        vv_table_add(&table, g_string_free(names, FALSE));
    }
    if (groups->len)
        vv_table_end(text, &table);
    else
        g_ptr_array_unref(table.cells);
}

static void add_overview(GString *text, const VvReport *report)
{
    VvTable table = vv_table_new(6, "Address", "Kind", "Group", "Driver", "Used by", "Name");

    g_string_append(text, "## Devices\n\n");
    for (guint i = 0; i < report->devices->len; i++) {
        const VvReportDevice *reported = report->devices->pdata[i];
        const VvDevice *device = reported->device;
        gboolean now;
        g_autofree char *owner = vv_report_owner(reported, &now);
        vv_table_add(&table, g_strdup(device->text));
        vv_table_add(&table, g_strdup(vv_kind_name(device->kind)));
        vv_table_add(&table, device->group < 0 ? g_strdup("none") : g_strdup_printf("%d", device->group));
        vv_table_add(&table, device->driver ? vv_markdown_text(device->driver) : g_strdup("-"));
        vv_table_add(&table, owner ? vv_markdown_text(owner) : NULL);
        vv_table_add(&table, vv_markdown_text(reported->name));
    }
    vv_table_end(text, &table);
}

char *vv_report_markdown(const VvReport *report)
{
    g_autofree char *name = vv_markdown_text(report->machine->name ? report->machine->name : "this host");
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "# PCI devices of %s\n\nWritten %s by virt-vfio " VV_VERSION ".\n\n", name,
                           report->date);
    add_notes(text, report);
    add_host(text, report->machine);
    add_domains(text, report);
    add_groups(text, report);
    add_overview(text, report);
    for (guint i = 0; i < report->devices->len; i++)
        vv_markdown_device(text, report, report->devices->pdata[i]);
    return g_string_free(text, FALSE);
}
