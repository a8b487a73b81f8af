/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/messages.h"
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/rom-auto.h"
#include "launcher/start-take.h"
#include "launcher/user-hooks.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

#include <string.h>
#include <sys/stat.h>

static char **allow, *roms;
static gboolean wait_for_it, keep, reset_first;

const GOptionEntry vv_start_options[] = {
    {"wait", 'w', 0, G_OPTION_ARG_NONE, &wait_for_it,
     "Stay until the guest stops, then give its devices back", NULL},
    {"keep", 'k', 0, G_OPTION_ARG_NONE, &keep, "Return at once; 'virt-vfio stop' gives the devices back",
     NULL},
    {"reset", 0, 0, G_OPTION_ARG_NONE, &reset_first, "Reset the devices before the guest gets them", NULL},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {"roms", 0, 0, G_OPTION_ARG_FILENAME, &roms, "Where backups of ROMs are kept (default " VV_ROM_STORE ")",
     "DIR"},
    {0},
};

/* Which user QEMU is depends on libvirt's settings, and QEMU says of a file that is closed to it only that it
 * does not find it. A dump is closed to all but root. New string; "" where every ROM file is open to all. */
static char *rom_hint(const VvDomain *domain)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const char *path = ((const VvDomainDevice *)domain->devices->pdata[i])->rom_file;
        struct stat facts;
        if (path && stat(path, &facts) == 0 && !(facts.st_mode & S_IROTH))
            return g_strdup_printf(" (%s has mode %03o, and QEMU is not root: 'chmod 644' it)", path,
                                   facts.st_mode & 0777);
    }
    return g_strdup("");
}

static gboolean check_state(VvContext *context, const VvDomain *domain, GError **error)
{
    VvDomainState state;

    if (!vv_connection_state(context->connection, domain->name, &state, error))
        return FALSE;
    if (!vv_domain_state_is_on(state))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "domain %s is %s already", domain->name,
                vv_domain_state_name(state));
    return FALSE;
}

/* Tells in the plan of a start what became of its devices when they went back. */
static void tell_return(VvPlan *plan, const VvPlan *back)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        VvPlanDevice *device = plan->devices->pdata[i];
        for (guint j = 0; j < back->devices->len; j++) {
            const VvPlanDevice *returned = back->devices->pdata[j];
            if (vv_address_equal(device->address, returned->address))
                device->state = returned->state;
        }
    }
    for (guint i = 0; i < back->steps->len; i++) {
        const VvStep *step = back->steps->pdata[i];
        vv_plan_add_step(plan, step->what, step->has_address ? &step->address : NULL, step->us)->failed =
            step->failed;
    }
}

/* Gives back all that is journalled for the domain, and tells it in `plan` (may be NULL). */
static gboolean give_back(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error)
{
    g_autoptr(VvPlan) back = NULL;
    g_autoptr(GPtrArray) entries = vv_journal_entries_of(vv_context_journal(context), domain->uuid, error);
    gboolean ok = entries && vv_give_back(context, entries, &back, error);
    ok = ok && vv_context_leave_vfs(context, domain->uuid, error);

    if (plan && back)
        tell_return(plan, back);
    return ok;
}

static void replace_message(GError *error, char *message)
{
    g_free(error->message);
    error->message = message;
}

/* What QEMU said when it ended reaches libvirt's error only if its log daemon was quick; its log has it
 * always. */
static void add_log_hint(const VvContext *context, const VvDomain *domain, GError **error)
{
    if (!error || !*error || (context->uri && strcmp(context->uri, "qemu:///system") != 0))
        return;
    replace_message(*error,
                    g_strdup_printf("%s (QEMU's own words, if it got that far: /var/log/libvirt/qemu/%s.log)",
                                    (*error)->message, domain->name));
}

/* What QEMU or libvirt said, in the words of somebody who wants a guest with real devices. */
static void add_advice(GError **error)
{
    const VvAdvice *advice = error && *error ? vv_advice_for((*error)->message) : NULL;

    if (advice)
        replace_message(*error, g_strdup_printf("%s\n  %s: %s\n  what to do: %s", (*error)->message,
                                                advice->code, advice->cause, advice->remedy));
}

