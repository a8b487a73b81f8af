/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/stack.h"
#include "vfio/host.h"
#include "vfio/topology.h"

/* Is this host ready to give devices to guests? One row for each question, with what was seen and what to do.
 */

typedef enum { VV_READY_PASS, VV_READY_INFO, VV_READY_WARN, VV_READY_FAIL } VvReadyVerdict;

typedef struct {
    const char *id; /* static, stable: "iommu" */
    VvReadyVerdict verdict;
    char *evidence; /* what was seen, with the file it was seen in */
    char *remedy;   /* what to do on this distribution and boot loader; NULL: nothing */
    char *root;     /* what root would see besides; NULL: nothing more */
} VvReadyRow;

/* What the rows are made from. All borrowed; `topology` and `stack` never NULL. */
typedef struct {
    const VvSysfs *sysfs;
    VvHost *host; /* NULL: no PCI bus to read */
    const VvTopology *topology;
    const VvBootStack *stack;
    gboolean is_root;
} VvReadyHost;

void vv_ready_row_free(VvReadyRow *row);

/* "pass", "info", "warn", "fail". */
const char *vv_ready_verdict_name(VvReadyVerdict verdict);

/* Appends a row, and returns it so that remedy and root can be filled in. `format` makes the evidence. */
VvReadyRow *vv_ready_add(GPtrArray *rows, const char *id, VvReadyVerdict verdict, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Every row about the host, in the order of the table in docs/virt-vfio.1: VvReadyRow, owned by the caller.
 * What needs libvirt or a domain is added by the verb. */
GPtrArray *vv_ready_check(const VvReadyHost *ready);

/* Wrong advice found in this host's configuration (vfio/ready/advice*.c): id "advice", one row each, with
 * file, line and correction; and id "cmdline" where arguments are written down but not running, or were
 * written where this boot loader does not look. */
void vv_ready_advice(const VvReadyHost *ready, GPtrArray *rows);
