/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/plan.h"

#define DOMAIN "5c1b0d7e-0000-4000-8000-123456789abc"

typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvJournal *journal;
    char *before; /* everything below the root when it was opened */
} Machine;

static Machine open_machine(FakeHost *fake)
{
    Machine m = {.fake = fake, .host = fake_host_scan(fake)};

    m.journal = vv_journal_new(fake_host_root(fake));
    m.before = fake_host_snapshot(fake, "");
    return m;
}

/* Making plans must not have changed anything. */
static void close_machine(Machine *m)
{
    g_autofree char *after = fake_host_snapshot(m->fake, "");

    assert_int_equal(fake_host_writes(m->fake), 0);
    assert_string_equal(after, m->before);
    g_free(m->before);
    vv_journal_free(m->journal);
    vv_host_free(m->host);
    fake_host_free(m->fake);
}

static VvPlan *plan_with(Machine *m, const char *words, const VvPlanOptions *options)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autoptr(GError) error = NULL;

    assert_true(vv_selector_parse(words, selectors, &error));
    VvPlan *plan = vv_plan_take(m->host, m->journal, selectors, options, &error);
    assert_fine(error);
    assert_non_null(plan);
    return plan;
}

/* "group-shared 0000:01:00.0 block; …" in the plan's order. */
static char *reasons_of(const VvPlan *plan)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        g_autofree char *address = vv_address_dup(reason->address);
        g_string_append_printf(text, "%s%s %s %s", i ? "; " : "", reason->code, address,
                               vv_severity_name(reason->severity));
        assert_true(vv_reason_code_known(reason->code));
        assert_true(*reason->detail && !g_str_has_suffix(reason->detail, "."));
    }
    return g_string_free(text, FALSE);
}

static void assert_plan(Machine *m, const char *words, const VvPlanOptions *options, const char *reasons)
{
    g_autoptr(VvPlan) plan = plan_with(m, words, options);
    g_autofree char *found = reasons_of(plan);

    assert_text(found, reasons);
    assert_int_equal(vv_plan_ok(plan), strstr(reasons, "block") == NULL);
}

static const VvReason *reason_at(const VvPlan *plan, guint n)
{
    assert_true(n < plan->reasons->len);
    return plan->reasons->pdata[n];
}

static void test_ok(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));
    g_autoptr(VvPlan) plan = plan_with(&m, "01:00;02:00.0", NULL);

    assert_true(vv_plan_ok(plan));
    assert_int_equal(plan->devices->len, 5);
    assert_int_equal(plan->steps->len, 5);
    assert_text(plan->owner, VV_OWNER_MANUAL);
    assert_null(plan->owner_name);
    const VvPlanDevice *first = plan->devices->pdata[0], *last = plan->devices->pdata[4];
    assert_text(first->from, "nouveau");
    assert_text(first->to, "vfio-pci");
    assert_text(first->state, "host");
    assert_text(last->from, "nvme");
    for (guint i = 0; i < plan->steps->len; i++) {
        const VvStep *step = plan->steps->pdata[i];
        const VvPlanDevice *device = plan->devices->pdata[i];
        assert_text(step->what, "bind");
        assert_true(step->has_address && vv_address_equal(step->address, device->address));
        assert_true(step->us < 0 && !step->failed);
    }
    /* The root port above the card shares its group, and may keep its driver. */
    g_autofree char *reasons = reasons_of(plan);
    assert_text(reasons, "group-bridge 0000:01:00.0 info; reset-siblings 0000:01:00.0 info");
    close_machine(&m);
}

static void test_not_found(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));

    assert_plan(&m, "09:00.0", NULL, "not-found 0000:09:00.0 block");
    assert_plan(&m, "09:00", NULL, "not-found 0000:09:00.0 block");
    assert_plan(&m, "0001:02:00.0", NULL, "not-found 0001:02:00.0 block");
    assert_plan(&m, "02:00.0;02:00.1", NULL, "not-found 0000:02:00.1 block");
    g_autoptr(VvPlan) function = plan_with(&m, "02:00.1", NULL), slot = plan_with(&m, "09:00", NULL);
    assert_non_null(strstr(reason_at(function, 0)->detail, "function"));
    assert_non_null(strstr(reason_at(slot, 0)->detail, "slot"));
    assert_int_equal(function->devices->len, 0);
    close_machine(&m);
}

