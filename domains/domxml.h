/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/tuning.h"
#include "domains/vmfile.h"

/* Our own part of a domain's metadata lives in this namespace (element vv:domain). */
#define VV_METADATA_URI "urn:virt-vfio:domain:1"
/* libvirt's for what is for QEMU only (qemu:override). */
#define VV_QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"

/* Builds the domain XML of a resolved VM: q35, hostdevs managed='no' at explicit guest addresses, each card
 * behind its own pcie-root-port, x-vga by qemu:override, no memballoon, policy and identity in the metadata;
 * and all that `tuning` decided. New string, never NULL for a resolved VM. */
char *vv_domain_xml_build(const VvVm *vm, const VvTuning *tuning);
