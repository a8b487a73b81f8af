/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"

#include "vfio/bars.h"

#define GIB (G_GUINT64_CONSTANT(1) << 30)
/* Both OVMF's window (OvmfPkg's PcdPciMmio64Size) and that of QEMU's q35
 * (Q35_PCI_HOST_HOLE64_SIZE_DEFAULT). An OVMF of 2022-11 or later makes its own larger where it knows the
 * CPU's address width; saying it does no harm then. */
#define DEFAULT_WINDOW (32 * GIB)
/* For the 64-bit BARs of emulated devices and the windows of root ports beside the cards'. */
#define HEADROOM GIB
/* OVMF takes no X-PciMmio64Mb above 16 TiB (OvmfPkg/Library/PlatformInitLib/MemDetect.c). */
#define MAX_WINDOW (16384 * GIB)

static guint64 power_of_two(guint64 size)
{
    guint64 power = 1;

    while (power < size && power <= G_MAXUINT64 / 2)
        power *= 2;
    return power;
}

static void add_node(GArray *nodes, int node)
{
    guint id = (guint)node;

    for (guint i = 0; i < nodes->len; i++)
        if (g_array_index(nodes, guint, i) == id)
            return;
    if (node >= 0)
        g_array_append_val(nodes, id);
}

void vv_place_devices(VvPlace *place)
{
    const VvHost *host = place->host->host;

    for (guint i = 0; host && i < place->vm->devices->len; i++) {
        const VvVmDevice *card = place->vm->devices->pdata[i];
        guint64 bytes = 0;

        for (guint f = 0; f < card->functions->len; f++) {
            VvDevice *device = vv_host_find(host, g_array_index(card->functions, VvVmFunction, f).host);

            if (!device)
                continue;
            vv_device_read_details(vv_host_sysfs(host), device);
            add_node(place->device_nodes, device->numa_node);
            bytes += vv_device_mmio64(vv_host_sysfs(host), device);
        }
        /* Its root port's window is aligned to the largest BAR, and so is what lies beside it. */
        place->mmio64 += bytes ? power_of_two(bytes) : 0;
    }
}

/* What the window and the memory below it need of the address space; a window is aligned to its size. */
static gboolean fits(const VvPlace *place, guint64 window)
{
    const VvTopology *topology = place->host->topology;
    guint64 memory = place->vm->memory_kib * 1024 + 4 * GIB;

    return !topology || !topology->physical_bits || topology->physical_bits >= 63 ||
           (memory + window - 1) / window * window + window <= G_GUINT64_CONSTANT(1)
                                                                   << topology->physical_bits;
}

void vv_tuning_mmio(VvTuning *tuning, const VvPlace *place)
{
    const char *said = vv_tuning_said(place->vm->mmio);
    guint64 window = power_of_two(place->mmio64 + HEADROOM), kib = 0;

    if (said && vv_size_parse(said, &kib))
        window = power_of_two(kib * 1024);
    else if (window <= DEFAULT_WINDOW)
        return;
    if (window > MAX_WINDOW) {
        vv_tuning_note(tuning,
                       "a window of %" G_GUINT64_FORMAT " GiB for the devices' memory: 16384 is the most",
                       window / GIB);
        window = MAX_WINDOW;
    }
    if (!fits(place, window))
        vv_tuning_note(tuning,
                       "the devices' memory needs a window of %" G_GUINT64_FORMAT
                       " GiB, and this host's CPU has addresses of %u bits only: the guest may not start",
                       window / GIB, place->host->topology->physical_bits);
    tuning->pcihole64_kib = window / 1024;
    if (place->vm->firmware != VV_FIRMWARE_BIOS)
        tuning->ovmf_mmio64_mib = window / (1024 * 1024);
}
