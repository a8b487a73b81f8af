/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-texts.h"

#include <unistd.h>

#include "domains/domplan.h"
#include "domains/domvf.h"
#include "domains/domxml.h"
#include "domains/keep.h"
#include "domains/teams.h"
#include "domains/tuning.h"
#include "handover-bench.h"
#include "sriov-host.h"
#include "vfio/recover.h"
#include "vfio/vf-lost.h"

#define ANY "<vv:vf name='wan' address='" VF0 "' parent='" PF "' number='any'/>"
#define LAN "[network lan]\nbridge = br0\n"

static const VvVmVf *vf_of(const VvVm *vm, guint index)
{
    return &((const VvVmNetwork *)vm->networks->pdata[index])->vf;
}

static void assert_vf(const VvVmVf *vf, const char *address, gint number)
{
    g_autofree char *text = vv_address_dup(vf->address);

    assert_string_equal(text, address);
    assert_int_equal(vf->number, number);
    assert_true(vf->has_parent);
}

static void test_resolve(void **state)
{
    FakeHost *fake = sriov_host();
    g_autoptr(VvHost) host = fake_host_scan(fake);
    /* The pools come first, and leave to the others what these name. */
    g_autoptr(VvVm) vm =
        good(VM "[network a]\nvf = 06:00.0\n[network b]\nvf = enp6s0\n[network c]\nvf = enp6s0/1\n"
                "[device d]\nvf = 08:00.0\n[device e]\nvf = 08:00.0/0\n");
    g_autoptr(VvVm) named = good(VM "[network a]\nvf = 06:10.4\n");
    for (int twice = 0; twice < 2; twice++) {
        assert_true(vv_vm_resolve(vm, host, NULL));
        assert_vf(vf_of(vm, 0), VF0, VV_VF_ANY);
        assert_vf(vf_of(vm, 1), VF2, VV_VF_ANY);
        assert_vf(vf_of(vm, 2), VF1, 1);
        assert_vf(&card(vm, 0)->vf, "0000:08:00.2", VV_VF_ANY);
        assert_vf(&card(vm, 1)->vf, "0000:08:00.1", 0);
        assert_int_equal(card(vm, 0)->functions->len, 1);
    }
    assert_true(vv_vm_resolve(named, host, NULL));
    assert_vf(vf_of(named, 0), VF2, VV_VF_NAMED);
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

static void test_resolve_refuses(void **state)
{
    static const struct {
        const char *text, *first, *second;
    } bad[] = {
        {"[network a]\nvf = 07:00.0", "[network a] vf: ", "no virtual functions yet; 'virt-vfio sriov set"},
        {"[network a]\nvf = 06:00.0/3", "[network a] vf: ", "3 virtual functions now, number 0 to 2"},
        {"[network a]\nvf = 06:10.0/0", "[network a] vf: ", "is a virtual function itself"},
        {"[network a]\nvf = 09:00.0", "[network a] vf: ", "has none to give"},
        {"[network a]\nvf = 0a:00.0", "[network a] vf: ", "there is no 0000:0a:00.0 on this host"},
        {"[network a]\nvf = enp9s9", "[network a] vf: ", "enp9s9"},
        {"[network a]\nvf = 08:00.0", "[network a] vf: ", "no network card"},
        {"[network a]\nvf = 06:10.0\n[network b]\nvf = 06:10.0", "[network b] vf: ", "another section"},
        {"[network a]\nvf = 06:00.0\n[network b]\nvf = 06:00.0\n[network c]\nvf = 06:00.0\n[network d]\nvf = "
         "06:00.0",
         "[network d] vf: ", "more virtual functions"},
        {"[device a]\nhost = 08:00.1\n[device b]\nvf = 08:00.1", "[device b] host: ", "[device a] already"},
    };
    FakeHost *fake = sriov_host();
    g_autoptr(VvHost) host = fake_host_scan(fake);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(VM, bad[i].text, "\n", NULL);
        g_autoptr(VvVm) vm = good(text);
        g_autoptr(GError) error = NULL;
        assert_false(vv_vm_resolve(vm, host, &error));
        assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
        if (!strstr(error->message, bad[i].first) || !strstr(error->message, bad[i].second))
            fail_msg("%s: %s", bad[i].text, error->message);
    }
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

/* Without its host only an address can be believed. */
static void test_resolve_blind(void **state)
{
    static const char *const bad[] = {"[network a]\nvf = enp6s0\n", "[network a]\nvf = 06:00.0/1\n",
                                      "[network a]\nvf = 06:10.0\n[device b]\nvf = 06:10.0\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(VM, bad[i], NULL);
        g_autoptr(VvVm) vm = good(text);
        g_autoptr(GError) error = NULL;
        assert_false(vv_vm_resolve(vm, NULL, &error));
        assert_non_null(strstr(error->message, "x.ini: ["));
    }
}

static VvDomain *read_domain(const char *xml)
{
    GError *error = NULL;
    VvDomain *domain = vv_domain_read(xml, strlen(xml), &error);

    assert_fine(error);
    return domain;
}

static char *build(const VvVm *vm)
{
    g_autoptr(VvTuning) tuning = vv_tuning_new(vm, FALSE, &(VvTuningHost){0});

    return vv_domain_xml_build(vm, tuning);
}

static void test_xml(void **state)
{
    FakeHost *fake = sriov_host();
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvVm) vm = good(VM "[network wan]\nvf = enp6s0\nmac = 52:54:00:00:00:0a\nvlan = 5\nqos = 3\n"
                                 "trust = yes\nspoofchk = no\nrate = 100,10\nlink = enable\n"
                                 "[network two]\nvf = 06:00.0/2\n[device disk]\nvf = 08:00.0\n");

    assert_true(vv_vm_resolve(vm, host, NULL));
    g_autofree char *xml = build(vm);
    g_autoptr(VvDomain) domain = read_domain(xml);
    const VvDomainDevice *wan = domain->devices->pdata[0], *two = domain->devices->pdata[1],
                         *disk = domain->devices->pdata[2];
    if (!wan->interface) {
        const VvDomainDevice *first = wan;
        wan = two, two = disk, disk = first;
    }
    g_autofree char *wanted = vv_vf_settings_to_text(&wan->wanted);

    assert_string_equal(wanted, "mac=52:54:00:00:00:0a vlan=5 qos=3 trust=on spoofchk=off rate=100,10 "
                                "link=enable");
    assert_true(wan->has_parent && wan->number == VV_VF_ANY && two->number == 2);
    assert_true(disk->has_parent && disk->number == VV_VF_ANY && !disk->interface);
    assert_true(disk->identity != NULL);
    assert_true(vv_domain_has_pool(domain));
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

static void test_xml_refuses(void **state)
{
    static const char *const bad[] = {
        "<vv:vf name='w' address='" VF0 "' parent='x'/>",
        "<vv:vf name='w' address='" VF0 "' number='any'/>",
        "<vv:vf name='w' address='" VF0 "' parent='" PF "' number='-1'/>",
        "<vv:vf name='w' address='" VF0 "' parent='" PF "' number='70000'/>",
        "<vv:vf name='w' address='" VF0 "' spoofchk='on'/>",
        "<vv:vf name='w' address='" VF0 "' rate='x'/>",
        "<vv:vf name='w' address='" VF0 "' link='up'/>",
        "<vv:vf name='w' address='" VF0 "' qos='8'/>",
        "<vv:device name='w' address='" VF0 "' number='any'/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *xml =
            g_strdup_printf(SRIOV_DOMAIN("a", UUID_A, "%s", SRIOV_INTERFACE("0x10", "0", "")), bad[i]);
        g_autoptr(GError) error = NULL;
        assert_null(vv_domain_read(xml, strlen(xml), &error));
        assert_non_null(strstr(error->message, "the domain's XML: line "));
    }
}

static char *chosen_among(VvDomain *domain, Bench *b, const GPtrArray *wishes)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(b->journal, NULL);

    bench_rescan(b);
    vv_domain_choose_vfs(domain, b->host, entries, NULL, wishes);
    return vv_address_dup(((const VvDomainDevice *)domain->devices->pdata[0])->host);
}

