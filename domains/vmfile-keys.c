/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-keys.h"

#include "domains/vmfile-check.h"

#include <stddef.h>

#define VM(field, kind, missing) offsetof(VvVm, field), &vv_value_##kind, missing
#define DEVICE(field, kind, missing) offsetof(VvVmDevice, field), &vv_value_##kind, missing
#define USB(field, kind, missing) offsetof(VvVmUsb, field), &vv_value_##kind, missing
#define DISK(field, kind) offsetof(VvVmDisk, field), &vv_value_##kind, NULL
#define NETWORK(field, kind) offsetof(VvVmNetwork, field), &vv_value_##kind, NULL
#define DISPLAY(field, kind) offsetof(VvVmDisplay, field), &vv_value_##kind, NULL
#define SOUND(field, kind, missing) offsetof(VvVmSound, field), &vv_value_##kind, missing
#define SHARE(field, kind, missing) offsetof(VvVmShare, field), &vv_value_##kind, missing
#define WHOLE(kind, missing) 0, &vv_value_##kind, missing

static const VvVmKey vm_keys[] = {
    {"template", WHOLE(template, NULL)},
    {"name", VM(name, name, "give the VM a name, as in name = win11")},
    {"uuid", VM(uuid, uuid, NULL)},
    {"vmgenid", VM(vmgenid, uuid, NULL)},
    {"description", VM(description, description, NULL)},
    {"os", WHOLE(os, NULL)},
    {"memory", VM(memory_kib, memory, "say how much, as in memory = 8G")},
    {"cpus", VM(cpus, cpus, NULL)},
    {"topology", WHOLE(topology, NULL)},
    {"cpu", VM(cpu, cpu, NULL)},
    {"hide-kvm", VM(hide_kvm, yes_no, NULL)},
    {"machine", VM(machine, machine, NULL)},
    {"firmware", VM(firmware, firmware, NULL)},
    {"nvram", VM(nvram, path, NULL)},
    {"tpm", VM(tpm, tpm, NULL)},
    {"viommu", VM(viommu, viommu, NULL)},
    {"hugepages", VM(hugepages, hugepages, NULL)},
    {"pinning", VM(pinning, pinning, NULL)},
    {"numa", VM(numa, numa, NULL)},
    {"mmio", VM(mmio, mmio, NULL)},
    {"latency", VM(latency, yes_no, NULL)},
    {"autostart", VM(autostart, yes_no, NULL)},
    {"display-manager", VM(stop_display_manager, display_manager, NULL)},
    {"stop-services", VM(stop_services, services, NULL)},
    {"accel", VM(accel, accel, NULL)},
    {"kernel", VM(kernel, path, NULL)},
    {"initrd", VM(initrd, path, NULL)},
    {"cmdline", VM(cmdline, text, NULL)},
    {"serial-log", VM(serial_log, path, NULL)},
    {"emulator", VM(emulator, path, NULL)},
    {0},
};

static const VvVmKey device_keys[] = {
    {"host", DEVICE(selectors, selectors, NULL)},
    {"vf", DEVICE(vf, vf, NULL)},
    {"x-vga", DEVICE(x_vga, yes_no, NULL)},
    {"igd-opregion", DEVICE(igd_opregion, yes_no, NULL)},
    {"rom", DEVICE(rom, rom, NULL)},
    {"rombar", DEVICE(rombar, yes_no, NULL)},
    {"functions", DEVICE(layout, layout, NULL)},
    {"boot", DEVICE(boot, boot, NULL)},
    {"allow", DEVICE(allow, allow, NULL)},
    {"reset", DEVICE(reset, reset, NULL)},
    {"quarantine", DEVICE(quarantine, yes_no, NULL)},
    {"guest-address", WHOLE(guest_address, NULL)},
    {"vendor-id", DEVICE(ids.vendor, vendor, NULL)},
    {"device-id", DEVICE(ids.device, id, NULL)},
    {"subsystem-vendor-id", DEVICE(ids.subsystem_vendor, id, NULL)},
    {"subsystem-device-id", DEVICE(ids.subsystem_device, id, NULL)},
    {0},
};

static const VvVmKey usb_keys[] = {
    {"host", WHOLE(usb, "name the device, as in host = 046d:c52b or host = 1-4.2")},
    {"optional", USB(optional, yes_no, NULL)},
    {0},
};

