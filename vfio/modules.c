/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"

#include "vfio/error.h"
#include "vfio/kmod-api.h"

#include <errno.h>
#include <string.h>

/* Where libkmod is not there, there is no context, and nothing below is called. */
typedef struct kmod_ctx KmodContext;
typedef struct kmod_list KmodList;

static void context_free(KmodContext *context)
{
    if (context)
        vv_kmod()->unref(context);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KmodContext, context_free)

static gboolean is_registered(const VvSysfs *sysfs, const char *driver)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/drivers/%s", driver);

    return vv_sysfs_exists(sysfs, path);
}

static int for_each_module(KmodContext *context, const char *name, int (*visit)(struct kmod_module *))
{
    const VvKmod *kmod = vv_kmod();
    KmodList *modules = NULL;
    int result = kmod->module_new_from_lookup(context, name, &modules);

    if (result == 0 && !modules)
        result = -ENOENT;
    for (KmodList *item = modules; item; item = kmod->list_next(modules, item)) {
        struct kmod_module *module = kmod->module_get_module(item);
        if (visit && result == 0)
            result = visit(module);
        kmod->module_unref(module);
    }
    kmod->module_unref_list(modules);
    return result;
}

/* An `install` line of modprobe.d(5) stands for the module and would be run by a shell. Often it is
 * /bin/false and means "never"; this program runs no other, so it takes every one for that. */
static int refuse_command(struct kmod_module *module G_GNUC_UNUSED, const char *command G_GNUC_UNUSED,
                          void *data G_GNUC_UNUSED)
{
    return -ECANCELED;
}

static int insert(struct kmod_module *module)
{
    return vv_kmod()->module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL,
                                                 refuse_command, NULL, NULL);
}

/* libkmod would print what went wrong by itself, in its own words. `folders`: of its configuration, NULL: the
 * running system's. */
static KmodContext *new_context(const char *const *folders)
{
    const VvKmod *kmod = vv_kmod();
    KmodContext *context = kmod ? kmod->new (NULL, folders) : NULL;

    if (context)
        kmod->set_log_priority(context, 0);
    return context;
}

static void set_load_error(GError **error, const char *driver, int result)
{
    g_set_error(
        error, VV_ERROR, VV_ERROR_NOT_READY,
        "cannot load the driver %s: %s; look at the kernel log, at lines about it in /etc/modprobe.d, and "
        "whether this kernel has the module",
        driver,
        result == -ECANCELED
            ? "it has an install command, which is not run; load it by hand if it may be loaded"
        : result ? g_strerror(-result)
                 : "it does not register itself");
}

char *vv_module_of_driver(const VvSysfs *sysfs, const char *driver)
{
    static const char *const others[][2] = {{"xhci_hcd", "xhci_pci"}, {"nvidia-gpu", "i2c_nvidia_gpu"}};
    g_autofree char *path = g_strdup_printf("sys/bus/pci/drivers/%s/module", driver);
    char *module = vv_sysfs_link_name(sysfs, path);

    for (guint i = 0; !module && i < G_N_ELEMENTS(others); i++)
        if (strcmp(driver, others[i][0]) == 0)
            module = g_strdup(others[i][1]);
    return module ? module : g_strdelimit(g_strdup(driver), "-", '_');
}

gboolean vv_module_available(const VvSysfs *sysfs, const char *driver)
{
    /* `list` makes a plan for each card, and opening the index of the modules takes some 70 system calls.
     * What is installed does not change while such a program runs. */
    static char asked[64];
    static gboolean answer;

    if (is_registered(sysfs, driver))
        return TRUE;
    if (!vv_sysfs_is_live(sysfs))
        return !vv_sysfs_exists(sysfs, "sys/bus/pci/drivers");
    if (strcmp(asked, driver) != 0) {
        g_autoptr(KmodContext) context = new_context(NULL);
        answer = context && for_each_module(context, driver, NULL) == 0;
        g_strlcpy(asked, driver, sizeof asked);
    }
    return answer;
}

