/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ready-host.h"
#include "test.h"
#include "vfio/boot/ledger.h"

/* The rows of `check` about a host: each as it is when all is well, and as it is when not. */

typedef struct {
    const char *id;
    VvReadyVerdict verdict;
    const char *evidence, *remedy;
} Expected;

static void expect_all(ReadyHost *f, const Expected *expected, gsize count)
{
    for (gsize i = 0; i < count; i++)
        ready_host_expect(f, expected[i].id, expected[i].verdict, expected[i].evidence, expected[i].remedy);
}
#define EXPECT_ALL(f, expected) expect_all(f, expected, G_N_ELEMENTS(expected))

static guint count_failed(const ReadyHost *f)
{
    guint count = 0;

    for (guint i = 0; i < f->rows->len; i++)
        count += ((const VvReadyRow *)f->rows->pdata[i])->verdict == VV_READY_FAIL;
    return count;
}

static void test_ready_intel(void **state)
{
    static const Expected expected[] = {
        {"cpu", VV_READY_PASS, "VT-x is on", NULL},
        {"kvm", VV_READY_PASS, "/dev/kvm is there", NULL},
        {"nested", VV_READY_INFO, "guests can run", NULL},
        {"machine", VV_READY_PASS, "no virtual machine", NULL},
        {"acpi", VV_READY_PASS, "/sys/firmware/acpi/tables/DMAR", NULL},
        {"iommu", VV_READY_PASS, "on: 1 unit, 12 groups", NULL},
        {"mode", VV_READY_PASS, "identity", NULL},
        {"remap", VV_READY_PASS, "IR- in /proc/interrupts", NULL},
        {"groups", VV_READY_INFO, "9 (0000:00:1f.3 audio and 0000:00:1f.6 nic)", "list --groups"},
        {"kconfig", VV_READY_PASS, "/boot/config-6.1.0-18-amd64", NULL},
        {"modules", VV_READY_PASS, "vfio_iommu_type1", NULL},
        {"lockdown", VV_READY_PASS, "none", NULL},
        {"uefi", VV_READY_PASS, "/sys/firmware/efi", NULL},
        {"lsm", VV_READY_PASS, "neither", NULL},
        {"huge", VV_READY_INFO, "no huge pages", NULL},
        {"bars", VV_READY_PASS, "every BAR", NULL},
        {"above4g", VV_READY_PASS, "0000:01:00.0", NULL},
        {"rebar", VV_READY_INFO, "no card shows", NULL},
        {"fb", VV_READY_PASS, "boot display: 0000:00:02.0", NULL},
        {"governor", VV_READY_INFO, "schedutil", NULL},
        {"power", VV_READY_INFO, "no graphics card", NULL},
        {"owners", VV_READY_PASS, "nobody else", NULL},
        {"setup", VV_READY_INFO, "changed nothing", NULL},
    };
    ReadyHost f;

    ready_host_up(&f);
    EXPECT_ALL(&f, expected);
    assert_int_equal(count_failed(&f), 0);
    assert_int_equal(f.rows->len, G_N_ELEMENTS(expected));
    ready_host_down(&f);
}

static void test_ready_amd(void **state)
{
    ReadyHost f;

    ready_host_up_amd(&f);
    ready_host_expect(&f, "cpu", VV_READY_PASS, "AMD-V is on", NULL);
    ready_host_expect(&f, "acpi", VV_READY_PASS, "IVRS", NULL);
    ready_host_expect(&f, "iommu", VV_READY_PASS, "on: 1 unit", NULL);
    assert_int_equal(count_failed(&f), 0);
    ready_host_down(&f);
}

