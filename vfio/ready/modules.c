/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/words.h"

#include <string.h>

/* Some 600 KiB on a distribution's kernel. */
#define LIST_MOST (8 << 20)

typedef enum { MODULE_MISSING, MODULE_LOADABLE, MODULE_THERE } ModuleState;

typedef struct {
    char *folder;              /* of the running kernel's modules; NULL: it is not there */
    char *loadable, *built_in; /* modules.dep and modules.builtin (depmod(8)); NULL: not there */
} ModuleLists;

static void lists_read(const VvSysfs *sysfs, ModuleLists *lists)
{
    static const char *const places[] = {"lib/modules", "usr/lib/modules"};
    g_autofree char *release = vv_ready_release(sysfs);

    for (guint i = 0; release && !lists->folder && i < G_N_ELEMENTS(places); i++) {
        g_autofree char *folder = g_build_filename(places[i], release, NULL);
        g_autofree char *loadable = g_build_filename(folder, "modules.dep", NULL);
        g_autofree char *built_in = g_build_filename(folder, "modules.builtin", NULL);
        if (!vv_sysfs_exists(sysfs, folder))
            continue;
        lists->loadable = vv_sysfs_read_all(sysfs, loadable, LIST_MOST);
        lists->built_in = vv_sysfs_read_all(sysfs, built_in, LIST_MOST);
        lists->folder = g_steal_pointer(&folder);
    }
}

static void lists_clear(ModuleLists *lists)
{
    g_free(lists->folder);
    g_free(lists->loadable);
    g_free(lists->built_in);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ModuleLists, lists_clear)

/* The path of "…/vfio-pci.ko", perhaps compressed, at the beginning of a line; files have either sign in
 * their names. New string or NULL. */
static char *find_file(const char *list, const char *module)
{
    g_autofree char *name = g_strdelimit(g_strdup(module), "_", '-');
    g_auto(GStrv) lines = g_strsplit(list ? list : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        char *end = strchr(*line, ':');
        if (end)
            *end = '\0';
        g_autofree char *base = g_path_get_basename(*line);
        char *suffix = strstr(base, ".ko");
        if (!suffix)
            continue;
        *suffix = '\0';
        g_strdelimit(base, "_", '-');
        if (strcmp(base, name) == 0)
            return g_strdup(*line);
    }
    return NULL;
}

/* The index may list what has been removed since. */
static gboolean is_loadable(const VvSysfs *sysfs, const ModuleLists *lists, const char *module)
{
    g_autofree char *file = find_file(lists->loadable, module);
    g_autofree char *path = !file                      ? NULL
                            : g_path_is_absolute(file) ? g_strdup(file + 1)
                                                       : g_build_filename(lists->folder, file, NULL);

    return path && vv_sysfs_exists(sysfs, path);
}

/* A built-in module has a folder in /sys/module only if it has parameters or a version (kernel/params.c), but
 * its driver is registered. */
static ModuleState module_state(const VvSysfs *sysfs, const ModuleLists *lists, const char *module)
{
    g_autofree char *path = g_strdup_printf("sys/module/%s", module);
    g_autofree char *built_in = find_file(lists->built_in, module);
    g_autofree char *driver = g_strdelimit(g_strdup_printf("sys/bus/pci/drivers/%s", module), "_", '-');

    if (vv_sysfs_exists(sysfs, path) || vv_sysfs_exists(sysfs, driver) || built_in)
        return MODULE_THERE;
    return is_loadable(sysfs, lists, module) ? MODULE_LOADABLE : MODULE_MISSING;
}

typedef struct {
    GPtrArray *there, *loadable, *missing; /* static names */
} Sorted;

static void sort_module(const VvSysfs *sysfs, const ModuleLists *lists, const char *module, Sorted *sorted)
{
    GPtrArray *const to[] = {sorted->missing, sorted->loadable, sorted->there};
    ModuleState state = module_state(sysfs, lists, module);

    g_ptr_array_add(to[state], (gpointer)module);
}

static void fail_missing(const VvReadyHost *ready, const Sorted *sorted, GPtrArray *rows)
{
    g_autofree char *list = vv_words_join(sorted->missing, 4);
    g_autofree char *release = vv_ready_release(ready->sysfs);
    VvReadyRow *row =
        vv_ready_add(rows, "modules", VV_READY_FAIL, "%s: not loaded, and not in /lib/modules/%s", list,
                     release ? release : "(kernel not shown)");

    row->remedy =
        g_strdup_printf("install the rest of this kernel's modules (%s), or boot the kernel that %s brings",
                        strcmp(ready->stack->distribution_id, "debian") == 0   ? "not its cloud variant"
                        : strcmp(ready->stack->distribution_id, "ubuntu") == 0 ? "linux-modules-extra"
                                                                               : "its package",
                        ready->stack->distribution);
}

/* Where there is no folder of modules. */
static void judge_gone(const VvReadyHost *ready, const Sorted *sorted, GPtrArray *rows)
{
    g_autofree char *release = vv_ready_release(ready->sysfs);
    g_autofree char *container = vv_ready_container(ready->sysfs);

    if (sorted->there->len) {
        vv_ready_add(rows, "modules", VV_READY_PASS, "%s is there, of a kernel without /lib/modules",
                     (const char *)sorted->there->pdata[0]);
        return;
    }
    if (!vv_sysfs_is_live(ready->sysfs)) {
        vv_ready_add(rows, "modules", VV_READY_INFO, "not recorded (/lib/modules)");
        return;
    }
    VvReadyRow *row =
        vv_ready_add(rows, "modules", VV_READY_FAIL,
                     "the running kernel's modules are gone (/lib/modules/%s)", release ? release : "?");
    row->remedy = g_strdup(container ? "in a container they are the host's to show"
                                     : "reboot: the kernel was updated under the running one");
}

/* vfio_iommu_type1 is loaded by a softdep or by QEMU's first use; what counts is that it can be. */
void vv_ready_check_modules(const VvReadyHost *ready, GPtrArray *rows)
{
    static const char *const needed[] = {"vfio_pci", "vfio_iommu_type1"};
    g_auto(ModuleLists) lists = {0};
    g_autoptr(GPtrArray) there = g_ptr_array_new(), loadable = g_ptr_array_new(), missing = g_ptr_array_new();
    Sorted sorted = {there, loadable, missing};

    lists_read(ready->sysfs, &lists);
    for (guint i = 0; i < G_N_ELEMENTS(needed); i++)
        sort_module(ready->sysfs, &lists, needed[i], &sorted);
    gboolean iommufd = module_state(ready->sysfs, &lists, "iommufd") != MODULE_MISSING;
    if (missing->len && !lists.folder) {
        judge_gone(ready, &sorted, rows);
    } else if (missing->len) {
        fail_missing(ready, &sorted, rows);
    } else {
        g_autofree char *now = vv_words_join(there, 2), *later = vv_words_join(loadable, 2);
        vv_ready_add(rows, "modules", VV_READY_PASS, "%s%s%s%s%s%s", now, there->len ? " there" : "",
                     there->len && loadable->len ? ", " : "", later,
                     loadable->len ? " loaded when needed" : "", iommufd ? "; iommufd too" : "");
    }
}
