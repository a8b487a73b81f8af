/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "boot-host.h"
#include "ready-host.h"
#include "vfio/ready/advice.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Each wrong advice is found in a file that follows it, in its line and with the right words, and not found
 * when the file follows the correction. The host is tests/hosts/intel-desktop.host: a GeForce (10de:1e84) on
 * nouveau beside Intel's own graphics, and two NVMe drives of one model (144d:a808). */

static void advise(ReadyHost *f)
{
    VvSysfs *sysfs = fake_host_sysfs(f->fake);

    ready_host_check(f);
    g_ptr_array_set_size(f->rows, 0);
    vv_ready_advice(&(VvReadyHost){.sysfs = sysfs,
                                   .host = f->host,
                                   .topology = f->topology,
                                   .stack = &f->stack,
                                   .is_root = f->is_root},
                    f->rows);
}

static void fail_with_rows(const ReadyHost *f, const char *what)
{
    g_autoptr(GString) text = g_string_new(what);

    for (guint i = 0; i < f->rows->len; i++) {
        const VvReadyRow *row = f->rows->pdata[i];
        g_string_append_printf(text, "\n  %s %s \"%s\" -> \"%s\"", row->id,
                               vv_ready_verdict_name(row->verdict), row->evidence,
                               row->remedy ? row->remedy : "(none)");
    }
    fail_msg("%s", text->str);
}

static const VvReadyRow *find_row(const ReadyHost *f, const char *id, VvReadyVerdict verdict,
                                  const char *evidence, const char *remedy)
{
    for (guint i = 0; i < f->rows->len; i++) {
        const VvReadyRow *row = f->rows->pdata[i];
        if (strcmp(row->id, id) == 0 && row->verdict == verdict && strstr(row->evidence, evidence) &&
            (!remedy || (row->remedy && strstr(row->remedy, remedy))))
            return row;
    }
    return NULL;
}

static void expect(ReadyHost *f, const char *id, VvReadyVerdict verdict, const char *evidence,
                   const char *remedy)
{
    g_autofree char *what =
        g_strdup_printf("expected %s %s \"%s\" -> \"%s\"", id, vv_ready_verdict_name(verdict), evidence,
                        remedy ? remedy : "(any)");

    advise(f);
    if (!find_row(f, id, verdict, evidence, remedy))
        fail_with_rows(f, what);
}

static void expect_nothing(ReadyHost *f)
{
    advise(f);
    if (f->rows->len != 1 || !find_row(f, "advice", VV_READY_PASS, "nothing wrong in ", NULL))
        fail_with_rows(f, "expected nothing wrong");
}

static void set_up_host(ReadyHost *f)
{
    ready_host_up(f);
    f->stack.initramfs = VV_INITRAMFS_TOOLS;
    f->is_root = TRUE;
}

typedef struct {
    const char *path, *wrong;
    VvReadyVerdict verdict;
    const char *evidence, *remedy;
    const char *right; /* the same file as it should be */
} Case;

static void check_cases(ReadyHost *f, const Case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        ready_host_put(f, cases[i].path, cases[i].wrong);
        expect(f, "advice", cases[i].verdict, cases[i].evidence, cases[i].remedy);
        ready_host_put(f, cases[i].path, cases[i].right);
        expect_nothing(f);
        ready_host_take(f, cases[i].path);
    }
}

