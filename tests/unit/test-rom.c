/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Judges `chain` and frees it: this verdict, and this problem (NULL: none at all). */
static void expect(GByteArray *chain, VvRomVerdict verdict, const char *code)
{
    g_autoptr(VvRom) rom = parse(chain, &gtx1080);

    g_byte_array_unref(chain);
    if (code && !has(rom, code))
        fail_msg("no problem \"%s\"", code);
    if (!code && rom->problems->len > 0)
        fail_msg("%s", ((VvRomProblem *)rom->problems->pdata[0])->detail);
    assert_string_equal(vv_rom_verdict_name(rom->verdict), vv_rom_verdict_name(verdict));
}

static void test_whole_chain(void **state)
{
    g_autoptr(GByteArray) chain = card();
    g_autoptr(VvRom) rom = parse(chain, &gtx1080);
    char text[16];

    assert_int_equal(rom->verdict, VV_ROM_GOOD);
    assert_int_equal(rom->problems->len, 0);
    assert_int_equal(rom->images->len, 3);
    assert_int_equal(rom->start, 0);
    assert_int_equal(rom->end, CARD_SIZE);
    assert_true(image(rom, 0)->has_checksum && image(rom, 0)->checksum_ok && image(rom, 0)->matches);
    assert_int_equal(image(rom, 0)->class_code, 0x030000);
    assert_string_equal(vv_rom_type_name(image(rom, 0)->type, text), "legacy");
    assert_string_equal(vv_rom_type_name(image(rom, 1)->type, text), "vendor 0xe0");
    assert_false(image(rom, 1)->has_checksum || image(rom, 1)->last);
    assert_int_equal(image(rom, 2)->offset, CARD_EFI);
    assert_int_equal(image(rom, 2)->efi_machine, 0x8664);
    assert_int_equal(image(rom, 2)->efi_subsystem, 0x0b);
    assert_true(image(rom, 2)->efi_compressed && image(rom, 2)->last);
    assert_true(vv_rom_has_efi(rom, 0x8664));
    assert_false(vv_rom_has_efi(rom, 0xaa64));
    assert_string_equal(vv_rom_type_name(1, text), "Open Firmware");
}

static void test_no_answer(void **state)
{
    expect(filled(0, 0), VV_ROM_BAD, "empty");
    expect(filled(1, 0xff), VV_ROM_BAD, "all-ff");
    expect(filled(65536, 0xff), VV_ROM_BAD, "all-ff");
    expect(filled(65536, 0x00), VV_ROM_BAD, "all-00");
    expect(filled(65536, 0x42), VV_ROM_BAD, "no-signature");
}

static void test_broken_header(void **state)
{
    GByteArray *chain = card();
    put16(chain, PCIR + 0x10, 0);
    expect(chain, VV_ROM_BAD, "length-zero");

    chain = card();
    put16(chain, 0x18, 0xfff0);
    expect(chain, VV_ROM_BAD, "pcir-outside");

    /* Inside of the data, but behind the image that it belongs to. */
    chain = card();
    memmove(chain->data + 1200, chain->data + PCIR, 0x18);
    put16(chain, 0x18, 1200);
    expect(chain, VV_ROM_BAD, "pcir-outside");

    chain = card();
    memmove(chain->data + PCIR + 2, chain->data + PCIR, 0x18);
    put16(chain, 0x18, PCIR + 2);
    expect(chain, VV_ROM_BAD, "pcir-misaligned");

    chain = card();
    put16(chain, 0x18, 0);
    expect(chain, VV_ROM_BAD, "no-pcir");

    chain = card();
    put_tag(chain, CARD_EFI + PCIR, "PCIX");
    expect(chain, VV_ROM_BAD, "no-pcir");

    chain = card();
    put16(chain, CARD_EFI + PCIR + 0x0a, 0x10);
    expect(chain, VV_ROM_GOOD, "pcir-short");
}

static void test_broken_efi(void **state)
{
    GByteArray *chain = card();
    put32(chain, CARD_EFI + 4, 0x0ef2);
    expect(chain, VV_ROM_BAD, "efi-header");

    chain = card();
    put16(chain, CARD_EFI + 0x0c, 7);
    expect(chain, VV_ROM_BAD, "efi-header");

    chain = card();
    put16(chain, CARD_EFI + 0x16, 3 * 512);
    expect(chain, VV_ROM_BAD, "efi-header");
}

