/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-chains.h"
#include "tests/unit/rom-check.h"

/* What vendors add to the chain, and what two firmwares make of it. */

static VvRom *parse_and_free(GByteArray *chain, const VvDevice *device)
{
    VvRom *rom = parse(chain, device);

    g_byte_array_unref(chain);
    return rom;
}

static void test_built_chains(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(built_chains); i++) {
        g_autoptr(VvRom) rom = parse_and_free(built_chains[i].build(), NULL);
        if (rom->verdict != built_chains[i].verdict || rom->images->len != built_chains[i].images)
            fail_msg("%s: %s with %u images", built_chains[i].name, vv_rom_verdict_name(rom->verdict),
                     rom->images->len);
    }
}

/* The first PCIR counts 3 blocks, its NPDE 2: NVIDIA's drivers see a private image in between. */
static void test_npde_lengths(void **state)
{
    g_autoptr(VvRom) rom = parse_and_free(card_npde(), &gtx1080);

    assert_int_equal(image(rom, 0)->length, 1024);
    assert_int_equal(image(rom, 0)->pcir_length, 3 * 512);
    assert_true(image(rom, 0)->has_npde && image(rom, 1)->nvidia_private);
    assert_int_equal(image(rom, 2)->offset, 3 * 512);
    assert_true(image(rom, 2)->last && image(rom, 2)->pcir_last);
    assert_true(rom->ovmf.runs && rom->seabios.runs);
    assert_int_equal(rom->ovmf.offset, 3 * 512);

    /* Without the PCIR that covers it, firmware finds the private image and stops. */
    GByteArray *chain = card_npde();
    put16(chain, PCIR + 0x10, 1);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) broken = parse_and_free(chain, &gtx1080);
    assert_int_equal(broken->images->len, 3);
    assert_int_equal(broken->verdict, VV_ROM_BAD);
    assert_true(has(broken, "chain-broken"));

    /* NPDE longer than PCIR: firmware goes on in the middle. */
    chain = card();
    put_npde(chain, 0, 3, FALSE, 0);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) longer = parse_and_free(chain, &gtx1080);
    assert_int_equal(longer->images->len, 2);
    assert_int_equal(image(longer, 0)->length, 3 * 512);
    assert_true(has(longer, "lengths-differ"));
    assert_true(longer->ovmf.runs && longer->seabios.runs);

    /* NPDE's length leads nowhere, PCIR's leads on. */
    chain = card();
    put_npde(chain, 0, 1, FALSE, 0);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) nowhere = parse_and_free(chain, &gtx1080);
    assert_int_equal(nowhere->verdict, VV_ROM_GOOD);
    assert_int_equal(nowhere->images->len, 3);
    assert_int_equal(image(nowhere, 0)->length, 1024);

    /* A length of 0 says nothing. */
    chain = card_npde();
    put16(chain, NPDE_AT + 8, 0);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) none = parse_and_free(chain, &gtx1080);
    assert_int_equal(image(none, 0)->length, 3 * 512);
    assert_int_equal(none->images->len, 2);
}

/* Another vendor's bytes that happen to read NPDE, or a revision nobody knows, change nothing. */
static void test_npde_not_meant(void **state)
{
    GByteArray *chain = card_npde();
    put16(chain, NPDE_AT + 4, 0x200);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) revision = parse_and_free(chain, NULL);
    assert_false(image(revision, 0)->has_npde);
    assert_int_equal(image(revision, 0)->length, 3 * 512);

    chain = card_npde();
    put16(chain, PCIR + 4, 0x1002);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) vendor = parse_and_free(chain, NULL);
    assert_false(image(vendor, 0)->has_npde);
}

static void test_npde_last(void **state)
{
    g_autoptr(VvRom) rom = parse_and_free(card_private(), &gtx1080);

    assert_false(image(rom, 2)->last);
    assert_true(image(rom, 2)->pcir_last);
    assert_true(image(rom, 3)->nvidia_private && image(rom, 4)->nvidia_private && image(rom, 4)->last);
    assert_int_equal(rom->guest_end, CARD_SIZE);
    assert_int_equal(rom->end, CARD_SIZE + 3 * 512);
    assert_true(has(rom, "trailing"));

    /* Cut off where no firmware looks: nobody's problem. */
    g_autoptr(GByteArray) cut = card_private();
    g_byte_array_set_size(cut, cut->len - 600);
    g_autoptr(VvRom) shorter = parse(cut, &gtx1080);
    assert_int_equal(shorter->verdict, VV_ROM_REPAIRABLE);
    assert_int_equal(shorter->images->len, 4);

    /* NPDE has the mark, PCIR has not: for firmware the chain is open. */
    GByteArray *chain = card();
    chain->data[CARD_EFI + PCIR + 0x15] = 0;
    put_npde(chain, CARD_EFI, 3, TRUE, 0);
    g_autoptr(VvRom) open = parse_and_free(chain, &gtx1080);
    assert_true(has(open, "no-last"));

    /* An extension too short for a mark: a part of an image is not the last one. */
    chain = card_npde();
    chain->data[PCIR + 0x15] = 0x80;
    put16(chain, NPDE_AT + 6, 0x0a);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) part = parse_and_free(chain, &gtx1080);
    assert_false(image(part, 0)->last);
    assert_int_equal(part->guest_end, 3 * 512);
}

