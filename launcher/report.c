/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report.h"

#include "domains/domread.h"

#include <string.h>

static void device_free(gpointer data)
{
    VvReportDevice *device = data;

    vv_identity_free(device->identity);
    vv_place_free(device->place);
    g_array_unref(device->users);
    g_free(device);
}

static const VvEntry *find_entry(const GPtrArray *entries, VvAddress address)
{
    for (guint i = 0; entries && i < entries->len; i++)
        if (vv_address_equal(((const VvEntry *)entries->pdata[i])->address, address))
            return entries->pdata[i];
    return NULL;
}

static void add_device(VvReport *report, GHashTable *slots, VvDevice *device)
{
    const VvSysfs *sysfs = vv_host_sysfs(report->host);
    VvReportDevice *reported = g_new0(VvReportDevice, 1);

    vv_device_read_details(sysfs, device);
    reported->device = device;
    reported->name = vv_host_device_name(report->host, device);
    reported->node = vv_tree_find(report->tree, device->address);
    reported->identity = vv_identity_read(report->host, device);
    reported->place = vv_place_read(sysfs, slots, reported->node);
    reported->entry = find_entry(report->entries, device->address);
    reported->users = g_array_new(FALSE, FALSE, sizeof(VvReportUser));
    g_ptr_array_add(report->devices, reported);

    /* A VF has no ROM of its own, and its identity is its PF's. */
    const VvRomCard *card =
        report->cards && !device->is_virtual ? vv_rom_card_find(report->cards, reported->identity) : NULL;
    if (card && card->versions->len) {
        reported->rom = card->versions->pdata[card->versions->len - 1];
        reported->rom_folder = card->folder;
    }
}

static void add_note(VvReport *report, char *note)
{
    g_ptr_array_add(report->notes, note);
}

static void add_user(VvReport *report, const VvDomainInfo *info, VvAddress address, GArray *addresses)
{
    VvReportDevice *device = (VvReportDevice *)vv_report_find(report, address);
    VvReportUser user = {info, vv_domain_state_is_on(info->state)};

    g_array_append_val(addresses, address);
    for (guint i = 0; device && i < device->users->len; i++)
        if (g_array_index(device->users, VvReportUser, i).domain == info)
            return;
    if (device)
        g_array_append_val(device->users, user);
}

/* Says of what is left out, why; keeps a domain only if it lists a device. */
static gboolean add_domain(VvReport *report, const VvDomainInfo *info)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvDomain) domain = info->xml ? vv_domain_read(info->xml, strlen(info->xml), &problem) : NULL;
    GArray *addresses;

    if (!domain) {
        add_note(report, g_strdup_printf("The domain %s cannot be read, so its devices are not known: %s.",
                                         info->name, problem ? problem->message : "libvirt gave no XML"));
        return FALSE;
    }
    if (domain->devices->len == 0)
        return FALSE;
    addresses = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    for (guint i = 0; i < domain->devices->len; i++)
        add_user(report, info, ((const VvDomainDevice *)domain->devices->pdata[i])->host, addresses);
    g_hash_table_insert(report->hosts_of, (gpointer)info, addresses);
    return TRUE;
}

static char *now(void)
{
    g_autoptr(GDateTime) time = g_date_time_new_now_utc();

    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

VvReport *vv_report_new(const VvReportSources *sources)
{
    const GPtrArray *devices = vv_host_devices(sources->host);
    g_autoptr(GHashTable) slots = vv_slots_read(vv_host_sysfs(sources->host));
    VvReport *report = g_new0(VvReport, 1);

    report->date = sources->date ? g_strdup(sources->date) : now();
    report->host = sources->host;
    report->machine = vv_machine_read(vv_host_sysfs(sources->host));
    report->tree = vv_tree_read(sources->host);
    report->devices = g_ptr_array_new_with_free_func(device_free);
    report->domains = sources->domains ? sources->domains
                                       : g_ptr_array_new_with_free_func((GDestroyNotify)vv_domain_info_free);
    report->hosts_of = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    report->entries = sources->entries;
    report->cards = sources->cards;
    report->notes = sources->notes ? sources->notes : g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < devices->len; i++)
        add_device(report, slots, devices->pdata[i]);
    for (guint i = 0; i < report->domains->len;)
        if (add_domain(report, report->domains->pdata[i]))
            i++;
        else
            g_ptr_array_remove_index(report->domains, i);
    return report;
}

