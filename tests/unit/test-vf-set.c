/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "sriov-host.h"
#include "vfio/sriov-note.h"
#include "vfio/vf-lease.h"
#include "vfio/vf-set.h"

#include <unistd.h>

/* Settings by hand, under the lock of the VF's group; and notes and leases in whose files anything may be. */

static guint applied;
static char *said;

gboolean __wrap_vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                                     const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                                     GError **error);
gboolean __wrap_vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                                     const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                                     GError **error)
{
    g_autofree char *text = vv_vf_settings_to_text(wanted);

    applied++;
    g_free(said);
    said = g_strdup_printf("%s %u %s", interface, vf, text);
    return TRUE;
}

GArray *__wrap_vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms,
                                   GError **error);
GArray *__wrap_vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms,
                                   GError **error)
{
    return g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
}

static VvPf *read_pf(Bench *b)
{
    return vv_pf_read(b->host, vv_host_find(b->host, address_of(PF)), NULL, NULL, NULL);
}

static gboolean set(Bench *b, const VvPf *pf, gboolean even_taken, guint lock_ms, GError **error)
{
    VvVfSettings wanted = {0};

    applied = 0;
    assert_true(vv_vf_settings_from_text("trust=on", &wanted, NULL));
    return vv_vf_set(fake_host_sysfs(b->fake), b->journal, pf, vv_pf_vf(pf, 1), &wanted, even_taken, lock_ms,
                     1000, NULL, error);
}

static void test_set(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, sriov_host());
    g_autoptr(VvPf) pf = read_pf(&b);
    assert_true(set(&b, pf, FALSE, 1000, &error));
    assert_text(said, "enp6s0 1 trust=on");
    /* A start that takes it, or a change of the card, has the lock. */
    VvJournal *other = vv_journal_new(fake_host_root(b.fake));
    assert_true(vv_journal_lock(other, 12, 0, NULL));
    assert_false(set(&b, pf, FALSE, 1, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "working on IOMMU group 12");
    assert_int_equal(applied, 0);
    vv_journal_unlock(other);
    vv_journal_free(other);
    /* One that is nobody's business but its own. */
    other = vv_journal_new(fake_host_root(b.fake));
    assert_true(vv_journal_lock(other, 10, 0, NULL));
    assert_true(set(&b, pf, FALSE, 1, &error));
    vv_journal_free(other);
    g_clear_pointer(&said, g_free);
    bench_close(&b);
}