gboolean vv_module_load_driver(const VvSysfs *sysfs, const char *driver, const char *modalias, GError **error)
{
    if (is_registered(sysfs, driver))
        return TRUE;

    int result = vv_kmod() ? -ENOENT : -ELIBACC;
    if (vv_sysfs_is_live(sysfs)) {
        g_autoptr(KmodContext) context = new_context(NULL);
        if (context)
            result = for_each_module(context, driver, insert);
        if (result && context && modalias)
            result = for_each_module(context, modalias, insert);
    }
    if (result == 0 && is_registered(sysfs, driver))
        return TRUE;
    set_load_error(error, driver, result);
    return FALSE;
}

void vv_module_load_alias(const VvSysfs *sysfs, const char *modalias)
{
    g_autoptr(KmodContext) context = vv_sysfs_is_live(sysfs) ? new_context(NULL) : NULL;

    if (context)
        for_each_module(context, modalias, insert);
}

gboolean vv_module_same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return FALSE;
    return *a == *b;
}

/* Machines are recorded without /sys/module, and a test's kernel has none. */
static char *registered_like(const VvSysfs *sysfs, const char *module)
{
    g_autofree char *with_dashes = g_strdelimit(g_strdup(module), "_", '-');

    if (is_registered(sysfs, module))
        return g_strdup(module);
    return is_registered(sysfs, with_dashes) ? g_steal_pointer(&with_dashes) : NULL;
}

char *vv_module_pci_driver(const VvSysfs *sysfs, const char *module)
{
    g_autofree char *name = g_strdelimit(g_strdup(module), "-", '_');
    g_autofree char *path = g_strdup_printf("sys/module/%s/drivers", name);
    g_autoptr(GPtrArray) entries = vv_sysfs_list(sysfs, path);
    const char *best = NULL;

    if (!entries)
        return vv_sysfs_is_live(sysfs) ? NULL : registered_like(sysfs, name);
    for (guint i = 0; i < entries->len; i++) {
        const char *entry = entries->pdata[i];
        if (!g_str_has_prefix(entry, "pci:"))
            continue;
        const char *driver = entry + strlen("pci:");
        if (vv_module_same_name(driver, name))
            return g_strdup(driver);
        if (!best || strcmp(driver, best) < 0)
            best = driver;
    }
    return g_strdup(best);
}

char *vv_module_load_pci(const VvSysfs *sysfs, const char *module, GError **error)
{
    char *driver = vv_module_pci_driver(sysfs, module);
    if (driver)
        return driver;

    int result = vv_kmod() ? -ENOENT : -ELIBACC;
    if (vv_sysfs_is_live(sysfs)) {
        g_autoptr(KmodContext) context = new_context(NULL);
        if (context)
            result = for_each_module(context, module, insert);
    }
    if (result == 0)
        driver = vv_module_pci_driver(sysfs, module);
    if (!driver)
        set_load_error(error, module, result);
    return driver;
}

gboolean vv_module_is_blacklisted(const VvSysfs *sysfs, const char *module)
{
    /* As libkmod's default_config_paths. */
    static const char *const places[] = {"etc", "run", "usr/local/lib", "usr/lib", "lib"};
    g_auto(GStrv) folders = g_new0(char *, G_N_ELEMENTS(places) + 1);
    gboolean found = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(places); i++)
        folders[i] = g_build_filename(vv_sysfs_root(sysfs), places[i], "modprobe.d", NULL);
    g_autoptr(KmodContext) context = new_context((const char *const *)folders);
    const VvKmod *kmod = vv_kmod();
    struct kmod_config_iter *entries = context ? kmod->config_get_blacklists(context) : NULL;
    if (!entries)
        return FALSE;
    while (!found && kmod->config_iter_next(entries))
        found = vv_module_same_name(kmod->config_iter_get_key(entries), module);
    kmod->config_iter_free_iter(entries);
    return found;
}
