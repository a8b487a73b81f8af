/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/identity.h"

/* A VM file: INI, written by people, every key known or refused. See docs/virt-vfio-vm.5 for the keys. */
typedef enum { VV_OS_LINUX, VV_OS_WINDOWS, VV_OS_FREEBSD, VV_OS_OTHER } VvOs;
typedef enum { VV_FIRMWARE_UEFI, VV_FIRMWARE_UEFI_SECURE, VV_FIRMWARE_BIOS } VvFirmware;
typedef enum { VV_ACCEL_AUTO, VV_ACCEL_KVM, VV_ACCEL_TCG } VvAccel;

/* One function of a card as it goes to the guest, with what identifies it. */
typedef struct {
    VvAddress host;
    guint8 guest_function;
    VvIdentity *identity; /* NULL where the device was not there to ask */
} VvVmFunction;

/* [device NAME]: one card, all of whose functions go into one guest slot behind a root port of its own. */
typedef struct {
    char *name;
    GArray *selectors; /* VvSelector, from host = */
    gboolean x_vga;
    gboolean rombar;   /* default TRUE */
    char *rom;         /* "auto" (default), "none", or an absolute path */
    char **allow;      /* reason codes, NULL-terminated; each applies to this card's addresses only */
    GArray *functions; /* VvVmFunction; empty until vv_vm_resolve() */
} VvVmDevice;

typedef struct {
    char *name;
    char *path;   /* absolute */
    char *format; /* "qcow2", "raw"; guessed from the name's ending when not given */
    char *bus;    /* "virtio" (default), "sata", "scsi" */
    gboolean cdrom;
} VvVmDisk;

typedef struct {
    char *name;
    char *bridge;  /* exactly one of bridge and network */
    char *network; /* a libvirt network */
    char *mac;     /* NULL: libvirt makes one */
    char *model;   /* default "virtio" */
} VvVmNetwork;

typedef struct {
    char *path; /* of the VM file, for messages; NULL: not from a file */
    char *name;
    char *uuid; /* NULL: libvirt makes one */
    VvOs os;
    guint64 memory_kib;
    guint cpus;
    char *cpu; /* "host", "max" or a model of libvirt's, then ",+FEATURE" and ",-FEATURE"; NULL: by
                  accelerator */
    VvFirmware firmware;
    VvAccel accel;
    char *kernel, *initrd, *cmdline; /* direct kernel boot; NULL: boot from disk */
    char *serial_log;                /* the serial console is also written to this file; NULL: not */
    char *emulator;                  /* NULL: libvirt chooses */
    GPtrArray *devices;              /* VvVmDevice, in the file's order */
    GPtrArray *disks;                /* VvVmDisk */
    GPtrArray *networks;             /* VvVmNetwork */
} VvVm;

/* Loads a VM file. `settings` (NULL or NULL-terminated "device.gpu.host=02:00", "vm.memory=4G") replace or
 * add keys before they are checked. Every error is VV_ERROR_USAGE and names file, section and key. */
VvVm *vv_vm_load(const char *path, const char *const *settings, GError **error);

/* The same from memory; `path` is for messages only. */
VvVm *vv_vm_parse(const char *path, const char *text, gsize length, const char *const *settings,
                  GError **error);
void vv_vm_free(VvVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvVm, vv_vm_free)

/* Turns host = into functions. With a host, slots are expanded and the functions identified, and what is not
 * there is an error that names the key; host NULL: functions are taken at their word and a whole slot is
 * refused with advice to name its functions. Guest functions keep their number when one of them is 0;
 * otherwise they are packed from 0 on, because a slot without function 0 is invisible (PCI Local Bus
 * Specification 3.0, 3.2.2.3.4). Functions of different slots under one [device] are packed too. No function
 * twice in the file. */
gboolean vv_vm_resolve(VvVm *vm, const VvHost *host, GError **error);

/* Is the disk's path a block device by its name (/dev, but not the files in /dev/shm)? */
gboolean vv_vm_disk_is_block(const VvVmDisk *disk);

/* "16G" -> KiB. Suffixes K M G T (binary, optional B or iB); without one: MiB. FALSE on nonsense, 0,
 * overflow. */
gboolean vv_size_parse(const char *text, guint64 *ret_kib);
