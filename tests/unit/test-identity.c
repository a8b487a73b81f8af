/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/plan.h"

#include <linux/pci_regs.h>

/* Four drives, or two cards with two ports each, that only their marks tell apart. */
#define DRIVE " class=010802 id=144d:a808 sub=144d:a801 driver=nvme"
#define PORT " class=020000 id=8086:1521 sub=8086:0001 driver=igb"
#define TWINS                                                                                                \
    "drivers vfio-pci\n"                                                                                     \
    "0000:01:00.0" DRIVE " group=1\n0000:02:00.0" DRIVE " group=2\n"                                         \
    "0000:03:00.0" DRIVE " group=3\n0000:04:00.0" DRIVE " group=4\n"
#define CARDS                                                                                                \
    "drivers vfio-pci\n"                                                                                     \
    "0000:05:00.0" PORT " group=5\n0000:05:00.1" PORT " group=6\n"                                           \
    "0000:06:00.0" PORT " group=7\n0000:06:00.1" PORT " group=8\n"

static void put(FakeHost *fake, const char *address, const char *attribute, const char *text)
{
    g_autofree char *path = g_strdup_printf("sys/devices/pci0000:00/%s/%s", address, attribute);

    fake_host_put(fake, path, text);
}

static void put_serial(FakeHost *fake, const char *address, const char *serial)
{
    g_autofree char *attribute = g_strdup_printf("nvme/nvme%c/serial", address[6]);
    g_autofree char *text = g_strdup_printf("%-20s\n", serial);

    put(fake, address, attribute, text);
}

static void put_interface(FakeHost *fake, const char *address, const char *name, const char *type,
                          const char *mac)
{
    g_autofree char *type_path = g_strdup_printf("net/%s/addr_assign_type", name);
    g_autofree char *mac_path = g_strdup_printf("net/%s/address", name);

    put(fake, address, type_path, type);
    put(fake, address, mac_path, mac);
}

/* Extended configuration space from dwords at offsets; ends with offset 0. */
typedef struct {
    guint offset;
    guint32 value;
} Dword;

static void put_config(FakeHost *fake, const char *address, const Dword *dwords)
{
    g_autofree char *path =
        g_strdup_printf("%s/sys/devices/pci0000:00/%s/config", fake_host_root(fake), address);
    guint8 config[PCI_CFG_SPACE_EXP_SIZE] = {0};

    for (; dwords->offset; dwords++) {
        guint32 value = GUINT32_TO_LE(dwords->value);
        memcpy(config + dwords->offset, &value, sizeof value);
    }
    assert_true(g_file_set_contents(path, (char *)config, sizeof config, NULL));
}

static void put_dsn(FakeHost *fake, const char *address, guint64 dsn)
{
    const Dword dwords[] = {
        {0x100, 0x14820001}, /* AER, the next one at 0x148 */
        {0x104, 0xffffffff}, {0x148, 0x00010003}, {0x14c, (guint32)dsn}, {0x150, (guint32)(dsn >> 32)}, {0}};

    put_config(fake, address, dwords);
}

static VvIdentity *read_at(VvHost *host, const char *address)
{
    VvDevice *device = vv_host_find(host, address_of(address));

    assert_non_null(device);
    return vv_identity_read(host, device);
}

/* What it was before something is changed about the machine. */
static VvIdentity *remember(FakeHost *fake, const char *address)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);

    return read_at(host, address);
}

static VvReason *check(FakeHost *fake, const VvIdentity *expected, const GPtrArray *all)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);

    return vv_identity_check(host, expected, all);
}

static void assert_unchanged(FakeHost *fake, const VvIdentity *expected, const GPtrArray *all)
{
    VvReason *reason = check(fake, expected, all);

    if (reason)
        fail_msg("%s", reason->detail);
}

static void assert_changed(FakeHost *fake, const VvIdentity *expected, const GPtrArray *all,
                           const char *detail, const char *remedy)
{
    VvReason *reason = check(fake, expected, all);

    assert_non_null(reason);
    assert_text(reason->code, "identity-changed");
    assert_int_equal(reason->severity, VV_SEVERITY_BLOCK);
    assert_true(vv_address_equal(reason->address, expected->address));
    assert_text(reason->detail, detail);
    if (!strstr(reason->remedy, remedy))
        fail_msg("no \"%s\" in \"%s\"", remedy, reason->remedy);
    vv_reason_free(reason);
}

