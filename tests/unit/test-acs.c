/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"

#include "vfio/acs.h"

#include <glib/gstdio.h>

/* Why groups are as they are: on recorded machines by their place alone, with registers on machines made
 * here. */

#define WANTED 0x1d /* SV, RR, CR, UF */

/* A configuration space of 4 KiB: PCI Express at 0x40, AER at 0x100, ACS (capability and control) at 0x148.
 * type < 0: no PCI Express; capability < 0: no ACS. */
typedef struct {
    const char *address;
    int type, capability, control;
    gboolean alone; /* not multifunction */
    gboolean wide;  /* registers of 32 bits, as some Intel chipsets have them */
    gboolean loop;  /* a list of extended capabilities that goes in circles */
} Space;

static void put_bytes(FakeHost *fake, const char *address, const guint8 *bytes, gsize length)
{
    g_autofree char *path =
        g_strdup_printf("%s/sys/bus/pci/devices/%s/config", fake_host_root(fake), address);

    assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)length, NULL));
}

static void put_space(FakeHost *fake, const Space *space)
{
    guint8 bytes[4096] = {0};

    bytes[0x0e] = space->alone ? 0 : 0x80;
    if (space->type >= 0) {
        bytes[0x06] = 0x10;
        bytes[0x34] = 0x50;
        bytes[0x50] = 0x05; /* MSI first */
        bytes[0x51] = 0x40;
        bytes[0x40] = 0x10;
        bytes[0x42] = (guint8)(space->type << 4 | 2);
    }
    bytes[0x100] = 0x01;
    bytes[0x102] = space->loop ? 0x01 : 0x81; /* next: 0x100 or 0x148 */
    bytes[0x103] = space->loop ? 0x10 : 0x14;
    if (space->capability >= 0) {
        bytes[0x148] = 0x0d;
        bytes[0x14a] = 0x01;
        bytes[0x14c] = (guint8)space->capability;
        bytes[space->wide ? 0x150 : 0x14e] = (guint8)space->control;
    }
    put_bytes(fake, space->address, bytes, sizeof bytes);
}

static VvGroupView *view_of(VvHost *host, const char *address)
{
    const VvDevice *device = vv_host_find(host, address_of(address));

    assert_non_null(device);
    return vv_group_view(host, device->group);
}

static const VvGroupCause *find_cause(const VvGroupView *view, const char *address, const char *code)
{
    for (guint i = 0; i < view->why->len; i++) {
        const VvGroupCause *cause = view->why->pdata[i];
        if (strcmp(cause->device->text, address) == 0 && strcmp(cause->code, code) == 0)
            return cause;
    }
    return NULL;
}

static const char *find_help(const VvGroupView *view, const char *part)
{
    for (guint i = 0; i < view->help->len; i++)
        if (strstr(view->help->pdata[i], part))
            return view->help->pdata[i];
    return NULL;
}

