/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-state.h"
#include "hooks/hook.h"
#include "sriov-host.h"
#include "sweep.h"
#include "vfio/vf-lease.h"
#include "vfio/vf-netlink.h"

#include <net/if.h>
#include <sys/mman.h>

/* kill -9 at each step in which a guest gets its VFs and gives them back, and at each step of the recovery
 * from that. Everything is the program's own but the kernel's side: sysfs (fake-sriov.c), and the driver that
 * is told the settings, here, in memory that killed children leave behind. */

#define VFS 3

typedef struct {
    VvVfSettings settings[VFS];
    guint sends;
} Driver;

static Driver *driver;

#define BEFORE "mac=02:00:00:00:00:01 vlan=7 qos=1 trust=off spoofchk=on rate=50,0 link=auto"
#define WANTED "mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=enable"
#define FIELDS 6

int __wrap_vv_vf_ask(int ifindex, gboolean statistics, GArray *infos);
int __wrap_vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);
unsigned int __wrap_if_nametoindex(const char *name);
gboolean __wrap_vv_sysfs_is_live(const VvSysfs *sysfs);
gboolean __real_vv_sysfs_is_live(const VvSysfs *sysfs);
GArray *__real_vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms,
                                   GError **error);
gboolean __real_vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                                     const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                                     GError **error);

/* The settings of VFs of a machine that does not live cannot be asked for; all else must know that it does
 * not: modules, say, would be loaded here. */
static gboolean asking;

GArray *__wrap_vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms,
                                   GError **error)
{
    asking = TRUE;
    GArray *infos = __real_vv_vf_settings_read(sysfs, interface, deadline_ms, error);
    asking = FALSE;
    return infos;
}

gboolean __wrap_vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                                     const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                                     GError **error)
{
    asking = TRUE;
    gboolean ok = __real_vv_vf_settings_apply(sysfs, interface, vf, wanted, deadline_ms, ret_before, error);
    asking = FALSE;
    return ok;
}

unsigned int __wrap_if_nametoindex(const char *name)
{
    return strcmp(name, "enp6s0") == 0 ? 6 : 0;
}

gboolean __wrap_vv_sysfs_is_live(const VvSysfs *sysfs)
{
    return asking || __real_vv_sysfs_is_live(sysfs);
}

int __wrap_vv_vf_ask(int ifindex, gboolean statistics, GArray *infos)
{
    for (guint i = 0; i < VFS; i++) {
        const VvVfInfo info = {.index = i, .settings = driver->settings[i]};
        g_array_append_val(infos, info);
    }
    return 0;
}

static void take(VvVfSettings *now, VvVfField field, const VvVfSettings *wanted)
{
    VvVfSettings one = *wanted;

    one.fields = field;
    g_autofree char *text = vv_vf_settings_to_text(&one);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        char *equals = strchr(*word, '=');
        *equals = '\0';
        vv_vf_settings_parse(now, *word, equals + 1, NULL);
    }
}

int __wrap_vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings)
{
    vv_seam_step();
    driver->sends++;
    take(&driver->settings[vf], field, settings);
    return 0;
}

static void assert_settings(guint vf, const char *expected)
{
    g_autofree char *text = vv_vf_settings_to_text(&driver->settings[vf]);

    assert_string_equal(text, expected);
}

#define OWN(name, address)                                                                                   \
    "<vv:vf name='" name "' address='" address "' parent='" PF                                               \
    "' qos='3' trust='yes' spoofchk='no' rate='100' link='enable'/>"
#define VLAN "<vlan><tag id='20'/></vlan>"
#define ONE SRIOV_DOMAIN("a", UUID_A, OWN("wan", VF1), SRIOV_INTERFACE("0x10", "2", VLAN))
#define TWO                                                                                                  \
    SRIOV_DOMAIN("a", UUID_A, OWN("wan", VF1) OWN("dmz", VF2),                                               \
                 SRIOV_INTERFACE("0x10", "2", VLAN) SRIOV_INTERFACE("0x10", "4", VLAN))

/* What is swept. */
typedef struct {
    const char *xml;
    const char *by_hand; /* taken by hand before, and given back by hand afterwards; NULL: nothing is */
    guint vfs;           /* how many of them the guest gets, from VF 1 on */
    guint steps;         /* so many things are changed until all is as before */
} Case;

static gboolean call(Bench *b, const char *xml, const char *operation, GError **error)
{
    const VvHookConfig config = {0};
    const VvHookCall made = {.operation = operation, .xml = xml, .length = strlen(xml)};
    g_autoptr(GString) words = g_string_new(NULL);

    bench_rescan(b);
    if (vv_hook_handle(b->host, b->journal, &config, &made, words) == 0 && !words->len)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: %s", operation, words->str);
    return FALSE;
}

