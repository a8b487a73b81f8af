/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake-card.h"
#include "vfio/error.h"
#include "vfio/seam.h"

#include <errno.h>
#include <sys/wait.h>

static GBytes *read_from(Fake *fake, const char *word, VvRomSource *ret_source, GError **error)
{
    const VvRomReadOptions options = {.source = word};

    return vv_rom_read(fake->host, fake->journal, fake->device, &options, ret_source, error);
}

static void expect_error(Fake *fake, int code, const char *word)
{
    g_autoptr(GError) error = NULL;
    VvRomSource source = VV_ROM_SOURCE_VFIO;

    assert_null(read_from(fake, NULL, &source, &error));
    assert_int_equal(source, VV_ROM_SOURCE_VFIO);
    if (!g_error_matches(error, VV_ERROR, code) || !strstr(error->message, word))
        fail_msg("%d: %s", error->code, error->message);
    assert_non_null(strstr(error->message, "0000:01:00.0"));
}

static void expect_rom(Fake *fake, VvRomSource want)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = in_tree(fake, CARD "/rom"), *content = NULL;
    VvRomSource source;
    gsize size;
    g_autoptr(GBytes) bytes = read_from(fake, NULL, &source, &error);

    if (!bytes)
        fail_msg("%s", error->message);
    assert_true(g_file_get_contents(path, &content, &size, NULL));
    assert_int_equal(g_bytes_get_size(bytes), size);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), content, size);
    assert_string_equal(vv_rom_source_name(source), vv_rom_source_name(want));
}

static void expect_as_before(Fake *fake)
{
    g_autoptr(GArray) left = vv_rom_left_behind(fake->journal);

    assert_int_equal(number(fake, ROM_ON), 0);
    assert_int_equal(number(fake, CARD "/enable"), 0);
    assert_int_equal(command(fake), COMMAND_BEFORE);
    assert_reads(fake, CARD "/power/control", "auto");
    assert_int_equal(left->len, 0);
}

static void recover(Fake *fake, guint want)
{
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autoptr(GError) error = NULL;

    if (!vv_rom_recover(fake->host, fake->journal, done, &error))
        fail_msg("%s", error->message);
    assert_int_equal(done->len, want);
}

static void test_no_driver(void **state)
{
    Fake *fake = *state;

    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
    assert_string_equal(fake->log->str,
                        "power/control=on enable=1 rom=1 rom=0\n enable=0 config=4=0104 power/control=auto");
    expect_as_before(fake);
}

/* A card that is kept awake anyway stays so, and one that lost its driver while awake shows "unknown". */
static void test_already_awake(void **state)
{
    Fake *fake = *state;

    put(fake, CARD "/power/control", "on\n");
    put(fake, CARD "/power_state", "unknown\n");
    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
    assert_string_equal(fake->log->str, "enable=1 rom=1 rom=0\n enable=0 config=4=0104");
    assert_int_equal(number(fake, ROM_ON) + number(fake, CARD "/enable"), 0);
}

static void test_does_not_wake(void **state)
{
    Fake *fake = *state;

    fake->wakes = FALSE;
    expect_error(fake, VV_ERROR_FAILED, "D3cold");
    assert_string_equal(fake->log->str, "power/control=on rom=0\n power/control=auto");
    expect_as_before(fake);
}

