/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/adopt-internal.h"
#include "domains/domxml-parts.h"
#include "vfio/error.h"

#include <string.h>

static void card_free(gpointer data)
{
    VvAdoptCard *card = data;

    g_free(card->name);
    g_ptr_array_unref(card->nodes);
    g_free(card);
}

static gint compare_hosts(gconstpointer a, gconstpointer b)
{
    VvAddress first = {0}, second = {0};

    vv_attach_host(*(const xmlNode *const *)a, &first);
    vv_attach_host(*(const xmlNode *const *)b, &second);
    return (gint)first.function - (gint)second.function;
}

static VvAdoptCard *card_at(GPtrArray *cards, VvAddress host)
{
    VvAdoptCard *card;

    for (guint i = 0; i < cards->len; i++)
        if (vv_address_same_slot(((const VvAdoptCard *)cards->pdata[i])->slot, host))
            return cards->pdata[i];
    card = g_new0(VvAdoptCard, 1);
    card->slot = host;
    card->nodes = g_ptr_array_new();
    card->is_known = TRUE;
    g_ptr_array_add(cards, card);
    return card;
}

static gboolean has_own(const xmlNode *own, VvAddress host)
{
    VvAddress address;

    for (const xmlNode *node = own ? own->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, "device") &&
            vv_attach_own_address(node, &address) && vv_address_equal(address, host))
            return TRUE;
    return FALSE;
}

static GPtrArray *find_cards(const xmlNode *root)
{
    GPtrArray *cards = g_ptr_array_new_with_free_func(card_free);
    const xmlNode *devices = vv_xml_child(root, "devices", NULL), *own = vv_attach_own(root);

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        VvAddress host;
        VvAdoptCard *card;

        if (!vv_attach_host(node, &host))
            continue;
        card = card_at(cards, host);
        card->is_known &= has_own(own, host);
        g_ptr_array_add(card->nodes, (gpointer)node);
    }
    for (guint i = 0; i < cards->len; i++)
        g_ptr_array_sort(((VvAdoptCard *)cards->pdata[i])->nodes, compare_hosts);
    return cards;
}

static gboolean name_in_use(const VvDomain *domain, const GPtrArray *cards, const char *name)
{
    for (guint i = 0; i < domain->devices->len; i++)
        if (g_strcmp0(((const VvDomainDevice *)domain->devices->pdata[i])->card, name) == 0)
            return TRUE;
    for (guint i = 0; i < cards->len; i++)
        if (g_strcmp0(((const VvAdoptCard *)cards->pdata[i])->name, name) == 0)
            return TRUE;
    return FALSE;
}

static void name_card(const VvDomain *domain, const GPtrArray *cards, VvAdoptCard *card, VvHost *host)
{
    VvAddress first = card->slot;
    const VvDevice *device;
    guint number = 1;
    const char *kind;

    vv_attach_host(card->nodes->pdata[0], &first);
    device = vv_host_find(host, first);
    kind = vv_kind_name(device ? device->kind : VV_KIND_OTHER);
    do {
        char *name = number > 1 ? g_strdup_printf("%s%u", kind, number) : g_strdup(kind);

        number++;
        if (!name_in_use(domain, cards, name))
            card->name = name;
        else
            g_free(name);
    } while (!card->name);
}

static void append_section(GString *text, const VvAdoptCard *card, const xmlNode *own)
{
    const char *between = "";

    g_string_append_printf(text, "[device %s]\nhost = ", card->name);
    for (guint i = 0; i < card->nodes->len; i++) {
        char address[VV_ADDRESS_TEXT];
        VvAddress host = card->slot;

        vv_attach_host(card->nodes->pdata[i], &host);
        if (has_own(own, host))
            continue;
        g_string_append_printf(text, "%s%s", between, vv_address_format(host, address));
        between = ";";
    }
    g_string_append_c(text, '\n');
}