static void test_end_of_chain(void **state)
{
    GByteArray *chain = card();
    chain->data[CARD_EFI + PCIR + 0x15] = 0;
    expect(chain, VV_ROM_REPAIRABLE, "no-last");

    chain = card();
    chain->data[CARD_EFI + PCIR + 0x15] = 0;
    append_bytes(chain, 1000, 0xff);
    expect(chain, VV_ROM_REPAIRABLE, "no-last");

    chain = card();
    put16(chain, CARD_EFI, 0x1234);
    expect(chain, VV_ROM_BAD, "chain-broken");

    chain = card();
    append_bytes(chain, 1000, 0xff);
    expect(chain, VV_ROM_GOOD, "padding");

    chain = card();
    append_bytes(chain, 512, 0xff);
    append_bytes(chain, 1, 0x17);
    expect(chain, VV_ROM_REPAIRABLE, "trailing");

    /* Behind the last bit nothing counts, not even a sound image. */
    chain = card();
    append_image(chain, 3, 1, TRUE);
    expect(chain, VV_ROM_REPAIRABLE, "trailing");
}

static void test_checksum(void **state)
{
    GByteArray *chain = card();
    chain->data[300]++;
    expect(chain, VV_ROM_REPAIRABLE, "checksum");

    /* No other type has one. */
    chain = card();
    chain->data[2 * 512 + 300]++;
    chain->data[CARD_EFI + 300]++;
    expect(chain, VV_ROM_GOOD, NULL);

    /* Byte 2 may count less than the image: then firmware sums only that. */
    chain = card();
    chain->data[2] = 1;
    make_sum(chain, 0, 512);
    chain->data[600]++;
    expect(chain, VV_ROM_GOOD, NULL);

    /* NVIDIA's extension, at the 16 behind the PCIR, can say that there is none. */
    chain = card();
    gsize npde = (PCIR + 0x18 + 15) & ~15U;
    put_tag(chain, npde, "NPDE");
    put16(chain, npde + 4, 0x101);
    put16(chain, npde + 6, 0x0c);
    chain->data[npde + 0x0b] = 0x04;
    expect(chain, VV_ROM_GOOD, NULL);
}

static void test_ids(void **state)
{
    GByteArray *chain = card();
    put16(chain, PCIR + 4, 0x1002);
    make_sum(chain, 0, 1024);
    expect(chain, VV_ROM_BAD, "foreign");

    chain = card();
    put16(chain, CARD_EFI + PCIR + 6, 0x1b81);
    expect(chain, VV_ROM_GOOD, "foreign-device");

    chain = card();
    put16(chain, PCIR + 6, 0x1b81);
    put16(chain, CARD_EFI + PCIR + 6, 0x1b81);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) alone = parse(chain, NULL);
    assert_int_equal(alone->verdict, VV_ROM_GOOD);
    expect(chain, VV_ROM_BAD, "foreign");
}

/* The list counts from the PCIR, may be at an odd place, ends with 0, and needs revision 3. */
static void test_device_list(void **state)
{
    for (guint8 revision = 0; revision <= 3; revision += 3) {
        GByteArray *chain = g_byte_array_new();
        append_image(chain, 0, 1, TRUE);
        put16(chain, PCIR + 6, 0x1b81);
        put16(chain, PCIR + 8, 0x2f);
        chain->data[PCIR + 0x0c] = revision;
        put16(chain, PCIR + 0x2f, 0x1b82);
        put16(chain, PCIR + 0x31, 0x1b80);
        put16(chain, PCIR + 0x33, 0);
        make_sum(chain, 0, 512);
        expect(chain, revision ? VV_ROM_GOOD : VV_ROM_BAD, revision ? NULL : "foreign");
    }
    /* A list without an end stops where the image does. */
    GByteArray *chain = g_byte_array_new();
    append_image(chain, 0, 1, TRUE);
    put16(chain, PCIR + 6, 0x1b81);
    put16(chain, PCIR + 8, 0x100);
    chain->data[PCIR + 0x0c] = 3;
    memset(chain->data + 0x100, 0x77, 256);
    make_sum(chain, 0, 512);
    expect(chain, VV_ROM_BAD, "foreign");
}

static void test_prefix(void **state)
{
    /* 0x600 is a multiple of 512, the others can only be found by the header. */
    static const struct {
        guint8 version;
        gsize start;
    } cases[] = {{1, 0x604}, {2, 0x904}, {3, 0x2e04}, {9, 0x600}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) file = prefixed(cases[i].version, cases[i].start);
        g_autoptr(VvRom) rom = parse(file, &gtx1080);
        assert_int_equal(rom->start, cases[i].start);
        assert_int_equal(rom->images->len, 3);
        assert_int_equal(rom->end, cases[i].start + CARD_SIZE);
        assert_true(has(rom, "prefix"));
        assert_int_equal(rom->verdict, VV_ROM_REPAIRABLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_chain),   cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_broken_header), cmocka_unit_test(test_broken_efi),
        cmocka_unit_test(test_end_of_chain),  cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_ids),           cmocka_unit_test(test_device_list),
        cmocka_unit_test(test_prefix),
    };

    return cmocka_run_group_tests_name("rom", tests, NULL, NULL);
}