static void test_bare(void **state)
{
    static const Expected expected[] = {
        {"cpu", VV_READY_FAIL, "/proc/cpuinfo", "/proc"},
        {"kvm", VV_READY_FAIL, "no /dev/kvm", "modprobe kvm_intel"},
        {"acpi", VV_READY_FAIL, "neither DMAR nor IVRS", "firmware setup"},
        {"iommu", VV_READY_FAIL, "no IOMMU is on", "see acpi"},
        {"mode", VV_READY_INFO, "not shown", NULL},
        {"remap", VV_READY_INFO, "see iommu", NULL},
        {"groups", VV_READY_INFO, "see iommu", NULL},
        {"kconfig", VV_READY_INFO, "not shown", NULL},
        {"bars", VV_READY_INFO, "no PCI bus", NULL},
        {"fb", VV_READY_PASS, "holds no card", NULL},
    };
    ReadyHost f;

    ready_host_up_bare(&f);
    EXPECT_ALL(&f, expected);
    ready_host_down(&f);
}

static void test_cpu(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmxx xvmx\nbugs : vmx\n");
    ready_host_expect(&f, "cpu", VV_READY_FAIL, "neither vmx nor svm", "VT-x");
    ready_host_put(&f, "proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu\n");
    ready_host_expect(&f, "cpu", VV_READY_FAIL, "neither", "SVM Mode");
    ready_host_put(&f, "proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor\n");
    ready_host_expect(&f, "cpu", VV_READY_FAIL, "neither", "nested");
    ready_host_put(&f, "sys/class/dmi/id/sys_vendor", "QEMU\n");
    ready_host_expect(&f, "machine", VV_READY_INFO, "virtual machine itself (QEMU)", "virtual IOMMU");
    ready_host_put(&f, "run/systemd/container", "l\033[31mxc\n");
    ready_host_expect(&f, "machine", VV_READY_WARN, "container (l [31mxc)", "on the host");
    ready_host_take(&f, "dev/kvm");
    ready_host_expect(&f, "kvm", VV_READY_FAIL, "no /dev/kvm", "modprobe kvm_amd");
    ready_host_down(&f);
}

static void take_iommu(ReadyHost *f)
{
    ready_host_take(f, "sys/class/iommu");
    ready_host_take(f, "sys/kernel/iommu_groups");
    for (guint i = 0; f->host && i < vv_host_devices(f->host)->len; i++) {
        const VvDevice *device = vv_host_devices(f->host)->pdata[i];
        g_autofree char *path = vv_device_path(device, "iommu_group");
        ready_host_take(f, path);
    }
}

/* The remedy is this boot stack's. */
static void test_iommu_off(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_check(&f);
    take_iommu(&f);
    ready_host_put(&f, "proc/cmdline", "quiet\n");
    ready_host_expect(
        &f, "iommu", VV_READY_FAIL, "/sys/class/iommu is empty",
        "put intel_iommu=on into /etc/default/grub.d/zz-virt-vfio.cfg and run update-grub; or: virt-vfio "
        "setup --iommu --apply; then reboot");
    f.stack = (VvBootStack){.kind = VV_BOOT_NIXOS,
                            .name = "NixOS",
                            .distribution = (char *)"NixOS",
                            .distribution_id = (char *)"nixos",
                            .edit = (char *)"boot.kernelParams",
                            .run = (char *)"nixos-rebuild boot",
                            .prints_only = TRUE};
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU",
                      "'virt-vfio setup --iommu' prints what to write");
    f.stack = (VvBootStack){.kind = VV_BOOT_GRUB_BLS,
                            .name = "GRUB with boot loader entries",
                            .distribution = (char *)"Fedora Linux 41",
                            .distribution_id = (char *)"fedora",
                            .edit = (char *)"",
                            .run = (char *)"grubby --update-kernel=ALL --args=\"ARGUMENTS\""};
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU",
                      "run grubby --update-kernel=ALL --args=\"intel_iommu=on\"; or");
    f.stack.kind = VV_BOOT_UNKNOWN;
    f.stack.edit = f.stack.run = NULL;
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU", "boot with intel_iommu=on");
    ready_host_put(&f, "proc/cmdline", "intel_iommu=on intel_iommu=off\n");
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU", "take intel_iommu=off away");
    ready_host_put(&f, "proc/cmdline", "intel_iommu=on\n");
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU", "\"DMAR\"");
    ready_host_take(&f, "sys/firmware/acpi/tables/DMAR");
    ready_host_expect(&f, "acpi", VV_READY_FAIL, "neither", "VT-d");
    ready_host_put(&f, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no-IOMMU mode gives no protection", "see acpi");
    ready_host_down(&f);
}