/* Each write fails once; what was set before it is put back. */
static void test_writes_fail(void **state)
{
    static const struct {
        const char *at;
        int errnum, code;
        const char *log;
    } cases[] = {
        {"power/control=on", EACCES, VV_ERROR_NOT_READY, "power/control=on rom=0\n"},
        {"enable=1", EPERM, VV_ERROR_NOT_READY, "power/control=on enable=1 rom=0\n power/control=auto"},
        {"enable=1", EBUSY, VV_ERROR_FAILED, "power/control=on enable=1 rom=0\n power/control=auto"},
        {"rom=1", EIO, VV_ERROR_FAILED,
         "power/control=on enable=1 rom=1 rom=0\n enable=0 config=4=0104 power/control=auto"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fake *fake = *state;
        put(fake, CARD "/power_state", "D3cold\n");
        g_string_truncate(fake->log, 0);
        fake->fail_at = cases[i].at;
        fake->fail_errno = cases[i].errnum;
        expect_error(fake, cases[i].code, cases[i].code == VV_ERROR_NOT_READY ? "root" : "writing");
        assert_string_equal(fake->log->str, cases[i].log);
        expect_as_before(fake);
    }
}

/* When putting back fails, the rest is put back all the same, and it is said. */
static void test_put_back_fails(void **state)
{
    Fake *fake = *state;

    fake->fail_at = "enable=0";
    fake->fail_errno = EIO;
    expect_error(fake, VV_ERROR_FAILED, "not all was put back");
    assert_string_equal(fake->log->str,
                        "power/control=on enable=1 rom=1 rom=0\n enable=0 power/control=auto");
    assert_int_equal(number(fake, ROM_ON), 0);
    assert_reads(fake, CARD "/power/control", "auto");

    /* It stays written down until it is. */
    fake->fail_at = NULL;
    g_string_truncate(fake->log, 0);
    recover(fake, 1);
    assert_string_equal(fake->log->str, "rom=0\n enable=0 config=4=0104");
    expect_as_before(fake);
}

/* Address 0 of a process cannot be read: EIO, as from a card whose ROM cannot be mapped. */
static void test_read_fails(void **state)
{
    Fake *fake = *state;

    put_link(fake, CARD "/rom", "/proc/self/mem");
    expect_error(fake, VV_ERROR_FAILED, "EIO");
    expect_as_before(fake);
    assert_non_null(strstr(fake->log->str, "rom=0\n"));
}

static void test_empty_and_endless(void **state)
{
    Fake *fake = *state;

    put(fake, CARD "/rom", "");
    expect_error(fake, VV_ERROR_FAILED, "empty");
    expect_as_before(fake);
    put_link(fake, CARD "/rom", "/dev/zero");
    expect_error(fake, VV_ERROR_FAILED, "16 MiB");
    expect_as_before(fake);
}

/* A file that is another one at each reading. */
static void test_readings_differ(void **state)
{
    Fake *fake = *state;

    if (!g_file_test("/proc/sys/kernel/random/uuid", G_FILE_TEST_EXISTS))
        skip();
    put_link(fake, CARD "/rom", "/proc/sys/kernel/random/uuid");
    expect_error(fake, VV_ERROR_FAILED, "differ");
    expect_as_before(fake);
}

static void test_no_rom_bar(void **state)
{
    Fake *fake = *state;
    g_autofree char *path = in_tree(fake, CARD "/rom");

    g_remove(path);
    expect_error(fake, VV_ERROR_NOT_READY, "no ROM BAR");
    assert_string_equal(fake->log->str, "");
}

/* Its driver has it awake and enabled; power and `enable` are not ours. */
static void test_host_driver(void **state)
{
    Fake *fake = *state;

    put_link(fake, CARD "/driver", "../../../../bus/pci/drivers/nouveau");
    scan(fake);
    expect_error(fake, VV_ERROR_FAILED, "nouveau");
    assert_string_equal(fake->log->str, "");

    put(fake, CARD "/power_state", "D0\n");
    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
    assert_string_equal(fake->log->str, "rom=1 rom=0\n");
    expect_as_before(fake);
}

static void test_shadow(void **state)
{
    Fake *fake = *state;
    g_autoptr(GString) resource = g_string_new(NULL);

    for (int i = 0; i < 6; i++)
        g_string_append(resource, "0x00000000000c0000 0x00000000000dffff 0x0000000000000200\n");
    put(fake, CARD "/boot_vga", "1\n");
    g_string_append(resource, "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n");
    put(fake, CARD "/resource", resource->str);
    expect_rom(fake, VV_ROM_SOURCE_SHADOW);
    expect_as_before(fake);

    /* A ROM BAR of its own. */
    resource->str[resource->len - 57 + 10] = 'f';
    put(fake, CARD "/resource", resource->str);
    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
}

/* The real thing is tested in the lab; here: that it is chosen, says what it lacks, and leaves sysfs alone.
 */
static void test_vfio(void **state)
{
    Fake *fake = *state;

    put_link(fake, CARD "/driver", "../../../../bus/pci/drivers/vfio-pci");
    expect_error(fake, VV_ERROR_NOT_READY, "dev/vfio/7");
    put(fake, "dev/vfio/7", "");
    expect_error(fake, VV_ERROR_NOT_READY, "dev/vfio/vfio");
    put(fake, "dev/vfio/vfio", "");
    expect_error(fake, VV_ERROR_NOT_READY, "vfio_iommu_type1");
    fake->device->group = -1;
    expect_error(fake, VV_ERROR_NOT_READY, "no IOMMU group");
    assert_string_equal(fake->log->str, "");
}

/* A lit screen may go dark while the ROM is decoded. */
static void test_host_use(void **state)
{
    Fake *fake = *state;
    const char *const allow[] = {"display-active", NULL};
    const VvRomReadOptions allowed = {.allow = allow};
    VvRomSource source;

    put_link(fake, CARD "/driver", "../../../../bus/pci/drivers/nouveau");
    put(fake, CARD "/power_state", "D0\n");
    put(fake, CARD "/drm/card0/card0-HDMI-A-1/status", "connected\n");
    put(fake, CARD "/drm/card0/card0-HDMI-A-1/enabled", "enabled\n");
    put(fake, CARD "/drm/card0/card0-HDMI-A-1/dpms", "On\n");
    put(fake, "sys/class/drm/version", "drm\n");
    put_link(fake, "sys/class/drm/card0-HDMI-A-1",
             "../../bus/pci/devices/0000:01:00.0/drm/card0/card0-HDMI-A-1");
    scan(fake);
    expect_error(fake, VV_ERROR_REFUSED, "display-active");
    assert_string_equal(fake->log->str, "");

    g_autoptr(GBytes) bytes = vv_rom_read(fake->host, fake->journal, fake->device, &allowed, &source, NULL);
    assert_non_null(bytes);
    assert_string_equal(fake->log->str, "rom=1 rom=0\n");

    /* The driver's copy disturbs nobody. */
    put(fake, "sys/kernel/debug/dri/0/amdgpu_vbios", "copy");
    g_string_truncate(fake->log, 0);
    g_autoptr(GBytes) copy = read_from(fake, NULL, &source, NULL);
    assert_int_equal(source, VV_ROM_SOURCE_DEBUGFS);
    assert_memory_equal(g_bytes_get_data(copy, NULL), "copy", 4);
    assert_string_equal(fake->log->str, "");
}

/* A source that is named is the only one. */
static void test_named_source(void **state)
{
    static const struct {
        const char *source, *word;
    } cases[] = {{"vfio", "vfio-pci"}, {"acpi", "VFCT"}, {"debugfs", "debugfs"}};
    Fake *fake = *state;
    VvRomSource source;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(read_from(fake, cases[i].source, &source, &error));
        assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_NOT_READY));
        assert_non_null(strstr(error->message, cases[i].word));
    }
    assert_string_equal(fake->log->str, "");
    g_autoptr(GBytes) bytes = read_from(fake, "sysfs", &source, NULL);
    assert_non_null(bytes);
    put_link(fake, CARD "/driver", "../../../../bus/pci/drivers/vfio-pci");
    assert_null(read_from(fake, "sysfs", &source, NULL));
    assert_null(read_from(fake, "shadow", &source, NULL));
}

