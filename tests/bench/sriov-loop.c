/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare sysfs writes that take virtual functions without a driver to vfio-pci and give them back, and
 * nothing else: no plan, no journal, no deadline, nothing read back. Prints how many microseconds it took:
 * for tests/bench/sriov, which checks that these are virt-vfio's own writes (sriov-inside.sh, same_writes).
 *
 *   sriov-loop one-by-one|side-by-side take|return ADDRESS...
 *
 * side-by-side has a child for each function, all at once. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (written < 0)
        perror(path);
    if (fd >= 0)
        close(fd);
    return written < 0;
}

static int put_attribute(const char *address, const char *attribute, const char *text)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%s", address, attribute);
    return put(path, text);
}

static int take(const char *address)
{
    return put_attribute(address, "d3cold_allowed", "0") ||
           put_attribute(address, "driver_override", "vfio-pci") ||
           put("/sys/bus/pci/drivers/vfio-pci/bind", address) ||
           put_attribute(address, "power/control", "on");
}

static int give_back(const char *address)
{
    return put_attribute(address, "driver_override", "\n") ||
           put_attribute(address, "driver/unbind", address) || put_attribute(address, "d3cold_allowed", "1");
}

static int one_by_one(char **addresses, int (*change)(const char *address))
{
    int failed = 0;

    for (; *addresses; addresses++)
        failed |= change(*addresses);
    return failed;
}

static int side_by_side(char **addresses, int (*change)(const char *address))
{
    int failed = 0, status;

    for (; *addresses; addresses++) {
        pid_t child = fork();
        if (child == 0)
            _exit(change(*addresses));
        failed |= child < 0;
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed;
}

static long long now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: sriov-loop one-by-one|side-by-side take|return ADDRESS...\n");
        return 2;
    }
    int (*change)(const char *) = strcmp(argv[2], "take") == 0 ? take : give_back;
    long long start = now_us();
    int failed =
        strcmp(argv[1], "side-by-side") == 0 ? side_by_side(argv + 3, change) : one_by_one(argv + 3, change);

    printf("%lld\n", now_us() - start);
    return failed;
}
