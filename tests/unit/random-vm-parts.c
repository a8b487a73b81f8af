/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random-vm.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static guint up_to(GRand *random, guint max)
{
    return (guint)g_rand_int_range(random, 0, (gint32)max + 1);
}

static void set(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static gint tristate(GRand *random)
{
    return g_rand_int_range(random, -1, 2);
}

/* Numbers are not there twice: `next` counts over the whole VM. */
static gint boot(GRand *random, gint *next)
{
    switch (up_to(random, 3)) {
    case 0:
        return (*next)++;
    case 1:
        return VV_BOOT_NO;
    default:
        return VV_BOOT_AUTO;
    }
}

/* A slot of the host of its own for each card. */
static void random_selectors(VvVmDevice *device, GRand *random, guint index, gboolean whole_slot)
{
    guint first = up_to(random, 3), count = 1 + up_to(random, 3);
    VvAddress slot = {.segment = random_one_in(random, 10) ? 0x10000 : 0,
                      .bus = (guint8)(1 + index),
                      .slot = (guint8)up_to(random, 31)};

    for (guint i = 0; i < (whole_slot ? 1 : count); i++) {
        VvSelector selector = {.address = slot, .whole_slot = whole_slot};

        selector.address.function = whole_slot ? 0 : (guint8)(first + i);
        g_array_append_val(device->selectors, selector);
    }
}

/* A VF's address in place of a slot: without a host that is all there is. */
static void random_vf(VvVmVf *vf, guint8 bus, guint index)
{
    vf->address =
        (VvAddress){.bus = bus, .slot = (guint8)(0x10 + (index >> 3)), .function = (guint8)(index & 7)};
    vf->word = vv_address_dup(vf->address);
}

static void random_policy(VvVmDevice *device, GRand *random)
{
    VvAddress first =
        device->vf.word ? device->vf.address : g_array_index(device->selectors, VvSelector, 0).address;
    char text[VV_ADDRESS_TEXT];

    if (random_flag(random))
        set(&device->reset, random_word(random, WORDS("none", "flr", "flr pm bus", "device_specific acpi")));
    device->quarantine = random_flag(random);
    if (random_flag(random)) {
        g_strfreev(device->allow);
        device->allow = g_new0(char *, 3);
        device->allow[0] = g_strdup("display-active");
        device->allow[1] = g_strconcat("claimed=", vv_address_format(first, text), NULL);
    }
    if (random_flag(random))
        device->ids = (VvVmIds){0x10de, g_rand_int_range(random, -1, 0x10000), 0, 0xffff};
}

static void random_place(VvVmDevice *device, GRand *random, guint index)
{
    device->layout = (VvLayout)up_to(random, 2);
    if (device->layout == VV_LAYOUT_SEPARATE || !random_flag(random))
        return;
    device->has_guest_address = TRUE;
    /* On bus 0 away from where libvirt puts its own; else each behind the root port of a number of its own.
     */
    if (random_flag(random) && index < 8)
        device->guest_address.slot = (guint8)(0x10 + index);
    else
        device->guest_address.bus = (guint8)(index + 20);
}

void random_devices(VvVm *vm, GRand *random, gboolean whole_slots)
{
    guint count = random_one_in(random, 20) ? 32 : up_to(random, 5);
    guint x_vga = up_to(random, 5);
    gint next = 1;

    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("%s%u", random_flag(random) ? "c.a-r_d" : "gpu", i);
        VvVmDevice *device = vv_vm_add_device(vm, name);

        if (random_one_in(random, 8))
            random_vf(&device->vf, 0x81, i);
        else
            random_selectors(device, random, i, whole_slots && random_flag(random));
        device->x_vga = i == x_vga;
        device->igd_opregion = random_one_in(random, 8);
        device->rombar = !random_flag(random);
        if (random_flag(random)) {
            g_free(device->rom);
            device->rom = random_flag(random) ? g_strdup("none") : random_path(random, ",", ".rom");
        }
        device->boot = boot(random, &next);
        random_policy(device, random);
        random_place(device, random, i);
    }
}

static void random_usbs(VvVm *vm, GRand *random)
{
    for (guint i = 0, count = up_to(random, 3); i < count; i++) {
        g_autofree char *name = g_strdup_printf("stick.%u", i);
        VvVmUsb *usb = vv_vm_add_usb(vm, name);

        usb->optional = random_flag(random);
        if (random_flag(random)) {
            usb->bus = 1 + i;
            usb->port = g_strdup(random_word(random, WORDS("1", "4.2", "1.2.3.4.5.255")));
        } else {
            usb->vendor = (gint)up_to(random, 0xffff);
            usb->product = (gint)i;
        }
    }
}

static void random_image(VvVmDisk *disk, GRand *random, guint index)
{
    g_autofree char *number = g_strdup_printf(".%u", index);
    g_autofree char *base = random_path(random, "", number);
    const char *ending = random_word(random, WORDS(".qcow2", ".raw", ".img", ".ISO", ".vdi", ""));

    disk->path =
        random_flag(random) ? g_strdup_printf("/dev/vg/lv%u", index) : g_strconcat(base, ending, NULL);
    disk->format = g_strdup(random_word(random, WORDS("qcow2", "raw")));
}

