/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/setup-asked.h"
#include "launcher/setup-show.h"
#include "vfio/boot/steps.h"
#include "vfio/error.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What one run of the verb works with. */
typedef struct {
    VvContext *context;
    VvSysfs *sysfs;
    VvBootStack *stack;
    VvLedger *ledger;
    int lock; /* -1: nothing is to be changed */
} Setup;

static gboolean check_modes(GError **error)
{
    const VvSetupAsked *asked = vv_setup_asked();
    const char *mode = asked->undo ? "--undo" : "--status";

    if (asked->apply + asked->undo + asked->status > 1)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "setup: only one of --apply, --undo and --status");
    else if ((asked->undo || asked->status) && vv_setup_asks())
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "setup %s is about all of it; say nothing else", mode);
    else
        return TRUE;
    return FALSE;
}

static gboolean stop(gpointer data)
{
    const VvContext *context = data;
    struct pollfd ready = {.fd = context->signal_fd, .events = POLLIN};

    return poll(&ready, 1, 0) > 0;
}

static VvSetupEngine engine_of(const Setup *setup)
{
    return (VvSetupEngine){
        .sysfs = setup->sysfs, .progress = vv_setup_progress, .stop = stop, .data = setup->context};
}

/* Commands of another root run in chroot(2). */
static gboolean may_run(const Setup *setup, const VvSetupPlan *plan, GError **error)
{
    gboolean has_commands = vv_setup_is_pending(setup->ledger);

    for (guint i = 0; i < plan->steps->len; i++)
        has_commands |= ((const VvSetupStep *)plan->steps->pdata[i])->what == VV_SETUP_RUN;
    if (geteuid() == 0 || !has_commands)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                "its commands have to run inside %s (chroot), which only root may; nothing was changed",
                vv_sysfs_root(setup->sysfs));
    return FALSE;
}

static void say_next(const Setup *setup, const VvSetupPlan *plan, gboolean is_undone)
{
    if (setup->context->json)
        return;
    vv_setup_print_notes(plan);
    if (!vv_sysfs_is_live(setup->sysfs))
        puts("\nIt becomes effective when that system boots.");
    else if (is_undone)
        puts("\nReboot to run without it.");
    else
        puts("\nNext: reboot, then 'virt-vfio check'.");
}

static void show_nothing(const Setup *setup, const VvSetupWants *wants, const VvSetupPlan *plan)
{
    g_autofree char *text = vv_setup_wants_text(wants);

    vv_setup_show_plan(setup->context, setup->stack, plan, "nothing", "done");
    if (!setup->context->json)
        printf("\nNothing to do: this system is set up for %s. 'virt-vfio check' says whether it is "
               "effective.\n",
               text);
}

static gboolean show(const Setup *setup, const VvSetupWants *wants, const VvSetupPlan *plan)
{
    gboolean is_pending = setup->ledger->exists && setup->ledger->state != VV_LEDGER_APPLIED;
    g_autofree char *next = vv_setup_asked_again(setup->context, "--apply");

    if (!plan->steps->len && !plan->snippet && !is_pending) {
        show_nothing(setup, wants, plan);
        return TRUE;
    }
    vv_setup_show_plan(setup->context, setup->stack, plan,
                       setup->stack->prints_only ? "prints-only" : "changes", "planned");
    if (setup->context->json)
        return TRUE;
    if (is_pending)
        puts("\nAn earlier setup was interrupted; 'virt-vfio setup --status' says how far it got.");
    if (!setup->stack->prints_only)
        printf("\nNothing was changed. To do it: %s\n", next);
    return TRUE;
}

static int run_status(const Setup *setup)
{
    g_auto(GStrv) arguments = vv_setup_arguments(setup->sysfs, setup->stack, setup->ledger->wants);

    vv_setup_show_status(setup->context, setup->stack, setup->ledger, (const char *const *)arguments);
    return 0;
}

/* With the error, for a program: how far it got. */
static gboolean show_failure(const Setup *setup)
{
    if (setup->context->json && setup->ledger->exists)
        run_status(setup);
    return FALSE;
}

