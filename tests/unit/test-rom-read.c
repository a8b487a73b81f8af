/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake-card.h"
#include "vfio/error.h"

#include <errno.h>

static void expect_error(Fake *fake, int code, const char *word)
{
    g_autoptr(GError) error = NULL;
    VvRomSource source = VV_ROM_SOURCE_VFIO;

    assert_null(vv_rom_read(fake->sysfs, &fake->device, &source, &error));
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
    g_autoptr(GBytes) bytes = vv_rom_read(fake->sysfs, &fake->device, &source, &error);

    if (!bytes)
        fail_msg("%s", error->message);
    assert_true(g_file_get_contents(path, &content, &size, NULL));
    assert_int_equal(g_bytes_get_size(bytes), size);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), content, size);
    assert_string_equal(vv_rom_source_name(source), vv_rom_source_name(want));
}

static void expect_as_before(Fake *fake)
{
    assert_int_equal(fake->rom, 0);
    assert_int_equal(fake->enable, 0);
    assert_reads(fake, CARD "/power/control", "auto");
}

static void test_no_driver(void **state)
{
    Fake *fake = *state;

    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
    assert_string_equal(fake->log->str,
                        "power/control=on enable=1 rom=1 rom=0\n enable=0 power/control=auto");
    expect_as_before(fake);
}

/* A card that is kept awake anyway stays so, and one that lost its driver while awake shows "unknown". */
static void test_already_awake(void **state)
{
    Fake *fake = *state;

    put(fake, CARD "/power/control", "on\n");
    put(fake, CARD "/power_state", "unknown\n");
    expect_rom(fake, VV_ROM_SOURCE_SYSFS);
    assert_string_equal(fake->log->str, "enable=1 rom=1 rom=0\n enable=0");
    assert_int_equal(fake->rom + fake->enable, 0);
}

static void test_does_not_wake(void **state)
{
    Fake *fake = *state;

    fake->wakes = FALSE;
    expect_error(fake, VV_ERROR_FAILED, "D3cold");
    assert_string_equal(fake->log->str, "power/control=on power/control=auto");
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
        {"power/control=on", EACCES, VV_ERROR_NOT_READY, "power/control=on"},
        {"enable=1", EPERM, VV_ERROR_NOT_READY, "power/control=on enable=1 power/control=auto"},
        {"enable=1", EBUSY, VV_ERROR_FAILED, "power/control=on enable=1 power/control=auto"},
        {"rom=1", EIO, VV_ERROR_FAILED, "power/control=on enable=1 rom=1 enable=0 power/control=auto"},
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
    assert_int_equal(fake->rom, 0);
    assert_reads(fake, CARD "/power/control", "auto");
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
    fake->device.group = -1;
    expect_error(fake, VV_ERROR_NOT_READY, "no IOMMU group");
    assert_string_equal(fake->log->str, "");
}

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
    };

    return cmocka_run_group_tests_name("rom-read", tests, NULL, NULL);
}
