/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "boot-host.h"
#include "vfio/boot/shellvar.h"

#include <sys/stat.h>
#include <unistd.h>

static FakeHost *load(const char *name)
{
    FakeHost *fake = fake_host_new("");

    boot_host_put(fake, boot_host(name));
    return fake;
}

static void test_each_host(void **state)
{
    for (guint i = 0; i < boot_hosts_n; i++) {
        const BootHost *host = &boot_hosts[i];
        FakeHost *fake = load(host->name);
        g_autoptr(VvBootStack) stack = vv_boot_detect(fake_host_sysfs(fake));

        if (stack->kind != host->kind || stack->initramfs != host->initramfs ||
            !strstr(stack->evidence, host->evidence))
            fail_msg("%s: %s (%s), %s", host->name, stack->name, stack->evidence, stack->initramfs_name);
        assert_int_equal(stack->prints_only, host->kind == VV_BOOT_UNKNOWN || host->kind == VV_BOOT_NIXOS);
        assert_string_not_equal(stack->distribution, "");
        fake_host_free(fake);
    }
}

static void check_kind(FakeHost *fake, VvBootKind kind, const char *evidence)
{
    g_autoptr(VvBootStack) stack = vv_boot_detect(fake_host_sysfs(fake));

    if (stack->kind != kind || !strstr(stack->evidence, evidence))
        fail_msg("%s (%s)", stack->name, stack->evidence);
}

/* A program that is installed decides nothing. */
static void test_installed_is_not_used(void **state)
{
    FakeHost *fake = load("debian-12-grub");

    fake_host_put(fake, "usr/bin/kernel-install", "add-all");
    fake_host_put(fake, "usr/bin/bootctl", "x");
    fake_host_put(fake, "usr/bin/rpm-ostree", "x");
    fake_host_put(fake, "usr/bin/limine-update", "x");
    fake_host_put(fake, "boot/refind_linux.conf", "\"x\" \"y\"\n");
    check_kind(fake, VV_BOOT_GRUB_DROPIN, "BOOT_IMAGE=");
    fake_host_free(fake);
}

static void test_debian_script_without_dropins(void **state)
{
    FakeHost *fake = load("debian-12-grub");

    fake_host_put(fake, "usr/sbin/grub-mkconfig", ". /etc/default/grub\n");
    check_kind(fake, VV_BOOT_GRUB_PLAIN, "/etc/default/grub alone");
    fake_host_free(fake);
}

static void test_entries_of_both_kinds(void **state)
{
    FakeHost *fake = load("debian-12-systemd-boot");

    fake_host_put(fake, "boot/efi/loader/entries/rescue.conf", "title x\nlinux /x\noptions y\n");
    check_kind(fake, VV_BOOT_UNKNOWN, "some by hand");
    boot_host_put_variable(fake, "LoaderEntrySelected", "rescue.conf");
    check_kind(fake, VV_BOOT_LOADER_ENTRIES, "rescue.conf, which was written by hand");
    fake_host_free(fake);
}

static void test_unified_image_by_kernel_install(void **state)
{
    FakeHost *fake = load("fedora-bls");

    boot_host_put_variable(fake, "StubInfo", "systemd-stub 257");
    check_kind(fake, VV_BOOT_UNKNOWN, "neither");
    fake_host_put(fake, "etc/kernel/install.conf", "layout=uki\n");
    check_kind(fake, VV_BOOT_UKI_KERNEL_INSTALL, "layout=uki");
    fake_host_put(fake, "etc/mkinitcpio.d/linux.preset", "default_uki=/x.efi\n");
    check_kind(fake, VV_BOOT_UNKNOWN, "both");
    fake_host_free(fake);
}

/* /boot/loader is closed: who is not root must not be told that it is another GRUB. */
static void test_closed_entries(void **state)
{
    FakeHost *fake = load("fedora-bls");
    g_autofree char *folder = g_build_filename(fake_host_root(fake), "boot/loader", NULL);
    gboolean as_root = geteuid() == 0;

    assert_int_equal(chmod(folder, 0), 0);
    check_kind(fake, VV_BOOT_GRUB_BLS, as_root ? "is there" : "for root alone");
    assert_int_equal(chmod(folder, 0755), 0);
    fake_host_free(fake);
}