static void test_serial(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);
    static const char *const bad[] = {"", "a\tb", "a\x1b[2J", "\xc2\x9b"};

    put_serial(fake, "0000:01:00.0", "S4EWNX0 1");
    g_autoptr(VvIdentity) known = remember(fake, "0000:01:00.0");
    g_autoptr(VvIdentity) unknown = remember(fake, "0000:02:00.0");
    g_autofree char *mark = vv_identity_mark(known);
    assert_text(known->serial, "S4EWNX0 1");
    assert_text(mark, "serial S4EWNX0 1");
    assert_int_equal(known->vendor, 0x144d);
    assert_int_equal(known->subsystem_device, 0xa801);
    assert_int_equal(known->class_code, 0x010802);
    assert_null(unknown->serial);
    assert_null(vv_identity_mark(unknown));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        put_serial(fake, "0000:01:00.0", bad[i]);
        g_autoptr(VvIdentity) hostile = remember(fake, "0000:01:00.0");
        assert_null(hostile->serial);
    }
    fake_host_free(fake);
}

static void test_mac(void **state)
{
    FakeHost *fake = fake_host_new(CARDS);

    put_interface(fake, "0000:05:00.0", "a", "0\n", "02:00:00:00:00:0b\n");
    put_interface(fake, "0000:05:00.0", "b", "0\n", "02:00:00:00:00:0a\n");
    put_interface(fake, "0000:05:00.0", "c", "0\n", "02:00:00:00:00:0c\n");
    g_autoptr(VvIdentity) lowest = remember(fake, "0000:05:00.0");
    g_autofree char *mark = vv_identity_mark(lowest);
    assert_text(lowest->mac, "02:00:00:00:00:0a");
    assert_text(mark, "MAC 02:00:00:00:00:0a");
    /* Set by somebody; the kernel knows the permanent one, a recorded machine does not. */
    put_interface(fake, "0000:05:00.1", "a", "3\n", "02:00:00:00:00:0b\n");
    g_autoptr(VvIdentity) set = remember(fake, "0000:05:00.1");
    assert_null(set->mac);
    put_interface(fake, "0000:06:00.0", "ib", "0\n",
                  "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:0b:0c:0d\n");
    g_autoptr(VvIdentity) infiniband = remember(fake, "0000:06:00.0");
    assert_null(infiniband->mac);
    put_interface(fake, "0000:06:00.1", "z", "0\n", "00:00:00:00:00:00\n");
    g_autoptr(VvIdentity) zero = remember(fake, "0000:06:00.1");
    assert_null(zero->mac);
    fake_host_free(fake);
}

static void assert_dsn(FakeHost *fake, guint64 wanted)
{
    g_autoptr(VvIdentity) identity = remember(fake, "0000:05:00.0");

    if (identity->dsn != wanted)
        fail_msg("DSN %" G_GINT64_MODIFIER "x instead of %" G_GINT64_MODIFIER "x", identity->dsn, wanted);
}

static void test_dsn(void **state)
{
    FakeHost *fake = fake_host_new(CARDS);
    static const Dword circle[] = {{0x100, 0x14820001}, {0x148, 0x10010002}, {0}};
    static const Dword itself[] = {{0x100, 0x10010002}, {0}};
    static const Dword below[] = {{0x100, 0x0fc10002}, {0xfc, 0x00010003}, {0}};
    static const Dword last[] = {{0x100, 0xffc10002}, {0xffc, 0x00010003}, {0}};
    static const Dword dead[] = {{0x100, 0xffffffff}, {0}};
    static const Dword ones[] = {{0x100, 0x00010003}, {0x104, 0xffffffff}, {0x108, 0xffffffff}, {0}};
    static const Dword *const without[] = {circle, itself, below, last, dead, ones};

    assert_dsn(fake, 0); /* 64 bytes, as the kernel shows to others than root */
    for (gsize i = 0; i < G_N_ELEMENTS(without); i++) {
        put_config(fake, "0000:05:00.0", without[i]);
        assert_dsn(fake, 0);
    }
    put_dsn(fake, "0000:05:00.0", G_GUINT64_CONSTANT(0x001b21ffff6a2c10));
    assert_dsn(fake, G_GUINT64_CONSTANT(0x001b21ffff6a2c10));
    g_autoptr(VvIdentity) identity = remember(fake, "0000:05:00.0");
    g_autofree char *mark = vv_identity_mark(identity);
    assert_text(mark, "DSN 00-1b-21-ff-ff-6a-2c-10");
    fake_host_free(fake);
}

