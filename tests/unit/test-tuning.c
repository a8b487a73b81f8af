/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tuned.h"

/* Half of a desktop: whole cores, siblings side by side, without the core of CPU 0. */
static void test_desktop(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));

    tune(&t, "memory = 8G\ncpus = 8\n", CARD, NULL, NULL);
    expect_pins(&t, "1 9 2 10 3 11 4 12");
    expect_shape(&t, 1, 1, 4, 2);
    assert_text(t.tuning->emulator_cpus, "0,5-8,13-15");
    assert_null(t.tuning->nodeset);
    assert_true(t.tuning->hint_dedicated);
    assert_false(t.tuning->topoext);
    assert_int_equal(t.tuning->allocation_threads, 2);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    assert_int_equal(t.tuning->cells->len, 0);
    expect_note(&t, NULL);
    /* More would starve the host. */
    tune(&t, "memory = 8G\ncpus = 10\n", CARD, NULL, NULL);
    expect_pins(&t, "");
    expect_shape(&t, 1, 1, 10, 1);
    assert_null(t.tuning->emulator_cpus);
    assert_false(t.tuning->hint_dedicated);
    expect_note(&t, "not pinned one to one");
    done(&t);
}

static void test_who_is_not_pinned(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));
    VvTuningHost nowhere = {0};
    VvTuning *tuning;

    tune(&t, "memory = 8G\ncpus = 4\n", "", NULL, NULL);
    expect_pins(&t, "");
    assert_int_equal(t.tuning->allocation_threads, 0);
    tune(&t, "memory = 8G\ncpus = 4\npinning = none\n", CARD, NULL, NULL);
    expect_pins(&t, "");
    expect_note(&t, NULL);
    tuning = vv_tuning_new(t.vm, FALSE, &(VvTuningHost){.topology = t.topology, .host = t.host});
    assert_null(tuning->vcpu_cpus[0]);
    assert_int_equal(tuning->queues, 0);
    vv_tuning_free(tuning);
    tuning = vv_tuning_new(t.vm, TRUE, &nowhere);
    assert_null(tuning->vcpu_cpus[0]);
    assert_string_equal(tuning->machine, "q35");
    assert_int_equal(tuning->cores, 4);
    vv_tuning_free(tuning);
    vv_tuning_free(NULL);
    done(&t);
}

/* A core alone for each of an odd number; nobody else gets its other thread. */
static void test_odd(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));

    tune(&t, "memory = 1G\ncpus = 3\n", CARD, NULL, NULL);
    expect_pins(&t, "1 2 3");
    expect_shape(&t, 1, 1, 3, 1);
    assert_text(t.tuning->emulator_cpus, "0,4-8,12-15");
    tune(&t, "memory = 1G\ntopology = sockets=2,cores=2\n", CARD, NULL, NULL);
    expect_pins(&t, "1 2 3 4");
    expect_shape(&t, 2, 1, 2, 1);
    done(&t);
}

/* In one CCX if it fits, the one further from CPU 0; else in both. */
static void test_caches(void **state)
{
    Tuned t = place(&fake_ryzen, GPU(-1));

    tune(&t, "memory = 8G\ncpus = 16\n", CARD, NULL, NULL);
    expect_pins(&t, "8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31");
    assert_true(t.tuning->topoext);
    assert_true(t.tuning->cache_passthrough);
    tune(&t, "memory = 8G\ncpus = 14\n", CARD, NULL, NULL);
    expect_pins(&t, "1 17 2 18 3 19 4 20 5 21 6 22 7 23");
    tune(&t, "memory = 8G\ncpus = 4\npinning = 2,18,10,26\n", CARD, NULL, NULL);
    expect_pins(&t, "2 18 10 26");
    done(&t);
}

static void test_hybrid(void **state)
{
    Tuned t = place(&fake_hybrid, GPU(-1));

    tune(&t, "memory = 8G\ncpus = 10\n", CARD, NULL, NULL);
    expect_pins(&t, "1 7 2 8 3 9 4 10 5 11");
    assert_text(t.tuning->emulator_cpus, "0,6,12-19");
    done(&t);
}

