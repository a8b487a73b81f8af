/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reported.h"

#include "vfio/rom-store.h"

static Reported *take(FakeHost *fake)
{
    Reported *reported = g_new0(Reported, 1);

    reported->fake = fake;
    reported->entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
    reported->domains = g_ptr_array_new_with_free_func((GDestroyNotify)vv_domain_info_free);
    reported->cards = g_ptr_array_new_with_free_func((GDestroyNotify)vv_rom_card_free);
    reported->notes = g_ptr_array_new_with_free_func(g_free);
    reported->host = fake_host_scan(fake);
    return reported;
}

Reported *reported_load(const char *name)
{
    return take(fake_host_load(name));
}

Reported *reported_new(const char *machine)
{
    return take(fake_host_new(machine));
}

void reported_free(Reported *reported)
{
    reported_make(reported);
    vv_report_free(reported->report);
    vv_host_free(reported->host);
    fake_host_free(reported->fake);
    g_free(reported);
}

static void add_hostdev(GString *xml, const char *text)
{
    VvAddress address;

    if (!vv_address_parse(text, &address, NULL))
        g_error("'%s' is no address", text);
    g_string_append_printf(xml,
                           "<hostdev mode='subsystem' type='pci' managed='no'><source><address "
                           "domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/></source></hostdev>",
                           address.segment, address.bus, address.slot, address.function);
}

void reported_add_domain(Reported *reported, const char *name, VvDomainState state, const char *addresses)
{
    g_auto(GStrv) words = g_strsplit(addresses, " ", -1);
    g_autofree char *escaped = g_markup_escape_text(name, -1);
    GString *xml = g_string_new(NULL);
    VvDomainInfo *info = g_new0(VvDomainInfo, 1);

    g_string_append_printf(xml, "<domain type='kvm'><name>%s</name><devices>", escaped);
    for (char **word = words; *word && **word; word++)
        add_hostdev(xml, *word);
    g_string_append(xml, "</devices></domain>");
    info->name = g_strdup(name);
    info->uuid = g_strdup("5c1f7d9e-3a53-4d0e-9a57-1d5d0b6f0c11");
    info->state = state;
    info->xml = g_string_free(xml, FALSE);
    g_ptr_array_add(reported->domains, info);
}

void reported_add_entry(Reported *reported, const char *address, const char *domain)
{
    VvAddress where;

    if (!vv_address_parse(address, &where, NULL))
        g_error("'%s' is no address", address);
    VvEntry *entry =
        vv_entry_new(where, domain ? "5c1f7d9e-3a53-4d0e-9a57-1d5d0b6f0c11" : VV_OWNER_MANUAL, domain);
    entry->state = VV_STATE_TAKEN;
    g_ptr_array_add(reported->entries, entry);
}

void reported_add_note(Reported *reported, const char *note)
{
    g_ptr_array_add(reported->notes, g_strdup(note));
}

VvReport *reported_make(Reported *reported)
{
    if (!reported->report)
        reported->report = vv_report_new(&(VvReportSources){.date = "2026-11-21T12:00:00Z",
                                                            .host = reported->host,
                                                            .entries = reported->entries,
                                                            .domains = reported->domains,
                                                            .cards = reported->cards,
                                                            .notes = reported->notes});
    return reported->report;
}

Reported *reported_server(void)
{
    Reported *reported = reported_load("server-60");

    fake_host_put(reported->fake, "proc/sys/kernel/hostname", "kvm7\n");
    fake_host_put(reported->fake, "proc/sys/kernel/osrelease", "6.12.43+deb13-amd64\n");
    fake_host_put(reported->fake, "sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
    fake_host_put(reported->fake, "sys/class/dmi/id/product_name", "PowerEdge R750\n");
    reported_add_domain(reported, "win11", VV_DOMAIN_RUNNING, "0000:17:00.0 0000:17:00.1");
    reported_add_domain(reported, "gaming-linux", VV_DOMAIN_OFF,
                        "0000:17:00.0 0000:17:00.1 0000:18:00.0 0000:18:00.1");
    reported_add_domain(reported, "opnsense", VV_DOMAIN_RUNNING, "0000:31:02.0 0000:31:02.3");
    reported_add_domain(reported, "nas", VV_DOMAIN_OFF, "0000:98:00.0");
    reported_add_entry(reported, "0000:17:00.0", "win11");
    reported_add_entry(reported, "0000:17:00.1", "win11");
    reported_add_entry(reported, "0000:31:02.0", "opnsense");
    reported_add_entry(reported, "0000:31:02.3", "opnsense");
    reported_add_entry(reported, "0000:4f:00.0", NULL);
    return reported;
}
