/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"
#include "vfio/reason.h"

/* By what a function is known again when addresses have changed: after a card was added, moved to another
 * slot, or plugged in again, the firmware and the kernel number the buses anew. The ids tell kinds of devices
 * apart; only serial number, MAC and DSN tell twins apart, and not every device has one.
 *
 * A VF has none of these three of its own: its MAC is whatever its PF was told. It has those of its PF here.
 */
typedef struct {
    VvAddress address;
    guint16 vendor, device, subsystem_vendor, subsystem_device;
    guint32 class_code; /* 24 bits */
    char *serial;       /* of an NVMe controller; known while the nvme driver has it. NULL: unknown */
    char *mac;          /* permanent, lower case; known while a network driver has it. NULL: unknown */
    guint64 dsn;        /* Device Serial Number, the same in all functions of a card. 0: none or unknown */
} VvIdentity;

/* Reads what can be known of it now, without waking it up. A function on a VFIO driver shows no serial number
 * and no MAC. The DSN (PCI Express Base Specification 5.0, 7.9.3) is in extended configuration space, which
 * the kernel shows to root only (pci_read_config in drivers/pci/pci-sysfs.c). Never NULL; what cannot be read
 * is unknown. */
VvIdentity *vv_identity_read(const VvHost *host, VvDevice *device);
void vv_identity_free(VvIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvIdentity, vv_identity_free)

/* The MAC that a network interface came with, whatever it has now; lower case. May ask the kernel, for up to
 * two seconds. New string; NULL: it has none of six bytes, or it is unknown. */
char *vv_interface_permanent_mac(const VvSysfs *sysfs, const char *interface);

/* Is it text that could stand in a VvIdentity? For what comes from outside: 1 to 64 printable ASCII
 * characters without a blank at either end; six pairs of lower-case hexadecimal digits, not all zero. */
gboolean vv_identity_serial_valid(const char *text);
gboolean vv_identity_mac_valid(const char *text);

/* "00-1b-21-ff-ff-6a-2c-10", as lspci writes it: new string. */
char *vv_identity_dsn_text(guint64 dsn);

/* The best that tells it from its twins: "serial S4EWNX0", "MAC 52:54:00:12:34:56", "DSN 00-1b-…". New
 * string; NULL when nothing does. */
char *vv_identity_mark(const VvIdentity *identity);

/* Fills in what is unknown now and was known earlier, if the ids are equal. For a function that
 * vv_identity_check() has nothing to say against. */
void vv_identity_complete(VvIdentity *identity, const VvIdentity *earlier);

/* Is the function at expected->address still the one that is expected? NULL when it is, or when nothing shows
 * that it is not; else the reason identity-changed, to be freed, which says what was there, what is there
 * now, and where the expected one is now.
 *
 * All ids must be equal. Of serial number, MAC and DSN the first that both sides have decides. When they have
 * none in common (the function is on a VFIO driver) it counts as the expected one, unless that is seen
 * elsewhere. Where nothing is at the address at all there is a reason only if the function is seen elsewhere.
 *
 * `all` (VvIdentity *, may be NULL) are the identities that belong together, of one domain: what stands at
 * the address of one of them is not taken for another merely because the ids fit. */
VvReason *vv_identity_check(const VvHost *host, const VvIdentity *expected, const GPtrArray *all);