static void test_program(void **state)
{
    g_autoptr(VvRom) rom = parse_and_free(card_plain_efi(), &gtx1080);
    assert_int_equal(image(rom, 1)->efi_program, VV_ROM_PROGRAM_GOP);
    assert_non_null(strstr(rom->ovmf.detail, "GOP"));

    GByteArray *chain = card_plain_efi();
    chain->data[1024 + 0x200]++;
    g_autoptr(VvRom) driver = parse_and_free(chain, NULL);
    assert_int_equal(image(driver, 1)->efi_program, VV_ROM_PROGRAM_DRIVER);
    assert_true(driver->ovmf.runs);

    /* A network card's driver is no graphics driver, whatever it knows. */
    chain = card_plain_efi();
    chain->data[1024 + PCIR + 0x0f] = 0x02;
    g_autoptr(VvRom) network = parse_and_free(chain, NULL);
    assert_int_equal(image(network, 1)->efi_program, VV_ROM_PROGRAM_DRIVER);

    static const struct {
        gsize at;
        guint16 value;
        VvRomVerdict verdict;
        const char *code;
        gboolean runs;
    } cases[] = {
        {EFI_PROGRAM, 0x1234, VV_ROM_BAD, "efi-program", FALSE},        /* no MZ */
        {EFI_PROGRAM + 0x3e, 0x7fff, VV_ROM_BAD, "efi-program", FALSE}, /* PE header far away */
        {EFI_PROGRAM + 0x3c, 3 * 512 - EFI_PROGRAM - 8, VV_ROM_BAD, "efi-program",
         FALSE},                                                        /* cut by the end */
        {EFI_PROGRAM + 0x80, 0x4551, VV_ROM_BAD, "efi-program", FALSE}, /* no PE */
        {EFI_PROGRAM + 0x84, 0xaa64, VV_ROM_BAD, "efi-program", FALSE}, /* another machine */
        {EFI_PROGRAM + 0x80 + 24 + 68, 0x0a, VV_ROM_GOOD, "efi-subsystem", TRUE},
        {0x0a, 0xaa64, VV_ROM_BAD, "efi-program", TRUE}, /* only the header: OVMF asks the program */
        {0x08, 0x0a, VV_ROM_BAD, "efi-header", FALSE},   /* an application */
        {0x02, 4, VV_ROM_BAD, "efi-header", FALSE},      /* longer than its PCIR says */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        chain = card_plain_efi();
        put16(chain, 1024 + cases[i].at, cases[i].value);
        g_autoptr(VvRom) wrong = parse_and_free(chain, NULL);
        if (wrong->verdict != cases[i].verdict || !has(wrong, cases[i].code) ||
            wrong->ovmf.runs != cases[i].runs)
            fail_msg("case %zu: %s, %s", i, vv_rom_verdict_name(wrong->verdict), wrong->ovmf.detail);
    }

    /* Compressed, and longer than the image. */
    chain = card();
    put32(chain, CARD_EFI + EFI_PROGRAM, 3 * 512 - EFI_PROGRAM - 7);
    g_autoptr(VvRom) compressed = parse_and_free(chain, NULL);
    assert_true(has(compressed, "efi-program"));
    assert_false(compressed->ovmf.runs);
}

static void test_strings(void **state)
{
    g_autoptr(VvRom) atom = parse_and_free(card_atom(), NULL);
    assert_true(atom->atom);
    assert_string_equal(atom->part_number, "113-D4120100-100");
    assert_string_equal(atom->version, "020.001.000.038.015697");
    assert_string_equal(atom->date, "10/29/20 05:16");

    GByteArray *chain = card_atom();
    put_tag(chain, 0x204, "MOTA");
    g_autoptr(VvRom) swapped = parse_and_free(chain, NULL);
    assert_true(swapped->atom);
    chain = card_atom();
    put_tag(chain, 0x204, "ATOX");
    g_autoptr(VvRom) neither = parse_and_free(chain, NULL);
    assert_false(neither->atom);
    assert_string_equal(neither->part_number, "");

    g_autoptr(VvRom) bit = parse_and_free(card_bit(), NULL);
    assert_string_equal(bit->version, "86.04.17.00.80");
    chain = card();
    put_tag(chain, 0x200, "Version 86.04.17.00.80 \r\n");
    g_autoptr(VvRom) text = parse_and_free(chain, NULL);
    assert_string_equal(text->version, "86.04.17.00.80");
    chain = card();
    put_tag(chain, 0x200, "Version 86.04-17.00.80 \r\n");
    g_autoptr(VvRom) other = parse_and_free(chain, NULL);
    assert_string_equal(other->version, "");

    g_autoptr(VvRom) intel = parse_and_free(card_intel(), NULL);
    assert_string_equal(intel->version, "$VBT SKYLAKE, BDB 209");
    assert_string_equal(intel->product, "Built in a test");
}

