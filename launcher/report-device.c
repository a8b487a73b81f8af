/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-markdown-internal.h"

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
        vv_add_text_fact(text, "Listed by VM", words);
    }
    if (reported->entry) {
        const VvEntry *entry = reported->entry;
        g_autofree char *words = g_strdup_printf("%s, for %s, from %s", vv_state_name(entry->state),
                                                 entry->owner_name ? entry->owner_name : entry->owner,
                                                 entry->driver ? entry->driver : "no driver");
        vv_add_text_fact(text, "Journal", words);
        vv_add_text_fact(text, "Note", entry->note);
    }
}

static void add_marks(GString *text, const VvReportDevice *reported)
{
    const VvIdentity *identity = reported->identity;
    g_autofree char *dsn = identity->dsn ? vv_identity_dsn_text(identity->dsn) : NULL;

    /* A VF has those of its PF, which are listed there. */
    if (reported->device->is_virtual)
        return;
    vv_add_text_fact(text, "Serial number", identity->serial);
    vv_add_text_fact(text, "MAC", identity->mac);
    vv_add_text_fact(text, "DSN", dsn);
}

static void add_rom(GString *text, const VvReportDevice *reported)
{
    const VvRomVersion *rom = reported->rom;

    if (!rom) {
        vv_add_fact(text, "ROM", reported->device->has_rom ? "has a ROM BAR; no backup is known" : NULL);
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

    vv_add_fact(text, "Behind", above ? above->device->text : NULL);
    vv_add_text_fact(text, "Slot", place->slot);
    vv_add_text_fact(text, "Label", place->label);
    vv_add_fact(text, "Firmware's number", index);
    vv_add_fact(text, "Link", link);
    vv_add_fact(text, "NUMA node", node);
}

void vv_markdown_device(GString *text, const VvReport *report, const VvReportDevice *reported)
{
    const VvDevice *device = reported->device;
    g_autofree char *name = vv_markdown_text(reported->name), *group = group_words(report, device);
    g_autofree char *methods = g_strjoinv(" ", device->reset_methods);

    g_string_append_printf(text, "### %s %s: %s\n\n", device->text, vv_kind_name(device->kind), name);
    g_string_append_printf(text, "- Ids: %04x:%04x, subsystem %04x:%04x, class %06x\n", device->vendor,
                           device->device, device->subsystem_vendor, device->subsystem_device,
                           device->class_code);
    vv_add_fact(text, "IOMMU group", group);
    if (device->driver)
        vv_add_code_fact(text, "Driver", device->driver);
    else
        vv_add_fact(text, "Driver", "none");
    add_users(text, reported);
    add_place(text, reported);
    add_marks(text, reported);
    vv_add_text_fact(text, "Reset",
                     *methods                         ? methods
                     : device->kind == VV_KIND_BRIDGE ? NULL
                                                      : "none of its own");
    add_rom(text, reported);
    if (device->has_sriov)
        g_string_append_printf(text, "- SR-IOV: %u of %u VFs\n", device->sriov_current, device->sriov_total);
    if (device->is_virtual) {
        char parent[VV_ADDRESS_TEXT];
        vv_add_fact(text, "VF of", vv_address_format(device->parent, parent));
    }
    if (device->boot_vga)
        vv_add_fact(text, "Display", "the one that the firmware used");
    g_string_append_c(text, '\n');
}
