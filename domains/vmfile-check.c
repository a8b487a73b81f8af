/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include <string.h>

/* Each card needs a root port. pcie.0 has room for about 230; libvirt adds ports for other things. */
#define MAX_DEVICES 128

gboolean vv_vmfile_check_vm(const VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    if (vm->kernel || (!vm->initrd && !vm->cmdline))
        return TRUE;
    vv_ini_set_error(error, ini, section, vm->initrd ? "initrd" : "cmdline", "of no use without kernel");
    return FALSE;
}

static gboolean selected(const VvVmDevice *device, VvAddress address)
{
    for (guint i = 0; i < device->selectors->len; i++) {
        const VvSelector *selector = &g_array_index(device->selectors, VvSelector, i);

        if (selector->whole_slot ? vv_address_same_slot(selector->address, address)
                                 : vv_address_equal(selector->address, address))
            return TRUE;
    }
    return FALSE;
}

/* A word in one card's section must not let another card's reason pass. */
static gboolean check_allow(const VvVmDevice *device, const VvIni *ini, const VvIniSection *section,
                            GError **error)
{
    for (char **word = device->allow; *word; word++) {
        const char *equals = strchr(*word, '=');
        VvAddress address;

        if (!equals || (vv_address_parse(equals + 1, &address, NULL) && selected(device, address)))
            continue;
        vv_ini_set_error(error, ini, section, "allow",
                         "'%s': that address is not in this card's host =", *word);
        return FALSE;
    }
    return TRUE;
}

/* libvirt's aliases have no '.', so it becomes '_' there, and two cards must not meet. */
static gboolean same_alias(const char *a, const char *b)
{
    g_autofree char *first = g_strdelimit(g_strdup(a), ".", '_');
    g_autofree char *second = g_strdelimit(g_strdup(b), ".", '_');

    return g_str_equal(first, second);
}

gboolean vv_vmfile_check_device(const VvVm *vm, const VvVmDevice *device, const VvIni *ini,
                                const VvIniSection *section, GError **error)
{
    if (vm->devices->len > MAX_DEVICES) {
        vv_ini_set_error(error, ini, section, NULL, "more than %d cards; the guest has no slots for them",
                         MAX_DEVICES);
        return FALSE;
    }
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *other = vm->devices->pdata[i];

        if (other == device)
            continue;
        if (device->x_vga && other->x_vga) {
            vv_ini_set_error(error, ini, section, "x-vga",
                             "[device %s] has it too; only one card can be the guest's primary VGA",
                             other->name);
            return FALSE;
        }
        if (same_alias(device->name, other->name)) {
            vv_ini_set_error(error, ini, section, NULL,
                             "too like [device %s]: '.' and '_' are the same to libvirt", other->name);
            return FALSE;
        }
    }
    return check_allow(device, ini, section, error);
}

gboolean vv_vm_disk_is_block(const VvVmDisk *disk)
{
    return g_str_has_prefix(disk->path, "/dev/") && !g_str_has_prefix(disk->path, "/dev/shm/");
}

/* Never by looking into the image: its first bytes belong to the guest, which could make a raw disk look like
 * a qcow2 with any host file behind it. */
static const char *guess_format(const VvVmDisk *disk)
{
    static const char *const raw_endings[] = {".raw", ".img", ".iso"};
    g_autofree char *lower = g_ascii_strdown(disk->path, -1);

    if (g_str_has_suffix(lower, ".qcow2"))
        return "qcow2";
    if (vv_vm_disk_is_block(disk))
        return "raw";
    for (gsize i = 0; i < G_N_ELEMENTS(raw_endings); i++)
        if (g_str_has_suffix(lower, raw_endings[i]))
            return "raw";
    return NULL;
}

gboolean vv_vmfile_finish_disk(VvVmDisk *disk, const VvIni *ini, const VvIniSection *section, GError **error)
{
    if (!disk->bus)
        disk->bus = g_strdup(disk->cdrom ? "sata" : "virtio");
    if (disk->cdrom && g_str_equal(disk->bus, "virtio")) {
        vv_ini_set_error(error, ini, section, "bus", "virtio has no CD-ROM drives; sata and scsi have");
        return FALSE;
    }
    if (!disk->format)
        disk->format = g_strdup(guess_format(disk));
    if (disk->format)
        return TRUE;
    vv_ini_set_error(error, ini, section, "format",
                     "missing, and the ending of '%s' does not tell; raw or qcow2?", disk->path);
    return FALSE;
}

gboolean vv_vmfile_check_network(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                                 GError **error)
{
    if (!network->bridge == !network->network) {
        vv_ini_set_error(error, ini, section, network->bridge ? "bridge" : NULL,
                         network->bridge ? "network is given too; only one of them can be"
                                         : "needs bridge = or network =");
        return FALSE;
    }
    return TRUE;
}