static void test_not_endpoint(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));

    assert_plan(&m, "00:1b.0", NULL, "not-endpoint 0000:00:1b.0 block");
    assert_plan(&m, "00:00.0", NULL, "not-endpoint 0000:00:00.0 block"); /* header type 0, and yet a bridge */
    close_machine(&m);
}

static void test_no_iommu(void **state)
{
    Machine off = open_machine(
        fake_host_new("drivers vfio-pci\n0000:01:00.0 class=010802 id=144d:a808 driver=nvme reset=flr"));
    g_autoptr(VvPlan) plan = plan_with(&off, "01:00.0", NULL);
    assert_plan(&off, "01:00.0", NULL, "no-iommu 0000:01:00.0 block");
    assert_non_null(strstr(reason_at(plan, 0)->detail, "no active IOMMU"));
    assert_non_null(strstr(reason_at(plan, 0)->remedy, "intel_iommu=on"));
    close_machine(&off);

    Machine partly = open_machine(fake_host_load("amd-desktop"));
    g_autoptr(VvPlan) other = plan_with(&partly, "00:00.2", NULL);
    assert_plan(&partly, "00:00.2", NULL, "no-iommu 0000:00:00.2 block");
    assert_non_null(strstr(reason_at(other, 0)->detail, "in no IOMMU group"));
    close_machine(&partly);

    Machine unsafe = open_machine(fake_host_new(
        "drivers vfio-pci\n0000:01:00.0 class=020000 id=8086:1572 driver=vfio-pci group=noiommu:0"));
    assert_plan(&unsafe, "01:00.0", NULL, "no-iommu 0000:01:00.0 block");
    close_machine(&unsafe);
}

static void test_no_vfio(void **state)
{
    Machine m =
        open_machine(fake_host_new("0000:01:00.0 class=010802 id=144d:a808 driver=nvme group=1 reset=flr\n"
                                   "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2 reset=flr"));

    assert_plan(&m, "01:00.0;02:00.0", NULL, "no-vfio 0000:01:00.0 block");
    close_machine(&m);
}

static void test_group_shared(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));

    assert_plan(
        &m, "01:00.0;01:00.1", NULL,
        "group-shared 0000:01:00.0 block; group-shared 0000:01:00.0 block; reset-siblings 0000:01:00.0 warn; "
        "group-bridge 0000:01:00.0 info");
    g_autoptr(VvPlan) plan = plan_with(&m, "01:00.1;01:00.0", NULL);
    assert_non_null(strstr(reason_at(plan, 0)->detail, "0000:01:00.2"));
    assert_non_null(strstr(reason_at(plan, 0)->detail, "xhci_hcd"));
    assert_non_null(strstr(reason_at(plan, 0)->remedy, "0000:01:00.2"));
    assert_non_null(strstr(reason_at(plan, 1)->detail, "0000:01:00.3"));
    /* Told once for the group, of the first that was named. */
    assert_true(vv_address_equal(reason_at(plan, 0)->address, address_of("01:00.1")));
    close_machine(&m);
}

/* Members without a driver, on VFIO already or on pci-stub are in nobody's way. */
static void test_group_harmless(void **state)
{
    Machine m =
        open_machine(fake_host_new("drivers vfio-pci\n"
                                   "0000:01:00.0 class=030000 id=1:1 driver=nouveau group=1 reset=flr\n"
                                   "0000:01:00.1 class=040300 id=1:2 group=1\n"
                                   "0000:01:00.2 class=0c0330 id=1:3 driver=vfio-pci group=1\n"
                                   "0000:01:00.3 class=0c8000 id=1:4 driver=pci-stub group=1\n"
                                   "0000:02:00.0 class=010802 id=1:5 driver=nvme group=2\n"));

    assert_plan(&m, "01:00.0", NULL, "");
    close_machine(&m);
}