static gboolean start_domain(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error)
{
    gint64 before = g_get_monotonic_time();
    gboolean ok = vv_context_start_domain(context, domain, error);
    VvStep *step = vv_plan_add_step(plan, "start", NULL, g_get_monotonic_time() - before);
    g_autofree char *what =
        g_strdup_printf(ok ? "domain %s is running" : "domain %s does not start", domain->name);

    step->failed = !ok;
    vv_print_progress(context, what, step->us, !ok, NULL);
    if (ok)
        return vv_tell_start(context, domain, VV_PHASE_POST_START, plan, NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *hint = rom_hint(domain);
    add_log_hint(context, domain, error);
    add_advice(error);
    if (!give_back(context, domain, plan, &problem))
        g_prefix_error(
            error, "not all devices came back (%s; see 'virt-vfio status'); before that: ", problem->message);
    else
        g_prefix_error(error, "domain %s did not start and its devices are back%s: ", domain->name, hint);
    return FALSE;
}

/* What comes between the taking and the start. */
static gboolean get_ready(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error)
{
    if (reset_first)
        vv_tell_reset(context, plan);
    if ((!reset_first || vv_reset_taken(context, plan, error)) &&
        vv_context_prepare_vfs(context, domain, error)) {
        vv_rom_prepare_late(context, domain, plan);
        if (vv_tell_start(context, domain, VV_PHASE_PRE_START, plan, error))
            return TRUE;
    }
    give_back(context, domain, plan, NULL);
    g_prefix_error(error, "domain %s was not started: ", domain->name);
    return FALSE;
}

static int wait_and_give_back(VvContext *context, const VvDomain *domain, GError **error)
{
    gint64 before = g_get_monotonic_time();

    if (!context->json)
        printf("  devices come back when it stops; this command waits for that\n");
    fflush(stdout);
    if (!vv_connection_wait_off(context->connection, domain->name, -1, context->signal_fd, error)) {
        if (!error || !*error)
            g_set_error(
                error, VV_ERROR, VV_ERROR_FAILED,
                "interrupted; domain %s goes on with its devices; 'virt-vfio stop %s' stops it and gives "
                "them back",
                domain->name, domain->name);
        else
            g_prefix_error(error, "lost sight of domain %s; 'virt-vfio stop %s' gives its devices back: ",
                           domain->name, domain->name);
        return VV_ERROR_FAILED;
    }
    g_autofree char *what = g_strdup_printf("domain %s has stopped", domain->name);
    vv_print_progress(context, what, g_get_monotonic_time() - before, FALSE, NULL);
    return give_back(context, domain, NULL, error) ? 0 : VV_ERROR_FAILED;
}

/* Plan, take, start. *ret_plan is set as soon as there is one. */
static int take_and_start(VvContext *context, VvDomain *domain, VvPlan **ret_plan, GError **error)
{
    int result = vv_start_take(context, domain, allow, ret_plan, error);

    if (result || context->dry_run)
        return result;
    VvPlan *plan = *ret_plan;
    if (!get_ready(context, domain, plan, error))
        return VV_ERROR_FAILED;
    return start_domain(context, domain, plan, error) ? 0 : VV_ERROR_FAILED;
}

/* Somebody has to give the devices back. */
static gboolean check_words(VvContext *context, const VvDomain *domain, GError **error)
{
    if (context->dry_run || wait_for_it != keep || (!wait_for_it && vv_hook_serves(context, domain)))
        return TRUE;
    if (wait_for_it)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "start: --wait and --keep exclude each other");
    else
        g_set_error(
            error, VV_ERROR, VV_ERROR_USAGE,
            "start: %s, so nobody would give the devices back: say --wait (stay until the guest stops) or "
            "--keep ('virt-vfio stop' gives them back)%s",
            domain ? "libvirt's hook leaves this domain alone, which virt-vfio has not made or adopted"
                   : "libvirt's hook is not live",
            domain ? "" : ", or see 'virt-vfio hook status'");
    return FALSE;
}

int vv_verb_start(VvContext *context, char **words, GError **error)
{
    if (!check_words(context, NULL, error) || !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    vv_rom_set_store(roms);
    g_autoptr(VvDomain) domain = vv_context_domain(context, words[0], error);
    if (!domain || (!context->dry_run && !check_state(context, domain, error))) {
        /* A libvirt that is down is to `start` what a QEMU that does not run is: a start that failed. */
        if (error && *error && (*error)->domain == VV_ERROR)
            (*error)->code = VV_ERROR_FAILED;
        return VV_ERROR_FAILED;
    }
    if (!check_words(context, domain, error))
        return VV_ERROR_USAGE;

    g_autoptr(VvPlan) plan = NULL;
    int result = take_and_start(context, domain, &plan, error);
    if (context->json && plan)
        vv_json_print(vv_json_plan(plan));
    if (result == 0 && !context->dry_run && wait_for_it)
        result = wait_and_give_back(context, domain, error);
    else if (result == 0 && !context->dry_run && !context->json)
        printf(vv_hook_serves(context, domain)
                   ? "  devices come back by themselves when %s stops (the hook is live)\n"
                   : "  devices stay taken; 'virt-vfio stop %s' gives them back\n",
               domain->name);
    return result;
}