/* What the hostdevs say that our metadata repeats. */
static void describe(const xmlNode *root, VvVmDevice *device, const VvAdoptCard *card)
{
    for (guint i = 0; i < card->nodes->len; i++) {
        const xmlNode *node = card->nodes->pdata[i], *rom = vv_xml_child(node, "rom", NULL), *set;
        g_autofree char *file = rom ? vv_xml_get(rom, "file") : NULL, *alias = vv_attach_alias(node);
        VvAddress host = card->slot, guest;

        vv_attach_host(node, &host);
        for (guint f = 0; f < device->functions->len; f++) {
            VvVmFunction *function = &g_array_index(device->functions, VvVmFunction, f);
            if (vv_address_equal(function->host, host) && vv_attach_guest(node, &guest))
                function->guest_function = guest.function;
        }
        if (file) {
            g_free(device->rom);
            device->rom = g_steal_pointer(&file);
        }
        set = vv_xml_child(vv_attach_override_device(vv_attach_override(root), alias), "frontend",
                           VV_QEMU_SCHEMA);
        for (set = set ? set->children : NULL; set; set = set->next)
            device->x_vga |= set->type == XML_ELEMENT_NODE && vv_xml_has(set, "name", "x-vga") &&
                             vv_xml_has(set, "value", "true");
    }
}

/* A VM of nothing but these cards, for their metadata. */
static VvVm *make_vm(const xmlNode *root, const GPtrArray *cards, VvHost *host, GPtrArray *notes,
                     GError **error)
{
    g_autoptr(GString) text = g_string_new("[vm]\nname = adopt\nmemory = 64M\n");
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvVm) vm = NULL;
    guint index = 0;

    for (guint i = 0; i < cards->len; i++)
        if (!((const VvAdoptCard *)cards->pdata[i])->is_known)
            append_section(text, cards->pdata[i], vv_attach_own(root));
    vm = vv_vm_parse(NULL, text->str, text->len, NULL, error);
    if (!vm)
        return NULL;
    if (!vv_vm_resolve(vm, host, &problem)) {
        g_ptr_array_add(
            notes, g_strdup_printf("without what identifies them, because of one: %s", problem->message));
        if (!vv_vm_resolve(vm, NULL, error))
            return NULL;
    }
    for (guint i = 0; i < cards->len; i++)
        if (!((const VvAdoptCard *)cards->pdata[i])->is_known)
            describe(root, vm->devices->pdata[index++], cards->pdata[i]);
    return g_steal_pointer(&vm);
}

static void add_own(VvXmlEdit *edit, const VvVm *vm)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *domain = xmlNewNode(NULL, (const xmlChar *)"domain"), *own;
    VvMade made = vv_made_read(vv_attach_own(vv_xml_edit_root(edit)));

    xmlDocSetRootElement(doc, domain);
    vv_domxml_add_metadata(domain, vm);
    own = vv_xml_child(vv_xml_child(domain, "metadata", NULL), "domain", VV_METADATA_URI);
    vv_made_add_own(edit, own, &made);
}

static void unmanage(VvXmlEdit *edit, const GPtrArray *cards)
{
    for (guint i = 0; i < cards->len; i++) {
        const VvAdoptCard *card = cards->pdata[i];

        for (guint n = 0; n < card->nodes->len; n++) {
            const xmlNode *manager = vv_attach_manager(card->nodes->pdata[n]);

            if (manager && !vv_xml_has(manager, "managed", "no"))
                vv_xml_edit_set(edit, manager, "managed", "no");
        }
    }
}

char *vv_adopt_edit(const char *xml, VvHost *host, const VvAdoptOptions *options, GPtrArray *notes,
                    GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), error);
    g_autoptr(VvXmlEdit) edit = domain ? vv_xml_edit_new(xml, strlen(xml), error) : NULL;
    g_autoptr(GPtrArray) cards = edit ? find_cards(vv_xml_edit_root(edit)) : NULL;
    g_autoptr(VvVm) vm = NULL;
    gboolean pcie, all_known = TRUE;

    if (!edit || !vv_attach_machine(vv_xml_edit_root(edit), &pcie, error))
        return NULL;
    for (guint i = 0; i < cards->len; i++) {
        VvAdoptCard *card = cards->pdata[i];

        all_known &= card->is_known;
        if (!card->is_known)
            name_card(domain, cards, card, host);
    }
    if (!all_known) {
        vm = make_vm(vv_xml_edit_root(edit), cards, host, notes, error);
        if (!vm)
            return NULL;
        add_own(edit, vm);
    }
    unmanage(edit, cards);
    if (options->one_slot)
        vv_adopt_join(edit, cards, notes);
    return vv_xml_edit_apply(edit, error);
}