/* From `prepare` to `release`, and what libvirt does itself between its two first calls. */
static gboolean live(Bench *b, gconstpointer data, GError **error)
{
    const Case *sweep = data;
    VvVfSettings libvirts = {0};

    if (!call(b, sweep->xml, "prepare", error))
        return FALSE;
    assert_true(vv_vf_settings_from_text("mac=52:54:00:00:00:0a vlan=20 qos=0", &libvirts, NULL));
    for (guint vf = 1; vf <= sweep->vfs; vf++) {
        take(&driver->settings[vf], VV_VF_MAC, &libvirts);
        take(&driver->settings[vf], VV_VF_VLAN, &libvirts);
    }
    if (!call(b, sweep->xml, "start", error))
        return FALSE;
    for (guint vf = 1; vf <= sweep->vfs; vf++)
        assert_settings(vf, WANTED);
    return call(b, sweep->xml, "release", error);
}

static gboolean release(Bench *b, gconstpointer data, GError **error)
{
    return call(b, ((const Case *)data)->xml, "release", error);
}

static void assert_settled(Bench *b, const Case *sweep)
{
    g_autoptr(GPtrArray) leases = vv_vf_leases(b->journal);

    sweep_reap();
    for (guint vf = 0; vf < VFS; vf++)
        assert_settings(vf, BEFORE);
    assert_int_equal(leases->len, 0);
    if (sweep->by_hand) {
        bench_assert_driver(b, VF1, "vfio-pci");
        sweep_run_fine(b, sweep_release, NULL);
    }
    assert_true(vv_journal_is_empty(b->journal));
    bench_assert_as_before(b);
}

/* What a kill has left, to come back to it. */
typedef struct {
    FakeState *machine;
    Driver driver;
} Left;

static void come_back(Bench *b, const Left *left)
{
    fake_state_restore(b->fake, left->machine);
    *driver = left->driver;
}

/* Kills the recovery at each step, always from what the first kill has left; then it is not killed. */
static guint kill_recoveries(Bench *b, const Case *sweep, const Left *left)
{
    guint kills = 0;

    for (int at = 1;; at++) {
        SweepEnd end = sweep_run(b, sweep_recover, NULL, VV_SEAM_KILL, at, 0);
        if (end == SWEEP_KILLED) {
            kills++;
            sweep_reap();
            sweep_run_fine(b, sweep_recover, NULL);
        } else {
            assert_int_equal(end, SWEEP_DONE);
        }
        assert_settled(b, sweep);
        come_back(b, left);
        if (end != SWEEP_KILLED)
            return kills;
    }
}

/* libvirt, which has not been killed, has the hook clean up after a start that failed. */
static void release_and_settle(Bench *b, const Case *sweep)
{
    sweep_run_fine(b, release, sweep);
    for (guint vf = 0; vf < VFS; vf++)
        assert_settings(vf, BEFORE);
    sweep_run_fine(b, sweep_recover, NULL);
    assert_settled(b, sweep);
}

static gboolean is_nested(int at)
{
    return sweep_is_whole() || at % 8 == 0;
}

static void open_case(Bench *b, const Case *sweep)
{
    bench_open(b, sriov_host());
    b->options.stage_ms = b->options.lock_ms = 30000;
    *driver = (Driver){0};
    for (guint i = 0; i < VFS; i++)
        assert_true(vv_vf_settings_from_text(BEFORE, &driver->settings[i], NULL));
    if (sweep->by_hand)
        bench_take_fine(b, sweep->by_hand);
}

static void run_case(const Case *sweep)
{
    guint kills = 0;
    Bench b;

    open_case(&b, sweep);
    Left start = {fake_state_save(b.fake), *driver};
    sweep_run_fine(&b, live, sweep);
    guint steps = (guint)vv_seam_steps();
    /* Trust, MAC and VLAN, which libvirt has set in part, and all the rest; and back. */
    assert_true(driver->sends >= sweep->vfs * (FIELDS - 1 + FIELDS));
    assert_settled(&b, sweep);

    for (int at = 1; at <= (int)steps; at++) {
        come_back(&b, &start);
        assert_int_equal(sweep_run(&b, live, sweep, VV_SEAM_KILL, at, 0), SWEEP_KILLED);
        sweep_reap();
        kills++;
        Left left = {fake_state_save(b.fake), *driver};
        release_and_settle(&b, sweep);
        come_back(&b, &left);
        if (is_nested(at))
            kills += kill_recoveries(&b, sweep, &left);
        sweep_run_fine(&b, sweep_recover, NULL);
        assert_settled(&b, sweep);
        fake_state_free(left.machine);
    }
    fake_state_free(start.machine);
    bench_close(&b);
    print_message("# %u VFs%s: %u steps, %u kills\n", sweep->vfs, sweep->by_hand ? ", by hand" : "", steps,
                  kills);
    assert_int_equal(steps, sweep->steps);
}

static void test_one(void **state)
{
    run_case(&(const Case){ONE, NULL, 1, 29});
}

static void test_by_hand(void **state)
{
    run_case(&(const Case){ONE, "06:10.2", 1, 17});
}

static void test_two(void **state)
{
    run_case(&(const Case){TWO, NULL, 2, 58});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_two),
    };

    driver = mmap(NULL, sizeof *driver, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests_name("vf-kill", tests, NULL, NULL);
}
