/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What this libvirt and QEMU can do for one machine type and accelerator: the document of
 * virConnectGetDomainCapabilities(), whose elements formatdomaincaps.html of libvirt describes. The lists
 * have libvirt's words and are empty, never NULL, where the document does not say. */
typedef struct {
    char *emulator; /* path of QEMU */
    char *machine;  /* canonical: "pc-q35-7.2" when "q35" was asked for */
    gboolean kvm;
    guint max_cpus; /* 0: not said */
    gboolean iothreads;
    gboolean secure_loader; /* there is a firmware with Secure Boot */
    gboolean host_passthrough, maximum;
    gboolean genid;
    gboolean has_hyperv; /* libvirt says which enlightenments there are (since 9.0) */
    char **firmwares;    /* "bios", "efi" */
    char **memory;       /* sources: "file", "anonymous", "memfd" */
    char **disk_buses, **graphics, **videos, **filesystems;
    char **tpm_models, **tpm_backends, **tpm_versions;
    char **pci_backends; /* "vfio"; empty: this host cannot pass PCI devices through now */
    char **hyperv;
} VvCapabilities;

/* For XML from a hostile place, see domains/xml.h. VV_ERROR_FAILED. */
VvCapabilities *vv_capabilities_read(const char *xml, gsize length, GError **error);
void vv_capabilities_free(VvCapabilities *capabilities);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvCapabilities, vv_capabilities_free)