static void test_iommu_amd(void **state)
{
    ReadyHost f;

    ready_host_up_amd(&f);
    ready_host_check(&f);
    take_iommu(&f);
    /* AMD's is on by itself: amd_iommu=on is no remedy. */
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU", "\"AMD-Vi\"");
    ready_host_put(&f, "proc/cmdline", "intel_iommu=off\n");
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU", "\"AMD-Vi\"");
    ready_host_put(&f, "proc/cmdline", "amd_iommu=off\n");
    ready_host_expect(&f, "iommu", VV_READY_FAIL, "no IOMMU",
                      "take amd_iommu=off away from this system's kernel "
                      "arguments (GRUB), run update-grub");
    ready_host_down(&f);
}

/* Debian's default leaves the integrated graphics out. */
static void test_ungrouped(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "proc/cmdline", "quiet\n");
    ready_host_take(&f, "sys/bus/pci/devices/0000:00:02.0/iommu_group");
    ready_host_expect(&f, "iommu", VV_READY_WARN, "0000:00:02.0 is in no group", "intel_iommu=on");
    ready_host_put(&f, "sys/kernel/iommu_groups/1/type", "DMA-FQ\n");
    ready_host_expect(&f, "mode", VV_READY_INFO, "of 1 group are translated", "iommu=pt");
    ready_host_down(&f);
}

static void test_remap(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "proc/interrupts", "   0:   12   IO-APIC    2-edge      timer\n");
    ready_host_expect(&f, "remap", VV_READY_FAIL, "VFIO hands over no device", "firmware setup");
    ready_host_put(&f, "sys/class/iommu/dmar0/intel-iommu/ecap", "f050d2\n");
    ready_host_expect(&f, "remap", VV_READY_FAIL, "not remapped", "dmar0 says that it has none");
    ready_host_put(&f, "proc/cmdline", "intremap=off\n");
    ready_host_expect(&f, "remap", VV_READY_FAIL, "not remapped", "take intremap=off away");
    ready_host_put(&f, "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
    ready_host_expect(&f, "remap", VV_READY_WARN, "a guest can disturb the host", "intremap=off");
    ready_host_put(&f, "proc/interrupts", "   0:   12   IR-PCI-MSI-0000:00:1f.2  timer\n");
    ready_host_expect(&f, "remap", VV_READY_WARN, "on for nothing", "modprobe.d");
    ready_host_down(&f);
}

static void test_groups(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    fake_host_add(f.fake, "0000:05:00.0 class=020000 id=8086:1533 driver=igb group=1 behind=0000:00:01.0\n");
    ready_host_expect(&f, "groups", VV_READY_WARN, "1 (0000:01:00.0 gpu, 0000:01:00.1 audio and 2 more)",
                      "list --groups");
    ready_host_down(&f);
}

static void test_kernel(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "boot/config-6.1.0-18-amd64",
                   "CONFIG_VFIO=m\n# CONFIG_VFIO_PCI is not "
                   "set\nCONFIG_KVM=m\nCONFIG_INTEL_IOMMU=y\nCONFIG_IRQ_REMAP=y\n");
    ready_host_expect(&f, "kconfig", VV_READY_FAIL, "CONFIG_VFIO_PCI and CONFIG_VFIO_IOMMU_TYPE1", "Debian");
    /* iommufd in its place. */
    ready_host_put(
        &f, "boot/config-6.1.0-18-amd64",
        "CONFIG_VFIO=y\nCONFIG_VFIO_PCI=y\nCONFIG_IOMMUFD=y\nCONFIG_VFIO_DEVICE_CDEV=y\nCONFIG_KVM=m\n"
        "CONFIG_INTEL_IOMMU=y\nCONFIG_IRQ_REMAP=y\n");
    ready_host_expect(&f, "kconfig", VV_READY_PASS, "/boot/config", NULL);
    ready_host_take(&f, "boot/config-6.1.0-18-amd64");
    ready_host_expect(&f, "kconfig", VV_READY_INFO, "not shown", NULL);
    ready_host_down(&f);
}