static const VvVmKey disk_keys[] = {
    {"path", DISK(path, path)},
    {"format", DISK(format, format)},
    {"bus", DISK(bus, bus)},
    {"cache", DISK(cache, cache)},
    {"discard", DISK(discard, may_be)},
    {"iothread", DISK(iothread, may_be)},
    {"cdrom", DISK(cdrom, yes_no)},
    {"readonly", DISK(readonly, yes_no)},
    {"ssd", DISK(ssd, yes_no)},
    {"serial", DISK(serial, serial)},
    {"boot", DISK(boot, boot)},
    {0},
};

static const VvVmKey network_keys[] = {
    {"bridge", NETWORK(bridge, bridge)},
    {"network", NETWORK(network, network)},
    {"user", NETWORK(user, yes_no)},
    {"vf", NETWORK(vf, vf)},
    {"mac", NETWORK(mac, mac)},
    {"model", NETWORK(model, nic)},
    {"vlan", NETWORK(vlan, vlan)},
    {"queues", NETWORK(queues, queues)},
    {"mtu", NETWORK(mtu, mtu)},
    {"qos", NETWORK(qos, qos)},
    {"trust", NETWORK(trust, may_be)},
    {"spoofchk", NETWORK(spoofchk, may_be)},
    {"rate", NETWORK(rate, rate)},
    {"link", WHOLE(link, NULL)},
    {"teaming", NETWORK(teaming, name)},
    {"boot", NETWORK(boot, boot)},
    {0},
};

static const VvVmKey display_keys[] = {
    {"graphics", DISPLAY(graphics, graphics)},
    {"video", DISPLAY(video, video)},
    {"listen", DISPLAY(listen, listen)},
    {"port", DISPLAY(port, port)},
    {0},
};

static const VvVmKey sound_keys[] = {
    {"model", SOUND(model, sound, "say which, as in model = ich9")},
    {"backend", SOUND(backend, audio, NULL)},
    {0},
};

static const VvVmKey share_keys[] = {
    {"path", SHARE(path, plain_path, "name the folder, as in path = /srv/share")},
    {"tag", SHARE(tag, tag, NULL)},
    {"readonly", SHARE(readonly, yes_no, NULL)},
    {0},
};

static const VvVmKey shmem_keys[] = {
    {"size", offsetof(VvVmShmem, size_kib), &vv_value_shmem, "say how large, as in size = 32M"},
    {0},
};

#define ADD(kind)                                                                                            \
    static gpointer add_##kind(VvVm *vm, const char *name)                                                   \
    {                                                                                                        \
        return vv_vm_add_##kind(vm, name);                                                                   \
    }
ADD(device)
ADD(usb)
ADD(disk)
ADD(network)
ADD(share)
ADD(shmem)

const VvVmSection vv_vm_sections[] = {
    {"vm", vm_keys, 0, NULL, vv_vmfile_complete_vm, vv_vmfile_check_vm},
    {"device", device_keys, offsetof(VvVm, devices), add_device, NULL, vv_vmfile_check_device},
    {"usb", usb_keys, offsetof(VvVm, usbs), add_usb, NULL, vv_vmfile_check_usb},
    {"disk", disk_keys, offsetof(VvVm, disks), add_disk, vv_vmfile_complete_disk, vv_vmfile_check_disk},
    {"network", network_keys, offsetof(VvVm, networks), add_network, NULL, vv_vmfile_check_network},
    {"display", display_keys, offsetof(VvVm, display), NULL, NULL, vv_vmfile_check_display},
    {"sound", sound_keys, offsetof(VvVm, sound), NULL, NULL, vv_vmfile_check_sound},
    {"share", share_keys, offsetof(VvVm, shares), add_share, vv_vmfile_complete_share, vv_vmfile_check_share},
    {"shmem", shmem_keys, offsetof(VvVm, shmems), add_shmem, NULL, NULL},
    {0},
};

gpointer vv_vm_section_object(const VvVm *vm, const VvVmSection *section, guint index)
{
    gpointer at = G_STRUCT_MEMBER_P(vm, section->offset);
    const GPtrArray *all;

    if (!section->add)
        return index == 0 ? at : NULL;
    all = *(GPtrArray *const *)at;
    return index < all->len ? all->pdata[index] : NULL;
}
