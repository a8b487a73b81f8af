/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* PCI expansion ROMs (VBIOS): bytes in, facts out. PCI Firmware Specification 3.x, chapter 5, and UEFI
 * specification, "PCI Option ROMs". No input may crash, hang, or read outside of `data`. */
typedef enum {
    VV_ROM_PROGRAM_UNKNOWN, /* no EFI image, or a compressed one */
    VV_ROM_PROGRAM_NONE,    /* none that firmware could load: see "efi-program" */
    VV_ROM_PROGRAM_DRIVER,
    VV_ROM_PROGRAM_GOP, /* a display's driver that knows the Graphics Output Protocol: an early picture */
} VvRomProgram;

typedef struct {
    gsize offset; /* in `data` */
    gsize length; /* bytes (never 0); reaches past `data` only in a "truncated" ROM */
    gboolean last;
    /* What the PCIR says, which is what firmware and Linux go by. `length` and `last` are NVIDIA's own where
     * its extension of the PCIR has others (has_npde). */
    gsize pcir_length;
    gboolean pcir_last;
    gboolean has_npde;
    gboolean nvidia_private; /* in a format of NVIDIA's own, which no firmware sees */
    gsize pcir;              /* behind `offset` */
    guint8 type;             /* 0 x86 legacy, 1 Open Firmware, 3 EFI, others by vendors */
    guint16 vendor, device;
    guint32 class_code;
    guint8 pcir_revision;
    guint16 rom_revision;             /* the vendor's count */
    guint first_device, device_count; /* in VvRom.devices: the list that came with PCIR revision 3 */
    gboolean has_checksum;            /* only legacy images have one */
    gboolean checksum_ok;
    guint16 efi_machine;   /* type 3: 0x8664 x64, 0xaa64, 0x0ebc, 0x014c */
    guint16 efi_subsystem; /* 0x0b boot driver, 0x0c runtime driver */
    gboolean efi_compressed;
    VvRomProgram efi_program;
    gboolean matches; /* made for the card that was given: its ids are in the PCIR or in the device list */
} VvRomImage;

typedef enum { VV_ROM_MATCH_UNKNOWN, VV_ROM_MATCH_YES, VV_ROM_MATCH_NO } VvRomMatch;

typedef enum { VV_ROM_GOOD, VV_ROM_REPAIRABLE, VV_ROM_BAD } VvRomVerdict;

typedef struct {
    const char *code;    /* static, one of the table below */
    VvRomVerdict weight; /* the verdict that it alone would give; VV_ROM_GOOD: a remark */
    char *detail;        /* a sentence without full stop, with the numbers */
} VvRomProblem;

/* The codes are a contract: scripts match on them.
 *
 * bad          empty all-ff all-00    nothing was read, or the card did not answer
 *              no-signature           no image anywhere
 *              no-pcir pcir-outside pcir-misaligned length-zero    an image whose header leads nowhere
 *              truncated              an image is longer than what is left
 *              chain-broken           behind an image that is not the last something else follows
 *              lengths-differ         firmware and NVIDIA's drivers would see other images
 *              efi-header             an EFI image that firmware will not load
 *              efi-program            no program in it, or one for another machine than it says
 *              foreign                made for another card
 * repairable   prefix                 a vendor's header before the first image
 *              no-last                the chain ends without an image marked as the last
 *              checksum               a legacy image that does not sum to 0
 *              trailing               something behind the last image
 * good         padding                0xFF or 0x00 behind the last image
 *              foreign-device         one image names another device, another image fits
 *              pcir-short             a PCIR of fewer than 24 bytes
 *              length-short           a legacy image counts itself longer than its PCIR does
 *              device-list            a device list without an end
 *              efi-subsystem          header and program of an EFI image differ in the kind of driver */

/* What one firmware would do with the ROM, as it is, by that firmware's own rules. */
typedef struct {
    gboolean runs;
    gsize offset;     /* of the image that it runs */
    char detail[128]; /* a sentence without full stop */
} VvRomFirmware;

typedef struct {
    VvRomVerdict verdict;
    GArray *images;        /* VvRomImage */
    GPtrArray *problems;   /* VvRomProblem */
    gsize start;           /* where the first image begins (after a vendor's prefix) */
    gsize end;             /* behind the last image */
    gsize guest_end;       /* behind the last image that firmware sees: a guest needs nothing from here on */
    GArray *devices;       /* guint16: all device lists; see VvRomImage.first_device */
    VvRomFirmware ovmf;    /* a guest with UEFI, on x86-64 */
    VvRomFirmware seabios; /* a guest with a BIOS; with a card it wants that card's ids in the PCIR */
    VvRomMatch match;      /* unknown without a card, and without an image that firmware runs */
    gboolean atom;         /* has the signatures of AMD's ATOM BIOS */
    /* From the places that rom-strings.c names; "" where there is none. Printable ASCII. */
    char version[64], part_number[64], date[24], product[64];
} VvRom;

/* `device` may be NULL: then nothing is compared with a card. */
VvRom *vv_rom_parse(const guint8 *data, gsize size, const VvDevice *device);
void vv_rom_free(VvRom *rom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvRom, vv_rom_free)

/* Is there an EFI image for this machine (0x8664: OVMF on x86)? Without one such a guest has no early
 * picture. */
gboolean vv_rom_has_efi(const VvRom *rom, guint16 machine);

/* "x64", "AArch64", "EBC", "IA32", or the number: static or in `text`. */
const char *vv_rom_machine_name(guint16 machine, char text[static 16]);
const char *vv_rom_verdict_name(VvRomVerdict verdict);
/* "legacy", "Open Firmware", "EFI", "vendor 0xe0": static or in `text`. */
const char *vv_rom_type_name(guint8 type, char text[static 16]);

/* Writes a new file: 0600, O_EXCL and O_NOFOLLOW on a temporary name beside it, synced, then renamed without
 * replacing anything (`replace` FALSE). VV_ERROR_FAILED names the path. */
gboolean vv_rom_write_file(const char *path, GBytes *bytes, gboolean replace, GError **error);
