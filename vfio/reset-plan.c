/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/group.h"
#include "vfio/plan-internal.h"
#include "vfio/reset-quirk.h"
#include "vfio/reset.h"

#include <string.h>

/* How long the host may take to say what it uses the devices for. */
#define USAGE_MS 15000

/* One plan while it is made. */
typedef struct {
    VvPlanning base;
    VvDevice *device;
    VvResetChoice *choice;
} Planning;

static void block(Planning *p, const char *code, const VvDevice *device, gboolean can_allow,
                  const char *remedy, char *detail)
{
    vv_plan_add_reason(
        &p->base, vv_reason_new(code, VV_SEVERITY_BLOCK, device->address, can_allow, remedy, "%s", detail));
    g_free(detail);
}

static gboolean has_host_driver(const VvDevice *device)
{
    return device->driver && !vv_driver_may_stay(device->driver);
}

static gboolean is_held(const Planning *p, const VvDevice *device)
{
    return device->group >= 0 && vv_driver_may_stay(device->driver) &&
           vv_group_in_use(vv_host_sysfs(p->base.host), device->group);
}

static const char *claimed_by(const Planning *p, const VvDevice *device)
{
    const GPtrArray *claims = p->base.options->claims;

    for (guint i = 0; claims && i < claims->len; i++) {
        const VvClaim *claim = claims->pdata[i];
        if (vv_address_equal(claim->address, device->address))
            return claim->who;
    }
    return NULL;
}

static gboolean is_free(const Planning *p, const VvDevice *device)
{
    return device->kind == VV_KIND_BRIDGE ||
           (!has_host_driver(device) && !is_held(p, device) && !claimed_by(p, device));
}

static gboolean all_free(const Planning *p, const VvResetMethod *method)
{
    for (guint i = 0; i < method->reaches->len; i++)
        if (!is_free(p, method->reaches->pdata[i]))
            return FALSE;
    return TRUE;
}

/* One that nobody may overrule: a running guest has it. */
static void check_held(Planning *p, const VvDevice *device)
{
    const char *claim = claimed_by(p, device);

    if (is_held(p, device)) {
        g_autofree char *who = vv_usage_group_user(p->base.usage, device->group);
        block(p, "process-holds", device, FALSE, "stop the guest or program that uses it",
              g_strdup_printf("%s holds /dev/vfio/%d", who ? who : "a running program", device->group));
    } else if (claim)
        block(p, "claimed", device, FALSE, "stop it first", g_strdup_printf("it is used by %s", claim));
}

static gboolean check_entry(Planning *p, VvPlanDevice *planned, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(p->base.journal, planned->address, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!entry)
        return TRUE;
    planned->state = vv_state_name(entry->state);
    if (entry->state == VV_STATE_STUCK && vv_process_alive(vv_host_sysfs(p->base.host), entry->by))
        block(p, "stuck", p->device, FALSE, "look at the kernel log; only a reboot may help",
              g_strdup(entry->note ? entry->note : "its worker hangs in the kernel"));
    return TRUE;
}

static void check_device(Planning *p)
{
    const VvDevice *device = p->device;
    const VvResetQuirk *note = vv_reset_quirk_note(device);

    if (device->kind == VV_KIND_BRIDGE || !vv_device_is_endpoint(vv_host_sysfs(p->base.host), device))
        block(p, "not-endpoint", device, FALSE, "reset the devices behind it instead",
              g_strdup("this is a bridge"));
    check_held(p, device);
    if (has_host_driver(device))
        block(p, "driver-bound", device, TRUE, "take it from its driver first, with 'virt-vfio bind'",
              g_strdup_printf("%s has it, and may not notice that it was reset", device->driver));
    if (note && !vv_reset_method_find(p->choice->methods, "device_specific"))
        vv_plan_add_reason(&p->base, vv_reason_new("reset-quirk", VV_SEVERITY_WARN, device->address, FALSE,
                                                   NULL, "%s (%s)", note->why, note->source));
}

static char *name_methods(const GPtrArray *methods)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < methods->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "", ((const VvResetMethod *)methods->pdata[i])->name);
    return g_string_free(names, FALSE);
}

static void add_candidate(Planning *p, const VvResetMethod *method)
{
    g_ptr_array_add(p->choice->candidates, (gpointer)method);
}

static void choose_named(Planning *p, const char *wanted)
{
    const VvResetMethod *method = vv_reset_method_find(p->choice->methods, wanted);
    g_autofree char *names = name_methods(p->choice->methods);

    if (!method)
        block(p, "reset-none", p->device, FALSE, NULL,
              g_strdup_printf("it has no %s; it has: %s", wanted, names));
    else if (method->unfit)
        block(p, "reset-none", p->device, !method->refused, "choose another method",
              g_strdup_printf("%s: %s", wanted, method->unfit));
    if (method && !(method->unfit && method->refused))
        add_candidate(p, method);
}

