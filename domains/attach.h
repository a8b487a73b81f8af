/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "domains/vmfile.h"

/* Cards put into domains that exist, and taken out again: an edit of the XML that libvirt gives, which leaves
 * all else in it as it is, byte for byte. What attach put in, detach takes out without a trace. */

/* A card as the command line names it. */
typedef struct {
    VvVm *vm;            /* nothing but this card */
    VvVmDevice *card;    /* owned by vm */
    gboolean has_name;   /* else attach chooses one that is free in the domain */
    gboolean pcie;       /* pcie=1: only for machines with PCI Express */
    gboolean legacy_igd; /* at 00:02.0 of an i440fx machine */
} VvAttach;

/* "01:00,x-vga=1,romfile=card.rom": an address (or several, joined by ';') and Proxmox VE's options of
 * hostpciN, with their meaning: pcie x-vga rombar romfile legacy-igd vendor-id device-id sub-vendor-id
 * sub-device-id; and our own: name allow reset quarantine boot. A romfile without a '/' is in
 * /usr/share/kvm, as it is there. VV_ERROR_USAGE says what is wrong. */
VvAttach *vv_attach_parse(const char *word, GError **error);

/* Finds its functions on the host and what identifies them. */
gboolean vv_attach_resolve(VvAttach *attach, VvHost *host, GError **error);
void vv_attach_free(VvAttach *attach);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvAttach, vv_attach_free)

/* The domain's XML with the resolved card in it: new string. All its functions go into one guest slot: behind
 * a free root port, or a new one; on i440fx machines on a PCI bus.
 *
 * `live` (NULL: none) is the XML of the running guest, into which it is to go as well: then the slot is free
 * in both, and *ret_hostdev (may be NULL) is the device for virDomainAttachDeviceFlags(). VV_ERROR_REFUSED
 * says what cannot be, VV_ERROR_FAILED what is wrong with the XML. */
char *vv_attach_edit(VvAttach *attach, const char *xml, const char *live, char **ret_hostdev, GError **error);

/* The domain's XML without the functions that `what` names: a card of its metadata, a function or a slot of
 * the host. Their addresses are appended to `functions` (VvAddress). A root port that attach made goes as
 * well, unless something else is plugged in there now. */
char *vv_detach_edit(const char *xml, const char *what, GArray *functions, GError **error);

/* What libvirt calls the function in the running guest with this XML: new string. VV_ERROR_REFUSED where it
 * cannot be unplugged by itself. */
char *vv_detach_live_alias(const char *live, VvAddress host, GError **error);

typedef struct {
    gboolean one_slot; /* functions of one card go into one guest slot, where they do not share one */
} VvAdoptOptions;

/* The domain's XML with managed='no' at its PCI devices, and their identity in our metadata. Equal to `xml`
 * where nothing is to be adopted. Names of what could not be moved into one slot, and why, are appended to
 * `notes` (char *). */
char *vv_adopt_edit(const char *xml, VvHost *host, const VvAdoptOptions *options, GPtrArray *notes,
                    GError **error);

/* A hostdev of that function, as virDomainDetachDeviceFlags() finds it: new string. */
char *vv_attach_live_hostdev(VvAddress host);