static void test_group_bridge(void **state)
{
    Machine m =
        open_machine(fake_host_new("drivers vfio-pci\n"
                                   "0000:00:1f.0 class=060100 id=8086:a305 driver=lpc_ich group=1\n"
                                   "0000:01:00.0 class=020000 id=1:1 driver=e1000e group=1 reset=flr\n"
                                   "0000:00:01.0 class=060400 id=1:2 group=2\n"
                                   "0000:00:02.0 class=060400 id=1:3 driver=pcieport group=2\n"
                                   "0000:02:00.0 class=020000 id=1:4 driver=e1000e group=2 reset=flr\n"));

    assert_plan(&m, "01:00.0", NULL, "group-bridge 0000:01:00.0 block");
    assert_plan(&m, "02:00.0", NULL, "group-bridge 0000:02:00.0 info; group-bridge 0000:02:00.0 info");
    assert_plan(
        &m, "01:00.0;02:00.0", NULL,
        "group-bridge 0000:01:00.0 block; group-bridge 0000:02:00.0 info; group-bridge 0000:02:00.0 info");
    /* Blocks first, whatever was named first. */
    assert_plan(
        &m, "02:00.0;01:00.0;09:00.0", NULL,
        "not-found 0000:09:00.0 block; group-bridge 0000:01:00.0 block; group-bridge 0000:02:00.0 info; "
        "group-bridge 0000:02:00.0 info");
    close_machine(&m);
}

static void test_chipset_group(void **state)
{
    Machine m = open_machine(fake_host_load("amd-desktop"));

    assert_plan(
        &m, "04:00.0", NULL,
        "group-shared 0000:04:00.0 block; group-shared 0000:04:00.0 block; group-shared 0000:04:00.0 block; "
        "group-bridge 0000:04:00.0 info; group-bridge 0000:04:00.0 info; group-bridge 0000:04:00.0 info");
    /* Its only display. */
    assert_plan(&m, "08:00", NULL, "display-boot 0000:08:00.0 block; reset-siblings 0000:08:00.0 info");
    close_machine(&m);
}

static void add_entry(Machine *m, const char *address, VvState state, const char *owner, const char *name)
{
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(address), owner, name);
    g_autoptr(GError) error = NULL;

    entry->state = state;
    vv_journal_write(m->journal, entry, &error);
    assert_fine(error);
    g_free(m->before);
    m->before = fake_host_snapshot(m->fake, "");
}

static void test_claimed_by_journal(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));
    const VvPlanOptions same = {.owner = DOMAIN, .owner_name = "win11"};
    const VvPlanOptions other = {.owner = "another", .owner_name = "other"};

    add_entry(&m, "02:00.0", VV_STATE_TAKEN, DOMAIN, "win11");
    assert_plan(&m, "02:00.0", NULL, "claimed 0000:02:00.0 block");
    assert_plan(&m, "02:00.0", &other, "claimed 0000:02:00.0 block");
    assert_plan(&m, "02:00.0", &same, "");
    g_autoptr(VvPlan) plan = plan_with(&m, "02:00.0", NULL);
    assert_non_null(strstr(reason_at(plan, 0)->detail, "domain win11"));
    assert_non_null(strstr(reason_at(plan, 0)->remedy, "win11"));
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "taken");

    /* What was bound by hand may be used by a domain, and by hand again. */
    add_entry(&m, "03:00.0", VV_STATE_TAKEN, VV_OWNER_MANUAL, NULL);
    assert_plan(&m, "03:00.0", &same, "");
    assert_plan(&m, "03:00.0", NULL, "");
    close_machine(&m);
}

