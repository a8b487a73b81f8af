/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "boot-host.h"
#include "vfio/boot/apply.h"
#include "vfio/boot/cmdline.h"
#include "vfio/boot/edit.h"
#include "vfio/boot/steps.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* Each recorded host is set up with recorded tools (tests/hosts/boot/tools), looked at and put back. */

/* Where the next boot takes its arguments from, and where modules and reserved devices are to be found. */
static const struct {
    const char *name, *boots, *initramfs;
} results[] = {
    {"debian-12-grub", "boot/grub/grub.cfg", "boot/initrd.img-6.1.0-28-amd64"},
    {"debian-12-systemd-boot", "boot/efi/loader/entries/4c8f1e0d2b3a4f5e9a7b6c5d4e3f2a10-6.1.0-28-amd64.conf",
     "boot/initrd.img-6.1.0-28-amd64"},
    {"ubuntu-24.04", "boot/grub/grub.cfg", "boot/initrd.img-6.8.0-49-generic"},
    {"ubuntu-25.10-dracut", "boot/grub/grub.cfg", "boot/initramfs.img"},
    {"fedora-bls", "boot/loader/entries/4c8f1e0d2b3a4f5e9a7b6c5d4e3f2a10-6.11.10-300.fc41.x86_64.conf",
     "boot/initramfs.img"},
    {"fedora-uki", "boot/efi/EFI/Linux/4c8f1e0d2b3a4f5e9a7b6c5d4e3f2a10-6.11.10-300.fc41.x86_64.efi",
     "boot/initramfs.img"},
    {"rhel-9", "boot/loader/entries/4c8f1e0d2b3a4f5e9a7b6c5d4e3f2a10-5.14.0-503.15.1.el9_5.x86_64.conf",
     "boot/initramfs.img"},
    {"arch-systemd-boot", "boot/loader/entries/arch.conf", "boot/initramfs.img"},
    {"arch-uki", "efi/EFI/Linux/arch-linux.efi", "boot/initramfs.img"},
    {"arch-grub", "boot/grub/grub.cfg", "boot/initramfs.img"},
    {"cachyos", "boot/loader/entries/linux-cachyos.conf", "boot/initramfs.img"},
    {"opensuse-grub2", "boot/grub2/grub.cfg", "boot/initramfs.img"},
    {"opensuse-bls", "boot/efi/loader/entries/opensuse-tumbleweed-6.11.8-1-default-1.conf",
     "boot/initramfs.img"},
    {"microos", "boot/grub2/grub.cfg", "boot/initramfs.img"},
    {"pop-os", "boot/efi/loader/entries/Pop_OS-current.conf", "boot/initrd.img-6.9.3-76060903-generic"},
    {"silverblue", "boot/loader/entries/ostree-1.conf", "boot/initramfs.img"},
    {"bootc", "boot/loader/entries/ostree-1.conf", NULL},
    {"proxmox-zfs", "boot/esp/loader/entries/proxmox-6.8.12-4-pve.conf", "boot/initrd.img-6.8.12-4-pve"},
    {"limine", "boot/limine.conf", "boot/initramfs.img"},
    {"refind", "boot/refind_linux.conf", "boot/initramfs.img"},
};

typedef struct {
    FakeHost *fake;
    const VvSysfs *sysfs;
    VvBootStack *stack;
    VvSetupWants wants;
} Case;

static VvReserve unique_card = {.address = (char *)"0000:01:00.0",
                                .ids = (char *)"10de:1e84",
                                .module = (char *)"nouveau",
                                .unique = TRUE};
static VvReserve twin = {
    .address = (char *)"0000:03:00.0", .ids = (char *)"144d:a808", .module = (char *)"nvme"};