static void test_registers(void **state)
{
    static const struct {
        Space space;
        VvAcsState expected;
    } cases[] = {
        {{"0000:00:01.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_ISOLATES},
        {{"0000:00:01.0", VV_PORT_ROOT, WANTED, 0x0d, FALSE, FALSE, FALSE}, VV_ACS_OFF},
        {{"0000:00:01.0", VV_PORT_ROOT, WANTED, 0, FALSE, FALSE, FALSE}, VV_ACS_OFF},
        /* What it has not counts as on. */
        {{"0000:00:01.0", VV_PORT_ROOT, 0x0d, 0x0d, FALSE, FALSE, FALSE}, VV_ACS_ISOLATES},
        {{"0000:00:01.0", VV_PORT_ROOT, -1, 0, FALSE, FALSE, FALSE}, VV_ACS_NONE},
        {{"0000:00:01.0", VV_PORT_ROOT, -1, 0, FALSE, FALSE, TRUE}, VV_ACS_NONE},
        {{"0000:00:01.0", VV_PORT_ROOT, -1, 0, TRUE, FALSE, FALSE}, VV_ACS_NONE},
        {{"0000:00:01.0", VV_PORT_DOWNSTREAM, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_ISOLATES},
        {{"0000:00:01.0", VV_PORT_PCIE_TO_PCI, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_NONE},
        {{"0000:00:01.0", -1, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_NONE},
        {{"0000:01:00.0", VV_PORT_ENDPOINT, -1, 0, TRUE, FALSE, FALSE}, VV_ACS_ISOLATES},
        {{"0000:01:00.0", VV_PORT_ENDPOINT, -1, 0, FALSE, FALSE, FALSE}, VV_ACS_NONE},
        {{"0000:01:00.0", VV_PORT_ENDPOINT, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_ISOLATES},
        /* Sunrise Point: the control register is where another chip has nothing. */
        {{"0000:00:1c.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, TRUE, FALSE}, VV_ACS_ISOLATES},
        {{"0000:00:1c.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, FALSE, FALSE}, VV_ACS_OFF},
        {{"0000:00:01.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, TRUE, FALSE}, VV_ACS_OFF},
    };
    FakeHost *fake = fake_host_new("0000:00:01.0 class=060400 id=8086:1901 group=1\n"
                                   "0000:00:1c.0 class=060400 id=8086:a110 group=2\n"
                                   "0000:01:00.0 class=020000 id=8086:10d3 group=3 behind=0000:00:01.0\n");
    VvHost *host = fake_host_scan(fake);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const VvDevice *device = vv_host_find(host, address_of(cases[i].space.address));
        VvPortType type;
        VvAcsState found;

        put_space(fake, &cases[i].space);
        found = vv_acs_read(fake_host_sysfs(fake), device, &type);
        if (found != cases[i].expected)
            fail_msg("case %zu: %d, expected %d", i, (int)found, (int)cases[i].expected);
        assert_int_equal(type, cases[i].space.type < 0 ? VV_PORT_CONVENTIONAL : cases[i].space.type);
    }
    vv_host_free(host);
    fake_host_free(fake);
}

/* Files of all lengths and contents end somehow, and are read to no further than they are long. */
static void test_hostile(void **state)
{
    FakeHost *fake = fake_host_new("0000:00:01.0 class=060400 id=8086:1901 group=1\n");
    VvHost *host = fake_host_scan(fake);
    const VvDevice *device = vv_host_find(host, address_of("0000:00:01.0"));
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    VvPortType type;

    for (guint round = 0; round < 400; round++) {
        guint8 bytes[4200];
        gsize length = (gsize)g_rand_int_range(random, 0, sizeof bytes);

        for (gsize i = 0; i < length; i++)
            bytes[i] = round % 4 ? (guint8)g_rand_int(random) : 0xff;
        put_bytes(fake, device->text, bytes, length);
        VvAcsState found = vv_acs_read(fake_host_sysfs(fake), device, &type);
        assert_true(length >= 256 || found == VV_ACS_CLOSED);
    }
    g_autofree char *path =
        g_strdup_printf("%s/sys/bus/pci/devices/%s/config", fake_host_root(fake), device->text);
    assert_int_equal(g_remove(path), 0);
    assert_int_equal(vv_acs_read(fake_host_sysfs(fake), device, &type), VV_ACS_CLOSED);
    assert_int_equal(type, VV_PORT_UNKNOWN);
    vv_host_free(host);
    fake_host_free(fake);
}

static void test_amd_desktop(void **state)
{
    FakeHost *fake = fake_host_load("amd-desktop");
    VvHost *host = fake_host_scan(fake);
    g_autoptr(VvGroupView) chipset = view_of(host, "0000:04:00.0");
    g_autoptr(VvGroupView) card = view_of(host, "0000:08:00.0");
    const VvGroupCause *cause = find_cause(chipset, "0000:02:00.2", "chipset");

    assert_true(chipset->too_large);
    assert_false(chipset->viable);
    assert_text(chipset->culprit->text, "0000:02:00.0");
    assert_non_null(cause);
    assert_true(cause->closed);
    assert_non_null(strstr(cause->detail, "does not isolate"));
    /* Which of the ports below would isolate cannot be known without the registers. */
    assert_int_equal(chipset->why->len, 2);
    assert_non_null(find_cause(chipset, "0000:02:00.0", "chipset"));
    /* In this order. */
    assert_non_null(strstr(chipset->help->pdata[0], "another slot: the port 0000:00:01.1"));
    assert_non_null(strstr(chipset->help->pdata[1], "ACS Enable"));
    assert_non_null(strstr(chipset->help->pdata[2],
                           "virt-vfio plan 0000:02:00.0 0000:02:00.1 0000:04:00.0 0000:05:00.0; this host"));
    assert_non_null(strstr(chipset->help->pdata[2], "0000:05:00.0 (nic, r8169)"));
    assert_non_null(strstr(chipset->help->pdata[3], "plan 0000:04:00.0 --allow group-shared=0000:04:00.0"));
    assert_non_null(strstr(chipset->help->pdata[4], "if this kernel has that patch"));
    assert_non_null(strstr(chipset->help->pdata[4], "behind the IOMMU's back"));
    assert_int_equal(chipset->help->len, 5);
    assert_false(card->too_large);
    assert_int_equal(card->why->len, 0);
    assert_int_equal(card->help->len, 0);
    vv_host_free(host);
    fake_host_free(fake);
}

/* The same with registers: the switch is at fault, one port below it is too, and one is not. */
static void test_amd_registers(void **state)
{
    static const Space spaces[] = {
        {"0000:02:00.2", VV_PORT_UPSTREAM, -1, 0, FALSE, FALSE, FALSE},
        {"0000:03:00.0", VV_PORT_DOWNSTREAM, WANTED, WANTED, FALSE, FALSE, FALSE},
        {"0000:03:09.0", VV_PORT_DOWNSTREAM, WANTED, 0, FALSE, FALSE, FALSE},
    };
    FakeHost *fake = fake_host_load("amd-desktop");
    VvHost *host = fake_host_scan(fake);

    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        put_space(fake, &spaces[i]);
    g_autoptr(VvGroupView) view = view_of(host, "0000:04:00.0");
    const VvGroupCause *cause = find_cause(view, "0000:02:00.2", "chipset");
    assert_non_null(cause);
    assert_false(cause->closed);
    assert_non_null(strstr(cause->detail, "the switch 0000:02:00.2, a part of the chipset, has no ACS"));
    assert_non_null(find_cause(view, "0000:03:09.0", "acs-off"));
    assert_null(find_cause(view, "0000:03:00.0", "acs-off"));
    assert_null(find_cause(view, "0000:03:00.0", "chipset"));
    vv_host_free(host);
    fake_host_free(fake);
}

static void test_intel_desktop(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    VvHost *host = fake_host_scan(fake);
    g_autoptr(VvGroupView) card = view_of(host, "0000:01:00.0");
    g_autoptr(VvGroupView) pch = view_of(host, "0000:00:1f.6");
    g_autoptr(VvGroupView) usb = view_of(host, "0000:00:14.0");

    /* A card with the port above it is what it has to be, and so is one with a part that nobody uses. */
    assert_false(card->too_large);
    assert_false(usb->too_large);
    assert_true(pch->too_large);
    assert_int_equal(pch->why->len, 1);
    assert_non_null(find_cause(pch, "0000:00:1f.0", "chipset"));
    /* It cannot be moved, no firmware helps, and the override is not for what is no PCI Express. */
    assert_null(find_help(pch, "slot"));
    assert_null(find_help(pch, "firmware"));
    assert_null(find_help(pch, "override"));
    assert_non_null(find_help(pch, "virt-vfio plan 0000:00:1f.3 0000:00:1f.4 0000:00:1f.5 0000:00:1f.6"));
    vv_host_free(host);
    fake_host_free(fake);
}

static const char board[] =
    "0000:00:01.0 class=060400 id=1b36:000c driver=pcieport group=1\n"
    "0000:00:02.0 class=060400 id=1b36:000c driver=pcieport group=2\n"
    "0000:00:03.0 class=060400 id=1b36:000c driver=pcieport group=4\n"
    "0000:00:04.0 class=060400 id=1b36:000e group=5\n"
    "0000:01:00.0 class=020000 id=8086:10d3 driver=e1000e group=1 behind=0000:00:01.0\n"
    "0000:01:00.1 class=0c0330 id=1b36:000d driver=xhci_hcd group=1 behind=0000:00:01.0\n"
    "0000:02:00.0 class=020000 id=8086:10d3 driver=e1000e group=3 behind=0000:00:02.0\n"
    "0000:02:00.1 class=020000 id=8086:10d3 driver=e1000e group=3 behind=0000:00:02.0\n"
    "0000:04:00.0 class=040100 id=1102:0002 driver=snd_emu10k1 group=5 behind=0000:00:04.0\n"
    "0000:04:01.0 class=020000 id=10ec:8139 driver=8139too group=5 behind=0000:00:04.0\n"
    "0000:05:00.0 class=020000 id=10ec:8139 driver=8139too group=6\n"
    "0000:06:00.0 class=020000 id=10ec:8139 driver=8139too group=6\n";

static void test_ports(void **state)
{
    static const Space spaces[] = {
        {"0000:00:01.0", VV_PORT_ROOT, -1, 0, FALSE, FALSE, FALSE},
        {"0000:00:02.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, FALSE, FALSE},
        {"0000:00:03.0", VV_PORT_ROOT, WANTED, WANTED, FALSE, FALSE, FALSE},
        {"0000:00:04.0", VV_PORT_PCIE_TO_PCI, -1, 0, FALSE, FALSE, FALSE},
    };
    FakeHost *fake = fake_host_new(board);
    VvHost *host = fake_host_scan(fake);

    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        put_space(fake, &spaces[i]);
    g_autoptr(VvGroupView) port = view_of(host, "0000:01:00.0");
    g_autoptr(VvGroupView) twins = view_of(host, "0000:02:00.0");
    g_autoptr(VvGroupView) old = view_of(host, "0000:04:00.0");
    g_autoptr(VvGroupView) unknown = view_of(host, "0000:05:00.0");

    assert_int_equal(port->why->len, 1);
    assert_non_null(find_cause(port, "0000:00:01.0", "no-acs"));
    assert_non_null(find_help(port, "nothing is behind the port 0000:00:03.0"));
    assert_int_equal(twins->why->len, 1);
    assert_non_null(find_cause(twins, "0000:02:00.0", "multifunction"));
    assert_non_null(strstr(find_cause(twins, "0000:02:00.0", "multifunction")->detail, "0000:00:02.0"));
    assert_null(find_help(twins, "firmware"));
    assert_non_null(find_help(twins, "ACS override"));
    assert_int_equal(old->why->len, 1);
    assert_non_null(find_cause(old, "0000:00:04.0", "pci-bridge"));
    assert_null(find_help(old, "ACS override"));
    assert_int_equal(unknown->why->len, 1);
    assert_non_null(find_cause(unknown, "0000:05:00.0", "alias"));
    vv_host_free(host);
    fake_host_free(fake);
}

/* What is built in behind a port leaves no room for a card; a port that is in its own device's group isolates
 * nothing. */
static void test_slots(void **state)
{
    FakeHost *fake =
        fake_host_new("0000:00:01.0 class=060400 id=1022:1483 driver=pcieport group=1\n"
                      "0000:00:08.0 class=060400 id=1022:1484 driver=pcieport group=2\n"
                      "0000:00:09.0 class=060400 id=1022:1483 driver=pcieport group=4\n"
                      "0000:01:00.0 class=020000 id=8086:10d3 driver=e1000e group=1 behind=0000:00:01.0\n"
                      "0000:01:00.1 class=020000 id=8086:10d3 driver=e1000e group=1 behind=0000:00:01.0\n"
                      "0000:02:00.0 class=108000 id=1022:1486 driver=ccp group=3 behind=0000:00:08.0\n"
                      "0000:03:00.0 class=010802 id=144d:a808 driver=nvme group=4 behind=0000:00:09.0\n");
    VvHost *host = fake_host_scan(fake);
    g_autoptr(VvGroupView) view = view_of(host, "0000:01:00.0");

    assert_text(view->help->pdata[0],
                "another slot, if the board has one that the processor serves by itself: its manual says");
    vv_host_free(host);
    fake_host_free(fake);
}

static void test_vmd(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");
    VvHost *host = fake_host_scan(fake);
    g_autoptr(VvGroupView) view = view_of(host, "10000:01:00.0");

    assert_int_equal(view->why->len, 1);
    assert_non_null(find_cause(view, "0000:c9:00.5", "vmd"));
    assert_int_equal(view->help->len, 2);
    assert_non_null(strstr(view->help->pdata[0], "switch VMD off"));
    assert_non_null(strstr(view->help->pdata[1], "virt-vfio plan 0000:c9:00.5"));
    vv_host_free(host);
    fake_host_free(fake);
}

static void test_override(void **state)
{
    static const struct {
        const char *cmdline, *release, *log, *environment;
        VvAcsOverride expected;
    } cases[] = {
        {"quiet", "6.1.0-30-amd64", NULL, NULL, VV_ACS_OVERRIDE_UNKNOWN},
        {"quiet", "6.12.4-zen1-1-zen", NULL, NULL, VV_ACS_OVERRIDE_LIKELY},
        {"quiet", "6.8.12-4-pve", NULL, NULL, VV_ACS_OVERRIDE_LIKELY},
        {"quiet", "6.17.1-2-cachyos", NULL, NULL, VV_ACS_OVERRIDE_LIKELY},
        {"pcie_acs_override=downstream", "6.1.0-30-amd64", NULL, NULL, VV_ACS_OVERRIDE_UNKNOWN},
        {"pcie_acs_override=downstream", "6.8.12-4-pve",
         "4,7,0,-;Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA\n",
         NULL, VV_ACS_OVERRIDE_ACTIVE},
        /* Without the argument the log is not asked. */
        {"quiet", "6.8.12-4-pve", "4,7,0,-;Warning: PCIe ACS overrides enabled\n", NULL,
         VV_ACS_OVERRIDE_LIKELY},
        {"pcie_acs_override=downstream", "6.12.4-zen1-1-zen", NULL, "HOME=/\npcie_acs_override=downstream\n",
         VV_ACS_OVERRIDE_ABSENT},
        {"pcie_acs_override=downstream", "6.12.4-zen1-1-zen", NULL, "HOME=/\n", VV_ACS_OVERRIDE_LIKELY},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *fake = fake_host_new("");
        fake_host_put(fake, "proc/cmdline", cases[i].cmdline);
        fake_host_put(fake, "proc/sys/kernel/osrelease", cases[i].release);
        if (cases[i].log)
            fake_host_put(fake, "dev/kmsg", cases[i].log);
        if (cases[i].environment)
            fake_host_put(fake, "proc/1/environ", cases[i].environment);
        VvAcsOverride found = vv_acs_override(fake_host_sysfs(fake));
        if (found != cases[i].expected)
            fail_msg("case %zu: %d, expected %d", i, (int)found, (int)cases[i].expected);
        fake_host_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),     cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_amd_desktop),   cmocka_unit_test(test_amd_registers),
        cmocka_unit_test(test_intel_desktop), cmocka_unit_test(test_ports),
        cmocka_unit_test(test_slots),         cmocka_unit_test(test_vmd),
        cmocka_unit_test(test_override),
    };

    return cmocka_run_group_tests_name("acs", tests, NULL, NULL);
}
