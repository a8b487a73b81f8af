/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <string.h>

/* Pages of one size on all nodes. */
static VvPagePool sum_pools(const VvTopology *topology, guint64 page_kib)
{
    VvPagePool sum = {.page_kib = page_kib};

    for (guint i = 0; i < topology->nodes->len; i++) {
        const VvPagePool *pool = vv_node_pool(topology->nodes->pdata[i], page_kib);
        if (!pool)
            continue;
        sum.total += pool->total;
        sum.free += pool->free;
    }
    return sum;
}

/* hugepages= counts pages of the hugepagesz= before it, else of default_hugepagesz=, else of 2 MiB
 * (Documentation/admin-guide/mm/hugetlbpage.rst). "0:2,1:3" is for each node. */
static guint64 count_asked(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    guint64 sum = 0;

    for (char **part = parts; *part; part++) {
        const char *colon = strchr(*part, ':');
        sum += g_ascii_strtoull(colon ? colon + 1 : *part, NULL, 10);
    }
    return sum;
}

static guint64 page_size(const char *value)
{
    char *end;
    guint64 number = g_ascii_strtoull(value, &end, 10);

    return number << (*end == 'G' || *end == 'g' ? 20 : *end == 'M' || *end == 'm' ? 10 : 0);
}

/* How many pages of this size the running kernel was booted with. */
static guint64 asked_at_boot(const char *cmdline, guint64 page_kib)
{
    g_auto(GStrv) words = g_strsplit_set(cmdline, " \t\n", -1);
    guint64 standard = 2048, size = 0, asked = 0;

    for (char **word = words; *word; word++)
        if (g_str_has_prefix(*word, "default_hugepagesz="))
            standard = page_size(strchr(*word, '=') + 1);
    for (char **word = words; *word; word++) {
        const char *value = strchr(*word, '=');
        if (g_str_has_prefix(*word, "hugepagesz="))
            size = page_size(value + 1);
        if (g_str_has_prefix(*word, "hugepages=") && (size ? size : standard) == page_kib)
            asked = count_asked(value + 1);
    }
    return asked;
}

static const char *size_name(guint64 page_kib)
{
    return page_kib == 1 << 20 ? "1 GiB" : page_kib == 2048 ? "2 MiB" : "another size";
}

/* Pages that the kernel could not find when it was booted are missing without a word. */
static gboolean check_asked(const VvReadyHost *ready, const char *cmdline, GPtrArray *rows)
{
    static const guint64 sizes[] = {1 << 20, 2048};

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint64 asked = asked_at_boot(cmdline, sizes[i]);
        VvPagePool got = sum_pools(ready->topology, sizes[i]);
        if (got.total >= asked)
            continue;
        VvReadyRow *row =
            vv_ready_add(rows, "huge", VV_READY_WARN,
                         "the kernel was booted for %" G_GUINT64_FORMAT
                         " huge pages of %s and has %" G_GUINT64_FORMAT " (/proc/cmdline, nr_hugepages)",
                         asked, size_name(sizes[i]), got.total);
        row->remedy = g_strdup(
            "ask for fewer ('virt-vfio setup --hugepages N --apply'): there was not so much free memory");
        return TRUE;
    }
    return FALSE;
}

void vv_ready_check_memory(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *cmdline = vv_sysfs_read(ready->sysfs, "proc/cmdline");
    VvPagePool huge = sum_pools(ready->topology, 1 << 20), large = sum_pools(ready->topology, 2048);
    g_autoptr(GString) text = g_string_new(NULL);

    if (check_asked(ready, cmdline ? cmdline : "", rows))
        return;
    if (huge.total)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " pages of 1 GiB",
                               huge.free, huge.total);
    if (large.total)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " pages of 2 MiB",
                               text->len ? ", " : "", large.free, large.total);
    if (text->len)
        vv_ready_add(rows, "huge", VV_READY_PASS, "free: %s (/sys/kernel/mm/hugepages)", text->str);
    else
        vv_ready_add(rows, "huge", VV_READY_INFO,
                     "no huge pages are set aside; guests run without, a little slower");
}