static void begin(Case *c, const char *name)
{
    c->fake = fake_host_load("intel-desktop");
    fake_host_put(c->fake, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
    boot_host_put(c->fake, boot_host(name));
    c->sysfs = fake_host_sysfs(c->fake);
    c->stack = vv_boot_detect(c->sysfs);
    c->wants = (VvSetupWants){.iommu = TRUE,
                              .modules = TRUE,
                              .hugepage_kib = 1048576,
                              .hugepages = 4,
                              .reserve = g_ptr_array_new()};
    g_ptr_array_add(c->wants.reserve, &unique_card);
    g_ptr_array_add(c->wants.reserve, &twin);
}

static void end(Case *c)
{
    vv_boot_stack_free(c->stack);
    g_ptr_array_unref(c->wants.reserve);
    fake_host_free(c->fake);
}

static VvSetupPlan *plan_of(Case *c)
{
    g_autoptr(GError) error = NULL;
    VvSetupPlan *plan = vv_setup_plan_make(c->sysfs, c->stack, &c->wants, &error);

    assert_fine(error);
    return plan;
}

static char *below(Case *c, const char *path)
{
    return g_build_filename(fake_host_root(c->fake), path, NULL);
}

static char *content(Case *c, const char *path)
{
    g_autofree char *file = below(c, path);
    char *text = NULL;

    g_file_get_contents(file, &text, NULL, NULL);
    return text;
}

static gboolean run_tool(const VvSysfs *sysfs, const char *const *argv, GString *output, gpointer data,
                         GError **error)
{
    g_autofree char *tools = g_build_filename(g_getenv("SOURCE_ROOT"), "tests/hosts/boot/tools", NULL),
                    *said = NULL;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ROOT", vv_sysfs_root(sysfs), TRUE);
    int status = -1;

    environment = g_environ_setenv(environment, "LOG", "/dev/null", TRUE);
    g_ptr_array_add(all, tools);
    for (; *argv; argv++)
        g_ptr_array_add(all, (char *)*argv);
    g_ptr_array_add(all, NULL);
    assert_true(g_spawn_sync(NULL, (char **)all->pdata, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, &said,
                             &status, NULL));
    if (g_spawn_check_wait_status(status, NULL))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s", said);
    return FALSE;
}

static VvSetupEngine engine_of(Case *c)
{
    return (VvSetupEngine){.sysfs = c->sysfs, .run = run_tool};
}

static void apply(Case *c, const VvSetupPlan *plan, gboolean changes)
{
    g_autoptr(GError) error = NULL;
    VvSetupEngine engine = engine_of(c);
    int lock = vv_ledger_lock(c->sysfs, &error);
    g_autoptr(VvLedger) ledger = vv_ledger_load(c->sysfs, &error);
    gboolean changed = FALSE;

    assert_fine(error);
    vv_setup_apply(&engine, ledger, c->stack, &c->wants, plan, &changed, &error);
    assert_fine(error);
    assert_int_equal(changed, changes);
    vv_ledger_unlock(c->sysfs, lock);
}

static void undo(Case *c)
{
    g_autoptr(GError) error = NULL;
    VvSetupEngine engine = engine_of(c);
    int lock = vv_ledger_lock(c->sysfs, &error);
    g_autoptr(VvLedger) ledger = vv_ledger_load(c->sysfs, &error);
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_undo(c->sysfs, ledger, &error);

    assert_fine(error);
    vv_setup_undo(&engine, ledger, plan, &error);
    assert_fine(error);
    vv_ledger_unlock(c->sysfs, lock);
}

/* All that setup may touch. */
static char *snapshot(Case *c)
{
    static const char *const folders[] = {"etc", "boot", "efi", "usr", "ostree"};
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = below(c, folders[i]);
        g_autofree char *part =
            g_file_test(path, G_FILE_TEST_IS_DIR) ? fake_host_snapshot(c->fake, folders[i]) : NULL;
        g_string_append(all, part ? part : "");
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

/* The host's own tools have run before, when it was installed. */
static void settle(Case *c, const VvSetupPlan *plan)
{
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < plan->steps->len; i++) {
        const VvSetupStep *step = plan->steps->pdata[i];
        assert_non_null(step->why);
        if (step->what == VV_SETUP_RUN && step->rebuild &&
            !run_tool(c->sysfs, (const char *const *)step->argv, NULL, NULL, &error))
            fail_msg("%s: %s: %s", c->stack->name, step->argv[0], error->message);
    }
}

static char *describe(const VvSetupPlan *plan)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < plan->steps->len; i++) {
        const VvSetupStep *step = plan->steps->pdata[i];
        g_autofree char *words = step->argv ? g_strjoinv(" ", step->argv) : NULL;
        g_string_append_printf(text, "%s\n%s", words ? words : step->path,
                               words         ? ""
                               : step->after ? step->after
                                             : "(gone)\n");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Some line of what boots next has all the arguments. */
static void check_boots(Case *c, const char *path)
{
    g_autofree char *text = content(c, path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) arguments = vv_setup_arguments(c->sysfs, c->stack, &c->wants);
    gboolean found = FALSE;

    assert_int_equal(g_strv_length(arguments), c->stack->kind == VV_BOOT_BOOTC ? 6 : 5);
    for (char **line = lines; *line; line++) {
        g_autofree char *words = g_strdelimit(g_strdup(*line), "\"", ' ');
        gboolean all = vv_cmdline_has(words, "hugepagesz=1G hugepages=4");
        for (char **argument = arguments; *argument; argument++)
            all = all && vv_cmdline_has(words, *argument);
        found |= all;
    }
    if (!found)
        fail_msg("%s: arguments are missing in\n%s", c->stack->name, text);
}

static void check_part(Case *c, const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s: no '%s' in\n%s", c->stack->name, part, text);
}

/* The card by its ids, the twin by its address, and never by its ids: its sibling would go as well. */
static void check_initramfs(Case *c, const char *path)
{
    g_autofree char *text = content(c, path);

    check_part(c, text, "module vfio_pci\n");
    check_part(c, text, "module vfio_iommu_type1\n");
    check_part(c, text, "options vfio-pci ids=10de:1e84\n");
    check_part(c, text, "softdep nouveau pre: vfio-pci\n");
    check_part(c, text, "0000:03:00.0");
    check_part(c, text, "driver_override");
    check_part(c, text, "0x144d:0xa808");
    assert_null(strstr(text, "=144d:a808"));
    assert_null(strstr(text, ",144d:a808"));
    assert_null(strstr(text, "0000:02:00.0"));
}

static void test_whole_way(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
        Case c;
        begin(&c, results[i].name);
        g_autoptr(VvSetupPlan) first = plan_of(&c);
        assert_null(first->snippet);
        settle(&c, first);
        if (results[i].initramfs && !strstr(results[i].initramfs, "initrd") &&
            c.stack->initramfs != VV_INITRAMFS_RPM_OSTREE)
            assert_true(vv_sysfs_exists(c.sysfs, results[i].initramfs));
        g_autofree char *before = snapshot(&c);

        g_autoptr(VvSetupPlan) plan = plan_of(&c);
        apply(&c, plan, TRUE);
        check_boots(&c, results[i].boots);
        if (results[i].initramfs)
            check_initramfs(&c, results[i].initramfs);

        g_autoptr(VvBootStack) again = vv_boot_detect(c.sysfs);
        assert_int_equal(again->kind, c.stack->kind);
        assert_string_equal(again->edit, c.stack->edit);
        g_autoptr(VvSetupPlan) second = plan_of(&c);
        g_autofree char *left = describe(second);
        if (*left)
            fail_msg("%s: the second plan is\n%s", results[i].name, left);

        apply(&c, second, FALSE);
        undo(&c);
        g_autofree char *after = snapshot(&c);
        if (strcmp(before, after) != 0)
            fail_msg("%s: after undo\n%s\nbefore\n%s", results[i].name, after, before);
        end(&c);
    }
}