static void test_asleep(void **state)
{
    FakeHost *fake = fake_host_new(CARDS);

    put_dsn(fake, "0000:05:00.0", 7);
    put(fake, "0000:05:00.0", "power_state", "D3hot\n");
    put(fake, "0000:05:00.0", "power/runtime_status", "suspended\n");
    assert_dsn(fake, 7);
    put(fake, "0000:05:00.0", "power_state", "D3cold\n");
    assert_dsn(fake, 0);
    fake_host_free(fake);

    /* Before 5.11 nothing says how deep it sleeps. */
    fake = fake_host_new(CARDS);
    put_dsn(fake, "0000:05:00.0", 7);
    put(fake, "0000:05:00.0", "power/runtime_status", "active\n");
    assert_dsn(fake, 7);
    put(fake, "0000:05:00.0", "power/runtime_status", "suspended\n");
    assert_dsn(fake, 0);
    fake_host_free(fake);
}

static void test_swapped(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);

    put_serial(fake, "0000:01:00.0", "one");
    put_serial(fake, "0000:02:00.0", "two");
    g_autoptr(VvIdentity) one = remember(fake, "0000:01:00.0"), two = remember(fake, "0000:02:00.0");
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_add(all, one);
    g_ptr_array_add(all, two);
    assert_unchanged(fake, one, all);
    assert_unchanged(fake, two, all);
    put_serial(fake, "0000:01:00.0", "two");
    put_serial(fake, "0000:02:00.0", "one");
    assert_changed(fake, one, all,
                   "the domain was defined with 144d:a808 (serial one) here; now 144d:a808 (serial two) is "
                   "here, and the one meant is at 0000:02:00.0",
                   "write 0000:02:00.0 in place of 0000:01:00.0 into the VM file");
    assert_changed(fake, two, NULL,
                   "the domain was defined with 144d:a808 (serial two) here; now 144d:a808 (serial one) is "
                   "here, and the one meant is at 0000:01:00.0",
                   "0000:01:00.0");
    /* On vfio-pci it shows no serial number, but its twin does. */
    put_serial(fake, "0000:01:00.0", "");
    assert_changed(fake, one, all,
                   "the domain was defined with 144d:a808 (serial one) here; now a twin of it is here, and "
                   "the one meant is at 0000:02:00.0",
                   "0000:02:00.0");
    assert_changed(
        fake, two, NULL,
        "the domain was defined with 144d:a808 (serial two) here; now 144d:a808 (serial one) is here, and "
        "the one meant may be one of 0000:01:00.0, 0000:03:00.0, 0000:04:00.0, by its ids",
        "find out which");
    fake_host_free(fake);
}

