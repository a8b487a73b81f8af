/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every ROM of some Debian packages, against a table that tests/unit/rom-table.py made by other means. */
enum { PACKAGE, VERSION, PATH, SIZE, SHA256, VERDICT, PROBLEM, EFI, LEGACY, IMAGES, COLUMNS };

static char *describe_images(const VvRom *rom)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        g_string_append_printf(text, "%s0x%zx:%zu:%u:%04x:%04x:%06x:%s:%04x:%d", i ? " " : "", image->offset,
                               image->length, image->type, image->vendor, image->device, image->class_code,
                               !image->has_checksum ? "-"
                               : image->checksum_ok ? "good"
                                                    : "wrong",
                               image->efi_machine, image->last);
    }
    if (text->len == 0)
        g_string_append_c(text, '-');
    return g_string_free(text, FALSE);
}

static void check_firmware(const char *path, const char *name, const VvRomFirmware *firmware,
                           const char *want)
{
    g_autofree char *is = firmware->runs ? g_strdup_printf("0x%zx", firmware->offset) : g_strdup("-");

    if (strcmp(is, want) != 0)
        fail_msg("%s: %s: %s (%s), the table says %s", path, name, is, firmware->detail, want);
}

static void check_file(char **row, const guint8 *data, gsize size)
{
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);
    g_autofree char *images = describe_images(rom);
    const char *problem =
        rom->problems->len > 0 ? ((const VvRomProblem *)rom->problems->pdata[0])->code : "-";

    if (strcmp(vv_rom_verdict_name(rom->verdict), row[VERDICT]) != 0 || strcmp(problem, row[PROBLEM]) != 0 ||
        rom->problems->len > 1)
        fail_msg("%s: %s, %s; the table says %s, %s", row[PATH], vv_rom_verdict_name(rom->verdict), problem,
                 row[VERDICT], row[PROBLEM]);
    if (strcmp(images, row[IMAGES]) != 0)
        fail_msg("%s: %s; the table says %s", row[PATH], images, row[IMAGES]);
    check_firmware(row[PATH], "OVMF", &rom->ovmf, row[EFI]);
    check_firmware(row[PATH], "SeaBIOS", &rom->seabios, row[LEGACY]);
    assert_int_equal(rom->guest_end, rom->images->len > 0 ? size : 0);
}

/* Every row whose package is `package`. Files that are not there, or are of another version, prove nothing.
 */
static void check_package(const char *package)
{
    const char *root = getenv("SOURCE_ROOT");
    g_autofree char *path = g_build_filename(root ? root : ".", "tests/unit/rom-table.tsv", NULL);
    g_autofree char *table = NULL;
    guint checked = 0, rows = 0;

    assert_true(g_file_get_contents(path, &table, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) row = g_strsplit(lines[i], "\t", -1);
        g_autofree char *data = NULL, *hash = NULL;
        gsize size;
        if (!row[0] || strcmp(row[PACKAGE], package) != 0)
            continue;
        assert_int_equal(g_strv_length(row), COLUMNS);
        rows++;
        if (g_file_get_contents(row[PATH], &data, &size, NULL))
            hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
        if (!hash || strcmp(hash, row[SHA256]) != 0) {
            print_message("# %s: %s, the table has that of %s %s\n", row[PATH],
                          hash ? "another version" : "not here", row[PACKAGE], row[VERSION]);
            continue;
        }
        check_file(row, (const guint8 *)data, size);
        checked++;
    }
    assert_true(rows > 0);
    print_message("# %s: %u of %u files\n", package, checked, rows);
    if (checked == 0)
        skip();
}

static void test_seabios(void **state)
{
    check_package("seabios");
}

static void test_qemu(void **state)
{
    check_package("qemu-system-data");
}

static void test_ipxe(void **state)
{
    check_package("ipxe-qemu");
}

/* Its device list is at an odd offset and names the card once more. */
static void test_card(void **state)
{
    VvDevice e1000 = {.text = "0000:00:03.0", .vendor = 0x8086, .device = 0x100e};
    g_autofree char *data = NULL;
    gsize size;

    if (!g_file_get_contents("/usr/lib/ipxe/qemu/efi-e1000.rom", &data, &size, NULL))
        skip();
    g_autoptr(VvRom) fits = vv_rom_parse((const guint8 *)data, size, &e1000);
    assert_int_equal(fits->verdict, VV_ROM_GOOD);
    assert_int_equal(fits->match, VV_ROM_MATCH_YES);
    assert_int_equal(g_array_index(fits->images, VvRomImage, 0).device_count, 1);
    assert_string_equal(fits->product, "iPXE");
    e1000.device = 0x10d3;
    g_autoptr(VvRom) foreign = vv_rom_parse((const guint8 *)data, size, &e1000);
    assert_int_equal(foreign->verdict, VV_ROM_BAD);
    assert_int_equal(foreign->match, VV_ROM_MATCH_NO);
    assert_true(foreign->ovmf.runs && !foreign->seabios.runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seabios),
        cmocka_unit_test(test_qemu),
        cmocka_unit_test(test_ipxe),
        cmocka_unit_test(test_card),
    };

    return cmocka_run_group_tests_name("rom-real", tests, NULL, NULL);
}