static void test_stuck_and_quarantined(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));
    const VvPlanOptions same = {.owner = DOMAIN, .owner_name = "win11"};

    add_entry(&m, "02:00.0", VV_STATE_STUCK, DOMAIN, "win11");
    add_entry(&m, "03:00.0", VV_STATE_QUARANTINED, VV_OWNER_MANUAL, NULL);
    assert_plan(&m, "02:00.0", &same, "stuck 0000:02:00.0 block");
    assert_plan(&m, "02:00.0", NULL, "stuck 0000:02:00.0 block");
    assert_plan(&m, "03:00.0", NULL, "quarantined 0000:03:00.0 block");
    close_machine(&m);
}

static void test_claimed_by_list(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)vv_claim_free);
    const VvPlanOptions options = {.owner = DOMAIN, .claims = claims};

    g_ptr_array_add(claims, vv_claim_new(address_of("03:00.0"), "domain nas (running)"));
    assert_plan(&m, "02:00.0", &options, "");
    assert_plan(&m, "03:00.0", &options, "claimed 0000:03:00.0 block");
    g_autoptr(VvPlan) plan = plan_with(&m, "03:00.0", &options);
    assert_non_null(strstr(reason_at(plan, 0)->detail, "domain nas (running)"));
    vv_claim_free(NULL);
    close_machine(&m);
}

static void test_claimed_by_a_program(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");
    fake_host_hold_group(fake, 5, TRUE);
    fake_host_hold_group(fake, 4, TRUE);
    Machine m = open_machine(fake);

    assert_plan(&m, "17:02.1", NULL, "claimed 0000:17:02.1 block");
    g_autoptr(VvPlan) plan = plan_with(&m, "17:02.1", NULL);
    assert_non_null(strstr(reason_at(plan, 0)->detail, "/dev/vfio/5"));
    assert_plan(&m, "17:02.0", NULL, ""); /* a host driver has it, so nobody can have its group */
    close_machine(&m);
}

/* As a VF is whose PF has lost its driver under a guest: the driver is gone, the guest is not. */
static void test_claimed_without_a_driver(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    fake_host_hold_group(fake, 4, TRUE);
    fake_host_hold_group(fake, 9, TRUE);
    Machine m = open_machine(fake);

    assert_plan(&m, "00:14.2", NULL,
                "group-shared 0000:00:14.2 block; claimed 0000:00:14.2 block; "
                "reset-none 0000:00:14.2 warn");
    g_autoptr(VvPlan) plan = plan_with(&m, "00:14.2", NULL);
    assert_non_null(strstr(reason_at(plan, 1)->detail, "/dev/vfio/4"));
    /* A bridge, which nobody can have. */
    g_autoptr(VvPlan) bridge = plan_with(&m, "00:1f.0", NULL);
    g_autofree char *reasons = reasons_of(bridge);
    assert_non_null(strstr(reasons, "not-endpoint"));
    assert_null(strstr(reasons, "claimed"));
    close_machine(&m);
}

/* A variant driver that is bound already is as good as vfio-pci. */
static void test_variant_stays(void **state)
{
    Machine m = open_machine(fake_host_load("server-sriov"));
    g_autoptr(VvPlan) plan = plan_with(&m, "b1:00.0;17:02.2", NULL);
    const VvPlanDevice *variant = plan->devices->pdata[0], *driverless = plan->devices->pdata[1];

    assert_true(vv_plan_ok(plan));
    assert_text(variant->to, "mlx5_vfio_pci");
    assert_null(driverless->from);
    assert_text(driverless->to, "vfio-pci");
    close_machine(&m);
}

static void test_allow_lifts_only_what_can_be(void **state)
{
    Machine m = open_machine(fake_host_load("intel-desktop"));
    const char *const everything[] = {"not-found", "claimed", "not-endpoint", NULL};
    const VvPlanOptions options = {.allow = everything};

    g_autoptr(VvPlan) plan = plan_with(&m, "01:00.0;00:1b.0;09:00.0", &options);
    assert_false(vv_plan_ok(plan));
    for (guint i = 0; i < plan->reasons->len; i++) {
        assert_false(reason_at(plan, i)->allowed);
    }
    close_machine(&m);
}

