/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* A VM that vv_vm_parse() could have read from a file, the same for the same seed: any of the keys, with
 * names, paths and text as hostile as a VM file can hold them, and as long as 10,000 characters now and then.
 * Its path is "x.ini". `whole_slots`: host = may name slots, which vv_vm_resolve() needs a host for; else it
 * resolves without one. Never NULL; for vv_vm_free(). */
VvVm *random_vm(guint32 seed, gboolean whole_slots);

/* UTF-8 without control characters, with what XML, INI, JSON, QEMU and a shell would act on. From 1 to about
 * `length` bytes, never more. New string. */
char *random_text(GRand *random, gsize length);

/* For random-vm-parts.c: one in `n`; one of a NULL-terminated list. */
gboolean random_one_in(GRand *random, guint n);
const char *random_word(GRand *random, const char *const *words);
char *random_path(GRand *random, const char *without, const char *ending);
gboolean random_flag(GRand *random);

void random_devices(VvVm *vm, GRand *random, gboolean whole_slots);
void random_others(VvVm *vm, GRand *random);
