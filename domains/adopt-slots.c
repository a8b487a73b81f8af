/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/adopt-internal.h"

#include <string.h>

static const xmlNode *guest_address(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (vv_attach_is(child, "address") && vv_xml_has(child, "type", "pci"))
            return child;
    return NULL;
}

static gboolean is_of_card(const VvAdoptCard *card, const xmlNode *node)
{
    return g_ptr_array_find((GPtrArray *)card->nodes, node, NULL);
}

/* Why the card cannot lie in one slot as it is: static; NULL: it can. */
static const char *trouble(const VvAdoptCard *card, const xmlNode *devices, VvAddress base)
{
    for (guint i = 0; i < card->nodes->len; i++)
        if (!guest_address(card->nodes->pdata[i]))
            return "not each of its functions has a guest address";
    for (const xmlNode *node = devices->children; node; node = node->next) {
        VvAddress at;

        if (vv_attach_guest(node, &at) && vv_address_same_slot(at, base) && !is_of_card(card, node))
            return "another device lies in the same guest slot";
    }
    return NULL;
}

static void set_number(VvXmlEdit *edit, const xmlNode *address, const char *name, guint digits, guint value)
{
    g_autofree char *text = g_strdup_printf("0x%0*x", (int)digits, value);

    vv_xml_edit_set(edit, address, name, text);
}

static void join(VvXmlEdit *edit, const VvAdoptCard *card, VvAddress base)
{
    VvAddress first = card->slot;
    gboolean keep;

    vv_attach_host(card->nodes->pdata[0], &first);
    keep = first.function == 0;
    for (guint i = 0; i < card->nodes->len; i++) {
        const xmlNode *address = guest_address(card->nodes->pdata[i]);
        VvAddress host = first, at;
        guint function;

        vv_attach_host(card->nodes->pdata[i], &host);
        vv_attach_guest(card->nodes->pdata[i], &at);
        function = keep ? host.function : i;
        if (at.bus != base.bus)
            set_number(edit, address, "bus", 2, base.bus);
        if (at.slot != base.slot)
            set_number(edit, address, "slot", 2, base.slot);
        if (at.function != function)
            set_number(edit, address, "function", 1, function);
        if (function == 0 && !vv_xml_has(address, "multifunction", "on"))
            vv_xml_edit_set(edit, address, "multifunction", "on");
    }
}

static gboolean lies_together(const VvAdoptCard *card)
{
    VvAddress base = {0}, at;

    for (guint i = 0; i < card->nodes->len; i++) {
        if (!vv_attach_guest(card->nodes->pdata[i], &at) || (i > 0 && !vv_address_same_slot(at, base)))
            return FALSE;
        base = at;
    }
    return TRUE;
}

void vv_adopt_join(VvXmlEdit *edit, const GPtrArray *cards, GPtrArray *notes)
{
    const xmlNode *devices = vv_xml_child(vv_xml_edit_root(edit), "devices", NULL);

    for (guint i = 0; i < cards->len; i++) {
        const VvAdoptCard *card = cards->pdata[i];
        VvAddress base = {0};
        const char *why;

        if (card->nodes->len < 2 || lies_together(card))
            continue;
        vv_attach_guest(card->nodes->pdata[0], &base);
        why = trouble(card, devices, base);
        if (!why) {
            join(edit, card, base);
        } else {
            char text[VV_ADDRESS_TEXT];

            vv_address_format(card->slot, text);
            text[strlen(text) - 2] = '\0';
            g_ptr_array_add(notes, g_strdup_printf("%s stays in several guest slots: %s", text, why));
        }
    }
}