/* By somebody, between the look at it and the lock. */
static void test_just_taken(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, sriov_host());
    /* Taking looks at the machine anew; what was seen before must stay. */
    VvHost *host = fake_host_scan(b.fake);
    VvPf *pf = vv_pf_read(host, vv_host_find(host, address_of(PF)), NULL, NULL, NULL);
    bench_take_fine(&b, VF1);
    assert_false(set(&b, pf, FALSE, 1000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "claimed: VF 1 (" VF1 ") has just been taken");
    assert_int_equal(applied, 0);
    assert_true(set(&b, pf, TRUE, 1000, &error));
    assert_int_equal(applied, 1);
    bench_return_fine(&b);
    /* By one whom the journal does not know. */
    fake_host_hold_group(b.fake, 12, TRUE);
    assert_false(set(&b, pf, FALSE, 1000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "has just been taken");
    fake_host_hold_group(b.fake, 12, FALSE);
    /* And one that is another's number by now, or gone. */
    fake_host_set_vfs(b.fake, PF, 1);
    assert_false(set(&b, pf, TRUE, 1000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "just changed the virtual functions");
    fake_host_set_vfs(b.fake, PF, 3);
    vv_pf_free(pf);
    vv_host_free(host);
    g_clear_pointer(&said, g_free);
    bench_close(&b);
}

/* The card's number was changed and changed back between a plan and its taking: the VF is there as before,
 * but in another group, so that the lock of the old one keeps nobody away from it. */
static void test_made_anew(void **state)
{
    Bench b;
    GError *error = NULL;
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    bench_open(&b, sriov_host());
    assert_true(vv_selector_parse(VF1, selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(b.host, b.journal, selectors, NULL, NULL);
    assert_true(vv_plan_ok(plan));
    g_autofree char *link =
        g_build_filename(fake_host_root(b.fake), "sys/bus/pci/devices/" VF1 "/iommu_group", NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("../../../kernel/iommu_groups/14", link), 0);
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "in IOMMU group 14 and no more in 12");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(target, link), 0);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* A file below run/virt-vfio, with `bytes` of it replaced by odd ones. */
static void put_odd(FakeHost *fake, GRand *dice, const char *path, const char *text, guint bytes)
{
    static const char odd[] = {'\0', '\n', '=', '[', ']', '9', '-', ' ', '/', ':', 'x', '\x80', '\xff'};
    g_autofree char *full = g_build_filename(fake_host_root(fake), path, NULL);
    gsize length = strlen(text);
    g_autofree char *bent = g_strdup(text);

    for (guint i = 0; i < bytes; i++)
        bent[g_rand_int_range(dice, 0, (gint32)length)] = odd[g_rand_int_range(dice, 0, G_N_ELEMENTS(odd))];
    if (g_rand_int_range(dice, 0, 4) == 0)
        length = (gsize)g_rand_int_range(dice, 0, (gint32)length);
    assert_true(g_file_set_contents(full, bent, (gssize)length, NULL));
}

#define LEASE                                                                                                \
    "[vf]\nparent=" PF "\nindex=1\nowner=" UUID_A "\n"                                                       \
    "before=mac=52:54:00:00:00:01 vlan=5 qos=1 trust=on rate=10,1 link=auto\npid=1\nstarted=2\n"
#define NOTE "[sriov]\nids=8086:10c9 0000:0000 020000\nautoprobe=1\nbefore=2\nwanted=3\npid=1\nstarted=2\n"

/* What is read is whole or is not there, and can be written again in the same words. */
static void assert_leases(VvJournal *journal)
{
    g_autoptr(GPtrArray) leases = vv_vf_leases(journal);

    for (guint i = 0; i < leases->len; i++) {
        const VvVfLease *lease = leases->pdata[i];
        g_autofree char *text = vv_vf_settings_to_text(&lease->before);
        VvVfSettings again;
        assert_non_null(lease->owner);
        assert_true(vv_vf_settings_from_text(text, &again, NULL));
        assert_int_equal(again.fields, lease->before.fields);
    }
}

static void test_odd_files(void **state)
{
    Bench b;
    g_autoptr(GRand) dice = g_rand_new_with_seed(8);

    bench_open(&b, sriov_host());
    fake_host_put(b.fake, "run/virt-vfio/vfs/" VF1, LEASE);
    fake_host_put(b.fake, "run/virt-vfio/sriov/" PF, NOTE);
    g_autoptr(GPtrArray) whole = vv_vf_leases(b.journal), notes = vv_sriov_notes(b.journal);
    assert_int_equal(whole->len, 1);
    assert_int_equal(notes->len, 1);
    for (guint i = 0; i < 2000; i++) {
        put_odd(b.fake, dice, "run/virt-vfio/vfs/" VF1, LEASE, 1 + i % 4);
        put_odd(b.fake, dice, "run/virt-vfio/sriov/" PF, NOTE, 1 + i % 4);
        assert_leases(b.journal);
        g_autoptr(GPtrArray) odd = vv_sriov_notes(b.journal);
        for (guint n = 0; n < odd->len; n++)
            assert_non_null(((const VvSriovNote *)odd->pdata[n])->ids);
    }
    fake_host_put(b.fake, "run/virt-vfio/vfs/" VF1, "");
    fake_host_put(b.fake, "run/virt-vfio/vfs/not-an-address", LEASE);
    fake_host_put(b.fake, "run/virt-vfio/sriov/ffffffff:ff:1f.7", NOTE);
    fake_host_put(b.fake, "run/virt-vfio/sriov/06:00.0", NOTE);
    fake_host_put(b.fake, "run/virt-vfio/sriov/" PF, "");
    g_autoptr(GPtrArray) none = vv_vf_leases(b.journal), far = vv_sriov_notes(b.journal);
    assert_int_equal(none->len, 0);
    assert_int_equal(far->len, 1); /* the one with a whole address */
    g_autofree char *folder = g_build_filename(fake_host_root(b.fake), "run/virt-vfio", NULL);
    const char *const left[] = {"vfs/" VF1, "vfs/not-an-address", "sriov/" PF, "sriov/ffffffff:ff:1f.7",
                                "sriov/06:00.0"};
    for (guint i = 0; i < G_N_ELEMENTS(left); i++) {
        g_autofree char *path = g_build_filename(folder, left[i], NULL);
        assert_int_equal(unlink(path), 0);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_set), cmocka_unit_test(test_just_taken),
                                       cmocka_unit_test(test_made_anew), cmocka_unit_test(test_odd_files)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
