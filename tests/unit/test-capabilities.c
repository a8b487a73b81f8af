/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capability-texts.h"

static void expect_words(char **words, const char *wanted)
{
    g_autofree char *joined = g_strjoinv(" ", words);

    assert_string_equal(joined, wanted);
}

static void test_debian12(void **state)
{
    g_autoptr(VvCapabilities) tcg = load_capabilities("libvirt-9.0-qemu-7.2-tcg");
    g_autoptr(VvCapabilities) kvm = load_capabilities("libvirt-9.0-qemu-7.2-kvm");

    assert_false(tcg->kvm);
    assert_string_equal(tcg->machine, "pc-q35-7.2");
    assert_string_equal(tcg->emulator, "/usr/bin/qemu-system-x86_64");
    assert_int_equal(tcg->max_cpus, 288);
    assert_true(tcg->iothreads);
    assert_true(tcg->secure_loader);
    assert_true(tcg->maximum);
    assert_false(tcg->host_passthrough);
    assert_true(tcg->genid);
    expect_words(tcg->firmwares, "efi");
    expect_words(tcg->memory, "file anonymous memfd");
    expect_words(tcg->disk_buses, "fdc scsi virtio usb sata");
    expect_words(tcg->graphics, "sdl vnc spice egl-headless dbus");
    expect_words(tcg->videos, "vga cirrus vmvga qxl virtio none bochs ramfb");
    expect_words(tcg->filesystems, "path handle virtiofs");
    expect_words(tcg->tpm_models, "tpm-tis tpm-crb");
    expect_words(tcg->tpm_backends, "passthrough");
    expect_words(tcg->tpm_versions, "");
    expect_words(tcg->pci_backends, "");
    assert_true(tcg->has_hyperv);
    expect_words(tcg->hyperv, "spinlocks vendor_id");
    assert_true(kvm->kvm);
    assert_true(kvm->host_passthrough);
}

static void test_newer(void **state)
{
    g_autoptr(VvCapabilities) intel = load_capabilities("libvirt-10.0-qemu-8.2");
    g_autoptr(VvCapabilities) amd = load_capabilities("libvirt-11.3-qemu-10.0");

    assert_string_equal(intel->machine, "pc-q35-8.2");
    assert_false(intel->secure_loader);
    expect_words(intel->firmwares, "bios efi");
    expect_words(intel->pci_backends, "default vfio");
    expect_words(intel->tpm_backends, "passthrough emulator external");
    expect_words(intel->tpm_versions, "1.2 2.0");
    assert_int_equal(g_strv_length(intel->hyperv), 15);
    assert_true(amd->secure_loader);
    assert_int_equal(amd->max_cpus, 4096);
    assert_int_equal(g_strv_length(amd->hyperv), 16);
}

static void test_older(void **state)
{
    g_autoptr(VvCapabilities) old = load_capabilities("libvirt-8.0-qemu-6.2");

    assert_false(old->has_hyperv);
    assert_false(old->iothreads);
    assert_false(old->host_passthrough);
    assert_false(old->genid);
    assert_false(old->secure_loader);
    expect_words(old->hyperv, "");
    expect_words(old->pci_backends, "");
    expect_words(old->firmwares, "");
}

static VvCapabilities *read_text(const char *text, GError **error)
{
    return vv_capabilities_read(text, strlen(text), error);
}

static void test_hostile(void **state)
{
    static const char *const bad[] = {
        "",
        "<domain/>",
        "<domainCapabilities",
        "<x:domainCapabilities xmlns:x='u'/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><domainCapabilities><path>&b;</path></domainCapabilities>",
    };
    g_autoptr(GString) many = g_string_new("<domainCapabilities><features><hyperv supported='yes'>"
                                           "<enum name='features'>");
    g_autoptr(VvCapabilities) empty = read_text("<domainCapabilities/>", NULL);
    g_autoptr(VvCapabilities) odd = NULL, all = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;

        assert_null(read_text(bad[i], &error));
        assert_problem(error, VV_ERROR_FAILED, "libvirt's");
    }
    assert_non_null(empty);
    assert_null(empty->machine);
    odd = read_text("<domainCapabilities><path>\xc2\x9b</path><machine/><domain>x</domain><vcpu max='-1'/>"
                    "<os supported='yes'><enum name='firmware'><value>e f</value><value></value>"
                    "<value>\"&lt;</value><value>efi</value><other>bios</other></enum></os>"
                    "</domainCapabilities>",
                    NULL);
    assert_null(odd->emulator);
    assert_null(odd->machine);
    assert_int_equal(odd->max_cpus, 0);
    expect_words(odd->firmwares, "efi");
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(many, "<value>v%d</value>", i);
    g_string_append(many, "</enum></hyperv></features></domainCapabilities>");
    all = read_text(many->str, NULL);
    assert_int_equal(g_strv_length(all->hyperv), 256);
    vv_capabilities_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_debian12),
        cmocka_unit_test(test_newer),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests_name("capabilities", tests, NULL, NULL);
}
