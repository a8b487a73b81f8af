/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include <string.h>

/* What must be there once only: its text → the VvIniSection that has it. */
typedef struct {
    const VvIni *ini;
    GHashTable *seen;
} Once;

static gboolean once(Once *set, const char *type, const char *name, const char *key, const char *what,
                     GError **error)
{
    const VvIni *ini = set->ini;
    const VvIniSection *section = vv_ini_section(ini, type, name);
    const VvIniSection *before = g_hash_table_lookup(set->seen, what);

    if (before)
        return VV_BAD(key, "[%s %s] has the same", before->type, before->name);
    g_hash_table_insert(set->seen, g_strdup(what), (gpointer)section);
    return TRUE;
}

static gboolean boot_once(Once *set, const char *type, const char *name, gint boot, GError **error)
{
    g_autofree char *what = g_strdup_printf("boot %d", boot);

    return boot <= 0 || once(set, type, name, "boot", what, error);
}

static gboolean check_boot(const VvVm *vm, Once *set, GError **error)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        if (!boot_once(set, "device", device->name, device->boot, error))
            return FALSE;
    }
    for (guint i = 0; i < vm->disks->len; i++) {
        const VvVmDisk *disk = vm->disks->pdata[i];

        if (!boot_once(set, "disk", disk->name, disk->boot, error))
            return FALSE;
    }
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        if (!boot_once(set, "network", network->name, network->boot, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_names(const VvVm *vm, Once *set, GError **error)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        /* A VF has the MAC of the card that stands in for it. */
        if (network->mac && !network->teaming &&
            !once(set, "network", network->name, "mac", network->mac, error))
            return FALSE;
    }
    for (guint i = 0; i < vm->shares->len; i++) {
        const VvVmShare *share = vm->shares->pdata[i];
        g_autofree char *what = g_strconcat("tag ", share->tag, NULL);

        if (!once(set, "share", share->name, "tag", what, error))
            return FALSE;
    }
    for (guint i = 0; i < vm->disks->len; i++) {
        const VvVmDisk *disk = vm->disks->pdata[i];

        /* A disc can be in two drives; a disk that two drives write to is broken soon. */
        if (disk->path && !disk->cdrom && !disk->readonly &&
            !once(set, "disk", disk->name, "path", disk->path, error))
            return FALSE;
    }
    return TRUE;
}

static const VvVmDevice *card_with(const VvVm *vm, VvAddress address)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        for (guint s = 0; s < device->selectors->len; s++) {
            const VvSelector *selector = &g_array_index(device->selectors, VvSelector, s);

            if (selector->whole_slot ? vv_address_same_slot(selector->address, address)
                                     : vv_address_equal(selector->address, address))
                return device;
        }
    }
    return NULL;
}

/* Whether an address is a VF's, of which there is one, or a PF's, whose pool many may use, shows when it is
 * resolved. */
static gboolean check_vfs(const VvVm *vm, Once *set, GError **error)
{
    const VvIni *ini = set->ini;

    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];
        const VvIniSection *section = vv_ini_section(ini, "network", network->name);
        const VvVmDevice *card =
            network->vf.word && network->vf.number < 0 ? card_with(vm, network->vf.address) : NULL;

        if (card)
            return VV_BAD("vf", "%s is in [device %s] already", network->vf.word, card->name);
        if (network->vf.number >= 0 && !once(set, "network", network->name, "vf", network->vf.word, error))
            return FALSE;
    }
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        if (device->vf.number >= 0 && !once(set, "device", device->name, "vf", device->vf.word, error))
            return FALSE;
    }
    return TRUE;
}

/* In all: pcie.0 has room for about 230 root ports. Of SATA, libvirt adds controllers of 6 ports as needed.
 * Of USB, QEMU's xHCI has 15 ports, one of which a tablet needs; hubs of QEMU's are USB 1.1. */
#define MAX_PCI 200
#define MAX_DISKS 256
#define MAX_SATA 24
#define MAX_USB 14

static gboolean check_numbers(const VvVm *vm, const VvIni *ini, GError **error)
{
    const VvIniSection *section = vv_ini_section(ini, "vm", NULL);
    guint pci = vm->devices->len + vm->networks->len + vm->shares->len + vm->shmems->len;
    guint usb = vm->usbs->len, sata = 0;

    for (guint i = 0; i < vm->disks->len; i++) {
        const char *bus = ((const VvVmDisk *)vm->disks->pdata[i])->bus;

        pci += g_str_equal(bus, "virtio");
        sata += g_str_equal(bus, "sata");
        usb += g_str_equal(bus, "usb");
    }
    if (pci > MAX_PCI)
        return VV_BAD(NULL, "%u PCI devices; the guest has slots for %d", pci, MAX_PCI);
    if (vm->disks->len > MAX_DISKS)
        return VV_BAD(NULL, "%u disks; %d can be", vm->disks->len, MAX_DISKS);
    if (sata > MAX_SATA)
        return VV_BAD(NULL, "%u disks with bus = sata; %d can be, and more with bus = scsi", sata, MAX_SATA);
    return usb <= MAX_USB ||
           VV_BAD(NULL, "%u USB devices; the guest's controller has ports for %d", usb, MAX_USB);
}

/* Here, because [display] may stand behind [sound]. */
static gboolean check_sound(const VvVm *vm, const VvIni *ini, GError **error)
{
    const VvIniSection *section = vv_ini_section(ini, "sound", NULL);

    return g_strcmp0(vm->sound.backend, "spice") != 0 || g_str_equal(vm->display.graphics, "spice") ||
           VV_BAD("backend", "needs a [display] with graphics = spice");
}

gboolean vv_vmfile_check_whole(const VvVm *vm, const VvIni *ini, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Once set = {.ini = ini, .seen = seen};

    return vv_vmfile_check_cards(vm, ini, error) && check_boot(vm, &set, error) &&
           check_names(vm, &set, error) && check_vfs(vm, &set, error) &&
           vv_vmfile_check_teams(vm, ini, error) && check_numbers(vm, ini, error) &&
           check_sound(vm, ini, error);
}
