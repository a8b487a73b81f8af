/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/rom-read.h"

#include <string.h>
#include <unistd.h>

/* What the files behind rom.h share. */

/* PCI Firmware Specification 3.x, 5.1.1: the header every image has, and the data structure it points to. */
#define VV_ROM_HEADER_SIZE 0x1a
#define VV_ROM_PCIR_SIZE 0x18
#define VV_ROM_BLOCK 512
/* PCI Local Bus Specification 3.0, 6.2.5.2: no expansion ROM BAR is larger. */
#define VV_ROM_MAX (16U << 20)

/* Bytes with an end. What lies outside reads as 0, so that no offset out of a ROM can lead astray. */
typedef struct {
    const guint8 *data;
    gsize size;
} VvRomView;

static inline VvRomView vv_rom_view_from(VvRomView view, gsize offset)
{
    return offset < view.size ? (VvRomView){view.data + offset, view.size - offset} : (VvRomView){NULL, 0};
}

static inline guint8 vv_rom_u8(VvRomView view, gsize offset)
{
    return offset < view.size ? view.data[offset] : 0;
}

static inline guint16 vv_rom_u16(VvRomView view, gsize offset)
{
    return (guint16)(vv_rom_u8(view, offset) | vv_rom_u8(view, offset + 1) << 8);
}

static inline guint32 vv_rom_u32(VvRomView view, gsize offset)
{
    return vv_rom_u16(view, offset) | (guint32)vv_rom_u16(view, offset + 2) << 16;
}

static inline gboolean vv_rom_has_tag(VvRomView view, gsize offset, const char *tag, gsize length)
{
    return offset <= view.size && length <= view.size - offset &&
           memcmp(view.data + offset, tag, length) == 0;
}

#define VV_ROM_TAG(a, b, c, d) ((guint32)(a) | (guint32)(b) << 8 | (guint32)(c) << 16 | (guint32)(d) << 24)

#define VV_ROM_TYPE_LEGACY 0
#define VV_ROM_TYPE_OPEN_FIRMWARE 1
#define VV_ROM_TYPE_EFI 3

#define VV_ROM_MACHINE_X64 0x8664

