/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/needs.h"
#include "fake-topology.h"
#include "test.h"
#include "vfio/ready/link.h"

/* What a guest asks of its host, and whether the host has it. */

#define MACHINE                                                                                              \
    "0000:00:01.0 class=060400 id=8086:1901 driver=pcieport group=1\n"                                       \
    "0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=2 numa=1 behind=0000:00:01.0\n"             \
    "0000:01:00.1 class=040300 id=10de:10f8 driver=snd_hda_intel group=2 numa=1 behind=0000:00:01.0\n"       \
    "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=3 numa=0\n"

typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvTopology *topology;
    VvBootStack stack;
    GPtrArray *rows, *devices;
} Fixture;

static void up(Fixture *f, const FakeTopology *shape)
{
    *f = (Fixture){.fake = fake_host_new(MACHINE)};
    fake_topology_put(f->fake, shape);
    f->devices = g_ptr_array_new();
}

static void pass(Fixture *f, const char *address)
{
    if (!f->host)
        f->host = fake_host_scan(f->fake);
    g_ptr_array_add(f->devices, vv_host_find(f->host, address_of(address)));
}

static void down(Fixture *f)
{
    g_clear_pointer(&f->rows, g_ptr_array_unref);
    g_ptr_array_unref(f->devices);
    g_clear_pointer(&f->host, vv_host_free);
    g_clear_pointer(&f->topology, vv_topology_free);
    fake_host_free(f->fake);
}

static VvReadyHost ready_of(Fixture *f)
{
    g_clear_pointer(&f->rows, g_ptr_array_unref);
    g_clear_pointer(&f->topology, vv_topology_free);
    if (!f->host)
        f->host = fake_host_scan(f->fake);
    f->rows = g_ptr_array_new_with_free_func((GDestroyNotify)vv_ready_row_free);
    f->topology = vv_topology_read(fake_host_sysfs(f->fake));
    return (VvReadyHost){
        .sysfs = fake_host_sysfs(f->fake), .host = f->host, .topology = f->topology, .stack = &f->stack};
}

static void check(Fixture *f, const char *xml, gboolean running)
{
    const VvReadyHost ready = ready_of(f);
    g_autoptr(GError) error = NULL;
    g_autoptr(VvGuestNeeds) needs = vv_guest_needs_read(xml, strlen(xml), &error);

    assert_fine(error);
    vv_guest_needs_check(needs, &ready, f->devices, running, f->rows);
}

/* NULL: there is no row of that id. */
static const VvReadyRow *row_of(const Fixture *f, const char *id)
{
    for (guint i = 0; i < f->rows->len; i++)
        if (strcmp(((const VvReadyRow *)f->rows->pdata[i])->id, id) == 0)
            return f->rows->pdata[i];
    return NULL;
}

static void expect(const Fixture *f, const char *id, VvReadyVerdict verdict, const char *evidence)
{
    const VvReadyRow *row = row_of(f, id);

    if (!row || row->verdict != verdict || !strstr(row->evidence, evidence))
        fail_msg("%s: %s \"%s\", expected %s \"%s\"", id,
                 row ? vv_ready_verdict_name(row->verdict) : "no row", row ? row->evidence : "",
                 vv_ready_verdict_name(verdict), evidence);
    if (verdict >= VV_READY_WARN)
        assert_non_null(row->remedy);
}

#define GUEST(memory, rest) "<domain type='kvm'><name>a</name>" memory rest "</domain>"
#define SIZE(n, unit) "<memory unit='" unit "'>" #n "</memory>"

