/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domxml-asks.h"
#include "random-vm.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* What libvirt 9.0 has a word for, and this host a program. */
static inline void make_known(VvVm *vm)
{
    if (g_strcmp0(vm->sound.model, "virtio") == 0)
        *stpcpy(vm->sound.model, "ich9") = '\0';
    for (guint i = 0; i < vm->shares->len; i++)
        ((VvVmShare *)vm->shares->pdata[i])->readonly = FALSE;
}

/* An example with its whole slots made of two functions: no host is asked here. */
static inline VvVm *example(const char *path)
{
    GError *error = NULL;
    VvVm *vm = vv_vm_load(path, NULL, &error);

    if (!vm)
        fail_msg("%s", error->message);
    for (guint i = 0; i < vm->devices->len; i++) {
        GArray *selectors = ((VvVmDevice *)vm->devices->pdata[i])->selectors;
        VvSelector second = g_array_index(selectors, VvSelector, 0);

        if (!second.whole_slot)
            continue;
        g_array_index(selectors, VvSelector, 0).whole_slot = FALSE;
        second.whole_slot = FALSE;
        second.address.function = 1;
        g_array_append_val(selectors, second);
    }
    for (guint i = 0; i < vm->usbs->len; i++)
        ((VvVmUsb *)vm->usbs->pdata[i])->device = 2;
    if (!vv_vm_resolve(vm, NULL, &error))
        fail_msg("%s", error->message);
    return vm;
}

/* All examples (VvVm *); the caller frees them. */
static inline GPtrArray *examples(void)
{
    g_autofree char *folder = g_build_filename(g_getenv("SOURCE_ROOT"), "examples", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)vv_vm_free);
    const char *name;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_suffix(name, ".ini"))
            g_ptr_array_add(all, example(path));
    }
    return all;
}

/* Graphics cards where the example means some. */
static inline void identify_all(VvVm *vm, guint32 class_code)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++)
            if (!g_array_index(card->functions, VvVmFunction, f).identity)
                identify(vm, i, f, f ? 0x040300 : class_code);
    }
}

static inline VvVm *random_known_vm(guint32 seed)
{
    static const guint32 classes[] = {0x030000, 0x010802, 0x0c0330, 0x020000};
    VvVm *vm = random_vm(seed, FALSE);

    assert_true(vv_vm_resolve(vm, NULL, NULL));
    for (guint i = 0; i < vm->usbs->len; i++)
        ((VvVmUsb *)vm->usbs->pdata[i])->device = 1 + i;
    identify_all(vm, classes[seed % G_N_ELEMENTS(classes)]);
    make_known(vm);
    return vm;
}

static inline const char *libvirt_says(void)
{
    const virError *error = virGetLastError();

    return error && error->message ? error->message : "nothing";
}

static inline void say_nothing(void *data, virErrorPtr error)
{
}
