/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/nvme-admin.h"

#include "vfio/child.h"
#include "vfio/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int compare_vfs(gconstpointer a, gconstpointer b)
{
    const VvNvmeSecondary *x = a, *y = b;

    return x->vf < y->vf ? -1 : x->vf > y->vf;
}

typedef struct {
    const VvSysfs *sysfs;
    VvAddress pf;
    guint vf;
    const char *namespaces; /* NULL: only look */
} Question;

static void answer_list(GString *text, gpointer data)
{
    const Question *question = data;
    g_autoptr(GArray) secondaries = vv_nvme_new_list();
    int fd = vv_nvme_open(question->sysfs, question->pf);
    int error = fd < 0 ? errno : vv_nvme_read_secondaries(fd, secondaries);

    if (!error)
        error = vv_nvme_read_namespaces(fd, secondaries);
    /* Drives from before version 1.3 do not know the list: they have none. */
    g_string_append_printf(text, "%d\n", error > VV_NVME_STATUS ? 0 : error);
    for (guint i = 0; !error && i < secondaries->len; i++) {
        const VvNvmeSecondary *s = &g_array_index(secondaries, VvNvmeSecondary, i);
        g_string_append_printf(text, "%u %u %d %u %u %s\n", s->id, s->vf, s->online, s->queues, s->interrupts,
                               !s->namespaces   ? "?"
                               : *s->namespaces ? s->namespaces
                                                : "-");
    }
    if (fd >= 0)
        close(fd);
}

static GArray *take_list(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GArray *secondaries = vv_nvme_new_list();

    for (char **line = lines + 1; line[-1] && *line; line++) {
        guint id, online;
        int end = 0;
        VvNvmeSecondary s;
        if (sscanf(*line, "%u %u %u %u %u %n", &id, &s.vf, &online, &s.queues, &s.interrupts, &end) != 5 ||
            !end)
            continue;
        const char *list = *line + end;
        s.id = (guint16)id;
        s.online = online != 0;
        s.namespaces = *list == '?' ? NULL : g_strdup(*list == '-' ? "" : list);
        g_array_append_val(secondaries, s);
    }
    g_array_sort(secondaries, compare_vfs);
    return secondaries;
}

static gboolean fail(VvAddress pf, int code, GError **error)
{
    g_autofree char *text = vv_address_dup(pf), *why = vv_nvme_strerror(code);

    if (code == ENODEV)
        g_set_error(
            error, VV_ERROR, VV_ERROR_NOT_READY,
            "%s: its virtual functions are managed through its own controller, and that has no driver; "
            "give it back to nvme first",
            text);
    else
        g_set_error(error, VV_ERROR, code == EACCES ? VV_ERROR_NOT_READY : VV_ERROR_FAILED,
                    "%s: its NVMe controller does not manage its virtual functions: %s", text, why);
    return FALSE;
}

/* FALSE with an error where the child does not answer, or says an error in its first line. */
static gboolean ask(const Question *question, VvAnswerFn answer, guint deadline_ms, GString *text,
                    GError **error)
{
    if (!vv_child_ask(question->sysfs, answer, (gpointer)question, deadline_ms, text))
        return fail(question->pf, ETIMEDOUT, error);
    int code = (int)g_ascii_strtoll(text->str, NULL, 10);
    return code == 0 || fail(question->pf, code, error);
}

GArray *vv_nvme_secondaries(const VvSysfs *sysfs, VvAddress pf, guint deadline_ms, GError **error)
{
    const Question question = {sysfs, pf, 0, NULL};
    g_autoptr(GString) text = g_string_new(NULL);

    return ask(&question, answer_list, deadline_ms, text, error) ? take_list(text->str) : NULL;
}

/* Its own share is given when the VFs are made; what another tool has made may have none yet. */
static int give_least(int fd, const VvNvmeSecondary *secondary)
{
    VvNvmePool pool;
    int error = vv_nvme_read_pool(fd, &pool);
    guint queues = MAX(secondary->queues, VV_NVME_LEAST_QUEUES);
    guint interrupts = MAX(secondary->interrupts, VV_NVME_LEAST_INTERRUPTS);

    return error ? error : vv_nvme_assign(fd, &pool, secondary, queues, interrupts);
}

