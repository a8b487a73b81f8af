/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/vfs.h"

#include "domains/vmfile-vf.h"
#include "launcher/devices.h"
#include "launcher/user-hooks.h"
#include "vfio/error.h"

#include <string.h>

/* What a hand-over gives a driver, too, where nothing else is said. */
#define DEADLINE_MS 15000

static guint deadline_ms(VvContext *context)
{
    const VvHandoverOptions options = vv_context_handover(context);

    return options.stage_ms ? options.stage_ms : DEADLINE_MS;
}

gboolean vv_context_choose_vfs(VvContext *context, VvDomain *domain, GError **error)
{
    gboolean named_by_parent = FALSE;

    for (guint i = 0; i < domain->devices->len; i++)
        named_by_parent |= ((const VvDomainDevice *)domain->devices->pdata[i])->number != VV_VF_NAMED;
    if (!named_by_parent)
        return TRUE;
    VvHost *host = vv_context_host(context, error);
    g_autoptr(GPtrArray) entries = host ? vv_journal_list(vv_context_journal(context), error) : NULL;
    if (!entries)
        return FALSE;
    g_autoptr(GPtrArray) claims = NULL, wishes = NULL;
    vv_collect_others(context, domain, &claims, &wishes);
    vv_domain_choose_vfs(domain, host, entries, claims, wishes);
    return TRUE;
}

gboolean vv_context_wake_vfs(VvContext *context, const VvPlan *plan, GError **error)
{
    return vv_plan_wake_vfs(plan, context->host, deadline_ms(context), error);
}

static char *put_vfs(const char *xml, gsize length, gpointer domain, GError **error)
{
    return vv_domain_put_vfs(xml, length, domain, error);
}

gboolean vv_context_prepare_vfs(VvContext *context, const VvDomain *domain, GError **error)
{
    gboolean moved = FALSE;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        moved |= !vv_address_equal(device->host, device->listed);
    }
    if (moved && !vv_context_change_domain(context, domain->uuid, put_vfs, (gpointer)domain, error))
        return FALSE;
    return vv_domain_set_vfs(context->host, vv_context_journal(context), domain, VV_VFS_EARLY,
                             deadline_ms(context), error);
}

gboolean vv_context_leave_vfs(VvContext *context, const char *uuid, GError **error)
{
    VvHost *host = vv_context_host(context, error);

    return host && vv_domain_leave_vfs(host, vv_context_journal(context), uuid, deadline_ms(context), error);
}

static gboolean has_interfaces(const VvDomain *domain)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        if (device->interface && device->card)
            return TRUE;
    }
    return FALSE;
}

gboolean vv_context_start_domain(VvContext *context, const VvDomain *domain, GError **error)
{
    if (!has_interfaces(domain) || vv_hook_serves(context, domain))
        return vv_connection_start(context->connection, domain->name, error);
    if (!vv_connection_start_paused(context->connection, domain->name, error))
        return FALSE;
    if (vv_domain_set_vfs(context->host, vv_context_journal(context), domain, VV_VFS_ALL,
                          deadline_ms(context), error) &&
        vv_connection_resume(context->connection, domain->name, error))
        return TRUE;
    vv_connection_destroy(context->connection, domain->name, NULL);
    return FALSE;
}

static gboolean add_vf(VvContext *context, VvVm *vm, VvVmVf *vf, VvDomain *domain, const char *section,
                       const char *name, GError **error)
{
    VvDomainDevice *device;

    if (!vf->word)
        return TRUE;
    if (!vv_vm_resolve_vf(vm, vf, context->host, error)) {
        g_prefix_error(error, "%s: [%s %s] vf: ", vm->path, section, name);
        return FALSE;
    }
    device = vv_domain_add_device(domain, vf->address);
    device->card = g_strdup(name);
    device->interface = strcmp(section, "network") == 0;
    device->has_parent = vf->has_parent;
    device->parent = vf->parent;
    device->number = vf->number;
    return TRUE;
}

static void move_pool(VvVm *vm, VvVmVf *vf, const VvDomain *chosen, guint *next)
{
    if (!vf->word)
        return;
    const VvDomainDevice *device = chosen->devices->pdata[(*next)++];
    if (vf->number == VV_VF_ANY)
        vv_vm_move_vf(vm, vf, device->host);
}

gboolean vv_context_spread_vfs(VvContext *context, VvVm *vm, GError **error)
{
    g_autoptr(VvDomain) chosen = vv_context_vm_vfs(context, vm, error);
    guint next = 0;

    if (!chosen)
        return FALSE;
    for (guint i = 0; i < vm->devices->len; i++)
        move_pool(vm, &((VvVmDevice *)vm->devices->pdata[i])->vf, chosen, &next);
    for (guint i = 0; i < vm->networks->len; i++)
        move_pool(vm, &((VvVmNetwork *)vm->networks->pdata[i])->vf, chosen, &next);
    return TRUE;
}

VvDomain *vv_context_vm_vfs(VvContext *context, VvVm *vm, GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_new(vm->name, vm->uuid ? vm->uuid : "new");

    domain->allow = g_new0(char *, 1);
    if (!vv_context_host(context, error))
        return NULL;
    vv_vm_begin_vfs(vm, context->host);
    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *device = vm->devices->pdata[i];
        if (!add_vf(context, vm, &device->vf, domain, "device", device->name, error))
            return NULL;
    }
    for (guint i = 0; i < vm->networks->len; i++) {
        VvVmNetwork *network = vm->networks->pdata[i];
        if (!add_vf(context, vm, &network->vf, domain, "network", network->name, error))
            return NULL;
    }
    return vv_context_choose_vfs(context, domain, error) ? g_steal_pointer(&domain) : NULL;
}
