/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of tests/bench/handover: the sysfs writes of a hand-over and nothing else; vfio/worker.c does the
 * same writes. No plan, no journal, no deadline, nothing read back.
 *
 *   floor one-by-one|side-by-side DRIVER OVERRIDE ADDRESS...
 *
 * OVERRIDE "-" clears it. side-by-side has a child for each device, all at once.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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

static int change_driver(const char *address, const char *driver, const char *override)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver_override", address);
    if (put(path, strcmp(override, "-") == 0 ? "\n" : override) != 0)
        return 1;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver/unbind", address);
    if (put(path, address) != 0)
        return 1;
    snprintf(path, sizeof path, "/sys/bus/pci/drivers/%s/bind", driver);
    return put(path, address);
}

int main(int argc, char **argv)
{
    int failed = argc < 5, status;
    int children = argc > 1 && strcmp(argv[1], "side-by-side") == 0;

    for (int i = 4; i < argc && !failed; i++) {
        pid_t child = children ? fork() : 0;
        if (child < 0)
            failed = 1;
        else if (child == 0)
            failed = change_driver(argv[i], argv[2], argv[3]);
        if (child == 0 && children)
            _exit(failed);
    }
    while (wait(&status) > 0)
        failed = failed || status != 0;
    return failed;
}
