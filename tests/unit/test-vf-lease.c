/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domvf.h"
#include "handover-bench.h"
#include "hooks/hook.h"
#include "sriov-host.h"
#include "vfio/recover.h"
#include "vfio/seam.h"
#include "vfio/vf-lease.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the PF has, for each VF: in memory that killed children leave behind. */
typedef struct {
    char text[3][128];
    guint sets;
    gboolean refuses;
} Pf;

static Pf *pf;

#define BEFORE "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=auto"
#define WANTED "mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=enable"

GArray *__wrap_vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms,
                                   GError **error)
{
    GArray *infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));

    assert_string_equal(interface, "enp6s0");
    assert_true(deadline_ms > 0);
    for (guint i = 0; i < G_N_ELEMENTS(pf->text); i++) {
        VvVfInfo info = {.index = i};
        assert_true(vv_vf_settings_from_text(pf->text[i], &info.settings, NULL));
        g_array_append_val(infos, info);
    }
    return infos;
}

static char *merged(const char *now, const VvVfSettings *wanted)
{
    VvVfSettings all = {0};

    assert_true(vv_vf_settings_from_text(now, &all, NULL));
    g_autofree char *text = vv_vf_settings_to_text(wanted);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word && **word; word++) {
        char *equals = strchr(*word, '=');
        *equals = '\0';
        assert_true(vv_vf_settings_parse(&all, *word, equals + 1, NULL));
    }
    return vv_vf_settings_to_text(&all);
}

gboolean __wrap_vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                                     const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                                     GError **error)
{
    assert_string_equal(interface, "enp6s0");
    assert_true(vf < G_N_ELEMENTS(pf->text));
    if (pf->refuses) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "its driver cannot set trust");
        return FALSE;
    }
    g_autofree char *text = merged(pf->text[vf], wanted);
    if (strcmp(text, pf->text[vf]) == 0)
        return TRUE;
    vv_seam_step();
    pf->sets++;
    g_strlcpy(pf->text[vf], text, sizeof pf->text[vf]);
    return TRUE;
}

static void open_bench(Bench *b)
{
    bench_open(b, sriov_host());
    *pf = (Pf){0};
    for (guint i = 0; i < G_N_ELEMENTS(pf->text); i++)
        g_strlcpy(pf->text[i], BEFORE, sizeof pf->text[i]);
}

