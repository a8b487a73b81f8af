/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"
#include "vfio/vf-settings.h"

/* What a domain's XML says about real devices: the one record of what a VM owns. */
typedef struct {
    VvAddress host;   /* of a VF: the one that was chosen (domains/domvf.h) */
    VvAddress listed; /* the one that the XML has */
    char *none_free;  /* why no VF could be chosen; NULL: one could, or there was no choice */
    char *wished_by;  /* the other domain that names the one that was chosen; NULL: none */
    char *card;       /* the [device NAME] or, of a VF, the [network NAME]; NULL: not in our metadata */
    char *alias;      /* libvirt's, "ua-gpu-0"; NULL: none yet */
    gboolean managed; /* managed='yes': libvirt would bind it itself */
    gboolean has_guest_address; /* FALSE: libvirt has yet to choose, or the guest does not get it */
    VvAddress guest_address;
    gboolean unassigned; /* held for its group's sake; the guest does not get it */
    char *rom_file;      /* NULL: none given */
    gboolean rom_none;   /* the guest sees no ROM */
    gboolean rom_auto;   /* our metadata leaves the ROM to us */
    gboolean rombar;
    guint boot;                   /* the order; 0: not for booting */
    gboolean x_vga, igd_opregion; /* by qemu:override */
    VvVmIds ids;                  /* by qemu:override */
    char *reset;                  /* as in VvVmDevice; never NULL, "auto" where our metadata is silent */
    gboolean quarantine;
    gboolean interface;   /* a VF as <interface type='hostdev'>, with these: */
    char *mac;            /* NULL: not given */
    guint vlan;           /* 0: none */
    VvVfSettings wanted;  /* what its PF is to enforce, MAC and VLAN included; `fields`: of what is said */
    char *team;           /* the alias of the card that stands in for it; NULL: none */
    gboolean has_parent;  /* a VF of which our metadata names the PF: */
    VvAddress parent;     /* … and this is it */
    gint number;          /* in it; or VV_VF_NAMED, VV_VF_ANY, as in VvVmVf */
    VvIdentity *identity; /* from the metadata; NULL: unknown */
} VvDomainDevice;

/* A USB device of the host. */
typedef struct {
    char *name;           /* the [usb NAME]; NULL: not in our metadata */
    char *alias;          /* NULL: none yet */
    gint vendor, product; /* -1: by bus and device */
    guint bus, device;    /* as libvirt has them; 0: by ids */
    char *port;           /* "1-4.2", the one it is meant to be in; NULL: by what libvirt says */
    gboolean optional;
} VvDomainUsb;

typedef struct {
    char *name;
    char *uuid;
    gboolean ours;                 /* carries our metadata */
    gboolean uefi;                 /* boots with UEFI, not with a BIOS */
    char **allow;                  /* "CODE=ADDRESS" words of the policy, NULL-terminated, never NULL */
    gboolean stop_display_manager; /* it may be stopped to free a device */
    char **stop_services;          /* so may these units; NULL-terminated, never NULL */
    GPtrArray *devices; /* VvDomainDevice in document order: PCI hostdevs, VF interfaces, NVMe disks */
    GPtrArray *usbs;    /* VvDomainUsb in document order */
} VvDomain;

/* Parses a domain's XML, which may come from a hostile place: no DTD, no entities, no network, at most 8 MiB
 * and 256 levels. VV_ERROR_FAILED says what is wrong with it. */
VvDomain *vv_domain_read(const char *xml, gsize length, GError **error);
void vv_domain_free(VvDomain *domain);
/* One without devices, for what has no XML yet; and a device of a domain that says nothing of itself. The
 * domain owns it. */
VvDomain *vv_domain_new(const char *name, const char *uuid);
VvDomainDevice *vv_domain_add_device(VvDomain *domain, VvAddress host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvDomain, vv_domain_free)

/* The identities that are known (VvIdentity *), owned by the domain, for VvPlanOptions: new array. */
GPtrArray *vv_domain_identities(const VvDomain *domain);
