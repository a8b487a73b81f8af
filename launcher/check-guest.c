/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml.h"
#include "domains/needs.h"
#include "launcher/check.h"
#include "launcher/devices.h"
#include "launcher/guest-plan.h"
#include "launcher/present.h"
#include "launcher/vfs.h"

#include <string.h>

/* A blocking reason keeps the guest from starting, unless it is allowed. */
static VvReadyVerdict verdict_of(const VvReason *reason)
{
    switch (reason->severity) {
    case VV_SEVERITY_BLOCK:
        return reason->allowed ? VV_READY_WARN : VV_READY_FAIL;
    case VV_SEVERITY_WARN:
        return VV_READY_WARN;
    default:
        return VV_READY_INFO;
    }
}

static char *remedy_of(const VvReason *reason)
{
    g_autofree char *allow = vv_reason_allow_words(reason);

    if (reason->allowed || !allow)
        return g_strdup(reason->remedy);
    return reason->remedy ? g_strdup_printf("%s, or say: %s", reason->remedy, allow)
                          : g_strdup_printf("say: %s", allow);
}

static void add_reasons(const VvReadyHost *ready, const VvPlan *plan, GPtrArray *rows)
{
    char count[40];
    VvReadyRow *whole =
        vv_ready_add(rows, "plan", VV_READY_INFO, "%s would be taken from this host%s",
                     vv_count(plan->devices->len, "function", count),
                     plan->reasons->len ? ", with these reasons:" : ", and nothing is said against it");

    if (!ready->is_root)
        whole->root = g_strdup("which programs hold the devices");
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        g_autofree char *address = vv_address_dup(reason->address);
        VvReadyRow *row = vv_ready_add(rows, reason->code, verdict_of(reason), "%s: %s%s", address,
                                       reason->detail, reason->allowed ? " (allowed)" : "");
        row->remedy = remedy_of(reason);
    }
}

/* What is only held for its group's sake need not be near or fast. */
static GPtrArray *guest_devices(const VvPlan *plan)
{
    GPtrArray *devices = g_ptr_array_new();

    for (guint i = 0; i < plan->devices->len; i++) {
        const VvPlanDevice *planned = plan->devices->pdata[i];
        if (planned->device && !planned->companion)
            g_ptr_array_add(devices, planned->device);
    }
    return devices;
}

/* A guest that QEMU emulates without KVM. */
static void excuse_kvm(GPtrArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        VvReadyRow *row = rows->pdata[i];
        if (row->verdict == VV_READY_FAIL && (strcmp(row->id, "cpu") == 0 || strcmp(row->id, "kvm") == 0))
            row->verdict = VV_READY_WARN;
    }
}

static gboolean check_xml(const VvReadyHost *ready, const char *xml, const VvPlan *plan, gboolean running,
                          GPtrArray *rows, GError **error)
{
    g_autoptr(VvGuestNeeds) needs = vv_guest_needs_read(xml, strlen(xml), error);
    g_autoptr(GPtrArray) devices = guest_devices(plan);

    if (!needs)
        return FALSE;
    if (!needs->kvm)
        excuse_kvm(rows);
    add_reasons(ready, plan, rows);
    vv_guest_needs_check(needs, ready, devices, running, rows);
    return TRUE;
}

/* As it would be defined here, but for what libvirt would be asked. */
static char *build_xml(VvVm *vm, const VvReadyHost *ready, GPtrArray *rows)
{
    const VvTuningHost host = {.topology = ready->topology, .host = ready->host};
    g_autoptr(GError) problem = NULL;

    if (!vv_vm_resolve(vm, ready->host, &problem)) {
        vv_ready_add(rows, "file", VV_READY_FAIL, "%s", problem->message);
        return NULL;
    }
    g_autoptr(VvTuning) tuning = vv_tuning_new(vm, vm->accel != VV_ACCEL_TCG, &host);
    for (guint i = 0; i < tuning->notes->len; i++)
        vv_ready_add(rows, "tuning", VV_READY_INFO, "%s", (const char *)tuning->notes->pdata[i]);
    return vv_domain_xml_build(vm, tuning);
}

static gboolean check_file(VvContext *context, const VvReadyHost *ready, const char *path, GPtrArray *rows,
                           GError **error)
{
    g_autoptr(VvVm) vm = vv_vm_load(path, NULL, error);
    g_autoptr(VvPlan) plan = vm ? vv_vm_plan(context, vm, NULL, error) : NULL;

    if (!plan)
        return FALSE;
    /* The one that was planned has its free VFs in it already. */
    g_autoptr(VvVm) fresh = vv_vm_load(path, NULL, error);
    if (!fresh)
        return FALSE;
    g_autofree char *xml = build_xml(fresh, ready, rows);
    if (xml)
        return check_xml(ready, xml, plan, FALSE, rows, error);
    add_reasons(ready, plan, rows);
    return TRUE;
}

static gboolean check_domain(VvContext *context, const VvReadyHost *ready, const char *name, GPtrArray *rows,
                             GError **error)
{
    VvConnection *connection = vv_context_connection(context, error);
    g_autofree char *xml = connection ? vv_connection_domain_xml(connection, name, error) : NULL;
    g_autoptr(VvDomain) domain = xml ? vv_domain_read(xml, strlen(xml), error) : NULL;
    gboolean chosen = domain && vv_context_choose_vfs(context, domain, error);
    g_autoptr(VvPlan) plan = chosen ? vv_domain_plan(context, domain, NULL, error) : NULL;
    VvDomainState state = VV_DOMAIN_OFF;

    if (!plan || !vv_connection_state(connection, name, &state, error))
        return FALSE;
    return check_xml(ready, xml, plan, vv_domain_state_is_on(state), rows, error);
}

gboolean vv_check_guest(VvContext *context, const VvReadyHost *ready, const char *word, GPtrArray *rows,
                        GError **error)
{
    return vv_is_vm_file(word) ? check_file(context, ready, word, rows, error)
                               : check_domain(context, ready, word, rows, error);
}