static gboolean carry_out(const Setup *setup, const VvSetupWants *wants, const VvSetupPlan *plan,
                          GError **error)
{
    const VvSetupEngine engine = engine_of(setup);
    gboolean changed = FALSE;

    if (setup->stack->prints_only) {
        vv_setup_show_plan(setup->context, setup->stack, plan, "prints-only", "planned");
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "setup changes nothing on %s (%s): do what is printed above by hand",
                    setup->stack->distribution, setup->stack->name);
        return FALSE;
    }
    if (!may_run(setup, plan, error))
        return FALSE;
    if (!vv_setup_apply(&engine, setup->ledger, setup->stack, wants, plan, &changed, error))
        return show_failure(setup);
    if (!changed) {
        show_nothing(setup, wants, plan);
        return TRUE;
    }
    if (setup->context->json)
        vv_setup_show_plan(setup->context, setup->stack, plan, "applied", "done");
    say_next(setup, plan, FALSE);
    return TRUE;
}

static int run_setup(const Setup *setup, GError **error)
{
    g_autoptr(VvSetupWants) new = vv_setup_asked_wants(setup->context, error);
    g_autoptr(VvSetupWants) wants = vv_setup_wants_new();

    if (!new)
        return VV_ERROR_REFUSED;
    vv_setup_wants_merge(wants, setup->ledger->wants);
    vv_setup_wants_merge(wants, new);
    if (!vv_setup_asks() && !setup->ledger->exists) {
        vv_setup_show_choices(setup->context, setup->stack);
        return 0;
    }
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_make(setup->sysfs, setup->stack, wants, error);
    if (!plan)
        return VV_ERROR_FAILED;
    gboolean ok = setup->lock >= 0 ? carry_out(setup, wants, plan, error) : show(setup, wants, plan);
    return ok ? 0 : VV_ERROR_FAILED;
}

static int run_undo(const Setup *setup, GError **error)
{
    const VvSetupEngine engine = engine_of(setup);

    if (!setup->ledger->exists) {
        vv_setup_show_status(setup->context, setup->stack, setup->ledger, NULL);
        return 0;
    }
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_undo(setup->sysfs, setup->ledger, error);
    if (!plan)
        return VV_ERROR_FAILED;
    if (setup->lock < 0) {
        vv_setup_show_plan(setup->context, setup->stack, plan, "changes", "planned");
        return 0;
    }
    if (!may_run(setup, plan, error))
        return VV_ERROR_FAILED;
    if (!vv_setup_undo(&engine, setup->ledger, plan, error)) {
        show_failure(setup);
        return VV_ERROR_FAILED;
    }
    if (setup->context->json)
        vv_setup_show_plan(setup->context, setup->stack, plan, "undone", "done");
    say_next(setup, plan, TRUE);
    return 0;
}

/* Before anything is looked at, so that nobody else changes it in between. */
static gboolean prepare(Setup *setup, GError **error)
{
    const VvSetupAsked *asked = vv_setup_asked();

    if ((!asked->apply && !asked->undo) || setup->context->dry_run)
        return TRUE;
    if (asked->apply && !vv_setup_asks() && !vv_sysfs_exists(setup->sysfs, VV_LEDGER_FOLDER "/ledger" + 1)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "setup --apply: say what this host is to have; 'virt-vfio setup' lists it");
        return FALSE;
    }
    if (vv_sysfs_is_live(setup->sysfs) && geteuid() != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "setup --%s needs root; nothing was changed (without --%s it shows what it would do)",
                    asked->apply ? "apply" : "undo", asked->apply ? "apply" : "undo");
        return FALSE;
    }
    vv_context_hold_signals(setup->context);
    setup->lock = vv_ledger_lock(setup->sysfs, error);
    return setup->lock >= 0;
}

int vv_verb_setup(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    VvSysfs *sysfs = check_modes(error) ? vv_context_sysfs(context, error) : NULL;
    Setup setup = {.context = context, .sysfs = sysfs, .lock = -1};

    if (!sysfs || !prepare(&setup, error))
        return VV_ERROR_FAILED;
    g_autoptr(VvBootStack) stack = setup.stack = vv_boot_detect(sysfs);
    g_autoptr(VvLedger) ledger = setup.ledger = vv_ledger_load(sysfs, error);
    const VvSetupAsked *asked = vv_setup_asked();
    int result = !ledger         ? VV_ERROR_FAILED
                 : asked->status ? run_status(&setup)
                 : asked->undo   ? run_undo(&setup, error)
                                 : run_setup(&setup, error);
    vv_ledger_unlock(sysfs, setup.lock);
    return result;
}