static char *chosen(VvDomain *domain, Bench *b)
{
    return chosen_among(domain, b, NULL);
}

static void assert_chosen(Bench *b, const char *xml, const char *expected)
{
    g_autoptr(VvDomain) domain = read_domain(xml);
    g_autofree char *address = chosen(domain, b);

    assert_string_equal(address, expected);
}

static void test_choose(void **state)
{
    static const char any[] = SRIOV_DOMAIN("a", UUID_A, ANY "<vv:allow code='claimed' address='" VF0 "'/>",
                                           SRIOV_INTERFACE("0x10", "0", ""));
    static const char third[] =
        SRIOV_DOMAIN("a", UUID_A, "<vv:vf name='wan' address='" VF0 "' parent='" PF "' number='2'/>",
                     SRIOV_INTERFACE("0x10", "0", ""));
    static const char two[] =
        SRIOV_DOMAIN("a", UUID_A, ANY "<vv:vf name='b' address='" VF1 "' parent='" PF "' number='any'/>",
                     SRIOV_INTERFACE("0x10", "0", "") SRIOV_INTERFACE("0x10", "2", ""));
    Bench b;

    bench_open(&b, sriov_host());
    assert_chosen(&b, any, VF0);
    assert_chosen(&b, third, VF2);
    assert_true(bench_take_as(&b, "06:10.0", UUID_B, NULL, NULL));
    g_autoptr(VvDomain) domain = read_domain(any);
    g_autofree char *first = chosen(domain, &b);
    assert_string_equal(first, VF1);
    assert_string_equal(domain->allow[0], "claimed=" VF1);
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = vv_domain_put_vfs(any, strlen(any), domain, &error);
    assert_fine(error);
    assert_null(strstr(xml, VF0));
    /* libvirt's schema takes one digit there (pciFunc). */
    assert_non_null(strstr(xml, "bus=\"0x6\" slot=\"0x10\" function=\"0x2\""));
    g_autoptr(VvDomain) after = read_domain(xml);
    assert_true(vv_address_equal(((const VvDomainDevice *)after->devices->pdata[0])->host, address_of(VF1)));
    assert_int_equal(((const VvDomainDevice *)after->devices->pdata[0])->number, VV_VF_ANY);
    assert_null(vv_domain_put_vfs(xml, strlen(xml), after, NULL));
    /* What it has already is its own; the other of the same domain is not. */
    g_autoptr(VvDomain) both = read_domain(two);
    g_autofree char *one = chosen(both, &b);
    assert_string_equal(one, VF2);
    assert_true(vv_address_equal(((const VvDomainDevice *)both->devices->pdata[1])->host, address_of(VF1)));
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static const VvReason *find_reason(const VvPlan *plan, const char *code)
{
    for (guint i = 0; i < plan->reasons->len; i++)
        if (strcmp(((const VvReason *)plan->reasons->pdata[i])->code, code) == 0)
            return plan->reasons->pdata[i];
    return NULL;
}

static void assert_reason(Bench *b, VvDomain *domain, const char *code, const char *detail,
                          const char *remedy)
{
    g_autoptr(GError) error = NULL;

    bench_rescan(b);
    g_autoptr(VvPlan) plan = vv_domain_plan_take(b->host, b->journal, domain, NULL, NULL, &error);
    assert_fine(error);
    const VvReason *reason = find_reason(plan, code);
    assert_non_null(reason);
    if (!strstr(reason->detail, detail) || !strstr(reason->remedy, remedy))
        fail_msg("%s; %s", reason->detail, reason->remedy);
}

/* What other domains name is given out last. */
static void test_wishes(void **state)
{
    static const char any[] = SRIOV_DOMAIN("a", UUID_A, ANY, SRIOV_INTERFACE("0x10", "0", ""));
    static const char plain[] =
        SRIOV_DOMAIN("nas", UUID_B, "", SRIOV_INTERFACE("0x10", "0", "") SRIOV_INTERFACE("0x10", "2", ""));
    static const char pool[] =
        SRIOV_DOMAIN("web", UUID_B, "<vv:vf name='b' address='" VF2 "' parent='" PF "' number='any'/>",
                     SRIOV_INTERFACE("0x10", "4", ""));
    static const char number[] =
        SRIOV_DOMAIN("mail", UUID_B, "<vv:vf name='b' address='" VF2 "' parent='" PF "' number='2'/>",
                     SRIOV_INTERFACE("0x10", "4", ""));
    g_autoptr(GPtrArray) wishes = g_ptr_array_new_with_free_func((GDestroyNotify)vv_vf_wish_free);
    g_autoptr(VvDomain) nas = read_domain(plain), web = read_domain(pool), mail = read_domain(number);
    Bench b;

    bench_open(&b, sriov_host());
    /* Nobody else names its own; another pool's choice is as good as any, but a free one is better. */
    g_autoptr(VvDomain) domain = read_domain(any);
    vv_vf_wishes_add(wishes, web);
    g_autofree char *own = chosen_among(domain, &b, wishes);
    assert_string_equal(own, VF0);
    g_autoptr(VvDomain) twin = read_domain(pool);
    g_autofree char *other = chosen_among(twin, &b, wishes);
    assert_string_equal(other, VF0);
    /* Better that than what others cannot do without. */
    vv_vf_wishes_add(wishes, nas);
    g_autofree char *poolish = chosen_among(domain, &b, wishes);
    assert_string_equal(poolish, VF2);
    assert_null(((const VvDomainDevice *)domain->devices->pdata[0])->wished_by);
    g_autoptr(VvPlan) quiet = vv_domain_plan_take(b.host, b.journal, domain, NULL, NULL, NULL);
    assert_null(find_reason(quiet, "claimed"));
    /* The last ones are given out all the same, and the plan says whose they are. */
    vv_vf_wishes_add(wishes, mail);
    g_autoptr(VvDomain) last = read_domain(any);
    g_autofree char *named = chosen_among(last, &b, wishes);
    assert_string_equal(named, VF0);
    g_autoptr(VvPlan) plan = vv_domain_plan_take(b.host, b.journal, last, NULL, NULL, NULL);
    assert_true(vv_plan_ok(plan));
    assert_reason(&b, last, "claimed", "domain nas, which names this virtual function, cannot start while",
                  PF " can have more");
    bench_close(&b);
}

static void test_plan(void **state)
{
    static const char any[] = SRIOV_DOMAIN("a", UUID_A, ANY, SRIOV_INTERFACE("0x10", "0", ""));
    Bench b;

    bench_open(&b, sriov_host());
    g_autoptr(VvDomain) domain = read_domain(any);
    g_autoptr(VvPlan) fine = vv_domain_plan_take(b.host, b.journal, domain, NULL, NULL, NULL);
    assert_true(vv_plan_ok(fine));
    /* The hook cannot choose. */
    assert_true(bench_take_as(&b, "06:10.0", UUID_B, NULL, NULL));
    assert_reason(&b, domain, "claimed", "domain win11", "'virt-vfio start a' takes another one of " PF);
    /* Nothing to choose from. */
    assert_true(bench_take_as(&b, "06:10.2;06:10.4", UUID_B, NULL, NULL));
    g_autofree char *kept = chosen(domain, &b);
    assert_string_equal(kept, VF0);
    assert_reason(&b, domain, "claimed",
                  "none of the 3 virtual functions of " PF " is free: " VF0
                  " is taken for domain win11, " VF1,
                  "stop what has one");
    bench_return_fine(&b);
    /* Two sections that want the last one. */
    static const char two[] =
        SRIOV_DOMAIN("a", UUID_A, ANY "<vv:vf name='lan' address='" VF1 "' parent='" PF "' number='any'/>",
                     SRIOV_INTERFACE("0x10", "0", "") SRIOV_INTERFACE("0x10", "2", ""));
    assert_true(bench_take_as(&b, "06:10.0;06:10.4", UUID_B, NULL, NULL));
    g_autoptr(VvDomain) both = read_domain(two);
    g_autofree char *first = chosen(both, &b);
    assert_string_equal(first, VF0);
    assert_reason(&b, both, "claimed",
                  VF0 " is taken for domain win11, " VF1 " is in this domain already, as [network lan], " VF2
                      " is taken for domain win11",
                  "stop what has one");
    bench_return_fine(&b);
    /* libvirt would refuse, and not say which setting of whose it was about. */
    sriov_add_interface(b.fake, "0x1002\n");
    assert_reason(&b, domain, "sriov-parent", "enp6s0, the interface of its card " PF ", is down",
                  "ip link set enp6s0 up");
    bench_close(&b);
}

static void put_mac(FakeHost *fake, const char *mac)
{
    fake_host_put(fake, "sys/bus/pci/devices/" PF "/net/enp6s0/addr_assign_type", "0\n");
    fake_host_put(fake, "sys/bus/pci/devices/" PF "/net/enp6s0/address", mac);
}

/* The cards have changed places: a VF of the other one is at the address, and is known by its PF's MAC. */
static void test_identity(void **state)
{
    static const char *const words[] = {"06:10.0", "06:00.0", "enp6s0/1"};
    static const char *const remedies[] = {"if the one that is there now is meant", "in place of " PF,
                                           "in place of " PF};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *text = g_strdup_printf(VM "[network wan]\nvf = %s\n", words[i]);
        g_autoptr(VvVm) vm = good(text);
        Bench b;

        bench_open(&b, sriov_host());
        put_mac(b.fake, "00:1b:21:00:00:01\n");
        bench_rescan(&b);
        assert_true(vv_vm_resolve(vm, b.host, NULL));
        g_autofree char *xml = build(vm);
        g_autoptr(VvDomain) domain = read_domain(xml);
        const VvIdentity *identity = ((const VvDomainDevice *)domain->devices->pdata[0])->identity;
        assert_non_null(identity);
        assert_string_equal(identity->mac, "00:1b:21:00:00:01");
        assert_int_equal(identity->device, 0x10ca);
        g_autofree char *same = chosen(domain, &b);
        g_autoptr(VvPlan) fine = vv_domain_plan_take(b.host, b.journal, domain, NULL, NULL, NULL);
        assert_true(vv_plan_ok(fine));
        put_mac(b.fake, "00:1b:21:00:00:02\n");
        bench_rescan(&b);
        g_autofree char *other = chosen(domain, &b);
        assert_string_equal(same, other);
        assert_reason(&b, domain, "identity-changed", "now 8086:10ca (MAC 00:1b:21:00:00:02) is here",
                      remedies[i]);
        bench_close(&b);
    }
}

