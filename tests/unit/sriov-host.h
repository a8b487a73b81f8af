/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"

/* A NIC with three VFs and one without any, a drive with two, and a card that can have none. */
#define SRIOV_MACHINE                                                                                        \
    "drivers vfio-pci\n"                                                                                     \
    "0000:06:00.0 class=020000 id=8086:10c9 driver=igb group=6 sriov=7/3\n"                                  \
    "0000:06:10.0 class=020000 id=8086:10ca group=10 physfn=0000:06:00.0\n"                                  \
    "0000:06:10.2 class=020000 id=8086:10ca group=12 physfn=0000:06:00.0\n"                                  \
    "0000:06:10.4 class=020000 id=8086:10ca group=14 physfn=0000:06:00.0\n"                                  \
    "0000:07:00.0 class=020000 id=8086:10c9 driver=igb group=7 sriov=7/0\n"                                  \
    "0000:08:00.0 class=010802 id=1b36:0010 driver=nvme group=8 sriov=4/2\n"                                 \
    "0000:08:00.1 class=010802 id=1b36:0010 group=81 physfn=0000:08:00.0\n"                                  \
    "0000:08:00.2 class=010802 id=1b36:0010 group=82 physfn=0000:08:00.0\n"                                  \
    "0000:09:00.0 class=020000 id=8086:100e driver=e1000 group=9\n"

#define PF "0000:06:00.0"
#define VF0 "0000:06:10.0"
#define VF1 "0000:06:10.2"
#define VF2 "0000:06:10.4"
#define UUID_A "5c1b0d7e-0000-4000-8000-00000000000a"
#define UUID_B "5c1b0d7e-0000-4000-8000-00000000000b"

/* The PF's interface, enp6s0, is up. */
static inline void sriov_add_interface(FakeHost *fake, const char *flags)
{
    g_autofree char *below = g_build_filename(fake_host_root(fake), "sys/class/net/enp6s0/device", NULL);

    fake_host_put(fake, "sys/bus/pci/devices/" PF "/net/enp6s0/ifindex", "6\n");
    fake_host_put(fake, "sys/class/net/enp6s0/flags", flags);
    if (!g_file_test(below, G_FILE_TEST_IS_SYMLINK))
        g_assert(symlink("../../../bus/pci/devices/" PF, below) == 0);
}

static inline FakeHost *sriov_host(void)
{
    FakeHost *fake = fake_host_new(SRIOV_MACHINE);

    sriov_add_interface(fake, "0x1003\n");
    return fake;
}

/* What `define` would make of a [network wan] or [device disk]; with a <vv:vf> or <vv:device> in front. */
#define SRIOV_DOMAIN(name, uuid, own, devices)                                                               \
    "<domain type='kvm'><name>" name "</name><uuid>" uuid "</uuid><metadata>"                                \
    "<vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>" own "</vv:domain></metadata>"                \
    "<devices>" devices "</devices></domain>"
#define SRIOV_INTERFACE(slot, function, more)                                                                \
    "<interface type='hostdev' managed='no'><mac address='52:54:00:00:00:0a'/><source>"                      \
    "<address type='pci' domain='0' bus='0x06' slot='" slot "' function='" function "'/></source>" more      \
    "</interface>"
