/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake-card.h"
#include "vfio/error.h"

/* AMD's ACPI table VFCT, built after drivers/gpu/drm/amd/include/atombios.h. */

static void append32(GByteArray *bytes, guint32 value)
{
    const guint8 le[4] = {(guint8)value, (guint8)(value >> 8), (guint8)(value >> 16), (guint8)(value >> 24)};

    g_byte_array_append(bytes, le, sizeof le);
}

static GByteArray *new_table(void)
{
    GByteArray *table = g_byte_array_new();

    append_bytes(table, 0x4c, 0);
    put_tag(table, 0, "VFCT");
    put32(table, 4, 0x4c);
    put32(table, 0x34, 0x4c);
    return table;
}

/* An image of `size` bytes of `fill`. */
static void append_entry(GByteArray *table, guint32 bus, guint32 slot, guint32 ids, guint32 size, guint8 fill)
{
    append32(table, bus);
    append32(table, slot);
    append32(table, 0);
    append32(table, ids);
    append32(table, 0x37021458);
    append32(table, 0);
    append32(table, size);
    append_bytes(table, size, fill);
    put32(table, 4, table->len);
}

#define IDS 0x67df1002

static const VvDevice amd_card = {.address = {.bus = 1}, .vendor = 0x1002, .device = 0x67df};

/* 0: none; else the byte that the image is made of. */
static int found(const GByteArray *table, gsize size, gsize *ret_size)
{
    /* Not one byte more than the parser is told of, so that AddressSanitizer sees it read on. */
    g_autofree guint8 *data = g_memdup2(table->data, size);
    VvRomView image;

    if (!vv_rom_find_vfct((VvRomView){data, size}, &amd_card, &image))
        return 0;
    assert_true(image.data >= data && image.data + image.size <= data + size);
    *ret_size = image.size;
    return image.data[0];
}

static void test_finds(void **state)
{
    g_autoptr(GByteArray) table = new_table();
    gsize size = 0;

    assert_int_equal(found(table, table->len, &size), 0);
    append_entry(table, 3, 0, 0x15d81002, 100, 7);
    assert_int_equal(found(table, table->len, &size), 0);
    /* The firmware's number of the bus need not be Linux's. */
    append_entry(table, 9, 0, IDS, 200, 8);
    assert_int_equal(found(table, table->len, &size), 8);
    assert_int_equal(size, 200);
    /* Of twins only the address tells which is meant. */
    append_entry(table, 10, 0, IDS, 201, 9);
    assert_int_equal(found(table, table->len, &size), 0);
    append_entry(table, 1, 0, IDS, 202, 10);
    assert_int_equal(found(table, table->len, &size), 10);
    assert_int_equal(size, 202);
}

static void test_total(void **state)
{
    static const gsize fields[] = {0, 4, 0x34, 0x4c, 0x50, 0x54, 0x58, 0x64, 0x84, 0x9c};
    static const guint32 values[] = {0,    1,    0x1b,       0x1c,       0x33,       0x4b,
                                     0x4d, 0x84, 0x7fffffff, 0x80000000, 0xffffffe3, 0xffffffff};
    g_autoptr(GByteArray) table = new_table();
    gsize size;

    append_entry(table, 9, 0, IDS, 28, 8);
    append_entry(table, 1, 0, IDS, 28, 9);
    for (gsize cut = 1; cut < table->len; cut++)
        found(table, cut, &size);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        for (gsize v = 0; v < G_N_ELEMENTS(values); v++) {
            g_autoptr(GByteArray) copy = g_byte_array_new();
            g_byte_array_append(copy, table->data, table->len);
            put32(copy, fields[i], values[v]);
            found(copy, copy->len, &size);
        }
    /* One that says less than is there is believed; one that is cut off is not whole. */
    put32(table, 4, table->len - 1);
    assert_int_equal(found(table, table->len, &size), 8);
    put32(table, 0, 0);
    assert_int_equal(found(table, table->len, &size), 0);
}

static void test_reads(void **state)
{
    const VvRomReadOptions acpi = {.source = "acpi"};
    Fake *fake = *state;
    g_autoptr(GByteArray) table = new_table();
    g_autofree char *rom = in_tree(fake, CARD "/rom");
    VvRomSource source;

    append_entry(table, 1, 0, 0x1b8010de, 300, 9);
    put_bytes(fake, "sys/firmware/acpi/tables/VFCT", table);
    g_autoptr(GBytes) bytes = vv_rom_read(fake->host, fake->journal, fake->device, &acpi, &source, NULL);
    assert_int_equal(g_bytes_get_size(bytes), 300);
    assert_int_equal(source, VV_ROM_SOURCE_ACPI);

    /* The card itself comes first, and an iGPU has none. */
    assert_int_equal(vv_rom_outlook(fake->host, fake->device), VV_ROM_OUTLOOK_CARD);
    g_remove(rom);
    scan(fake);
    assert_int_equal(vv_rom_outlook(fake->host, fake->device), VV_ROM_OUTLOOK_COPY);
    g_autoptr(GBytes) second = vv_rom_read(fake->host, fake->journal, fake->device, NULL, &source, NULL);
    assert_true(g_bytes_equal(bytes, second));
    assert_string_equal(fake->log->str, "");
}

static void test_sources(void **state)
{
    static const char *const words[] = {"sysfs", "shadow", "vfio", "acpi", "debugfs"};

    for (int i = 0; i <= VV_ROM_SOURCE_DEBUGFS; i++) {
        VvRomSource source = VV_ROM_SOURCE_SYSFS;
        assert_string_equal(vv_rom_source_word((VvRomSource)i), words[i]);
        assert_true(vv_rom_source_parse(words[i], &source));
        assert_int_equal(source, i);
        assert_true(vv_rom_source_comparable(source, source));
    }
    assert_true(vv_rom_source_comparable(VV_ROM_SOURCE_SYSFS, VV_ROM_SOURCE_VFIO));
    assert_false(vv_rom_source_comparable(VV_ROM_SOURCE_SYSFS, VV_ROM_SOURCE_SHADOW));
    assert_false(vv_rom_source_comparable(VV_ROM_SOURCE_ACPI, VV_ROM_SOURCE_VFIO));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_finds), TEST(test_total), TEST(test_reads),
                                       TEST(test_sources)};

    return cmocka_run_group_tests_name("rom-copy", tests, NULL, NULL);
}