/* Beside another guest, and again when it has come or gone. */
static void test_claims(void **state)
{
    Tuned t = place(&fake_ryzen, GPU(-1));
    g_auto(VvClaims) claims = {0};
    const char *other =
        "<domain><memory unit='KiB'>1048576</memory><memoryBacking><hugepages/></memoryBacking>"
        "<cputune><vcpupin vcpu='0' cpuset='8'/><vcpupin vcpu='1' cpuset='24'/>"
        "<vcpupin vcpu='2' cpuset='0-3'/><emulatorpin cpuset='9'/></cputune></domain>";
    const char *own = "<domain><cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='17'/>"
                      "</cputune></domain>";

    vv_claims_add(&claims, other, strlen(other), TRUE, FALSE);
    vv_claims_add(&claims, "<domain", 7, TRUE, FALSE);
    assert_int_equal(claims.cpus->len, 2);
    assert_int_equal(claims.held_kib, 1 << 20);
    assert_int_equal(claims.promised_kib, 1 << 20);
    tune(&t, "memory = 1G\ncpus = 4\n", CARD, &claims, NULL);
    expect_pins(&t, "9 25 10 26");
    assert_text(t.tuning->emulator_cpus, "0-7,11-23,27-31");
    /* It stays where it is. */
    vv_claims_add(&claims, own, strlen(own), TRUE, TRUE);
    tune(&t, "memory = 1G\ncpus = 2\n", CARD, &claims, NULL);
    expect_pins(&t, "1 17");
    tune(&t, "memory = 1G\ncpus = 4\n", CARD, &claims, NULL);
    expect_pins(&t, "9 25 10 26");
    /* Unless another has that core too. */
    g_array_index(claims.cpus, guint, 0) = 17;
    tune(&t, "memory = 1G\ncpus = 2\n", CARD, &claims, NULL);
    expect_pins(&t, "2 18");
    done(&t);
}

static void test_list(void **state)
{
    Tuned t = place(&fake_desktop, GPU(-1));

    /* In order: which CPUs. */
    tune(&t, "memory = 1G\ncpus = 4\npinning = 4-5,12-13\n", CARD, NULL, NULL);
    expect_pins(&t, "4 12 5 13");
    expect_shape(&t, 1, 1, 2, 2);
    assert_text(t.tuning->emulator_cpus, "0-3,6-11,14-15");
    assert_true(t.tuning->hint_dedicated);
    /* Not in order: which is which. */
    tune(&t, "memory = 1G\ncpus = 4\npinning = 5,4,13,12\n", CARD, NULL, NULL);
    expect_pins(&t, "5 4 13 12");
    expect_shape(&t, 1, 1, 4, 1);
    /* What is left over is the emulator's. */
    tune(&t, "memory = 1G\ncpus = 4\npinning = 4-6,12-14\n", CARD, NULL, NULL);
    expect_pins(&t, "4 12 5 13");
    assert_text(t.tuning->emulator_cpus, "6,14");
    tune(&t, "memory = 1G\ncpus = 2\npinning = 4,40\n", "", NULL, NULL);
    expect_note(&t, "CPU 40 is not online");
    expect_pins(&t, "4 40");
    /* All of the host: there is nothing left for the emulator. */
    tune(&t, "memory = 1G\ncpus = 16\npinning = 0-15\n", CARD, NULL, NULL);
    assert_null(t.tuning->emulator_cpus);
    expect_shape(&t, 1, 1, 8, 2);
    done(&t);
}

static void test_offline(void **state)
{
    FakeTopology shape = fake_desktop;
    Tuned t;

    shape.offline = "9,10";
    t = place(&shape, GPU(-1));
    tune(&t, "memory = 1G\ncpus = 4\n", CARD, NULL, NULL);
    expect_pins(&t, "3 11 4 12");
    done(&t);
}