static void test_modules(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    fake_host_unregister(f.fake, "vfio-pci");
    ready_host_take(&f, "lib/modules/6.1.0-18-amd64/kernel/drivers/vfio/pci/vfio-pci.ko");
    ready_host_expect(&f, "modules", VV_READY_FAIL, "vfio_pci: not loaded", "cloud");
    ready_host_put(&f, "lib/modules/6.1.0-18-amd64/modules.builtin",
                   "kernel/drivers/vfio/pci/vfio-pci.ko\nkernel/drivers/vfio/vfio_iommu_type1.ko\n");
    ready_host_expect(&f, "modules", VV_READY_PASS, "vfio_pci and vfio_iommu_type1 there", NULL);
    ready_host_take(&f, "lib");
    ready_host_expect(&f, "modules", VV_READY_INFO, "not recorded", NULL);
    ready_host_put(&f, "sys/bus/pci/drivers/vfio-pci/bind", "");
    ready_host_expect(&f, "modules", VV_READY_PASS, "vfio_pci is there", NULL);
    ready_host_down(&f);
}

static void test_security(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    ready_host_expect(&f, "lockdown", VV_READY_WARN, "integrity (/sys/kernel/security/lockdown)",
                      "VFIO works");
    ready_host_take(&f, "sys/firmware/efi");
    ready_host_expect(&f, "uefi", VV_READY_WARN, "not booted by UEFI", "CSM");
    ready_host_put(&f, "sys/module/apparmor/parameters/enabled", "Y\n");
    ready_host_expect(&f, "lsm", VV_READY_INFO, "AppArmor is on", "/usr/share/vgabios");
    ready_host_put(&f, "sys/fs/selinux/enforce", "1");
    ready_host_expect(&f, "lsm", VV_READY_INFO, "SELinux enforces", "restorecon");
    ready_host_down(&f);
}

static void test_huge(void **state)
{
    static const struct {
        const char *cmdline, *pages;
        VvReadyVerdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"hugepages=8\n", "8\n", VV_READY_PASS, "8 of 8 pages of 2 MiB", NULL},
        {"hugepages=16\n", "8\n", VV_READY_WARN, "16 huge pages of 2 MiB and has 8", "ask for fewer"},
        {"hugepagesz=1G hugepages=2\n", "8\n", VV_READY_WARN, "2 huge pages of 1 GiB and has 0",
         "ask for fewer"},
        {"default_hugepagesz=1G hugepages=2\n", "8\n", VV_READY_WARN, "2 huge pages of 1 GiB",
         "ask for fewer"},
        {"hugepages=0:4,1:4\n", "8\n", VV_READY_PASS, "8 of 8", NULL},
    };
    ReadyHost f;

    ready_host_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ready_host_put(&f, "proc/cmdline", cases[i].cmdline);
        ready_host_put(&f, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", cases[i].pages);
        ready_host_put(&f, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", cases[i].pages);
        ready_host_expect(&f, "huge", cases[i].verdict, cases[i].evidence, cases[i].remedy);
    }
    ready_host_down(&f);
}

#define GPU "sys/bus/pci/devices/0000:01:00.0/"

