/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#include "domains/domplan.h"
#include "domains/domvf.h"
#include "hooks/services.h"
#include "hooks/userhook.h"
#include "vfio/error.h"
#include "vfio/recover.h"
#include "vfio/reset.h"
#include "vfio/rom-read.h"

#include <string.h>

/* All of a call has to be done in 28 s, and libvirt calls `release` after a `prepare` that failed. A device
 * that needs longer is reported as stuck, and the rest goes back. */
#define STAGE_MS 6000
#define RESET_MS 8000
#define LOCK_MS 4000
/* User hooks, in each phase. */
#define USER_HOOKS_MS 5000
/* Half of it; the other half is for the devices. */
#define STOP_MS 12000
/* systemd goes on with a start that takes longer. */
#define START_MS 2000

static VvHandoverOptions limits(void)
{
    return (VvHandoverOptions){.stage_ms = STAGE_MS, .reset_ms = RESET_MS, .lock_ms = LOCK_MS};
}

/* libvirt holds the domain's lock while it waits for us, so it cannot be asked whether another domain runs:
 * what was taken for one in full stays. */
static gboolean may_live(const VvEntry *entry G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    return TRUE;
}

VvHost *vv_hook_scan(VvSysfs *sysfs, VvJournal *journal, GError **error)
{
    const VvHandoverOptions handover = limits();

    if (!vv_journal_is_empty(journal))
        vv_reset_recover(sysfs, journal, &handover, NULL, NULL);
    return vv_host_scan(sysfs, error);
}

/* A device that an interrupted program left half way is nobody's. What does not come back is a reason in the
 * plan. */
static void recover(VvHost *host, VvJournal *journal)
{
    const VvRecoverOptions options = {.owner_alive = may_live};
    const VvHandoverOptions handover = limits();

    vv_rom_recover(host, journal, NULL, NULL);
    if (!vv_journal_is_empty(journal))
        vv_recover(host, journal, &options, &handover, NULL, NULL);
}

/* Units that were stopped for a domain that has no devices any more. */
static void start_again(VvHost *host, VvJournal *journal, GString *words)
{
    const VvServicesOptions options = {.start_ms = START_MS};
    g_autoptr(GError) error = NULL;

    if (!vv_services_settle(vv_host_sysfs(host), journal, &options, &error))
        g_string_append_printf(words, "virt-vfio: %s\n", error->message);
}

/* What a plan is made of. */
typedef struct {
    VvHost *host;
    VvJournal *journal;
    const VvDomain *domain;
} Asked;

static VvPlan *make_plan(gpointer data, GError **error)
{
    const Asked *asked = data;

    return vv_domain_plan_take(asked->host, asked->journal, asked->domain, NULL, NULL, error);
}

static void say_reason(GString *words, const VvReason *reason)
{
    g_autofree char *allow = vv_reason_allow_words(reason);
    char address[VV_ADDRESS_TEXT];

    g_string_append_printf(words, "  %s %s: %s", reason->code, vv_address_format(reason->address, address),
                           reason->detail);
    if (reason->remedy)
        g_string_append_printf(words, "; %s", reason->remedy);
    if (allow)
        g_string_append_printf(words, "; to allow it: 'virt-vfio start %s', or allow = %s in the VM file",
                               allow, reason->code);
    g_string_append_c(words, '\n');
}

static int refuse(GString *words, const VvDomain *domain, const VvPlan *plan)
{
    g_string_append_printf(words, "virt-vfio: %s cannot have its devices; nothing was changed:\n",
                           domain->name);
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        if (reason->severity == VV_SEVERITY_BLOCK && !reason->allowed)
            say_reason(words, reason);
    }
    return 1;
}

static void say_line(const char *line, gpointer data)
{
    g_string_append_printf(data, "virt-vfio: %s\n", line);
}

static VvUserHooks user_hooks(VvHost *host, const VvHookCall *call, const VvDomain *domain, GString *words)
{
    return (VvUserHooks){.sysfs = vv_host_sysfs(host),
                         .domain = domain->name,
                         .uuid = domain->uuid,
                         .phase_ms = USER_HOOKS_MS,
                         .until = call->until,
                         .say = say_line,
                         .data = words};
}

/* What pre-start says counts even where all was taken already: 'virt-vfio start' leaves these two phases to
 * this hook while it is live. `release`, which libvirt calls after a refusal, gives the devices back. */