void vv_report_free(VvReport *report)
{
    if (!report)
        return;
    g_free(report->date);
    vv_machine_free(report->machine);
    g_ptr_array_unref(report->devices);
    vv_tree_free(report->tree);
    g_hash_table_unref(report->hosts_of);
    g_ptr_array_unref(report->domains);
    g_clear_pointer(&report->entries, g_ptr_array_unref);
    g_clear_pointer(&report->cards, g_ptr_array_unref);
    g_ptr_array_unref(report->notes);
    g_free(report);
}

static int compare_address(gconstpointer key, gconstpointer element)
{
    guint64 wanted = vv_address_key(*(const VvAddress *)key);
    guint64 found = vv_address_key((*(VvReportDevice *const *)element)->device->address);

    return wanted < found ? -1 : wanted > found;
}

const VvReportDevice *vv_report_find(const VvReport *report, VvAddress address)
{
    VvReportDevice **found = bsearch(&address, report->devices->pdata, report->devices->len,
                                     sizeof *report->devices->pdata, compare_address);

    return found ? *found : NULL;
}

gboolean vv_report_is_claimed(const VvReportDevice *device)
{
    return device->entry || device->users->len || vv_driver_is_vfio(device->device->driver);
}

/* The domain that it is in now, or the first of those that it is meant for. */
static const VvReportUser *first_user(const VvReportDevice *device)
{
    for (guint i = 0; i < device->users->len; i++)
        if (g_array_index(device->users, VvReportUser, i).on)
            return &g_array_index(device->users, VvReportUser, i);
    return device->users->len ? &g_array_index(device->users, VvReportUser, 0) : NULL;
}

char *vv_report_owner(const VvReportDevice *device, gboolean *ret_now)
{
    const VvReportUser *user = first_user(device);
    const VvEntry *entry = device->entry;
    g_autofree char *owner = NULL;

    *ret_now = entry || (user && user->on);
    /* The journal knows who has it; a domain that is off only would like to. */
    if (entry && !(user && user->on)) {
        owner = g_strdup(entry->owner_name ? entry->owner_name : "taken by hand");
        if (entry->state != VV_STATE_TAKEN)
            return g_strdup_printf("%s (%s)", owner, vv_state_name(entry->state));
        return g_steal_pointer(&owner);
    }
    if (!user)
        return NULL;
    owner = g_strdup_printf("%s (%s)", user->domain->name, vv_domain_state_name(user->domain->state));
    if (device->users->len > 1)
        return g_strdup_printf("%s, +%u", owner, device->users->len - 1);
    return g_steal_pointer(&owner);
}

static char *link_text(const char *speed, guint width)
{
    if (speed && width)
        return g_strdup_printf("%s x%u", speed, width);
    return width ? g_strdup_printf("x%u", width) : g_strdup(speed);
}

char *vv_report_link(const VvPlace *place)
{
    g_autofree char *link = link_text(place->speed, place->width);
    g_autofree char *most = link_text(place->max_speed, place->max_width);

    if (!most || g_strcmp0(link, most) == 0)
        return g_steal_pointer(&link);
    return link ? g_strdup_printf("%s, of %s", link, most) : g_strdup_printf("none now, %s at most", most);
}

/* What turns the direction of writing round would turn what follows, too. */
static gboolean is_unsafe(gunichar c)
{
    return g_unichar_iscntrl(c) || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfffe || c == 0xffff;
}

char *vv_report_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(clean, is_unsafe(c) ? ' ' : c);
    }
    return g_string_free(clean, FALSE);
}
