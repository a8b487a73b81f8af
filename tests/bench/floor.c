/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of tests/bench/handover: the sysfs writes of a hand-over and nothing else; vfio/driver.c does the
 * same writes in the same order. No plan, no journal, no deadline, nothing read back.
 *
 *   floor one-by-one|side-by-side take ADDRESS...
 *   floor one-by-one|side-by-side return DRIVER ADDRESS...
 *
 * side-by-side has a child for each device, all at once. */
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

static int put_attribute(const char *address, const char *attribute, const char *text)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%s", address, attribute);
    return put(path, text);
}

static int bind_driver(const char *address, const char *driver)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/sys/bus/pci/drivers/%s/bind", driver);
    return put(path, address);
}

/* Bus mastering off: bit 2 of the command register (PCI Local Bus Specification 3.0, 6.2.2). */
static int make_quiet(const char *address)
{
    char path[PATH_MAX];
    unsigned char command[2];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/config", address);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int ok = fd >= 0 && pread(fd, command, 2, 4) == 2;
    command[0] &= (unsigned char)~4U;
    ok = ok && pwrite(fd, command, 2, 4) == 2;
    if (!ok)
        perror(path);
    if (fd >= 0)
        close(fd);
    return !ok;
}

/* Each write only when the one before it went well. driver NULL: to vfio-pci, kept awake. */
static int change_driver(const char *address, const char *driver)
{
    if (!driver)
        return put_attribute(address, "d3cold_allowed", "0") ||
               put_attribute(address, "driver_override", "vfio-pci") ||
               put_attribute(address, "driver/unbind", address) || bind_driver(address, "vfio-pci") ||
               put_attribute(address, "power/control", "on");
    return make_quiet(address) || put_attribute(address, "driver_override", "\n") ||
           put_attribute(address, "driver/unbind", address) || bind_driver(address, driver) ||
           put_attribute(address, "d3cold_allowed", "1");
}

int main(int argc, char **argv)
{
    int failed = argc < 4, status;
    int children = !failed && strcmp(argv[1], "side-by-side") == 0;
    const char *driver = !failed && strcmp(argv[2], "return") == 0 ? argv[3] : NULL;

    for (int i = driver ? 4 : 3; i < argc && !failed; i++) {
        pid_t child = children ? fork() : 0;
        if (child < 0)
            failed = 1;
        else if (child == 0)
            failed = change_driver(argv[i], driver);
        if (child == 0 && children)
            _exit(failed);
    }
    while (wait(&status) > 0)
        failed = failed || status != 0;
    return failed;
}
