/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-topology.h"

#include "vfio/bars.h"
#include "vfio/topology.h"

typedef struct {
    FakeHost *fake;
    VvTopology *topology;
} Fixture;

static Fixture read_shape(const FakeTopology *shape)
{
    Fixture f = {fake_host_new(""), NULL};

    if (shape)
        fake_topology_put(f.fake, shape);
    f.topology = vv_topology_read(fake_host_sysfs(f.fake));
    return f;
}

static void drop(Fixture *f)
{
    vv_topology_free(f->topology);
    fake_host_free(f->fake);
}

static void expect_cpu(const Fixture *f, guint id, guint core, guint cache, guint node)
{
    const VvCpu *cpu = vv_topology_cpu(f->topology, id);

    assert_non_null(cpu);
    assert_int_equal(cpu->core, core);
    assert_int_equal(cpu->cache, cache);
    assert_int_equal(cpu->node, node);
    assert_int_equal(cpu->package, node);
}

static void test_desktop(void **state)
{
    Fixture f = read_shape(&fake_desktop);
    const VvNode *node = vv_topology_node(f.topology, 0);

    assert_int_equal(f.topology->cpus->len, 16);
    assert_int_equal(f.topology->nodes->len, 1);
    expect_cpu(&f, 3, 3, 0, 0);
    expect_cpu(&f, 11, 3, 0, 0);
    assert_int_equal(node->cpus->len, 16);
    assert_int_equal(node->memory_kib, 32 << 20);
    assert_int_equal(node->free_kib, 16 << 20);
    assert_int_equal(f.topology->vendor, VV_CPU_INTEL);
    assert_int_equal(f.topology->physical_bits, 39);
    assert_false(f.topology->apicv);
    assert_null(vv_topology_cpu(f.topology, 16));
    assert_null(vv_topology_node(f.topology, 1));
    drop(&f);
}

static void test_ryzen(void **state)
{
    Fixture f = read_shape(&fake_ryzen);

    expect_cpu(&f, 7, 7, 0, 0);
    expect_cpu(&f, 8, 8, 8, 0);
    expect_cpu(&f, 31, 15, 8, 0);
    assert_int_equal(f.topology->vendor, VV_CPU_AMD);
    drop(&f);
}

static void test_hybrid(void **state)
{
    Fixture f = read_shape(&fake_hybrid);

    assert_int_equal(f.topology->cpus->len, 20);
    assert_false(vv_topology_cpu(f.topology, 11)->slower);
    assert_true(vv_topology_cpu(f.topology, 12)->slower);
    assert_true(vv_topology_cpu(f.topology, 19)->slower);
    expect_cpu(&f, 12, 12, 0, 0);
    drop(&f);
}

static void test_server(void **state)
{
    FakeTopology shape = fake_server;
    Fixture f;
    const VvNode *node;

    shape.held = 4;
    shape.empty = 1;
    f = read_shape(&shape);
    node = vv_topology_node(f.topology, 1);
    assert_int_equal(f.topology->nodes->len, 3);
    expect_cpu(&f, 16, 16, 16, 1);
    expect_cpu(&f, 48, 16, 16, 1);
    assert_int_equal(node->cpus->len, 32);
    assert_int_equal(g_array_index(node->distances, guint, 0), 16);
    assert_int_equal(g_array_index(node->distances, guint, 1), 10);
    assert_int_equal(g_array_index(node->pools, VvPagePool, 0).page_kib, 1 << 20);
    assert_int_equal(vv_node_pool(node, 1 << 20)->total, 64);
    assert_int_equal(vv_node_pool(node, 1 << 20)->free, 60);
    assert_int_equal(vv_node_pool(node, 2048)->free, 8192);
    assert_null(vv_node_pool(node, 4));
    assert_int_equal(vv_topology_node(f.topology, 2)->cpus->len, 0);
    drop(&f);
}

