/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/seam.h"

#ifdef VV_TEST_SEAM

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared by the program and its workers. */
static gint *steps;
static pid_t program;
static VvSeamMode mode = VV_SEAM_COUNT;
static int stop_at, fail_with;

static void write_count(void)
{
    const char *path = getenv("VIRT_VFIO_SEAM_COUNT");
    FILE *file = path && getpid() == program ? fopen(path, "we") : NULL;

    if (file) {
        fprintf(file, "%d\n", vv_seam_steps());
        fclose(file);
    }
}

static void read_order(const char *order)
{
    if (sscanf(order, "kill=%d", &stop_at) == 1)
        mode = VV_SEAM_KILL;
    else if (sscanf(order, "hang=%d", &stop_at) == 1)
        mode = VV_SEAM_HANG;
    else if (sscanf(order, "fail=%d:%d", &stop_at, &fail_with) == 2)
        mode = VV_SEAM_FAIL;
}

__attribute__((constructor)) static void seam_start(void)
{
    const char *order = getenv("VIRT_VFIO_SEAM");

    program = getpid();
    steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (steps == MAP_FAILED)
        abort();
    atexit(write_count);
    if (order)
        read_order(order);
}

void vv_seam_set(VvSeamMode new_mode, int at, int error)
{
    program = getpid();
    mode = new_mode;
    stop_at = at;
    fail_with = error;
    g_atomic_int_set(steps, 0);
}

int vv_seam_steps(void)
{
    return g_atomic_int_get(steps);
}

int vv_seam_step(void)
{
    int step = g_atomic_int_add(steps, 1) + 1;

    if (mode == VV_SEAM_COUNT || step != stop_at)
        return 0;
    if (mode == VV_SEAM_FAIL)
        return fail_with;
    if (mode == VV_SEAM_KILL) {
        kill(program, SIGKILL);
        kill(getpid(), SIGKILL);
    }
    for (;;)
        pause();
}

#else
typedef int vv_seam_is_off; /* ISO C wants something in every file */
#endif