/* On the node of the device: CPUs, memory, huge pages; on a larger host all of it but a core. */
static void test_server(void **state)
{
    Tuned t = place(&fake_server, GPU(1) SECOND(0));

    tune(&t, "memory = 32G\ncpus = 8\n", CARD, NULL, NULL);
    expect_pins(&t, "16 48 17 49 18 50 19 51");
    assert_text(t.tuning->emulator_cpus, "20-31,52-63");
    assert_text(t.tuning->nodeset, "1");
    assert_int_equal(t.tuning->hugepage_kib, 1 << 20);
    assert_int_equal(t.tuning->allocation_threads, 8);
    tune(&t, "memory = 32G\ncpus = 30\n", CARD, NULL, NULL);
    assert_int_equal(g_strv_length(t.tuning->vcpu_cpus), 30);
    assert_text(t.tuning->emulator_cpus, "31,63");
    /* Not even a core would be left: it stays on the nodes that hold it, not pinned. */
    tune(&t, "memory = 32G\ncpus = 2\nnuma = 0\n", CARD, NULL, NULL);
    expect_pins(&t, "1 33");
    assert_text(t.tuning->nodeset, "0");
    tune(&t, "memory = 32G\ncpus = 2\nnuma = none\n", CARD, NULL, NULL);
    assert_null(t.tuning->nodeset);
    tune(&t, "memory = 8G\ncpus = 4\n", CARDS, NULL, NULL);
    assert_text(t.tuning->nodeset, "1");
    expect_note(&t, "several NUMA nodes");
    /* No device, no node. */
    tune(&t, "memory = 8G\ncpus = 4\n", "", NULL, NULL);
    assert_null(t.tuning->nodeset);
    tune(&t, "memory = 8G\ncpus = 4\nnuma = 0,7\n", "", NULL, NULL);
    expect_note(&t, "no node 7");
    done(&t);
}

static void expect_cell(const Tuned *t, guint index, guint node, guint first, guint count, guint64 gib)
{
    const VvTuningCell *cell = &g_array_index(t->tuning->cells, VvTuningCell, index);

    assert_int_equal(cell->node, node);
    assert_int_equal(cell->first_cpu, first);
    assert_int_equal(cell->count, count);
    assert_int_equal(cell->memory_kib, gib << 20);
}

static void test_cells(void **state)
{
    Tuned t = place(&fake_server, GPU(1));

    tune(&t, "memory = 200G\ncpus = 40\n", CARD, NULL, NULL);
    assert_text(t.tuning->nodeset, "0-1");
    assert_int_equal(t.tuning->cells->len, 2);
    expect_cell(&t, 0, 0, 0, 20, 100);
    expect_cell(&t, 1, 1, 20, 20, 100);
    expect_shape(&t, 2, 1, 10, 2);
    assert_string_equal(t.tuning->vcpu_cpus[0], "1");
    assert_string_equal(t.tuning->vcpu_cpus[20], "16");
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 500G\ncpus = 40\n", CARD, NULL, NULL);
    expect_note(&t, "larger than all");
    assert_null(t.tuning->nodeset);
    done(&t);
}

/* The nearest node is added, one with memory only never; more sockets than Windows uses are not made. */
static void test_four(void **state)
{
    FakeTopology shape = fake_four;
    Tuned t;

    shape.empty = 1;
    t = place(&shape, GPU(2));
    tune(&t, "memory = 40G\ncpus = 10\n", CARD, NULL, NULL);
    assert_text(t.tuning->nodeset, "2-3");
    expect_cell(&t, 0, 2, 0, 5, 20);
    expect_cell(&t, 1, 3, 5, 5, 20);
    expect_pins(&t, "16 17 18 19 20 24 25 26 27 28");
    tune(&t, "memory = 100G\ncpus = 24\nos = windows\n", CARD, NULL, NULL);
    assert_text(t.tuning->nodeset, "0-3");
    expect_shape(&t, 1, 1, 24, 1);
    tune(&t, "memory = 100G\ncpus = 24\n", CARD, NULL, NULL);
    expect_shape(&t, 4, 1, 6, 1);
    /* All cores but that of CPU 0. */
    tune(&t, "memory = 100G\ncpus = 31\n", CARD, NULL, NULL);
    assert_text(t.tuning->emulator_cpus, "0");
    assert_true(t.tuning->hint_dedicated);
    expect_cell(&t, 0, 0, 0, 7, 25);
    expect_cell(&t, 3, 3, 23, 8, 25);
    /* Nothing would be left of the node: near the devices, but where the kernel likes. */
    tune(&t, "memory = 8G\ncpus = 8\nnuma = 2\n", CARD, NULL, NULL);
    assert_int_equal(g_strv_length(t.tuning->vcpu_cpus), 8);
    assert_string_equal(t.tuning->vcpu_cpus[0], "16-23");
    assert_string_equal(t.tuning->emulator_cpus, "16-23");
    assert_false(t.tuning->hint_dedicated);
    expect_note(&t, "not pinned one to one");
    expect_note(&t, "too small");
    tune(&t, "memory = 100G\ncpus = 32\nnuma = 0-3\n", CARD, NULL, NULL);
    assert_string_equal(t.tuning->vcpu_cpus[0], "0-7");
    assert_string_equal(t.tuning->vcpu_cpus[31], "24-31");
    done(&t);
}