static const VvSetupStep *file_step(const VvSetupPlan *plan, const char *path)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const VvSetupStep *step = plan->steps->pdata[i];
        if (step->what == VV_SETUP_FILE && strcmp(step->path, path) == 0)
            return step;
    }
    return NULL;
}

/* As the verb asks for devices: all functions of the card, and of two identical disks the one that is named.
 */
static void test_reserved_by_name(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvSetupWants) wants = vv_setup_wants_new();
    Case c;

    begin(&c, "debian-12-grub");
    g_autoptr(VvHost) host = fake_host_scan(c.fake);
    assert_true(vv_setup_wants_reserve(wants, host, "01:00", &error) &&
                vv_setup_wants_reserve(wants, host, "03:00.0", &error));
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_make(c.sysfs, c.stack, wants, &error);
    assert_fine(error);
    const char *options = file_step(plan, "/etc/modprobe.d/virt-vfio.conf")->after;
    check_part(&c, options, "ids=10de:1e84,10de:10f8,10de:1ad8,10de:1ad9\n");
    check_part(&c, options, "softdep nouveau pre: vfio-pci\n");
    check_part(&c, options, "softdep snd_hda_intel pre: vfio-pci\n");
    /* Not their drivers' names: nobody loads a module xhci_hcd for a PCI card, and none is called nvidia-gpu.
     */
    check_part(&c, options, "softdep xhci_pci pre: vfio-pci\n");
    check_part(&c, options, "softdep i2c_nvidia_gpu pre: vfio-pci\n");
    assert_null(strstr(options, "144d:a808"));
    const VvSetupStep *script = file_step(plan, "/etc/initramfs-tools/scripts/init-top/00-virt-vfio");
    check_part(&c, script->after, "\nvv_reserve 0000:03:00.0 0x144d:0xa808\n");
    assert_int_equal(script->mode, 0755);
    end(&c);
}

