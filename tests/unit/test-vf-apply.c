/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vfio/vf-netlink.h"

#include <errno.h>
#include <net/if.h>
#include <sys/mman.h>

/* A driver that refuses, or says yes and does otherwise; shared with the child that asks it. Nothing of this
 * host is asked: the calls below go to it. */
static struct {
    VvVfSettings settings[2];
    guint refuses, ignores; /* VvVfField */
    int refusal;
    VvVfField sent[32];
    guint count;
    gboolean hangs, tells_nothing;
    int silence; /* errno of a question */
} * driver;

int __wrap_vv_vf_ask(int ifindex, gboolean statistics, GArray *infos);
int __wrap_vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);
unsigned int __wrap_if_nametoindex(const char *name);
gboolean __wrap_vv_sysfs_is_live(const VvSysfs *sysfs);

unsigned int __wrap_if_nametoindex(const char *name)
{
    return strcmp(name, "eth0") == 0 ? 7 : 0;
}

gboolean __wrap_vv_sysfs_is_live(const VvSysfs *sysfs)
{
    return TRUE;
}

int __wrap_vv_vf_ask(int ifindex, gboolean statistics, GArray *infos)
{
    assert_int_equal(ifindex, 7);
    while (driver->hangs)
        pause();
    for (guint i = 0; !driver->silence && i < G_N_ELEMENTS(driver->settings); i++) {
        const VvVfInfo info = {i,
                               driver->settings[i],
                               statistics && !driver->tells_nothing,
                               {.rx_bytes = G_MAXUINT64, .tx_dropped = i}};
        g_array_append_val(infos, info);
    }
    return driver->silence;
}

static void take(VvVfSettings *now, VvVfField field, const VvVfSettings *s)
{
    if (field == VV_VF_MAC)
        memcpy(now->mac, s->mac, sizeof s->mac);
    if (field == VV_VF_VLAN) {
        now->vlan = s->vlan;
        now->qos = s->qos;
        now->proto = s->proto;
    }
    if (field == VV_VF_TRUST)
        now->trust = s->trust;
    if (field == VV_VF_SPOOFCHK)
        now->spoofchk = s->spoofchk;
    if (field == VV_VF_RATE) {
        now->min_rate = s->min_rate;
        now->max_rate = s->max_rate;
    }
    if (field == VV_VF_LINK)
        now->link = s->link;
}

int __wrap_vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings)
{
    driver->sent[driver->count++] = field;
    if (field & driver->refuses)
        return driver->refusal;
    if (!(field & driver->ignores))
        take(&driver->settings[vf], field, settings);
    return 0;
}

#define BEFORE "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=auto"

static VvSysfs *sysfs;

static int set_up(void **state)
{
    driver = mmap(NULL, sizeof *driver, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sysfs = vv_sysfs_new("/", NULL);
    for (guint i = 0; i < 2; i++)
        assert_true(vv_vf_settings_from_text(BEFORE, &driver->settings[i], NULL));
    return !sysfs;
}

static int tear_down(void **state)
{
    vv_sysfs_free(sysfs);
    return munmap(driver, sizeof *driver);
}

static gboolean apply(const char *wanted, char **ret_before, GError **error)
{
    VvVfSettings settings, before;

    assert_true(vv_vf_settings_from_text(wanted, &settings, NULL));
    gboolean ok = vv_vf_settings_apply(sysfs, "eth0", 1, &settings, 20000, &before, error);
    if (ret_before)
        *ret_before = vv_vf_settings_to_text(&before);
    return ok;
}

static void assert_now(guint vf, const char *expected)
{
    g_autofree char *text = vv_vf_settings_to_text(&driver->settings[vf]);

    assert_text(text, expected);
}

static void test_apply(void **state)
{
    GError *error = NULL;
    g_autofree char *before = NULL;

    assert_true(apply("mac=52:54:00:00:00:01 vlan=5 qos=2 trust=on spoofchk=on rate=100,0 link=enable",
                      &before, &error));
    assert_fine(error);
    assert_text(before, BEFORE);
    assert_now(0, BEFORE);
    assert_now(1, "mac=52:54:00:00:00:01 vlan=5 qos=2 trust=on spoofchk=on rate=100,0 link=enable");
    /* Only what differs, trust first. */
    assert_int_equal(driver->count, 5);
    assert_int_equal(driver->sent[0], VV_VF_TRUST);
    assert_int_equal(driver->sent[4], VV_VF_LINK);
    assert_true(apply("trust=on", NULL, &error));
    assert_int_equal(driver->count, 5);
    /* What was there restores it. */
    assert_true(apply(before, NULL, &error));
    assert_now(1, BEFORE);
}

static void assert_refused(int code, const char *words)
{
    GError *error = NULL;

    driver->refuses = VV_VF_RATE;
    driver->refusal = code;
    assert_false(apply("mac=52:54:00:00:00:01 trust=on rate=100,0 link=enable", NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, words);
    assert_now(1, BEFORE);
}

/* What was set before the refusal is set back. */
static void test_refused(void **state)
{
    assert_refused(EOPNOTSUPP, "eth0: VF 1: its driver cannot set the rate");
    assert_refused(EINVAL, "its driver does not take the rate");
    assert_refused(EPERM, "only root may");
    assert_refused(ENETDOWN, "the rate: Network is down");
    assert_refused(EAGAIN, "its driver is not ready for that yet");
}

static void test_lies(void **state)
{
    GError *error = NULL;

    driver->ignores = VV_VF_VLAN;
    assert_false(apply("vlan=7 trust=on", NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "its driver took vlan=7 qos=0, and has vlan=0 qos=0");
    assert_now(1, BEFORE);
}

static void test_read(void **state)
{
    GError *error = NULL;
    g_autoptr(GArray) infos = vv_vf_settings_read(sysfs, "eth0", 20000, &error);

    assert_fine(error);
    assert_int_equal(infos->len, 2);
    const VvVfInfo *info = vv_vf_info_find(infos, 1);
    assert_true(info->has_statistics);
    assert_true(info->statistics.rx_bytes == G_MAXUINT64);
    assert_int_equal(info->statistics.tx_dropped, 1);
}

/* More VFs than there is room for in an answer. */
static void test_too_many(void **state)
{
    GError *error = NULL;
    VvVfSettings before, wanted = {.fields = VV_VF_TRUST};

    driver->silence = EMSGSIZE;
    assert_null(vv_vf_settings_read(sysfs, "eth0", 20000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "make fewer with 'virt-vfio sriov set'");
    assert_false(vv_vf_settings_apply(sysfs, "eth0", 1, &wanted, 20000, &before, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "eth0: VF 1: there are more virtual functions");
    assert_int_equal(driver->count, 0);
}

/* Neither statistics nor settings of the last VF. */
static void test_read_little(void **state)
{
    GError *error = NULL;

    driver->tells_nothing = TRUE;
    driver->settings[1].fields = 0;
    g_autoptr(GArray) infos = vv_vf_settings_read(sysfs, "eth0", 20000, &error);
    assert_fine(error);
    assert_int_equal(infos->len, 2);
    assert_false(vv_vf_info_find(infos, 0)->has_statistics);
    assert_true(vv_vf_info_find(infos, 0)->settings.fields & VV_VF_MAC);
    assert_int_equal(vv_vf_info_find(infos, 1)->settings.fields, 0);
}

/* A driver that keeps the kernel's network lock: the program does not wait with it. */
static void test_hang(void **state)
{
    GError *error = NULL;

    driver->hangs = TRUE;
    assert_null(vv_vf_settings_read(sysfs, "eth0", 300, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "the kernel does not answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_apply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hang, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
