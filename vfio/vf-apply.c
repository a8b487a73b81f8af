/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-netlink.h"

#include "vfio/child.h"
#include "vfio/error.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* In this order: some drivers give a trusted VF more, and a rate wants the rest to be settled. */
static const VvVfField order[] = {VV_VF_TRUST, VV_VF_MAC, VV_VF_VLAN, VV_VF_SPOOFCHK, VV_VF_RATE, VV_VF_LINK};

typedef struct {
    const char *interface;
    guint vf;
    const VvVfSettings *wanted;
} Question;

/* The fields of `settings` that are in `fields`, as text. */
static char *text_of(const VvVfSettings *settings, guint fields)
{
    VvVfSettings some = *settings;

    some.fields &= fields;
    return vv_vf_settings_to_text(&some);
}

static int ask(const char *interface, gboolean statistics, GArray *infos)
{
    guint ifindex = if_nametoindex(interface);

    return ifindex ? vv_vf_ask((int)ifindex, statistics, infos) : ENODEV;
}

/* Child and parent are the same program, so that counters may go as they are. */
static void append_info(GString *text, const VvVfInfo *info)
{
    g_autofree char *settings = vv_vf_settings_to_text(&info->settings);
    const VvVfStatistics *s = &info->statistics;

    g_string_append_printf(text, "%u\t%s\t", info->index, settings);
    if (info->has_statistics)
        g_string_append_printf(text,
                               "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                               s->rx_packets, s->tx_packets, s->rx_bytes, s->tx_bytes, s->multicast,
                               s->broadcast, s->rx_dropped, s->tx_dropped);
    g_string_append_c(text, '\n');
}

static void answer_read(GString *text, gpointer data)
{
    const Question *question = data;
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
    int error = ask(question->interface, TRUE, infos);

    g_string_append_printf(text, "%d\n", error);
    for (guint i = 0; !error && i < infos->len; i++)
        append_info(text, &g_array_index(infos, VvVfInfo, i));
}

static gboolean take_info(const char *line, GArray *infos)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", 3);
    VvVfInfo info = {0};
    VvVfStatistics *s = &info.statistics;

    if (g_strv_length(fields) != 3 || sscanf(fields[0], "%u", &info.index) != 1 ||
        !vv_vf_settings_from_text(fields[1], &info.settings, NULL))
        return FALSE;
    info.has_statistics =
        sscanf(fields[2],
               "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
               &s->rx_packets, &s->tx_packets, &s->rx_bytes, &s->tx_bytes, &s->multicast, &s->broadcast,
               &s->rx_dropped, &s->tx_dropped) == 8;
    g_array_append_val(infos, info);
    return TRUE;
}

/* Why the kernel's answer is none. */
static const char *explain_answer(int error)
{
    switch (error) {
    case ENXIO:
        return "there is no virtual function of that number";
    case EMSGSIZE:
        return "there are more virtual functions than the kernel can tell the settings of (334 at most; 221 "
               "before "
               "Linux 6.5); make fewer with 'virt-vfio sriov set'";
    default:
        return g_strerror(error);
    }
}

/* Asks a child. Lines of its answer, the first being 0; NULL with an error. */
static char **ask_child(const VvSysfs *sysfs, VvAnswerFn answer, Question *question, guint deadline_ms,
                        GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!vv_sysfs_is_live(sysfs)) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "a recorded machine does not tell the settings of virtual functions");
        return NULL;
    }
    if (!vv_child_ask(sysfs, answer, question, deadline_ms, text)) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "%s: the kernel does not answer about its virtual functions; look at the kernel log for a "
            "driver that hangs",
            question->interface);
        return NULL;
    }
    /* Not all white space: the last VF's line ends with a tab where it has no statistics. */
    if (g_str_has_suffix(text->str, "\n"))
        g_string_truncate(text, text->len - 1);
    return g_strsplit(text->str, "\n", -1);
}

GArray *vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms, GError **error)
{
    Question question = {.interface = interface};
    g_auto(GStrv) lines = ask_child(sysfs, answer_read, &question, deadline_ms, error);
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));

    if (!lines)
        return NULL;
    int code = (int)g_ascii_strtoll(lines[0], NULL, 10);
    for (char **line = lines + 1; !code && *line; line++)
        if (!take_info(*line, infos))
            code = EBADMSG;
    if (!code)
        return g_steal_pointer(&infos);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: cannot read the settings of its virtual functions: %s",
                interface, explain_answer(code));
    return NULL;
}

/* What a setting is called in a sentence. */
static const char *field_name(VvVfField field)
{
    switch (field) {
    case VV_VF_MAC:
        return "the MAC";
    case VV_VF_VLAN:
        return "the VLAN";
    case VV_VF_TRUST:
        return "trust";
    case VV_VF_SPOOFCHK:
        return "the spoof check";
    case VV_VF_RATE:
        return "the rate";
    default:
        return "the link state";
    }
}