/* Adds a problem, and makes the verdict at least as bad as `weight`. `code` is static. */
void vv_rom_complain(VvRom *rom, VvRomVerdict weight, const char *code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* rom-chain.c: every byte is `value`, and there is one. */
gboolean vv_rom_is_all(VvRomView view, guint8 value);
/* Reads the images from rom->start on, sets the ends, and says what is wrong with the chain. `device` may be
 * NULL. */
void vv_rom_walk(VvRom *rom, VvRomView data, const VvDevice *device);

/* rom-image.c: fills `facts` from the image at facts->offset, where `rest` begins; facts->length stays 0 when
 * it has no usable PCIR. False where the walk cannot go on from this image. */
gboolean vv_rom_parse_image(VvRom *rom, VvRomView rest, const VvDevice *device, VvRomImage *facts);

/* The sum of the first `length` bytes; what lies outside counts as 0. */
guint8 vv_rom_sum(VvRomView view, gsize length);
/* What firmware sums of a legacy image: byte 2 counts it in blocks. */
gsize vv_rom_legacy_length(VvRomView image);

/* rom-efi.c: what only an EFI image has. `image` ends where the image does; `whole`: none of it is missing.
 */
void vv_rom_parse_efi(VvRom *rom, VvRomView image, gboolean whole, VvRomImage *facts);

/* PE format specification: "MZ" with the PE header's place at 0x3c, or the PE header at once; or the UEFI
 * platform specification's short form of it, TE. False where there is none of these. */
gboolean vv_rom_read_program(VvRomView program, guint16 *ret_machine, guint16 *ret_subsystem);

/* rom-vendor.c: does `image` begin with 55 AA and point to a PCIR that is inside of `image`? */
gboolean vv_rom_has_header(VvRomView image);
/* The same for the formats that NVIDIA has for itself: 56 4E or 77 BB, and PCIR, NPDS or RGIS. */
gboolean vv_rom_has_private_header(VvRomView image);
/* Where the first image begins, or G_MAXSIZE when there is none. */
gsize vv_rom_find_start(VvRomView rom);
/* Whose prefix that was, for people: static. */
const char *vv_rom_prefix_name(VvRomView rom);
/* True for an image, behind the standard chain, in one of NVIDIA's private formats. */
gboolean vv_rom_is_nvidia_private(VvRomView image);

/* NVIDIA's extension of the PCIR (NPDE). False where there is none, with `ret` untouched. */
typedef struct {
    gsize length; /* 0: it says none */
    gboolean has_last, last;
    gboolean no_checksum; /* the checksum of this image means nothing */
} VvRomNpde;
gboolean vv_rom_read_npde(VvRomView image, gsize pcir, VvRomNpde *ret);

/* rom-strings.c: versions and names out of one image, as far as they are not known yet. */
void vv_rom_read_strings(VvRom *rom, VvRomView image, const VvRomImage *facts);

/* rom-firmware.c: what OVMF and SeaBIOS do with it. `device` may be NULL. */
void vv_rom_judge_firmware(VvRom *rom, VvRomView data, const VvDevice *device);

static inline void vv_rom_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define VV_ROM_AUTO_FD __attribute__((cleanup(vv_rom_close))) int

static inline int vv_rom_steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

/* rom-read.c: everything from `offset` on, to the end or `size` bytes. NULL with errno. */
GBytes *vv_rom_read_fd(int fd, guint64 offset, gsize size);
/* Sets an error for an errno that stopped `doing` ("reading the ROM"). */
void vv_rom_set_error(GError **error, const VvDevice *device, const char *doing, int errnum);

/* The ways of reading: each gives both readings, or an error. */

/* rom-vfio.c: the ROM region of the VFIO device. */
gboolean vv_rom_read_vfio(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                          GBytes **ret_second, GError **error);
/* rom-sysfs.c: the attribute `rom`; `driver` (NULL: none) has the card. `is_shadow`: it is only a copy in
 * RAM, so the card need not be awake. */
gboolean vv_rom_read_sysfs(const VvSysfs *sysfs, VvJournal *journal, const VvDevice *device,
                           const char *driver, gboolean is_shadow, GBytes **ret_first, GBytes **ret_second,
                           GError **error);
/* rom-copy.c */
gboolean vv_rom_read_acpi(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                          GBytes **ret_second, GError **error);
gboolean vv_rom_read_debugfs(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                             GBytes **ret_second, GError **error);

/* rom-vfct.c: the image for `device` in AMD's ACPI table VFCT, as a part of `table`. One whose bus number
 * is another is taken only when its ids fit no other entry: firmware numbers buses before Linux does. FALSE
 * when there is none. Reads only inside of `table`. */
gboolean vv_rom_find_vfct(VvRomView table, const VvDevice *device, VvRomView *ret);

/* rom-note.c: what one reading switches on, written down before. ROOT/run/virt-vfio/rom/ADDRESS. */
typedef struct {
    VvAddress address;
    char *ids;      /* of the function, as in the journal */
    char *power;    /* power/control before, when it is changed; else NULL */
    gint64 enable;  /* the count of `enable` before, when it is raised; else -1 */
    gint64 command; /* the command register before, when it is known; else -1 */
    VvProcess by;
} VvRomNote;

VvRomNote *vv_rom_note_new(const VvSysfs *sysfs, const VvDevice *device);
void vv_rom_note_free(VvRomNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvRomNote, vv_rom_note_free)
gboolean vv_rom_note_write(const VvJournal *journal, const VvRomNote *note, GError **error);
/* NULL without an error: there is none. */
VvRomNote *vv_rom_note_read(const VvJournal *journal, VvAddress address, GError **error);
gboolean vv_rom_note_remove(const VvJournal *journal, VvAddress address, GError **error);

/* rom-sysfs.c: makes `device` what the note says it was, whatever of it was really changed. Goes on after a
 * failure, and gives the first. VV_ERROR_NOT_READY: a driver has it now, so it must wait. */
gboolean vv_rom_put_back(const VvSysfs *sysfs, const VvDevice *device, const VvRomNote *note, GError **error);
