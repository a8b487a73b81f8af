/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Where a PCI function sits: "0000:01:00.0" as sysfs and lspci -D write it. The segment ("domain") can need
 * more than 16 bits: Intel VMD starts at 10000 (drivers/pci/controller/vmd.c). */
typedef struct {
    guint32 segment;
    guint8 bus;
    guint8 slot;     /* 0-31 */
    guint8 function; /* 0-7 */
} VvAddress;

/* Room for the longest text form, "ffffffff:ff:1f.7", and its NUL. */
#define VV_ADDRESS_TEXT 20

/* What a user names: one function, or every function of a slot ("01:00"). */
typedef struct {
    VvAddress address;
    gboolean whole_slot;
} VvSelector;

/* Accepts "0000:01:00.0" and "01:00.0". Sets *ret only on success; VV_ERROR_USAGE otherwise. */
gboolean vv_address_parse(const char *text, VvAddress *ret, GError **error);

/* Accepts functions and slots, joined by ';' as in a Proxmox configuration ("01:00;02:00.1"), and appends
 * them to `selectors` (an array of VvSelector). VV_ERROR_USAGE on a word that is no address. */
gboolean vv_selector_parse(const char *text, GArray *selectors, GError **error);

/* Writes the full form into `text` and returns it. */
const char *vv_address_format(VvAddress address, char text[static VV_ADDRESS_TEXT]);

/* The same as a new string, owned by the caller. */
char *vv_address_dup(VvAddress address);

/* A number that sorts and compares as the address does. */
guint64 vv_address_key(VvAddress address);

gboolean vv_address_equal(VvAddress a, VvAddress b);
gboolean vv_address_same_slot(VvAddress a, VvAddress b);