static char *note(const Bench *b, const char *address)
{
    g_autofree char *path = g_build_filename(fake_host_root(b->fake), "run/virt-vfio/vfs", address, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void assert_no_note(const Bench *b, const char *address)
{
    g_autofree char *text = note(b, address);

    assert_null(text);
}

static gboolean lease(Bench *b, const char *wanted, guint noted, const char *owner, GError **error)
{
    VvVfSettings settings = {0};

    assert_true(vv_vf_settings_from_text(wanted, &settings, NULL));
    return vv_vf_lease_take(fake_host_sysfs(b->fake), b->journal, address_of(VF1), &settings, noted, owner,
                            1000, error);
}

static void lease_fine(Bench *b, const char *wanted, guint noted)
{
    GError *error = NULL;

    lease(b, wanted, noted, UUID_A, &error);
    assert_fine(error);
}

static gboolean give_back(Bench *b, GError **error)
{
    return vv_vf_lease_return(fake_host_sysfs(b->fake), b->journal, address_of(VF1), 1000, error);
}

/* What is kept across reboots is what is there without the guest. */
static void assert_discounted(const Bench *b)
{
    g_autoptr(GArray) infos = __wrap_vv_vf_settings_read(fake_host_sysfs(b->fake), "enp6s0", 1, NULL);
    const VvVfSettings *settings = &g_array_index(infos, VvVfInfo, 1).settings;

    vv_vf_leases_discount(b->journal, address_of(VF1), infos);
    g_autofree char *of_another = vv_vf_settings_to_text(settings);
    assert_string_equal(of_another, WANTED);
    vv_vf_leases_discount(b->journal, address_of(PF), infos);
    g_autofree char *own = vv_vf_settings_to_text(settings);
    assert_string_equal(own, BEFORE);
}

static void test_take_and_return(void **state)
{
    Bench b;

    open_bench(&b);
    lease_fine(&b, "", 0);
    assert_no_note(&b, VF1);
    /* libvirt's part is noted before libvirt sets it, and ours is set. */
    lease_fine(&b, "trust=on", VV_VF_MAC | VV_VF_VLAN);
    assert_string_equal(pf->text[1],
                        "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=on spoofchk=on rate=0,0 link=auto");
    assert_false(vv_journal_is_empty(b.journal));
    g_strlcpy(pf->text[1], "mac=52:54:00:00:00:0a vlan=20 qos=0 trust=on spoofchk=on rate=0,0 link=auto",
              sizeof pf->text[1]);
    /* The second time more is wanted, and what was first noted stays. */
    lease_fine(&b, WANTED, 0);
    assert_string_equal(pf->text[1], WANTED);
    assert_string_equal(pf->text[0], BEFORE);
    g_autoptr(GPtrArray) leases = vv_vf_leases(b.journal);
    assert_int_equal(leases->len, 1);
    const VvVfLease *lease = leases->pdata[0];
    g_autofree char *before = vv_vf_settings_to_text(&lease->before);
    assert_string_equal(before, BEFORE);
    assert_string_equal(lease->owner, UUID_A);
    assert_int_equal(lease->index, 1);
    assert_discounted(&b);
    assert_true(give_back(&b, NULL));
    assert_string_equal(pf->text[1], BEFORE);
    assert_no_note(&b, VF1);
    assert_true(vv_journal_is_empty(b.journal));
    guint sets = pf->sets;
    assert_true(give_back(&b, NULL));
    assert_int_equal(pf->sets, sets);
    bench_close(&b);
}

static void test_failures(void **state)
{
    GError *error = NULL;
    Bench b;

    open_bench(&b);
    pf->refuses = TRUE;
    assert_false(lease(&b, "trust=on", 0, UUID_A, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "cannot set trust");
    /* Whoever gives the VF back looks after it, and keeps it as long as that fails. */
    assert_false(give_back(&b, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "'virt-vfio recover' tries again");
    g_autofree char *kept = note(&b, VF1);
    assert_non_null(kept);
    pf->refuses = FALSE;
    assert_true(vv_recover(b.host, b.journal, NULL, &b.options, NULL, NULL));
    assert_no_note(&b, VF1);
    /* Half a note is none. */
    fake_host_put(b.fake, "run/virt-vfio/vfs/" VF1, "[vf]\nowner=x\nparent=06");
    assert_true(give_back(&b, NULL));
    g_autofree char *path = g_build_filename(fake_host_root(b.fake), "run/virt-vfio/vfs/" VF1, NULL);
    assert_int_equal(unlink(path), 0);
    bench_close(&b);
}

static void test_nothing_to_ask(void **state)
{
    GError *error = NULL;
    Bench b;

    open_bench(&b);
    lease_fine(&b, "trust=on", 0);
    /* With another number of VFs their settings are new. */
    fake_host_unplug(b.fake, VF1);
    guint sets = pf->sets;
    assert_true(give_back(&b, NULL));
    assert_int_equal(pf->sets, sets);
    assert_no_note(&b, VF1);
    assert_false(lease(&b, "trust=on", 0, UUID_A, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "no virtual function any more");
    bench_close(&b);

    bench_open(&b, fake_host_new(SRIOV_MACHINE));
    assert_false(lease(&b, "trust=on", 0, UUID_A, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "has no network interface here");
    bench_close(&b);
}

#define DOMAIN                                                                                               \
    SRIOV_DOMAIN("a", UUID_A,                                                                                \
                 "<vv:vf name='wan' address='" VF1 "' parent='" PF                                           \
                 "' qos='3' trust='yes' spoofchk='no' rate='100' link='enable'/>",                           \
                 SRIOV_INTERFACE("0x10", "2", "<vlan><tag id='20'/></vlan>"))

static int call(Bench *b, const char *operation, GString *words)
{
    const VvHookConfig config = {0};
    const VvHookCall made = {.operation = operation, .xml = DOMAIN, .length = strlen(DOMAIN)};

    bench_rescan(b);
    return vv_hook_handle(b->host, b->journal, &config, &made, words);
}

/* As libvirt calls the hook, and does its own between. */
static void run_hook(Bench *b, GString *words)
{
    assert_int_equal(call(b, "prepare", words), 0);
    g_autofree char *libvirts = NULL;
    VvVfSettings own = {0};
    assert_true(vv_vf_settings_from_text("mac=52:54:00:00:00:0a vlan=20 qos=0", &own, NULL));
    libvirts = merged(pf->text[1], &own);
    g_strlcpy(pf->text[1], libvirts, sizeof pf->text[1]);
    assert_int_equal(call(b, "start", words), 0);
}

static void test_hook(void **state)
{
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    open_bench(&b);
    run_hook(&b, words);
    assert_string_equal(pf->text[1], WANTED);
    bench_assert_driver(&b, VF1, "vfio-pci");
    g_autofree char *entry = NULL;
    g_autofree char *path = g_build_filename(fake_host_root(b.fake), "run/virt-vfio/devices", VF1, NULL);
    assert_true(g_file_get_contents(path, &entry, NULL, NULL));
    assert_non_null(strstr(entry, "place=" PF "/1\n"));
    assert_int_equal(call(&b, "release", words), 0);
    assert_string_equal(pf->text[1], BEFORE);
    assert_no_note(&b, VF1);
    assert_string_equal(words->str, "");
    bench_assert_as_before(&b);
    /* What cannot be had is no start, and release cleans up. */
    pf->refuses = TRUE;
    assert_int_equal(call(&b, "prepare", words), 1);
    assert_non_null(strstr(words->str, "virt-vfio: [network wan]: its driver cannot set trust"));
    pf->refuses = FALSE;
    assert_int_equal(call(&b, "release", words), 0);
    bench_assert_as_before(&b);
    run_hook(&b, words);
    pf->refuses = TRUE;
    assert_int_equal(call(&b, "start", words), 1);
    pf->refuses = FALSE;
    assert_int_equal(call(&b, "release", words), 0);
    assert_string_equal(pf->text[1], BEFORE);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static gboolean runs(const VvEntry *entry, gpointer data)
{
    assert_string_equal(entry->owner, UUID_A);
    return *(gboolean *)data;
}

/* A VF that was bound by hand stays so, but not with the guest's settings. */
static void test_by_hand(void **state)
{
    g_autoptr(GString) words = g_string_new(NULL);
    gboolean alive = TRUE;
    const VvRecoverOptions options = {.owner_alive = runs, .data = &alive};
    Bench b;

    open_bench(&b);
    bench_take_fine(&b, "06:10.2");
    run_hook(&b, words);
    assert_int_equal(call(&b, "release", words), 0);
    assert_string_equal(pf->text[1], BEFORE);
    bench_assert_driver(&b, VF1, "vfio-pci");
    /* Nobody told us that the guest has ended. */
    run_hook(&b, words);
    assert_true(vv_recover(b.host, b.journal, &options, &b.options, NULL, NULL));
    assert_string_equal(pf->text[1], WANTED);
    alive = FALSE;
    fake_host_hold_group(b.fake, 12, TRUE);
    assert_true(vv_recover(b.host, b.journal, &options, &b.options, NULL, NULL));
    assert_string_equal(pf->text[1], WANTED);
    fake_host_hold_group(b.fake, 12, FALSE);
    assert_true(vv_recover(b.host, b.journal, &options, &b.options, NULL, NULL));
    assert_string_equal(pf->text[1], BEFORE);
    assert_no_note(&b, VF1);
    bench_assert_driver(&b, VF1, "vfio-pci");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

#ifdef VV_TEST_SEAM
/* TRUE when there was such a step. */
static gboolean killed(Bench *b, int step, const char *const *operations)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        g_autoptr(GString) words = g_string_new(NULL);
        vv_seam_set(VV_SEAM_KILL, step, 0);
        for (; *operations; operations++)
            call(b, *operations, words);
        kill(getpid(), SIGTERM);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Everything is as before after each step at which the hook can be killed, and the recovery with it. */
static void test_kills(void **state)
{
    static const char *const operations[] = {"prepare", "start", "release", NULL};
    guint kills = 0;
    Bench b;

    open_bench(&b);
    for (int step = 1; killed(&b, step, operations); step++) {
        kills++;
        for (int again = 1; again < 4; again++) {
            pid_t pid = fork();
            if (pid == 0) {
                vv_seam_set(VV_SEAM_KILL, again, 0);
                bench_rescan(&b);
                vv_recover(b.host, b.journal, NULL, &b.options, NULL, NULL);
                kill(getpid(), SIGTERM);
            }
            waitpid(pid, NULL, 0);
        }
        bench_rescan(&b);
        assert_true(vv_recover(b.host, b.journal, NULL, &b.options, NULL, NULL));
        assert_string_equal(pf->text[1], BEFORE);
        assert_no_note(&b, VF1);
        bench_assert_as_before(&b);
    }
    assert_true(kills > 20);
    bench_assert_as_before(&b);
    bench_close(&b);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_and_return), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_nothing_to_ask),  cmocka_unit_test(test_hook),
        cmocka_unit_test(test_by_hand),
#ifdef VV_TEST_SEAM
        cmocka_unit_test(test_kills),
#endif
    };

    pf = mmap(NULL, sizeof *pf, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests_name("vf-lease", tests, NULL, NULL);
}
