/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capability-texts.h"
#include "tuned.h"

#define ALL                                                                                                  \
    "relaxed vapic spinlocks vpindex runtime synic stimer reset frequencies tlbflush ipi reenlightenment"
#define WINDOWS "memory = 1G\ncpus = 2\nos = windows\n"

static void expect_hyperv(const VvTuning *tuning, const char *wanted)
{
    g_autofree char *names = g_strjoinv(" ", tuning->hyperv);

    assert_string_equal(names, wanted);
    assert_int_equal(tuning->hyperv_timer_direct, strstr(wanted, "stimer") != NULL);
}

static void test_enlightenments(void **state)
{
    FakeTopology shape = fake_desktop;
    Tuned t = place(&shape, GPU(-1));
    g_autoptr(VvCapabilities) debian = load_capabilities("libvirt-9.0-qemu-7.2-kvm");
    g_autoptr(VvCapabilities) newer = load_capabilities("libvirt-10.0-qemu-8.2");
    g_autoptr(VvCapabilities) older = load_capabilities("libvirt-8.0-qemu-6.2");

    tune(&t, WINDOWS, "", NULL, NULL);
    expect_hyperv(t.tuning, ALL);
    tune(&t, WINDOWS, "", NULL, older);
    expect_hyperv(t.tuning, ALL);
    tune(&t, WINDOWS, "", NULL, debian);
    expect_hyperv(t.tuning, "spinlocks");
    /* AVIC only where KVM has it on, evmcs and vendor_id never. */
    tune(&t, WINDOWS, "", NULL, newer);
    expect_hyperv(t.tuning, ALL);
    t.topology->apicv = TRUE;
    tune(&t, WINDOWS, "", NULL, newer);
    expect_hyperv(t.tuning, ALL " avic");
    tune(&t, WINDOWS, "", NULL, NULL);
    expect_hyperv(t.tuning, ALL);
    tune(&t, "memory = 1G\n", "", NULL, newer);
    expect_hyperv(t.tuning, "");
    tune(&t, "memory = 1G\nos = freebsd\n", "", NULL, newer);
    expect_hyperv(t.tuning, "");
    done(&t);
}

/* What needs something that is not offered is not offered either. */
static void test_needs(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));
    VvCapabilities *capabilities = load_capabilities("libvirt-10.0-qemu-8.2");

    for (char **name = capabilities->hyperv; *name; name++)
        if (g_str_equal(*name, "vpindex"))
            memcpy(*name, "nothing", 7);
    tune(&t, WINDOWS, "", NULL, capabilities);
    expect_hyperv(t.tuning, "relaxed vapic spinlocks runtime reset frequencies reenlightenment");
    vv_capabilities_free(capabilities);
    done(&t);
}

static void test_without_kvm(void **state)
{
    g_autoptr(VvVm) vm = vm_of("[vm]\nname = a\nmemory = 8G\ncpus = 4\nos = windows\nlatency = yes\n");
    g_autoptr(VvTuning) tuning = vv_tuning_new(vm, FALSE, &(VvTuningHost){0});

    expect_hyperv(tuning, "");
    assert_false(tuning->pmu_off);
    assert_false(tuning->cache_passthrough);
    assert_false(tuning->host_physical_bits);
    assert_false(tuning->hint_dedicated);
}

static void test_machine(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));
    g_autoptr(VvCapabilities) newer = load_capabilities("libvirt-11.3-qemu-10.0");

    tune(&t, WINDOWS, "", NULL, newer);
    assert_string_equal(t.tuning->machine, "pc-q35-10.0");
    tune(&t, WINDOWS "machine = q35\n", "", NULL, newer);
    assert_string_equal(t.tuning->machine, "pc-q35-10.0");
    tune(&t, WINDOWS "machine = pc-q35-8.0\n", "", NULL, newer);
    assert_string_equal(t.tuning->machine, "pc-q35-8.0");
    done(&t);
}

