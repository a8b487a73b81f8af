/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/seam.h"

#ifdef VV_TEST_SEAM

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef enum { SEAM_COUNT, SEAM_KILL, SEAM_FAIL, SEAM_HANG } SeamMode;

/* Shared by the program and its workers. */
static gint *steps;
static pid_t program;
static SeamMode mode = SEAM_COUNT;
static int at, fail_with;

__attribute__((constructor)) static void seam_start(void)
{
    const char *order = getenv("VIRT_VFIO_SEAM");

    program = getpid();
    steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!order)
        return;
    if (sscanf(order, "kill=%d", &at) == 1)
        mode = SEAM_KILL;
    else if (sscanf(order, "hang=%d", &at) == 1)
        mode = SEAM_HANG;
    else if (sscanf(order, "%d:%d", &at, &fail_with) == 2)
        mode = SEAM_FAIL;
}

__attribute__((destructor)) static void seam_end(void)
{
    const char *path = getenv("VIRT_VFIO_SEAM_COUNT");
    FILE *file = path && getpid() == program ? fopen(path, "we") : NULL;

    if (file) {
        fprintf(file, "%d\n", g_atomic_int_get(steps));
        fclose(file);
    }
}

int vv_seam_step(void)
{
    int step = g_atomic_int_add(steps, 1) + 1;

    if (mode == SEAM_COUNT || step != at)
        return 0;
    if (mode == SEAM_FAIL)
        return fail_with;
    if (mode == SEAM_KILL) {
        kill(program, SIGKILL);
        kill(getpid(), SIGKILL);
    }
    for (;;)
        pause();
}

#else
typedef int vv_seam_is_off; /* ISO C wants something in a file */
#endif
