/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot-host.h"
#include "ready-host.h"
#include "test.h"

#include <json-c/json.h>
#include <stdio.h>
#include <sys/wait.h>

/* The verb check, as it is called, on recorded machines. */

static char *out, *err;

/* "virt-vfio check WORDS"; NULL: without any. */
static int run(const ReadyHost *f, const char *words)
{
    g_autofree char *line =
        g_strdup_printf("%s check --sysroot %s %s", VV_PROGRAM, fake_host_root(f->fake), words ? words : "");
    g_auto(GStrv) arguments = NULL, environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    int status;

    g_clear_pointer(&out, g_free);
    g_clear_pointer(&err, g_free);
    assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
    assert_true(
        g_spawn_sync(NULL, arguments, environment, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, NULL));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const ReadyHost *f, const char *words, int code, const char *part)
{
    int is = run(f, words);

    if (is != code || !strstr(out, part))
        fprintf(stderr, "%s%s", out, err);
    if (is != code || !strstr(out, part))
        fail_msg("check %s: exit code %d, expected %d and \"%s\":\n%s%s", words ? words : "", is, code, part,
                 out, err);
}

static const char *member(json_object *object, const char *name)
{
    json_object *value = NULL;

    assert_true(json_object_object_get_ex(object, name, &value));
    return json_object_get_string(value);
}

static void test_text(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    expect(&f, NULL, 0, "  + iommu     on: 1 unit");
    /* The hook is not installed there, and there is no firmware for guests. */
    expect(&f, NULL, 0, "\n+ ready, with 2 warnings\n");
    expect(&f, NULL, 0, "-> virt-vfio hook install");
    assert_null(strstr(out, "\033"));
    ready_host_take(&f, "sys/class/iommu");
    ready_host_take(&f, "dev/kvm");
    expect(&f, NULL, 4, "\nx not ready: kvm and iommu\n");
    expect(&f, NULL, 4, "  x iommu     no IOMMU is on (/sys/class/iommu is empty)\n");
    ready_host_down(&f);
}

static void test_json(void **state)
{
    ReadyHost f;
    json_object *root, *checks = NULL;

    ready_host_up(&f);
    ready_host_take(&f, "dev/kvm");
    assert_int_equal(run(&f, "--json"), 4);
    root = json_tokener_parse(out);
    assert_non_null(root);
    assert_string_equal(member(root, "verdict"), "not-ready");
    assert_true(json_object_object_get_ex(root, "checks", &checks));
    assert_true(json_object_array_length(checks) > 20);
    for (gsize i = 0; i < json_object_array_length(checks); i++) {
        json_object *check = json_object_array_get_idx(checks, i);
        const char *verdict = member(check, "verdict");
        gboolean fails = strcmp(member(check, "id"), "kvm") == 0;

        assert_true(*member(check, "evidence"));
        assert_int_equal(strcmp(verdict, "fail") == 0, fails);
        assert_true(fails || strcmp(verdict, "pass") == 0 || strcmp(verdict, "info") == 0 ||
                    strcmp(verdict, "warn") == 0);
        /* What is wrong has a remedy. */
        assert_true(strcmp(verdict, "pass") == 0 || strcmp(verdict, "info") == 0 || member(check, "remedy"));
    }
    json_object_put(root);
    ready_host_put(&f, "dev/kvm", "");
    assert_int_equal(run(&f, "--json"), 0);
    assert_non_null(strstr(out, "\"verdict\": \"ready\""));
    ready_host_down(&f);
}

static void test_bare(void **state)
{
    ReadyHost f;

    ready_host_up_bare(&f);
    expect(&f, NULL, 4, "not ready: cpu, kvm, acpi and iommu\n");
    ready_host_down(&f);
}

static char *put_vm(ReadyHost *f, const char *text)
{
    ready_host_put(f, "vm.ini", text);
    return g_build_filename(fake_host_root(f->fake), "vm.ini", NULL);
}

