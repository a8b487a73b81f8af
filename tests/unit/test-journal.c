/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/journal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GPU "0000:01:00.0"

/* The fake machine is only a folder here. */
typedef struct {
    FakeHost *fake;
    VvJournal *journal;
    char *devices;
} Fixture;

static int set_up(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->fake = fake_host_new("");
    f->journal = vv_journal_new(fake_host_root(f->fake));
    f->devices = g_build_filename(fake_host_root(f->fake), "run/virt-vfio/devices", NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;

    vv_journal_free(f->journal);
    fake_host_free(f->fake);
    g_free(f->devices);
    g_free(f);
    return 0;
}

static void write_entry(Fixture *f, const VvEntry *entry)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = vv_journal_write(f->journal, entry, &error);

    assert_fine(error);
    assert_true(ok);
}

static VvEntry *read_entry(Fixture *f, const char *address)
{
    g_autoptr(GError) error = NULL;
    VvEntry *entry = vv_journal_read(f->journal, address_of(address), &error);

    assert_fine(error);
    return entry;
}

static void assert_same_entry(const VvEntry *a, const VvEntry *b)
{
    assert_true(vv_address_equal(a->address, b->address));
    assert_int_equal(a->state, b->state);
    assert_text(a->owner, b->owner);
    assert_text(a->owner_name, b->owner_name);
    assert_text(a->driver, b->driver);
    assert_text(a->override, b->override);
    assert_text(a->note, b->note);
    assert_true(a->since == b->since);
}

static void test_round_trip(void **state)
{
    static const char *const states[] = {"taking", "taken", "returning", "stuck", "quarantined"};

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(VvEntry) entry =
            vv_entry_new(address_of(GPU), "5c1b0d7e-0000-4000-8000-123456789abc", "win11");
        entry->state = (VvState)i;
        entry->driver = g_strdup("nouveau");
        entry->override = g_strdup("nouveau");
        entry->note = g_strdup("process 12 waits in vfio_unregister_group_dev");
        entry->since = 1700000000 + i;
        write_entry(*state, entry);
        g_autoptr(VvEntry) back = read_entry(*state, GPU);
        assert_same_entry(entry, back);
        assert_string_equal(vv_state_name(back->state), states[i]);
    }
}

static void test_nothing_stays_nothing(void **state)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of("10000:e1:00.0"), VV_OWNER_MANUAL, NULL);

    assert_true(entry->since >= now && entry->since <= now + 2);
    write_entry(*state, entry);
    g_autoptr(VvEntry) back = read_entry(*state, "10000:e1:00.0");
    assert_same_entry(entry, back);
    assert_null(back->driver);
    assert_null(back->override);
    assert_null(back->owner_name);
    assert_null(back->note);
}

/* Names and notes come from elsewhere: a domain's name, what the kernel printed. */
static void test_odd_text(void **state)
{
    static const char *const odd[] = {
        "a b",    " leading",    "trailing ", "semi;colon",
        "eq=ual", "[section]",   "# hash",    "new\nline\nstate=taken",
        "tab\t",  "back\\slash", "\\n",       "Gr\303\274\303\237e",
        "",       "%s%n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), "uuid", odd[i]);
        entry->state = VV_STATE_STUCK;
        entry->note = g_strdup(odd[i]);
        write_entry(*state, entry);
        g_autoptr(VvEntry) back = read_entry(*state, GPU);
        assert_same_entry(entry, back);
    }
}

static void test_replace_leaves_one_file(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    g_autofree char *file = g_build_filename(f->devices, GPU, NULL);
    struct stat first, second;

    write_entry(f, entry);
    assert_int_equal(stat(file, &first), 0);
    entry->note = g_strdup("again");
    write_entry(f, entry);
    assert_int_equal(stat(file, &second), 0);
    assert_true(first.st_ino != second.st_ino); /* renamed over, not written into */
    assert_int_equal(second.st_mode & 07022, 0);

    g_autoptr(GPtrArray) names = vv_sysfs_list(fake_host_sysfs(f->fake), "run/virt-vfio/devices");
    assert_int_equal(names->len, 1);
    struct stat folder;
    assert_int_equal(stat(f->devices, &folder), 0);
    assert_int_equal(folder.st_mode & 07022, 0);
}

