/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"
#include "vfio/sriov.h"

#include <stdio.h>

/* Who may keep a card's virtual functions as they are: each kind of use, when they would go for good, and
 * when they would go on the way to another number. */

#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define NEAR "eth5\t0000090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
#define DEFAULT "eth5\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
#define CONSENT "sriov-parent " NIC ", sriov-parent " VF
#define UUID "5c1b0d7e-0000-4000-8000-00000000000a"

typedef struct {
    FakeHost *fake;
    VvJournal *journal;
} Machine;

/* One VF of seven, with igbvf and eth5, which is up and has nothing. */
static Machine open_machine(void)
{
    Machine m = {.fake = usage_machine_new()};

    usage_put(m.fake, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "1\n");
    usage_add(m.fake, "net", "eth5", VF "/net/eth5");
    usage_put(m.fake, "sys/class/net/eth5/flags", "0x1003\n");
    usage_put(m.fake, "proc/net/route", ROUTES);
    m.journal = vv_journal_new(fake_host_root(m.fake));
    return m;
}

static void close_machine(Machine *m)
{
    assert_int_equal(fake_host_writes(m->fake), 0);
    vv_journal_free(m->journal);
    fake_host_free(m->fake);
}

static void append_blocks(GString *text, const VvPlan *plan, const char *detail)
{
    gboolean said = !detail;

    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (reason->severity != VV_SEVERITY_BLOCK || reason->allowed)
            continue;
        said = said || strstr(reason->detail, detail);
        g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", reason->code,
                               vv_address_format(reason->address, address));
        /* Every refusal says what to do next: a remedy of its own, or the word that lifts it. */
        assert_true(reason->can_allow || (reason->remedy && *reason->remedy));
    }
    if (!said)
        fail_msg("nobody says '%s'", detail);
}

/* What is in the way of so many VFs; `detail` (NULL: any) is in one of the sentences. */
static void assert_blocks(Machine *m, guint count, const char *const *allow, const GPtrArray *claims,
                          const char *expected, const char *detail)
{
    const VvPlanOptions options = {.allow = allow, .claims = claims};
    g_autoptr(VvHost) host = fake_host_scan(m->fake);
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;

    g_autoptr(VvPlan) plan =
        vv_plan_sriov(host, m->journal, vv_host_find(host, address_of(NIC)), count, &options, &error);
    assert_fine(error);
    append_blocks(text, plan, detail);
    assert_text(text->str, expected);
    assert_int_equal(vv_plan_ok(plan), !*expected);
}

/* None, more and fewer go through 0; as many as there are is no change, whoever uses them. */
static void assert_use(Machine *m, const char *code, const char *detail)
{
    const char *const parent[] = {"sriov-parent", NULL}, *const both[] = {"sriov-parent", code, NULL};
    static const guint counts[] = {0, 2, 7};
    g_autofree char *all = g_strdup_printf(CONSENT ", %s " VF, code);
    g_autofree char *rest = g_strdup_printf("%s " VF, code);

    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        assert_blocks(m, counts[i], NULL, NULL, all, detail);
        assert_blocks(m, counts[i], parent, NULL, rest, detail);
        assert_blocks(m, counts[i], both, NULL, "", NULL);
    }
    assert_blocks(m, 1, NULL, NULL, "", NULL);
}

static void test_unused(void **state)
{
    const char *const parent[] = {"sriov-parent", NULL}, *const card[] = {"sriov-parent=" NIC, NULL};
    Machine m = open_machine();

    assert_blocks(&m, 0, NULL, NULL, CONSENT,
                  "VF 0 has the driver igbvf, and would go with the interface eth5");
    assert_blocks(&m, 2, NULL, NULL, CONSENT, "the kernel changes the number only through 0");
    assert_blocks(&m, 2, card, NULL, "sriov-parent " VF, NULL);
    assert_blocks(&m, 2, parent, NULL, "", NULL);
    assert_blocks(&m, 1, NULL, NULL, "", NULL);
    fake_host_bind(m.fake, VF, NULL);
    assert_blocks(&m, 0, NULL, NULL, "sriov-parent " NIC, "its 1 virtual function would go");
    fake_host_bind(m.fake, VF, "vfio-pci");
    assert_blocks(&m, 0, NULL, NULL, CONSENT, "VF 0 has the driver vfio-pci");
    close_machine(&m);
}

static void test_address(void **state)
{
    Machine m = open_machine();

    usage_put(m.fake, "proc/net/route", ROUTES NEAR);
    assert_use(&m, "net-up", "eth5 is up with an address");
    usage_put(m.fake, "proc/net/route", ROUTES NEAR DEFAULT);
    assert_use(&m, "net-default-route", "default route goes through eth5");
    close_machine(&m);
}

static void add_upper(FakeHost *fake, const char *name, const char *type, gboolean is_master)
{
    g_autofree char *path = g_strdup_printf("virtual/net/%s", name);
    g_autofree char *uevent = g_strdup_printf("sys/devices/%s/uevent", path);
    g_autofree char *text = g_strdup_printf("DEVTYPE=%s\nINTERFACE=%s\n", type, name);
    g_autofree char *upper = g_strdup_printf("sys/class/net/eth5/upper_%s", name);
    g_autofree char *target = g_strdup_printf("../../../../virtual/net/%s", name);

    usage_add_at(fake, "net", name, path);
    usage_put(fake, uevent, text);
    usage_link(fake, upper, target);
    if (is_master)
        usage_link(fake, "sys/class/net/eth5/master", target);
}

