/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/identity.h"

/* A VM file: INI, written by people, every key known or refused. docs/virt-vfio-vm.5 has the keys, their
 * defaults and their units; a field here is what the key of its name says. Words that libvirt knows too are
 * kept as they are written; NULL, or *_AUTO, is "not said", and then tuning.h decides. */
typedef enum { VV_OS_LINUX, VV_OS_WINDOWS, VV_OS_FREEBSD, VV_OS_OTHER } VvOs;
typedef enum { VV_FIRMWARE_UEFI, VV_FIRMWARE_UEFI_SECURE, VV_FIRMWARE_BIOS } VvFirmware;
typedef enum { VV_ACCEL_AUTO, VV_ACCEL_KVM, VV_ACCEL_TCG } VvAccel;

/* boot = NUMBER | no. Above 0: that number; lower numbers are tried first. */
#define VV_BOOT_AUTO 0
#define VV_BOOT_NO (-1)

/* One function of a card as it goes to the guest, with what identifies it. */
typedef struct {
    VvAddress host;
    guint8 guest_function; /* 0 in each with VV_LAYOUT_SEPARATE */
    VvIdentity *identity;  /* NULL where the device was not there to ask */
} VvVmFunction;

/* How the functions of a card lie in the guest. */
typedef enum {
    VV_LAYOUT_AUTO,     /* in one slot; they keep their numbers if one of them is 0 */
    VV_LAYOUT_PACKED,   /* in one slot, numbered from 0 on in the order of host = */
    VV_LAYOUT_SEPARATE, /* each in a slot and behind a root port of its own */
} VvLayout;

/* x-pci-*-id of QEMU's vfio-pci: what the guest sees instead; -1: the card's own. */
typedef struct {
    gint vendor, device, subsystem_vendor, subsystem_device;
} VvVmIds;

/* VvVmVf.number where the file gives none. */
#define VV_VF_NAMED (-1) /* the function at `address` itself */
#define VV_VF_ANY (-2)   /* any of the PF's that is free when the guest starts */

/* vf =: which virtual function (VF) of an SR-IOV card, by its own address, or by its physical function (PF):
 * that one's address or network interface, alone for any free VF, or with /NUMBER. */
typedef struct {
    char *word; /* "0000:06:10.0", "0000:06:00.0/3", "enp6s0f0"; NULL: no VF */
    VvAddress
        address; /* the word's; resolved: the VF's, and for VV_VF_ANY the one that a domain begins with */
    gint number; /* in the PF, from 0; or VV_VF_*, of which VV_VF_ANY is known when it is resolved */
    gboolean has_parent; /* resolved, and there was a host to ask */
    VvAddress parent;    /* the PF */
} VvVmVf;

/* [device NAME]: one card, all of whose functions go into one guest slot behind a root port of its own,
 * unless its layout or guest address says otherwise. */
typedef struct {
    char *name;
    GArray *selectors; /* VvSelector, from host =; empty with a VF */
    VvVmVf vf;         /* in place of host = */
    gboolean x_vga;
    gboolean igd_opregion; /* hand the Intel graphics OpRegion to the guest */
    gboolean rombar;       /* default TRUE */
    char *rom;             /* "auto" (default), "none", or an absolute path */
    VvLayout layout;
    gint boot;           /* VV_BOOT_*, of function 0 */
    char **allow;        /* reason codes, NULL-terminated; each applies to this card's addresses only */
    char *reset;         /* "auto" (default), "none", or the kernel's method names with blanks between */
    gboolean quarantine; /* stays on vfio-pci when the guest has gone */
    gboolean has_guest_address;
    VvAddress guest_address; /* of function 0; bus N is behind root port N; bus 0 is the root complex */
    VvVmIds ids;             /* of function 0 */
    GArray *functions;       /* VvVmFunction; empty until vv_vm_resolve() */
} VvVmDevice;

/* [usb NAME]: one device of the host's USB, by its ids or by the port it is plugged into. */
typedef struct {
    char *name;
    gint vendor, product; /* -1: by port */
    guint bus;            /* as in lsusb, 1 …; 0: by ids */
    char *port;           /* "4.2" of 1-4.2 */
    guint device;         /* its number on that bus now; 0: not looked up, or nothing is plugged in */
    gboolean optional;    /* the guest starts without it */
} VvVmUsb;