static void test_offline(void **state)
{
    FakeTopology shape = fake_desktop;
    Fixture f;

    shape.offline = "3,9-15";
    f = read_shape(&shape);
    assert_int_equal(f.topology->cpus->len, 8);
    assert_null(vv_topology_cpu(f.topology, 3));
    expect_cpu(&f, 0, 0, 0, 0);
    expect_cpu(&f, 8, 0, 0, 0);
    assert_int_equal(vv_topology_node(f.topology, 0)->cpus->len, 8);
    drop(&f);
}

static void test_no_numa(void **state)
{
    FakeTopology shape = fake_desktop;
    Fixture f;

    shape.nodes = 0;
    shape.large = 100;
    f = read_shape(&shape);
    assert_int_equal(f.topology->nodes->len, 1);
    assert_int_equal(vv_topology_node(f.topology, 0)->cpus->len, 16);
    assert_int_equal(vv_topology_node(f.topology, 0)->memory_kib, 32 << 20);
    assert_int_equal(vv_node_pool(vv_topology_node(f.topology, 0), 2048)->total, 100);
    drop(&f);
}

static void test_nothing(void **state)
{
    Fixture f = read_shape(NULL);

    assert_int_equal(f.topology->cpus->len, 0);
    assert_int_equal(f.topology->nodes->len, 1);
    assert_int_equal(f.topology->physical_bits, 0);
    drop(&f);
    vv_topology_free(NULL);
}

static void test_apicv(void **state)
{
    FakeHost *fake = fake_host_new("");
    VvTopology *topology;

    fake_host_put(fake, "sys/module/kvm_amd/parameters/avic", "Y\n");
    topology = vv_topology_read(fake_host_sysfs(fake));
    assert_true(topology->apicv);
    vv_topology_free(topology);
    fake_host_free(fake);
}

static void test_lists(void **state)
{
    static const struct {
        const char *text, *made;
    } cases[] = {
        {"", ""},         {"0", "0"},         {"0-3", "0-3"},
        {"3,1,2", "1-3"}, {"0-3,2-5", "0-5"}, {"1,3,5", "1,3,5"},
        {"8191", "8191"}, {"0-0", "0"},       {"8192", NULL},
        {"3-1", NULL},    {"1,", NULL},       {",1", NULL},
        {"-1", NULL},     {"1-", NULL},       {"a", NULL},
        {"1 2", NULL},    {"1-2-3", NULL},    {"99999999999999999", NULL},
    };
    g_autoptr(GString) many = g_string_new("0-8191");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) ids = vv_cpulist_parse(cases[i].text);
        g_autofree char *made = ids ? vv_cpulist_format(ids) : NULL;

        assert_text(made, cases[i].made);
    }
    for (int i = 0; i < 1000; i++)
        g_string_append(many, ",0-8191");
    assert_null(vv_cpulist_parse(many->str));
}

static void test_bars(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0 class=030000 id=10de:1e84 group=1\n");
    VvHost *host;
    const VvDevice *device;

    fake_host_put(fake, "sys/bus/pci/devices/0000:01:00.0/resource",
                  "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
                  "0x0000004000000000 0x00000043ffffffff 0x000000000014220c\n"
                  "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                  "0x0000004400000000 0x0000004401ffffff 0x000000000014220c\n"
                  "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                  "0x000000000000f000 0x000000000000f07f 0x0000000000040101\n"
                  "0x0000004800000000 0x00000048ffffffff 0x000000000014220c\n");
    host = fake_host_scan(fake);
    device = vv_host_find(host, address_of("0000:01:00.0"));
    assert_true(vv_device_mmio64(fake_host_sysfs(fake), device) ==
                (G_GUINT64_CONSTANT(16) << 30) + (32 << 20));
    fake_host_put(fake, "sys/bus/pci/devices/0000:01:00.0/resource", "nonsense\n");
    assert_int_equal(vv_device_mmio64(fake_host_sysfs(fake), device), 0);
    vv_host_free(host);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_desktop), cmocka_unit_test(test_ryzen),   cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_server),  cmocka_unit_test(test_offline), cmocka_unit_test(test_no_numa),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_apicv),   cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bars),
    };

    return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
