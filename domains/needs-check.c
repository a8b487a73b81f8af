/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/needs.h"

#include "vfio/ready/link.h"

#include <string.h>

#define KIB_PER_GIB (1 << 20)

static guint64 meminfo_kib(const VvSysfs *sysfs, const char *key)
{
    g_autofree char *text = vv_sysfs_read(sysfs, "proc/meminfo");
    const char *found = text ? strstr(text, key) : NULL;

    return found ? g_ascii_strtoull(found + strlen(key), NULL, 10) : 0;
}

static char *size_text(guint64 kib)
{
    return kib % KIB_PER_GIB == 0 ? g_strdup_printf("%" G_GUINT64_FORMAT " GiB", kib / KIB_PER_GIB)
                                  : g_strdup_printf("%" G_GUINT64_FORMAT " MiB", kib >> 10);
}

/* VFIO pins all of a guest's memory when it starts: what is not free then cannot be lent. */
static void check_memory(const VvGuestNeeds *needs, const VvReadyHost *ready, gboolean pinned,
                         GPtrArray *rows)
{
    guint64 available = meminfo_kib(ready->sysfs, "MemAvailable:");
    g_autofree char *wants = size_text(needs->memory_kib), *has = size_text(available);

    if (needs->huge || !available)
        return;
    if (needs->memory_kib <= available) {
        vv_ready_add(rows, "memory", VV_READY_PASS, "the guest's %s fit into %s available (/proc/meminfo)",
                     wants, has);
        return;
    }
    VvReadyRow *row = vv_ready_add(rows, "memory", pinned ? VV_READY_FAIL : VV_READY_WARN,
                                   "the guest wants %s, and %s are available (/proc/meminfo)%s", wants, has,
                                   pinned ? "; with real devices all of it is pinned" : "");
    row->remedy = g_strdup("give the guest less memory, or end what uses the host's");
}

static guint64 free_kib(const VvTopology *topology, const GArray *nodes, guint64 page_kib)
{
    guint64 sum = 0;

    for (guint i = 0; i < topology->nodes->len; i++) {
        const VvNode *node = topology->nodes->pdata[i];
        const VvPagePool *pool = vv_node_pool(node, page_kib);
        if (pool && (!nodes || vv_cpulist_contains(nodes, node->id)))
            sum += pool->free * page_kib;
    }
    return sum;
}

static void check_place(const VvReadyHost *ready, const VvGuestPlace *place, guint64 page_kib,
                        GPtrArray *rows)
{
    guint64 free_here = free_kib(ready->topology, place->nodes, page_kib);
    g_autofree char *page = size_text(page_kib), *wants = size_text(place->kib), *has = size_text(free_here);
    g_autofree char *nodes = place->nodes ? vv_cpulist_format(place->nodes) : NULL;

    if (free_here >= place->kib) {
        vv_ready_add(rows, "huge", VV_READY_PASS, "the guest's %s fit into %s of free huge pages of %s%s%s",
                     wants, has, page, nodes ? " on node " : "", nodes ? nodes : "");
        return;
    }
    VvReadyRow *row = vv_ready_add(rows, "huge", VV_READY_FAIL,
                                   "the guest wants %s of huge pages of %s%s%s, and %s are free", wants, page,
                                   nodes ? " on node " : "", nodes ? nodes : "", has);
    guint64 pages = (place->kib + page_kib - 1) / page_kib;
    row->remedy =
        g_strdup_printf("virt-vfio setup --hugepages %" G_GUINT64_FORMAT "%s --apply, then reboot; or end "
                        "what uses them; or hugepages = none in the VM file",
                        pages, page_kib == KIB_PER_GIB ? ",1G" : ",2M");
}

static void check_huge(const VvGuestNeeds *needs, const VvReadyHost *ready, GPtrArray *rows)
{
    guint64 page_kib = needs->hugepage_kib ? needs->hugepage_kib : meminfo_kib(ready->sysfs, "Hugepagesize:");

    for (guint i = 0; needs->huge && page_kib && i < needs->places->len; i++)
        check_place(ready, needs->places->pdata[i], page_kib, rows);
}

static void check_cpus(const VvGuestNeeds *needs, const VvReadyHost *ready, GPtrArray *rows)
{
    guint online = ready->topology->cpus->len;
    g_autoptr(GArray) offline = g_array_new(FALSE, FALSE, sizeof(guint));
    VvReadyRow *row;

    for (guint i = 0; needs->pins && i < needs->pins->len; i++)
        if (!vv_topology_cpu(ready->topology, g_array_index(needs->pins, guint, i)))
            g_array_append_val(offline, g_array_index(needs->pins, guint, i));
    if (!online)
        return;
    if (offline->len) {
        g_autofree char *list = vv_cpulist_format(offline);
        row = vv_ready_add(rows, "cpus", VV_READY_FAIL,
                           "virtual CPUs are pinned to CPU %s, not online (/sys/devices/system/cpu/online)",
                           list);
        row->remedy = g_strdup(
            "pin them to CPUs that are there ('pinning = auto' in a VM file does), or bring these online");
    } else if (needs->vcpus > online) {
        row = vv_ready_add(rows, "cpus", VV_READY_WARN, "the guest has %u CPUs and this host %u",
                           needs->vcpus, online);
        row->remedy = g_strdup("give it fewer: CPUs that wait for each other are slow");
    } else
        vv_ready_add(rows, "cpus", VV_READY_PASS, "%u of this host's %u CPUs", needs->vcpus, online);
}

