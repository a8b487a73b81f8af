/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-topology.h"
#include "vfio/machine.h"
#include "vfio/place.h"

#include <unistd.h>

static const VvTreeNode *node_of(const VvTree *tree, const char *address)
{
    const VvTreeNode *node = vv_tree_find(tree, address_of(address));

    assert_non_null(node);
    return node;
}

static guint count(const GPtrArray *nodes)
{
    guint functions = 0;

    for (guint i = 0; i < nodes->len; i++) {
        const VvTreeNode *node = nodes->pdata[i];
        assert_true((node->device != NULL) != (node->bus != NULL));
        functions += (node->device != NULL) + count(node->children);
    }
    return functions;
}

static void test_every_function_once(void **state)
{
    static const char *const hosts[] = {"laptop-3", "intel-desktop", "amd-desktop", "server-sriov",
                                        "server-60"};

    for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
        FakeHost *fake = fake_host_load(hosts[i]);
        g_autoptr(VvHost) host = fake_host_scan(fake);
        g_autoptr(VvTree) tree = vv_tree_read(host);
        const GPtrArray *devices = vv_host_devices(host);
        assert_int_equal(count(tree->roots), devices->len);
        for (guint j = 0; j < devices->len; j++)
            assert_ptr_equal(node_of(tree, ((VvDevice *)devices->pdata[j])->text)->device, devices->pdata[j]);
        fake_host_free(fake);
    }
}

static void test_places(void **state)
{
    FakeHost *fake = fake_host_load("server-60");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvTree) tree = vv_tree_read(host);
    const VvTreeNode *drive = node_of(tree, "0000:4d:00.0");

    assert_string_equal(vv_tree_above(drive)->device->text, "0000:4c:04.0");
    assert_string_equal(vv_tree_above(vv_tree_above(drive))->device->text, "0000:4b:00.0");
    assert_null(vv_tree_above(node_of(tree, "0000:4a:02.0")));
    /* A VF stands beside its PF. */
    assert_ptr_equal(node_of(tree, "0000:31:02.7")->parent, node_of(tree, "0000:31:00.0")->parent);
    /* VMD: a segment of its own below a function. */
    const VvTreeNode *port = node_of(tree, "10000:b0:02.0");
    assert_string_equal(port->parent->bus, "10000:b0");
    assert_string_equal(vv_tree_above(port)->device->text, "0000:b0:00.5");
    /* Root buses and functions ascend. */
    assert_string_equal(((VvTreeNode *)tree->roots->pdata[0])->bus, "0000:00");
    assert_string_equal(((VvTreeNode *)tree->roots->pdata[1])->bus, "0000:16");
    assert_int_equal(tree->roots->len, 7);
    assert_null(vv_tree_find(tree, address_of("0000:7f:00.0")));
    fake_host_free(fake);
}

/* Names that lie: behind itself, behind one another, behind what is not there, and no place at all. */
static void test_nonsense(void **state)
{
    FakeHost *fake = fake_host_load("laptop-3");
    static const char *const places[][2] = {
        {"0000:00:06.0", "../../../devices/pci0000:00/0000:01:00.0/0000:00:06.0"},
        {"0000:01:00.0", "../../../devices/pci0000:00/0000:00:06.0/0000:01:00.0"},
        {"0000:00:1c.0", "../../../devices/pci0000:00/0000:00:1c.0/0000:00:1c.0"},
        {"0000:02:00.0", "../../../devices/platform/pci0000:00/0000:09:00.0/0000:02:00.0"},
    };

    g_autoptr(VvHost) host = fake_host_scan(fake);
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path =
            g_build_filename(fake_host_root(fake), "sys/bus/pci/devices", places[i][0], NULL);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(places[i][1], path), 0);
    }
    g_autofree char *path = g_build_filename(fake_host_root(fake), "sys/bus/pci/devices/0000:00:02.0", NULL);
    assert_int_equal(unlink(path), 0);
    g_autoptr(VvTree) tree = vv_tree_read(host);
    assert_int_equal(count(tree->roots), vv_host_devices(host)->len);
    assert_string_equal(node_of(tree, "0000:00:02.0")->parent->bus, "0000:00");
    assert_string_equal(node_of(tree, "0000:02:00.0")->parent->bus, "0000:00");
    fake_host_free(fake);
}

static VvPlace *place_of(VvHost *host, const char *address)
{
    g_autoptr(VvTree) tree = vv_tree_read(host);
    g_autoptr(GHashTable) slots = vv_slots_read(vv_host_sysfs(host));

    return vv_place_read(vv_host_sysfs(host), slots, node_of(tree, address));
}