static void test_uppers(void **state)
{
    static const struct {
        const char *name, *type, *detail;
        gboolean is_master;
    } uppers[] = {
        {"br0", "bridge", "eth5 is a port of the bridge br0", TRUE},
        {"bond0", "bond", "eth5 is a port of the bond bond0", TRUE},
        {"macvtap0", "macvtap", "the macvtap macvtap0 stands on eth5", FALSE},
        {"eth5.7", "vlan", "the vlan eth5.7 stands on eth5", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(uppers); i++) {
        Machine m = open_machine();
        add_upper(m.fake, uppers[i].name, uppers[i].type, uppers[i].is_master);
        assert_use(&m, "net-upper", uppers[i].detail);
        close_machine(&m);
    }
}

/* In another namespace: the folder of its interfaces is there, and empty to us. */
static void test_namespace(void **state)
{
    Machine m = open_machine();
    g_autofree char *here =
        g_build_filename(fake_host_root(m.fake), "sys/devices/pci0000:00/" VF "/net/eth5", NULL);
    g_autofree char *link = g_build_filename(fake_host_root(m.fake), "sys/class/net/eth5", NULL);
    g_autofree char *hidden = g_build_filename(fake_host_root(m.fake), "sys/hidden", NULL);

    assert_int_equal(rename(here, hidden), 0);
    assert_int_equal(remove(link), 0);
    assert_use(&m, "net-up", "moved into another network namespace");
    close_machine(&m);
}

/* Nothing lifts these. */
static void assert_claimed(Machine *m, const GPtrArray *claims, const char *detail)
{
    const char *const all[] = {"sriov-parent", "claimed", "claimed=" VF, NULL};

    assert_blocks(m, 0, all, claims, "claimed " VF, detail);
    assert_blocks(m, 3, all, claims, "claimed " VF, detail);
    assert_blocks(m, 1, all, claims, "", NULL);
}

static void test_claims(void **state)
{
    Machine m = open_machine();
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)vv_claim_free);
    GError *error = NULL;

    /* A managed domain of libvirt's, before it has taken it. */
    g_ptr_array_add(claims, vv_claim_new(address_of(VF), "domain web (running)"));
    assert_claimed(&m, claims, "VF 0 is taken for domain web (running), and would go");
    /* A guest that nobody has told us of; then one whose VF has lost its driver. */
    fake_host_bind(m.fake, VF, "vfio-pci");
    fake_host_hold_group(m.fake, 7, TRUE);
    assert_claimed(&m, NULL, "VF 0 is held by a running program");
    fake_host_bind(m.fake, VF, NULL);
    assert_claimed(&m, NULL, "VF 0 is held by a running program");
    fake_host_hold_group(m.fake, 7, FALSE);
    /* In the journal, in whatever state. */
    g_autoptr(VvEntry) manual = vv_entry_new(address_of(VF), VV_OWNER_MANUAL, NULL);
    assert_true(vv_journal_write(m.journal, manual, &error));
    assert_claimed(&m, NULL, "VF 0 is taken by hand, and would go");
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(VF), UUID, "win11");
    for (VvState each = VV_STATE_TAKING; each <= VV_STATE_QUARANTINED; each++) {
        entry->state = each;
        assert_true(vv_journal_write(m.journal, entry, &error));
        assert_claimed(&m, NULL, "VF 0 is taken for domain win11");
    }
    close_machine(&m);
}

/* The card itself. */
static void test_card(void **state)
{
    const char *const parent[] = {"sriov-parent", NULL};
    Machine m = open_machine();
    GError *error = NULL;

    fake_host_bind(m.fake, NIC, NULL);
    assert_blocks(&m, 2, parent, NULL, "driver-missing " NIC, "it has no driver");
    assert_blocks(&m, 0, parent, NULL, "", NULL);
    fake_host_bind(m.fake, NIC, "vfio-pci");
    assert_blocks(&m, 2, parent, NULL, "driver-missing " NIC, "it is with vfio-pci");
    usage_put(m.fake, "sys/module/vfio_pci/parameters/enable_sriov", "N\n");
    assert_blocks(&m, 2, parent, NULL, "driver-missing " NIC, "it is with vfio-pci");
    usage_put(m.fake, "sys/module/vfio_pci/parameters/enable_sriov", "Y\n");
    assert_blocks(&m, 2, parent, NULL, "", NULL);
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(NIC), UUID, "win11");
    assert_true(vv_journal_write(m.journal, entry, &error));
    assert_blocks(&m, 2, parent, NULL, "claimed " NIC, "taken for domain win11");
    close_machine(&m);
}

static void assert_count(Machine *m, guint count, int code, const char *words)
{
    const VvPlanOptions none = {0};
    g_autoptr(VvHost) host = fake_host_scan(m->fake);
    GError *error = NULL;

    assert_null(vv_plan_sriov(host, m->journal, vv_host_find(host, address_of(NIC)), count, &none, &error));
    assert_problem(error, code, words);
}

static void test_counts(void **state)
{
    Machine m = open_machine();

    assert_count(&m, 8, VV_ERROR_USAGE, "cannot have 8 virtual functions, only up to 7");
    assert_count(&m, G_MAXINT, VV_ERROR_USAGE, "cannot have 2147483647 virtual functions");
    usage_put(m.fake, "sys/bus/pci/devices/" NIC "/sriov_totalvfs", "0\n");
    assert_count(&m, 2, VV_ERROR_REFUSED, "its driver (igb) allows no virtual functions now");
    close_machine(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unused),    cmocka_unit_test(test_address), cmocka_unit_test(test_uppers),
        cmocka_unit_test(test_namespace), cmocka_unit_test(test_claims),  cmocka_unit_test(test_card),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
