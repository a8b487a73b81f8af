/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"

#include <string.h>

/* As Proxmox writes it: a model, then features to add or to take away. */
static gboolean read_cpu(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (g_regex_match_simple("^[A-Za-z0-9._-]{1,64}(,[+-][A-Za-z0-9._-]{1,64})*$", text,
                             G_REGEX_DOLLAR_ENDONLY, 0))
        return vv_value_read_text(value, text, field, error);
    return vv_value_wrong(error, "'%s' is no CPU; it looks like host, max, EPYC-Rome or qemu64,-cx16,+aes",
                          text);
}

const VvValue vv_value_cpu = {read_cpu, vv_value_write_text, NULL, 0, 0};

/* Distributions add their own, such as pc-q35-rhel9.4.0 and pc-q35-noble. The letters are those of libvirt's
 * schema. */
static gboolean read_machine(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (g_regex_match_simple("^(q35|pc-q35-[A-Za-z0-9._-]{1,48})$", text, G_REGEX_DOLLAR_ENDONLY, 0))
        return vv_value_read_text(value, text, field, error);
    return vv_value_wrong(error,
                          "'%s' is neither q35 nor a version of it such as pc-q35-9.2; only q35 has the PCI "
                          "Express root ports that cards sit behind",
                          text);
}

const VvValue vv_value_machine = {read_machine, vv_value_write_text, NULL, 0, 0};

static gboolean read_range(const char *text, guint max, guint *ret_first, guint *ret_last)
{
    const char *dash = strchr(text, '-');
    g_autofree char *first = g_strndup(text, dash ? (gsize)(dash - text) : strlen(text));
    guint64 from, to;

    if (!g_ascii_string_to_unsigned(first, 10, 0, max, &from, NULL) ||
        !g_ascii_string_to_unsigned(dash ? dash + 1 : text, 10, from, max, &to, NULL))
        return FALSE;
    *ret_first = (guint)from;
    *ret_last = (guint)to;
    return TRUE;
}

gboolean vv_cpu_list_parse(const char *text, guint max, GArray *numbers, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    g_autofree gboolean *seen = g_new0(gboolean, max + 1);

    for (char **word = words; *word; word++) {
        guint first, last;

        if (!read_range(g_strstrip(*word), max, &first, &last))
            return vv_value_wrong(error, "'%s' in it is neither a number up to %u nor a range like 4-7",
                                  *word, max);
        for (guint number = first; number <= last; number++) {
            if (seen[number])
                return vv_value_wrong(error, "%u is in it twice", number);
            seen[number] = TRUE;
            g_array_append_val(numbers, number);
        }
    }
    return TRUE;
}

/* `max` of the value is the largest number. Blanks go, so that it is libvirt's syntax. */
static gboolean read_list(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GError) problem = NULL;

    if (g_str_equal(text, "auto") || g_str_equal(text, "none"))
        return vv_value_read_text(value, text, field, error);
    if (!vv_cpu_list_parse(text, (guint)value->max, numbers, &problem))
        return vv_value_wrong(error, "'%s' is neither auto, none nor a list like 4-7,12-15: %s", text,
                              problem->message);
    return vv_value_set(field, g_strjoinv("", words));
}

const VvValue vv_value_pinning = {read_list, vv_value_write_text, NULL, 0, VV_CPU_MAX};
const VvValue vv_value_numa = {read_list, vv_value_write_text, NULL, 0, VV_NODE_MAX};