static void test_read(void **state)
{
    static const char xml[] = GUEST(
        SIZE(4, "GiB"),
        "<memoryBacking><hugepages><page size='1' unit='GiB'/></hugepages></memoryBacking><vcpu>4</vcpu>"
        "<cputune><vcpupin vcpu='0' cpuset='3,1'/><vcpupin vcpu='1' cpuset='2'/></cputune>"
        "<numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' "
        "nodeset='1'/></numatune>"
        "<cpu><numa><cell id='0' cpus='0-3' memory='2097152' unit='KiB'/></numa></cpu>"
        "<os firmware='efi'><loader>/usr/share/OVMF/X</loader><nvram "
        "template='/usr/share/OVMF/Y'>/z</nvram></os>");
    g_autoptr(GError) error = NULL;
    g_autoptr(VvGuestNeeds) needs = vv_guest_needs_read(xml, strlen(xml), &error);
    const VvGuestPlace *place;
    g_autofree char *pins = NULL;

    assert_fine(error);
    assert_true(needs->kvm && needs->huge && needs->efi);
    assert_int_equal(needs->memory_kib, 4 << 20);
    assert_int_equal(needs->hugepage_kib, 1 << 20);
    assert_int_equal(needs->vcpus, 4);
    pins = vv_cpulist_format(needs->pins);
    assert_string_equal(pins, "1-3");
    assert_int_equal(needs->places->len, 1);
    place = needs->places->pdata[0];
    assert_int_equal(place->kib, 2 << 20);
    assert_int_equal(g_array_index(place->nodes, guint, 0), 1);
    assert_string_equal(needs->loader, "/usr/share/OVMF/X");
    assert_string_equal(needs->vars, "/usr/share/OVMF/Y");
    assert_null(vv_guest_needs_read("<domain", 7, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "line");
}

static void test_memory(void **state)
{
    Fixture f;

    up(&f, &fake_desktop);
    fake_host_put(f.fake, "proc/meminfo",
                  "MemTotal: 33554432 kB\nMemAvailable: 16777216 kB\nHugepagesize: 2048 kB\n");
    check(&f, GUEST(SIZE(16, "GiB"), ""), FALSE);
    expect(&f, "memory", VV_READY_PASS, "16 GiB fit into 16 GiB");
    check(&f, GUEST(SIZE(17, "GiB"), ""), FALSE);
    expect(&f, "memory", VV_READY_WARN, "wants 17 GiB");
    pass(&f, "0000:02:00.0");
    check(&f, GUEST(SIZE(17, "GiB"), ""), FALSE);
    expect(&f, "memory", VV_READY_FAIL, "all of it is pinned");
    check(&f, GUEST(SIZE(17, "GiB"), ""), TRUE);
    expect(&f, "memory", VV_READY_INFO, "the guest runs");
    down(&f);
}

static void test_huge(void **state)
{
    FakeTopology shape = fake_server;
    Fixture f;

    shape.held = 60; /* of 64 on each node */
    up(&f, &shape);
    fake_host_put(f.fake, "proc/meminfo", "MemAvailable: 16777216 kB\nHugepagesize: 2048 kB\n");
#define PAGES(size) "<memoryBacking><hugepages><page size='" size "' unit='KiB'/></hugepages></memoryBacking>"
    check(&f, GUEST(SIZE(8, "GiB"), PAGES("1048576")), FALSE);
    expect(&f, "huge", VV_READY_PASS, "8 GiB fit into 8 GiB");
    assert_null(row_of(&f, "memory"));
    check(&f,
          GUEST(SIZE(8, "GiB"), PAGES("1048576") "<numatune><memory mode='strict' nodeset='1'/></numatune>"),
          FALSE);
    expect(&f, "huge", VV_READY_FAIL, "8 GiB of huge pages of 1 GiB on node 1, and 4 GiB are free");
    /* Without a size it is the host's default. */
    check(&f, GUEST(SIZE(33, "GiB"), "<memoryBacking><hugepages/></memoryBacking>"), FALSE);
    expect(&f, "huge", VV_READY_FAIL, "33 GiB of huge pages of 2 MiB, and 32 GiB are free");
    down(&f);
}

static void test_cpus(void **state)
{
    FakeTopology shape = fake_desktop;
    Fixture f;

    shape.offline = "3";
    up(&f, &shape);
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>15</vcpu>"), FALSE);
    expect(&f, "cpus", VV_READY_PASS, "15 of this host's 15");
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>16</vcpu>"), FALSE);
    expect(&f, "cpus", VV_READY_WARN, "16 CPUs and this host 15");
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2-4,99'/></cputune>"),
          FALSE);
    expect(&f, "cpus", VV_READY_FAIL, "CPU 3,99, not online");
    down(&f);
}

static void test_numa(void **state)
{
    Fixture f;

    up(&f, &fake_server);
    pass(&f, "0000:01:00.0");
    /* CPUs 0 to 15 and 32 to 47 are node 0's. */
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"),
          FALSE);
    expect(&f, "numa", VV_READY_WARN, "0000:01:00.0 is on node 1, and the guest's CPUs and memory on node 0");
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='16'/></cputune>"),
          FALSE);
    expect(&f, "numa", VV_READY_PASS, "all on node 1");
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>1</vcpu>"), FALSE);
    expect(&f, "numa", VV_READY_WARN, "may run anywhere");
    down(&f);
    up(&f, &fake_desktop);
    pass(&f, "0000:01:00.0");
    check(&f, GUEST(SIZE(1, "GiB"), "<vcpu>1</vcpu>"), FALSE);
    assert_null(row_of(&f, "numa"));
    down(&f);
}

#define PCI "sys/bus/pci/devices/"

