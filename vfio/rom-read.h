/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"
#include "vfio/journal.h"
#include "vfio/reason.h"
#include "vfio/rom.h"

/* Where the bytes came from. */
typedef enum {
    VV_ROM_SOURCE_SYSFS,
    VV_ROM_SOURCE_SHADOW, /* a copy in RAM that the firmware made and may have changed */
    VV_ROM_SOURCE_VFIO,
    VV_ROM_SOURCE_ACPI,    /* AMD's table VFCT: what the firmware hands to the driver */
    VV_ROM_SOURCE_DEBUGFS, /* what amdgpu or nouveau keeps for itself */
} VvRomSource;

/* "sysfs", "shadow", "vfio", "acpi", "debugfs": for scripts, and for people. Static. */
const char *vv_rom_source_word(VvRomSource source);
const char *vv_rom_source_name(VvRomSource source);
/* What to think of bytes from there: a sentence without full stop; NULL: nothing special. Static. */
const char *vv_rom_source_meaning(VvRomSource source);
/* FALSE for a word that is none. */
gboolean vv_rom_source_parse(const char *word, VvRomSource *ret);
/* Are bytes of these two sources the same for the same ROM? VFIO and sysfs both read the card itself. */
gboolean vv_rom_source_comparable(VvRomSource a, VvRomSource b);

typedef struct {
    const char *source;       /* "vfio", "sysfs", "acpi", "debugfs"; NULL or "auto": the best that is safe */
    const char *const *allow; /* as in VvPlanOptions: what the host uses the card for may be disturbed */
} VvRomReadOptions;

/* Reads the ROM of `device` twice and compares. Sources, in the order of "auto":
 *
 * vfio     on a VFIO driver: the ROM region; the kernel powers the card up, and resets it on open
 * sysfs    without a driver: power and memory decoding are switched on and put back. With a host driver only
 *          `rom` is, and only when the host makes no use of the card: a card may decode its ROM with the same
 *          circuit as its registers (PCI Local Bus Specification 3.0, 6.2.5.2)
 * acpi     AMD's VFCT, debugfs: the driver's own copy. Both touch no card, so they are always allowed
 * sysfs    once more, for the boot display's shadow in RAM, which touches no card either
 *
 * What sysfs switches on is written down first, so that vv_rom_recover() can put it back after a kill; the
 * group's lock is held meanwhile. The address that the kernel gives to the ROM BAR stays there, switched off.
 *
 * VV_ERROR_NOT_READY where a source has nothing to read, VV_ERROR_REFUSED where a guest or the host is using
 * the card, VV_ERROR_FAILED for what the kernel said. Needs root. The bytes are owned by the caller. */
GBytes *vv_rom_read(const VvHost *host, VvJournal *journal, VvDevice *device, const VvRomReadOptions *options,
                    VvRomSource *ret_source, GError **error);

/* The uses of `device` (VvReason *, those that `allow` lifts left out) during which its ROM must not be
 * switched on; empty: none. Owned by the caller. */
GPtrArray *vv_rom_uses(const VvHost *host, VvDevice *device, const char *const *allow);

/* The best that could be read of a card's ROM now, if nobody used the card. */
typedef enum {
    VV_ROM_OUTLOOK_NONE,
    VV_ROM_OUTLOOK_CARD,   /* the ROM itself */
    VV_ROM_OUTLOOK_COPY,   /* what its firmware or its driver keeps */
    VV_ROM_OUTLOOK_SHADOW, /* what the host's firmware left of it in RAM */
} VvRomOutlook;

VvRomOutlook vv_rom_outlook(const VvHost *host, VvDevice *device);

/* Puts back what a reader that was killed had switched on. `ret_done` (VvAddress, may be NULL) gets those
 * that are as they were before. What cannot be put back now (a driver has the card, another program is
 * working on its group) stays written down. An error names the first card that does not take it. */
gboolean vv_rom_recover(const VvHost *host, VvJournal *journal, GArray *ret_done, GError **error);

/* The cards (VvAddress) that such a reader left; empty: none. */
GArray *vv_rom_left_behind(const VvJournal *journal);