static void test_modprobe(void **state)
{
    static const Case cases[] = {
        {"etc/modprobe.d/vfio.conf", "# a card\n\noptions vfio-pci pci_ids=10de:1e84\n", VV_READY_WARN,
         "/etc/modprobe.d/vfio.conf, line 3: vfio-pci has no parameter 'pci_ids'", "ids=10de:1e84",
         "options vfio-pci ids=10de:1e84\nsoftdep nouveau pre: vfio-pci\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci disable_vga=1 idz=1\n", VV_READY_WARN,
         "line 1: vfio-pci has no parameter 'idz'", "take it out", "options vfio_pci disable_vga=1\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio ids=10de:1e84\n", VV_READY_WARN,
         "line 1: ids= is a parameter of vfio-pci, not of vfio", "vfio-pci: ids=10de:1e84",
         "options vfio enable_unsafe_noiommu_mode=0\n"},
        /* Goes on behind a backslash: the place is where it begins. */
        {"etc/modprobe.d/vfio.conf", "\noptions vfio-pci \\\n  ids=0000:01:00.0\n", VV_READY_WARN,
         "line 2: ids= takes vendor:device, and '0000:01:00.0' is an address", "setup --reserve 0000:01:00.0",
         "softdep nouveau \\\n pre: vfio-pci\noptions vfio-pci \\\n  ids=10DE:1E84\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de\n", VV_READY_WARN, "'10de' is none",
         "lspci -nn",
         "options vfio-pci ids=\"10de:1e84,10de:10f8\"\nsoftdep nouveau pre: vfio-pci\n"
         "softdep snd-hda-intel pre: vfio-pci\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:9999\n", VV_READY_WARN,
         "line 1: no device of this host is 10de:9999", "take 10de:9999 out",
         "# options vfio-pci ids=10de:9999\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1e84\n", VV_READY_WARN,
         "line 1: nothing makes vfio-pci load before nouveau, which gets 0000:01:00.0 first",
         "add to /etc/modprobe.d/vfio.conf: softdep nouveau pre: vfio-pci, then run: update-initramfs -u -k "
         "all",
         "options vfio-pci ids=10de:1e84\nblacklist nouveau\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1e84\nsoftdep nouveau post: vfio-pci\n",
         VV_READY_WARN, "line 1: nothing makes vfio-pci load before nouveau", "softdep nouveau pre: vfio-pci",
         "options vfio-pci ids=10de:1e84\nsoftdep nouveau pre: vfio vfio-pci\n"},
        {"etc/modprobe.d/vfio.conf", "options vfio-pci ids=144d:a808\nsoftdep nvme pre: vfio-pci\n",
         VV_READY_WARN, "line 1: 144d:a808 is 0000:02:00.0 and 0000:03:00.0 alike",
         "setup --reserve 0000:03:00.0", "softdep nvme pre: vfio-pci\n"},
        {"etc/modprobe.d/vfio.conf", "softdep vfio-pci pre: nvidia\n", VV_READY_WARN,
         "line 1: this loads nvidia before vfio-pci", "softdep nvidia pre: vfio-pci",
         "softdep nvidia pre: vfio-pci post: nvidia-drm\n"},
        {"etc/modprobe.d/vfio.conf", "option vfio-pci ids=10de:1e84\n", VV_READY_WARN,
         "line 1: modprobe does not know 'option vfio-pci ids=10de:1e84'", "options vfio-pci",
         "alias pci:v000010DEd* vfio-pci\n"},
        {"etc/modprobe.d/kvm.conf", "options kvm ignore_msrs=1\n", VV_READY_INFO, "line 1: kvm's ignore_msrs",
         "take it out", "options kvm ignore_msrs=0\n"},
        {"usr/lib/modprobe.d/vfio.conf", "options vfio_iommu_type1 allow_unsafe_interrupts=1\n",
         VV_READY_WARN, "/usr/lib/modprobe.d/vfio.conf, line 1: a guest with a device may send any interrupt",
         "allow_unsafe", "options vfio_iommu_type1 allow_unsafe_interrupts=0\n"},
        /* The host shows on i915, and e1000e is its network. */
        {"etc/modprobe.d/black.conf", "blacklist i915\n", VV_READY_WARN,
         "line 1: i915 is kept from loading, and 0000:00:02.0 of this host runs on it",
         "softdep i915 pre: vfio-pci", "blacklist amdgpu\nblacklist nvidia\n"},
        {"etc/modprobe.d/black.conf", "install e1000e /bin/false\n", VV_READY_WARN,
         "e1000e is kept from loading, and 0000:00:1f.6", "softdep e1000e", "install igb /bin/false\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    expect_nothing(&f);
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_down(&f);
}

/* The number of files is that of files: one with two lines of arguments is one. */
static void test_count(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/default/grub",
                   "GRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt\"\n"
                   "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
    ready_host_put(&f, "etc/modprobe.d/a.conf", "");
    advise(&f);
    assert_text(
        ((VvReadyRow *)f.rows->pdata[0])->evidence,
        "nothing wrong in 3 files of modprobe.d, module lists, boot configuration, units and scripts");
    assert_null(((VvReadyRow *)f.rows->pdata[0])->root);
    ready_host_down(&f);
}

/* A file of the same name in /etc stands for that of the package, and only .conf counts. */
static void test_masks(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "lib/modprobe.d/vfio.conf", "options vfio-pci pci_ids=1\n");
    expect(&f, "advice", VV_READY_WARN, "/lib/modprobe.d/vfio.conf, line 1", NULL);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "");
    expect_nothing(&f);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf.bak", "options vfio-pci pci_ids=1\n");
    expect_nothing(&f);
    ready_host_put(&f, "etc/modprobe.d/gpu", "options vfio-pci ids=10de:1e84\n");
    expect(&f, "advice", VV_READY_WARN, "/etc/modprobe.d/gpu: nothing reads this file",
           "mv /etc/modprobe.d/gpu /etc/modprobe.d/gpu.conf");
    ready_host_down(&f);
}

/* A blacklist hurts where the host runs on the driver, or has a second card of that kind without one. */
static void test_blacklist(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf",
                   "options vfio-pci ids=10de:1e84\nblacklist nvidia\n"
                   "blacklist nouveau\n");
    fake_host_bind(f.fake, "0000:01:00.0", "vfio-pci");
    expect_nothing(&f);
    fake_host_add(f.fake, "0000:09:00.0 class=030000 id=10de:1b80 group=40\n");
    expect(&f, "advice", VV_READY_WARN,
           "/etc/modprobe.d/vfio.conf, line 2: nvidia is kept from loading, and 0000:09:00.0 of this host "
           "has no driver",
           "softdep nvidia pre: vfio-pci");
    /* What NVIDIA's own packages do. */
    fake_host_bind(f.fake, "0000:09:00.0", "nvidia");
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1e84\nblacklist nouveau\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

