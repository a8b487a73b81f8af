/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/sriov-note.h"
#include "vfio/sriov.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PF "0000:01:00.0"
#define NVME "0000:03:00.0"
#define VF " class=020000 id=8086:10ca physfn=" PF " native=igbvf "
#define MACHINE                                                                                              \
    "drivers vfio-pci igbvf\n" PF " class=020000 id=8086:10c9 driver=igb group=1 sriov=4/4\n"                \
    "0000:01:10.0" VF "group=2\n0000:01:10.1" VF "group=3\n0000:01:10.2" VF "group=4\n0000:01:10.3" VF       \
    "group=5\n0000:02:00.0 class=020000 id=8086:10d3 driver=e1000e group=6\n"

typedef struct {
    Bench bench;
    guint enabled;
} Machine;

static void open_machine(Machine *m, guint vfs)
{
    bench_open(&m->bench, fake_host_new(MACHINE));
    /* Without drivers, as this program makes them. */
    fake_host_put(m->bench.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "0\n");
    fake_host_set_vfs(m->bench.fake, PF, vfs);
    fake_host_put(m->bench.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "1\n");
    bench_rescan(&m->bench);
}

static VvDevice *find(Machine *m, const char *address)
{
    return vv_host_find(m->bench.host, address_of(address));
}

static VvPlan *plan(Machine *m, guint count, const char *const *allow, GError **error)
{
    const VvPlanOptions options = {.allow = allow};

    return vv_plan_sriov(m->bench.host, m->bench.journal, find(m, PF), count, &options, error);
}

/* "sriov-parent 0000:01:00.0, …" of those that are in the way. */
static void assert_blocks(Machine *m, guint count, const char *const *allow, const char *expected)
{
    GError *error = NULL;
    g_autoptr(VvPlan) made = plan(m, count, allow, &error);
    g_autoptr(GString) text = g_string_new(NULL);

    assert_fine(error);
    for (guint i = 0; i < made->reasons->len; i++) {
        const VvReason *reason = made->reasons->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (reason->severity == VV_SEVERITY_BLOCK && !reason->allowed)
            g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", reason->code,
                                   vv_address_format(reason->address, address));
    }
    assert_text(text->str, expected);
}

static gboolean set(Machine *m, guint count, GError **error)
{
    const char *const allow[] = {"sriov-parent", NULL};
    g_autoptr(VvPlan) made = plan(m, count, allow, error);
    gboolean ok = made && vv_sriov_set(m->bench.host, m->bench.journal, made, count, &m->bench.options,
                                       &m->enabled, NULL, error);

    bench_rescan(&m->bench);
    return ok;
}

static void assert_state(Machine *m, guint vfs, const char *autoprobe)
{
    g_autoptr(VvPf) pf = vv_pf_read(m->bench.host, find(m, PF), NULL, NULL, NULL);

    assert_non_null(pf);
    assert_int_equal(pf->enabled, vfs);
    assert_int_equal(pf->vfs->len, vfs);
    assert_int_equal(pf->autoprobe, atoi(autoprobe));
    assert_true(vv_journal_is_empty(m->bench.journal));
    assert_null(fake_host_violation(m->bench.fake));
}

