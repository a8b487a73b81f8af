/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/messages.h"

#include <glib.h>
#include <string.h>

/* All of the parts must be in the text, in this order, whatever is between them. What comes first counts:
 * general complaints ("failed to setup container") are behind the causes that they come with. */
typedef struct {
    const char *parts[3];
    VvAdvice advice;
} Row;

static const Row rows[] = {
    /* The guest's group. */
    {{"is not viable"},
     {"group-shared", "another device of its IOMMU group still has a host driver",
      "'virt-vfio plan' names it; take it too, or consent with --allow group-shared=ADDRESS"}},
    {{"Please ensure all devices within the iommu_group"},
     {"group-shared", "another device of its IOMMU group still has a host driver",
      "'virt-vfio plan' names it; take it too, or consent with --allow group-shared=ADDRESS"}},
    {{"used in multiple address spaces"},
     {"group-split", "devices of one IOMMU group are behind different vIOMMUs or bridges of the guest",
      "put them into one slot of the guest, or leave the virtual IOMMU out"}},
    /* Memory. */
    {{"RLIMIT_MEMLOCK"},
     {"memlock", "QEMU may not lock as much memory as the guest has, and a real device needs all of it",
      "raise <memtune><hard_limit> above the guest's memory by 1 GiB or more, or leave it out"}},
    {{"dma_map(", "Cannot allocate memory"},
     {"memlock", "QEMU may not lock as much memory as the guest has, and a real device needs all of it",
      "raise <memtune><hard_limit> above the guest's memory by 1 GiB or more, or leave it out"}},
    {{"VFIO_MAP_DMA failed: Cannot allocate memory"},
     {"memlock", "QEMU may not lock as much memory as the guest has, and a real device needs all of it",
      "raise <memtune><hard_limit> above the guest's memory by 1 GiB or more, or leave it out"}},
    {{"dma_map(", "Bad address"},
     {"dma-map", "the IOMMU could not map the guest's memory",
      "look at the kernel log; give the guest less memory, or memory from hugepages"}},
    {{"cannot set up guest memory", "Cannot allocate memory"},
     {"memory-short", "this host has not as much memory free as the guest has",
      "stop something, or define the domain with less memory"}},
    {{"unable to map backing store for guest RAM"},
     {"hugepages-short", "there are not as many hugepages free as the guest has memory",
      "reserve more (vm.nr_hugepages), best at boot, or define the domain without hugepages"}},
    /* The IOMMU. */
    {{"RMRR"},
     {"group-rmrr", "firmware wants memory of its own behind this device (RMRR)",
      "look for a firmware setting (HP: 'RMRR' or 'shared memory'); such a device cannot be passed"}},
    {{"no such host device"},
     {"not-found", "there is no PCI function at the address that the domain names",
      "'virt-vfio list' shows what there is; a card more or less changes addresses: define the domain anew"}},
    {{"VFIO device assignment is currently not supported on this system"},
     {"no-iommu", "this host has no active IOMMU, or no VFIO",
      "switch on VT-d or AMD-Vi in the firmware setup; on Intel also boot with intel_iommu=on; modprobe "
      "vfio-pci"}},
    {{"host doesn't support passthrough of host PCI devices"},
     {"no-iommu", "this host has no active IOMMU, or no VFIO",
      "switch on VT-d or AMD-Vi in the firmware setup; on Intel also boot with intel_iommu=on; modprobe "
      "vfio-pci"}},
    /* The device itself. */
    {{"Unable to power on device, stuck in D3"},
     {"d3cold", "the device fell asleep (D3cold) and does not wake up any more",
      "'virt-vfio reset ADDRESS' may wake it; else switch the host off, and let virt-vfio take it: it keeps "
      "what it took awake"}},
    {{"D3cold to D0"},
     {"d3cold", "the device fell asleep (D3cold) and does not wake up any more",
      "'virt-vfio reset ADDRESS' may wake it; else switch the host off, and let virt-vfio take it: it keeps "
      "what it took awake"}},
    {{"Unknown PCI header type '127'"},
     {"dead-device", "the device does not answer: its configuration space reads as ones",
      "'virt-vfio reset ADDRESS --dry-run' shows what may bring it back; else switch the host off and on"}},
    {{"can't reserve"},
     {"bar-reserved", "a part of the device's memory still belongs to the host, often its boot screen",
      "see who has it in /proc/iomem (BOOTFB, efifb, simplefb); a newer kernel frees it by itself, an older "
      "one with video=efifb:off"}},
    {{"failed to find romfile"},
     {"rom-unreadable", "QEMU does not find the ROM file, or may not read it",
      "chmod 644 it, and keep it where QEMU may look, such as /usr/share/qemu; 'virt-vfio rom check' says "
      "whether it is good"}},
    {{"romfile", "is empty"}, {"rom-bad", "the ROM file is empty", "make one with 'virt-vfio rom dump'"}},
    /* Somebody else has it. */
    {{"Unmanaged PCI device", "must be manually detached"},
     {"not-bound", "a device that libvirt was told not to take is still with its host driver",
      "let 'virt-vfio start' take it, or take it with 'virt-vfio bind'"}},
    {{"is in use by driver", "domain"},
     {"claimed", "another running guest has the device", "stop that guest first"}},
    {{"error getting device", "Verify all devices in group"},
     {"not-bound", "the device, or another of its group, is not with vfio-pci",
      "let 'virt-vfio start' take it, or take it with 'virt-vfio bind'"}},
    {{"/dev/vfio/", "No such file or directory"},
     {"not-bound", "no device of that IOMMU group is with vfio-pci",
      "let 'virt-vfio start' take it, or take it with 'virt-vfio bind'"}},
    /* What the host lacks. */
    {{"apparmor=\"DENIED\""},
     {"apparmor", "AppArmor does not let QEMU or libvirt have a file of the domain",
      "keep the file where libvirt's profile allows it, or add it to "
      "/etc/apparmor.d/abstractions/libvirt-qemu"}},
    {{"Unable to find any firmware"},
     {"firmware-missing", "there is no UEFI firmware that fits the domain",
      "install it (Debian: ovmf; Fedora: edk2-ovmf)"}},
    {{"Unable to find 'efi' firmware"},
     {"firmware-missing", "there is no UEFI firmware that fits all that the domain wants of it",
      "install it (Debian: ovmf; Fedora: edk2-ovmf), or define the domain anew"}},
    {{"/OVMF", "No such file or directory"},
     {"firmware-missing", "the UEFI firmware that the domain names is not there",
      "install it (Debian: ovmf; Fedora: edk2-ovmf), or define the domain anew"}},
    {{"unsupported machine type"},
     {"machine-type", "this QEMU does not know the domain's machine type",
      "define the domain anew, or set <type machine='q35'> in it"}},
    {{"does not support machine type"},
     {"machine-type", "this QEMU does not know the domain's machine type",
      "define the domain anew, or set <type machine='q35'> in it"}},
    {{"Could not access KVM kernel module"},
     {"no-kvm", "KVM is not available",
      "switch on VT-x or AMD-V (SVM) in the firmware setup, and load kvm_intel or kvm_amd"}},
    {{"does not support virt type", "kvm"},
     {"no-kvm", "KVM is not available",
      "switch on VT-x or AMD-V (SVM) in the firmware setup, and load kvm_intel or kvm_amd"}},
    /* Only when nothing better is said. */
    {{"failed to setup container"},
     {"container", "VFIO does not take the device's IOMMU group",
      "look at the last lines of the kernel log"}},
};

static gboolean has_parts(const char *message, const Row *row)
{
    for (gsize i = 0; i < G_N_ELEMENTS(row->parts) && row->parts[i]; i++) {
        const char *found = strstr(message, row->parts[i]);
        if (!found)
            return FALSE;
        message = found + strlen(row->parts[i]);
    }
    return TRUE;
}

const VvAdvice *vv_advice_for(const char *message)
{
    for (gsize i = 0; message && i < G_N_ELEMENTS(rows); i++)
        if (has_parts(message, &rows[i]))
            return &rows[i].advice;
    return NULL;
}

const VvAdvice *vv_advice_row(unsigned row)
{
    return row < G_N_ELEMENTS(rows) ? &rows[row].advice : NULL;
}