static void test_device_list(void **state)
{
    g_autoptr(VvRom) rom = parse_and_free(card_device_list(), &gtx1080);

    assert_int_equal(image(rom, 0)->device_count, 2);
    assert_int_equal(g_array_index(rom->devices, guint16, 0), 0x1b82);
    assert_int_equal(g_array_index(rom->devices, guint16, 1), 0x1b80);
    /* SeaBIOS knows no list. */
    assert_false(rom->seabios.runs);
    assert_non_null(strstr(rom->seabios.detail, "1b81"));

    GByteArray *chain = card_device_list();
    memset(chain->data + 0x100, 0x77, 256);
    put16(chain, PCIR + 8, 0x100 - PCIR);
    make_sum(chain, 0, 512);
    g_autoptr(VvRom) endless = parse_and_free(chain, NULL);
    assert_true(has(endless, "device-list"));
    assert_int_equal(endless->verdict, VV_ROM_GOOD);
}

/* Each does what its source says, and not what is reasonable. */
static void test_firmware(void **state)
{
    g_autoptr(VvRom) good = parse_and_free(card(), &gtx1080);
    assert_true(good->ovmf.runs && good->seabios.runs);
    assert_int_equal(good->ovmf.offset, CARD_EFI);
    assert_int_equal(good->seabios.offset, 0);

    g_autoptr(VvRom) prefix = parse_and_free(card_prefix_1(), &gtx1080);
    assert_false(prefix->ovmf.runs || prefix->seabios.runs);

    g_autoptr(VvRom) sum = parse_and_free(card_checksum(), &gtx1080);
    assert_true(sum->ovmf.runs && !sum->seabios.runs);

    g_autoptr(VvRom) firmware = parse_and_free(card_open_firmware(), NULL);
    assert_true(firmware->ovmf.runs && !firmware->seabios.runs);
    assert_int_equal(firmware->ovmf.offset, 1024 + 3 * 512);

    /* OVMF looks on at each block, SeaBIOS stops. */
    GByteArray *chain = g_byte_array_new();
    append_image(chain, 1, 1, FALSE);
    append_bytes(chain, 512, 0x22);
    append_image(chain, 0, 1, FALSE);
    append_plain_efi(chain, 0x8664, TRUE);
    g_autoptr(VvRom) gap = parse_and_free(chain, &gtx1080);
    assert_true(gap->ovmf.runs && !gap->seabios.runs);
    assert_int_equal(gap->verdict, VV_ROM_BAD);

    /* OVMF minds a misaligned PCIR, SeaBIOS does not. */
    chain = card();
    memmove(chain->data + PCIR + 2, chain->data + PCIR, 0x18);
    put16(chain, 0x18, PCIR + 2);
    make_sum(chain, 0, 1024);
    g_autoptr(VvRom) odd = parse_and_free(chain, &gtx1080);
    assert_true(!odd->ovmf.runs && odd->seabios.runs);

    chain = card();
    put16(chain, PCIR + 0x10, 0);
    chain->data[PCIR + 0x14] = 1;
    g_autoptr(VvRom) hangs = parse_and_free(chain, &gtx1080);
    assert_non_null(strstr(hangs->ovmf.detail, "hangs"));
    assert_non_null(strstr(hangs->seabios.detail, "hangs"));

    g_autoptr(VvRom) nothing = parse_and_free(filled(512, 0xff), NULL);
    assert_false(nothing->ovmf.runs || nothing->seabios.runs);
}

/* The PCIR is too short for what byte 2 counts: edk2 takes the longer one, and so does who cuts. */
static void test_length_short(void **state)
{
    GByteArray *chain = g_byte_array_new();
    append_image(chain, 0, 4, TRUE);
    put16(chain, PCIR + 0x10, 2);
    make_sum(chain, 0, 2048);
    g_autoptr(VvRom) rom = parse_and_free(chain, NULL);
    assert_true(has(rom, "length-short"));
    assert_false(has(rom, "trailing"));
    assert_int_equal(rom->guest_end, 2048);
    assert_true(rom->seabios.runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_chains),   cmocka_unit_test(test_npde_lengths),
        cmocka_unit_test(test_npde_not_meant), cmocka_unit_test(test_npde_last),
        cmocka_unit_test(test_program),        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_device_list),    cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_length_short),
    };

    return cmocka_run_group_tests_name("rom-vendors", tests, NULL, NULL);
}