/* A driver that is built in waits for nobody. */
static void test_built_in(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf",
                   "options vfio-pci ids=10de:1ad8\nsoftdep xhci_pci pre: vfio-pci\n");
    expect_nothing(&f);
    /* xhci_hcd is the driver's name, and that of a module that xhci_pci cannot do without. */
    ready_host_put(&f, "etc/modprobe.d/vfio.conf",
                   "options vfio-pci ids=10de:1ad8\nsoftdep xhci_hcd pre: vfio-pci\n");
    expect_nothing(&f);
    ready_host_put(&f, "sys/module/xhci_pci/uevent", "");
    expect(&f, "advice", VV_READY_WARN, "xhci_hcd is built into this kernel and has 0000:01:00.2",
           "virt-vfio start takes 0000:01:00.2 from xhci_hcd");
    ready_host_put(&f, "sys/module/xhci_pci/initstate", "live\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

/* Twins that both go to guests already are what was meant. */
static void test_twins(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=144d:a808\n");
    fake_host_bind(f.fake, "0000:02:00.0", "vfio-pci");
    ready_host_put(&f, "etc/initramfs-tools/modules", "vfio_pci\n");
    expect(&f, "advice", VV_READY_WARN, "144d:a808 is 0000:02:00.0 and 0000:03:00.0 alike", NULL);
    /* Nothing tells how to take both from this host. */
    ready_host_take(&f, "etc/initramfs-tools");
    advise(&f);
    assert_int_equal(f.rows->len, 1);
    ready_host_put(&f, "etc/initramfs-tools/modules", "vfio_pci\n");
    fake_host_bind(f.fake, "0000:03:00.0", "vfio-pci");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_lists(void **state)
{
    static const Case cases[] = {
        {"etc/modules", "vfio\noptions vfio-pci ids=10de:1e84\n", VV_READY_WARN,
         "/etc/modules, line 2: 'options vfio-pci ids=10de:1e84' is a line for modprobe.d",
         "move the line to /etc/modprobe.d/vfio.conf, then run: update-initramfs -u -k all",
         "vfio\nvfio-pci\n"},
        {"etc/modules", "softdep nouveau pre: vfio-pci\n", VV_READY_WARN, "/etc/modules, line 1: 'softdep",
         "modprobe.d", "# softdep nouveau pre: vfio-pci\n"},
        {"etc/modules-load.d/vfio.conf", "vfio vfio_pci\n", VV_READY_WARN,
         "line 1: 'vfio vfio_pci': only the first word counts", "a line of its own", "vfio\nvfio_pci\n"},
        {"etc/modules-load.d/vfio.conf", "; ok\nvfio_pci ids=10de:1e84\n", VV_READY_WARN,
         "line 2: 'vfio_pci ids=10de", "options vfio_pci ids=10de:1e84", "; ok\nvfio_pci\n"},
        {"etc/modules", "intel_iommu=on\n", VV_READY_WARN, "line 1: 'intel_iommu=on' is no module's name",
         "/etc/default/grub.d/zz-virt-vfio.cfg and run update-grub", "\n"},
        {"etc/initramfs-tools/modules", "nouveau\nvfio_pci\n", VV_READY_WARN,
         "/etc/initramfs-tools/modules, line 1: nouveau is loaded before vfio-pci",
         "move nouveau below vfio_pci", "vfio_pci ids=10de:1e84\nnouveau\n"},
        {"etc/initramfs-tools/modules", "vfio_pci pci_ids=10de:1e84\n", VV_READY_WARN,
         "modules, line 1: vfio-pci has no parameter 'pci_ids'", "ids=10de:1e84", "vfio_pci\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_put(&f, "etc/modules", "vfio\nvfio_virqfd\n");
    expect_nothing(&f); /* on 6.1 there is one */
    ready_host_put(&f, "proc/sys/kernel/osrelease", "6.12.1-arch1\n");
    expect(&f, "advice", VV_READY_WARN, "/etc/modules, line 2: vfio_virqfd is no module since Linux 6.2",
           "take vfio_virqfd out");
    ready_host_put(&f, "etc/modules", "vfio\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_dracut(void **state)
{
    static const Case cases[] = {
        {"etc/dracut.conf.d/vfio.conf", "force_drivers+=\"vfio_pci vfio\"\n", VV_READY_WARN,
         "/etc/dracut.conf.d/vfio.conf, line 1: without a blank", "force_drivers+=\" vfio_pci vfio \"",
         "force_drivers+=\" vfio_pci vfio \"\n"},
        {"etc/dracut.conf", "force_drivers+=\" vfio_virqfd \"\n", VV_READY_WARN,
         "/etc/dracut.conf, line 1: vfio_virqfd", "take vfio_virqfd out", "force_drivers+=\" vfio_pci \"\n"},
        {"etc/dracut.conf.d/vfio.conf", "\nadd_drivers+=\" vfio_pci \"\n", VV_READY_INFO,
         "line 2: add_drivers copies", "force_drivers", "#add_drivers+=\" vfio_pci \"\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    f.stack.initramfs = VV_INITRAMFS_DRACUT;
    ready_host_put(&f, "proc/sys/kernel/osrelease", "6.14.0\n");
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_put(&f, "etc/dracut.conf.d/vfio", "force_drivers+=\" vfio_pci \"\n");
    expect(&f, "advice", VV_READY_WARN, "does not end in .conf", "/etc/dracut.conf.d/vfio.conf");
    ready_host_down(&f);
}

static void test_mkinitcpio(void **state)
{
    static const Case cases[] = {
        {"etc/mkinitcpio.conf", "# x\nMODULES=(nouveau vfio_pci vfio)\n", VV_READY_WARN,
         "/etc/mkinitcpio.conf, line 2: nouveau is loaded before vfio-pci", "in front of nouveau",
         "MODULES=(vfio_pci vfio nouveau)\n"},
        {"etc/mkinitcpio.conf.d/a.conf", "MODULES+=(vfio_virqfd)\n", VV_READY_WARN,
         "/etc/mkinitcpio.conf.d/a.conf, line 1: vfio_virqfd", "take", "MODULES+=(vfio)\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    f.stack.initramfs = VV_INITRAMFS_MKINITCPIO;
    ready_host_put(&f, "proc/sys/kernel/osrelease", "6.14.0\n");
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1e84\n");
    ready_host_put(&f, "etc/mkinitcpio.conf", "MODULES=(vfio_pci)\nHOOKS=(base udev block)\n");
    expect(&f, "advice", VV_READY_WARN, "/etc/mkinitcpio.conf: HOOKS has no modconf", "add modconf to HOOKS");
    ready_host_put(&f, "etc/mkinitcpio.conf", "MODULES=(vfio_pci)\nHOOKS=(base udev modconf block)\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

/* `argument` in /etc/default/grub and running, so that only what it is worth is told. */
static void put_argument(ReadyHost *f, const char *argument)
{
    g_autofree char *file =
        g_strdup_printf("GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet %s\"\n", argument);
    g_autofree char *line = g_strdup_printf("BOOT_IMAGE=/vmlinuz quiet %s\n", argument);

    ready_host_put(f, "etc/default/grub", file);
    ready_host_put(f, "proc/cmdline", line);
}

static void test_arguments(void **state)
{
    static const struct {
        const char *wrong;
        VvReadyVerdict verdict;
        const char *evidence, *remedy, *right;
    } cases[] = {
        {"amd_iommu=pt", VV_READY_WARN, "amd_iommu does not know the value 'pt'", "iommu=pt", "iommu=pt"},
        {"amd_iommu=on", VV_READY_INFO, "amd_iommu=on does nothing", "take amd_iommu=on out",
         "amd_iommu=pgtbl_v2"},
        {"iommu=1", VV_READY_WARN, "iommu does not know the value '1'", "intel_iommu=on", "iommu=pt,nopanic"},
        {"iommu=on", VV_READY_WARN, "iommu does not know the value 'on'", "intel_iommu=on", "intel_iommu=on"},
        {"intel_iommu=on,pt", VV_READY_WARN, "intel_iommu does not know the value 'pt'",
         "iommu=pt as an argument", "intel_iommu=on,sm_on iommu=pt"},
        {"intel_iommu=pt", VV_READY_WARN, "intel_iommu does not know the value 'pt'", "iommu=pt",
         "iommu.passthrough=1"},
        {"intel_iommu=off", VV_READY_FAIL, "intel_iommu=off switches the IOMMU off",
         "take intel_iommu=off out", "intel_iommu=on,igfx_off"},
        {"pcie_acs_override=downstream", VV_READY_WARN, "if this kernel has the ACS override patch",
         "list --groups", "pcie_ports=native"},
        {"vfio_iommu_type1.allow_unsafe_interrupts=1", VV_READY_WARN,
         "a guest with a device may send any interrupt", "take", "vfio-pci.disable_vga=1"},
        {"pci=noaer,realloc", VV_READY_INFO, "pci=realloc is seldom needed", "take realloc out", "pci=noaer"},
        {"pci=nommconf", VV_READY_WARN, "pci=nommconf hides the extended configuration space",
         "take nommconf out", "pci=nomsi"},
        {"pcie_aspm=off", VV_READY_INFO, "pcie_aspm=off", "take", "pcie_aspm=force"},
        {"kvm.ignore_msrs=1", VV_READY_INFO, "kvm's ignore_msrs", "take", "kvm.ignore_msrs=0"},
        {"vfio-pci.ids=10de:9999", VV_READY_WARN, "no device of this host is 10de:9999", "take", "quiet"},
        {"vfio_pci.pci_ids=10de:1e84", VV_READY_WARN, "vfio-pci has no parameter 'pci_ids'", "ids=10de:1e84",
         "vfio_pci.ids=10de:1e84 rd.driver.pre=vfio-pci"},
        {"modprobe.blacklist=nouveau,i915", VV_READY_WARN, "i915 is kept from loading", "softdep i915",
         "modprobe.blacklist=nvidiafb"},
    };
    ReadyHost f;

    set_up_host(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *place = g_strconcat("/etc/default/grub, line 2: ", cases[i].evidence, NULL);

        put_argument(&f, cases[i].wrong);
        expect(&f, "advice", cases[i].verdict, place, cases[i].remedy);
        put_argument(&f, cases[i].right);
        expect_nothing(&f);
    }
    /* Typed at the boot menu: the place is the running command line. */
    put_argument(&f, "intel_iommu=on");
    ready_host_put(&f, "proc/cmdline", "quiet intel_iommu=on iommu=on\n");
    expect(&f, "advice", VV_READY_WARN, "/proc/cmdline: iommu does not know", NULL);
    assert_int_equal(f.rows->len, 1);
    ready_host_put(&f, "proc/cmdline", "quiet intel_iommu=on hugepages=4\n");
    expect(&f, "cmdline", VV_READY_WARN, "hugepages=4 runs, but is written nowhere",
           "to keep it, put hugepages=4 into /etc/default/grub.d/zz-virt-vfio.cfg and run update-grub");
    /* Where it may come from what cannot be read, or from a variable, nothing is said. */
    f.is_root = FALSE;
    expect_nothing(&f);
    f.is_root = TRUE;
    ready_host_put(&f, "boot/grub/grub.cfg", "linux /vmlinuz quiet intel_iommu=on $vt_handoff\n");
    expect(&f, "cmdline", VV_READY_WARN, "hugepages=4 runs", NULL);
    ready_host_put(&f, "boot/grub/grub.cfg", "linux /vmlinuz quiet intel_iommu=on $tuned_params\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_frame_buffer(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    put_argument(&f, "video=efifb:off");
    expect_nothing(&f);
    ready_host_put(&f, "sys/bus/platform/devices/simple-framebuffer.0/uevent", "");
    expect(&f, "advice", VV_READY_WARN, "/etc/default/grub, line 2: video=efifb:off does not stop simpledrm",
           "initcall_blacklist=sysfb_init");
    put_argument(&f, "initcall_blacklist=sysfb_init");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_amd(void **state)
{
    ReadyHost f;

    ready_host_up_amd(&f);
    put_argument(&f, "intel_iommu=on");
    expect(&f, "advice", VV_READY_INFO, "intel_iommu=on does nothing on a host with an AMD IOMMU", "take");
    put_argument(&f, "intel_iommu=off");
    expect(&f, "advice", VV_READY_INFO, "intel_iommu=off does nothing on a host with the other maker's IOMMU",
           "take");
    put_argument(&f, "amd_iommu=off");
    expect(&f, "advice", VV_READY_FAIL, "amd_iommu=off switches the IOMMU off", "take");
    put_argument(&f, "amd_iommu=pt");
    expect(&f, "advice", VV_READY_WARN, "amd_iommu does not know the value 'pt'", "on by itself");
    put_argument(&f, "iommu=pt");
    advise(&f);
    assert_non_null(find_row(&f, "advice", VV_READY_PASS, "nothing wrong", NULL));
    assert_text(((VvReadyRow *)f.rows->pdata[0])->root, "files that are closed to others");
    ready_host_down(&f);
}

/* With the patch there, and proved missing. */
static void test_override(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    put_argument(&f, "pcie_acs_override=downstream");
    ready_host_put(&f, "proc/1/environ", "pcie_acs_override=downstream");
    expect(&f, "advice", VV_READY_WARN, "this kernel lacks the ACS override patch", "take it out");
    ready_host_take(&f, "proc/1");
    ready_host_put(&f, "dev/kmsg", "4,9,0,-;Warning: PCIe ACS overrides enabled; This may\n");
    expect(&f, "advice", VV_READY_WARN,
           "line 2: pcie_acs_override= makes groups smaller than the hardware does", NULL);
    ready_host_down(&f);
}

static void test_running(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/default/grub",
                   "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n"
                   "GRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt hugepages=16\"\n");
    expect(&f, "cmdline", VV_READY_WARN,
           "/etc/default/grub, line 2 has hugepages=16, and the running kernel does not",
           "run: update-grub, then reboot");
    assert_int_equal(f.rows->len, 1);
    /* Not root: grub.cfg may be there. */
    f.is_root = FALSE;
    advise(&f);
    assert_non_null(strstr(((VvReadyRow *)f.rows->pdata[0])->root, "update-grub"));
    ready_host_put(&f, "boot/grub/grub.cfg",
                   "menuentry 'Debian' {\n linux /vmlinuz root=/dev/sda1 quiet\n}\n");
    expect(&f, "cmdline", VV_READY_WARN, "what it boots from was not made anew",
           "run: update-grub, then reboot");
    ready_host_put(
        &f, "boot/grub/grub.cfg",
        "menuentry 'Debian' {\n linux /vmlinuz root=/dev/sda1 intel_iommu=on iommu=pt hugepages=16\n}\n");
    expect(&f, "cmdline", VV_READY_WARN, "this host was not rebooted since", "reboot");
    ready_host_put(&f, "proc/cmdline", "root=/dev/sda1 intel_iommu=on iommu=pt hugepages=16\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

/* GRUB's file on hosts that do not read it. */
static void test_elsewhere(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"intel_iommu=on hugepages=16\"\n");
    f.stack.kind = VV_BOOT_SYSTEMD_BOOT;
    f.stack.name = "systemd-boot with kernel-install";
    f.stack.edit = (char *)"/etc/kernel/cmdline";
    f.stack.run = (char *)"kernel-install add-all";
    ready_host_put(&f, "etc/kernel/cmdline", "root=/dev/sda1 intel_iommu=on iommu=pt\n");
    expect(
        &f, "cmdline", VV_READY_WARN,
        "/etc/default/grub, line 1 has hugepages=16, but this host boots by systemd-boot with kernel-install",
        "put hugepages=16 into /etc/kernel/cmdline and run kernel-install add-all; then reboot");
    assert_int_equal(f.rows->len, 1);
    ready_host_put(&f, "etc/kernel/cmdline", "root=/dev/sda1 intel_iommu=on iommu=pt hugepages=16\n");
    expect(&f, "cmdline", VV_READY_WARN, "/etc/kernel/cmdline, line 1 has hugepages=16",
           "kernel-install add-all");
    /* What is no value is not told to be written there, and what nobody reads keeps no module away. */
    ready_host_put(&f, "proc/cmdline", "root=/dev/sda1 intel_iommu=on iommu=pt hugepages=16\n");
    ready_host_put(&f, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"intel_iommu=on amd_iommu=pt\"\n");
    expect(&f, "advice", VV_READY_WARN, "/etc/default/grub, line 1: amd_iommu does not know", NULL);
    assert_int_equal(f.rows->len, 1);
    ready_host_put(&f, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"modprobe.blacklist=i915\"\n");
    expect(&f, "cmdline", VV_READY_WARN, "/etc/default/grub, line 1 has modprobe.blacklist=i915, but", NULL);
    assert_int_equal(f.rows->len, 1);
    /* Where nothing has to be run. */
    f.stack.kind = VV_BOOT_REFIND;
    f.stack.run = (char *)"";
    ready_host_take(&f, "etc");
    ready_host_put(&f, "boot/refind_linux.conf", "\"Boot\" \"intel_iommu=on iommu=pt hugepages=32\"\n");
    ready_host_put(&f, "proc/cmdline", "intel_iommu=on iommu=pt\n");
    expect(&f, "cmdline", VV_READY_WARN,
           "/boot/refind_linux.conf, line 1 has hugepages=32, and the running kernel does not: this host was "
           "not "
           "rebooted since",
           "reboot");
    assert_text(((VvReadyRow *)f.rows->pdata[0])->remedy, "reboot");
    ready_host_take(&f, "boot/refind_linux.conf");
    ready_host_put(&f, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"intel_iommu=on hugepages=16\"\n");
    f.stack.kind = VV_BOOT_GRUB_BLS;
    f.stack.name = "GRUB with boot loader entries";
    f.stack.edit = (char *)"";
    f.stack.run = (char *)"grubby --update-kernel=ALL --args=\"ARGUMENTS\"";
    ready_host_take(&f, "etc/kernel/cmdline");
    expect(&f, "cmdline", VV_READY_WARN,
           "line 1 has hugepages=16, but this host boots by GRUB with boot loader entries",
           "grubby --update-kernel=ALL --args=\"hugepages=16\"");
    ready_host_put(&f, "proc/cmdline", "root=/dev/sda1 intel_iommu=on iommu=pt hugepages=16\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_grub(void **state)
{
    static const Case cases[] = {
        {"etc/default/grub", "# a \"comment\nGRUB_CMDLINE_LINUX=\"iommu=pt\nGRUB_TIMEOUT=5\n", VV_READY_FAIL,
         "/etc/default/grub, line 2: quotes are opened and not closed", "sh -n /etc/default/grub",
         "# don't mind\nGRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt\"\n"},
        {"etc/default/grub", "GRUB_CMDLINE_LINUX=iommu=pt intel_iommu=on\n", VV_READY_WARN,
         "/etc/default/grub, line 1: without quotes GRUB_CMDLINE_LINUX ends at the first blank",
         "GRUB_CMDLINE_LINUX=\"iommu=pt intel_iommu=on\"",
         "GRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt\" # fine\n"},
        {"etc/default/grub.d/50-cloud.cfg",
         "GRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt\"\nGRUB_CMDLINE_LINUX=\"console=ttyS0\"\n",
         VV_READY_WARN,
         "/etc/default/grub.d/50-cloud.cfg, line 2: GRUB_CMDLINE_LINUX is set anew, and iommu=pt",
         "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX console=ttyS0\"",
         "GRUB_CMDLINE_LINUX=\"intel_iommu=on iommu=pt\"\nGRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX} "
         "console=ttyS0\"\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_down(&f);
}

static void test_scripts(void **state)
{
    static const Case cases[] = {
        {"etc/rc.local",
         "#!/bin/sh\n# echo 0000:01:00.0 > /sys/bus/pci/drivers/vfio-pci/new_id\n"
         "echo \"0000:01:00.0\" > /sys/bus/pci/drivers/vfio-pci/new_id\n",
         VV_READY_WARN,
         "/etc/rc.local, line 3: new_id wants a vendor and a device, and 0000:01:00.0 is an address",
         "echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override",
         "#!/bin/sh\necho 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind; "
         "echo 10de 1e84 > /sys/bus/pci/drivers/vfio-pci/new_id\n"},
        {"etc/systemd/system/vfio.service",
         "[Service]\nExecStart=/bin/sh -c 'echo 10de:1e84 > /sys/bus/pci/drivers/vfio-pci/new_id'\n",
         VV_READY_WARN, "/etc/systemd/system/vfio.service, line 2: new_id wants a blank", "write '10de 1e84'",
         "[Service]\nExecStart=/bin/sh -c 'echo 10de 1e84 > /sys/bus/pci/drivers/vfio-pci/new_id'\n"},
        {"etc/udev/rules.d/10-vfio.rules",
         "ACTION==\"add\", RUN+=\"/bin/sh -c 'echo 0000:02:00.0 | tee "
         "/sys/bus/pci/drivers/vfio-pci/new_id'\"\n",
         VV_READY_WARN, "/etc/udev/rules.d/10-vfio.rules, line 1: new_id", "virt-vfio bind 0000:02:00.0",
         "ACTION==\"add\", ATTR{driver_override}=\"vfio-pci\"\n"},
        {"etc/libvirt/hooks/qemu.d/win/prepare/begin/start.sh",
         "#!/bin/bash\nmodprobe vfio\ncd /sys && echo -n 0 > "
         "bus/pci/devices/0000:01:00.0/rom\n",
         VV_READY_WARN, "/start.sh, line 3: without a newline a 0 switches the ROM on", "echo 0 > rom",
         "#!/bin/bash\necho 0 > bus/pci/devices/0000:01:00.0/rom\n"},
        {"usr/local/bin/is-iommu", "#!/bin/sh\ndmesg | grep 'DMAR: IOMMU enabled'\n", VV_READY_INFO,
         "/usr/local/bin/is-iommu, line 2: the kernel says 'DMAR: IOMMU enabled'", "virt-vfio check",
         "#!/bin/sh\nvirt-vfio check\n"},
        {"usr/local/sbin/enable", "#!/bin/sh\nsed -i 's/quiet/quiet iommu=pt/' /etc/default/grub\n",
         VV_READY_INFO, "/usr/local/sbin/enable, line 2: sed breaks", "virt-vfio setup --iommu",
         "#!/bin/sh\nvirt-vfio setup\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    /* What is no script is not read, and links are not followed. */
    ready_host_put(&f, "usr/local/bin/program",
                   "\x7f"
                   "ELF echo 0000:01:00.0 > new_id\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void test_sysctl(void **state)
{
    static const Case cases[] = {
        {"etc/sysctl.d/vfio.conf", "intel_iommu = on\n", VV_READY_WARN,
         "/etc/sysctl.d/vfio.conf, line 1: intel_iommu is an argument of the kernel",
         "put intel_iommu=on into", "kernel.sysrq = 1\n"},
        {"etc/sysctl.conf", "; big\nvm.nr_hugepages=16384\n", VV_READY_FAIL,
         "/etc/sysctl.conf, line 2: 16384 huge pages of 2048 KiB are all of this host's memory", "at most",
         "vm.nr_hugepages=8192\n"},
    };
    ReadyHost f;

    set_up_host(&f);
    check_cases(&f, cases, G_N_ELEMENTS(cases));
    ready_host_down(&f);
}

static void set_time(const ReadyHost *f, const char *path, time_t when)
{
    g_autofree char *whole = g_build_filename(fake_host_root(f->fake), path, NULL);
    const struct timespec times[2] = {{when, 0}, {when, 0}};

    assert_int_equal(utimensat(AT_FDCWD, whole, times, 0), 0);
}

static void test_images(void **state)
{
    ReadyHost f;

    set_up_host(&f);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "softdep nouveau pre: vfio-pci\n");
    ready_host_put(&f, "boot/initrd.img-6.1.0-18-amd64", "x");
    ready_host_put(&f, "boot/initrd.img-6.1.0-17-amd64", "x");
    ready_host_put(&f, "boot/initrd.img-6.1.0-9-amd64.old-dkms", "x");
    set_time(&f, "etc/modprobe.d/vfio.conf", 1000);
    set_time(&f, "boot/initrd.img-6.1.0-18-amd64", 900);
    set_time(&f, "boot/initrd.img-6.1.0-17-amd64", 900);
    set_time(&f, "boot/initrd.img-6.1.0-9-amd64.old-dkms", 1);
    expect(&f, "advice", VV_READY_WARN,
           "/etc/modprobe.d/vfio.conf: it was changed after /boot/initrd.img-6.1.0-1",
           "run: update-initramfs -u -k all");
    set_time(&f, "boot/initrd.img-6.1.0-18-amd64", 1100);
    expect(&f, "advice", VV_READY_WARN,
           "changed after /boot/initrd.img-6.1.0-17-amd64 was made, and only other kernels' images were made "
           "since",
           "run: update-initramfs -u -k all");
    set_time(&f, "boot/initrd.img-6.1.0-17-amd64", 1000);
    expect_nothing(&f);
    /* A blacklist of the sound driver is no business of passing devices through. */
    set_time(&f, "boot/initrd.img-6.1.0-17-amd64", 900);
    ready_host_put(&f, "etc/modprobe.d/vfio.conf", "blacklist pcspkr\n");
    expect_nothing(&f);
    ready_host_down(&f);
}

static void advise_stack(FakeHost *fake, GPtrArray *rows)
{
    VvSysfs *sysfs = fake_host_sysfs(fake);
    g_autoptr(VvBootStack) stack = vv_boot_detect(sysfs);
    g_autoptr(VvTopology) topology = vv_topology_read(sysfs);

    g_ptr_array_set_size(rows, 0);
    vv_ready_advice(&(VvReadyHost){.sysfs = sysfs, .topology = topology, .stack = stack, .is_root = TRUE},
                    rows);
}

/* Every boot stack: as it was recorded nothing is wrong, and GRUB's file is told of as what it is there. */
static void test_stacks(void **state)
{
    static const struct {
        VvBootKind kind;
        const char *remedy; /* NULL: GRUB's file counts */
    } kinds[] = {
        {VV_BOOT_UNKNOWN, "boot with hugepages=64"},
        {VV_BOOT_GRUB_BLS, "grubby --update-kernel=ALL --args=\"hugepages=64\""},
        {VV_BOOT_SYSTEMD_BOOT, "put hugepages=64 into /etc/kernel/cmdline and run kernel-install add"},
        {VV_BOOT_LOADER_ENTRIES, "put hugepages=64 into /boot/loader/entries/*.conf; then reboot"},
        {VV_BOOT_SDBOOT_MANAGE, "/etc/sdboot-manage.conf and run sdboot-manage gen"},
        {VV_BOOT_UKI_MKINITCPIO, "and run mkinitcpio -P"},
        {VV_BOOT_UKI_KERNEL_INSTALL, "into /etc/kernel/cmdline and run kernel-install add"},
        {VV_BOOT_KERNELSTUB, "put hugepages=64 into /etc/kernelstub/configuration and run kernelstub; then"},
        {VV_BOOT_BOOTC, "--options \"hugepages=64\""},
        {VV_BOOT_RPM_OSTREE, "rpm-ostree kargs --append-if-missing=\"hugepages=64\""},
        {VV_BOOT_SUSE_BLS, "/etc/kernel/cmdline and run sdbootutil update-all-entries"},
        {VV_BOOT_LIMINE, "and run limine-update"},
        {VV_BOOT_REFIND, "put hugepages=64 into /boot/refind_linux.conf; then reboot"},
        {VV_BOOT_PROXMOX, "/etc/kernel/cmdline and run proxmox-boot-tool refresh"},
        {VV_BOOT_NIXOS, "/etc/nixos/configuration.nix"},
    };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)vv_ready_row_free);

    for (guint i = 0; i < boot_hosts_n; i++) {
        FakeHost *fake = fake_host_new("");
        const BootHost *boot = &boot_hosts[i];
        const char *remedy = NULL;

        for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
            if (kinds[k].kind == boot->kind)
                remedy = kinds[k].remedy;
        boot_host_put(fake, boot);
        advise_stack(fake, rows);
        const VvReadyRow *row = rows->pdata[0];
        if (strcmp(boot->name, "rhel-9") == 0) {
            assert_non_null(strstr(row->evidence, "/boot/loader/entries/"));
            assert_non_null(
                strstr(row->remedy, "grubby --update-kernel=ALL --remove-args=\"intel_iommu=off\""));
        } else if (rows->len != 1 || row->verdict != VV_READY_PASS) {
            fail_msg("%s: %s -> %s", boot->name, row->evidence, row->remedy);
        }
        g_autofree char *grub = vv_sysfs_read_all(fake_host_sysfs(fake), "etc/default/grub", 65536);
        g_autofree char *edited = g_strconcat(
            grub ? grub : "", "\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX hugepages=64\"\n", NULL);
        fake_host_put(fake, "etc/default/grub", edited);
        advise_stack(fake, rows);
        row = rows->pdata[rows->len - 1];
        if (!g_str_has_prefix(row->evidence, "/etc/default/grub, line ") ||
            !strstr(row->evidence, " has hugepages=64") || strcmp(row->id, "cmdline") != 0 ||
            !strstr(row->remedy, remedy ? remedy : "then reboot") ||
            !strstr(row->evidence, boot->kind == VV_BOOT_UNKNOWN ? "how this host boots is"
                                   : remedy                      ? "which does not read that file"
                                                                 : "the running kernel does not"))
            fail_msg("%s: %s -> %s", boot->name, row->evidence, row->remedy);
        fake_host_free(fake);
    }
}

/* Nothing that a file holds gets through to the terminal, ends the program, or makes a thousand rows. */
static void test_hostile(void **state)
{
    static const char *const paths[] = {
        "etc/modprobe.d/a.conf",
        "etc/modules",
        "etc/modules-load.d/a.conf",
        "etc/initramfs-tools/modules",
        "etc/default/grub",
        "etc/kernel/cmdline",
        "etc/rc.local",
        "etc/udev/rules.d/a.rules",
        "etc/sysctl.d/a.conf",
        "etc/dracut.conf.d/a.conf",
        "etc/mkinitcpio.conf",
        "proc/cmdline",
        "etc/systemd/system/a.service",
    };
    static const char *const starts[] = {"options vfio-pci ids=",
                                         "softdep vfio-pci pre: ",
                                         "vfio ",
                                         "MODULES=(vfio ",
                                         "GRUB_CMDLINE_LINUX=\"",
                                         "force_drivers+=\"vfio",
                                         "echo new_id ",
                                         "intel_iommu=\x1b[31m",
                                         "blacklist ",
                                         "\\\n\\\n",
                                         "\xff\xfe\x01"};
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    g_autofree char *large = g_strnfill(1 << 20, 'a');
    g_autofree char *line = g_strconcat("options vfio-pci ids=", large, NULL);
    g_autoptr(GString) many = g_string_new(NULL);
    ReadyHost f;

    set_up_host(&f);
    for (guint i = 0; i < 5000; i++)
        g_string_append_printf(many, "options vfio-pci idz=\x1b]0;%u\x07\n", i);
    ready_host_put(&f, "etc/modprobe.d/a.conf", many->str);
    advise(&f);
    assert_int_equal(f.rows->len, 20);
    ready_host_put(&f, "etc/modprobe.d/a.conf", line);
    advise(&f);
    assert_int_equal(f.rows->len, 1);
    assert_true(strlen(((VvReadyRow *)f.rows->pdata[0])->evidence) < 300);
    for (guint round = 0; round < 60; round++) {
        f.stack.initramfs = (VvInitramfsKind)(round % 5);
        f.stack.kind = (VvBootKind)(round % (VV_BOOT_NIXOS + 1));
        for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
            g_autoptr(GString) text = g_string_new(NULL);
            for (guint j = 0; j < 20; j++) {
                g_string_append(text, starts[g_rand_int_range(random, 0, G_N_ELEMENTS(starts))]);
                for (gint k = g_rand_int_range(random, 0, 12); k > 0; k--)
                    g_string_append_c(text, (char)g_rand_int_range(random, 1, 256));
                g_string_append_c(text, j % 3 ? '\n' : '"');
            }
            ready_host_put(&f, paths[i], text->str);
        }
        advise(&f);
        for (guint i = 0; i < f.rows->len; i++) {
            const VvReadyRow *row = f.rows->pdata[i];
            assert_true(g_utf8_validate(row->evidence, -1, NULL));
            assert_null(strchr(row->evidence, '\x1b'));
            assert_true(!row->remedy ||
                        (g_utf8_validate(row->remedy, -1, NULL) && !strchr(row->remedy, '\x1b')));
        }
    }
    ready_host_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modprobe),     cmocka_unit_test(test_count),
        cmocka_unit_test(test_masks),        cmocka_unit_test(test_blacklist),
        cmocka_unit_test(test_built_in),     cmocka_unit_test(test_twins),
        cmocka_unit_test(test_lists),        cmocka_unit_test(test_dracut),
        cmocka_unit_test(test_mkinitcpio),   cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_frame_buffer), cmocka_unit_test(test_amd),
        cmocka_unit_test(test_override),     cmocka_unit_test(test_running),
        cmocka_unit_test(test_elsewhere),    cmocka_unit_test(test_grub),
        cmocka_unit_test(test_scripts),      cmocka_unit_test(test_sysctl),
        cmocka_unit_test(test_images),       cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