#define LOST_PLAIN PF ", whose virtual function number 0 it was,"
#define LOST LOST_PLAIN " "
#define REMEDY "'virt-vfio sriov set " PF " --vfs N' makes them again"

/* The PF's driver was unloaded, or the number changed. */
static void test_lost(void **state)
{
    static const char any[] = SRIOV_DOMAIN("a", UUID_A, ANY, SRIOV_INTERFACE("0x10", "0", ""));
    g_autoptr(VvDomain) domain = read_domain(any);
    Bench b;

    bench_open(&b, sriov_host());
    assert_true(bench_take_as(&b, "06:10.0", UUID_B, NULL, NULL));
    fake_host_unplug(b.fake, VF0);
    fake_host_put(b.fake, "sys/bus/pci/devices/" PF "/sriov_numvfs", "0\n");
    assert_reason(&b, domain, "not-found", PF ", whose virtual function it was, has none now",
                  "sriov set " PF);
    g_autoptr(GPtrArray) recoveries = vv_recover_look(b.host, b.journal, NULL, NULL);
    assert_int_equal(recoveries->len, 1);
    const VvRecovery *recovery = recoveries->pdata[0];
    assert_int_equal(recovery->action, VV_RECOVER_FORGET);
    assert_string_equal(recovery->why, "it is gone from this host: " LOST "has none now; " REMEDY);
    /* The entry goes; what it knew is told once more. */
    g_autoptr(VvPlan) plan = NULL;
    assert_true(vv_recover(b.host, b.journal, NULL, &b.options, &plan, NULL));
    const VvPlanDevice *device = plan->devices->pdata[0];
    assert_string_equal(device->state, "gone");
    assert_string_equal(device->lost, LOST "has none now; " REMEDY);
    bench_assert_journal(&b, "");
    bench_close(&b);
}