/* Nodes of the host on which the guest's CPUs and memory are for sure: guint, ascending. */
static GArray *nodes_of(const VvGuestNeeds *needs, const VvTopology *topology)
{
    GArray *nodes = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; needs->pins && i < needs->pins->len; i++) {
        const VvCpu *cpu = vv_topology_cpu(topology, g_array_index(needs->pins, guint, i));
        if (cpu && !vv_cpulist_contains(nodes, cpu->node))
            g_array_append_val(nodes, cpu->node);
    }
    for (guint i = 0; i < needs->places->len; i++) {
        const VvGuestPlace *place = needs->places->pdata[i];
        for (guint j = 0; place->nodes && j < place->nodes->len; j++)
            if (!vv_cpulist_contains(nodes, g_array_index(place->nodes, guint, j)))
                g_array_append_val(nodes, g_array_index(place->nodes, guint, j));
    }
    vv_cpulist_sort(nodes);
    return nodes;
}

static void check_numa(const VvGuestNeeds *needs, const VvReadyHost *ready, const GPtrArray *devices,
                       GPtrArray *rows)
{
    g_autoptr(GArray) nodes = nodes_of(needs, ready->topology);
    g_autofree char *list = vv_cpulist_format(nodes);
    guint far = 0, known = 0;

    if (ready->topology->nodes->len < 2)
        return;
    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        vv_device_read_details(ready->sysfs, device);
        known += device->numa_node >= 0;
        if (device->numa_node < 0 || (nodes->len && vv_cpulist_contains(nodes, (guint)device->numa_node)))
            continue;
        far++;
        VvReadyRow *row = nodes->len
                              ? vv_ready_add(rows, "numa", VV_READY_WARN,
                                             "%s is on node %d, and the guest's CPUs and memory on node %s",
                                             device->text, device->numa_node, list)
                              : vv_ready_add(rows, "numa", VV_READY_WARN,
                                             "%s is on node %d, and the guest may run anywhere", device->text,
                                             device->numa_node);
        row->remedy = g_strdup_printf(
            "pin its CPUs and memory to node %d ('pinning = auto', 'numa = auto' in a VM file "
            "do), or move the card to a slot of the other node",
            device->numa_node);
    }
    if (known && !far)
        vv_ready_add(rows, "numa", VV_READY_PASS, "devices, CPUs and memory are all on node %s", list);
}

/* All functions of a card share its link. */
static void check_links(const VvReadyHost *ready, const GPtrArray *devices, GPtrArray *rows)
{
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        gboolean first = TRUE;
        for (guint j = 0; j < i; j++) {
            const VvDevice *earlier = devices->pdata[j];
            VvAddress same = earlier->address;
            same.function = device->address.function;
            first = first && !vv_address_equal(same, device->address);
        }
        if (first)
            vv_ready_check_link(ready, device, rows);
    }
}

static gboolean is_there(const VvSysfs *sysfs, const char *path)
{
    while (path && *path == '/')
        path++;
    return path && vv_sysfs_exists(sysfs, path);
}

const char *vv_guest_firmware_folder(const VvSysfs *sysfs)
{
    static const char *const folders[] = {"etc/qemu/firmware", "usr/local/share/qemu/firmware",
                                          "usr/share/qemu/firmware"};

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folders[i]);
        for (guint j = 0; names && j < names->len; j++)
            if (g_str_has_suffix(names->pdata[j], ".json"))
                return folders[i];
    }
    return NULL;
}

static void check_firmware(const VvGuestNeeds *needs, const VvReadyHost *ready, GPtrArray *rows)
{
    const char *const files[] = {needs->loader, needs->vars};
    const char *folder = needs->efi && !needs->loader ? vv_guest_firmware_folder(ready->sysfs) : NULL;
    VvReadyRow *row;

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        if (!files[i] || is_there(ready->sysfs, files[i]))
            continue;
        row = vv_ready_add(rows, "firmware", VV_READY_FAIL, "the guest's %s %s is not there",
                           i ? "template of UEFI variables" : "firmware", files[i]);
        row->remedy = g_strdup("install OVMF (ovmf, edk2-ovmf), or let libvirt choose: <os firmware='efi'>");
        return;
    }
    if (needs->loader)
        vv_ready_add(rows, "firmware", VV_READY_PASS, "the guest's firmware is there: %s", needs->loader);
    else if (folder)
        vv_ready_add(rows, "firmware", VV_READY_PASS, "libvirt chooses the guest's UEFI (/%s)", folder);
    else if (needs->efi) {
        row = vv_ready_add(rows, "firmware", VV_READY_FAIL,
                           "the guest wants UEFI, and none is installed (/usr/share/qemu/firmware)");
        row->remedy = g_strdup("install OVMF (ovmf, edk2-ovmf)");
    } else
        vv_ready_add(rows, "firmware", VV_READY_INFO,
                     "the guest has a BIOS: cards need a legacy image in their ROM for a picture");
}

void vv_guest_needs_check(const VvGuestNeeds *needs, const VvReadyHost *ready, const GPtrArray *devices,
                          gboolean running, GPtrArray *rows)
{
    if (running) {
        vv_ready_add(rows, "memory", VV_READY_INFO, "the guest runs, and has its memory");
    } else {
        check_memory(needs, ready, devices->len > 0, rows);
        check_huge(needs, ready, rows);
    }
    check_cpus(needs, ready, rows);
    check_numa(needs, ready, devices, rows);
    check_links(ready, devices, rows);
    check_firmware(needs, ready, rows);
}
