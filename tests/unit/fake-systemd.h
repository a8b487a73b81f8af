/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A message bus of its own (dbus-daemon) with a service manager on it, both in a folder of the test's, which
 * does with units what systemd does: it queues jobs, ends the processes of what it stops, and tells when a
 * job is over. DBUS_SYSTEM_BUS_ADDRESS leads there while it is open. */
typedef struct FakeSystemd FakeSystemd;

/* `root` has the fake machine's proc. NULL: there is no dbus-daemon here, so the test is to be skipped. */
FakeSystemd *fake_systemd_new(const char *root);
void fake_systemd_free(FakeSystemd *fake);

/* The bus ends, and with it the manager. */
void fake_systemd_kill(FakeSystemd *fake);

typedef enum {
    FAKE_UNIT_STAYS,    /* a stop of it never ends */
    FAKE_UNIT_FAILS,    /* a start of it fails */
    FAKE_UNIT_ENDING,   /* a start of it is refused, because the host goes down */
    FAKE_UNIT_IMMORTAL, /* it stops, and its processes go on */
} FakeUnitFault;

/* A unit that runs, and one process of it (0: none), which ends `late_ms` after the unit has stopped. */
void fake_systemd_add(FakeSystemd *fake, const char *unit, int pid, guint late_ms);
void fake_systemd_inject(FakeSystemd *fake, const char *unit, FakeUnitFault fault, gboolean on);

/* What it was asked since it was asked last: "stop a.service; start a.service; ". New string. */
char *fake_systemd_log(FakeSystemd *fake);
