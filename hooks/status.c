/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/install.h"

#include "vfio/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const pid_files[] = {"run/libvirt/virtqemud.pid", "run/virtqemud.pid", "run/libvirtd.pid"};

static char *below(const char *root, const char *path)
{
    return g_build_filename(root ? root : "/", path, NULL);
}

/* The daemon that runs QEMU here; pid 0: none does. */
static VvProcess find_daemon(const char *root, const VvSysfs *sysfs)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pid_files); i++) {
        g_autofree char *path = below(root, pid_files[i]);
        g_autofree char *text = NULL;
        VvProcess process = {0};
        if (g_file_get_contents(path, &text, NULL, NULL))
            process = vv_process_of(sysfs, atoi(text));
        if (process.pid)
            return process;
    }
    return (VvProcess){0};
}

/* Seconds since the epoch (proc_stat(5), btime; proc_pid_stat(5), starttime); 0: not known. */
static gint64 started_at(const VvSysfs *sysfs, VvProcess process)
{
    g_autofree char *stat = vv_sysfs_read(sysfs, "proc/stat");
    const char *line = stat ? strstr(stat, "\nbtime ") : NULL;

    return line ? g_ascii_strtoll(line + 7, NULL, 10) + (gint64)process.started / sysconf(_SC_CLK_TCK) : 0;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A link leads to where it would below that root. */
static gboolean is_program(const char *root, const char *path)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *file = target && *target == '/' ? below(root, target) : g_strdup(path);

    return g_file_test(file, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test(file, G_FILE_TEST_IS_DIR);
}

/* Adds what libvirt would run: files that may be executed, in the order of strcmp(). */
static void add_hooks(GPtrArray *hooks, const char *root)
{
    g_autofree char *main_hook = below(root, "etc/libvirt/hooks/qemu");
    g_autofree char *folder = below(root, "etc/libvirt/hooks/qemu.d");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    guint first = hooks->len;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (is_program(root, path))
            g_ptr_array_add(hooks, g_steal_pointer(&path));
    }
    g_ptr_array_sort(hooks, compare_names);
    if (is_program(root, main_hook))
        g_ptr_array_insert(hooks, (gint)first, g_steal_pointer(&main_hook));
}

/* One hook that was there in time is enough: libvirt then looks for all of them at each call. */
static gboolean was_there(const GPtrArray *hooks, gint64 when)
{
    for (guint i = 0; i < hooks->len; i++) {
        struct stat facts;
        if (lstat(hooks->pdata[i], &facts) == 0 && facts.st_ctime < when)
            return TRUE;
    }
    return FALSE;
}

/* The program carries its name and version as one string. */
static char *read_version(const char *root, const char *target)
{
    static const char mark[] = "virt-vfio-hook version ";
    g_autofree char *path = below(root, target);
    g_autofree char *data = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &data, &length, NULL))
        return NULL;
    const char *found = memmem(data, length, mark, strlen(mark));
    return found ? g_strdup(found + strlen(mark)) : NULL;
}

/* Debian's profile of libvirtd lets hooks start programs of /usr/bin and /usr/sbin only, which then run
 * unconfined. */
static char *confinement(const VvSysfs *sysfs, VvProcess daemon, const char *target)
{
    g_autofree char *apparmor_path = g_strdup_printf("proc/%d/attr/apparmor/current", daemon.pid);
    g_autofree char *path = g_strdup_printf("proc/%d/attr/current", daemon.pid);
    g_autofree char *apparmor = vv_sysfs_read(sysfs, apparmor_path);
    g_autofree char *label = vv_sysfs_read(sysfs, path);
    const char *profile = apparmor ? apparmor : label;

    if (!profile || !strstr(profile, "(enforce)"))
        return NULL;
    if (g_str_has_prefix(target, "/usr/sbin/") || g_str_has_prefix(target, "/usr/bin/"))
        return NULL;
    return g_strdup_printf("AppArmor's profile %.*s does not let libvirt start %s: install virt-vfio with "
                           "'meson setup --prefix=/usr'",
                           (int)strcspn(profile, " "), profile, target);
}

VvHookStatus *vv_hook_status(const char *root, const VvSysfs *sysfs)
{
    VvHookStatus *status = g_new0(VvHookStatus, 1);
    VvProcess daemon = find_daemon(root, sysfs);
    g_autofree char *link = below(root, VV_HOOK_LINK);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *name = target ? g_path_get_basename(target) : NULL;
    struct stat facts;

    status->others = g_ptr_array_new_with_free_func(g_free);
    add_hooks(status->others, root);
    if (daemon.pid)
        status->seen = was_there(status->others, started_at(sysfs, daemon)) ? VV_HOOK_SEEN : VV_HOOK_NOT_SEEN;
    if (g_strcmp0(name, "virt-vfio-hook") == 0)
        status->target = g_steal_pointer(&target);
    else
        status->foreign = lstat(link, &facts) == 0;
    if (status->target) {
        guint index;
        status->version = read_version(root, status->target);
        status->confined = confinement(sysfs, daemon, status->target);
        if (g_ptr_array_find_with_equal_func(status->others, link, g_str_equal, &index))
            g_ptr_array_remove_index(status->others, index);
    }
    status->link = g_steal_pointer(&link);
    return status;
}

void vv_hook_status_free(VvHookStatus *status)
{
    if (!status)
        return;
    g_free(status->link);
    g_free(status->target);
    g_free(status->version);
    g_free(status->confined);
    g_ptr_array_unref(status->others);
    g_free(status);
}

gboolean vv_hook_is_live(const VvHookStatus *status)
{
    return status->target && status->seen != VV_HOOK_NOT_SEEN && !status->confined &&
           g_strcmp0(status->version, VV_VERSION) == 0;
}