/* What the kernel's or a driver's answer means (net/core/rtnetlink.c, do_setvfinfo). */
static char *explain(VvVfField field, int error)
{
    const char *name = field_name(field);

    switch (error) {
    case EOPNOTSUPP:
        return g_strdup_printf("its driver cannot set %s", name);
    case EPROTONOSUPPORT:
        return g_strdup_printf("its driver does not know this VLAN protocol; only 802.1Q, perhaps");
    case EPERM:
        return g_strdup_printf("%s: not allowed; only root may", name);
    case EINVAL:
        return g_strdup_printf("its driver does not take %s%s", name,
                               field == VV_VF_RATE
                                   ? " (a rate may need a link that is up and no faster than it, "
                                     "and no minimum)"
                                   : " so");
    case EAGAIN:
    case EBUSY:
        return g_strdup_printf("%s: its driver is not ready for that yet (%s); try again", name,
                               g_strerror(error));
    default:
        return g_strdup_printf("%s: %s; the kernel log may say why", name, g_strerror(error));
    }
}

/* Says nothing of what cannot be set back: the reader learns what went wrong first. */
static void set_back(int ifindex, guint vf, const VvVfSettings *before, guint fields)
{
    for (guint i = G_N_ELEMENTS(order); i > 0; i--)
        if (fields & before->fields & order[i - 1])
            vv_vf_send(ifindex, vf, order[i - 1], before);
}

/* What the driver says afterwards, where that is not what it was told. "" when it is. New string. */
static char *find_lie(int ifindex, guint vf, const VvVfSettings *wanted)
{
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
    int error = vv_vf_ask(ifindex, FALSE, infos);
    const VvVfInfo *info = error ? NULL : vv_vf_info_find(infos, vf);

    if (!info)
        return g_strdup_printf("it cannot be read back: %s", error ? explain_answer(error) : "it is gone");
    guint differ = vv_vf_settings_differ(&info->settings, wanted);
    if (!differ)
        return g_strdup("");
    g_autofree char *want = text_of(wanted, differ), *now = text_of(&info->settings, differ);
    return g_strdup_printf("its driver took %s, and has %s", want, *now ? now : "nothing");
}

/* What went wrong; "" for nothing. New string. */
static char *set(int ifindex, const Question *question, const VvVfSettings *before)
{
    const VvVfSettings *wanted = question->wanted;
    guint differ = vv_vf_settings_differ(before, wanted), done = 0;
    g_autofree char *trouble = NULL;

    for (guint i = 0; !trouble && i < G_N_ELEMENTS(order); i++) {
        int error = differ & order[i] ? vv_vf_send(ifindex, question->vf, order[i], wanted) : 0;
        if (error)
            trouble = explain(order[i], error);
        else
            done |= differ & order[i];
    }
    if (!trouble)
        trouble = done ? find_lie(ifindex, question->vf, wanted) : g_strdup("");
    if (*trouble)
        set_back(ifindex, question->vf, before, done);
    return g_steal_pointer(&trouble);
}

/* "0", what was there, what went wrong; or the errno. */
static void answer_apply(GString *text, gpointer data)
{
    const Question *question = data;
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
    int ifindex = (int)if_nametoindex(question->interface);
    int error = ifindex ? vv_vf_ask(ifindex, FALSE, infos) : ENODEV;
    const VvVfInfo *info = error ? NULL : vv_vf_info_find(infos, question->vf);

    if (!info) {
        g_string_append_printf(text, "%d", error ? error : ENXIO);
        return;
    }
    g_autofree char *before = text_of(&info->settings, question->wanted->fields);
    g_autofree char *trouble = set(ifindex, question, &info->settings);
    g_string_append_printf(text, "0\n%s\n%s", before, trouble);
}

gboolean vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                              const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                              GError **error)
{
    Question question = {interface, vf, wanted};
    g_auto(GStrv) lines = ask_child(sysfs, answer_apply, &question, deadline_ms, error);

    if (ret_before)
        *ret_before = (VvVfSettings){0};
    if (!lines)
        return FALSE;
    int code = (int)g_ascii_strtoll(lines[0], NULL, 10);
    if (code) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: VF %u: %s", interface, vf, explain_answer(code));
        return FALSE;
    }
    if (ret_before && lines[1])
        vv_vf_settings_from_text(lines[1], ret_before, NULL);
    if (!lines[1] || !lines[2] || !*lines[2])
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: VF %u: %s", interface, vf, lines[2]);
    return FALSE;
}
