/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* Where the real devices of a VM lie in its guest: each card behind a root port of its own, as PCI Express
 * hardware has it. A guest's bus N is behind the root port whose <controller> has the index N; bus 0 is the
 * root complex. Guest addresses that the VM file gives are kept; the other cards take the lowest buses that
 * are left, in the file's order, and after them the VFs that are network interfaces. */
typedef struct VvGuestLayout VvGuestLayout;

/* Of a resolved VM, which has to outlive it. Never NULL. */
VvGuestLayout *vv_guest_layout_new(const VvVm *vm);
void vv_guest_layout_free(VvGuestLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvGuestLayout, vv_guest_layout_free)

/* The root ports that the cards and VFs need: buses 1 to this number. */
guint vv_guest_layout_ports(const VvGuestLayout *layout);

/* The guest address of function number `index` of a card, or of a VF that is an interface. */
VvAddress vv_guest_layout_function(const VvGuestLayout *layout, const VvVmDevice *card, guint index);
VvAddress vv_guest_layout_vf(const VvGuestLayout *layout, const VvVmNetwork *network);

/* What the file says of a card as a whole (ROM, x-vga, boot, ids) is for this one of its functions. */
gboolean vv_guest_layout_is_first(const VvVmDevice *card, guint index);
