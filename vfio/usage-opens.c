/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Who holds which device node open, from /proc/PID/fd: one statx for each open file of the machine. Root sees
 * all processes, others only their own. */

/* Documentation/admin-guide/devices.txt: memory devices (null, urandom…), terminals. No PCI function has one.
 */
static gboolean is_everyones(guint major)
{
    return major == 1 || major == 5 || (major >= 136 && major <= 143);
}

static void open_free(gpointer data)
{
    VvOpen *file = data;

    g_free(file->path);
    g_free(file->who);
    g_free(file);
}

static int compare_processes(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_INT(*(gpointer const *)a) - GPOINTER_TO_INT(*(gpointer const *)b);
}

const GPtrArray *vv_usage_processes(VvUsage *usage)
{
    if (usage->processes)
        return usage->processes;

    g_autoptr(GPtrArray) names = vv_sysfs_list(usage->sysfs, "proc");
    gint64 own = vv_sysfs_is_live(usage->sysfs) ? getpid() : -1;
    usage->processes = g_ptr_array_new();
    for (guint i = 0; names && i < names->len; i++) {
        gint64 pid =
            g_ascii_isdigit(*(char *)names->pdata[i]) ? g_ascii_strtoll(names->pdata[i], NULL, 10) : -1;
        if (pid > 0 && pid != own)
            g_ptr_array_add(usage->processes, GINT_TO_POINTER((int)pid));
    }
    g_ptr_array_sort(usage->processes, compare_processes);
    return usage->processes;
}

char *vv_usage_process_name(VvUsage *usage, int pid)
{
    char path[64], name[64];

    snprintf(path, sizeof path, "proc/%d/comm", pid);
    if (vv_sysfs_read_into(usage->sysfs, path, name, sizeof name) <= 0)
        return g_strdup_printf("pid %d", pid);
    return g_strdup_printf("%s (pid %d)", name, pid);
}

/* On a recorded machine only the link's text can tell; following it would lead into the running machine. */
static gboolean read_open(VvUsage *usage, const char *path, VvOpen *ret)
{
    if (vv_sysfs_is_live(usage->sysfs)) {
        if (!vv_sysfs_device_number(usage->sysfs, path, &ret->is_block, &ret->major, &ret->minor) ||
            (!ret->is_block && is_everyones(ret->major)))
            return FALSE;
        ret->path = vv_sysfs_link_target(usage->sysfs, path);
        return ret->path != NULL;
    }
    ret->path = vv_sysfs_link_target(usage->sysfs, path);
    if (ret->path && g_str_has_prefix(ret->path, "/dev/"))
        return TRUE;
    g_free(ret->path);
    return FALSE;
}

static void read_process(VvUsage *usage, int pid)
{
    char path[64];
    g_autofree char *who = NULL;

    snprintf(path, sizeof path, "proc/%d/fd", pid);
    g_autoptr(GPtrArray) files = vv_sysfs_list(usage->sysfs, path);
    for (guint i = 0; files && i < files->len; i++) {
        VvOpen file = {.pid = pid};
        snprintf(path, sizeof path, "proc/%d/fd/%.16s", pid, (char *)files->pdata[i]);
        if (!read_open(usage, path, &file))
            continue;
        if (!who)
            who = vv_usage_process_name(usage, pid);
        file.who = g_strdup(who);
        g_ptr_array_add(usage->opens, g_memdup2(&file, sizeof file));
    }
}

const GPtrArray *vv_usage_opens(VvUsage *usage)
{
    if (usage->opens)
        return usage->opens;

    const GPtrArray *processes = vv_usage_processes(usage);
    usage->opens = g_ptr_array_new_with_free_func(open_free);
    for (guint i = 0; i < processes->len; i++)
        read_process(usage, GPOINTER_TO_INT(processes->pdata[i]));
    return usage->opens;
}

static gboolean is_same_node(const VvOpen *file, gboolean is_block, const char *number, const char *devname)
{
    guint major = 0, minor = 0;

    if (!file->major && !file->minor)
        return devname && strcmp(file->path + strlen("/dev/"), devname) == 0;
    return number && file->is_block == is_block && sscanf(number, "%u:%u", &major, &minor) == 2 &&
           file->major == major && file->minor == minor;
}

GPtrArray *vv_usage_openers(VvUsage *usage, gboolean is_block, const char *number, const char *devname)
{
    const GPtrArray *opens = vv_usage_opens(usage);
    GPtrArray *who = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < opens->len; i++) {
        const VvOpen *file = opens->pdata[i];
        if (is_same_node(file, is_block, number, devname) &&
            !g_ptr_array_find_with_equal_func(who, file->who, g_str_equal, NULL))
            g_ptr_array_add(who, g_strdup(file->who));
    }
    return who;
}

char *vv_usage_devname(VvUsage *usage, gboolean is_block, const char *number)
{
    char path[64], uevent[1024];

    snprintf(path, sizeof path, "sys/dev/%s/%s/uevent", is_block ? "block" : "char", number);
    if (vv_sysfs_read_into(usage->sysfs, path, uevent, sizeof uevent) < 0)
        return NULL;
    for (char *save = NULL, *line = strtok_r(uevent, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (g_str_has_prefix(line, "DEVNAME="))
            return g_strdup(line + strlen("DEVNAME="));
    return NULL;
}

char *vv_usage_group_user(VvUsage *usage, int group)
{
    char path[64], number[32];
    g_autofree char *devname = g_strdup_printf("vfio/%d", group);

    snprintf(path, sizeof path, "sys/class/vfio/%d/dev", group);
    gboolean known = vv_sysfs_read_into(usage->sysfs, path, number, sizeof number) > 0;
    g_autoptr(GPtrArray) who = vv_usage_openers(usage, FALSE, known ? number : NULL, devname);
    return who->len ? vv_words_join(who, 3) : NULL;
}
