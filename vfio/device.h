/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/sysfs.h"

/* What a function is for, from its class code (PCI Code and ID Assignment Specification, chapter 1). */
typedef enum {
    VV_KIND_GPU,   /* 03xxxx and 0b40xx, 1200xx accelerators */
    VV_KIND_AUDIO, /* 0401xx, 0403xx */
    VV_KIND_NIC,   /* 02xxxx */
    VV_KIND_USB,   /* 0c03xx */
    VV_KIND_HBA,   /* 01xxxx but NVMe */
    VV_KIND_NVME,  /* 0108xx */
    VV_KIND_OTHER,
    VV_KIND_BRIDGE, /* 06xxxx */
} VvKind;

/* One PCI function as the host sees it. Owned by its VvHost; read-only for everybody else. */
typedef struct {
    VvAddress address;
    char text[VV_ADDRESS_TEXT];
    guint32 class_code; /* 24 bits: class, subclass, programming interface */
    guint16 vendor, device, subsystem_vendor, subsystem_device;
    VvKind kind;
    char *driver;   /* NULL: none is bound */
    char *modalias; /* NULL where the kernel gives none */
    int group;      /* IOMMU group, -1: none */

    /* The rest costs more system calls and is read by vv_device_read_details(). */
    gboolean detailed;
    int numa_node; /* -1: unknown */
    gboolean boot_vga;
    gboolean has_rom;
    char **reset_methods; /* in the kernel's order; empty: none */
    gboolean has_sriov;
    guint sriov_total, sriov_current;
    gboolean is_virtual; /* an SR-IOV VF; `parent` is its PF then */
    VvAddress parent;
} VvDevice;

const char *vv_kind_name(VvKind kind);
VvKind vv_kind_from_class(guint32 class_code);

/* The class code's name for `list`: "0300" -> 4 hex digits, as lspci -n. Writes into `text`. */
const char *vv_device_class_text(const VvDevice *device, char text[static 8]);

/* "sys/bus/pci/devices/0000:01:00.0/ATTRIBUTE": new string. attribute NULL: the folder itself. */
char *vv_device_path(const VvDevice *device, const char *attribute);

/* "10de:1b80 1458:3702 030000": vendor and device, subsystem, class. New string. */
char *vv_device_ids(const VvDevice *device);

/* Fills the second half of `device`. What cannot be read stays at "none". */
void vv_device_read_details(const VvSysfs *sysfs, VvDevice *device);

/* How many VFs a PF has: on the running system its virtfnN links, because a read of sriov_numvfs waits for a
 * write that hangs (drivers/pci/iov.c, sriov_numvfs_show, since 5.5). 0 for what is no PF. */
guint vv_device_count_vfs(const VvSysfs *sysfs, const char *address);

/* The driver bound right now (not the one of the scan): new string or NULL. */
char *vv_device_driver_now(const VvSysfs *sysfs, const VvDevice *device);

/* True for PCI header type 0, the only one vfio-pci binds (vfio_pci_core_register_device). */
gboolean vv_device_is_endpoint(const VvSysfs *sysfs, const VvDevice *device);

/* True for vfio-pci and its variants (mlx5_vfio_pci, …); false for NULL. */
gboolean vv_driver_is_vfio(const char *driver);
