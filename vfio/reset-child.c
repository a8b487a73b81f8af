/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-child.h"

#include "vfio/child.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Says "ERRNO TROUBLE\n", and without that line it has not come to its end. */
static void work(int fd, gpointer data)
{
    g_autoptr(GString) trouble = g_string_new(NULL);
    int error = vv_reset_do(data, trouble);

    dprintf(fd, "%d %s\n", error, trouble->str);
}

static void understand(const GString *text, gboolean late, VvResetOutcome *outcome)
{
    char *rest = NULL;

    outcome->error = late ? ETIMEDOUT : ECHILD;
    if (!g_str_has_suffix(text->str, "\n"))
        return;
    outcome->error = (int)g_ascii_strtoll(text->str, &rest, 10);
    outcome->trouble = g_strdup(g_strstrip(rest));
    outcome->dead = *outcome->trouble != '\0';
}

void vv_reset_in_child(const VvResetOrder *order, VvResetOutcome *ret)
{
    const int keep[2] = {vv_sysfs_fd(order->sysfs), order->lock_fd};
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean late;
    VvChild child;

    *ret = (VvResetOutcome){.error = vv_child_start(&child, work, (gpointer)order, keep, order->deadline_ms)};
    if (ret->error)
        return;
    if (vv_child_hear(order->sysfs, &child, text, &late)) {
        understand(text, late, ret);
        return;
    }
    *ret = (VvResetOutcome){.error = ETIMEDOUT, .wedged = TRUE, .worker = child.pid};
    ret->evidence = vv_child_evidence(order->sysfs, child.pid);
    vv_child_abandon(&child);
}

void vv_reset_outcome_clear(VvResetOutcome *outcome)
{
    g_clear_pointer(&outcome->trouble, g_free);
    g_clear_pointer(&outcome->evidence, g_free);
}

typedef struct {
    const VvSysfs *sysfs;
    const VvResetNote *note;
} Rest;

static void answer_rest(GString *text, gpointer data)
{
    const Rest *rest = data;

    g_string_append_printf(text, "%d", vv_reset_finish(rest->sysfs, rest->note));
}

gboolean vv_reset_finish_in_child(const VvSysfs *sysfs, const VvResetNote *note, guint deadline_ms)
{
    Rest rest = {sysfs, note};
    g_autoptr(GString) text = g_string_new(NULL);

    return vv_child_ask(sysfs, answer_rest, &rest, deadline_ms, text) && strcmp(text->str, "0") == 0;
}