/* Nobody said anything to us, but they are given back: without its driver, and without its card. */
static void test_lost_with_driver(void **state)
{
    g_autoptr(VvPlan) plan = NULL, none = NULL;
    Bench b;

    bench_open(&b, sriov_host());
    bench_take_fine(&b, "06:10.0;06:10.2");
    fake_host_unplug(b.fake, VF0);
    fake_host_bind(b.fake, PF, NULL);
    fake_host_put(b.fake, "sys/bus/pci/devices/" PF "/sriov_numvfs", "0\n");
    bench_rescan(&b);
    assert_true(bench_return(&b, &plan, NULL));
    const VvPlanDevice *device = vv_plan_find(plan, address_of(VF0));
    assert_string_equal(device->lost, LOST "has none now; when that card has its driver again, " REMEDY);
    assert_null(vv_plan_find(plan, address_of(VF1))->lost);
    fake_host_put(b.fake, "sys/bus/pci/devices/" PF "/sriov_numvfs", "2\n");
    g_autofree char *going = vv_vf_lost(vv_host_sysfs(b.host), PF "/0");
    assert_string_equal(going, LOST "has lost its driver");
    fake_host_unplug(b.fake, PF);
    g_autofree char *remedy = vv_vf_lost_remedy(vv_host_sysfs(b.host), PF "/0"),
                    *lost = vv_vf_lost(vv_host_sysfs(b.host), PF "/0");
    assert_string_equal(lost, LOST_PLAIN " is gone too");
    assert_string_equal(remedy, "when that card is back, " REMEDY);
    bench_close(&b);
}

