/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"
#include "domains/guest-layout.h"

/* What comes first among those whose boot = says nothing. An empty disk leads to the installer's CD, and an
 * installed one no longer does. */
typedef enum { RANK_NUMBERED, RANK_DISK, RANK_CARD, RANK_CDROM } Rank;

typedef struct {
    gconstpointer who;
    Rank rank;
    gint number; /* of RANK_NUMBERED */
    guint at;    /* in the file */
} Bootable;

static gint compare(gconstpointer a, gconstpointer b)
{
    const Bootable *one = a, *two = b;

    if (one->rank != two->rank)
        return one->rank < two->rank ? -1 : 1;
    if (one->number != two->number)
        return one->number < two->number ? -1 : 1;
    return one->at < two->at ? -1 : 1;
}

static void add(GArray *all, gconstpointer who, gint boot, Rank rank)
{
    Bootable bootable = {who, boot > 0 ? RANK_NUMBERED : rank, MAX(boot, 0), all->len};

    if (boot != VV_BOOT_NO)
        g_array_append_val(all, bootable);
}

/* Mass storage of every kind (PCI Code and ID Assignment, base class 01h). */
static gboolean is_storage(const VvVmFunction *function)
{
    return function->identity && function->identity->class_code >> 16 == 0x01;
}

static void add_card(GArray *all, const VvVmDevice *card, gboolean automatic)
{
    for (guint f = 0; f < card->functions->len; f++) {
        const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, f);
        gboolean numbered = card->boot > 0 && vv_guest_layout_is_first(card, f);

        if (numbered || (card->boot == VV_BOOT_AUTO && automatic && is_storage(function)))
            add(all, function, card->boot, RANK_CARD);
    }
}

GHashTable *vv_domxml_boot_orders(const VvVm *vm)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Bootable));
    GHashTable *orders = g_hash_table_new(NULL, NULL);
    /* With a kernel given there is nothing to look for. */
    gboolean automatic = !vm->kernel;
    guint last = 0;

    for (guint i = 0; i < vm->disks->len; i++) {
        const VvVmDisk *disk = vm->disks->pdata[i];

        if (automatic || disk->boot > 0)
            add(all, disk, disk->boot, disk->cdrom ? RANK_CDROM : RANK_DISK);
    }
    for (guint i = 0; i < vm->devices->len; i++)
        add_card(all, vm->devices->pdata[i], automatic);
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        if (network->boot > 0)
            add(all, network, network->boot, RANK_NUMBERED);
    }
    g_array_sort(all, compare);
    for (guint i = 0; i < all->len; i++) {
        const Bootable *bootable = &g_array_index(all, Bootable, i);

        /* libvirt wants each number once. */
        last = MAX((guint)bootable->number, last + 1);
        g_hash_table_insert(orders, (gpointer)bootable->who, GUINT_TO_POINTER(last));
    }
    return orders;
}

void vv_domxml_add_boot(xmlNode *node, GHashTable *orders, gconstpointer who)
{
    guint order = GPOINTER_TO_UINT(g_hash_table_lookup(orders, who));

    if (order)
        vv_xml_setf(vv_xml_add(node, "boot"), "order", "%u", order);
}
