/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"
#include "vfio/boot/stack.h"

/* A machine that boots as one of the recorded ones in tests/hosts/boot does. */
typedef struct {
    const char *name;   /* of the folder in tests/hosts/boot */
    const char *loader; /* EFI variables: LoaderInfo, StubInfo, LoaderEntrySelected; NULL: not there */
    const char *stub, *selected;
    VvBootKind kind; /* what it is to be found as */
    VvInitramfsKind initramfs;
    const char *evidence; /* a part of it */
} BootHost;

extern const BootHost boot_hosts[];
extern const guint boot_hosts_n;

/* Puts the recorded files and the EFI variables below the fake's root. */
void boot_host_put(FakeHost *fake, const BootHost *host);
const BootHost *boot_host(const char *name);
/* An EFI variable of systemd's vendor id with its 4 bytes of attributes. */
void boot_host_put_variable(FakeHost *fake, const char *name, const char *text);
