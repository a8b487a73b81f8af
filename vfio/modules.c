/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"

#include "vfio/error.h"

#include <libkmod.h>
#include <string.h>

typedef struct kmod_ctx KmodContext;
typedef struct kmod_list KmodList;

static void context_free(KmodContext *context)
{
    if (context)
        kmod_unref(context);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KmodContext, context_free)

static gboolean is_registered(const VvSysfs *sysfs, const char *driver)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/drivers/%s", driver);

    return vv_sysfs_exists(sysfs, path);
}

static int for_each_module(KmodContext *context, const char *name, int (*visit)(struct kmod_module *))
{
    KmodList *modules = NULL, *item;
    int result = kmod_module_new_from_lookup(context, name, &modules);

    if (result == 0 && !modules)
        result = -ENOENT;
    kmod_list_foreach(item, modules)
    {
        struct kmod_module *module = kmod_module_get_module(item);
        if (visit && result == 0)
            result = visit(module);
        kmod_module_unref(module);
    }
    kmod_module_unref_list(modules);
    return result;
}

static int insert(struct kmod_module *module)
{
    return kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL, NULL, NULL,
                                           NULL);
}

/* libkmod would print what went wrong by itself, in its own words. */
static KmodContext *new_context(void)
{
    KmodContext *context = kmod_new(NULL, NULL);

    if (context)
        kmod_set_log_priority(context, 0);
    return context;
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
        g_autoptr(KmodContext) context = new_context();
        answer = context && for_each_module(context, driver, NULL) == 0;
        g_strlcpy(asked, driver, sizeof asked);
    }
    return answer;
}

gboolean vv_module_load_driver(const VvSysfs *sysfs, const char *driver, const char *modalias, GError **error)
{
    if (is_registered(sysfs, driver))
        return TRUE;

    int result = -ENOENT;
    if (vv_sysfs_is_live(sysfs)) {
        g_autoptr(KmodContext) context = new_context();
        if (context)
            result = for_each_module(context, driver, insert);
        if (result && context && modalias)
            result = for_each_module(context, modalias, insert);
    }
    if (result == 0 && is_registered(sysfs, driver))
        return TRUE;
    g_set_error(
        error, VV_ERROR, VV_ERROR_NOT_READY,
        "cannot load the driver %s: %s; look at the kernel log, at lines about it in /etc/modprobe.d, and "
        "whether this kernel has the module",
        driver, result ? g_strerror(-result) : "it does not register itself");
    return FALSE;
}
