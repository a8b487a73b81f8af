/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/words.h"

/* Functions of one slot are one card, but for those of the chipset, which are what it happens to have. */
static gboolean same_card(const VvDevice *a, const VvDevice *b)
{
    VvAddress other = b->address;

    other.function = a->address.function;
    return a->address.bus && vv_address_equal(a->address, other);
}

/* A member of another card: who takes the one has to take the other. Bridges stay, and so does what no driver
 * has and nobody gives away. */
static gboolean has_foreign(const GPtrArray *members, const VvDevice *device)
{
    for (guint i = 0; i < members->len; i++) {
        const VvDevice *member = members->pdata[i];
        gboolean counts = member->driver ? member->kind != VV_KIND_BRIDGE : vv_ready_is_passable(member);
        if (member != device && counts && !same_card(member, device))
            return TRUE;
    }
    return FALSE;
}

typedef struct {
    guint cards;       /* functions that share nothing, as far as people pass them through */
    GPtrArray *shared; /* char *: "12: 0000:04:00.0 nvme, …" */
    gboolean has_gpu;  /* that is no part of the chipset */
} Overview;

/* Chipset devices on bus 0 share groups on every machine and are rarely given away. */
static void look_at(const VvReadyHost *ready, int group, Overview *overview)
{
    const GPtrArray *members = vv_host_group_members(ready->host, group);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < members->len; i++) {
        const VvDevice *device = members->pdata[i];
        if (!vv_ready_is_passable(device))
            continue;
        overview->cards++;
        if (!has_foreign(members, device))
            continue;
        g_ptr_array_add(names, g_strdup_printf("%s %s", device->text, vv_kind_name(device->kind)));
        overview->has_gpu |= device->kind == VV_KIND_GPU && device->address.bus;
    }
    if (!names->len)
        return;
    overview->cards -= names->len;
    g_autofree char *list = vv_words_join(names, 2);
    g_ptr_array_add(overview->shared, g_strdup_printf("%d (%s)", group, list));
}

void vv_ready_check_groups(const VvReadyHost *ready, GPtrArray *rows)
{
    const GArray *groups = ready->host ? vv_host_groups(ready->host) : NULL;
    g_autoptr(GPtrArray) shared = g_ptr_array_new_with_free_func(g_free);
    Overview overview = {.shared = shared};

    if (!groups || !groups->len) {
        vv_ready_add(rows, "groups", VV_READY_INFO, "there are none; see iommu");
        return;
    }
    for (guint i = 0; i < groups->len; i++)
        look_at(ready, g_array_index(groups, int, i), &overview);
    g_autofree char *alone = vv_ready_count(overview.cards, "function");
    if (!shared->len) {
        vv_ready_add(rows, "groups", VV_READY_PASS, "%s that people give to guests share with no other card",
                     alone);
        return;
    }
    g_autofree char *list = vv_words_join(shared, 2);
    VvReadyRow *row = vv_ready_add(rows, "groups", overview.has_gpu ? VV_READY_WARN : VV_READY_INFO,
                                   "%s can go alone; other cards share group%s %s", alone,
                                   shared->len == 1 ? "" : "s", list);
    row->remedy = g_strdup("'virt-vfio list --groups' says why, and what can help");
}