static void test_file(void **state)
{
    ReadyHost f;
    g_autofree char *path = NULL;

    ready_host_up(&f);
    ready_host_put(&f, "usr/share/qemu/firmware/60-edk2-x86_64.json", "{}");
    path = put_vm(&f, "[vm]\nname = a\nmemory = 8G\ncpus = 4\n[device nvme]\nhost = 03:00\n");
    expect(&f, path, 0, "memory    the guest's 8 GiB fit into 24 GiB available");
    expect(&f, path, 0, "4 of this host's 8 CPUs");
    expect(&f, path, 0, "1 function would be taken from this host");
    expect(&f, path, 0, "libvirt chooses the guest's UEFI (/usr/share/qemu/firmware)");
    /* The plan's reasons are rows, with the words that lift them. */
    g_free(path);
    path = put_vm(&f, "[vm]\nname = a\nmemory = 8G\n[device gpu]\nhost = 01:00.0\n");
    expect(&f, path, 4, "x group-shared    0000:01:00.0: IOMMU group 1 also holds 0000:01:00.1");
    expect(&f, path, 4, "or say: --allow group-shared=0000:01:00.0\n");
    expect(&f, path, 4, "not ready: group-shared\n");
    g_free(path);
    path = put_vm(&f, "[vm]\nname = a\nmemory = 8G\n[device gpu]\nhost = 0b:00.0\n");
    expect(&f, path, 4, "not ready: file and not-found\n");
    g_free(path);
    path = put_vm(&f, "[vm]\nname = a\nmemory = 30G\ncpus = 16\n[device nvme]\nhost = 03:00\n");
    expect(&f, path, 4, "the guest wants 30 GiB, and 24 GiB are available");
    expect(&f, path, 4, "the guest has 16 CPUs and this host 8");
    g_free(path);
    path = put_vm(&f, "[vm]\nname = a\nholodeck = 1\n");
    assert_int_equal(run(&f, path), 2);
    assert_non_null(strstr(err, "holodeck"));
    ready_host_down(&f);
}

/* Without a libvirt that knows the domain there is still the host to tell of. */
static void test_no_libvirt(void **state)
{
    ReadyHost f;

    ready_host_up(&f);
    expect(&f, "nobody --connect 'qemu+unix:///system?socket=/nonexistent'", 4, "\nx not ready: libvirt\n");
    ready_host_down(&f);
}

/* The remedy is what this distribution and boot loader want. */
static void test_stacks(void **state)
{
    static const struct {
        const char *host, *remedy;
    } cases[] = {
        {"debian-12-grub",
         "put intel_iommu=on into /etc/default/grub.d/zz-virt-vfio.cfg and run update-grub; or: "
         "virt-vfio setup --iommu --apply; then reboot\n"},
        {"debian-12-systemd-boot", "put intel_iommu=on into /etc/kernel/cmdline and run kernel-install add "},
        {"ubuntu-25.10-dracut", "/etc/default/grub.d/zz-virt-vfio.cfg and run update-grub;"},
        {"fedora-bls", "run grubby --update-kernel=ALL --args=\"intel_iommu=on\"; or: virt-vfio setup"},
        {"rhel-9", "take intel_iommu=off away from this system's kernel arguments (GRUB with boot loader "
                   "entries); or: virt-vfio setup --iommu --apply; then"},
        {"arch-systemd-boot", "/*.conf; or: virt-vfio setup"},
        {"arch-uki", "/etc/kernel/cmdline and run mkinitcpio -P"},
        {"arch-grub", "/etc/default/grub and run grub-mkconfig -o /boot/grub/grub.cfg"},
        {"cachyos", "/etc/sdboot-manage.conf and run sdboot-manage gen"},
        {"opensuse-grub2", "run update-bootloader --config"},
        {"opensuse-bls", "/etc/kernel/cmdline and run sdbootutil update-all-entries"},
        {"microos", "run transactional-update grub.cfg"},
        {"pop-os", "/etc/kernelstub/configuration and run kernelstub;"},
        {"silverblue", "run rpm-ostree kargs --append-if-missing=\"intel_iommu=on\""},
        {"bootc",
         "run bootc loader-entries set-options-for-source --source virt-vfio --options \"intel_iommu=on\""},
        {"proxmox-zfs", "/etc/kernel/cmdline and run proxmox-boot-tool refresh"},
        {"nixos",
         "/etc/nixos/configuration.nix and run nixos-rebuild boot ('virt-vfio setup --iommu' prints what to "
         "write); then reboot\n"},
        {"limine", "run limine-update; or"},
        {"refind", "put intel_iommu=on into /boot/refind_linux.conf; or"},
        {"ambiguous", "-> boot with intel_iommu=on "},
    };
    ReadyHost f;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ready_host_up(&f);
        ready_host_take(&f, "sys/class/iommu");
        ready_host_take(&f, "boot");
        ready_host_take(&f, "sys/firmware/efi");
        boot_host_put(f.fake, boot_host(cases[i].host));
        expect(&f, NULL, 4, cases[i].remedy);
        ready_host_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text), cmocka_unit_test(test_json),       cmocka_unit_test(test_bare),
        cmocka_unit_test(test_file), cmocka_unit_test(test_no_libvirt), cmocka_unit_test(test_stacks),
    };
    int failed = cmocka_run_group_tests_name("check", tests, NULL, NULL);

    g_free(out);
    g_free(err);
    return failed;
}