/* The kernel takes the driver's link away first, and then waits for the guest. */
static void test_leaving(void **state)
{
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;
    Bench b;

    bench_open(&b, sriov_host());
    assert_true(bench_take_as(&b, "06:10.0", UUID_B, NULL, NULL));
    assert_null(vv_vf_leaving(vv_host_sysfs(b.host), address_of(VF0), PF "/0"));
    fake_host_hold_group(b.fake, 10, TRUE);
    assert_null(vv_vf_leaving(vv_host_sysfs(b.host), address_of(VF0), PF "/0"));
    fake_host_bind(b.fake, VF0, NULL);
    bench_rescan(&b);
    g_autoptr(GPtrArray) recoveries = vv_recover_look(b.host, b.journal, NULL, NULL);
    const VvRecovery *recovery = recoveries->pdata[0];
    assert_int_equal(recovery->action, VV_RECOVER_LEAVE);
    assert_non_null(strstr(recovery->why, "its card " PF " loses its driver or is removed"));
    assert_true(vv_recover(b.host, b.journal, NULL, &b.options, NULL, &error));
    assert_fine(error);
    bench_assert_journal(&b, VF0 " taken -");
    fake_host_hold_group(b.fake, 10, FALSE);
    assert_null(vv_vf_leaving(vv_host_sysfs(b.host), address_of(VF0), PF "/0"));
    fake_host_unplug(b.fake, VF0);
    bench_rescan(&b);
    assert_true(bench_return(&b, &plan, NULL));
    bench_assert_journal(&b, "");
    bench_close(&b);
}