static void put_link(Fixture *f, const char *address, const char *speed, const char *max_speed,
                     const char *width, const char *max_width)
{
    const char *const names[] = {"current_link_speed", "max_link_speed", "current_link_width",
                                 "max_link_width"};
    const char *const texts[] = {speed, max_speed, width, max_width};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf(PCI "%s/%s", address, names[i]);
        g_autofree char *line = g_strconcat(texts[i], "\n", NULL);
        fake_host_put(f->fake, path, line);
    }
}

static void check_link(Fixture *f, const char *address)
{
    const VvReadyHost ready = ready_of(f);

    vv_ready_check_link(&ready, vv_host_find(f->host, address_of(address)), f->rows);
}

static void test_link(void **state)
{
    Fixture f;

    up(&f, &fake_desktop);
    check_link(&f, "0000:01:00.0");
    assert_int_equal(f.rows->len, 0);
    put_link(&f, "0000:00:01.0", "8.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16");
    put_link(&f, "0000:01:00.0", "8.0 GT/s PCIe", "8.0 GT/s PCIe", "16", "16");
    check_link(&f, "0000:01:00.0");
    expect(&f, "link", VV_READY_PASS, "x16 at 8 GT/s");
    put_link(&f, "0000:01:00.0", "2.5 GT/s PCIe", "8.0 GT/s PCIe", "8", "16");
    check_link(&f, "0000:01:00.0");
    expect(&f, "link", VV_READY_WARN, "runs with x8, and can x16, as its port can more");
    assert_int_equal(f.rows->len, 2);
    assert_int_equal(((VvReadyRow *)f.rows->pdata[1])->verdict, VV_READY_INFO);
    assert_non_null(strstr(((VvReadyRow *)f.rows->pdata[1])->evidence, "when idle"));
    put_link(&f, "0000:00:01.0", "8.0 GT/s PCIe", "16.0 GT/s PCIe", "4", "4");
    put_link(&f, "0000:01:00.0", "8.0 GT/s PCIe", "8.0 GT/s PCIe", "4", "16");
    check_link(&f, "0000:01:00.0");
    expect(&f, "link", VV_READY_WARN, "the port 0000:00:01.0 has no more");
    put_link(&f, "0000:02:00.0", "2.5 GT/s PCIe", "8.0 GT/s PCIe", "4", "4");
    check_link(&f, "0000:02:00.0");
    expect(&f, "link", VV_READY_WARN, "runs at 2.5 GT/s, and can 8 GT/s");
    /* A card that sleeps is left alone. */
    fake_host_put(f.fake, PCI "0000:02:00.0/power/runtime_status", "suspended\n");
    check_link(&f, "0000:02:00.0");
    expect(&f, "link", VV_READY_INFO, "sleeps");
    put_link(&f, "0000:01:00.0", "Unknown", "Unknown", "255", "255");
    check_link(&f, "0000:01:00.0");
    assert_int_equal(f.rows->len, 0);
    down(&f);
}

static void test_firmware(void **state)
{
    Fixture f;

    up(&f, &fake_desktop);
    check(&f, GUEST(SIZE(1, "GiB"), "<os firmware='efi'/>"), FALSE);
    expect(&f, "firmware", VV_READY_FAIL, "none is installed");
    fake_host_put(f.fake, "usr/share/qemu/firmware/60.json", "{}");
    check(&f, GUEST(SIZE(1, "GiB"), "<os firmware='efi'/>"), FALSE);
    expect(&f, "firmware", VV_READY_PASS, "/usr/share/qemu/firmware");
#define NAMED "<os><loader>/usr/share/OVMF/C</loader><nvram template='/usr/share/OVMF/V'/></os>"
    check(&f, GUEST(SIZE(1, "GiB"), NAMED), FALSE);
    expect(&f, "firmware", VV_READY_FAIL, "firmware /usr/share/OVMF/C is not there");
    fake_host_put(f.fake, "usr/share/OVMF/C", "");
    check(&f, GUEST(SIZE(1, "GiB"), NAMED), FALSE);
    expect(&f, "firmware", VV_READY_FAIL, "template of UEFI variables /usr/share/OVMF/V");
    fake_host_put(f.fake, "usr/share/OVMF/V", "");
    check(&f, GUEST(SIZE(1, "GiB"), NAMED), FALSE);
    expect(&f, "firmware", VV_READY_PASS, "/usr/share/OVMF/C");
    check(&f, GUEST(SIZE(1, "GiB"), "<os/>"), FALSE);
    expect(&f, "firmware", VV_READY_INFO, "a BIOS");
    down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),     cmocka_unit_test(test_memory), cmocka_unit_test(test_huge),
        cmocka_unit_test(test_cpus),     cmocka_unit_test(test_numa),   cmocka_unit_test(test_link),
        cmocka_unit_test(test_firmware),
    };

    return cmocka_run_group_tests_name("needs", tests, NULL, NULL);
}
