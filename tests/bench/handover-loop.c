/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One hand-over by the program's own parts, and how many microseconds it took: for tests/bench/handover.
 *
 *   handover-loop take|return PARALLEL ADDRESS...
 *
 * What is timed is vv_handover_take() or vv_handover_return(): locks, journal, workers, reading back. Not the
 * scan, not the plan and what the host would lose, and not the start of a program. */
#include "vfio/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GArray *parse(char **words)
{
    GArray *selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    for (; *words; words++)
        if (!vv_selector_parse(*words, selectors, NULL))
            exit(2);
    return selectors;
}

static gboolean hand_over(VvHost *host, VvJournal *journal, char **words, const VvHandoverOptions *options,
                          gboolean take, GError **error)
{
    g_autoptr(GArray) selectors = parse(words);
    g_autoptr(GPtrArray) entries = vv_journal_list(journal, NULL);
    g_autoptr(VvPlan) plan =
        take ? vv_plan_take(host, journal, selectors, NULL, error) : vv_plan_return(host, entries);
    if (!plan)
        return FALSE;
    gint64 before = g_get_monotonic_time();
    gboolean ok = take ? vv_handover_take(host, journal, plan, options, error)
                       : vv_handover_return(host, journal, plan, options, error);
    printf("%" G_GINT64_FORMAT "\n", g_get_monotonic_time() - before);
    return ok;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc < 4)
        return 2;
    const VvHandoverOptions options = {.parallel = (guint)atoi(argv[2])};
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, &error);
    g_autoptr(VvHost) host = sysfs ? vv_host_scan(sysfs, &error) : NULL;
    g_autoptr(VvJournal) journal = vv_journal_new(NULL);
    if (host && hand_over(host, journal, argv + 3, &options, strcmp(argv[1], "take") == 0, &error))
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return 1;
}