static void test_teams(void **state)
{
    g_autoptr(VvVm) none = good(VM LAN "[network wan]\nvf = 06:10.0\nteaming = lan\n");
    g_autoptr(VvVm) one =
        good(VM LAN "[network wan]\nvf = 06:10.0\nteaming = lan\nmac = 52:54:00:00:00:0a\n");
    g_autoptr(VvVm) other =
        good(VM "[network wan]\nvf = 06:10.0\nteaming = lan\n" LAN "mac = 52:54:00:00:00:0b\n");
    g_autoptr(VvVm) both = good(VM "[network wan]\nvf = 06:10.0\nteaming = lan\nmac = 52:54:00:00:00:0b\n" LAN
                                   "mac = 52:54:00:00:00:0b\n");
    VvVm *const all[] = {none, one, other, both};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        const VvVmNetwork *a = all[i]->networks->pdata[0], *b = all[i]->networks->pdata[1];
        vv_vm_share_macs(all[i]);
        assert_non_null(a->mac);
        assert_string_equal(a->mac, b->mac);
    }
    assert_true(g_str_has_prefix(((const VvVmNetwork *)none->networks->pdata[0])->mac, "52:54:00:"));
    assert_string_equal(((const VvVmNetwork *)one->networks->pdata[0])->mac, "52:54:00:00:00:0a");
    assert_string_equal(((const VvVmNetwork *)other->networks->pdata[0])->mac, "52:54:00:00:00:0b");
    assert_true(vv_vm_resolve(none, NULL, NULL));
    g_autofree char *xml = build(none);
    assert_non_null(strstr(xml, "<teaming type=\"persistent\"/>"));
    assert_non_null(strstr(xml, "<alias name=\"ua-lan-net\"/>"));
    assert_non_null(strstr(xml, "<teaming type=\"transient\" persistent=\"ua-lan-net\"/>"));
    g_autoptr(VvDomain) domain = read_domain(xml);
    assert_string_equal(((const VvDomainDevice *)domain->devices->pdata[0])->team, "ua-lan-net");
}

