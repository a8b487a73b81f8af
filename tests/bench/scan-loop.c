/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scan that stands behind every plan and bind, and nothing else: what tests/bench/scan measures and
 * tests/lab/tests/counts.sh counts.
 *
 *   scan-loop TIMES
 *
 * Prints how many functions there are, and the median microseconds of one scan. */
#include "vfio/host.h"

#include <stdio.h>

static gint compare_times(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, &error);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
    guint64 wanted = argc == 2 ? g_ascii_strtoull(argv[1], NULL, 10) : 0;
    guint functions = 0;

    if (wanted == 0) {
        fprintf(stderr, "usage: scan-loop TIMES\n");
        return 2;
    }
    while (sysfs && times->len < wanted) {
        gint64 start = g_get_monotonic_time();
        g_autoptr(VvHost) host = vv_host_scan(sysfs, &error);
        gint64 us = g_get_monotonic_time() - start;
        if (!host)
            break;
        functions = vv_host_devices(host)->len;
        g_array_append_val(times, us);
    }
    if (error) {
        fprintf(stderr, "scan-loop: %s\n", error->message);
        return 1;
    }
    g_array_sort(times, compare_times);
    printf("%u %" G_GINT64_FORMAT "\n", functions, g_array_index(times, gint64, times->len / 2));
    return 0;
}
