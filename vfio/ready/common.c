/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* More than the kernel's log ever holds (CONFIG_LOG_BUF_SHIFT is 25 at most, most of it not text). */
#define LOG_MOST (8 << 20)

static gboolean has_text(const char *text)
{
    return text && *text;
}

char *vv_ready_command(const VvBootStack *stack, const char *argument)
{
    g_auto(GStrv) parts = g_strsplit(stack->run, "ARGUMENTS", 2);

    return g_strjoinv(argument, parts);
}

/* "put intel_iommu=on into FILE and run update-grub", or of a tool that takes it itself "run grubby …". */
static char *place_argument(const VvBootStack *stack, const char *argument)
{
    if (stack->kind == VV_BOOT_UNKNOWN || (!has_text(stack->edit) && !has_text(stack->run)))
        return g_strdup_printf("boot with %s", argument);
    if (!has_text(stack->edit)) {
        g_autofree char *command = vv_ready_command(stack, argument);
        return g_strdup_printf("run %s", command);
    }
    return g_strdup_printf("put %s into %s%s%s", argument, stack->edit,
                           has_text(stack->run) ? " and run " : "", has_text(stack->run) ? stack->run : "");
}

char *vv_ready_boot_with(const VvReadyHost *ready, const char *argument, const char *setup)
{
    g_autofree char *how = place_argument(ready->stack, argument);

    if (!setup)
        return g_strdup_printf("%s; then reboot", how);
    if (ready->stack->prints_only)
        return g_strdup_printf("%s ('virt-vfio %s' prints what to write); then reboot", how, setup);
    return g_strdup_printf("%s; or: virt-vfio %s --apply; then reboot", how, setup);
}

char *vv_ready_boot_without(const VvReadyHost *ready, const char *argument, const char *setup)
{
    const VvBootStack *stack = ready->stack;
    /* A tool that takes arguments adds them: which one takes them away is its manual's to say. */
    gboolean runs = has_text(stack->edit) && has_text(stack->run);
    g_autofree char *other =
        setup && !stack->prints_only ? g_strdup_printf("; or: virt-vfio %s --apply", setup) : g_strdup("");

    if (stack->kind == VV_BOOT_UNKNOWN)
        return g_strdup_printf("take %s away from where this system keeps its kernel arguments; then reboot",
                               argument);
    return g_strdup_printf("take %s away from this system's kernel arguments (%s)%s%s%s; then reboot",
                           argument, stack->name, runs ? ", run " : "", runs ? stack->run : "", other);
}

char *vv_ready_count(guint count, const char *noun)
{
    return g_strdup_printf("%u %s%s", count, noun, count == 1 ? "" : "s");
}

gboolean vv_ready_is_passable(const VvDevice *device)
{
    switch (device->kind) {
    case VV_KIND_GPU:
    case VV_KIND_AUDIO:
    case VV_KIND_NIC:
    case VV_KIND_USB:
    case VV_KIND_HBA:
    case VV_KIND_NVME:
        return TRUE;
    default:
        return FALSE;
    }
}

char *vv_ready_release(const VvSysfs *sysfs)
{
    char *release = vv_sysfs_read(sysfs, "proc/sys/kernel/osrelease");

    return release ? g_strstrip(release) : NULL;
}

/* One record for each read, "6,339,5140900,-;text" and a line feed (Documentation/ABI/testing/dev-kmsg).
 * EPIPE: records were overwritten meanwhile, and the next read goes on behind them. */
static GString *read_log(int fd)
{
    GString *text = g_string_new(NULL);
    char record[8192];

    while (text->len < LOG_MOST) {
        gssize length = read(fd, record, sizeof record);

        if (length < 0 && (errno == EPIPE || errno == EINTR))
            continue;
        if (length <= 0)
            break;
        g_string_append_len(text, record, length);
    }
    return text;
}

GPtrArray *vv_ready_kernel_log(const VvSysfs *sysfs, const char *part)
{
    int fd = vv_sysfs_open(sysfs, "dev/kmsg", O_RDONLY | O_NONBLOCK);

    if (fd < 0)
        return NULL;
    g_autoptr(GString) text = read_log(fd);
    close(fd);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    for (char **line = lines; *line; line++) {
        const char *message = strchr(*line, ';');
        if (strstr(*line, part))
            g_ptr_array_add(found, g_strdup(message ? message + 1 : *line));
    }
    return found;
}
