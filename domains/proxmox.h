/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* The configuration of a Proxmox VE virtual machine (/etc/pve/qemu-server/VMID.conf) as a VM file. The
 * grammar is that of qm.conf(5), storage.cfg and mapping/pci.cfg of Proxmox VE's documentation (up to 9).
 * Nothing is dropped without a row that says why. */

typedef enum {
    VV_PROXMOX_KEPT,       /* the VM file says the same */
    VV_PROXMOX_TRANSLATED, /* it says it in another way, or something near it */
    VV_PROXMOX_DROPPED,
    VV_PROXMOX_PENDING, /* Proxmox would apply it at the next start */
    VV_PROXMOX_UNKNOWN, /* no version of the grammar that was read has it; not taken */
} VvProxmoxVerdict;

typedef struct {
    guint line;   /* of the configuration; 0: a default of Proxmox's that nobody wrote down */
    char *key;    /* "scsi0"; "[snapshot]" for a section */
    char *option; /* "cache" of "scsi0: …,cache=none"; NULL: the key as a whole */
    VvProxmoxVerdict verdict;
    char *detail; /* a sentence without full stop */
} VvProxmoxRow;

/* Text with the name that messages call it; `text` NULL: not given. */
typedef struct {
    const char *path;
    const char *text;
    gsize length;
} VvProxmoxText;

typedef struct {
    VvProxmoxText config;
    VvProxmoxText storage; /* storage.cfg: where the volumes are */
    VvProxmoxText mapping; /* mapping/pci.cfg: which devices mapping= means */
    const char *node;      /* whose devices a mapping means; NULL: the only one it has */
    gboolean pending;      /* apply the section [PENDING] */
} VvProxmoxSource;

typedef struct {
    VvVm *vm;
    GPtrArray *rows; /* VvProxmoxRow, by line */
    char *text;      /* the VM file, and as comments what it cannot hold; vv_vm_parse() takes it */
} VvProxmoxImport;

/* VV_ERROR_USAGE with "FILE:LINE: " for text that is broken, and for what is no virtual machine of
 * Proxmox's. Looks at nothing but the source: not at the files that it names, not at this host. */
VvProxmoxImport *vv_proxmox_import(const VvProxmoxSource *source, GError **error);
void vv_proxmox_import_free(VvProxmoxImport *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvProxmoxImport, vv_proxmox_import_free)

/* "kept", "translated", … */
const char *vv_proxmox_verdict_name(VvProxmoxVerdict verdict);

/* The names of all keys that are known: "hostpci" for hostpci0 to hostpci15, with their count (0: without a
 * number). NULL behind the last. */
const char *vv_proxmox_key_name(guint index, guint *ret_count);
