/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

#include <sys/types.h>

/* A PCI tree in a temporary folder that reacts to writes as the kernel does, with room for faults. Nothing
 * outside of that folder is touched. Writes come from forked children, so what is counted lives in shared
 * memory, and a rule that is broken there is noted and asserted in the test (fake_host_violation), never in
 * the child.
 *
 * A machine is text, one line for each function, as in tests/hosts/NAME.host:
 *
 *   drivers vfio-pci nvme              registered drivers besides those that hold something
 *   0000:01:00.0 class=030000 id=10de:1e84 sub=1043:8728 driver=nouveau group=1 …
 *
 *   driver=X native=Y   bound to X; Y is whose id table fits (X when not given and X is no vfio driver or
 *                       stub)
 *   group=N             group=noiommu:N as vfio's no-IOMMU mode makes it
 *   behind=ADDRESS      of the bridge above, or of the VMD; not given: on a root bus of its bus number
 *   reset=flr,bus       reset=old: from before 5.15
 *   header=N            PCI header type in `config`; by class when not given; header=none: no config
 *   override=X numa=N rom bootvga=0|1 sriov=TOTAL/NOW physfn=ADDRESS
 *   slot=N              in the slot N, which has a power switch
 *   link=8.0x4/16.0x16  speed in GT/s and lanes, now and at most
 *   label=TEXT          the firmware's name for it
 *   subordinate         a bridge that can reset what is behind it
 *   fails=M,M kills=M   methods that the kernel then refuses, or from which it does not come back
 *   power=auto|on       power/control, which VFIO sets as the kernel does
 *   d3cold=0|1          d3cold_allowed
 *   console             the text console (vtcon1) is on its frame buffer (fb0)
 *   busmaster=WHEN      drivers: host drivers switch it on, VFIO leaves it; stuck: nothing switches it off
 */
typedef struct FakeHost FakeHost;

FakeHost *fake_host_new(const char *machine);
/* tests/hosts/NAME.host below $SOURCE_ROOT. */
FakeHost *fake_host_load(const char *name);
void fake_host_free(FakeHost *fake);

const char *fake_host_root(const FakeHost *fake);
/* Owned by the fake; writes go to the fake kernel. */
VvSysfs *fake_host_sysfs(FakeHost *fake);
/* Never NULL; owned by the caller. */
VvHost *fake_host_scan(FakeHost *fake);

/* More lines. */
void fake_host_add(FakeHost *fake, const char *machine);
void fake_host_unplug(FakeHost *fake, const char *address);
/* As if somebody else had written sriov_numvfs: of the functions with physfn=PF the first so many are there.
 */
void fake_host_set_vfs(FakeHost *fake, const char *pf, guint count);
/* As if somebody else had done it. driver NULL: none. */
void fake_host_bind(FakeHost *fake, const char *address, const char *driver);
/* Unloads a driver that holds nothing. */
void fake_host_unregister(FakeHost *fake, const char *driver);
/* vv_group_in_use() is replaced for these tests, because nothing but VFIO makes open(2) say EBUSY. */
void fake_host_hold_group(FakeHost *fake, int group, gboolean held);

/* Puts a file below the root, creating its folder. */
void fake_host_put(FakeHost *fake, const char *path, const char *text);

/* "nouveau", or NULL; "(none)" for no override. Owned by the caller. */
char *fake_host_driver(const FakeHost *fake, const char *address);
char *fake_host_override(const FakeHost *fake, const char *address);

/* Every file, link and folder below `path` with its content, for comparing. */
char *fake_host_snapshot(const FakeHost *fake, const char *path);

typedef enum {
    FAKE_FAIL,        /* answers `error` and does nothing */
    FAKE_FAIL_AFTER,  /* does it and then answers `error` */
    FAKE_HANG,        /* sleeps for a minute, can be killed */
    FAKE_DIE,         /* the worker dies */
    FAKE_KILL_BEFORE, /* the program is killed, and its worker goes with it */
    FAKE_KILL_AFTER,
    FAKE_UNPLUG,     /* the device vanishes at this moment */
    FAKE_NO_JOURNAL, /* does it; from now on this function's journal entry cannot be written */
} FakeAction;

typedef struct {
    FakeAction action;
    int error;
    guint at;            /* at the N-th write from now (1 is the next one), or… */
    const char *suffix;  /* …at each write to a path that ends so (NULL: any)… */
    const char *address; /* …about this function (NULL: any)… */
    guint times;         /* …this often (0: always) */
} FakeFault;

/* Adds a fault (three at most) and starts counting writes anew; NULL removes all. */
void fake_host_inject(FakeHost *fake, const FakeFault *fault);
/* The first writes wait until so many run side by side, or for so long; then all go on. */
void fake_host_gather(FakeHost *fake, int count, guint ms);

/* From here on each write needs a journal entry that says what was before. */
void fake_host_require_journal(FakeHost *fake, guint entries_at_first_write);

guint fake_host_writes(const FakeHost *fake);
/* "PATH TEXT" of the n-th write since counting began (0 is the first). */
const char *fake_host_write(const FakeHost *fake, guint n);
/* The most writes that ever ran side by side. */
int fake_host_most_parallel(const FakeHost *fake);
/* The worker that hangs, 0: none did. */
pid_t fake_host_hanging(const FakeHost *fake);
/* From now on its configuration space reads as ones; with `until_reset` a write to `reset` mends that. */
void fake_host_kill_device(FakeHost *fake, const char *address, gboolean until_reset);

/* What vv_reset_hot() returns without resetting anything; 0: it works. */
extern int fake_hot_error;

/* A driver makes no more VFs than these, and does not say so; 0: as many as it is told. */
extern guint fake_sriov_most;

/* NULL, or what rule was broken in a child. */
const char *fake_host_violation(const FakeHost *fake);

/* SIGKILL does nothing while this is set: a worker in state D. */
extern gboolean fake_unkillable;
/* What ends with _exit() takes so long for it. */
extern guint fake_exit_ms;
/* The N-th fsync() from now answers EIO (1 is the next one; 0: none). */
extern guint fake_fsync_fails_at;
/* kill(2) as it is. */
int fake_real_kill(pid_t pid, int signal);
