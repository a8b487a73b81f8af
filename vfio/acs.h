/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

/* Why IOMMU groups are as large as they are, and what can make them smaller. The rules are those of
 * pci_device_group() (drivers/iommu/iommu.c) and pci_acs_enabled() (drivers/pci/pci.c) of Linux 6.12: a
 * function shares the group of every bridge above it up to the first from which on all have Access Control
 * Services, and of the functions of its slot that lack them as it does. */

/* What is known of a function's Access Control Services (PCI Express Base Specification, 7.7.8). */
typedef enum {
    VV_ACS_ISOLATES, /* it has source validation, redirection and upstream forwarding on, or needs none */
    VV_ACS_OFF,      /* it has them, and they are switched off */
    VV_ACS_NONE,     /* it has none */
    VV_ACS_CLOSED,   /* its configuration space behind byte 64 is for root, or not there at all */
} VvAcsState;

/* PCI Express device/port types (7.5.3.2), and what has no such capability. */
typedef enum {
    VV_PORT_UNKNOWN = -1, /* closed */
    VV_PORT_ENDPOINT = 0,
    VV_PORT_LEGACY_ENDPOINT = 1,
    VV_PORT_ROOT = 4,
    VV_PORT_UPSTREAM = 5,
    VV_PORT_DOWNSTREAM = 6,
    VV_PORT_PCIE_TO_PCI = 7,
    VV_PORT_PCI_TO_PCIE = 8,
    VV_PORT_INTEGRATED = 9,
    VV_PORT_EVENT_COLLECTOR = 10,
    VV_PORT_CONVENTIONAL = 16, /* no PCI Express at all */
} VvPortType;

/* Reads `config`: two to five system calls. */
VvAcsState vv_acs_read(const VvSysfs *sysfs, const VvDevice *device, VvPortType *ret_type);

/* Does the running kernel have the ACS override patch, which is in no kernel of kernel.org? */
typedef enum {
    VV_ACS_OVERRIDE_UNKNOWN,
    VV_ACS_OVERRIDE_ABSENT, /* it handed the argument to init, as it does with those it does not know */
    VV_ACS_OVERRIDE_LIKELY, /* the distribution's kernels of this name are built with it */
    VV_ACS_OVERRIDE_ACTIVE, /* the log says that it splits groups now */
} VvAcsOverride;

VvAcsOverride vv_acs_override(const VvSysfs *sysfs);

/* One cause of a group's size. Codes: no-acs (a port or switch lacks Access Control Services), acs-off (it
 * has them, switched off), chipset (the same of what is built into the chipset), multifunction (functions of
 * one slot lack them), pci-bridge (conventional PCI behind it), vmd (Intel's Volume Management Device), alias
 * (none that can be seen from here). */
typedef struct {
    const VvDevice *device;
    const char *code; /* static */
    char *detail;
    gboolean closed; /* root could tell more */
} VvGroupCause;

/* A group as `list --groups` tells of it. */
typedef struct {
    int id;
    const GPtrArray *members; /* VvDevice *; of the host */
    gboolean viable;
    const VvDevice *culprit; /* why it is not */
    gboolean too_large; /* one of its devices cannot go to a guest without others that are not its card */
    GPtrArray *why;     /* VvGroupCause; empty unless it is too large */
    GPtrArray *help;    /* char *: what can be done, what costs least first; the same */
} VvGroupView;

/* Of a group that the host has. Without root the ports' registers are closed, and the causes come from the
 * place of the members in the device tree alone. */
VvGroupView *vv_group_view(VvHost *host, int group);
void vv_group_view_free(VvGroupView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvGroupView, vv_group_view_free)
