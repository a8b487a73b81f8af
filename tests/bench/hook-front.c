/* SPDX-License-Identifier: GPL-2.0-or-later */

/* hook-front PROGRAM ROUNDS: the median time, in microseconds, that the hook needs to leave a domain alone
 * that is not ours, as the line "fact front_us N" and, for comparison, "fact true_us N" of /bin/true. Touches
 * no device: for such a domain the hook reads the XML and is gone. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char xml[] = "<domain type='kvm'><name>another</name><devices/></domain>";

static long long now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* -1: it failed. */
static long long once(char *const *arguments, const posix_spawn_file_actions_t *actions)
{
    char *environment[] = {NULL};
    long long before = now_us();
    int status;
    pid_t child;

    if (posix_spawn(&child, arguments[0], actions, NULL, arguments, environment) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        return -1;
    return now_us() - before;
}

static int compare(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;

    return (x > y) - (x < y);
}

static int measure(const char *name, char *const *arguments, int file, int rounds)
{
    posix_spawn_file_actions_t actions;
    long long *times = calloc((size_t)rounds, sizeof *times);

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
    for (int i = 0; times && i < rounds; i++) {
        lseek(file, 0, SEEK_SET);
        times[i] = once(arguments, &actions);
        if (times[i] < 0)
            return fprintf(stderr, "%s failed\n", arguments[0]), 1;
    }
    posix_spawn_file_actions_destroy(&actions);
    if (!times)
        return 1;
    qsort(times, (size_t)rounds, sizeof *times, compare);
    printf("fact %s_us %lld\n", name, times[rounds / 2]);
    free(times);
    return 0;
}

int main(int argc, char **argv)
{
    char *hook[] = {argc > 1 ? argv[1] : NULL, "another", "prepare", "begin", "-", NULL};
    char *nothing[] = {"/bin/true", NULL};
    char path[] = "/tmp/hook-front.XXXXXX";
    int rounds = argc > 2 ? atoi(argv[2]) : 0, file = mkstemp(path);

    if (rounds < 1 || file < 0 || write(file, xml, sizeof xml - 1) != sizeof xml - 1)
        return fprintf(stderr, "usage: hook-front PROGRAM ROUNDS\n"), 2;
    unlink(path);
    return measure("front", hook, file, rounds) || measure("true", nothing, file, rounds);
}