static void test_slot_and_link(void **state)
{
    FakeHost *fake = fake_host_load("server-60");
    fake_host_put(fake, "sys/bus/pci/slots/9/address", "0000:98\n");
    fake_host_put(fake, "sys/bus/pci/slots/77/address", "0000:16:02\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:00:1f.4/label", "\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:04:00.0/index", "1\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:04:00.1/acpi_index", "12\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:04:00.1/index", "2\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:00:1f.4/current_link_speed", "Unknown\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:00:1f.4/current_link_width", "255\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:18:00.0/power_state", "D3cold\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);

    g_autoptr(VvPlace) gpu = place_of(host, "0000:17:00.1");
    assert_text(gpu->slot, "1");
    assert_text(gpu->speed, "2.5 GT/s");
    assert_text(gpu->max_speed, "16.0 GT/s");
    assert_int_equal(gpu->width, 16);
    assert_int_equal(gpu->max_width, 16);
    /* The bridge's slot where the card has none of its own; and a slot that is a whole bus. */
    g_autoptr(VvPlace) port = place_of(host, "0000:16:02.0"), hba = place_of(host, "0000:98:00.0");
    assert_text(port->slot, "77");
    assert_text(hba->slot, "5");
    g_autoptr(VvPlace) lan = place_of(host, "0000:04:00.0"), lan2 = place_of(host, "0000:04:00.1");
    assert_text(lan->label, "NIC1");
    assert_int_equal(lan->index, 1);
    assert_int_equal(lan2->index, 12);
    g_autoptr(VvPlace) smbus = place_of(host, "0000:00:1f.4");
    assert_null(smbus->label);
    assert_null(smbus->slot);
    assert_null(smbus->speed);
    assert_int_equal(smbus->width, 0);
    /* A VF is in its PF's, whatever hot-plug makes of its device number. */
    fake_host_put(fake, "sys/bus/pci/slots/16/address", "0000:31:02\n");
    g_autoptr(VvPlace) vf = place_of(host, "0000:31:02.5");
    assert_text(vf->slot, "3");
    /* It would have to be woken. */
    g_autoptr(VvPlace) asleep = place_of(host, "0000:18:00.0");
    assert_text(asleep->slot, "2");
    assert_null(asleep->max_speed);
    assert_int_equal(asleep->max_width, 0);
    fake_host_free(fake);
}

static void test_machine(void **state)
{
    FakeHost *fake = fake_host_load("laptop-3");
    FakeTopology shape = fake_server;
    fake_topology_put(fake, &shape);
    fake_host_put(fake, "etc/hostname", "kvm7\n");
    fake_host_put(fake, "sys/class/dmi/id/sys_vendor", "To Be Filled By O.E.M.\n");
    fake_host_put(fake, "sys/class/dmi/id/product_name", "Default string\n");
    fake_host_put(fake, "sys/class/dmi/id/board_vendor", "ASRock\n");
    fake_host_put(fake, "sys/class/dmi/id/board_name", "B550 Taichi\n");
    fake_host_put(fake, "sys/class/dmi/id/bios_version", "P3.50\n");
    fake_host_put(fake, "proc/sys/kernel/osrelease", "6.12.43\n");
    fake_host_put(fake, "proc/cmdline", "quiet intel_iommu=on\n");
    fake_host_put(fake, "sys/class/iommu/dmar1/x", "");
    fake_host_put(fake, "sys/class/iommu/dmar0/x", "");
    fake_host_put(fake, "sys/kernel/iommu_groups/0/type", "DMA-FQ\n");
    fake_host_put(fake, "sys/kernel/iommu_groups/1/type", "identity\n");
    fake_host_put(fake, "sys/kernel/iommu_groups/2/type", "DMA-FQ\n");
    fake_host_put(fake, "sys/kernel/iommu_groups/3/type", "unmanaged\n");
    g_autoptr(VvMachine) machine = vv_machine_read(fake_host_sysfs(fake));

    assert_text(machine->name, "kvm7");
    assert_null(machine->product);
    assert_text(machine->board, "ASRock B550 Taichi");
    assert_text(machine->firmware, "P3.50");
    assert_null(machine->serial);
    assert_false(machine->serial_refused);
    assert_int_equal(machine->sockets, 2);
    assert_int_equal(machine->cores, 32);
    assert_int_equal(machine->threads, 32 * shape.threads);
    assert_true(machine->memory_kib >= G_GUINT64_CONSTANT(2) * 128 << 20);
    assert_text(machine->kernel, "6.12.43");
    assert_text(machine->command_line, "quiet intel_iommu=on");
    assert_text(machine->iommu, "Intel VT-d, 2 units");
    assert_text(machine->iommu_type, "DMA-FQ, identity");
    fake_host_free(fake);
}

static void test_empty_machine(void **state)
{
    FakeHost *fake = fake_host_load("laptop-3");
    g_autoptr(VvMachine) machine = vv_machine_read(fake_host_sysfs(fake));

    assert_null(machine->name);
    assert_null(machine->cpu);
    assert_null(machine->iommu);
    assert_int_equal(machine->threads, 0);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_function_once),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_slot_and_link),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_empty_machine),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
