/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the messages of QEMU, libvirt and the kernel mean for somebody who wants a guest with real devices. */
typedef struct {
    const char *code;   /* stable, for scripts; the reasons' codes where they mean the same (vfio/reason.h) */
    const char *cause;  /* a sentence without full stop */
    const char *remedy; /* what to do */
} VvAdvice;

/* The advice for a whole error text, such as libvirt's with QEMU's words in it; the most telling part
 * decides. NULL when nothing in it is known. Static. Pure: looks at nothing but the text. */
const VvAdvice *vv_advice_for(const char *message);

/* The table's rows in their order, for the manual and for tests that want each of them met; NULL behind the
 * last. */
const VvAdvice *vv_advice_row(unsigned row);