/* A driver that came meanwhile keeps its card; of the rest, what is not the driver's goes back. */
static void test_recover_waits(void **state)
{
    Fake *fake = *state;
    g_autoptr(VvRomNote) note = vv_rom_note_new(fake->sysfs, fake->device);

    note->power = g_strdup("auto");
    note->enable = 0;
    note->command = COMMAND_BEFORE;
    assert_true(vv_rom_note_write(fake->journal, note, NULL));
    put(fake, CARD "/power/control", "on\n");
    put(fake, CARD "/enable", "2\n");
    put(fake, ROM_ON, "1\n");
    put_command(fake, COMMAND_BEFORE | 2);
    put_link(fake, CARD "/driver", "../../../../bus/pci/drivers/nouveau");
    recover(fake, 0);
    assert_string_equal(fake->log->str, "rom=0\n power/control=auto");

    g_autofree char *driver = in_tree(fake, CARD "/driver");
    g_remove(driver);
    put(fake, CARD "/enable", "1\n");
    recover(fake, 1);
    expect_as_before(fake);
}

/* At the address is another card, or none: nothing of the old one is left. */
static void test_recover_other(void **state)
{
    Fake *fake = *state;
    g_autoptr(VvRomNote) note = vv_rom_note_new(fake->sysfs, fake->device);

    note->enable = 0;
    assert_true(vv_rom_note_write(fake->journal, note, NULL));
    put(fake, CARD "/modalias", "pci:v000010DEd00001B81sv00001458sd00003702bc03sc00i00\n");
    scan(fake);
    recover(fake, 1);
    note->address.slot = 9;
    assert_true(vv_rom_note_write(fake->journal, note, NULL));
    recover(fake, 1);
    assert_string_equal(fake->log->str, "");
    expect_as_before(fake);
}