static int prepare(VvHost *host, VvJournal *journal, const VvUserHooks *hooks, const VvDomain *domain,
                   GString *words)
{
    const VvHandoverOptions options = limits();
    const VvServicesOptions services = {.stop_ms = STOP_MS, .start_ms = START_MS};
    Asked asked = {host, journal, domain};
    g_autoptr(GError) error = NULL;

    recover(host, journal);
    start_again(host, journal, words);
    g_autoptr(VvPlan) plan = make_plan(&asked, &error);
    if (plan && !vv_plan_ok(plan))
        return refuse(words, domain, plan);
    if (plan && vv_services_stop(vv_host_sysfs(host), journal, &plan, make_plan, &asked, &services, &error) &&
        vv_plan_wake_vfs(plan, host, STAGE_MS, &error) &&
        vv_hooked_take(hooks, host, journal, plan, &options, &error) &&
        vv_domain_set_vfs(host, journal, domain, VV_VFS_EARLY, STAGE_MS, &error) &&
        vv_user_hooks_run(hooks, VV_PHASE_PRE_START, plan, &error))
        return 0;
    g_string_append_printf(words, "virt-vfio: %s\n", error->message);
    start_again(host, journal, words);
    return 1;
}

/* libvirt has set MACs and VLANs by now, without priorities, and starts QEMU next. */
static int starting(VvHost *host, VvJournal *journal, const VvDomain *domain, GString *words)
{
    g_autoptr(GError) error = NULL;

    if (vv_domain_set_vfs(host, journal, domain, VV_VFS_ALL, STAGE_MS, &error))
        return 0;
    g_string_append_printf(words, "virt-vfio: %s\n", error->message);
    return 1;
}

static void started(VvHost *host, VvJournal *journal, const VvUserHooks *hooks, const VvDomain *domain)
{
    g_autoptr(VvPlan) plan = vv_domain_plan_take(host, journal, domain, NULL, NULL, NULL);

    if (!plan)
        return;
    /* That the guest holds its devices is no news here. */
    g_ptr_array_set_size(plan->reasons, 0);
    vv_user_hooks_run(hooks, VV_PHASE_POST_START, plan, NULL);
}

static void release(VvHost *host, VvJournal *journal, const VvUserHooks *hooks, const VvDomain *domain,
                    GString *words)
{
    const VvHandoverOptions options = limits();
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = vv_journal_entries_of(journal, domain->uuid, &error);
    g_autoptr(VvPlan) plan = entries && entries->len ? vv_plan_return(host, entries) : NULL;

    if (plan)
        vv_hooked_return(hooks, host, journal, plan, &options, &error);
    vv_domain_leave_vfs(host, journal, domain->uuid, STAGE_MS, error ? NULL : &error);
    if (error)
        g_string_append_printf(words, "virt-vfio: %s; see 'virt-vfio status'\n", error->message);
    start_again(host, journal, words);
}

int vv_hook_handle(VvHost *host, VvJournal *journal, const VvHookConfig *config, const VvHookCall *call,
                   GString *words)
{
    gboolean prepares = strcmp(call->operation, "prepare") == 0;
    gboolean starting_now = strcmp(call->operation, "start") == 0;
    gboolean starts = strcmp(call->operation, "started") == 0;
    g_autoptr(GError) error = NULL;

    if (!prepares && !starting_now && !starts && strcmp(call->operation, "release") != 0)
        return 0;
    g_autoptr(VvDomain) domain = vv_domain_read(call->xml, call->length, &error);
    if (domain && !domain->uuid)
        g_set_error(&error, VV_ERROR, VV_ERROR_FAILED, "the domain %s has no uuid", domain->name);
    if (error) {
        g_string_append_printf(words, "virt-vfio: %s\n", error->message);
        return prepares;
    }
    if (!domain->ours && !config->all)
        return 0;
    if (starting_now)
        return starting(host, journal, domain, words);
    const VvUserHooks hooks = user_hooks(host, call, domain, words);
    if (starts && domain->devices->len)
        started(host, journal, &hooks, domain);
    if (!prepares && !starts)
        release(host, journal, &hooks, domain, words);
    return prepares && domain->devices->len ? prepare(host, journal, &hooks, domain, words) : 0;
}