static void test_gone(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);

    put_serial(fake, "0000:01:00.0", "one");
    put_serial(fake, "0000:02:00.0", "two");
    put_serial(fake, "0000:03:00.0", "three");
    g_autoptr(VvIdentity) one = remember(fake, "0000:01:00.0");
    /* 04 shows no serial number, so it may be the one. */
    put_serial(fake, "0000:01:00.0", "five");
    assert_changed(fake, one, NULL,
                   "the domain was defined with 144d:a808 (serial one) here; now 144d:a808 (serial five) is "
                   "here, and the one meant may be 0000:04:00.0, by its ids",
                   "write 0000:04:00.0");
    g_autoptr(VvIdentity) four = remember(fake, "0000:04:00.0");
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_add(all, one);
    g_ptr_array_add(all, four);
    assert_changed(fake, one, all,
                   "the domain was defined with 144d:a808 (serial one) here; now 144d:a808 (serial five) is "
                   "here, and the one meant is seen nowhere on this host",
                   "if the one that is there now is meant");
    fake_host_unplug(fake, "0000:01:00.0");
    assert_unchanged(fake, one, all); /* not-found is for the plan to say */
    assert_changed(fake, one, NULL,
                   "the domain was defined with 144d:a808 (serial one) here; now nothing is here, and the "
                   "one meant may be 0000:04:00.0, by its ids",
                   "write 0000:04:00.0");
    fake_host_add(fake, "0000:05:00.0" DRIVE "\n");
    assert_changed(fake, one, NULL,
                   "the domain was defined with 144d:a808 (serial one) here; now nothing is here, and the "
                   "one meant may be one of 0000:04:00.0, 0000:05:00.0, by its ids",
                   "find out which with 'virt-vfio show'");
    put_serial(fake, "0000:05:00.0", "one");
    assert_changed(fake, one, NULL,
                   "the domain was defined with 144d:a808 (serial one) here; now nothing is here, and the "
                   "one meant is at 0000:05:00.0",
                   "write 0000:05:00.0");
    fake_host_free(fake);
}

static void test_nothing_known(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);
    g_autoptr(VvIdentity) one = remember(fake, "0000:01:00.0");

    /* A serial number that was not known then says nothing now. */
    put_serial(fake, "0000:01:00.0", "one");
    assert_unchanged(fake, one, NULL);
    one->serial = g_strdup("one");
    assert_unchanged(fake, one, NULL);
    /* Neither does one that is not known now. */
    put_serial(fake, "0000:01:00.0", "");
    assert_unchanged(fake, one, NULL);
    fake_host_free(fake);
}