typedef struct {
    char *name;
    char *path;    /* absolute; NULL: a CD-ROM drive without a disc */
    char *format;  /* "qcow2", "raw"; guessed from the name's ending when not given; NULL without path */
    char *bus;     /* "virtio" (default), "sata", "scsi", "usb" */
    char *cache;   /* "none", "writethrough", "writeback", "directsync", "unsafe"; NULL: QEMU's */
    gint discard;  /* -1: by format and bus; else gboolean */
    gint iothread; /* -1: by tuning; else gboolean */
    gboolean cdrom;
    gboolean readonly;
    gboolean ssd; /* looks like a drive that does not rotate */
    char *serial; /* NULL: none */
    gint boot;    /* VV_BOOT_* */
} VvVmDisk;

typedef struct {
    char *name;
    char *bridge;         /* exactly one of bridge, network, user and vf */
    char *network;        /* a libvirt network */
    gboolean user;        /* QEMU's user-mode NAT */
    VvVmVf vf;            /* of a network card */
    VvIdentity *identity; /* of the VF, which has its PF's marks; NULL until it is resolved on its host */
    char *mac;            /* NULL: libvirt makes one */
    char *model;          /* default "virtio" */
    guint vlan;           /* 0: none; 1 to 4094 */
    guint queues;         /* 0: by tuning */
    guint mtu;            /* 0: the network's */
    gint trust;           /* of a VF; -1: as it is; else gboolean */
    gint spoofchk;        /* the same */
    guint qos;            /* of a VF with a VLAN: priority, 0 to 7 */
    char *rate;           /* of a VF: "MAX" or "MAX,MIN" in Mbit/s, 0 for none; NULL: as it is */
    gint vf_link;         /* VvVfLink; -1: as it is */
    char *teaming;        /* of a VF: the [network] that stands in for it, with the same MAC; NULL: none */
    gboolean link_down;
    gint boot; /* VV_BOOT_*; VV_BOOT_AUTO is not for booting */
} VvVmNetwork;

/* [display]: an emulated screen. */
typedef struct {
    char *graphics; /* "auto" (none beside a card with screens), "none", "vnc", "spice" */
    char *video;    /* "auto", "none", "vga", "virtio", "qxl", "bochs" */
    char *listen;   /* an IP address; NULL: a socket that only libvirt opens */
    guint port;     /* 0: libvirt chooses; only with listen */
} VvVmDisplay;

/* [sound]: an emulated sound card. */
typedef struct {
    char *model;   /* "none" (default), "ich9", "ac97", "usb", "virtio" */
    char *backend; /* "none", "spice", "pulseaudio", "alsa", "pipewire", "jack"; NULL: "spice" where the
                      display is */
} VvVmSound;

/* [share NAME]: a folder of the host in the guest, by virtiofs; the tag is `tag`. */
typedef struct {
    char *name;
    char *path;
    char *tag; /* default: the section's name */
    gboolean readonly;
} VvVmShare;

/* [shmem NAME]: memory shared with a program of the host, such as Looking Glass. /dev/shm/NAME. */
typedef struct {
    char *name;
    guint64 size_kib; /* a power of two MiB */
} VvVmShmem;