/* Defined again, it keeps what libvirt and its last start have made. */
static void test_keep(void **state)
{
    static const char stored[] = SRIOV_DOMAIN(
        "a", UUID_A, "<vv:vf name='wan' address='" VF1 "' parent='" PF "' number='any'/>",
        SRIOV_INTERFACE("0x10", "2", "") "<interface type='bridge'><mac address='52:54:00:00:00:0a'/><source "
                                         "bridge='br0'/></interface>");
    FakeHost *fake = sriov_host();
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvVm) vm = good(VM "[network wan]\nvf = 06:00.0\n");
    g_autoptr(VvVm) team = good(VM LAN "[network wan]\nvf = 06:00.0\nteaming = lan\n");
    g_autoptr(VvVm) moved = good(VM "[network wan]\nvf = 06:10.4\n");

    assert_true(vv_vm_resolve(vm, host, NULL) && vv_vm_resolve(team, host, NULL) &&
                vv_vm_resolve(moved, host, NULL));
    vv_vm_keep(vm, stored);
    assert_vf(vf_of(vm, 0), VF1, VV_VF_ANY);
    assert_string_equal(((const VvVmNetwork *)vm->networks->pdata[0])->mac, "52:54:00:00:00:0a");
    vv_vm_keep(team, stored);
    vv_vm_share_macs(team);
    assert_string_equal(((const VvVmNetwork *)team->networks->pdata[0])->mac, "52:54:00:00:00:0a");
    assert_string_equal(((const VvVmNetwork *)team->networks->pdata[1])->mac, "52:54:00:00:00:0a");
    /* A pool that is new gives way. */
    g_autoptr(VvVm) two = good(VM "[network new]\nvf = 06:00.0\n[network other]\nvf = 06:00.0\n"
                                  "[network wan]\nvf = 06:00.0\n");
    assert_true(vv_vm_resolve(two, host, NULL));
    vv_vm_keep(two, stored);
    assert_vf(vf_of(two, 0), VF0, VV_VF_ANY);
    assert_vf(vf_of(two, 1), VF2, VV_VF_ANY);
    assert_vf(vf_of(two, 2), VF1, VV_VF_ANY);
    vv_vm_keep(moved, stored);
    assert_vf(vf_of(moved, 0), VF2, VV_VF_NAMED);
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_resolve_refuses),
        cmocka_unit_test(test_resolve_blind),
        cmocka_unit_test(test_xml),
        cmocka_unit_test(test_xml_refuses),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_teams),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_lost_with_driver),
        cmocka_unit_test(test_leaving),
    };

    return cmocka_run_group_tests_name("vf", tests, NULL, NULL);
}