static void test_ids(void **state)
{
    static const struct {
        const char *now, *text;
    } cases[] = {
        {"class=010802 id=144d:a809 sub=144d:a801", "144d:a809"},
        {"class=010802 id=15b7:a808 sub=144d:a801", "15b7:a808"},
        {"class=010802 id=144d:a808 sub=144d:a802", "144d:a808 (subsystem 144d:a802)"},
        {"class=010802 id=144d:a808 sub=144e:a801", "144d:a808 (subsystem 144e:a801)"},
        {"class=010400 id=144d:a808 sub=144d:a801", "144d:a808 (class 010400)"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *fake = fake_host_new("0000:01:00.0" DRIVE "\n");
        g_autoptr(VvIdentity) one = remember(fake, "0000:01:00.0");
        g_autofree char *line = g_strdup_printf("0000:01:00.0 %s\n", cases[i].now);
        fake_host_unplug(fake, "0000:01:00.0");
        fake_host_add(fake, line);
        VvReason *reason = check(fake, one, NULL);
        assert_non_null(reason);
        if (!strstr(reason->detail, cases[i].text))
            fail_msg("no \"%s\" in \"%s\"", cases[i].text, reason->detail);
        vv_reason_free(reason);
        fake_host_free(fake);
    }
}

/* A card with two ports moves from 05 to 06, and its like the other way. */
static void test_ports(void **state)
{
    FakeHost *fake = fake_host_new(CARDS);
    static const char *const addresses[] = {"0000:05:00.0", "0000:05:00.1", "0000:06:00.0", "0000:06:00.1"};
    static const char *const macs[] = {"02:00:00:00:05:00", "02:00:00:00:05:01", "02:00:00:00:06:00",
                                       "02:00:00:00:06:01"};

    for (guint i = 0; i < 4; i++) {
        put_interface(fake, addresses[i], "eth", "0\n", macs[i]);
        put_dsn(fake, addresses[i], i < 2 ? 5 : 6);
    }
    g_autoptr(VvIdentity) port = remember(fake, "0000:05:00.1"), other = remember(fake, "0000:05:00.0");
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_add(all, other);
    g_ptr_array_add(all, port);
    assert_unchanged(fake, port, all);
    for (guint i = 0; i < 4; i++) {
        put_interface(fake, addresses[i], "eth", "0\n", macs[(i + 2) % 4]);
        put_dsn(fake, addresses[i], i < 2 ? 6 : 5);
    }
    assert_changed(fake, port, all,
                   "the domain was defined with 8086:1521 (MAC 02:00:00:00:05:01, DSN "
                   "00-00-00-00-00-00-00-05) here; now 8086:1521 (MAC 02:00:00:00:06:01, DSN "
                   "00-00-00-00-00-00-00-06) is here, and the one meant is at 0000:06:00.1",
                   "0000:06:00.1");
    /* On vfio-pci only the DSN is left. It is the card's; the function number says which port. */
    for (guint i = 0; i < 4; i++)
        put_interface(fake, addresses[i], "eth", "0\n", "");
    assert_changed(
        fake, port, all,
        "the domain was defined with 8086:1521 (MAC 02:00:00:00:05:01, DSN 00-00-00-00-00-00-00-05) here; "
        "now 8086:1521 (DSN 00-00-00-00-00-00-00-06) is here, and the one meant is at 0000:06:00.1",
        "0000:06:00.1");
    /* A MAC alone is enough to find it at another function number. */
    put_interface(fake, "0000:06:00.0", "eth", "0\n", macs[1]);
    put_interface(fake, "0000:06:00.1", "eth", "0\n", macs[0]);
    assert_changed(
        fake, port, all,
        "the domain was defined with 8086:1521 (MAC 02:00:00:00:05:01, DSN 00-00-00-00-00-00-00-05) here; "
        "now 8086:1521 (DSN 00-00-00-00-00-00-00-06) is here, and the one meant is at 0000:06:00.0",
        "0000:06:00.0");
    fake_host_free(fake);
}

/* Firmware that changes its DSN does not make another card of it. */
static void test_mac_before_dsn(void **state)
{
    FakeHost *fake = fake_host_new(CARDS);

    put_interface(fake, "0000:05:00.0", "eth", "0\n", "02:00:00:00:05:00");
    put_dsn(fake, "0000:05:00.0", 5);
    g_autoptr(VvIdentity) port = remember(fake, "0000:05:00.0");
    put_dsn(fake, "0000:05:00.0", 6);
    assert_unchanged(fake, port, NULL);
    fake_host_free(fake);
}

/* Both ports of one drive have its serial number. */
static void test_complete(void **state)
{
    FakeHost *fake = fake_host_new(TWINS CARDS);

    g_autoptr(VvIdentity) now = remember(fake, "0000:01:00.0"), other = remember(fake, "0000:05:00.0");
    put_serial(fake, "0000:01:00.0", "one");
    put_dsn(fake, "0000:01:00.0", 7);
    g_autoptr(VvIdentity) earlier = remember(fake, "0000:01:00.0");
    earlier->mac = g_strdup("02:00:00:00:00:0a");
    vv_identity_complete(now, earlier);
    assert_text(now->serial, "one");
    assert_text(now->mac, "02:00:00:00:00:0a");
    assert_true(now->dsn == 7);
    put_serial(fake, "0000:01:00.0", "two");
    g_autoptr(VvIdentity) later = remember(fake, "0000:01:00.0");
    vv_identity_complete(later, earlier);
    assert_text(later->serial, "two");
    vv_identity_complete(other, earlier);
    assert_null(other->serial);
    fake_host_free(fake);
}

static void test_two_ways_to_one_drive(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);

    put_serial(fake, "0000:01:00.0", "one");
    put_serial(fake, "0000:02:00.0", "one");
    g_autoptr(VvIdentity) first = remember(fake, "0000:01:00.0"), second = remember(fake, "0000:02:00.0");
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_add(all, first);
    g_ptr_array_add(all, second);
    put_serial(fake, "0000:01:00.0", "");
    assert_unchanged(fake, first, all);
    assert_unchanged(fake, second, all);
    fake_host_free(fake);
}

#define PF " class=010802 id=1b36:0010 sub=1af4:1100 driver=nvme sriov=2/2"
#define VF(pf) " class=010802 id=1b36:0010 sub=1af4:1100 physfn=" pf

