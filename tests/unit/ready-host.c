/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ready-host.h"

#include "test.h"

#include <glib/gstdio.h>

#define RELEASE "6.1.0-18-amd64"
#define MODULES "lib/modules/" RELEASE "/"

static const struct {
    const char *path, *text;
} common[] = {
    {"dev/kvm", ""},
    {"proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 intel_iommu=on iommu=pt quiet\n"},
    {"proc/sys/kernel/osrelease", RELEASE "\n"},
    {"proc/interrupts", "            CPU0\n   0:   12   IR-IO-APIC    2-edge      timer\n"},
    {"proc/iomem", "00000000-00000000 : PCI Bus 0000:00\n"},
    {"proc/meminfo", "MemTotal: 33554432 kB\nMemAvailable: 25165824 kB\nHugepagesize: 2048 kB\n"},
    {"sys/devices/system/cpu/online", "0-7\n"},
    {"boot/config-" RELEASE,
     "CONFIG_VFIO=m\nCONFIG_VFIO_PCI=m\nCONFIG_VFIO_IOMMU_TYPE1=m\nCONFIG_KVM=m\nCONFIG_INTEL_IOMMU=y\n"
     "CONFIG_AMD_IOMMU=y\nCONFIG_IRQ_REMAP=y\n"},
    {MODULES "modules.dep", "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n"
                            "kernel/drivers/vfio/vfio_iommu_type1.ko.xz: kernel/drivers/vfio/vfio.ko\n"},
    {MODULES "kernel/drivers/vfio/pci/vfio-pci.ko", ""},
    {MODULES "kernel/drivers/vfio/vfio_iommu_type1.ko.xz", ""},
    {"sys/kernel/security/lockdown", "[none] integrity confidentiality\n"},
    {"sys/firmware/efi/fw_platform_size", "64\n"},
    {"sys/bus/pci/devices/0000:01:00.0/resource",
     "0x0000000084000000 0x0000000084ffffff 0x0000000000040200\n"
     "0x0000004000000000 0x000000400fffffff 0x000000000014220c\n"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n"},
};

static void put_common(ReadyHost *f)
{
    for (gsize i = 0; i < G_N_ELEMENTS(common); i++)
        fake_host_put(f->fake, common[i].path, common[i].text);
    for (guint group = 0; group < 30; group++) {
        g_autofree char *folder = g_strdup_printf("sys/kernel/iommu_groups/%u", group);
        g_autofree char *path = g_strconcat(folder, "/type", NULL);
        if (vv_sysfs_exists(fake_host_sysfs(f->fake), folder))
            fake_host_put(f->fake, path, "identity\n");
    }
}

static void set_debian(ReadyHost *f)
{
    f->stack = (VvBootStack){.kind = VV_BOOT_GRUB_DROPIN,
                             .name = "GRUB",
                             .distribution = (char *)"Debian GNU/Linux 12",
                             .distribution_id = (char *)"debian",
                             .edit = (char *)"/etc/default/grub.d/zz-virt-vfio.cfg",
                             .run = (char *)"update-grub"};
}

void ready_host_up(ReadyHost *f)
{
    *f = (ReadyHost){.fake = fake_host_load("intel-desktop")};
    set_debian(f);
    put_common(f);
    fake_host_put(f->fake, "proc/cpuinfo",
                  "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vme vmx smx\nbugs\t\t:\n");
    fake_host_put(f->fake, "sys/firmware/acpi/tables/DMAR", "DMAR");
    fake_host_put(f->fake, "sys/class/iommu/dmar0/intel-iommu/ecap", "f050da\n");
    fake_host_put(f->fake, "sys/module/kvm_intel/parameters/nested", "Y\n");
}

void ready_host_up_amd(ReadyHost *f)
{
    *f = (ReadyHost){.fake = fake_host_load("amd-desktop")};
    set_debian(f);
    put_common(f);
    fake_host_put(f->fake, "proc/cmdline", "quiet iommu=pt\n");
    fake_host_put(f->fake, "proc/cpuinfo",
                  "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\nbugs\t\t:\n");
    fake_host_put(f->fake, "sys/firmware/acpi/tables/IVRS", "IVRS");
    fake_host_put(f->fake, "sys/class/iommu/ivhd0/amd-iommu/features", "25bf732fa2295afe:53d\n");
}

void ready_host_up_bare(ReadyHost *f)
{
    *f = (ReadyHost){.fake = fake_host_new("")};
    set_debian(f);
    ready_host_take(f, "sys");
}

void ready_host_put(ReadyHost *f, const char *path, const char *text)
{
    fake_host_put(f->fake, path, text);
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_tree(below);
    }
    g_remove(path);
}

void ready_host_take(ReadyHost *f, const char *path)
{
    g_autofree char *whole = g_build_filename(fake_host_root(f->fake), path, NULL);

    remove_tree(whole);
}

void ready_host_check(ReadyHost *f)
{
    VvSysfs *sysfs = fake_host_sysfs(f->fake);

    g_clear_pointer(&f->rows, g_ptr_array_unref);
    g_clear_pointer(&f->host, vv_host_free);
    g_clear_pointer(&f->topology, vv_topology_free);
    f->host = vv_host_scan(sysfs, NULL);
    f->topology = vv_topology_read(sysfs);
    f->rows = vv_ready_check(&(VvReadyHost){
        .sysfs = sysfs, .host = f->host, .topology = f->topology, .stack = &f->stack, .is_root = f->is_root});
}

static const VvReadyRow *find_row(const ReadyHost *f, const char *id)
{
    for (guint i = 0; i < f->rows->len; i++)
        if (strcmp(((const VvReadyRow *)f->rows->pdata[i])->id, id) == 0)
            return f->rows->pdata[i];
    fail_msg("there is no row %s", id);
    return NULL;
}

void ready_host_expect(ReadyHost *f, const char *id, VvReadyVerdict verdict, const char *evidence,
                       const char *remedy)
{
    ready_host_check(f);
    const VvReadyRow *row = find_row(f, id);
    if (row->verdict != verdict || !strstr(row->evidence, evidence) || !row->remedy != !remedy ||
        (remedy && !strstr(row->remedy, remedy)))
        fail_msg("%s: %s \"%s\" -> \"%s\"; expected %s \"%s\" -> \"%s\"", id,
                 vv_ready_verdict_name(row->verdict), row->evidence, row->remedy ? row->remedy : "(none)",
                 vv_ready_verdict_name(verdict), evidence, remedy ? remedy : "(none)");
}

void ready_host_down(ReadyHost *f)
{
    g_clear_pointer(&f->rows, g_ptr_array_unref);
    g_clear_pointer(&f->host, vv_host_free);
    g_clear_pointer(&f->topology, vv_topology_free);
    fake_host_free(f->fake);
}
