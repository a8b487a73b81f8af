/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/userhook-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void hook_free(gpointer data)
{
    VvUserHook *hook = data;

    g_free(hook->path);
    g_free(hook->name);
    g_free(hook->problem);
    g_free(hook);
}

static void add(GPtrArray *found, const char *path, const char *name, char *problem)
{
    VvUserHook *hook = g_new0(VvUserHook, 1);

    *hook = (VvUserHook){g_strdup(path), g_strdup(name), problem};
    g_ptr_array_add(found, hook);
}

/* As run-parts(8) names them, and with dots; leavings of editors and packages are none. */
static gboolean is_name(const char *name)
{
    static const char *const endings[] = {".bak",      ".disabled",  ".orig",    ".swp",    ".dpkg-old",
                                          ".dpkg-new", ".dpkg-dist", ".rpmsave", ".rpmnew", ".rpmorig"};

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]))
            return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
            return FALSE;
    return *name && *name != '.';
}

/* Who may change it may do as root what he likes. On another root than this machine's, which is a test, what
 * belongs to whoever runs this is as good as root's. New string; NULL: only root may. */
static char *check_owner(const VvSysfs *sysfs, const char *path, const struct stat *facts)
{
    if (facts->st_uid != 0 && (vv_sysfs_is_live(sysfs) || facts->st_uid != geteuid()))
        return g_strdup_printf("%s does not belong to root; if it is yours: 'chown root %s'", path, path);
    if (facts->st_mode & (S_IWGRP | S_IWOTH))
        return g_strdup_printf("%s can be written to by others than root; 'chmod go-w %s'", path, path);
    return NULL;
}

static char *check_file(const VvSysfs *sysfs, const char *path, const struct stat *facts)
{
    if (S_ISLNK(facts->st_mode))
        return g_strdup_printf(
            "%s is a symbolic link, and what it leads to can be anybody's; put the program "
            "itself there",
            path);
    if (!S_ISREG(facts->st_mode))
        return g_strdup_printf("%s is no regular file", path);
    if (!(facts->st_mode & S_IXUSR))
        return g_strdup_printf("%s is not executable; 'chmod +x %s', or add .disabled to its name", path,
                               path);
    return check_owner(sysfs, path, facts);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *list_names(const char *folder, gboolean (*wanted)(const char *name))
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (!wanted || wanted(name))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* Adds the hooks of `folder`. `chain` is the folder and those above it as far as the configuration's own. */
static void add_folder(GPtrArray *found, const VvSysfs *sysfs, const char *const *chain, const char *prefix)
{
    const char *folder = NULL;
    g_autofree char *base = g_build_filename(vv_sysfs_root(sysfs), VV_SYSCONFDIR, NULL);
    struct stat facts;

    for (const char *const *part = chain; *part; part++) {
        char *path = g_build_filename(base, *part, NULL);
        g_free(base);
        folder = base = path;
        /* Most hosts have none. */
        if (lstat(path, &facts) != 0 && errno == ENOENT)
            return;
        char *problem = S_ISDIR(facts.st_mode) ? check_owner(sysfs, path, &facts)
                                               : g_strdup_printf("%s is not a folder", path);
        if (problem) {
            add(found, path, *part, problem);
            return;
        }
    }
    g_autoptr(GPtrArray) names = list_names(folder, is_name);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        g_autofree char *name = g_build_filename(prefix, names->pdata[i], NULL);
        if (lstat(path, &facts) == 0 && !S_ISDIR(facts.st_mode))
            add(found, path, name, check_file(sysfs, path, &facts));
    }
}

static void add_general(GPtrArray *found, const VvSysfs *sysfs, const char *phase)
{
    add_folder(found, sysfs, (const char *const[]){"virt-vfio", "hooks.d", phase, NULL}, phase);
}

static void add_own(GPtrArray *found, const VvSysfs *sysfs, const char *domain, const char *phase)
{
    g_autofree char *prefix = g_build_filename("domains", domain, phase, NULL);

    /* libvirt refuses a name with a slash; this one leads to other folders. */
    if (*domain && !strchr(domain, '/') && strcmp(domain, ".") != 0 && strcmp(domain, "..") != 0)
        add_folder(found, sysfs,
                   (const char *const[]){"virt-vfio", "hooks.d", "domains", domain, phase, NULL}, prefix);
}

GPtrArray *vv_user_hooks_find(const VvSysfs *sysfs, const char *domain, const char *phase)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(hook_free);

    add_general(found, sysfs, phase);
    add_own(found, sysfs, domain, phase);
    return found;
}

static gboolean is_listed(const GPtrArray *found, const VvUserHook *hook)
{
    for (guint i = 0; i < found->len; i++)
        if (strcmp(((const VvUserHook *)found->pdata[i])->path, hook->path) == 0)
            return TRUE;
    return FALSE;
}

GPtrArray *vv_user_hooks_list(const VvSysfs *sysfs)
{
    GPtrArray *listed = g_ptr_array_new_with_free_func(hook_free);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(hook_free);
    g_autofree char *folder =
        g_build_filename(vv_sysfs_root(sysfs), VV_SYSCONFDIR, "virt-vfio/hooks.d/domains", NULL);
    g_autoptr(GPtrArray) domains = list_names(folder, NULL);

    for (VvPhase phase = 0; phase < VV_PHASES; phase++) {
        add_general(found, sysfs, vv_phase_name(phase));
        for (guint i = 0; i < domains->len; i++)
            add_own(found, sysfs, domains->pdata[i], vv_phase_name(phase));
    }
    /* A folder that is not trusted is found once for each phase below it. */
    while (found->len) {
        VvUserHook *hook = g_ptr_array_steal_index(found, 0);
        if (is_listed(listed, hook))
            hook_free(hook);
        else
            g_ptr_array_add(listed, hook);
    }
    return listed;
}