static void test_cpu(void **state)
{
    Tuned t = place(&fake_ryzen, GPU(-1));

    tune(&t, "memory = 1G\ncpus = 4\nlatency = yes\n", CARD, NULL, NULL);
    assert_true(t.tuning->pmu_off);
    assert_true(t.tuning->host_physical_bits);
    assert_true(t.tuning->topoext);
    tune(&t, "memory = 1G\ncpus = 4\ncpu = EPYC-Rome\n", CARD, NULL, NULL);
    assert_false(t.tuning->host_physical_bits);
    assert_false(t.tuning->topoext);
    tune(&t, "memory = 1G\ncpus = 4\ncpu = host,-topoext\n", CARD, NULL, NULL);
    assert_true(t.tuning->cache_passthrough);
    assert_false(t.tuning->pmu_off);
    /* Threads that the file asks for, without pinning, want it too. */
    tune(&t, "memory = 1G\ntopology = cores=2,threads=2\npinning = none\n", CARD, NULL, NULL);
    assert_true(t.tuning->topoext);
    tune(&t, "memory = 1G\ncpus = 4\npinning = none\n", CARD, NULL, NULL);
    assert_false(t.tuning->topoext);
    done(&t);
}

static void test_io(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));
    g_autoptr(VvCapabilities) older = load_capabilities("libvirt-8.0-qemu-6.2");

    tune(&t, "memory = 1G\ncpus = 4\n", CARD "[disk d]\npath = /d.raw\n", NULL, NULL);
    assert_int_equal(t.tuning->iothreads, 1);
    assert_text(t.tuning->iothread_cpus, t.tuning->emulator_cpus);
    assert_int_equal(t.tuning->queues, 4);
    tune(&t, "memory = 1G\ncpus = 16\n", "[disk d]\npath = /d.raw\nbus = scsi\n", NULL, NULL);
    assert_int_equal(t.tuning->iothreads, 1);
    assert_null(t.tuning->iothread_cpus);
    assert_int_equal(t.tuning->queues, 8);
    tune(&t, "memory = 1G\ncpus = 1\n", "[disk d]\npath = /d.raw\nbus = sata\n", NULL, NULL);
    assert_int_equal(t.tuning->iothreads, 0);
    assert_int_equal(t.tuning->queues, 0);
    tune(&t, "memory = 1G\n", "[disk d]\npath = /d.iso\ncdrom = yes\n", NULL, NULL);
    assert_int_equal(t.tuning->iothreads, 0);
    tune(&t, "memory = 1G\n", "[disk d]\npath = /d.raw\niothread = no\n", NULL, NULL);
    assert_int_equal(t.tuning->iothreads, 0);
    tune(&t, "memory = 1G\n", "[disk d]\npath = /d.raw\n", NULL, older);
    assert_int_equal(t.tuning->iothreads, 0);
    tune(&t, "memory = 1G\n", "[share s]\npath = /srv\n", NULL, NULL);
    assert_true(t.tuning->shared_memory);
    done(&t);
}

static void test_notes(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));
    g_autoptr(VvCapabilities) newer = load_capabilities("libvirt-10.0-qemu-8.2");
    g_autoptr(VvCapabilities) older = load_capabilities("libvirt-8.0-qemu-6.2");

    tune(&t, WINDOWS, CARD, NULL, newer);
    expect_note(&t, NULL);
    tune(&t, WINDOWS "firmware = uefi-secure\n", CARD, NULL, newer);
    expect_note(&t, "no firmware with Secure Boot");
    /* Whether cards can be passed through is for the plan to say: libvirt says no until vfio is loaded. */
    tune(&t, WINDOWS, CARD, NULL, older);
    expect_note(&t, NULL);
    newer->max_cpus = 1;
    tune(&t, WINDOWS, "", NULL, newer);
    expect_note(&t, "at most 1");
    done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enlightenments),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_without_kvm),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_io),
        cmocka_unit_test(test_notes),
    };

    return cmocka_run_group_tests_name("tuning-windows", tests, NULL, NULL);
}
