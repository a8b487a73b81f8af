/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* What a domain's XML says about real devices: the one record of what a VM owns. */
typedef struct {
    VvAddress host;
    char *card;           /* the [device NAME] it came from; NULL where our metadata does not list it */
    gboolean managed;     /* managed='yes': libvirt would bind it itself */
    char *rom_file;       /* NULL: none */
    gboolean has_rom_bar; /* FALSE: the guest sees no ROM BAR of it */
    gboolean rom_auto;    /* our metadata leaves the ROM to us */
    VvIdentity *identity; /* from the metadata; NULL: unknown */
} VvDomainDevice;

typedef struct {
    char *name;
    char *uuid;
    gboolean ours;      /* carries our metadata */
    gboolean uefi;      /* boots with UEFI, not with a BIOS */
    char **allow;       /* "CODE=ADDRESS" words of the policy, NULL-terminated, never NULL */
    GPtrArray *devices; /* VvDomainDevice in document order: PCI hostdevs, VF interfaces, NVMe disks */
} VvDomain;

/* Parses a domain's XML, which may come from a hostile place: no DTD, no entities, no network, at most 8 MiB
 * and 256 levels. VV_ERROR_FAILED says what is wrong with it. */
VvDomain *vv_domain_read(const char *xml, gsize length, GError **error);
void vv_domain_free(VvDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvDomain, vv_domain_free)

/* The identities that are known (VvIdentity *), owned by the domain, for VvPlanOptions: new array. */
GPtrArray *vv_domain_identities(const VvDomain *domain);
