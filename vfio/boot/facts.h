/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/stack.h"

/* What detection looks at, read once (detect.c), and small readers that steps use too. */

typedef struct {
    const VvSysfs *sysfs;
    char *id, *like;      /* os-release: "ubuntu", "debian"; "" */
    char *loader;         /* EFI variable LoaderInfo: "systemd-boot 252.5"; NULL: none, or not to be read */
    char *stub;           /* StubInfo: a unified kernel image was booted; NULL */
    char *selected;       /* LoaderEntrySelected: "arch.conf"; NULL */
    char *running;        /* /proc/cmdline; "" */
    gboolean efi;         /* booted by EFI */
    gboolean variables;   /* EFI variables can be read: no LoaderInfo means that no such loader booted */
    gboolean from_grub;   /* only GRUB (and syslinux) put BOOT_IMAGE= on the command line */
    GPtrArray *entries;   /* VvBootEntry *; NULL: no folder of entries, or it cannot be read */
    char *entries_folder; /* "boot/loader/entries"; NULL */
    gboolean entries_closed; /* there is a folder that this user cannot read */
} VvBootFacts;

void vv_boot_facts_read(VvBootFacts *facts, const VvSysfs *sysfs);
void vv_boot_facts_clear(VvBootFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvBootFacts, vv_boot_facts_clear)

/* One entry of the Boot Loader Specification (type 1). */
typedef struct {
    char *path;      /* "boot/loader/entries/arch.conf" */
    char *name;      /* "arch.conf" */
    char *text;      /* the whole file */
    char *title;     /* "" */
    char *options;   /* all its options lines, with a blank between */
    gboolean linux_; /* it boots Linux: has a `linux` line */
    gboolean made;   /* kernel-install made it: it has machine-id, or is called after it or the entry token */
} VvBootEntry;

/* The entries by name, and where they are; NULL where no folder can be read. *ret_closed: one may not be. */
GPtrArray *vv_boot_entries(const VvSysfs *sysfs, char **ret_folder, gboolean *ret_closed);

/* The value of a key of an entry ("options"), all of them with a blank between: new string, "" for none. */
char *vv_boot_entry_value(const char *text, const char *key);

/* A text variable of the boot loader (systemd's vendor id): 4 bytes of attributes and UTF-16LE
 * (Documentation/filesystems/efivarfs.rst; the Boot Loader Interface). NULL: not there, or not readable. */
char *vv_efi_loader_variable(const VvSysfs *sysfs, const char *name);

/* The text of a file of at most 1 MiB; NULL with errno. */
char *vv_boot_read(const VvSysfs *sysfs, const char *path);
/* Does the file contain the text? For what a program or script of this system knows, without running it. */
gboolean vv_boot_contains(const VvSysfs *sysfs, const char *path, const char *text);
/* Names in a folder that end so, sorted as the shell's * does (C locale); empty for no folder. */
GPtrArray *vv_boot_names(const VvSysfs *sysfs, const char *folder, const char *suffix);
/* The first of these paths that is there; NULL. */
const char *vv_boot_first(const VvSysfs *sysfs, const char *const *paths);

/* Is that system's boot stack found by `detect`? Fills in kind and evidence. */
void vv_boot_decide(const VvBootFacts *facts, VvBootStack *stack);
/* Fills in the initramfs. After vv_boot_decide. */
void vv_boot_decide_initramfs(const VvBootFacts *facts, VvBootStack *stack);