static void test_recover_damaged(void **state)
{
    Fake *fake = *state;
    g_autoptr(GError) error = NULL;

    put(fake, NOTES "/0000:01:00.0", "[rom]\nids=10de\n");
    assert_false(vv_rom_recover(fake->host, fake->journal, NULL, &error));
    assert_non_null(strstr(error->message, NOTES "/0000:01:00.0"));
    put(fake, NOTES "/0000:01:00.0", "");
    assert_false(vv_rom_recover(fake->host, fake->journal, NULL, NULL));
    assert_string_equal(fake->log->str, "");
}

#ifdef VV_TEST_SEAM
/* Runs `work` in a child in which step `at` kills it or fails. TRUE when there was such a step. */
static gboolean interrupted(Fake *fake, VvSeamMode mode, int at, void (*work)(Fake *fake))
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        vv_seam_set(mode, at, EIO);
        work(fake);
        _exit(vv_seam_steps() >= at ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 1;
}

static void work_read(Fake *fake)
{
    VvRomSource source;

    vv_rom_read(fake->host, fake->journal, fake->device, NULL, &source, NULL);
}

static void work_recover(Fake *fake)
{
    vv_rom_recover(fake->host, fake->journal, NULL, NULL);
}

/* At each step of the reading, and of each recovery; a step that fails must not keep the next recovery from
 * it either. */
static void test_every_step(void **state)
{
    Fake *fake = *state;

    for (int mode = VV_SEAM_KILL; mode <= VV_SEAM_FAIL; mode++) {
        int at = 1;
        for (gboolean more = TRUE; more; at++) {
            for (int again = 1; again < 8; again *= 2) {
                more = interrupted(fake, (VvSeamMode)mode, at, work_read);
                interrupted(fake, (VvSeamMode)mode, again, work_recover);
                g_assert_true(vv_rom_recover(fake->host, fake->journal, NULL, NULL));
                expect_as_before(fake);
                put(fake, CARD "/power_state", "D3cold\n");
            }
        }
        assert_in_range(at, 10, 20);
    }
}
#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_no_driver),       TEST(test_already_awake),
        TEST(test_does_not_wake),   TEST(test_writes_fail),
        TEST(test_put_back_fails),  TEST(test_read_fails),
        TEST(test_no_rom_bar),      TEST(test_empty_and_endless),
        TEST(test_readings_differ), TEST(test_host_driver),
        TEST(test_shadow),          TEST(test_vfio),
        TEST(test_host_use),        TEST(test_named_source),
        TEST(test_recover_waits),   TEST(test_recover_other),
        TEST(test_recover_damaged),
#ifdef VV_TEST_SEAM
        TEST(test_every_step),
#endif
    };

    return cmocka_run_group_tests_name("rom-read", tests, NULL, NULL);
}
