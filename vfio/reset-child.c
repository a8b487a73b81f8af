/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-child.h"

#include "vfio/child.h"

#include <errno.h>
#include <poll.h>
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

static gboolean read_to_end(const VvChild *child, GString *text)
{
    char page[1024];

    for (;;) {
        gint64 left = (child->deadline - g_get_monotonic_time()) / 1000;
        struct pollfd ready = {.fd = child->fd, .events = POLLIN};
        if (left <= 0)
            return FALSE;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        gssize length = read(child->fd, page, sizeof page);
        if (length == 0)
            return TRUE;
        if (length > 0)
            g_string_append_len(text, page, length);
        else if (errno != EINTR)
            return FALSE;
    }
}

/* Waits for the end of the child, which it kills when its time is over. FALSE: it hangs and was left behind.
 */
static gboolean wait_for(const VvSysfs *sysfs, VvChild *child, GString *text, gboolean *ret_late)
{
    gboolean ended = read_to_end(child, text);

    *ret_late = !ended;
    if (!ended) {
        vv_child_kill(child);
        do
            ended = read_to_end(child, text);
        while (!ended && vv_child_may_end(sysfs, child));
    }
    if (ended)
        vv_child_reap(child);
    return ended;
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
    if (wait_for(order->sysfs, &child, text, &late)) {
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
