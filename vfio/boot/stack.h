/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* How this host boots: who reads the kernel's command line from where, and who makes the initramfs. Decided
 * by what booted and by the files that are there, never by which programs are installed. */

typedef enum {
    VV_BOOT_UNKNOWN,        /* or ambiguous: setup prints and changes nothing */
    VV_BOOT_GRUB_DROPIN,    /* Debian, Ubuntu: grub-mkconfig reads /etc/default/grub.d */
    VV_BOOT_GRUB_PLAIN,     /* Arch and others: /etc/default/grub and grub-mkconfig -o */
    VV_BOOT_GRUB_BLS,       /* Fedora, RHEL: grubby */
    VV_BOOT_SYSTEMD_BOOT,   /* kernel-install makes the entries from /etc/kernel/cmdline */
    VV_BOOT_LOADER_ENTRIES, /* systemd-boot, entries written by hand */
    VV_BOOT_SDBOOT_MANAGE,  /* CachyOS */
    VV_BOOT_UKI_MKINITCPIO,
    VV_BOOT_UKI_KERNEL_INSTALL, /* dracut or ukify through kernel-install */
    VV_BOOT_KERNELSTUB,         /* Pop!_OS */
    VV_BOOT_BOOTC,              /* bootc loader-entries */
    VV_BOOT_RPM_OSTREE,
    VV_BOOT_SUSE_GRUB,     /* update-bootloader */
    VV_BOOT_SUSE_BLS,      /* sdbootutil */
    VV_BOOT_TRANSACTIONAL, /* MicroOS */
    VV_BOOT_LIMINE,        /* limine-entry-tool */
    VV_BOOT_REFIND,
    VV_BOOT_PROXMOX, /* proxmox-boot-tool */
    VV_BOOT_NIXOS,   /* prints only */
} VvBootKind;

typedef enum {
    VV_INITRAMFS_UNKNOWN,
    VV_INITRAMFS_TOOLS, /* initramfs-tools */
    VV_INITRAMFS_DRACUT,
    VV_INITRAMFS_MKINITCPIO,
    VV_INITRAMFS_BOOSTER,
    VV_INITRAMFS_RPM_OSTREE,
    VV_INITRAMFS_NIXOS,
} VvInitramfsKind;

typedef struct {
    VvBootKind kind;
    const char *name;      /* static: "GRUB (drop-ins of Debian)" */
    char *evidence;        /* what decided: "/etc/default/grub.d is read by grub-mkconfig" */
    char *distribution;    /* PRETTY_NAME of os-release; "this system" where there is none */
    char *distribution_id; /* "debian"; "" */
    VvInitramfsKind initramfs;
    const char *initramfs_name; /* static: "dracut" */
    gboolean prints_only;       /* setup shows what to do and changes nothing */
    char *edit;                 /* where an argument goes: "/etc/default/grub.d/zz-virt-vfio.cfg"; "": into no
                                   file, `run` takes it in place of ARGUMENTS */
    char *run;                  /* what makes it effective: "update-grub"; "": nothing */
} VvBootStack;

/* Never NULL. Needs no root for most; EFI variables and /boot may be closed to others (evidence says so). */
VvBootStack *vv_boot_detect(const VvSysfs *sysfs);
void vv_boot_stack_free(VvBootStack *stack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvBootStack, vv_boot_stack_free)

/* One place where kernel arguments of this host are written down. */
typedef struct {
    char *path;         /* "/etc/default/grub" */
    guint line;         /* from 1 */
    char *arguments;    /* "quiet intel_iommu=on" */
    gboolean effective; /* the boot stack of this host reads it (a GRUB file on a systemd-boot host is not) */
    gboolean generated; /* what boots next: grub.cfg, a loader entry, not what people edit */
} VvBootLine;

void vv_boot_line_free(VvBootLine *line);

/* All such places, files that people edit first. VvBootLine, owned by the caller. */
GPtrArray *vv_boot_lines(const VvSysfs *sysfs, const VvBootStack *stack);
