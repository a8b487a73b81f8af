/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes devices and gives them back, many times in one process, as a program does that stays: "cycler CYCLES
 * EVERY ADDRESS...". After each EVERY cycles prints the cycle, this process's resident memory in KiB, the
 * bytes it has allocated, and its open descriptors. Ends with 1 at the first thing that goes wrong. */
#include "hands.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWNER "5c1b0d7e-0000-4000-8000-000000000000"

static gboolean cycle(char **devices, char **ret_problem)
{
    Hands hands = {0};
    gboolean ok = hands_take(&hands, devices, OWNER, "cycler", ret_problem);

    for (guint i = 0; ok && devices[i]; i++)
        if (!hands_owns(&hands, devices[i], OWNER)) {
            *ret_problem = g_strdup_printf("%s is not taken", devices[i]);
            ok = FALSE;
        }
    ok = ok && hands_return(&hands, ret_problem);
    hands_clear(&hands);
    return ok;
}

static guint count_descriptors(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (folder && g_dir_read_name(folder))
        count++;
    return count;
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file) {
        if (fscanf(file, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* AddressSanitizer has an allocator of its own (sanitizer/allocator_interface.h). */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                   : mallinfo2().uordblks;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    hands_only_in_the_lab();
    int cycles = atoi(argv[1]), every = MAX(atoi(argv[2]), 1);

    for (int i = 1; i <= cycles; i++) {
        g_autofree char *problem = NULL;
        if (!cycle(argv + 3, &problem)) {
            printf("cycle %d: %s\n", i, problem);
            return 1;
        }
        if (i % every == 0) {
            printf("%d %ld %zu %u\n", i, resident_kib(), allocated_bytes(), count_descriptors());
            fflush(stdout);
        }
    }
    return 0;
}
