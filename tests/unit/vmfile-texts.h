/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

#include "domains/vmfile.h"

#define VM "[vm]\nname = a\nmemory = 1G\n"
#define GPU "[device gpu]\nhost = 01:00.0\n"

static inline VvVm *parse(const char *text, const char *const *settings, GError **error)
{
    return vv_vm_parse("x.ini", text, strlen(text), settings, error);
}

static inline VvVm *good(const char *text)
{
    GError *error = NULL;
    VvVm *vm = parse(text, NULL, &error);

    assert_fine(error);
    assert_non_null(vm);
    return vm;
}

static inline const VvVmDevice *card(const VvVm *vm, guint index)
{
    assert_true(index < vm->devices->len);
    return vm->devices->pdata[index];
}