/* With consent the rest of the group comes along; what has no driver or a stub stays as it is. */
static void test_companions(void **state)
{
    Machine m =
        open_machine(fake_host_new("drivers vfio-pci\n"
                                   "0000:01:00.0 class=030000 id=1:1 driver=nouveau group=1 reset=flr\n"
                                   "0000:02:00.0 class=010802 id=1:2 driver=nvme group=1 reset=flr\n"
                                   "0000:02:00.1 class=020000 id=1:3 group=1\n"
                                   "0000:03:00.0 class=060100 id=1:4 driver=lpc_ich group=2\n"
                                   "0000:03:00.1 class=020000 id=1:5 driver=e1000e group=2 reset=flr\n"));
    const char *const consent[] = {"group-shared=01:00.0", "group-bridge", NULL};
    const VvPlanOptions options = {.allow = consent};

    assert_plan(&m, "01:00.0", NULL, "group-shared 0000:01:00.0 block");
    g_autoptr(VvPlan) plan = plan_with(&m, "01:00.0", &options);
    assert_true(vv_plan_ok(plan));
    assert_int_equal(plan->devices->len, 2);
    const VvPlanDevice *named = plan->devices->pdata[0], *companion = plan->devices->pdata[1];
    assert_false(named->companion);
    assert_true(companion->companion);
    assert_text(companion->device->text, "0000:02:00.0");
    assert_text(companion->to, "vfio-pci");

    /* Consent for one group is none for another, and a bridge is not to be had. */
    g_autoptr(VvPlan) other = plan_with(&m, "03:00.1", &options);
    assert_false(vv_plan_ok(other));
    assert_int_equal(other->devices->len, 1);
    close_machine(&m);
}

static void test_half_taken_by_hand(void **state)
{
    Machine m =
        open_machine(fake_host_new("drivers vfio-pci nvme\n"
                                   "0000:01:00.0 class=010802 id=1:1 driver=vfio-pci group=1 reset=flr\n"
                                   "0000:02:00.0 class=010802 id=1:1 driver=nvme group=2 reset=flr\n"));
    const char *const consent[] = {"claimed=01:00.0", NULL};
    const VvPlanOptions allowed = {.allow = consent}, domain = {.owner = "u-u-i-d", .owner_name = "win11"};

    add_entry(&m, "01:00.0", VV_STATE_TAKEN, VV_OWNER_MANUAL, NULL);
    assert_plan(&m, "01:00.0", NULL, "");
    assert_plan(&m, "01:00.0;02:00.0", NULL, "claimed 0000:01:00.0 block");
    assert_plan(&m, "01:00.0;02:00.0", &domain, "");
    g_autoptr(VvPlan) plan = plan_with(&m, "01:00.0;02:00.0", &allowed);
    assert_true(vv_plan_ok(plan));
    close_machine(&m);
}

/* Two functions in groups of their own that only a reset of their bus reaches. */
static void test_reset_siblings_outside(void **state)
{
    Machine m = open_machine(fake_host_new(
        "drivers vfio-pci\n"
        "0000:00:01.0 class=060400 id=1:9 driver=pcieport group=9\n"
        "0000:01:00.0 class=020000 id=1:1 driver=e1000e group=1 behind=0000:00:01.0\n"
        "0000:01:00.1 class=020000 id=1:2 driver=e1000e group=2 behind=0000:00:01.0 sriov=4/2\n"));

    assert_plan(&m, "01:00.1", NULL, "sriov-parent 0000:01:00.1 block; reset-siblings 0000:01:00.1 warn");
    assert_plan(&m, "01:00.0", NULL, "reset-siblings 0000:01:00.0 warn; sriov-parent 0000:01:00.1 info");
    assert_plan(&m, "01:00.0;01:00.1", NULL,
                "sriov-parent 0000:01:00.1 block; reset-siblings 0000:01:00.0 info");
    close_machine(&m);
}

