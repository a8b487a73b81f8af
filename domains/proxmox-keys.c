/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include "domains/ini.h"

#include <string.h>

#define CLOUD_INIT                                                                                           \
    "for cloud-init, whose drive Proxmox makes anew; put it into a seed image of your own "                  \
    "(cloud-localds(1))"
#define NOT_HERE "only Proxmox's own business"
#define NEVER_MIGRATES "a guest with real devices cannot migrate"

/* Exactly one of `handler`, `elsewhere` and `why`; `usual` besides `why`: a value for which there is nothing
 * to lose, and the sentence for it. */
typedef struct {
    const char *name;
    guint count; /* 0: without a number behind it */
    VvPveHandler handler;
    gboolean elsewhere; /* handled with others before or after the table */
    const char *why;    /* dropped, because */
    const char *usual, *usual_why;
} Key;

/* In the order in which they are handled: each may use what those before it have decided. */
static const Key keys[] = {
    {.name = "smp", .elsewhere = TRUE},
    {.name = "sockets", .elsewhere = TRUE},
    {.name = "cores", .elsewhere = TRUE},
    {.name = "vcpus", .elsewhere = TRUE},
    {.name = "boot", .elsewhere = TRUE},
    {.name = "bootdisk", .elsewhere = TRUE},
    {.name = "name", .handler = vv_pve_name},
    {.name = "description", .handler = vv_pve_description_key},
    {.name = "ostype", .handler = vv_pve_ostype},
    {.name = "machine", .handler = vv_pve_machine},
    {.name = "bios", .handler = vv_pve_bios},
    {.name = "efidisk", .count = 1, .handler = vv_pve_efidisk},
    {.name = "tpmstate", .count = 1, .handler = vv_pve_tpmstate},
    {.name = "smbios1", .handler = vv_pve_smbios},
    {.name = "vmgenid", .handler = vv_pve_vmgenid},
    {.name = "onboot", .handler = vv_pve_onboot},
    {.name = "memory", .handler = vv_pve_memory},
    {.name = "balloon", .handler = vv_pve_balloon},
    {.name = "hugepages", .handler = vv_pve_hugepages},
    {.name = "numa", .handler = vv_pve_numa},
    {.name = "numa", .count = 8, .handler = vv_pve_numa_node},
    {.name = "affinity", .handler = vv_pve_affinity},
    {.name = "cpu", .handler = vv_pve_cpu},
    {.name = "hostpci", .count = 16, .handler = vv_pve_hostpci},
    {.name = "usb", .count = 14, .handler = vv_pve_usb},
    {.name = "virtio", .count = 16, .handler = vv_pve_disk},
    {.name = "scsi", .count = 31, .handler = vv_pve_disk},
    {.name = "sata", .count = 6, .handler = vv_pve_disk},
    {.name = "ide", .count = 4, .handler = vv_pve_disk},
    {.name = "cdrom", .handler = vv_pve_disk},
    {.name = "net", .count = 32, .handler = vv_pve_net},
    {.name = "vga", .handler = vv_pve_vga},
    {.name = "audio", .count = 1, .handler = vv_pve_audio},
    {.name = "serial", .count = 4, .handler = vv_pve_serial},
    {.name = "ivshmem", .handler = vv_pve_ivshmem},
    {.name = "args", .handler = vv_pve_args},
    {.name = "kvm", .handler = vv_pve_kvm},
    {.name = "agent", .handler = vv_pve_agent},
    {.name = "scsihw", .handler = vv_pve_scsihw},
    {.name = "virtiofs", .count = 10, .handler = vv_pve_virtiofs},
    {.name = "arch", .handler = vv_pve_arch},
    {.name = "unused", .count = 256, .why = "a volume that the VM does not use; it stays where it is"},
    {.name = "parallel", .count = 3, .why = "a VM file has no parallel ports"},
    {.name = "rng", .count = 1, .why = "a VM file has no such key; x86 guests have the CPU's own (RDRAND)"},
    {.name = "watchdog", .why = "a VM file has no such key; after 'define', virsh edit can add one"},
    {.name = "acpi",
     .why = "a guest with real devices has ACPI",
     .usual = "1",
     .usual_why = "every guest has ACPI"},
    {.name = "tablet",
     .why = "libvirt's display decides about the tablet",
     .usual = "1",
     .usual_why = "libvirt's display decides about the tablet"},
    {.name = "localtime", .why = "os decides: Windows' clock runs in local time, all others' in UTC"},
    {.name = "reboot",
     .why = "a guest that reboots does so; with reboot: 0 Proxmox stopped it",
     .usual = "1",
     .usual_why = "a guest may reboot"},
    {.name = "freeze",
     .why = "a guest always starts to run",
     .usual = "0",
     .usual_why = "a guest starts to run at once"},
    {.name = "tdf",
     .why = "the guest's clocks are chosen by os",
     .usual = "0",
     .usual_why = "the guest's clocks are chosen by os"},
    {.name = "startdate",
     .why = "the guest's clock begins with the host's time",
     .usual = "now",
     .usual_why = "the guest's clock begins with the host's time"},
    {.name = "hookscript",
     .why = "Proxmox's phases and arguments are others than libvirt's; virt-vfio does what most such scripts "
            "do (bind and "
            "release devices); for the rest use libvirt's hooks (/etc/libvirt/hooks/qemu.d)"},
    {.name = "startup",
     .why = "libvirt starts what has autostart without an order; libvirt-guests(8) has delays"},
    {.name = "autostart", .why = "ignored by Proxmox too"},
    {.name = "template",
     .why = "its disks are bases for clones: make copies before a guest writes to them; 'define --set' makes "
            "many VMs from one file",
     .usual = "0",
     .usual_why = "no template"},
    {.name = "lock",
     .why = "Proxmox was or is working on this VM: let that end before its disks are used here"},
    {.name = "protection", .why = "nothing here removes disks"},
    {.name = "keephugepages", .why = "virt-vfio leaves the host's pool of huge pages as it is"},
    {.name = "hotplug", .why = "libvirt decides by device; 'virt-vfio attach --live' plugs cards in"},
    {.name = "keyboard", .why = "the viewer's own layout is used"},
    {.name = "spice_enhancements", .why = "a VM file has no such key"},
    {.name = "shares", .why = "only for a balloon, which a guest with real devices has not"},
    {.name = "cpulimit",
     .why = "a VM file has no limits for CPUs; after 'define': virsh schedinfo DOMAIN --set vcpu_quota=",
     .usual = "0",
     .usual_why = "no limit"},
    {.name = "cpuunits",
     .why = "a VM file has no weights; after 'define': virsh schedinfo DOMAIN --set cpu_shares="},
    {.name = "allow-ksm",
     .why = "pinned memory can be merged all the same; turn it off in the guest's XML (nosharepages)",
     .usual = "1",
     .usual_why = "QEMU's default"},
    {.name = "amd-sev",
     .why = "devices cannot reach a guest's encrypted memory without more than virt-vfio sets up"},
    {.name = "intel-tdx",
     .why = "devices cannot reach a guest's encrypted memory without more than virt-vfio sets up"},
    {.name = "migrate_downtime", .why = NEVER_MIGRATES},
    {.name = "migrate_speed", .why = NEVER_MIGRATES},
    {.name = "meta", .why = NOT_HERE ": when the VM was made"},
    {.name = "tags", .why = NOT_HERE},
    {.name = "digest", .why = NOT_HERE ", from 'qm config'"},
    {.name = "parent", .why = NOT_HERE ": the snapshot before now"},
    {.name = "snaptime", .why = NOT_HERE},
    {.name = "snapstate", .why = NOT_HERE},
    {.name = "vmstate",
     .why = "the memory of a VM that sleeps cannot be moved; shut it down in Proxmox first"},
    {.name = "vmstatestorage", .why = NOT_HERE},
    {.name = "runningmachine", .why = NOT_HERE},
    {.name = "runningcpu", .why = NOT_HERE},
    {.name = "running-nets-host-mtu", .why = NOT_HERE},
    {.name = "cicustom", .why = CLOUD_INIT},
    {.name = "cipassword", .why = CLOUD_INIT},
    {.name = "citype", .why = CLOUD_INIT},
    {.name = "ciupgrade", .why = CLOUD_INIT},
    {.name = "ciuser", .why = CLOUD_INIT},
    {.name = "ipconfig", .count = 32, .why = CLOUD_INIT},
    {.name = "nameserver", .why = CLOUD_INIT},
    {.name = "searchdomain", .why = CLOUD_INIT},
    {.name = "sshkeys", .why = CLOUD_INIT},
};

