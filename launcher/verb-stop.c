/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/stop-all.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

static int timeout = 60;
static gboolean force, all;

const GOptionEntry vv_stop_options[] = {
    {"timeout", 't', 0, G_OPTION_ARG_INT, &timeout, "How long the guest may take (default 60)", "SECONDS"},
    {"all", 0, 0, G_OPTION_ARG_NONE, &all, "Every guest that has devices, side by side", NULL},
    {"force", 0, 0, G_OPTION_ARG_NONE, &force, "Pull the plug if it has not stopped by then", NULL},
    {0},
};

static gboolean pull_the_plug(VvContext *context, const VvDomain *domain, GError **error)
{
    if (!vv_connection_destroy(context->connection, domain->name, error))
        return FALSE;
    /* Off is off, but libvirt tidies up after it; its STOPPED event comes when that is done. */
    return vv_connection_wait_off(context->connection, domain->name, 30000, context->signal_fd, error);
}

/* TRUE when it has stopped; FALSE without an error: it has not, and --force may do it. */
static gboolean shut_down(VvContext *context, const VvDomain *domain, GError **error)
{
    g_autoptr(GError) refusal = NULL;

    if (!vv_connection_shutdown(context->connection, domain->name, &refusal)) {
        /* libvirt asks no guest that is paused, as one is whose start was interrupted. */
        if (!force)
            g_propagate_prefixed_error(
                error, g_steal_pointer(&refusal),
                "%s cannot be asked to shut down; 'virt-vfio stop --force %s' switches "
                "it off, as if the plug were pulled: ",
                domain->name, domain->name);
        else if (!context->json)
            printf("  %s cannot be asked to shut down; it is switched off now (--force)\n", domain->name);
        return FALSE;
    }
    if (!context->json)
        printf("  asked %s to shut down; waiting up to %d s\n", domain->name, timeout);
    fflush(stdout);
    GError *problem = NULL;
    gboolean off = vv_connection_wait_off(context->connection, domain->name, timeout * 1000,
                                          context->signal_fd, &problem);
    if (problem)
        g_propagate_error(error, problem);
    else if (!off && force && !context->json)
        printf("  %s has not stopped in %d s; it is switched off now (--force)\n", domain->name, timeout);
    return off;
}

static gboolean ask_to_stop(VvContext *context, const VvDomain *domain, GError **error)
{
    gint64 before = g_get_monotonic_time();
    g_autofree char *what = g_strdup_printf("domain %s has stopped", domain->name);
    GError *problem = NULL;

    gboolean off = shut_down(context, domain, &problem);
    fflush(stdout);
    if (!off && !problem && force)
        off = pull_the_plug(context, domain, &problem);
    if (off) {
        vv_print_progress(context, what, g_get_monotonic_time() - before, FALSE, NULL);
        return TRUE;
    }
    if (problem)
        g_propagate_error(error, problem);
    else
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "domain %s is still running and keeps its devices; wait longer (--timeout), or switch it off "
            "with 'virt-vfio stop --force %s', as if the plug were pulled",
            domain->name, domain->name);
    return FALSE;
}

static int show_what_would_be(VvContext *context, const VvDomain *domain, gboolean running,
                              const GPtrArray *entries, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    if (!host)
        return VV_ERROR_FAILED;

    g_autoptr(VvPlan) plan = vv_plan_return(host, entries);
    g_autofree char *title = g_strdup_printf("%s%s would give back", domain->name,
                                             running ? " would be asked to shut down, and" : " is off, and");
    /* That the running guest holds its devices is no news here. */
    g_ptr_array_set_size(plan->reasons, 0);
    vv_show_plan(context, plan, title);
    return 0;
}

int vv_verb_stop(VvContext *context, char **words, GError **error)
{
    VvDomainState state;

    if (timeout < 0 || timeout > 86400) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "stop: --timeout %d: it is 0 to 86400 seconds", timeout);
        return VV_ERROR_USAGE;
    }
    if (all == (words[0] != NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "stop: name a domain, or say --all; not both");
        return VV_ERROR_USAGE;
    }
    if (all)
        return vv_stop_all(context, timeout, force, error);
    g_autoptr(VvDomain) domain = vv_context_domain(context, words[0], error);
    if (!domain || !vv_connection_state(context->connection, domain->name, &state, error))
        return VV_ERROR_FAILED;
    gboolean running = vv_domain_state_is_on(state);
    g_autoptr(GPtrArray) entries = vv_journal_entries_of(vv_context_journal(context), domain->uuid, error);
    if (!entries)
        return VV_ERROR_FAILED;
    if (context->dry_run)
        return show_what_would_be(context, domain, running, entries, error);
    if (running && !ask_to_stop(context, domain, error))
        return VV_ERROR_FAILED;

    g_autoptr(VvPlan) plan = NULL;
    gboolean ok =
        vv_give_back(context, entries, &plan, error) && vv_context_leave_vfs(context, domain->uuid, error);
    if (context->json && plan)
        vv_json_print(vv_json_plan(plan));
    else if (!running && !entries->len)
        printf("%s is not running, and nothing is taken for it\n", domain->name);
    return ok ? 0 : VV_ERROR_FAILED;
}