static void test_bars(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, GPU "resource",
                   "0x0000000084000000 0x0000000084ffffff 0x0000000000040200\n"
                   "0x0000000000000000 0x000000000fffffff 0x000000002014220c\n");
    ready_host_expect(&f, "bars", VV_READY_FAIL, "0000:01:00.0 has no address", "Above 4G");
    ready_host_expect(&f, "above4g", VV_READY_WARN, "no BAR lies above", "Above 4G");
    ready_host_put(&f, "proc/iomem", "4000000000-7fffffffff : PCI Bus 0000:00\n");
    ready_host_expect(&f, "above4g", VV_READY_PASS, "room above 4 GiB", NULL);
    /* One that the kernel gave up shows in its log only. */
    ready_host_put(&f, GPU "resource", "0x0000000084000000 0x0000000084ffffff 0x0000000000040200\n");
    ready_host_expect(&f, "bars", VV_READY_PASS, "every BAR", NULL);
    ready_host_put(&f, "dev/kmsg",
                   "6,1,2,-;pci 0000:01:00.0: BAR 1 [mem size 0x10000000 64bit pref]: failed to assign\n");
    ready_host_expect(&f, "bars", VV_READY_FAIL, "0000:01:00.0", "Above 4G");
    ready_host_put(&f, "dev/kmsg",
                   "6,1,2,-;pci 0000:01:00.0: BAR 0 [mem size 0x10000000]: failed to assign\n"
                   "6,1,2,-;pci 0000:01:00.0: VF BAR 1 [mem size 0x10]: failed to assign\n");
    ready_host_expect(&f, "bars", VV_READY_PASS, "every BAR", NULL);
    ready_host_put(&f, GPU "resource1_resize", "");
    ready_host_expect(&f, "rebar", VV_READY_INFO, "BARs of 0000:01:00.0 can be resized", NULL);
    ready_host_down(&f);
}

static void test_display(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "proc/iomem", "00000000-00000000 : PCI Bus 0000:00\n  00000000-00000000 : BOOTFB\n");
    ready_host_expect(&f, "fb", VV_READY_INFO, "on 0000:00:02.0", NULL);
    ready_host_down(&f);
    ready_host_up_amd(&f);
    ready_host_put(&f, "sys/bus/platform/devices/simple-framebuffer.0/uevent", "");
    ready_host_expect(&f, "fb", VV_READY_WARN, "simple-framebuffer.0 is on 0000:08:00.0", "sysfb_init");
    ready_host_down(&f);
}

static void test_power(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, GPU "d3cold_allowed", "1\n");
    ready_host_put(&f, "sys/module/vfio_pci/parameters/disable_idle_d3", "N\n");
    ready_host_expect(&f, "power", VV_READY_INFO, "1 of 1 graphics card", NULL);
    ready_host_put(&f, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    ready_host_expect(&f, "governor", VV_READY_INFO, "powersave", "lowest frequency");
    ready_host_put(&f, "sys/devices/system/cpu/intel_pstate/status", "active\n");
    ready_host_expect(&f, "governor", VV_READY_INFO, "powersave", NULL);
    ready_host_down(&f);
}

static void test_owners(void **state)
{
    static const struct {
        const char *path, *text, *evidence;
    } cases[] = {
        {"etc/driverctl.d/0000:01:00.0", "vfio-pci\n", "driverctl (/etc/driverctl.d/0000:01:00.0: vfio-pci)"},
        {"etc/modprobe.d/vfio.conf",
         "# options vfio-pci ids=1:2\noptions vfio-pci ids=10de:1e84 disable_vga=1\n",
         "/etc/modprobe.d/vfio.conf (ids=10de:1e84)"},
        {"etc/supergfxd.conf", "{ \"vfio_enable\": true }", "supergfxd"},
        {"etc/tuned/active_profile", "virtual-host\n", "tuned (/etc/tuned/active_profile: virtual-host)"},
    };
    ReadyHost f;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ready_host_up(&f);
        ready_host_put(&f, cases[i].path, cases[i].text);
        ready_host_expect(&f, "owners", VV_READY_WARN, cases[i].evidence, "let one of them decide");
        ready_host_down(&f);
    }
    ready_host_up(&f);
    ready_host_put(&f, "etc/modprobe.d/virt-vfio.conf", "options vfio-pci ids=10de:1e84\n");
    ready_host_put(&f, "etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    ready_host_expect(&f, "owners", VV_READY_PASS, "nobody else", NULL);
    ready_host_down(&f);
}

static guint count_root(const ReadyHost *f)
{
    guint count = 0;

    for (guint i = 0; i < f->rows->len; i++)
        count += ((const VvReadyRow *)f->rows->pdata[i])->root != NULL;
    return count;
}

static void test_root(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_check(&f);
    assert_int_equal(count_root(&f), 1); /* the kernel's log */
    f.is_root = TRUE;
    ready_host_check(&f);
    assert_int_equal(count_root(&f), 0);
    ready_host_down(&f);
}