static void test_hugepages(void **state)
{
    FakeTopology shape = fake_server;
    VvClaims claims = {0};
    Tuned t;

    shape.held = 40;
    t = place(&shape, GPU(0));
    tune(&t, "memory = 24G\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 1 << 20);
    /* 24 of 64 are free: 2 MiB pages do. */
    tune(&t, "memory = 16385M\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 25G\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 16386M\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0); /* 16384M of them */
    tune(&t, "memory = 8194M\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 2048);
    /* The running guest is this one. */
    claims.held_kib = G_GUINT64_CONSTANT(40) << 20;
    tune(&t, "memory = 40G\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 1 << 20);
    /* It is another's. */
    claims.promised_kib = G_GUINT64_CONSTANT(40) << 20;
    tune(&t, "memory = 25G\ncpus = 2\n", CARD, &claims, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 2G\ncpus = 2\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 24G\ncpus = 2\nhugepages = none\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 0);
    tune(&t, "memory = 2G\ncpus = 2\nhugepages = 1G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 1 << 20);
    expect_note(&t, NULL);
    tune(&t, "memory = 60G\ncpus = 2\nhugepages = 1G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->hugepage_kib, 1 << 20);
    expect_note(&t, "not enough of them");
    done(&t);
}

static void put_bar(Tuned *t, guint64 size)
{
    g_autofree char *text =
        g_strdup_printf("0x0000380000000000 0x%016" G_GINT64_MODIFIER "x 0x000000000014220c\n",
                        G_GUINT64_CONSTANT(0x380000000000) + size - 1);

    fake_host_put(t->fake, "sys/bus/pci/devices/0000:01:00.0/resource", text);
}

static void test_mmio(void **state)
{
    Tuned t = place(&fake_server, GPU(1));
    Tuned small = place(&fake_desktop, GPU(-1));

    put_bar(&t, G_GUINT64_CONSTANT(16) << 30);
    tune(&t, "memory = 8G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 0);
    assert_int_equal(t.tuning->pcihole64_kib, 0);
    /* Exactly the default, but other devices want some too. */
    put_bar(&t, G_GUINT64_CONSTANT(32) << 30);
    tune(&t, "memory = 8G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 65536);
    assert_int_equal(t.tuning->pcihole64_kib, 64 << 20);
    expect_note(&t, NULL);
    tune(&t, "memory = 8G\nfirmware = bios\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 0);
    assert_int_equal(t.tuning->pcihole64_kib, 64 << 20);
    tune(&t, "memory = 8G\nmmio = 100G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 131072);
    put_bar(&t, G_GUINT64_CONSTANT(32) << 40);
    tune(&t, "memory = 8G\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 16 << 20);
    expect_note(&t, "16384 is the most");
    tune(&t, "memory = 8G\nmmio = 64T\n", CARD, NULL, NULL);
    assert_int_equal(t.tuning->ovmf_mmio64_mib, 16 << 20);
    expect_note(&t, "65536 GiB");
    put_bar(&small, G_GUINT64_CONSTANT(256) << 30);
    tune(&small, "memory = 8G\n", CARD, NULL, NULL);
    expect_note(&small, "addresses of 39 bits only");
    done(&t);
    done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_desktop), cmocka_unit_test(test_who_is_not_pinned),
        cmocka_unit_test(test_odd),     cmocka_unit_test(test_caches),
        cmocka_unit_test(test_hybrid),  cmocka_unit_test(test_claims),
        cmocka_unit_test(test_list),    cmocka_unit_test(test_offline),
        cmocka_unit_test(test_server),  cmocka_unit_test(test_cells),
        cmocka_unit_test(test_four),    cmocka_unit_test(test_hugepages),
        cmocka_unit_test(test_mmio),
    };

    return cmocka_run_group_tests_name("tuning", tests, NULL, NULL);
}