const char *vv_proxmox_key_name(guint index, guint *ret_count)
{
    if (index >= G_N_ELEMENTS(keys))
        return NULL;
    *ret_count = keys[index].count;
    return keys[index].name;
}

static gboolean handle(VvPve *pve, const Key *known, const VvPveKey *key, GError **error)
{
    g_hash_table_add(pve->handled, key->name);
    if (known->handler)
        return known->handler(pve, key, error);
    if (known->usual && g_str_equal(key->value, known->usual))
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "%s", known->usual_why);
    else if (known->why)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "%s", known->why);
    return TRUE;
}

static gboolean handle_all(VvPve *pve, const Key *known, GError **error)
{
    g_autofree const VvPveKey **found = g_new0(const VvPveKey *, MAX(known->count, 1));
    guint number = 0;

    for (guint i = 0; i < pve->file->main->keys->len; i++) {
        const VvPveKey *key = pve->file->main->keys->pdata[i];
        if (vv_pve_name_matches(key->name, known->name, known->count, &number))
            found[number] = key;
    }
    for (guint i = 0; i < MAX(known->count, 1); i++)
        if (found[i] && !handle(pve, known, found[i], error))
            return FALSE;
    return TRUE;
}

static void report_unknown(VvPve *pve)
{
    const char *names[G_N_ELEMENTS(keys) + 1] = {0};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        names[i] = keys[i].name;
    for (guint i = 0; i < pve->file->main->keys->len; i++) {
        const VvPveKey *key = pve->file->main->keys->pdata[i];
        g_autofree char *hint = NULL;

        if (g_hash_table_contains(pve->handled, key->name))
            continue;
        /* A file of 1 MiB could have 200,000 of them, each compared with every name. */
        hint = pve->file->main->keys->len < 1000 ? vv_did_you_mean(key->name, names) : g_strdup("");
        vv_pve_say(pve, key, NULL, VV_PROXMOX_UNKNOWN,
                   "no key of Proxmox's that is known here; it was not taken%s", hint);
    }
}

gboolean vv_pve_handle_keys(VvPve *pve, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (!handle_all(pve, &keys[i], error))
            return FALSE;
    report_unknown(pve);
    return TRUE;
}