static void test_read(void **state)
{
    Machine m;
    GError *error = NULL;

    open_machine(&m, 3);
    g_autoptr(GPtrArray) pfs = vv_pf_list(m.bench.host, NULL, NULL);
    assert_int_equal(pfs->len, 1);
    const VvPf *pf = pfs->pdata[0];
    assert_int_equal(pf->total, 4);
    assert_int_equal(pf->enabled, 3);
    assert_text(vv_pf_vf(pf, 2)->device->text, "0000:01:10.2");
    assert_null(vv_pf_vf(pf, 3));
    VvAddress parent;
    guint index;
    assert_true(vv_vf_parent(vv_host_sysfs(m.bench.host), address_of("0000:01:10.1"), &parent, &index));
    assert_true(vv_address_equal(parent, address_of(PF)));
    assert_int_equal(index, 1);
    assert_false(vv_vf_parent(vv_host_sysfs(m.bench.host), address_of(PF), &parent, &index));
    assert_null(vv_pf_read(m.bench.host, find(&m, "0000:02:00.0"), NULL, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "no virtual functions to give");
    assert_null(vv_pf_find(m.bench.host, "0000:01:10.1", &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "number 1 of " PF);
    assert_null(vv_pf_find(m.bench.host, "07:00.0", &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "not-found");
    assert_null(vv_pf_find(m.bench.host, "eth9", &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_USAGE, "no address");
    bench_close(&m.bench);
}

/* By the interface's name, and which interface a PF has: not a representor. */
static void test_interfaces(void **state)
{
    Machine m;

    open_machine(&m, 2);
    fake_host_put(m.bench.fake, "sys/devices/pci0000:00/" PF "/net/eth0/flags", "0x1003\n");
    fake_host_put(m.bench.fake, "sys/devices/pci0000:00/" PF "/net/a_rep/flags", "0x1002\n");
    fake_host_put(m.bench.fake, "sys/class/net/a_rep/phys_port_name", "pf0vf1\n");
    g_autofree char *folder = g_build_filename(fake_host_root(m.bench.fake), "sys/class/net/eth0", NULL);
    g_autofree char *link = g_build_filename(folder, "device", NULL);
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_int_equal(symlink("../../../devices/pci0000:00/" PF, link), 0);
    g_autofree char *name = vv_pci_interface(vv_host_sysfs(m.bench.host), address_of(PF));
    assert_text(name, "eth0");
    assert_ptr_equal(vv_pf_find(m.bench.host, "eth0", NULL), find(&m, PF));
    bench_close(&m.bench);
}

static void test_pool(void **state)
{
    Machine m;
    char *why = NULL;

    open_machine(&m, 3);
    /* The host's, a guest's that we do not know, a guest's that we do. */
    fake_host_bind(m.bench.fake, "0000:01:10.0", "igbvf");
    fake_host_bind(m.bench.fake, "0000:01:10.1", "vfio-pci");
    fake_host_hold_group(m.bench.fake, 3, TRUE);
    bench_rescan(&m.bench);
    const VvSysfs *sysfs = vv_host_sysfs(m.bench.host);
    g_autoptr(VvPf) pf = vv_pf_read(m.bench.host, find(&m, PF), NULL, NULL, NULL);
    assert_int_equal(vv_pf_free_vf(sysfs, pf, NULL)->index, 2);

    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)vv_claim_free);
    g_ptr_array_add(claims, vv_claim_new(address_of("0000:01:10.2"), "domain web (running)"));
    g_autoptr(VvPf) full = vv_pf_read(m.bench.host, find(&m, PF), NULL, claims, NULL);
    assert_null(vv_pf_free_vf(sysfs, full, &why));
    assert_text(why,
                PF " has no free virtual function: VF 0 is with the host's igbvf, VF 1 is held by a running "
                   "program, VF 2 is taken for domain web (running)");
    g_free(why);
    fake_host_hold_group(m.bench.fake, 3, FALSE);
    bench_close(&m.bench);
}

static void test_set(void **state)
{
    Machine m;
    GError *error = NULL;

    open_machine(&m, 0);
    assert_true(set(&m, 3, &error));
    assert_fine(error);
    assert_int_equal(m.enabled, 3);
    assert_state(&m, 3, "1");
    bench_assert_driver(&m.bench, "0000:01:10.0", NULL);
    assert_true(set(&m, 3, &error)); /* nothing to do */
    assert_true(set(&m, 1, &error));
    assert_state(&m, 1, "1");
    assert_true(set(&m, 0, &error));
    assert_state(&m, 0, "1");
    assert_false(set(&m, 5, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_USAGE, "only up to 4");
    fake_host_put(m.bench.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "0\n");
    assert_true(set(&m, 2, &error));
    assert_state(&m, 2, "0");
    bench_close(&m.bench);
}

/* The kernel's answer is "done" then, too. */
static void test_fewer(void **state)
{
    Machine m;
    GError *error = NULL;

    open_machine(&m, 0);
    fake_sriov_most = 2;
    assert_true(set(&m, 4, &error));
    fake_sriov_most = 0;
    assert_fine(error);
    assert_int_equal(m.enabled, 2);
    assert_state(&m, 2, "1");
    bench_close(&m.bench);
}

static void test_refusals(void **state)
{
    const char *const parent[] = {"sriov-parent", NULL}, *const all[] = {"sriov-parent", "claimed", NULL};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 2);
    assert_blocks(&m, 2, NULL, "");
    assert_blocks(&m, 3, NULL, "sriov-parent " PF);
    assert_blocks(&m, 3, parent, "");
    bench_take_fine(&m.bench, "01:10.1");
    bench_rescan(&m.bench);
    assert_blocks(&m, 0, all, "claimed 0000:01:10.1");
    assert_false(set(&m, 0, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "refused by the plan");
    bench_return_fine(&m.bench);
    bench_rescan(&m.bench);
    fake_host_bind(m.bench.fake, "0000:01:10.0", "vfio-pci");
    fake_host_hold_group(m.bench.fake, 2, TRUE);
    bench_rescan(&m.bench);
    assert_blocks(&m, 0, all, "claimed 0000:01:10.0");
    fake_host_hold_group(m.bench.fake, 2, FALSE);
    assert_blocks(&m, 0, NULL, "sriov-parent " PF ", sriov-parent 0000:01:10.0");
    fake_host_bind(m.bench.fake, "0000:01:10.0", NULL);
    fake_host_bind(m.bench.fake, PF, NULL);
    bench_rescan(&m.bench);
    assert_blocks(&m, 3, parent, "driver-missing " PF);
    fake_host_bind(m.bench.fake, PF, "igb");
    bench_close(&m.bench);
}

/* Taken after the plan was made. */
static void test_race(void **state)
{
    const char *const allow[] = {"sriov-parent", NULL};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 2);
    /* Taking looks at the machine anew; the plan's host must stay. */
    g_autoptr(VvHost) host = fake_host_scan(m.bench.fake);
    const VvPlanOptions options = {.allow = allow};
    g_autoptr(VvPlan) made =
        vv_plan_sriov(host, m.bench.journal, vv_host_find(host, address_of(PF)), 0, &options, &error);
    bench_take_fine(&m.bench, "01:10.1");
    assert_false(vv_sriov_set(host, m.bench.journal, made, 0, &m.bench.options, NULL, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED,
                   "claimed: 0000:01:10.1: it is taken by hand by now; nothing was changed");
    bench_return_fine(&m.bench);
    assert_state(&m, 2, "1");
    bench_close(&m.bench);
}

/* What the kernel says becomes words; the number before comes back. */
static void assert_failure(int code, const char *suffix, guint at, const char *words, guint left)
{
    const FakeFault fault = {.action = FAKE_FAIL, .error = code, .suffix = suffix, .at = at, .times = 1};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 2);
    fake_host_inject(m.bench.fake, &fault);
    assert_false(set(&m, 4, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, words);
    fake_host_inject(m.bench.fake, NULL);
    assert_state(&m, left, "1");
    bench_close(&m.bench);
}

static void test_failures(void **state)
{
    assert_failure(EROFS, "autoprobe", 0, "cannot keep drivers from its new virtual functions", 2);
    assert_failure(EPERM, NULL, 2, "does not let go of virtual functions", 2);
    assert_failure(ENOMEM, NULL, 3, "Above 4G decoding", 2);
    assert_failure(ERANGE, NULL, 3, "sriov_totalvfs", 2);
    assert_failure(ENOENT, NULL, 3, "its driver cannot make virtual functions", 2);
    assert_failure(EINVAL, NULL, 3, "Invalid argument; the kernel log may say why", 2);
    assert_failure(EBUSY, NULL, 3, "somebody else has just made", 2);
}

/* A worker that does not come back, but hears the signal: what it had done is put in order. */
static void test_hang(void **state)
{
    const FakeFault fault = {.action = FAKE_HANG, .suffix = "sriov_numvfs", .times = 1};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 0);
    m.bench.options.stage_ms = 300;
    fake_host_inject(m.bench.fake, &fault);
    assert_false(set(&m, 3, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no answer in time");
    fake_host_inject(m.bench.fake, NULL);
    assert_state(&m, 0, "1");
    bench_close(&m.bench);
}

static gboolean recover(Machine *m)
{
    GError *error = NULL;

    bench_rescan(&m->bench);
    gboolean ok = vv_sriov_recover(m->bench.host, m->bench.journal, &m->bench.options, NULL, &error);
    assert_fine(error);
    return ok;
}

/* A change that died, and whose recovery failed, has left autoprobe off; the next one knows what it was. */
static void test_earlier_note(void **state)
{
    static const FakeFault fault = {.action = FAKE_FAIL, .error = EIO, .suffix = "autoprobe"};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 0);
    g_autoptr(VvSriovNote) note = vv_sriov_note_new(address_of(PF));
    note->ids = vv_device_ids(find(&m, PF));
    note->autoprobe = 1;
    note->wanted = 2;
    assert_true(vv_sriov_note_write(m.bench.journal, note, &error));
    fake_host_put(m.bench.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "0\n");
    bench_rescan(&m.bench);
    fake_host_inject(m.bench.fake, &fault);
    assert_false(vv_sriov_recover(m.bench.host, m.bench.journal, &m.bench.options, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "from 0 to 2");
    fake_host_inject(m.bench.fake, NULL);
    assert_true(set(&m, 3, &error));
    assert_fine(error);
    assert_state(&m, 3, "1");
    bench_close(&m.bench);
}

/* One that does not even hear the signal is left behind with the lock; what it left is put in order when it
 * has ended, and not before. */
static void test_wedged(void **state)
{
    const FakeFault fault = {.action = FAKE_HANG, .suffix = "sriov_numvfs", .times = 1};
    Machine m;
    GError *error = NULL;

    open_machine(&m, 0);
    m.bench.options.stage_ms = 300;
    fake_host_inject(m.bench.fake, &fault);
    fake_unkillable = TRUE;
    assert_false(set(&m, 3, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "(from 0 to 3) does not end");
    fake_unkillable = FALSE;
    pid_t worker = fake_host_hanging(m.bench.fake);
    assert_true(recover(&m));
    assert_false(vv_journal_is_empty(m.bench.journal));
    assert_int_equal(fake_real_kill(worker, SIGKILL), 0);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    fake_host_inject(m.bench.fake, NULL);
    assert_true(recover(&m));
    assert_state(&m, 0, "1");
    bench_close(&m.bench);
}

static void put_link(const char *root, const char *device, const char *name, const char *to)
{
    g_autofree char *folder = g_build_filename(root, "sys/bus/pci/devices", device, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL), *target = g_strconcat("../", to, NULL);

    g_mkdir_with_parents(folder, 0755);
    assert_return_code(symlink(target, path), errno);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    return remove(path);
}

/* At even distances, as SR-IOV has them; and at others, where only the links know. */
static void test_parent(void **state)
{
    static const char *const vfs[] = {"0000:01:10.0", "0000:01:10.2", "0000:01:10.4", "0000:02:00.0",
                                      "0000:01:0f.0"};
    g_autofree char *root = g_dir_make_tmp("vf-parent.XXXXXX", NULL);
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(root, NULL);
    VvAddress parent;
    guint index;

    for (guint i = 0; i < G_N_ELEMENTS(vfs); i++) {
        g_autofree char *name = g_strdup_printf("virtfn%u", i);
        put_link(root, PF, name, vfs[i]);
        put_link(root, vfs[i], "physfn", PF);
        /* As long as there is one, there is no distance. */
        for (guint j = 0; j <= i; j++) {
            assert_true(vv_vf_parent(sysfs, address_of(vfs[j]), &parent, &index));
            assert_int_equal(index, j);
        }
    }
    /* Where the fourth would be at an even distance, and nowhere at all. */
    put_link(root, "0000:01:10.6", "physfn", PF);
    put_link(root, "0000:00:01.0", "physfn", PF);
    assert_false(vv_vf_parent(sysfs, address_of("0000:01:10.6"), &parent, &index));
    assert_false(vv_vf_parent(sysfs, address_of("0000:00:01.0"), &parent, &index));
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),     cmocka_unit_test(test_interfaces),   cmocka_unit_test(test_pool),
        cmocka_unit_test(test_set),      cmocka_unit_test(test_refusals),     cmocka_unit_test(test_race),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_hang),         cmocka_unit_test(test_wedged),
        cmocka_unit_test(test_fewer),    cmocka_unit_test(test_earlier_note), cmocka_unit_test(test_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
