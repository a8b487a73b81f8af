/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm-equal.h"

#define NUMBER(field)                                                                                        \
    if (a->field != b->field)                                                                                \
    return #field
#define TEXT(field)                                                                                          \
    if (g_strcmp0(a->field, b->field) != 0)                                                                  \
    return #field

#define VF(field)                                                                                            \
    TEXT(field.word);                                                                                        \
    NUMBER(field.number);                                                                                    \
    if (!vv_address_equal(a->field.address, b->field.address))                                               \
    return #field

static const char *device_difference(gconstpointer first, gconstpointer second)
{
    const VvVmDevice *a = first, *b = second;

    TEXT(name);
    NUMBER(selectors->len);
    for (guint i = 0; i < a->selectors->len; i++) {
        const VvSelector *x = &g_array_index(a->selectors, VvSelector, i);
        const VvSelector *y = &g_array_index(b->selectors, VvSelector, i);

        if (!vv_address_equal(x->address, y->address) || !x->whole_slot != !y->whole_slot)
            return "selectors";
    }
    VF(vf);
    NUMBER(x_vga);
    NUMBER(igd_opregion);
    NUMBER(rombar);
    TEXT(rom);
    NUMBER(layout);
    NUMBER(boot);
    if (!g_strv_equal((const char *const *)a->allow, (const char *const *)b->allow))
        return "allow";
    TEXT(reset);
    NUMBER(quarantine);
    NUMBER(has_guest_address);
    if (!vv_address_equal(a->guest_address, b->guest_address))
        return "guest_address";
    NUMBER(ids.vendor);
    NUMBER(ids.device);
    NUMBER(ids.subsystem_vendor);
    NUMBER(ids.subsystem_device);
    return NULL;
}

static const char *usb_difference(gconstpointer first, gconstpointer second)
{
    const VvVmUsb *a = first, *b = second;

    TEXT(name);
    NUMBER(vendor);
    NUMBER(product);
    NUMBER(bus);
    TEXT(port);
    NUMBER(optional);
    return NULL;
}

static const char *disk_difference(gconstpointer first, gconstpointer second)
{
    const VvVmDisk *a = first, *b = second;

    TEXT(name);
    TEXT(path);
    TEXT(format);
    TEXT(bus);
    TEXT(cache);
    NUMBER(discard);
    NUMBER(iothread);
    NUMBER(cdrom);
    NUMBER(readonly);
    NUMBER(ssd);
    TEXT(serial);
    NUMBER(boot);
    return NULL;
}

static const char *network_difference(gconstpointer first, gconstpointer second)
{
    const VvVmNetwork *a = first, *b = second;

    TEXT(name);
    TEXT(bridge);
    TEXT(network);
    NUMBER(user);
    VF(vf);
    TEXT(mac);
    TEXT(model);
    NUMBER(vlan);
    NUMBER(queues);
    NUMBER(mtu);
    NUMBER(trust);
    NUMBER(link_down);
    NUMBER(spoofchk);
    NUMBER(qos);
    TEXT(rate);
    NUMBER(vf_link);
    TEXT(teaming);
    NUMBER(boot);
    return NULL;
}

static const char *share_difference(gconstpointer first, gconstpointer second)
{
    const VvVmShare *a = first, *b = second;

    TEXT(name);
    TEXT(path);
    TEXT(tag);
    NUMBER(readonly);
    return NULL;
}

static const char *shmem_difference(gconstpointer first, gconstpointer second)
{
    const VvVmShmem *a = first, *b = second;

    TEXT(name);
    NUMBER(size_kib);
    return NULL;
}

static const char *list_difference(const GPtrArray *a, const GPtrArray *b,
                                   const char *(*difference)(gconstpointer, gconstpointer))
{
    NUMBER(len);
    for (guint i = 0; i < a->len; i++) {
        const char *field = difference(a->pdata[i], b->pdata[i]);

        if (field)
            return field;
    }
    return NULL;
}

static const char *own_difference(const VvVm *a, const VvVm *b)
{
    TEXT(name);
    TEXT(uuid);
    TEXT(vmgenid);
    TEXT(description);
    NUMBER(os);
    NUMBER(os_version);
    NUMBER(memory_kib);
    NUMBER(cpus);
    NUMBER(sockets);
    NUMBER(dies);
    NUMBER(cores);
    NUMBER(threads);
    TEXT(cpu);
    NUMBER(hide_kvm);
    TEXT(machine);
    NUMBER(firmware);
    TEXT(nvram);
    TEXT(tpm);
    TEXT(viommu);
    TEXT(hugepages);
    TEXT(pinning);
    TEXT(numa);
    TEXT(mmio);
    NUMBER(latency);
    NUMBER(autostart);
    NUMBER(stop_display_manager);
    TEXT(stop_services);
    NUMBER(accel);
    TEXT(kernel);
    TEXT(initrd);
    TEXT(cmdline);
    TEXT(serial_log);
    TEXT(emulator);
    TEXT(display.graphics);
    TEXT(display.video);
    TEXT(display.listen);
    NUMBER(display.port);
    TEXT(sound.model);
    TEXT(sound.backend);
    return NULL;
}

const char *vm_difference(const VvVm *a, const VvVm *b)
{
    const char *field = own_difference(a, b);

    if (!field)
        field = list_difference(a->devices, b->devices, device_difference);
    if (!field)
        field = list_difference(a->usbs, b->usbs, usb_difference);
    if (!field)
        field = list_difference(a->disks, b->disks, disk_difference);
    if (!field)
        field = list_difference(a->networks, b->networks, network_difference);
    if (!field)
        field = list_difference(a->shares, b->shares, share_difference);
    return field ? field : list_difference(a->shmems, b->shmems, shmem_difference);
}
