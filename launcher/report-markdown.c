/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-markdown.h"

#include "launcher/present.h"

/* Cells of a table; NULL stands for nothing. Strings are owned by the table. */
typedef struct {
    GPtrArray *cells;
    guint columns;
} Table;

static Table table_new(guint columns, ...)
{
    Table table = {g_ptr_array_new_with_free_func(g_free), columns};
    va_list titles;

    va_start(titles, columns);
    for (guint i = 0; i < columns; i++)
        g_ptr_array_add(table.cells, g_strdup(va_arg(titles, const char *)));
    va_end(titles);
    return table;
}

static void add_cell(Table *table, char *cell)
{
    g_ptr_array_add(table->cells, cell ? cell : g_strdup(""));
}

/* On a terminal. */
static guint columns_of(const char *text)
{
    guint columns = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

static void end_row(GString *text, const Table *table, guint row, const guint *widths)
{
    for (guint i = 0; i < table->columns; i++) {
        const char *cell = table->cells->pdata[row * table->columns + i];
        g_string_append_printf(text, "| %s%*s ", cell, (int)(widths[i] - columns_of(cell)), "");
    }
    g_string_append(text, "|\n");
}

/* Padded to the widest cell, so that it is a table as plain text, too. Frees it. */
static void end_table(GString *text, Table *table)
{
    g_autofree guint *widths = g_new0(guint, table->columns);

    for (guint i = 0; i < table->cells->len; i++)
        widths[i % table->columns] = MAX(widths[i % table->columns], columns_of(table->cells->pdata[i]));
    end_row(text, table, 0, widths);
    for (guint i = 0; i < table->columns; i++) {
        g_autofree char *line = g_strnfill(MAX(widths[i], 1) + 2, '-');
        g_string_append_printf(text, "|%s", line);
    }
    g_string_append(text, "|\n");
    for (guint row = 1; row < table->cells->len / table->columns; row++)
        end_row(text, table, row, widths);
    g_string_append_c(text, '\n');
    g_ptr_array_unref(table->cells);
}

static void add_fact(GString *text, const char *name, const char *value)
{
    if (value && *value)
        g_string_append_printf(text, "- %s: %s\n", name, value);
}

static void add_text_fact(GString *text, const char *name, const char *value)
{
    g_autofree char *escaped = value ? vv_markdown_text(value) : NULL;

    add_fact(text, name, escaped);
}

static void add_code_fact(GString *text, const char *name, const char *value)
{
    g_autofree char *escaped = value && *value ? vv_markdown_code(value) : NULL;

    add_fact(text, name, escaped);
}

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
    add_text_fact(text, "Name", machine->name);
    add_text_fact(text, "Machine", machine->product);
    add_text_fact(text, "Board", machine->board);
    add_text_fact(text, "Serial number", machine->serial);
    add_text_fact(text, "Firmware", firmware);
    add_text_fact(text, "CPU", processors);
    add_text_fact(text, "Memory", memory);
    add_text_fact(text, "Kernel", machine->kernel);
    add_code_fact(text, "Command line", machine->command_line);
    add_text_fact(text, "IOMMU", iommu);
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
    Table table = table_new(3, "VM", "State", "Devices");

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
        add_cell(&table, vv_markdown_text(domain->name));
        add_cell(&table, g_strdup(vv_domain_state_name(domain->state)));
        add_cell(&table, g_string_free(devices, FALSE));
    }
    end_table(text, &table);
}

static void add_groups(GString *text, const VvReport *report)
{
    const GArray *groups = vv_host_groups(report->host);
    Table table = table_new(3, "Group", "VFIO can own it now", "Members");

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
        add_cell(&table, g_strdup_printf("%d", group));
        add_cell(&table, viable ? g_strdup("yes")
                                : g_strdup_printf("no: %s is on %s", culprit->text, culprit->driver));
        add_cell(&table, g_string_free(names, FALSE));
    }
    if (groups->len)
        end_table(text, &table);
    else
        g_ptr_array_unref(table.cells);
}

static void add_overview(GString *text, const VvReport *report)
{
    Table table = table_new(6, "Address", "Kind", "Group", "Driver", "Used by", "Name");

    g_string_append(text, "## Devices\n\n");
    for (guint i = 0; i < report->devices->len; i++) {
        const VvReportDevice *reported = report->devices->pdata[i];
        const VvDevice *device = reported->device;
        gboolean now;
        g_autofree char *owner = vv_report_owner(reported, &now);
        add_cell(&table, g_strdup(device->text));
        add_cell(&table, g_strdup(vv_kind_name(device->kind)));
        add_cell(&table, device->group < 0 ? g_strdup("none") : g_strdup_printf("%d", device->group));
        add_cell(&table, device->driver ? vv_markdown_text(device->driver) : g_strdup("-"));
        add_cell(&table, owner ? vv_markdown_text(owner) : NULL);
        add_cell(&table, vv_markdown_text(reported->name));
    }
    end_table(text, &table);
}

