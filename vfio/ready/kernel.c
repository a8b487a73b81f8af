/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/iommu.h"
#include "vfio/words.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* A configuration has some 300 KiB; a hostile config.gz of a recorded machine could unpack to anything. */
#define CONFIG_MOST (4 << 20)

/* /proc/config.gz (CONFIG_IKCONFIG_PROC, kernel/configs.c): on Arch and others the only place. */
static char *unpack(const VvSysfs *sysfs, const char *path)
{
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);
    gzFile file = fd < 0 ? NULL : gzdopen(fd, "rb");
    int length = 0;

    if (!file) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    g_autofree char *text = g_malloc(CONFIG_MOST + 1);
    length = gzread(file, text, CONFIG_MOST);
    gzclose(file);
    return length <= 0 ? NULL : g_strndup(text, (gsize)length);
}

char *vv_ready_kernel_config(const VvSysfs *sysfs, char **ret_path)
{
    g_autofree char *release = vv_ready_release(sysfs);
    const char *const formats[] = {"boot/config-%s", "lib/modules/%s/config", "usr/lib/modules/%s/config",
                                   "usr/lib/ostree-boot/config-%s"};
    char *config = NULL;

    for (guint i = 0; release && !config && i < G_N_ELEMENTS(formats); i++) {
        g_auto(GStrv) parts = g_strsplit(formats[i], "%s", 2);
        g_autofree char *path = g_strconcat(parts[0], release, parts[1], NULL);
        config = vv_sysfs_read_all(sysfs, path, CONFIG_MOST);
        if (config)
            *ret_path = g_strconcat("/", path, NULL);
    }
    if (!config && (config = unpack(sysfs, "proc/config.gz")))
        *ret_path = g_strdup("/proc/config.gz");
    return config;
}

char vv_ready_kernel_option(const char *config, const char *option)
{
    g_autofree char *key = g_strdup_printf("CONFIG_%s=", option);
    gsize length = strlen(key);

    for (const char *found = config; (found = strstr(found, key)); found++)
        if (found == config || found[-1] == '\n')
            return found[length] == 'y' || found[length] == 'm' ? found[length] : 'n';
    return 'n';
}

static void need(const char *config, const char *option, GPtrArray *missing)
{
    if (vv_ready_kernel_option(config, option) == 'n')
        g_ptr_array_add(missing, g_strdup_printf("CONFIG_%s", option));
}

/* From 6.2 on iommufd can do what vfio_iommu_type1 does; with VFIO_CONTAINER it even stands in for it
 * (drivers/iommu/iommufd/Kconfig), else a QEMU and libvirt are needed that speak to it. */
static void need_backend(const char *config, GPtrArray *missing)
{
    if (vv_ready_kernel_option(config, "VFIO_IOMMU_TYPE1") == 'n' &&
        (vv_ready_kernel_option(config, "IOMMUFD") == 'n' ||
         (vv_ready_kernel_option(config, "IOMMUFD_VFIO_CONTAINER") == 'n' &&
          vv_ready_kernel_option(config, "VFIO_DEVICE_CDEV") == 'n')))
        g_ptr_array_add(missing, g_strdup("CONFIG_VFIO_IOMMU_TYPE1"));
}

void vv_ready_check_kernel(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *path = NULL;
    g_autofree char *config = vv_ready_kernel_config(ready->sysfs, &path);
    const char *table = vv_iommu_table(ready->sysfs);
    g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);

    if (!config) {
        vv_ready_add(
            rows, "kconfig", VV_READY_INFO,
            "the running kernel's configuration is not shown (/boot/config-*, /proc/config.gz); see modules");
        return;
    }
    need(config, "VFIO", missing);
    need(config, "VFIO_PCI", missing);
    need_backend(config, missing);
    need(config, "KVM", missing);
    if (g_strcmp0(table, "DMAR") == 0)
        need(config, "INTEL_IOMMU", missing);
    if (g_strcmp0(table, "IVRS") == 0)
        need(config, "AMD_IOMMU", missing);
    if (ready->topology->vendor != VV_CPU_OTHER)
        need(config, "IRQ_REMAP", missing);
    if (!missing->len) {
        vv_ready_add(rows, "kconfig", VV_READY_PASS, "VFIO, its PCI driver and the IOMMU are built (%s)",
                     path);
        return;
    }
    g_autofree char *list = vv_words_join(missing, 4);
    VvReadyRow *row = vv_ready_add(rows, "kconfig", VV_READY_FAIL, "built without %s (%s)", list, path);
    row->remedy = g_strdup_printf("boot the kernel that %s brings, or one that is built with them",
                                  ready->stack->distribution);
}