static void test_proxmox_on_grub(void **state)
{
    FakeHost *fake = load("proxmox-zfs");

    boot_host_put_variable(fake, "LoaderInfo", "GRUB 2.12");
    g_autoptr(VvBootStack) stack = vv_boot_detect(fake_host_sysfs(fake));
    assert_int_equal(stack->kind, VV_BOOT_GRUB_DROPIN);
    assert_string_equal(stack->run, "proxmox-boot-tool refresh");
    fake_host_free(fake);
}

static void test_no_release(void **state)
{
    FakeHost *fake = fake_host_new("");
    g_autoptr(VvBootStack) stack = vv_boot_detect(fake_host_sysfs(fake));

    assert_int_equal(stack->kind, VV_BOOT_UNKNOWN);
    assert_string_equal(stack->distribution, "this system");
    assert_string_equal(stack->distribution_id, "");
    assert_true(stack->prints_only);
    fake_host_free(fake);
}

/* pacman's hook is switched off by a link to /dev/null. */
static void test_masked_hook(void **state)
{
    FakeHost *fake = load("arch-grub");
    g_autofree char *mask =
        g_build_filename(fake_host_root(fake), "etc/pacman.d/hooks/90-mkinitcpio-install.hook", NULL);

    fake_host_put(fake, "etc/pacman.d/hooks/90-dracut-install.hook", "[Trigger]\n");
    g_autoptr(VvBootStack) both = vv_boot_detect(fake_host_sysfs(fake));
    assert_int_equal(both->initramfs, VV_INITRAMFS_UNKNOWN);
    assert_int_equal(symlink("/dev/null", mask), 0);
    g_autoptr(VvBootStack) dracut = vv_boot_detect(fake_host_sysfs(fake));
    assert_int_equal(dracut->initramfs, VV_INITRAMFS_DRACUT);
    fake_host_free(fake);
}

/* "path:line effective|ignored [generated] arguments" */
static void check_line(const char *name, const char *wanted)
{
    FakeHost *fake = load(name);
    g_autoptr(VvBootStack) stack = vv_boot_detect(fake_host_sysfs(fake));
    g_autoptr(GPtrArray) lines = vv_boot_lines(fake_host_sysfs(fake), stack);
    g_autoptr(GString) all = g_string_new(NULL);
    gboolean found = FALSE;

    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        g_autofree char *text = g_strdup_printf("%s:%u %s%s %s", line->path, line->line,
                                                line->effective ? "effective" : "ignored",
                                                line->generated ? " generated" : "", line->arguments);
        g_string_append_printf(all, "%s\n", text);
        found |= strcmp(text, wanted) == 0;
    }
    if (!found)
        fail_msg("%s: no '%s' in\n%s", name, wanted, all->str);
    fake_host_free(fake);
}

#define ARCH "root=UUID=1d4f6e0a-7c22-4a5e-8f0d-3b9c8e7a6d54 rw"
#define UUID "root=UUID=6d2c1b3e-2b0e-4e0c-9f3a-0f5c6a1d7e21 ro"
#define ID "4c8f1e0d2b3a4f5e9a7b6c5d4e3f2a10"

static void test_lines(void **state)
{
    check_line("debian-12-grub", "/etc/default/grub:9 effective quiet");
    check_line("debian-12-grub", "/boot/grub/grub.cfg:2 effective generated " UUID " quiet");
    check_line("ubuntu-25.10-dracut", "/etc/default/grub:9 effective quiet splash");
    check_line("debian-12-systemd-boot",
               "/boot/efi/loader/entries/" ID "-6.1.0-28-amd64.conf:5 effective generated " UUID " quiet");
    check_line("fedora-bls", "/etc/default/grub:6 ignored rhgb quiet");
    check_line("fedora-bls", "/boot/loader/entries/" ID
                             "-6.11.10-300.fc41.x86_64.conf:5 effective generated " UUID " rhgb quiet");
    check_line("arch-systemd-boot", "/boot/loader/entries/arch.conf:5 effective " ARCH " quiet");
    check_line("arch-uki", "/etc/kernel/cmdline:1 effective " ARCH " quiet bgrt_disable");
    check_line("cachyos", "/etc/sdboot-manage.conf:4 effective zswap.enabled=0 nowatchdog quiet splash");
    check_line(
        "pop-os",
        "/etc/kernelstub/configuration:15 effective quiet loglevel=0 systemd.show_status=false splash");
    check_line("limine", "/etc/limine-entry-tool.d/01-default.conf:1 effective " ARCH " quiet");
    check_line("limine", "/boot/limine.conf:7 effective generated " ARCH " quiet");
    check_line("refind", "/boot/refind_linux.conf:1 effective " ARCH " quiet");
    check_line("proxmox-zfs", "/etc/kernel/cmdline:1 effective root=ZFS=rpool/ROOT/pve-1 boot=zfs");
    check_line("proxmox-zfs", "/etc/default/grub:9 ignored quiet");
    check_line("microos",
               "/etc/default/grub:6 effective quiet systemd.show_status=1 security=selinux selinux=1");
}