/* "16, with 0000:17:00.1": new string. */
static char *group_words(const VvReport *report, const VvDevice *device)
{
    const GPtrArray *members = vv_host_group_members(report->host, device->group);

    if (!members)
        return g_strdup("none, so it cannot go to a guest safely");
    GString *words = g_string_new(NULL);
    g_string_append_printf(words, "%d%s", device->group, members->len > 1 ? ", with" : ", alone");
    for (guint i = 0, others = 0; i < members->len; i++)
        if (members->pdata[i] != device)
            g_string_append_printf(words, "%s %s", others++ ? "," : "",
                                   ((const VvDevice *)members->pdata[i])->text);
    return g_string_free(words, FALSE);
}

static void add_users(GString *text, const VvReportDevice *reported)
{
    for (guint i = 0; i < reported->users->len; i++) {
        const VvReportUser *user = &g_array_index(reported->users, VvReportUser, i);
        g_autofree char *words =
            g_strdup_printf("%s (%s)", user->domain->name, vv_domain_state_name(user->domain->state));
        add_text_fact(text, "Listed by VM", words);
    }
    if (reported->entry) {
        const VvEntry *entry = reported->entry;
        g_autofree char *words = g_strdup_printf("%s, for %s, from %s", vv_state_name(entry->state),
                                                 entry->owner_name ? entry->owner_name : entry->owner,
                                                 entry->driver ? entry->driver : "no driver");
        add_text_fact(text, "Journal", words);
        add_text_fact(text, "Note", entry->note);
    }
}

static void add_marks(GString *text, const VvReportDevice *reported)
{
    const VvIdentity *identity = reported->identity;
    g_autofree char *dsn = identity->dsn ? vv_identity_dsn_text(identity->dsn) : NULL;

    /* A VF has those of its PF, which are listed there. */
    if (reported->device->is_virtual)
        return;
    add_text_fact(text, "Serial number", identity->serial);
    add_text_fact(text, "MAC", identity->mac);
    add_text_fact(text, "DSN", dsn);
}

static void add_rom(GString *text, const VvReportDevice *reported)
{
    const VvRomVersion *rom = reported->rom;

    if (!rom) {
        add_fact(text, "ROM", reported->device->has_rom ? "has a ROM BAR; no backup is known" : NULL);
        return;
    }
    g_autofree char *verdict = vv_markdown_text(rom->verdict), *date = vv_markdown_text(rom->date);
    g_string_append_printf(text, "- ROM: backup of %s, from %s, %zu bytes, %s, sha256 `%s`\n", date,
                           vv_rom_source_word(rom->source), rom->size, verdict, rom->sha256);
}

static void add_place(GString *text, const VvReportDevice *reported)
{
    const VvPlace *place = reported->place;
    const VvTreeNode *above = vv_tree_above(reported->node);
    g_autofree char *link = vv_report_link(place);
    g_autofree char *index = place->index ? g_strdup_printf("%" G_GINT64_FORMAT, place->index) : NULL;
    g_autofree char *node =
        reported->device->numa_node < 0 ? NULL : g_strdup_printf("%d", reported->device->numa_node);

    add_fact(text, "Behind", above ? above->device->text : NULL);
    add_text_fact(text, "Slot", place->slot);
    add_text_fact(text, "Label", place->label);
    add_fact(text, "Firmware's number", index);
    add_fact(text, "Link", link);
    add_fact(text, "NUMA node", node);
}

static void add_device(GString *text, const VvReport *report, const VvReportDevice *reported)
{
    const VvDevice *device = reported->device;
    g_autofree char *name = vv_markdown_text(reported->name), *group = group_words(report, device);
    g_autofree char *methods = g_strjoinv(" ", device->reset_methods);

    g_string_append_printf(text, "### %s %s: %s\n\n", device->text, vv_kind_name(device->kind), name);
    g_string_append_printf(text, "- Ids: %04x:%04x, subsystem %04x:%04x, class %06x\n", device->vendor,
                           device->device, device->subsystem_vendor, device->subsystem_device,
                           device->class_code);
    add_fact(text, "IOMMU group", group);
    if (device->driver)
        add_code_fact(text, "Driver", device->driver);
    else
        add_fact(text, "Driver", "none");
    add_users(text, reported);
    add_place(text, reported);
    add_marks(text, reported);
    add_text_fact(text, "Reset",
                  *methods                         ? methods
                  : device->kind == VV_KIND_BRIDGE ? NULL
                                                   : "none of its own");
    add_rom(text, reported);
    if (device->has_sriov)
        g_string_append_printf(text, "- SR-IOV: %u of %u VFs\n", device->sriov_current, device->sriov_total);
    if (device->is_virtual) {
        char parent[VV_ADDRESS_TEXT];
        add_fact(text, "VF of", vv_address_format(device->parent, parent));
    }
    if (device->boot_vga)
        add_fact(text, "Display", "the one that the firmware used");
    g_string_append_c(text, '\n');
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
        add_device(text, report, report->devices->pdata[i]);
    return g_string_free(text, FALSE);
}
