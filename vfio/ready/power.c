/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <string.h>

static void check_governor(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *governor =
        vv_sysfs_read(ready->sysfs, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    VvReadyRow *row;

    if (!governor) {
        vv_ready_add(rows, "governor", VV_READY_INFO, "this host shows no frequency scaling");
        return;
    }
    row = vv_ready_add(rows, "governor", VV_READY_INFO, "%s (cpufreq/scaling_governor)", governor);
    if (strcmp(governor, "powersave") == 0 &&
        !vv_sysfs_exists(ready->sysfs, "sys/devices/system/cpu/intel_pstate") &&
        !vv_sysfs_exists(ready->sysfs, "sys/devices/system/cpu/amd_pstate"))
        row->remedy =
            g_strdup("it keeps CPUs at their lowest frequency; for guests: schedutil or performance");
}

/* Documentation/ABI/testing/sysfs-bus-pci, d3cold_allowed; drivers/vfio/pci/vfio_pci.c, disable_idle_d3. */
static void check_power(const VvReadyHost *ready, GPtrArray *rows)
{
    const GPtrArray *devices = ready->host ? vv_host_devices(ready->host) : NULL;
    g_autofree char *idle = vv_sysfs_read(ready->sysfs, "sys/module/vfio_pci/parameters/disable_idle_d3");
    guint cards = 0, cold = 0;

    for (guint i = 0; devices && i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        g_autofree char *path = vv_device_path(device, "d3cold_allowed");
        gint64 allowed = 0;
        if (device->kind != VV_KIND_GPU || !vv_sysfs_read_number(ready->sysfs, path, &allowed))
            continue;
        cards++;
        cold += allowed == 1;
    }
    if (!cards) {
        vv_ready_add(rows, "power", VV_READY_INFO, "no graphics card shows d3cold_allowed");
        return;
    }
    g_autofree char *count = vv_ready_count(cards, "graphics card");
    vv_ready_add(rows, "power", VV_READY_INFO, "D3cold is allowed for %u of %s (d3cold_allowed)%s", cold,
                 count,
                 !idle          ? ""
                 : *idle == 'Y' ? "; vfio-pci keeps unused cards awake (disable_idle_d3)"
                                : "; vfio-pci lets unused cards sleep");
}

void vv_ready_check_power(const VvReadyHost *ready, GPtrArray *rows)
{
    check_governor(ready, rows);
    check_power(ready, rows);
}
