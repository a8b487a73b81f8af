/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>

/* Processes that hold a character device of the function open: a driver's remove() may wait for them for
 * ever (snd_card_free, nvidia). Disks have a file of their own. */

/* What one process holds, in the two severities. */
typedef struct {
    const char *who; /* owned by the usage */
    GPtrArray *nodes, *input_nodes;
} Holder;

static void holder_free(gpointer data)
{
    Holder *holder = data;

    g_ptr_array_unref(holder->nodes);
    g_ptr_array_unref(holder->input_nodes);
    g_free(holder);
}

static Holder *find_holder(GPtrArray *holders, const char *who)
{
    for (guint i = 0; i < holders->len; i++)
        if (strcmp(((Holder *)holders->pdata[i])->who, who) == 0)
            return holders->pdata[i];

    Holder *holder = g_new0(Holder, 1);
    holder->who = who;
    holder->nodes = g_ptr_array_new_with_free_func(g_free);
    holder->input_nodes = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(holders, holder);
    return holder;
}

static void add_node(GPtrArray *holders, const char *who, const char *name, gboolean is_input)
{
    Holder *holder = find_holder(holders, who);
    GPtrArray *nodes = is_input ? holder->input_nodes : holder->nodes;
    g_autofree char *path = g_strdup_printf("/dev/%s", name);

    if (!g_ptr_array_find_with_equal_func(nodes, path, g_str_equal, NULL))
        g_ptr_array_add(nodes, g_steal_pointer(&path));
}

/* The display server and logind have every keyboard and mouse open, and bear that one vanishes. */
static gboolean is_input(const VvNode *node)
{
    return strstr(node->place, "/input/") || strstr(node->place, "/hidraw/");
}

static void find_holders(VvUsage *usage, const VvDevice *device, GPtrArray *holders)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/dev/char");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        if (!vv_usage_is_behind(usage, device, node->place))
            continue;
        g_autofree char *devname = vv_usage_devname(usage, FALSE, node->name);
        g_autoptr(GPtrArray) who = vv_usage_openers(usage, FALSE, node->name, devname);
        for (guint j = 0; j < who->len; j++) {
            const char *name = g_intern_string(who->pdata[j]);
            add_node(holders, name, devname ? devname : node->base, is_input(node));
        }
    }
}

/* NVIDIA's driver makes its nodes by itself, outside of sysfs; a file tells which one is whose. -1: unknown.
 */
static int nvidia_minor(VvUsage *usage, const VvDevice *device)
{
    g_autofree char *path = g_strdup_printf("proc/driver/nvidia/gpus/%s/information", device->text);
    g_autofree char *text = vv_sysfs_read(usage->sysfs, path);
    const char *line = text ? strstr(text, "Device Minor:") : NULL;
    int number;

    return line && sscanf(line, "Device Minor: %d", &number) == 1 ? number : -1;
}

static gboolean is_only_nvidia(const VvUsage *usage)
{
    const GPtrArray *devices = vv_host_devices(usage->host);
    guint count = 0;

    for (guint i = 0; i < devices->len; i++)
        count += g_strcmp0(((const VvDevice *)devices->pdata[i])->driver, "nvidia") == 0;
    return count < 2;
}

/* nvidiactl, nvidia-uvm and nvidia-modeset serve all cards: with several, only /dev/nvidiaN says which. */
static gboolean is_nvidia_node(const char *path, int number, gboolean only_one)
{
    int found;

    if (!g_str_has_prefix(path, "/dev/nvidia"))
        return FALSE;
    if (sscanf(path, "/dev/nvidia%d", &found) == 1)
        return number < 0 || found == number;
    return only_one;
}

static void find_nvidia_holders(VvUsage *usage, const VvDevice *device, GPtrArray *holders)
{
    const GPtrArray *opens = vv_usage_opens(usage);
    int number = nvidia_minor(usage, device);
    gboolean only_one = is_only_nvidia(usage);

    for (guint i = 0; i < opens->len; i++) {
        const VvOpen *file = opens->pdata[i];
        if (is_nvidia_node(file->path, number, only_one))
            add_node(holders, g_intern_string(file->who), file->path + strlen("/dev/"), FALSE);
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_pid(VvUsage *usage, const char *who)
{
    const GPtrArray *opens = vv_usage_opens(usage);

    for (guint i = 0; i < opens->len; i++)
        if (strcmp(((const VvOpen *)opens->pdata[i])->who, who) == 0)
            return ((const VvOpen *)opens->pdata[i])->pid;
    return 0;
}

static void add_holder(VvUsage *usage, const Holder *holder, const VvDevice *device, GPtrArray *reasons)
{
    guint first = reasons->len;

    g_ptr_array_sort(holder->nodes, compare_names);
    g_ptr_array_sort(holder->input_nodes, compare_names);
    if (holder->nodes->len) {
        g_autofree char *nodes = vv_words_join(holder->nodes, 3);
        vv_usage_add(reasons, "process-holds", VV_SEVERITY_BLOCK, device, "stop that program first",
                     "%s holds %s open", holder->who, nodes);
    }
    if (holder->input_nodes->len) {
        g_autofree char *nodes = vv_words_join(holder->input_nodes, 3);
        vv_usage_add(reasons, "process-holds", VV_SEVERITY_WARN, device, NULL,
                     "%s reads input from %s, which goes away", holder->who, nodes);
    }
    for (guint i = first; i < reasons->len; i++)
        ((VvReason *)reasons->pdata[i])->pid = find_pid(usage, holder->who);
}

void vv_usage_check_processes(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    g_autoptr(GPtrArray) holders = g_ptr_array_new_with_free_func(holder_free);

    find_holders(usage, device, holders);
    if (g_strcmp0(device->driver, "nvidia") == 0)
        find_nvidia_holders(usage, device, holders);
    for (guint i = 0; i < holders->len; i++)
        add_holder(usage, holders->pdata[i], device, reasons);
}