static void check_override(const Case *c, const char *address, gboolean reserved)
{
    g_autofree char *override = fake_host_override(c->fake, address);

    assert_int_equal(strcmp(override, "vfio-pci") == 0, reserved);
}

/* The script itself, on the fake tree: the one that is named, and only while it is what it was. */
static void test_early_script(void **state)
{
    Case c;

    begin(&c, "debian-12-grub");
    for (int shifted = 0; shifted < 2; shifted++) {
        g_autoptr(VvSetupPlan) plan = plan_of(&c);
        const char *script = file_step(plan, "/etc/initramfs-tools/scripts/init-top/00-virt-vfio")->after;
        g_auto(GStrv) parts = g_strsplit(script, "/sys/", -1);
        g_autofree char *sys = g_strdup_printf("%s/sys/", fake_host_root(c.fake)),
                        *text = g_strjoinv(sys, parts);
        const char *argv[] = {"sh", "-c", text, NULL};
        fake_host_put(c.fake, "sys/bus/pci/devices/0000:03:00.0/vendor", shifted ? "0x8086\n" : "0x144d\n");
        fake_host_put(c.fake, "sys/bus/pci/devices/0000:03:00.0/device", "0xa808\n");
        fake_host_put(c.fake, "sys/bus/pci/devices/0000:03:00.0/driver_override", "(null)\n");
        assert_true(
            g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
        check_override(&c, "0000:02:00.0", FALSE);
        check_override(&c, "0000:03:00.0", !shifted);
    }
    end(&c);
}

/* Only what is still wanted stays; and with nothing wanted, nothing is done. */
static void test_nothing_wanted(void **state)
{
    for (guint i = 0; i < boot_hosts_n; i++) {
        Case c;
        begin(&c, boot_hosts[i].name);
        g_ptr_array_set_size(c.wants.reserve, 0);
        c.wants = (VvSetupWants){.reserve = c.wants.reserve};
        g_autoptr(VvSetupPlan) plan = plan_of(&c);
        g_autofree char *left = describe(plan);
        if (*left)
            fail_msg("%s: %s", boot_hosts[i].name, left);
        end(&c);
    }
}

static void check_file(Case *c, const char *path, const char *wanted)
{
    g_autoptr(VvSetupPlan) plan = plan_of(c);
    const VvSetupStep *step = file_step(plan, path);

    if (!step || strcmp(step->after, wanted) != 0)
        fail_msg("%s is\n%s", path, step ? step->after : "not changed");
}

static void test_debian_dropin(void **state)
{
    Case c;

    begin(&c, "debian-12-grub");
    c.wants.hugepages = 0;
    check_file(&c, "/etc/default/grub.d/zz-virt-vfio.cfg",
               "# Written by virt-vfio setup; \"virt-vfio setup --undo\" removes it.\n"
               "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on iommu=pt\"\n");
    /* What another drop-in says need not be said again; what contradicts goes where it is. */
    fake_host_put(c.fake, "etc/default/grub.d/a.cfg",
                  "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT iommu=pt\"\n");
    fake_host_put(c.fake, "etc/default/grub",
                  "GRUB_CMDLINE_LINUX='amd_iommu=off a'\nGRUB_CMDLINE_LINUX_DEFAULT=quiet\n");
    check_file(&c, "/etc/default/grub",
               "GRUB_CMDLINE_LINUX='iommu=pt a'\nGRUB_CMDLINE_LINUX_DEFAULT=quiet\n");
    check_file(&c, "/etc/default/grub.d/zz-virt-vfio.cfg",
               "# Written by virt-vfio setup; \"virt-vfio setup --undo\" removes it.\n"
               "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on\"\n");
    end(&c);
}

/* A variable that the shell makes is shown, not changed. */
static void test_computed_variable(void **state)
{
    Case c;

    begin(&c, "arch-grub");
    fake_host_put(c.fake, "etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet $(cat /etc/more)\"\n");
    g_autoptr(VvSetupPlan) plan = plan_of(&c);
    assert_int_equal(plan->steps->len, 0);
    assert_non_null(strstr(plan->snippet, "intel_iommu=on iommu=pt"));
    assert_non_null(strstr(plan->notes->pdata[0], "/etc/default/grub: GRUB_CMDLINE_LINUX_DEFAULT in line 1"));
    end(&c);
}

static void test_odd_variables(void **state)
{
    static const char *const cases[][2] = {
        {"GRUB_CMDLINE_LINUX_DEFAULT=\n", "GRUB_CMDLINE_LINUX_DEFAULT=\"intel_iommu=on iommu=pt\"\n"},
        {"GRUB_CMDLINE_LINUX_DEFAULT=quiet # c\n",
         "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on iommu=pt\" # c\n"},
        {"GRUB_CMDLINE_LINUX_DEFAULT='a \"b c\"'\n",
         "GRUB_CMDLINE_LINUX_DEFAULT='a \"b c\" intel_iommu=on iommu=pt'\n"},
        {"GRUB_CMDLINE_LINUX_DEFAULT=\"a \\\"b c\\\"\"\n",
         "GRUB_CMDLINE_LINUX_DEFAULT=\"a \\\"b c\\\" intel_iommu=on iommu=pt\"\n"},
        {"A=1", "A=1\nGRUB_CMDLINE_LINUX_DEFAULT=\"intel_iommu=on iommu=pt\"\n"},
        {"#GRUB_CMDLINE_LINUX_DEFAULT=\"no\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"x intel_iommu=off\"\n",
         "#GRUB_CMDLINE_LINUX_DEFAULT=\"no\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"x intel_iommu=on iommu=pt\"\n"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        begin(&c, "arch-grub");
        c.wants.hugepages = 0;
        fake_host_put(c.fake, "etc/default/grub", cases[i][0]);
        check_file(&c, "/etc/default/grub", cases[i][1]);
        end(&c);
    }
}

/* AMD's IOMMU needs no argument to be on. */
static void test_amd(void **state)
{
    Case c;

    begin(&c, "debian-12-grub");
    fake_host_put(c.fake, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n");
    c.wants.hugepages = 0;
    g_auto(GStrv) arguments = vv_setup_arguments(c.sysfs, c.stack, &c.wants);
    assert_string_equal(arguments[0], "iommu=pt");
    assert_null(arguments[1]);
    /* A machine of QEMU's may have Intel's IOMMU beside it. */
    fake_host_put(c.fake, "sys/firmware/acpi/tables/DMAR", "DMAR");
    g_auto(GStrv) intel = vv_setup_arguments(c.sysfs, c.stack, &c.wants);
    assert_string_equal(intel[0], "intel_iommu=on");
    end(&c);
}

static void test_small_pages_and_isolation(void **state)
{
    Case c;

    begin(&c, "debian-12-grub");
    c.wants.iommu = FALSE;
    c.wants.hugepage_kib = 2048;
    c.wants.hugepages = 1024;
    c.wants.isolate_cpus = (char *)"2-7";
    check_file(
        &c, "/etc/sysctl.d/60-virt-vfio-hugepages.conf",
        "# Written by virt-vfio setup; \"virt-vfio setup --undo\" removes it.\nvm.nr_hugepages = 1024\n");
    g_auto(GStrv) arguments = vv_setup_arguments(c.sysfs, c.stack, &c.wants);
    assert_string_equal(arguments[0], "isolcpus=managed_irq,domain,2-7");
    assert_string_equal(arguments[1], "nohz_full=2-7");
    assert_string_equal(arguments[2], "rcu_nocbs=2-7");
    end(&c);
}

static gboolean has_note(const VvSetupPlan *plan, const char *part)
{
    for (guint i = 0; i < plan->notes->len; i++)
        if (strstr(plan->notes->pdata[i], part))
            return TRUE;
    return FALSE;
}

static void test_notes(void **state)
{
    Case c;

    begin(&c, "arch-systemd-boot");
    fake_host_put(c.fake, "etc/crypttab", "# tpm2-device=no\nroot UUID=1 none tpm2-device=auto\n");
    fake_host_put(c.fake, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=1:2\n");
    g_autoptr(VvSetupPlan) plan = plan_of(&c);
    assert_true(has_note(plan, "by the TPM"));
    assert_true(has_note(plan, "arch-fallback.conf stays as it is"));
    assert_true(has_note(plan, "/etc/modprobe.d/vfio.conf sets ids"));
    assert_null(file_step(plan, "/boot/loader/entries/arch-fallback.conf"));
    assert_non_null(strstr(file_step(plan, "/etc/modprobe.d/virt-vfio.conf")->after, "ids=10de:1e84,1:2\n"));
    end(&c);
}

/* vm.nr_hugepages counts pages of the default size. */
static void test_other_pages(void **state)
{
    Case c;

    begin(&c, "arch-uki");
    c.wants.hugepage_kib = 2048;
    g_autoptr(VvSetupPlan) fine = plan_of(&c);
    assert_false(has_note(fine, "default_hugepagesz=1G"));
    fake_host_put(c.fake, "etc/kernel/cmdline", "root=x default_hugepagesz=1G\n");
    g_autoptr(VvSetupPlan) plan = plan_of(&c);
    assert_true(has_note(plan, "/etc/kernel/cmdline, line 1, has default_hugepagesz=1G"));
    end(&c);
}

/* Without a spare one, the last that is not the default stays. */
static void test_one_entry_stays(void **state)
{
    Case c;

    begin(&c, "arch-systemd-boot");
    g_autofree char *spare = below(&c, "boot/loader/entries/arch-fallback.conf");
    assert_int_equal(g_unlink(spare), 0);
    fake_host_put(c.fake, "boot/loader/entries/hardened.conf", "title x\nlinux /x\noptions a\n");
    fake_host_put(c.fake, "boot/loader/entries/lts.conf", "title y\nlinux /y\noptions b\n");
    fake_host_put(c.fake, "boot/loader/entries/memtest.conf", "title m\nefi /m.efi\n");
    vv_boot_stack_free(c.stack);
    c.stack = vv_boot_detect(c.sysfs);
    g_autoptr(VvSetupPlan) plan = plan_of(&c);
    assert_non_null(file_step(plan, "/boot/loader/entries/arch.conf"));
    assert_non_null(file_step(plan, "/boot/loader/entries/hardened.conf"));
    assert_null(file_step(plan, "/boot/loader/entries/lts.conf"));
    assert_null(file_step(plan, "/boot/loader/entries/memtest.conf"));
    end(&c);
}

static void test_snippets(void **state)
{
    Case nixos, unknown;

    begin(&nixos, "nixos");
    g_autoptr(VvSetupPlan) plan = plan_of(&nixos);
    assert_int_equal(plan->steps->len, 0);
    check_part(&nixos, plan->snippet, "boot.kernelParams = [ \"intel_iommu=on\" \"iommu=pt\"");
    check_part(&nixos, plan->snippet,
               "boot.initrd.kernelModules = [ \"vfio_pci\" \"vfio\" \"vfio_iommu_type1\" ];");
    check_part(&nixos, plan->snippet, "boot.extraModprobeConfig = \"options vfio-pci ids=10de:1e84\";");
    check_part(&nixos, plan->snippet, "0000:03:00.0");
    end(&nixos);
    begin(&unknown, "ambiguous");
    g_autoptr(VvSetupPlan) other = plan_of(&unknown);
    assert_int_equal(other->steps->len, 0);
    check_part(&unknown, other->snippet,
               "intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=4");
    check_part(&unknown, other->snippet, "softdep nouveau pre: vfio-pci");
    end(&unknown);
}

/* vfio_virqfd was a module of its own before 6.2, which vfio_pci brings along. */
static void test_old_kernel(void **state)
{
    Case c;

    begin(&c, "rhel-9");
    g_autoptr(VvSetupPlan) plan = plan_of(&c);
    const char *list = file_step(plan, "/etc/modules-load.d/virt-vfio.conf")->after;
    check_part(&c, list, "vfio_iommu_type1\n");
    assert_null(strstr(list, "virqfd"));
    end(&c);
}

/* A driver that is part of the kernel comes before all modules: only the command line can tell it. */
static void test_built_in(void **state)
{
    Case c;

    begin(&c, "arch-grub");
    fake_host_put(c.fake, "usr/lib/modules/6.12.1-arch1-1/modules.builtin",
                  "kernel/drivers/vfio/pci/vfio-pci.ko\n");
    g_auto(GStrv) arguments = vv_setup_arguments(c.sysfs, c.stack, &c.wants);
    assert_true(g_strv_contains((const char *const *)arguments, "vfio-pci.ids=10de:1e84"));
    end(&c);
}

static void test_old_mkinitcpio_and_booster(void **state)
{
    Case old, booster;

    begin(&old, "arch-grub");
    fake_host_put(old.fake, "usr/bin/mkinitcpio", "#!/bin/bash\n");
    g_autoptr(VvSetupPlan) plan = plan_of(&old);
    check_part(&old, file_step(plan, "/etc/mkinitcpio.conf")->after,
               "\nMODULES=(vfio_pci vfio vfio_iommu_type1");
    end(&old);
    begin(&booster, "arch-grub");
    fake_host_put(booster.fake, "usr/share/libalpm/hooks/90-mkinitcpio-install.hook", "");
    g_autofree char *hook = below(&booster, "usr/share/libalpm/hooks/90-mkinitcpio-install.hook");
    assert_int_equal(g_unlink(hook), 0);
    fake_host_put(booster.fake, "usr/share/libalpm/hooks/90-booster-install.hook", "[Trigger]\n");
    fake_host_put(booster.fake, "etc/booster.yaml", "universal: false\nmodules_force_load: nvme\n");
    vv_boot_stack_free(booster.stack);
    booster.stack = vv_boot_detect(booster.sysfs);
    assert_int_equal(booster.stack->initramfs, VV_INITRAMFS_BOOSTER);
    check_file(&booster, "/etc/booster.yaml",
               "universal: false\nmodules_force_load: nvme, vfio_pci, vfio, vfio_iommu_type1\n");
    end(&booster);
}

/* Somebody edited the file after us. */
static void check_take_out(VvSetupEdit edit, const char *key, const char *before, const char *const *words,
                           const char *from, const char *to, const char *wanted)
{
    VvSetupStep step = {.edit = edit, .key = (char *)key};
    g_autofree char *merged =
        vv_edit_merge(edit, key, before, words, FALSE, &step.added, &step.replaced, NULL);
    g_autofree char *back = vv_setup_take_out(&step, merged);
    g_auto(GStrv) parts = g_strsplit(merged, from, 2);
    g_autofree char *edited = g_strjoinv(to, parts), *taken = vv_setup_take_out(&step, edited);

    assert_string_equal(back, before);
    assert_string_not_equal(edited, merged);
    assert_string_equal(taken, wanted);
    g_strfreev(step.added);
    g_strfreev(step.replaced);
}

static void test_take_out(void **state)
{
    static const char *const words[] = {"intel_iommu=on", "iommu=pt", NULL};
    static const char *const modules[] = {"vfio_pci", "vfio", NULL};

    check_take_out(VV_EDIT_LINE, NULL, "root=x intel_iommu=off\n", words, "root=x", "root=y new",
                   "root=y new intel_iommu=off\n");
    check_take_out(VV_EDIT_VARIABLE, "K", "A=1\nK='a'\n", words, "A=1", "A=2", "A=2\nK='a'\n");
    check_take_out(VV_EDIT_OPTIONS, NULL, "title x\noptions a b\n", words, "title x", "title y",
                   "title y\noptions a b\n");
    check_take_out(VV_EDIT_REFIND, NULL, "\"t\"  \"a\"\n\"u\" \"a\"\n", words, "\"a ", "\"b ",
                   "\"t\"  \"b\"\n\"u\" \"a\"\n");
    check_take_out(VV_EDIT_LIST, NULL, "# x\nnvme\n", modules, "nvme", "ahci", "# x\nahci\n");
    check_take_out(VV_EDIT_JSON_LIST, "k", "{\"user\": {\"k\": [\n \"a\",\n \"b\"\n], \"z\": 1}}", words, "z",
                   "y", "{\"user\": {\"k\": [\n \"a\",\n \"b\"\n], \"y\": 1}}");
    check_take_out(VV_EDIT_JSON_LIST, "k", "{\"k\": [\"no\"], \"user\": {\"k\": []}}", words, "no", "yes",
                   "{\"k\": [\"yes\"], \"user\": {\"k\": []}}");
    check_take_out(VV_EDIT_YAML_LIST, "k", "a: b\nk: x, y\n", modules, "a: b", "a: c", "a: c\nk: x, y\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_way),
        cmocka_unit_test(test_reserved_by_name),
        cmocka_unit_test(test_early_script),
        cmocka_unit_test(test_nothing_wanted),
        cmocka_unit_test(test_debian_dropin),
        cmocka_unit_test(test_computed_variable),
        cmocka_unit_test(test_odd_variables),
        cmocka_unit_test(test_amd),
        cmocka_unit_test(test_small_pages_and_isolation),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_other_pages),
        cmocka_unit_test(test_one_entry_stays),
        cmocka_unit_test(test_snippets),
        cmocka_unit_test(test_old_kernel),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_old_mkinitcpio_and_booster),
        cmocka_unit_test(test_take_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