static int bring_online(const Question *question, int fd)
{
    g_autoptr(GArray) secondaries = vv_nvme_new_list();
    gboolean managed;
    int error = vv_nvme_can_manage(fd, &managed);

    if (error || !managed)
        return error;
    error = vv_nvme_read_secondaries(fd, secondaries);
    for (guint i = 0; !error && i < secondaries->len; i++) {
        const VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        if (secondary->vf != question->vf || secondary->online)
            continue;
        gboolean has_enough =
            secondary->queues >= VV_NVME_LEAST_QUEUES && secondary->interrupts >= VV_NVME_LEAST_INTERRUPTS;
        if (!has_enough)
            error = give_least(fd, secondary);
        if (!error && !has_enough)
            error = vv_nvme_reset_vf(question->sysfs, question->pf, question->vf);
        return error ? error : vv_nvme_start_one(question->sysfs, question->pf, fd, secondary);
    }
    return error;
}

static void answer_online(GString *text, gpointer data)
{
    const Question *question = data;
    int fd = vv_nvme_open(question->sysfs, question->pf);

    g_string_append_printf(text, "%d", fd < 0 ? errno : bring_online(question, fd));
    if (fd >= 0)
        close(fd);
}

gboolean vv_nvme_bring_online(const VvSysfs *sysfs, VvAddress pf, guint vf, guint deadline_ms, GError **error)
{
    const Question question = {sysfs, pf, vf, NULL};
    g_autoptr(GString) text = g_string_new(NULL);

    return ask(&question, answer_online, deadline_ms, text, error);
}

static int change_namespaces(const Question *question, int fd, char **ret_before)
{
    g_autoptr(GArray) secondaries = vv_nvme_new_list();
    int error = vv_nvme_read_secondaries(fd, secondaries);

    if (!error)
        error = vv_nvme_read_namespaces(fd, secondaries);
    for (guint i = 0; !error && i < secondaries->len; i++) {
        const VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        if (secondary->vf != question->vf)
            continue;
        if (!secondary->namespaces)
            return EOPNOTSUPP;
        *ret_before = g_strdup(secondary->namespaces);
        return question->namespaces ? vv_nvme_attach(fd, secondary, question->namespaces) : 0;
    }
    return error ? error : ENOENT;
}

static void answer_namespaces(GString *text, gpointer data)
{
    const Question *question = data;
    g_autofree char *before = NULL;
    int fd = vv_nvme_open(question->sysfs, question->pf);

    g_string_append_printf(text, "%d", fd < 0 ? errno : change_namespaces(question, fd, &before));
    g_string_append_printf(text, "\n%s", before ? before : "");
    if (fd >= 0)
        close(fd);
}

gboolean vv_nvme_set_namespaces(const VvSysfs *sysfs, VvAddress pf, guint vf, const char *wanted,
                                guint deadline_ms, char **ret_before, GError **error)
{
    const Question question = {sysfs, pf, vf, wanted};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *address = vv_address_dup(pf);
    gboolean answered = vv_child_ask(sysfs, answer_namespaces, (gpointer)&question, deadline_ms, text);
    int code = answered ? (int)g_ascii_strtoll(text->str, NULL, 10) : ETIMEDOUT;
    const char *before = strchr(text->str, '\n');

    if (ret_before)
        *ret_before = code ? NULL : g_strdup(before ? before + 1 : "");
    if (code == 0)
        return TRUE;
    if (code == ENODEV || code == EACCES)
        return fail(pf, code, error);
    g_autofree char *why = code == ENOENT ? g_strdup("it has no controller for it") : vv_nvme_strerror(code);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: the namespaces of VF %u cannot be set: %s", address,
                vf, why);
    return FALSE;
}
