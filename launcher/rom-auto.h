/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "launcher/command.h"
#include "vfio/rom-store.h"

/* `rom = auto` of a graphics card: the newest good backup, or one that is made before the guest starts. Where
 * there is none, QEMU reads the card's ROM itself. */
typedef struct {
    VvDevice *device; /* owned by the host */
    VvRomCard *card;
    const VvRomVersion *version; /* of `card`; NULL: no backup is good */
    GBytes *bytes;               /* of `version` */
    char *trouble;               /* what is wrong with a newer backup; NULL: nothing */
} VvRomChoice;

/* --roms DIR; NULL: where backups are kept when nobody says otherwise. Not copied. */
void vv_rom_set_store(const char *store);
/* The folder as seen from here, with the context's sysroot: new string. */
char *vv_rom_store(const VvContext *context);

/* NULL with an error when the backups cannot be read, or others than root may write there. */
VvRomChoice *vv_rom_choose(VvContext *context, VvDevice *device, GError **error);
void vv_rom_choice_free(VvRomChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvRomChoice, vv_rom_choice_free)

/* Is the ROM of this hostdev ours to choose? The card must be a display, and our metadata say so. */
gboolean vv_rom_is_ours(const VvDomainDevice *device, const VvDevice *function);

/* Before the devices are taken: makes the missing backups, where the host's use of the cards lets that be,
 * puts each ROM where QEMU can read it, and the paths into the domain. FALSE when libvirt does not take it.
 */
gboolean vv_rom_prepare(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error);

/* When they are taken: what could not be read before can be now, through VFIO. What still goes wrong is told,
 * but QEMU can read the card itself, so it is no failure. */
void vv_rom_prepare_late(VvContext *context, const VvDomain *domain, VvPlan *plan);
