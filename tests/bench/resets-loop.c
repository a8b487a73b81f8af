/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets functions and prints how many microseconds that took: for tests/bench/resets.
 *
 *   resets-loop workers|forked|serial ADDRESS...
 *
 * workers: by the program's own workers. forked: a child for each, and the bare write to `reset` in it.
 * serial: the bare writes, one after the other. */
#include "vfio/sysfs.h"
#include "vfio/worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than a device may take (drivers/pci/pci.c, PCIE_RESET_READY_POLL_MS). */
#define RESET_MS 70000

static int reset(const VvSysfs *sysfs, const char *address)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s/reset", address);
    int error = vv_sysfs_write(sysfs, path, "1");

    if (error)
        fprintf(stderr, "%s: %s\n", path, g_strerror(error));
    return error != 0;
}

static int reset_in_turn(const VvSysfs *sysfs, char **addresses)
{
    int failed = 0;

    for (; *addresses; addresses++)
        failed |= reset(sysfs, *addresses);
    return failed;
}

static int reset_by_children(const VvSysfs *sysfs, char **addresses)
{
    int failed = 0, status;

    for (; *addresses; addresses++) {
        pid_t child = fork();
        if (child == 0)
            _exit(reset(sysfs, *addresses));
        failed |= child < 0;
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed;
}

static void note_end(VvJob *job, gpointer data)
{
    int *failed = data;
    g_autofree char *words = job->result.stage == VV_STAGE_DONE ? NULL : vv_job_describe(job);

    if (words)
        fprintf(stderr, "%s\n", words);
    *failed |= words != NULL;
}

/* They are on vfio-pci, and stay there. */
static int reset_by_workers(const VvSysfs *sysfs, char **addresses)
{
    const VvWorkerLimits limits = {.parallel = 16, .stage_ms = 15000, .reset_ms = RESET_MS};
    g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_job_free);
    int failed = 0;

    for (; *addresses; addresses++) {
        VvAddress address;
        if (!vv_address_parse(*addresses, &address, NULL))
            return 1;
        VvJob *job = vv_job_new(address, "vfio-pci", "vfio-pci");
        job->change.reset = TRUE;
        g_ptr_array_add(jobs, job);
    }
    vv_workers_run(sysfs, jobs, &limits, note_end, &failed);
    return failed;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const VvSysfs *sysfs, char **addresses);
    } ways[] = {{"workers", reset_by_workers}, {"forked", reset_by_children}, {"serial", reset_in_turn}};
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, NULL);

    for (guint i = 0; sysfs && argc > 2 && i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(argv[1], ways[i].name) != 0)
            continue;
        gint64 start = g_get_monotonic_time();
        int failed = ways[i].run(sysfs, argv + 2);
        printf("%" G_GINT64_FORMAT "\n", g_get_monotonic_time() - start);
        return failed;
    }
    fprintf(stderr, "usage: resets-loop workers|forked|serial ADDRESS...\n");
    return 2;
}