/* As setup leaves a ledger behind. */
static void put_ledger(ReadyHost *f, VvLedgerState state, const char *boot_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvLedger) ledger = vv_ledger_load(fake_host_sysfs(f->fake), &error);
    VvReserve *reserve = g_new0(VvReserve, 1);

    assert_fine(error);
    ledger->state = state;
    g_free(ledger->boot_id);
    ledger->boot_id = g_strdup(boot_id);
    ledger->wants->iommu = ledger->wants->modules = TRUE;
    ledger->wants->hugepage_kib = 2048;
    ledger->wants->hugepages = 8;
    reserve->address = g_strdup("0000:01:00.0");
    reserve->ids = g_strdup("10de:1e84");
    g_ptr_array_set_size(ledger->wants->reserve, 0);
    g_ptr_array_add(ledger->wants->reserve, reserve);
    g_autofree char *text = vv_ledger_format(ledger);
    ready_host_put(f, "var/lib/virt-vfio/setup/ledger", text);
}

#define BOOT_A "11111111-1111-4111-8111-111111111111"
#define BOOT_B "22222222-2222-4222-8222-222222222222"
#define PAGES "sys/kernel/mm/hugepages/hugepages-2048kB/"

/* The effect counts, not the files. */
static void test_setup(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    ready_host_put(&f, "proc/sys/kernel/random/boot_id", BOOT_A "\n");
    ready_host_put(&f, "proc/cmdline", "quiet\n");
    put_ledger(&f, VV_LEDGER_APPLIED, BOOT_A);
    ready_host_expect(&f, "setup", VV_READY_WARN,
                      "has not been rebooted since; not in effect yet: intel_iommu=on, iommu=pt", "reboot");
    put_ledger(&f, VV_LEDGER_APPLIED, BOOT_B);
    ready_host_expect(&f, "setup", VV_READY_WARN, "it has no effect: intel_iommu=on", "setup --status");
    ready_host_put(&f, "proc/cmdline", "quiet intel_iommu=on iommu=pt\n");
    ready_host_expect(&f, "setup", VV_READY_WARN,
                      "no effect: 8 of 8 huge pages and 0000:01:00.0 on vfio-pci (nouveau has it)",
                      "setup --status");
    ready_host_put(&f, PAGES "nr_hugepages", "6\n");
    ready_host_expect(&f, "setup", VV_READY_WARN, "2 of 8 huge pages", "setup --status");
    ready_host_put(&f, PAGES "nr_hugepages", "8\n");
    fake_host_bind(f.fake, "0000:01:00.0", "vfio-pci");
    ready_host_expect(&f, "setup", VV_READY_PASS, "in effect: intel_iommu=on, iommu=pt, 8 huge pages", NULL);
    put_ledger(&f, VV_LEDGER_APPLYING, BOOT_A);
    ready_host_expect(&f, "setup", VV_READY_WARN, "'virt-vfio setup --apply' was interrupted",
                      "run it again");
    put_ledger(&f, VV_LEDGER_UNDOING, BOOT_A);
    ready_host_expect(&f, "setup", VV_READY_WARN, "setup --undo' was interrupted", "again");
    ready_host_put(&f, "var/lib/virt-vfio/setup/ledger", "nonsense\n");
    ready_host_expect(&f, "setup", VV_READY_WARN, "ledger", "what it changed");
    ready_host_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_intel), cmocka_unit_test(test_ready_amd),
        cmocka_unit_test(test_bare),        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_iommu_off),   cmocka_unit_test(test_iommu_amd),
        cmocka_unit_test(test_ungrouped),   cmocka_unit_test(test_remap),
        cmocka_unit_test(test_groups),      cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_modules),     cmocka_unit_test(test_security),
        cmocka_unit_test(test_huge),        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_display),     cmocka_unit_test(test_power),
        cmocka_unit_test(test_owners),      cmocka_unit_test(test_root),
        cmocka_unit_test(test_setup),
    };

    return cmocka_run_group_tests_name("ready", tests, NULL, NULL);
}
