/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/kmod-api.h"

#include <dlfcn.h>
#include <glib.h>

static gboolean load(VvKmod *kmod)
{
    void *library = dlopen("libkmod.so.2", RTLD_LAZY | RTLD_LOCAL);

    if (!library)
        return FALSE;
#define LOAD(name)                                                                                           \
    kmod->name = (__typeof__(kmod_##name) *)dlsym(library, "kmod_" #name);                                   \
    if (!kmod->name) {                                                                                       \
        dlclose(library);                                                                                    \
        return FALSE;                                                                                        \
    }
    VV_KMOD_FUNCTIONS(LOAD)
#undef LOAD
    return TRUE;
}

const VvKmod *vv_kmod(void)
{
    static VvKmod table;
    static gboolean asked, loaded;

    if (!asked)
        loaded = load(&table);
    asked = TRUE;
    return loaded ? &table : NULL;
}