static void check_shell(const char *text, const char *name, const char *value, const char *inner)
{
    g_autoptr(GPtrArray) vars = vv_shell_vars(text);
    const VvShellVar *var = vv_shell_last(vars, name);

    assert_text(var ? var->value : NULL, value);
    g_autofree char *raw = var ? vv_shell_inner(text, var) : NULL;
    assert_text(raw, inner);
}

static void test_shell(void **state)
{
    check_shell("A=1\n", "A", "1", "1");
    check_shell("A=\n", "A", "", "");
    check_shell("A=", "A", "", "");
    check_shell("A=\"a b\" # c\n", "A", "a b", "a b");
    check_shell("A='a \"b\"'\n", "A", "a \"b\"", "a \"b\"");
    check_shell("#A=1\n A=2;A=3\n", "A", "3", "3");
    check_shell("export A=\"x\"\nB=1 A=2 program\n", "A", "x", "x");
    check_shell("A=a\"b\"'c'\n", "A", "abc", NULL);
    check_shell("A=\"a \\\n b\"\n", "A", "a  b", NULL);
    check_shell("A=\"a \\\"b\\\"\"\n", "A", "a \"b\"", "a \\\"b\\\"");
    check_shell("A=\"$(x \"y\")\"\n", "A", "$(x \"y\")", NULL);
    check_shell("A=`x 2> y || z`\nB=1\n", "A", "`x 2> y || z`", NULL);
    check_shell("A=`x 2> y || z`\nB=1\n", "B", "1", "1");
    check_shell("A=\"$B c\"\n", "A", "$B c", "$B c");
    check_shell("if x; then\n  A=1\nfi\n", "A", "1", NULL);
    check_shell("if x; then\n  :\nfi\nA=1\n", "A", "1", "1");
    check_shell("f() { A=1; }\n", "A", "1", NULL);
    check_shell("A+=\" x\"\n", "A", " x", " x");
    check_shell("K[default]+=\" x\"\n", "K[default]", " x", " x");
    check_shell("A=(a \"b c\"\n d)\nB=2\n", "A", "a \"b c\"\n d", "a \"b c\"\n d");
    check_shell("A=(a # no\n b)\n", "A", "a # no\n b", NULL);
    check_shell("A=(a", "A", "a", NULL);
    check_shell("A=\"a", "A", "a", NULL);
    check_shell("AB=1\n", "A", NULL, NULL);
    check_shell("echo A=1\n", "A", NULL, NULL);
}

/* Nothing that is in a file may hang or crash it. */
static void test_shell_random(void **state)
{
    static const char letters[] = "A=\"'\\$(){}[]`#;\n +|&x";
    g_autoptr(GRand) random = g_rand_new_with_seed(3);

    for (int round = 0; round < 20000; round++) {
        char text[24] = "";
        int length = g_rand_int_range(random, 0, sizeof text - 1);
        for (int i = 0; i < length; i++)
            text[i] = letters[g_rand_int_range(random, 0, sizeof letters - 1)];
        g_autoptr(GPtrArray) vars = vv_shell_vars(text);
        for (guint i = 0; i < vars->len; i++) {
            const VvShellVar *var = vars->pdata[i];
            g_autofree char *inner = vv_shell_inner(text, var);
            g_autofree char *same = inner ? vv_shell_replace(text, var, inner) : NULL;
            assert_true(var->start <= var->end && var->end <= strlen(text));
            if (same && strcmp(same, text) != 0)
                assert_int_equal(strlen(same), strlen(text) + 2); /* quotes where there were none */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_host),
        cmocka_unit_test(test_installed_is_not_used),
        cmocka_unit_test(test_debian_script_without_dropins),
        cmocka_unit_test(test_entries_of_both_kinds),
        cmocka_unit_test(test_unified_image_by_kernel_install),
        cmocka_unit_test(test_closed_entries),
        cmocka_unit_test(test_proxmox_on_grub),
        cmocka_unit_test(test_no_release),
        cmocka_unit_test(test_masked_hook),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_shell),
        cmocka_unit_test(test_shell_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