static void test_virtual_functions(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0" PF "\n0000:01:00.1" VF("0000:01:00.0") "\n0000:01:00.2" VF(
        "0000:01:00.0") "\n0000:02:00.0" PF
                        "\n0000:02:00.1" VF("0000:02:00.0") "\n0000:02:00.2" VF("0000:02:00.0"));

    put_serial(fake, "0000:01:00.0", "one");
    put_serial(fake, "0000:02:00.0", "two");
    g_autoptr(VvIdentity) virtual = remember(fake, "0000:01:00.2"), physical = remember(fake, "0000:01:00.0");
    assert_text(virtual->serial, "one");
    assert_unchanged(fake, virtual, NULL);
    put_serial(fake, "0000:01:00.0", "two");
    put_serial(fake, "0000:02:00.0", "one");
    assert_changed(fake, virtual, NULL,
                   "the domain was defined with 1b36:0010 (serial one) here; now 1b36:0010 (serial two) is "
                   "here, and the one meant is at 0000:02:00.2",
                   "0000:02:00.2");
    assert_changed(fake, physical, NULL,
                   "the domain was defined with 1b36:0010 (serial one) here; now 1b36:0010 (serial two) is "
                   "here, and the one meant is at 0000:02:00.0",
                   "0000:02:00.0");
    fake_host_free(fake);
}

static VvPlan *plan_for(FakeHost *fake, VvHost *host, VvIdentity *identity, const char *const *allow)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autoptr(GPtrArray) identities = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    VvSelector selector = {.address = identity->address};
    VvPlanOptions options = {.identities = identities, .allow = allow};
    VvJournal *journal = vv_journal_new(fake_host_root(fake));

    g_array_append_val(selectors, selector);
    g_ptr_array_add(identities, identity);
    VvPlan *plan = vv_plan_take(host, journal, selectors, &options, &error);
    assert_fine(error);
    vv_journal_free(journal);
    return plan;
}

static const VvReason *find_reason(const VvPlan *plan, const char *code)
{
    for (guint i = 0; i < plan->reasons->len; i++)
        if (strcmp(((const VvReason *)plan->reasons->pdata[i])->code, code) == 0)
            return plan->reasons->pdata[i];
    return NULL;
}

static void test_plan(void **state)
{
    FakeHost *fake = fake_host_new(TWINS);

    put_serial(fake, "0000:01:00.0", "one");
    g_autoptr(VvIdentity) one = remember(fake, "0000:01:00.0");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvPlan) good = plan_for(fake, host, one, NULL);
    assert_true(vv_plan_ok(good));
    assert_null(find_reason(good, "identity-changed"));

    put_serial(fake, "0000:01:00.0", "two");
    put_serial(fake, "0000:03:00.0", "one");
    g_autoptr(VvPlan) refused = plan_for(fake, host, one, NULL);
    assert_false(vv_plan_ok(refused));
    assert_non_null(find_reason(refused, "identity-changed"));
    g_autofree char *words = vv_reason_allow_words(find_reason(refused, "identity-changed"));
    assert_text(words, "--allow identity-changed=0000:01:00.0");
    const char *const elsewhere[] = {"identity-changed=0000:03:00.0", NULL}, *const here[] = {words + 8,
                                                                                              NULL};
    g_autoptr(VvPlan) still = plan_for(fake, host, one, elsewhere);
    assert_false(vv_plan_ok(still));
    g_autoptr(VvPlan) allowed = plan_for(fake, host, one, here);
    assert_true(vv_plan_ok(allowed));

    /* With nothing there, both is said, and nothing can be allowed. */
    fake_host_unplug(fake, "0000:01:00.0");
    g_autoptr(VvHost) without = fake_host_scan(fake);
    g_autoptr(VvPlan) gone = plan_for(fake, without, one, here);
    assert_false(vv_plan_ok(gone));
    assert_non_null(find_reason(gone, "not-found"));
    assert_non_null(find_reason(gone, "identity-changed"));
    assert_false(find_reason(gone, "identity-changed")->can_allow);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serial),
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_dsn),
        cmocka_unit_test(test_asleep),
        cmocka_unit_test(test_swapped),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_mac_before_dsn),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_two_ways_to_one_drive),
        cmocka_unit_test(test_virtual_functions),
        cmocka_unit_test(test_plan),
    };

    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
