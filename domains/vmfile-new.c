/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile.h"

static void function_clear(gpointer data)
{
    VvVmFunction *function = data;

    g_clear_pointer(&function->identity, vv_identity_free);
}

static void device_free(gpointer data)
{
    VvVmDevice *device = data;

    g_free(device->name);
    g_clear_pointer(&device->selectors, g_array_unref);
    g_free(device->vf.word);
    g_free(device->rom);
    g_strfreev(device->allow);
    g_free(device->reset);
    g_clear_pointer(&device->functions, g_array_unref);
    g_free(device);
}

static void usb_free(gpointer data)
{
    VvVmUsb *usb = data;

    g_free(usb->name);
    g_free(usb->port);
    g_free(usb);
}

static void disk_free(gpointer data)
{
    VvVmDisk *disk = data;

    g_free(disk->name);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->bus);
    g_free(disk->cache);
    g_free(disk->serial);
    g_free(disk);
}

static void network_free(gpointer data)
{
    VvVmNetwork *network = data;

    g_free(network->name);
    g_free(network->bridge);
    g_free(network->network);
    g_free(network->vf.word);
    vv_identity_free(network->identity);
    g_free(network->mac);
    g_free(network->model);
    g_free(network->rate);
    g_free(network->teaming);
    g_free(network);
}

static void share_free(gpointer data)
{
    VvVmShare *share = data;

    g_free(share->name);
    g_free(share->path);
    g_free(share->tag);
    g_free(share);
}

static void shmem_free(gpointer data)
{
    VvVmShmem *shmem = data;

    g_free(shmem->name);
    g_free(shmem);
}

VvVm *vv_vm_new(const char *path)
{
    VvVm *vm = g_new0(VvVm, 1);

    vm->path = g_strdup(path);
    vm->cpus = 2;
    vm->viommu = g_strdup("none");
    vm->hugepages = g_strdup("auto");
    vm->pinning = g_strdup("auto");
    vm->numa = g_strdup("auto");
    vm->mmio = g_strdup("auto");
    vm->display.graphics = g_strdup("auto");
    vm->display.video = g_strdup("auto");
    vm->sound.model = g_strdup("none");
    vm->devices = g_ptr_array_new_with_free_func(device_free);
    vm->usbs = g_ptr_array_new_with_free_func(usb_free);
    vm->disks = g_ptr_array_new_with_free_func(disk_free);
    vm->networks = g_ptr_array_new_with_free_func(network_free);
    vm->shares = g_ptr_array_new_with_free_func(share_free);
    vm->shmems = g_ptr_array_new_with_free_func(shmem_free);
    return vm;
}

void vv_vm_free(VvVm *vm)
{
    if (!vm)
        return;
    char *const strings[] = {vm->path,          vm->name,           vm->uuid,
                             vm->vmgenid,       vm->description,    vm->cpu,
                             vm->machine,       vm->nvram,          vm->tpm,
                             vm->viommu,        vm->hugepages,      vm->pinning,
                             vm->numa,          vm->mmio,           vm->kernel,
                             vm->initrd,        vm->cmdline,        vm->serial_log,
                             vm->emulator,      vm->stop_services,  vm->display.graphics,
                             vm->display.video, vm->display.listen, vm->sound.model,
                             vm->sound.backend};
    GPtrArray *const arrays[] = {vm->devices, vm->usbs, vm->disks, vm->networks, vm->shares, vm->shmems};

    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_ptr_array_unref(arrays[i]);
    g_free(vm);
}

VvVmDevice *vv_vm_add_device(VvVm *vm, const char *name)
{
    VvVmDevice *device = g_new0(VvVmDevice, 1);

    device->name = g_strdup(name);
    device->selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    device->vf.number = VV_VF_NAMED;
    device->rombar = TRUE;
    device->rom = g_strdup("auto");
    device->allow = g_new0(char *, 1);
    device->reset = g_strdup("auto");
    device->ids = (VvVmIds){-1, -1, -1, -1};
    device->functions = g_array_new(FALSE, TRUE, sizeof(VvVmFunction));
    g_array_set_clear_func(device->functions, function_clear);
    g_ptr_array_add(vm->devices, device);
    return device;
}

VvVmUsb *vv_vm_add_usb(VvVm *vm, const char *name)
{
    VvVmUsb *usb = g_new0(VvVmUsb, 1);

    usb->name = g_strdup(name);
    usb->vendor = usb->product = -1;
    g_ptr_array_add(vm->usbs, usb);
    return usb;
}

VvVmDisk *vv_vm_add_disk(VvVm *vm, const char *name)
{
    VvVmDisk *disk = g_new0(VvVmDisk, 1);

    disk->name = g_strdup(name);
    disk->discard = disk->iothread = -1;
    g_ptr_array_add(vm->disks, disk);
    return disk;
}

VvVmNetwork *vv_vm_add_network(VvVm *vm, const char *name)
{
    VvVmNetwork *network = g_new0(VvVmNetwork, 1);

    network->name = g_strdup(name);
    network->model = g_strdup("virtio");
    network->vf.number = VV_VF_NAMED;
    network->trust = network->spoofchk = network->vf_link = -1;
    g_ptr_array_add(vm->networks, network);
    return network;
}

VvVmShare *vv_vm_add_share(VvVm *vm, const char *name)
{
    VvVmShare *share = g_new0(VvVmShare, 1);

    share->name = g_strdup(name);
    g_ptr_array_add(vm->shares, share);
    return share;
}

VvVmShmem *vv_vm_add_shmem(VvVm *vm, const char *name)
{
    VvVmShmem *shmem = g_new0(VvVmShmem, 1);

    shmem->name = g_strdup(name);
    g_ptr_array_add(vm->shmems, shmem);
    return shmem;
}