/* When it cannot be written the entry of before is still whole. */
static void test_failed_write_keeps_the_old(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    g_autofree char *in_the_way = g_build_filename(f->devices, GPU ".new", NULL);
    GError *error = NULL;

    entry->driver = g_strdup("nvme");
    write_entry(f, entry);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    entry->state = VV_STATE_TAKEN;
    assert_false(vv_journal_write(f->journal, entry, &error));
    assert_problem(error, VV_ERROR_FAILED, GPU);
    g_autoptr(VvEntry) back = read_entry(f, GPU);
    assert_int_equal(back->state, VV_STATE_TAKING);
    assert_text(back->driver, "nvme");
}

static void test_missing(void **state)
{
    Fixture *f = *state;
    GError *error = NULL;

    assert_null(read_entry(f, GPU));
    g_autoptr(GPtrArray) none = vv_journal_list(f->journal, &error);
    assert_fine(error);
    assert_int_equal(none->len, 0);
    assert_false(g_file_test(f->devices, G_FILE_TEST_EXISTS)); /* reading creates nothing */
    vv_journal_free(NULL);
    vv_entry_free(NULL);
}

static void put_entry(Fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename("run/virt-vfio/devices", name, NULL);

    fake_host_put(f->fake, path, text);
}

static void test_garbage(void **state)
{
    Fixture *f = *state;
    static const char *const garbage[] = {
        "",
        "\n",
        "hello",
        "[device]\n",
        "[device]\nstate=taken\n",
        "[device]\nowner=manual\n",
        "[device]\nstate=gone\nowner=manual\nsince=1\n",
        "[other]\nstate=taken\nowner=manual\nsince=1\n",
        "[device]\nstate=taken\nowner=manual\nsince=1\ndriver\n",
        /* A driver that cannot be read must not become "there was none". */
        "[device]\nstate=taken\nowner=manual\nsince=1\ndriver=\\q\n",
        "[device]\nstate=taken\nowner=manual\nsince=1\noverride=\xff\xfe\n",
        "[device]\nstate=taken\nowner=manual\nsince=yesterday\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++) {
        GError *error = NULL;
        put_entry(f, GPU, garbage[i]);
        VvEntry *entry = vv_journal_read(f->journal, address_of(GPU), &error);
        if (entry)
            fail_msg("'%s' was read as an entry", garbage[i]);
        assert_problem(error, VV_ERROR_FAILED, "devices/" GPU);
        error = NULL;
        assert_null(vv_journal_list(f->journal, &error));
        assert_problem(error, VV_ERROR_FAILED, "devices/" GPU);
    }
}

static void test_list(void **state)
{
    Fixture *f = *state;
    static const char *const unsorted[] = {"10000:01:00.0", "0000:02:00.0", "0000:01:00.1", "0000:01:00.0"};
    GError *error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(unsorted); i++) {
        g_autoptr(VvEntry) entry = vv_entry_new(address_of(unsorted[i]), VV_OWNER_MANUAL, NULL);
        write_entry(f, entry);
    }
    put_entry(f, GPU ".new", "half a f"); /* of a writer that was killed */
    put_entry(f, "README", "not an address");
    g_autoptr(GPtrArray) entries = vv_journal_list(f->journal, &error);
    assert_fine(error);
    assert_int_equal(entries->len, G_N_ELEMENTS(unsorted));
    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        assert_true(vv_address_equal(entry->address, address_of(unsorted[entries->len - 1 - i])));
    }
}

static void test_remove(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    GError *error = NULL;

    assert_true(vv_journal_remove(f->journal, entry->address, &error)); /* no folder yet */
    write_entry(f, entry);
    assert_true(vv_journal_remove(f->journal, entry->address, &error));
    assert_true(vv_journal_remove(f->journal, entry->address, &error));
    assert_fine(error);
    assert_null(read_entry(f, GPU));
}

static GArray *groups_of(int first, int second)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(int));

    g_array_append_val(groups, first);
    if (second >= 0)
        g_array_append_val(groups, second);
    return groups;
}

