/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-chains.h"
#include "tests/unit/rom-check.h"

#include <time.h>

/* Input that is cut, changed or made up: nothing is read outside of it (run under ASan), and what is said
 * about it is consistent. */

/* Cut at every byte: bad, or where an image happens to end, open. */
static void test_truncated(void **state)
{
    g_autoptr(GByteArray) chain = card();
    g_autoptr(GByteArray) file = prefixed(3, 0x2e04);

    for (gsize size = 0; size < chain->len; size++) {
        g_autoptr(VvRom) rom = parse_bytes(chain->data, size, &gtx1080);
        gboolean boundary = size == 1024 || size == CARD_EFI;
        assert_int_equal(rom->verdict, boundary ? VV_ROM_REPAIRABLE : VV_ROM_BAD);
        assert_true(!boundary || has(rom, "no-last"));
    }
    for (gsize size = 0; size < file->len; size++) {
        g_autoptr(VvRom) rom = parse_bytes(file->data, size, &gtx1080);
        assert_int_not_equal(rom->verdict, VV_ROM_GOOD);
    }
}

/* Every built chain, cut at every byte: never better than whole, except where only what follows was wrong. */
static void test_truncated_vendors(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(built_chains); i++) {
        g_autoptr(GByteArray) chain = built_chains[i].build();
        for (gsize size = 0; size < chain->len; size++) {
            g_autoptr(VvRom) rom = parse_bytes(chain->data, size, NULL);
            assert_true(rom->verdict != VV_ROM_GOOD || built_chains[i].verdict != VV_ROM_GOOD);
        }
    }
}

/* Not a fuzzer, but the same bytes each time: wrong headers of every kind. */
static void test_mutated(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (guint round = 0; round < 20000; round++) {
        g_autoptr(GByteArray) file = round % 2 ? card() : prefixed((guint8)(round / 2 % 4), 0x2e04);
        gsize start = round % 2 ? 0 : round % 4 ? 0x2e04 : 0;
        for (gint32 i = g_rand_int_range(rand, 1, 6); i > 0; i--) {
            guint32 at = (guint32)start + (guint32)g_rand_int_range(rand, 0, 5) * 512 +
                         (guint32)g_rand_int_range(rand, 0, 0x40);
            file->data[at] = (guint8)g_rand_int(rand);
        }
        g_autoptr(VvRom) rom = parse_bytes(file->data, file->len, &gtx1080);
        assert_non_null(rom);
    }
}

/* A chain of one-block images as long as a ROM can be: it ends, and soon. */
static void test_endless(void **state)
{
    g_autoptr(GByteArray) chain = g_byte_array_new();
    g_autoptr(GByteArray) block = g_byte_array_new();

    append_image(block, 0xe0, 1, FALSE);
    while (chain->len < 16U << 20)
        g_byte_array_append(chain, block->data, block->len);
    g_autoptr(VvRom) rom = parse(chain, &gtx1080);
    assert_int_equal(rom->images->len, 32768);
    assert_true(has(rom, "no-last"));
}

/* Each of 32768 images says that it reaches to the end: the work stays in proportion to the bytes. */
static void test_overlapping(void **state)
{
    g_autoptr(GByteArray) chain = g_byte_array_new();
    g_autoptr(GByteArray) block = g_byte_array_new();

    append_image(block, 0, 1, FALSE);
    put16(block, PCIR + 0x10, 0x7fff);
    put_npde(block, 0, 1, FALSE, 0);
    while (chain->len < 16U << 20)
        g_byte_array_append(chain, block->data, block->len);
    clock_t start = clock();
    g_autoptr(VvRom) rom = parse(chain, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(chain->data, chain->len);
    assert_null(vv_rom_fix(bytes, VV_ROM_FIX_CHECKSUM | VV_ROM_FIX_LAST, NULL, NULL));
    assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
    assert_int_equal(rom->images->len, 32768);
    assert_int_equal(rom->verdict, VV_ROM_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),   cmocka_unit_test(test_truncated_vendors),
        cmocka_unit_test(test_mutated),     cmocka_unit_test(test_endless),
        cmocka_unit_test(test_overlapping),
    };

    return cmocka_run_group_tests_name("rom-hostile", tests, NULL, NULL);
}