/* What reaches nobody who is used goes first, and where there is such a method, no other is even thought of.
 */
static void choose_best(Planning *p)
{
    const VvResetMethod *consent = NULL, *reaching = NULL;

    for (guint i = 0; i < p->choice->methods->len; i++) {
        const VvResetMethod *method = p->choice->methods->pdata[i];
        if (method->unfit)
            continue;
        if (method->consent)
            consent = consent && (all_free(p, consent) || !all_free(p, method)) ? consent : method;
        else if (all_free(p, method))
            add_candidate(p, method);
        else
            reaching = reaching ? reaching : method;
    }
    if (p->choice->candidates->len)
        return;
    if (consent && (!reaching || all_free(p, consent)))
        add_candidate(p, consent);
    else if (reaching)
        add_candidate(p, reaching);
    else
        block(p, "reset-none", p->device, FALSE, "switch the host off and on",
              g_strdup("nothing can reset it"));
}

static void check_reached(Planning *p, const VvResetMethod *method, const VvDevice *other)
{
    if (other->kind == VV_KIND_BRIDGE)
        return;
    check_held(p, other);
    if (has_host_driver(other))
        block(p, "reset-siblings", other, TRUE, "take it from its driver too, with 'virt-vfio bind'",
              g_strdup_printf("%s of %s resets it too, and %s has it", method->name, p->device->text,
                              other->driver));
    else
        vv_plan_add_reason(&p->base,
                           vv_reason_new("reset-siblings", VV_SEVERITY_INFO, other->address, FALSE, NULL,
                                         "%s of %s resets it too", method->name, p->device->text));
}

/* Each function that any of the candidates reaches is told once. */
static void check_candidates(Planning *p, GPtrArray *told)
{
    for (guint i = 0; i < p->choice->candidates->len; i++) {
        const VvResetMethod *method = p->choice->candidates->pdata[i];
        for (guint j = 0; j < method->reaches->len; j++) {
            VvDevice *other = method->reaches->pdata[j];
            if (g_ptr_array_find(told, other, NULL))
                continue;
            g_ptr_array_add(told, other);
            check_reached(p, method, other);
        }
        if (method->consent)
            block(p, "reset-removes", p->device, TRUE, NULL,
                  g_strdup_printf("%s takes it%s from the kernel and brings it back: what its host driver "
                                  "is has it for a moment",
                                  method->name, method->reaches->len ? " and the others" : ""));
    }
}

/* What the host would lose with those that a host driver has. */
static void check_usage(Planning *p, const GPtrArray *told)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new(), reasons = g_ptr_array_new();

    if (has_host_driver(p->device))
        g_ptr_array_add(devices, p->device);
    for (guint i = 0; i < told->len; i++)
        if (has_host_driver(told->pdata[i]))
            g_ptr_array_add(devices, told->pdata[i]);
    if (!devices->len)
        return;
    vv_usage_set_leaving(p->base.usage, devices);
    vv_usage_collect(p->base.usage, devices, USAGE_MS, reasons);
    for (guint i = 0; i < reasons->len; i++)
        vv_plan_add_reason(&p->base, reasons->pdata[i]);
}

static int compare_severity(gconstpointer a, gconstpointer b)
{
    const VvReason *x = *(VvReason *const *)a, *y = *(VvReason *const *)b;

    return (int)x->severity - (int)y->severity;
}

VvPlan *vv_plan_reset(VvHost *host, const VvJournal *journal, VvDevice *device, const char *wanted,
                      const VvPlanOptions *options, VvResetChoice **ret_choice, GError **error)
{
    g_autoptr(VvPlan) plan = vv_plan_new(NULL, NULL);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autoptr(VvResetChoice) choice = g_new0(VvResetChoice, 1);
    g_autoptr(GPtrArray) told = g_ptr_array_new();
    Planning p = {
        {.plan = plan, .host = host, .journal = journal, .options = options, .usage = usage}, device, choice};

    choice->methods = vv_reset_methods(host, device);
    choice->candidates = g_ptr_array_new();
    VvPlanDevice *planned = vv_plan_add_device(plan, device, device->address);
    planned->to = g_strdup(planned->from);
    vv_plan_add_step(plan, "reset", &device->address, -1);
    if (!check_entry(&p, planned, error))
        return NULL;
    if (wanted)
        choose_named(&p, wanted);
    else
        choose_best(&p);
    check_device(&p);
    check_candidates(&p, told);
    check_usage(&p, told);
    g_ptr_array_sort(plan->reasons, compare_severity);
    *ret_choice = g_steal_pointer(&choice);
    return g_steal_pointer(&plan);
}
