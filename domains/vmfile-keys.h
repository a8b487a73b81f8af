/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/ini.h"
#include "domains/values.h"
#include "domains/vmfile-check.h"

/* A key of a section: docs/virt-vfio-vm.5 follows these tables, and so do the reader and the writer. */
typedef struct {
    const char *name; /* NULL: the end of the table */
    gsize offset;     /* of the field in the section's structure */
    const VvValue *value;
    const char *missing; /* what to say where the key is required; NULL: it is not */
} VvVmKey;

typedef struct {
    const char *type;
    const VvVmKey *keys;
    gsize offset;                                /* in VvVm: of the structure, or of the GPtrArray of them */
    gpointer (*add)(VvVm *vm, const char *name); /* NULL: there is one, and it has no NAME */
    /* Sets the defaults in `object` that follow from other keys, those of `model`, where `given` (may be
     * NULL) does not say otherwise; or NULL */
    VvVmComplete *complete;
    VvVmCheck *check; /* or NULL */
} VvVmSection;

/* Ends with a `type` of NULL; [vm] is the first. */
extern const VvVmSection vv_vm_sections[];

/* The structure of a section. `index` counts those of its type, 0 where there is one; NULL behind the last.
 */
gpointer vv_vm_section_object(const VvVm *vm, const VvVmSection *section, guint index);
