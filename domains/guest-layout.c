/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/guest-layout.h"

#define BUSES 256

struct VvGuestLayout {
    GHashTable *buses; /* VvVmDevice, VvVmFunction or VvVmNetwork -> the bus it begins on */
    gboolean taken[BUSES];
    guint ports;
};

static void put(VvGuestLayout *layout, gconstpointer key, guint bus)
{
    layout->taken[bus] = TRUE;
    layout->ports = MAX(layout->ports, bus);
    g_hash_table_insert(layout->buses, (gpointer)key, GUINT_TO_POINTER(bus));
}

static void put_anywhere(VvGuestLayout *layout, gconstpointer key)
{
    guint bus = 1;

    /* The last one takes what is too much; the reader refuses VMs of that size. */
    while (bus < BUSES - 1 && layout->taken[bus])
        bus++;
    put(layout, key, bus);
}

static void put_card(VvGuestLayout *layout, const VvVmDevice *card)
{
    if (!card->has_guest_address)
        put_anywhere(layout, card);
    for (guint f = 1; card->layout == VV_LAYOUT_SEPARATE && f < card->functions->len; f++)
        put_anywhere(layout, &g_array_index(card->functions, VvVmFunction, f));
}

VvGuestLayout *vv_guest_layout_new(const VvVm *vm)
{
    VvGuestLayout *layout = g_new0(VvGuestLayout, 1);

    layout->buses = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        if (card->has_guest_address)
            put(layout, card, card->guest_address.bus);
    }
    for (guint i = 0; i < vm->devices->len; i++)
        put_card(layout, vm->devices->pdata[i]);
    for (guint i = 0; i < vm->networks->len; i++)
        if (((const VvVmNetwork *)vm->networks->pdata[i])->vf.word)
            put_anywhere(layout, vm->networks->pdata[i]);
    return layout;
}

void vv_guest_layout_free(VvGuestLayout *layout)
{
    if (!layout)
        return;
    g_hash_table_unref(layout->buses);
    g_free(layout);
}

guint vv_guest_layout_ports(const VvGuestLayout *layout)
{
    return layout->ports;
}

gboolean vv_guest_layout_is_first(const VvVmDevice *card, guint index)
{
    if (card->layout == VV_LAYOUT_SEPARATE)
        return index == 0;
    return g_array_index(card->functions, VvVmFunction, index).guest_function == 0;
}

static VvAddress on_bus(const VvGuestLayout *layout, gconstpointer key)
{
    return (VvAddress){.bus = (guint8)GPOINTER_TO_UINT(g_hash_table_lookup(layout->buses, key))};
}

VvAddress vv_guest_layout_function(const VvGuestLayout *layout, const VvVmDevice *card, guint index)
{
    const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, index);
    gboolean separate = card->layout == VV_LAYOUT_SEPARATE;
    VvAddress address = on_bus(layout, separate && index > 0 ? (gconstpointer)function : card);

    if (card->has_guest_address && (!separate || index == 0))
        address.slot = card->guest_address.slot;
    address.function = separate ? 0 : function->guest_function;
    return address;
}

VvAddress vv_guest_layout_vf(const VvGuestLayout *layout, const VvVmNetwork *network)
{
    return on_bus(layout, network);
}
