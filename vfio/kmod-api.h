/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libkmod.h>

/* Every function of libkmod that is called (vfio/modules.c), without "kmod_". libkmod.so is loaded when a
 * module is looked for, and not at program start: it brings libcrypto along, loading which is half of what
 * starting the program would cost, and where the drivers are registered nobody asks for a module. */
#define VV_KMOD_FUNCTIONS(F)                                                                                 \
    F(new)                                                                                                   \
    F(unref)                                                                                                 \
    F(set_log_priority)                                                                                      \
    F(list_next)                                                                                             \
    F(module_new_from_lookup)                                                                                \
    F(module_get_module)                                                                                     \
    F(module_unref)                                                                                          \
    F(module_unref_list)                                                                                     \
    F(module_probe_insert_module)                                                                            \
    F(config_get_blacklists)                                                                                 \
    F(config_iter_next)                                                                                      \
    F(config_iter_get_key)                                                                                   \
    F(config_iter_free_iter)

#define POINTER(name) __typeof__(kmod_##name) *name;
typedef struct {
    VV_KMOD_FUNCTIONS(POINTER)
} VvKmod;
#undef POINTER

/* NULL where libkmod is not installed, or is too old. */
const VvKmod *vv_kmod(void);