static void random_disk(VvVmDisk *disk, GRand *random, guint index)
{
    gboolean virtio, sata, scsi;

    disk->cdrom = random_flag(random);
    if (!disk->cdrom || random_flag(random))
        random_image(disk, random, index);
    disk->bus = g_strdup(random_word(random, disk->cdrom ? WORDS("sata", "scsi", "usb")
                                                         : WORDS("virtio", "sata", "scsi", "usb")));
    virtio = g_str_equal(disk->bus, "virtio");
    sata = g_str_equal(disk->bus, "sata");
    scsi = g_str_equal(disk->bus, "scsi");
    if (random_flag(random))
        set(&disk->cache, random_word(random, WORDS("none", "writethrough", "writeback", "unsafe")));
    disk->discard = disk->cdrom ? -1 : tristate(random);
    disk->iothread = virtio || scsi ? tristate(random) : -1;
    disk->readonly = (disk->cdrom || !sata) && random_flag(random);
    disk->ssd = !disk->cdrom && (sata || scsi) && random_flag(random);
    if (random_flag(random))
        set(&disk->serial, random_word(random, WORDS("S4EWNX0", "a b.c_d+e-f", "12345678901234567890")));
}

static void random_settings(VvVmNetwork *network, GRand *random)
{
    network->trust = tristate(random);
    network->spoofchk = tristate(random);
    network->vf_link = (gint)up_to(random, 3) - 1;
    if (random_flag(random))
        network->rate = g_strdup(random_word(random, WORDS("0", "1000", "10000,2500")));
}

static void random_source(VvVmNetwork *network, GRand *random, guint index)
{
    switch (up_to(random, 3)) {
    case 0:
        network->bridge = g_strdup(random_word(random, WORDS("br0", "vmbr_1.20-a")));
        break;
    case 1:
        network->network = random_text(random, 200);
        g_strdelimit(network->network, "/", '_');
        break;
    case 2:
        network->user = TRUE;
        return;
    default:
        random_vf(&network->vf, 0x80, index);
        random_settings(network, random);
    }
    if (random_flag(random))
        network->vlan = 1 + up_to(random, 4093);
}

static void random_network(VvVmNetwork *network, GRand *random, guint index)
{
    random_source(network, random, index);
    if (random_flag(random))
        network->mac = g_strdup_printf("52:54:00:%02x:0f:%02x", up_to(random, 255), index);
    if (network->vf.word) {
        network->qos = network->vlan && random_flag(random) ? up_to(random, 7) : 0;
        return;
    }
    set(&network->model, random_word(random, WORDS("virtio", "e1000e", "virtio", "rtl8139")));
    if (!network->user && g_str_equal(network->model, "virtio") && random_flag(random))
        network->queues = 1 + up_to(random, 255);
    if (!network->user && random_flag(random))
        network->mtu = 68 + up_to(random, 9000);
    network->link_down = random_flag(random);
}

/* The first VF and the first card that can stand in for it. */
static void random_team(VvVm *vm, GRand *random)
{
    VvVmNetwork *vf = NULL, *emulated = NULL;

    for (guint i = vm->networks->len; i > 0; i--) {
        VvVmNetwork *network = vm->networks->pdata[i - 1];

        if (network->vf.word)
            vf = network;
        else if (g_str_equal(network->model, "virtio"))
            emulated = network;
    }
    if (!vf || !emulated || random_flag(random))
        return;
    vf->teaming = g_strdup(emulated->name);
    set(&vf->mac, "52:54:00:00:aa:01");
    set(&emulated->mac, "52:54:00:00:aa:01");
}

static void random_display(VvVm *vm, GRand *random)
{
    VvVmDisplay *display = &vm->display;

    set(&display->graphics, random_word(random, WORDS("auto", "none", "vnc", "spice")));
    set(&display->video, random_word(random, WORDS("auto", "vga", "virtio", "qxl", "bochs")));
    if (!g_str_equal(display->graphics, "none") && random_flag(random)) {
        set(&display->listen, random_word(random, WORDS("0.0.0.0", "127.0.0.1", "::1", "fe80::1")));
        display->port = random_flag(random) ? 5900 + up_to(random, 59635) : 0;
    }
    if (!random_flag(random))
        return;
    set(&vm->sound.model, random_word(random, WORDS("ich9", "ac97", "usb", "virtio")));
    if (random_flag(random))
        set(&vm->sound.backend, g_str_equal(display->graphics, "spice") ? "spice" : "pulseaudio");
}

static void random_shares(VvVm *vm, GRand *random)
{
    for (guint i = 0, count = random_flag(random) ? up_to(random, 3) : 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("s%u", i);
        VvVmShare *share = vv_vm_add_share(vm, name);

        share->path = random_one_in(random, 9) ? g_strdup("/") : random_path(random, ",", "");
        share->tag = g_strdup_printf("%s%u", random_flag(random) ? "s" : "tag.", i);
        share->readonly = random_flag(random);
    }
    for (guint i = 0, count = random_flag(random) ? up_to(random, 3) : 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("looking-glass%u", i);

        vv_vm_add_shmem(vm, name)->size_kib = (guint64)1 << (10 + up_to(random, 16));
    }
}

void random_others(VvVm *vm, GRand *random)
{
    gint next = 100;

    random_usbs(vm, random);
    for (guint i = 0, count = up_to(random, 4); i < count; i++) {
        g_autofree char *name = g_strdup_printf("d%u", i);
        VvVmDisk *disk = vv_vm_add_disk(vm, name);

        random_disk(disk, random, i);
        disk->boot = boot(random, &next);
    }
    for (guint i = 0, count = up_to(random, 4); i < count; i++) {
        g_autofree char *name = g_strdup_printf("n%u", i);
        VvVmNetwork *network = vv_vm_add_network(vm, name);

        random_network(network, random, i);
        network->boot = boot(random, &next);
    }
    random_team(vm, random);
    random_display(vm, random);
    random_shares(vm, random);
}