/* Another program: tries for wait_ms, and says in its exit code how it went. */
static pid_t try_elsewhere(const Fixture *f, int first, int second, guint wait_ms)
{
    pid_t pid = fork();

    if (pid == 0) {
        vv_journal_unlock(f->journal); /* only this process's copies of the descriptors */
        VvJournal *journal = vv_journal_new(fake_host_root(f->fake));
        GArray *groups = groups_of(first, second);
        GError *error = NULL;
        gboolean ok = vv_journal_lock_groups(journal, groups, wait_ms, &error);
        _exit(ok ? 0 : strstr(error->message, "IOMMU group 7") ? 7 : 1);
    }
    return pid;
}

static int exit_code(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void lock_here(Fixture *f, int first, int second)
{
    g_autoptr(GArray) groups = groups_of(first, second);
    g_autoptr(GError) error = NULL;
    gboolean ok = vv_journal_lock_groups(f->journal, groups, 0, &error);

    assert_fine(error);
    assert_true(ok);
}

static void test_lock_refuses_in_time(void **state)
{
    Fixture *f = *state;

    lock_here(f, 3, 7);
    gint64 start = g_get_monotonic_time();
    assert_int_equal(exit_code(try_elsewhere(f, 7, -1, 200)), 7);
    gint64 took = (g_get_monotonic_time() - start) / 1000;
    assert_in_range(took, 200, 5000);

    assert_int_equal(exit_code(try_elsewhere(f, 7, 9, 0)), 7);
    assert_int_equal(exit_code(try_elsewhere(f, 4, 9, 0)), 0); /* others are free */
    vv_journal_unlock(f->journal);
    assert_int_equal(exit_code(try_elsewhere(f, 3, 7, 0)), 0);
    vv_journal_unlock(f->journal);
}

static void test_lock_comes_after_release(void **state)
{
    Fixture *f = *state;

    lock_here(f, 7, -1);
    gint64 start = g_get_monotonic_time();
    pid_t waiting = try_elsewhere(f, 7, -1, 10000);
    g_usleep(100000);
    assert_int_equal(waitpid(waiting, NULL, WNOHANG), 0);
    vv_journal_unlock(f->journal);
    assert_int_equal(exit_code(waiting), 0);
    assert_true(g_get_monotonic_time() - start < 8 * G_USEC_PER_SEC);
}

/* A refusal in the middle gives back what was locked before it. */
static void test_lock_all_or_none(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvJournal) other = vv_journal_new(fake_host_root(f->fake));
    g_autoptr(GArray) both = groups_of(3, 7), first = groups_of(3, -1);
    GError *error = NULL;

    lock_here(f, 7, -1);
    assert_false(vv_journal_lock_groups(other, both, 0, &error));
    assert_problem(error, VV_ERROR_FAILED, "IOMMU group 7");
    error = NULL;
    g_autoptr(VvJournal) third = vv_journal_new(fake_host_root(f->fake));
    assert_true(vv_journal_lock_groups(third, first, 0, &error));
    assert_null(error);
}

