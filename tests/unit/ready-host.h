/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"
#include "vfio/ready/ready.h"

/* A host that is ready in every way, of which a test takes something away. */
typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvTopology *topology;
    VvBootStack stack; /* of Debian's GRUB, unless the test says another */
    gboolean is_root;
    GPtrArray *rows;
} ReadyHost;

/* tests/hosts/intel-desktop.host with all that is looked at besides PCI. */
void ready_host_up(ReadyHost *f);
/* The same with AMD's. */
void ready_host_up_amd(ReadyHost *f);
/* A folder with nothing in it. */
void ready_host_up_bare(ReadyHost *f);
void ready_host_put(ReadyHost *f, const char *path, const char *text);
/* Removes a file or a whole folder. */
void ready_host_take(ReadyHost *f, const char *path);
/* Scans and checks anew. */
void ready_host_check(ReadyHost *f);
/* Checks, and expects each text (NULL: none) in the first row of that id. */
void ready_host_expect(ReadyHost *f, const char *id, VvReadyVerdict verdict, const char *evidence,
                       const char *remedy);
void ready_host_down(ReadyHost *f);
