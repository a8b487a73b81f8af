/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/topology.h"

#define MAX_ID 8191

static gint compare_ids(gconstpointer a, gconstpointer b)
{
    guint first = *(const guint *)a, second = *(const guint *)b;

    return (first > second) - (first < second);
}

void vv_cpulist_sort(GArray *ids)
{
    g_array_sort(ids, compare_ids);
}

gboolean vv_cpulist_contains(const GArray *ids, guint id)
{
    for (guint i = 0; ids && i < ids->len; i++)
        if (g_array_index(ids, guint, i) == id)
            return TRUE;
    return FALSE;
}

static gboolean read_id(const char **text, guint *ret)
{
    guint id = 0;

    if (!g_ascii_isdigit(**text))
        return FALSE;
    while (g_ascii_isdigit(**text) && id <= MAX_ID)
        id = id * 10 + (guint)(*(*text)++ - '0');
    *ret = id;
    return id <= MAX_ID;
}

/* "4" or "4-7", and the comma behind it. */
static gboolean read_range(const char **text, GArray *ids)
{
    guint first, last;

    if (!read_id(text, &first))
        return FALSE;
    last = first;
    if (**text == '-' && ((*text)++, !read_id(text, &last)))
        return FALSE;
    if (last < first || (**text && **text != ','))
        return FALSE;
    for (guint id = first; id <= last; id++)
        g_array_append_val(ids, id);
    if (**text != ',')
        return TRUE;
    (*text)++;
    return **text != '\0';
}

GArray *vv_cpulist_parse(const char *text)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint));
    guint kept = 0;

    while (*text)
        /* No list is longer than all CPUs; one that repeats itself could be. */
        if (ids->len > 4 * MAX_ID || !read_range(&text, ids))
            return NULL;
    vv_cpulist_sort(ids);
    for (guint i = 0; i < ids->len; i++) {
        guint id = g_array_index(ids, guint, i);

        if (!kept || g_array_index(ids, guint, kept - 1) != id)
            g_array_index(ids, guint, kept++) = id;
    }
    g_array_set_size(ids, kept);
    return g_steal_pointer(&ids);
}

char *vv_cpulist_format(const GArray *ids)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < ids->len; i++) {
        guint first = g_array_index(ids, guint, i), last = first;

        while (i + 1 < ids->len && g_array_index(ids, guint, i + 1) == last + 1)
            last = g_array_index(ids, guint, ++i);
        g_string_append_printf(text, "%s%u", text->len ? "," : "", first);
        if (last > first)
            g_string_append_printf(text, "-%u", last);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
