/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/command.h"
#include "launcher/present.h"

#include <signal.h>
#include <sys/signalfd.h>

VvSysfs *vv_context_sysfs(VvContext *context, GError **error)
{
    if (!context->sysfs)
        context->sysfs = vv_sysfs_new(context->sysroot, error);
    return context->sysfs;
}

VvHost *vv_context_host(VvContext *context, GError **error)
{
    if (!context->host && vv_context_sysfs(context, error))
        context->host = vv_host_scan(context->sysfs, error);
    return context->host;
}

void vv_context_rescan(VvContext *context)
{
    g_clear_pointer(&context->host, vv_host_free);
}

VvJournal *vv_context_journal(VvContext *context)
{
    if (!context->journal)
        context->journal = vv_journal_new(context->sysroot);
    return context->journal;
}

VvConnection *vv_context_connection(VvContext *context, GError **error)
{
    if (!context->connection)
        context->connection = vv_connection_open(context->uri, error);
    return context->connection;
}

VvHandoverOptions vv_context_handover(VvContext *context)
{
    return (VvHandoverOptions){
        .parallel = (guint)context->parallel,
        .stage_ms = (guint)context->deadline * 1000,
        .reset_ms = (guint)context->reset_deadline * 1000,
        .progress = vv_progress_step,
        .progress_data = context,
    };
}

void vv_context_hold_signals(VvContext *context)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    context->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}
