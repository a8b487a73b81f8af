/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/recovery.h"

#include "launcher/services.h"
#include "vfio/reset.h"
#include "vfio/rom-read.h"
#include "vfio/sriov.h"

#include <stdio.h>
#include <string.h>

static gboolean owner_alive(const VvEntry *entry, gpointer data)
{
    VvConnection *connection = vv_context_connection(data, NULL);
    VvDomainState state;

    /* Where libvirt does not answer, the open group of a running guest has already said that it lives. */
    return connection && vv_connection_state(connection, entry->owner, &state, NULL) &&
           vv_domain_state_is_on(state);
}

VvRecoverOptions vv_context_recover_options(VvContext *context, gboolean retry)
{
    return (VvRecoverOptions){.owner_alive = owner_alive, .data = context, .retry = retry};
}

static void tell(VvContext *context, const VvPlan *plan)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        const VvPlanDevice *device = plan->devices->pdata[i];
        gboolean home = strcmp(device->state, "host") == 0;
        if (!home && strcmp(device->state, "gone") != 0)
            continue;
        g_autofree char *address = vv_address_dup(device->address);
        if (home)
            fprintf(stderr, "virt-vfio: %s was left behind by an interrupted virt-vfio; %s\n", address,
                    device->to ? "it is back with its driver" : "it is back, with no driver as before");
        else
            fprintf(stderr, "virt-vfio: %s is gone from this host, and with that off the books%s%s\n",
                    address, device->lost ? ": " : "", device->lost ? device->lost : "");
        g_array_append_val(context->recovered, device->address);
    }
}

/* What a reading of a ROM had switched on. */
static void recover_roms(VvContext *context)
{
    g_autoptr(GArray) left = vv_rom_left_behind(vv_context_journal(context));
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autoptr(GError) error = NULL;

    if (!left->len || !vv_context_host(context, NULL))
        return;
    vv_rom_recover(context->host, context->journal, done, &error);
    for (guint i = 0; i < done->len; i++) {
        g_autofree char *address = vv_address_dup(g_array_index(done, VvAddress, i));
        fprintf(stderr,
                "virt-vfio: %s was left switched on by an interrupted reading of its ROM; it is as before\n",
                address);
    }
    if (error)
        fprintf(stderr, "virt-vfio: of what a reading of a ROM had switched on, not all is as before: %s\n",
                error->message);
}

gboolean vv_context_finish_resets(VvContext *context, GError **error)
{
    const VvHandoverOptions handover = vv_context_handover(context);
    VvSysfs *sysfs = vv_context_sysfs(context, error);
    g_autoptr(GError) problem = NULL;
    gboolean changed = FALSE;

    if (!sysfs)
        return FALSE;
    if (!vv_reset_recover(sysfs, vv_context_journal(context), &handover, &changed, &problem))
        fprintf(stderr, "virt-vfio: %s\n", problem->message);
    if (changed)
        vv_context_rescan(context);
    return TRUE;
}

gboolean vv_context_finish_sriov(VvContext *context, guint *ret_count)
{
    const VvHandoverOptions handover = vv_context_handover(context);
    VvHost *host = vv_context_host(context, NULL);
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autoptr(GError) error = NULL;

    if (host && !vv_sriov_recover(host, vv_context_journal(context), &handover, done, &error))
        fprintf(stderr, "virt-vfio: %s\n", error->message);
    for (guint i = 0; i < done->len; i++) {
        g_autofree char *address = vv_address_dup(g_array_index(done, VvAddress, i));
        fprintf(
            stderr,
            "virt-vfio: an interrupted change of %s's virtual functions is put in order; 'virt-vfio sriov "
            "list %s' shows what it has\n",
            address, address);
    }
    if (done->len)
        vv_context_rescan(context);
    *ret_count = done->len;
    return !error;
}

void vv_context_recover(VvContext *context)
{
    const VvRecoverOptions options = vv_context_recover_options(context, FALSE);
    VvHandoverOptions handover = vv_context_handover(context);
    g_autoptr(GError) error = NULL;
    g_autoptr(VvPlan) plan = NULL;
    guint changed;

    handover.progress = NULL;
    recover_roms(context);
    if (vv_journal_is_empty(vv_context_journal(context)) || !vv_context_finish_resets(context, NULL))
        return;
    vv_context_finish_sriov(context, &changed);
    if (!vv_context_host(context, NULL))
        return;
    if (!vv_recover(context->host, context->journal, &options, &handover, &plan, &error))
        fprintf(stderr, "virt-vfio: of what was left behind, not all came back: %s\n", error->message);
    if (plan)
        tell(context, plan);
    vv_context_start_services(context, FALSE);
    if (plan && plan->devices->len)
        vv_context_rescan(context);
}