typedef struct {
    char *path; /* of the VM file, for messages; NULL: not from a file */
    char *name;
    char *uuid;    /* NULL: libvirt makes one */
    char *vmgenid; /* Windows' generation id; NULL: none */
    char *description;
    VvOs os;
    guint os_version; /* 10 or 11 for Windows; 0: not said */
    guint64 memory_kib;
    guint cpus;
    guint sockets, dies, cores, threads; /* topology =: their product is cpus; all 0: by tuning */
    char *cpu;           /* "host", "max" or a model of libvirt's, then ",+FEATURE" and ",-FEATURE"; NULL: by
                            accelerator */
    gboolean hide_kvm;   /* for NVIDIA drivers older than 465 */
    char *machine;       /* "q35" or "pc-q35-9.2"; NULL: the newest that libvirt knows, pinned */
    VvFirmware firmware; /* default by os: uefi-secure for Windows 11, else uefi */
    char *nvram;         /* where UEFI keeps its variables; NULL: libvirt chooses */
    char *tpm;           /* "none", "1.2", "2.0"; NULL: 2.0 for Windows 11, else none */
    char *viommu;        /* "none" (default), "intel", "virtio" */
    char *hugepages;     /* "auto" (default), "none", "2M", "1G" */
    char *pinning;       /* "auto" (default), "none", or a list of host CPUs as in "4-7,12-15" */
    char *numa;          /* "auto" (default), "none", or a list of host nodes as in "0" */
    char *mmio;          /* 64-bit window: "auto" (default) or a size */
    gboolean latency;    /* latency = yes: no PMU, and what else costs time at random */
    gboolean autostart;
    gboolean stop_display_manager; /* display-manager = stop: it may be stopped to free a card */
    char *stop_services;           /* units that may be stopped too, with blanks between; NULL: none */
    VvAccel accel;
    char *kernel, *initrd, *cmdline; /* direct kernel boot; NULL: boot from disk */
    char *serial_log;                /* the serial console is also written to this file; NULL: not */
    char *emulator;                  /* NULL: libvirt chooses */
    VvVmDisplay display;
    VvVmSound sound;
    GPtrArray *devices;  /* VvVmDevice, in the file's order; so are all of these */
    GPtrArray *usbs;     /* VvVmUsb */
    GPtrArray *disks;    /* VvVmDisk */
    GPtrArray *networks; /* VvVmNetwork */
    GPtrArray *shares;   /* VvVmShare */
    GPtrArray *shmems;   /* VvVmShmem */
} VvVm;

/* A VM that says nothing but the defaults, and has no name and no memory. `path` may be NULL. */
VvVm *vv_vm_new(const char *path);

/* Appends a section with nothing but the defaults in it; the VM owns it. What follows from other keys, such
 * as a disk's format and a share's tag, is NULL until it is read from a file. */
VvVmDevice *vv_vm_add_device(VvVm *vm, const char *name);
VvVmUsb *vv_vm_add_usb(VvVm *vm, const char *name);
VvVmDisk *vv_vm_add_disk(VvVm *vm, const char *name);
VvVmNetwork *vv_vm_add_network(VvVm *vm, const char *name);
VvVmShare *vv_vm_add_share(VvVm *vm, const char *name);
VvVmShmem *vv_vm_add_shmem(VvVm *vm, const char *name);

/* The text of a VM file that vv_vm_parse() makes an equal VM of; what is default is left out. It checks
 * nothing: parse it to learn whether the VM is a valid one. New string. */
char *vv_vm_write(const VvVm *vm);

/* Loads a VM file. `settings` (NULL or NULL-terminated "device.gpu.host=02:00", "vm.memory=4G") replace or
 * add keys before they are checked. A template is looked for in the file's folder. Every error is
 * VV_ERROR_USAGE and names file, section and key. */
VvVm *vv_vm_load(const char *path, const char *const *settings, GError **error);

/* The same from memory; `path` is for messages only, and a template is refused: nothing else is read. */
VvVm *vv_vm_parse(const char *path, const char *text, gsize length, const char *const *settings,
                  GError **error);
void vv_vm_free(VvVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvVm, vv_vm_free)

/* Turns host = into functions. With a host, slots are expanded and the functions identified, and what is not
 * there is an error that names the key; host NULL: functions are taken at their word and a whole slot is
 * refused with advice to name its functions. Guest functions keep their number when one of them is 0;
 * otherwise they are packed from 0 on, because a slot without function 0 is invisible (PCI Local Bus
 * Specification 3.0, 3.2.2.3.4). Functions of different slots under one [device] are packed too, as is all
 * with that layout. No function twice in the file. vf = becomes a VF of its PF, or stays what it is: only a
 * host knows interfaces, numbers and PFs, so without one an address is a VF's and all else refused. */
gboolean vv_vm_resolve(VvVm *vm, VvHost *host, GError **error);

/* Is the disk's path a block device by its name (/dev, but not the files in /dev/shm)? */
gboolean vv_vm_disk_is_block(const VvVmDisk *disk);

/* "16G" -> KiB. Suffixes K M G T (binary, optional B or iB); without one: MiB. FALSE on nonsense, 0,
 * overflow. */
gboolean vv_size_parse(const char *text, guint64 *ret_kib);