static void test_lock_dies_with_its_holder(void **state)
{
    Fixture *f = *state;
    int ends[2];
    char ready;

    assert_int_equal(pipe(ends), 0);
    pid_t holder = fork();
    if (holder == 0) {
        GArray *groups = groups_of(7, -1);
        if (vv_journal_lock_groups(f->journal, groups, 0, NULL) && write(ends[1], "+", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_int_equal(exit_code(try_elsewhere(f, 7, -1, 0)), 7);
    assert_int_equal(kill(holder, SIGTERM), 0);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    assert_int_equal(exit_code(try_elsewhere(f, 7, -1, 0)), 0);
    close(ends[0]);
    close(ends[1]);
}

static void assert_write_fails(Fixture *f, const VvEntry *entry, const char *why)
{
    GError *error = NULL;

    assert_false(vv_journal_write(f->journal, entry, &error));
    assert_problem(error, VV_ERROR_FAILED, why);
}

/* The disk is full or broken in the middle: the entry of before stays, and no half a file beside it. */
static void test_disk_fails(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    struct rlimit before, small;

    entry->driver = g_strdup("nvme");
    write_entry(f, entry);
    entry->driver[0] = 'x';
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t limit = 0; limit < 20; limit += 10) {
        small = (struct rlimit){limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        gboolean ok = vv_journal_write(f->journal, entry, NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_false(ok);
    }
    fake_fsync_fails_at = 1;
    assert_write_fails(f, entry, "Input/output error");
    g_autoptr(VvEntry) old = read_entry(f, GPU);
    assert_text(old->driver, "nvme");
    fake_fsync_fails_at = 2; /* of the folder: it is there, but may not outlast a crash */
    assert_write_fails(f, entry, "Input/output error");
    assert_int_equal(fake_fsync_fails_at, 0);
    g_autoptr(GPtrArray) names = vv_sysfs_list(fake_host_sysfs(f->fake), "run/virt-vfio/devices");
    assert_int_equal(names->len, 1);
}

static void test_folder_cannot_be_made(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    g_autofree char *link = g_build_filename(fake_host_root(f->fake), "run/virt-vfio", NULL);
    GError *error = NULL;

    assert_true(vv_journal_is_empty(f->journal));
    assert_int_equal(symlink("/nowhere/at/all", link), 0);
    assert_write_fails(f, entry, "write the journal entry");
    assert_false(vv_journal_lock(f->journal, 1, 0, &error));
    assert_problem(error, VV_ERROR_FAILED, "create");
}

/* Folders where files should be. */
static void test_wrong_kind(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    g_autofree char *path = g_build_filename(f->devices, GPU, NULL);
    g_autofree char *lock = g_build_filename(fake_host_root(f->fake), "run/virt-vfio/locks/group-1", NULL);
    GError *error = NULL;

    assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
    assert_int_equal(g_mkdir_with_parents(lock, 0700), 0);
    assert_false(vv_journal_is_empty(f->journal));
    assert_write_fails(f, entry, "Is a directory");
    assert_false(vv_journal_remove(f->journal, entry->address, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "remove the journal entry");
    assert_null(vv_journal_read(f->journal, entry->address, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "cannot read the journal");
    assert_false(vv_journal_lock(f->journal, 1, 0, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "lock");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(f->devices), 0);
    fake_host_put(f->fake, "run/virt-vfio/devices", "a file");
    assert_null(vv_journal_list(f->journal, &error));
    assert_problem(error, VV_ERROR_FAILED, "cannot read the journal");
}

/* Only root may read it, and whoever is not shall be told so. */
static void test_closed_to_others(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    GError *error = NULL;
    uid_t self = geteuid();

    write_entry(f, entry);
    assert_int_equal(chmod(f->devices, 0), 0);
    assert_int_equal(self == 0 ? seteuid(65534) : 0, 0);
    GPtrArray *entries = vv_journal_list(f->journal, &error);
    assert_int_equal(seteuid(self), 0);
    assert_int_equal(chmod(f->devices, 0700), 0);
    assert_null(entries);
    assert_problem(error, VV_ERROR_NOT_READY, "root can");
}

/* A process that the entry names: whole, or not at all. */
static void test_process(void **state)
{
    Fixture *f = *state;
    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    static const char *const half[] = {"pid=812\n", "pid=one\nstarted=5\n", "pid=812\nstarted=-\n"};

    entry->by = (VvProcess){812, G_MAXUINT64 - 1};
    write_entry(f, entry);
    g_autoptr(VvEntry) back = read_entry(f, GPU);
    assert_int_equal(back->by.pid, 812);
    assert_true(back->by.started == G_MAXUINT64 - 1);
    for (gsize i = 0; i < G_N_ELEMENTS(half); i++) {
        g_autofree char *text = g_strdup_printf("[device]\nstate=taken\nowner=manual\nsince=1\n%s", half[i]);
        put_entry(f, GPU, text);
        assert_null(vv_journal_read(f->journal, address_of(GPU), NULL));
    }
}

static void test_roots(void **state)
{
    vv_journal_free(vv_journal_new(NULL));
    vv_journal_free(vv_journal_new(""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_nothing_stays_nothing),
        TEST(test_odd_text),
        TEST(test_replace_leaves_one_file),
        TEST(test_failed_write_keeps_the_old),
        TEST(test_missing),
        TEST(test_garbage),
        TEST(test_list),
        TEST(test_remove),
        TEST(test_lock_refuses_in_time),
        TEST(test_lock_comes_after_release),
        TEST(test_lock_all_or_none),
        TEST(test_lock_dies_with_its_holder),
        TEST(test_disk_fails),
        TEST(test_folder_cannot_be_made),
        TEST(test_wrong_kind),
        TEST(test_closed_to_others),
        TEST(test_process),
        TEST(test_roots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
