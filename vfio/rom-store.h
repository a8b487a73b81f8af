/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/identity.h"
#include "vfio/rom-read.h"

/* A folder of backups: DIR/CARD/manifest.json and DIR/CARD/DATE.rom, with earlier versions kept. The manifest
 * itself is read and written by launcher/rom-manifest.h; here is what follows from it. */

/* Where backups are kept when nobody says otherwise. Root's alone. */
#define VV_ROM_STORE "/var/lib/virt-vfio/roms"
/* libvirt labels and opens no ROM file for QEMU, so it must lie where QEMU may read anyway: AppArmor's
 * abstractions/libvirt-qemu has /usr/share/vgabios/, and SELinux lets QEMU read all of /usr/share. */
#ifndef VV_ROM_PUBLISHED
#define VV_ROM_PUBLISHED "/usr/share/vgabios/virt-vfio"
#endif

/* One ROM of a card, as it was read on one day and perhaps again later. */
typedef struct {
    char *file;      /* in the card's folder: no '/' in it */
    char *date;      /* "2026-11-21T03:21:08Z" when it was first read */
    char *last_seen; /* and when it was last found to be the same */
    VvRomSource source;
    gsize size;
    char *sha256;  /* 64 lower-case hexadecimal digits */
    char *verdict; /* as vv_rom_verdict_name() */
    gboolean efi;  /* has an image that OVMF runs */
} VvRomVersion;

typedef struct {
    char *folder;         /* in the store: no '/' in it */
    char *name;           /* for people */
    VvIdentity *identity; /* of the card when it was first read */
    GPtrArray *versions;  /* VvRomVersion, oldest first */
} VvRomCard;

VvRomCard *vv_rom_card_new(VvHost *host, VvDevice *device);
void vv_rom_card_free(VvRomCard *card);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvRomCard, vv_rom_card_free)
void vv_rom_version_free(VvRomVersion *version);

/* "10de-1b80_1458-3702_dsn-00-1b-21-ff-ff-6a-2c-10.0": ids, then the best mark that any driver leaves
 * readable, the DSN first; without one the address. Letters, digits, '-', '_' and '.' only. New string. */
char *vv_rom_card_folder(const VvIdentity *identity);

/* The card in `cards` (VvRomCard *) that this is: all ids equal, and of DSN, serial number and MAC the first
 * that both have; where they have none in common, the same address. NULL: none. */
VvRomCard *vv_rom_card_find(const GPtrArray *cards, const VvIdentity *identity);

/* The newest version from a source that compares with `source`; NULL: none. */
VvRomVersion *vv_rom_card_newest(const VvRomCard *card, VvRomSource source);

/* Adds what was read now. The newest version is only seen again if it has the same bytes; else a new file is
 * written into the card's folder, which is made. `ret_changed`: there was another from there before. */
gboolean vv_rom_card_add(const char *store, VvRomCard *card, GBytes *bytes, VvRomSource source,
                         const VvDevice *device, gboolean *ret_new, gboolean *ret_changed, GError **error);

/* The bytes of a version: VV_ERROR_FAILED when they are not those that the manifest says. */
GBytes *vv_rom_version_load(const char *store, const VvRomCard *card, const VvRomVersion *version,
                            GError **error);

/* The newest version that is whole and good for `device`, the card itself before a copy; NULL: none.
 * *ret_bytes gets its bytes. *ret_trouble (may stay NULL) says what was wrong with those passed over. */
const VvRomVersion *vv_rom_card_best(const char *store, const VvRomCard *card, const VvDevice *device,
                                     GBytes **ret_bytes, char **ret_trouble);

/* Where a card's ROM lies for QEMU: VV_ROM_PUBLISHED/CARD.rom, always under the same name, so that a domain
 * need not be defined anew with each ROM. New string. */
char *vv_rom_published_path(const VvRomCard *card);
gboolean vv_rom_is_published(const char *path);

/* Puts it there for QEMU to read, mode 0644, unless it is there already. */
gboolean vv_rom_publish(const char *path, GBytes *bytes, GError **error);

/* Do `path` and every folder above it belong to root (or, in a test, to who runs it), with nobody else
 * allowed to write there, and no link among them? What does not exist is not looked at. VV_ERROR_REFUSED
 * names the first that does not. For what a guest's firmware is going to run. */
gboolean vv_rom_trusted(const char *path, GError **error);