static void test_allow_words(void **state)
{
    VvReason *reason =
        vv_reason_new("disk-mounted", VV_SEVERITY_BLOCK, address_of("04:00.0"), TRUE, NULL, "%s", "d");
    static const struct {
        const char *word;
        gboolean lifts;
    } words[] = {
        {"disk-mounted", TRUE},         {"disk-mounted=0000:04:00.0", TRUE},
        {"disk-mounted=04:00.0", TRUE}, {"disk-mounted=05:00.0", FALSE},
        {"disk-mounted=04:00", FALSE},  {"disk-mounted=", FALSE},
        {"disk-mounted-too", FALSE},    {"disk", FALSE},
        {"disk-swap", FALSE},           {"", FALSE},
    };

    g_autofree char *offered = vv_reason_allow_words(reason);
    assert_text(offered, "--allow disk-mounted=0000:04:00.0");
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *const allow[] = {"net-up", words[i].word, NULL};
        if (vv_reason_is_allowed(reason, allow) != words[i].lifts)
            fail_msg("%s", words[i].word);
    }
    assert_false(vv_reason_is_allowed(reason, NULL));
    vv_reason_free(reason);
    vv_reason_free(NULL);
    assert_true(vv_reason_code_known("quarantined"));
    assert_false(vv_reason_code_known("force"));
    assert_false(vv_reason_code_known(""));
}

static void test_bad_journal_is_an_error(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    fake_host_put(fake, "run/virt-vfio/devices/0000:02:00.0", "garbage");
    Machine m = open_machine(fake);
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    assert_true(vv_selector_parse("02:00.0", selectors, NULL));
    assert_null(vv_plan_take(m.host, m.journal, selectors, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "0000:02:00.0");
    assert_plan(&m, "03:00.0", NULL, ""); /* nobody else's problem */
    close_machine(&m);
}

static void test_return(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");
    fake_host_hold_group(fake, 9, TRUE);
    Machine m = open_machine(fake);
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
    VvEntry *entry = vv_entry_new(address_of("17:02.1"), DOMAIN, "win11");

    entry->state = VV_STATE_TAKEN;
    entry->driver = g_strdup("iavf");
    g_ptr_array_add(entries, entry);
    g_ptr_array_add(entries, vv_entry_new(address_of("42:00.0"), VV_OWNER_MANUAL, NULL));
    g_autoptr(VvPlan) plan = vv_plan_return(m.host, entries);
    const VvPlanDevice *device = plan->devices->pdata[0], *gone = plan->devices->pdata[1];
    assert_true(vv_plan_ok(plan));
    assert_text(device->from, "vfio-pci");
    assert_text(device->to, "iavf");
    assert_text(device->state, "taken");
    assert_null(gone->device);
    assert_null(gone->from);
    assert_int_equal(plan->steps->len, 2);
    assert_text(((VvStep *)plan->steps->pdata[0])->what, "release");

    g_ptr_array_add(entries, vv_entry_new(address_of("b1:00.0"), DOMAIN, "win11"));
    g_autoptr(VvPlan) held = vv_plan_return(m.host, entries);
    g_autofree char *reasons = reasons_of(held);
    assert_text(reasons, "process-holds 0000:b1:00.0 block");
    vv_plan_free(NULL);
    close_machine(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_not_endpoint),
        cmocka_unit_test(test_no_iommu),
        cmocka_unit_test(test_no_vfio),
        cmocka_unit_test(test_group_shared),
        cmocka_unit_test(test_group_harmless),
        cmocka_unit_test(test_group_bridge),
        cmocka_unit_test(test_chipset_group),
        cmocka_unit_test(test_claimed_by_journal),
        cmocka_unit_test(test_stuck_and_quarantined),
        cmocka_unit_test(test_claimed_by_list),
        cmocka_unit_test(test_claimed_by_a_program),
        cmocka_unit_test(test_claimed_without_a_driver),
        cmocka_unit_test(test_variant_stays),
        cmocka_unit_test(test_allow_lifts_only_what_can_be),
        cmocka_unit_test(test_allow_words),
        cmocka_unit_test(test_companions),
        cmocka_unit_test(test_half_taken_by_hand),
        cmocka_unit_test(test_reset_siblings_outside),
        cmocka_unit_test(test_bad_journal_is_an_error),
        cmocka_unit_test(test_return),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
