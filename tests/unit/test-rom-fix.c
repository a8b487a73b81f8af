/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-chains.h"
#include "tests/unit/rom-check.h"
#include "tests/unit/rom-promise.h"
#include "tests/unit/test.h"

#define ALL (VV_ROM_FIX_CHECKSUM | VV_ROM_FIX_LAST)

static GBytes *fix(GByteArray *chain, unsigned fixes, GError **error)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(chain);
    const char *broken = broken_fix(bytes, fixes, NULL);

    if (broken)
        fail_msg("%s", broken);
    return vv_rom_fix(bytes, fixes, NULL, error);
}

/* What comes out is the card's chain, bit for bit. */
static void test_cuts(void **state)
{
    GByteArray *(*const builds[])(void) = {card, card_prefix_1, card_prefix_3, card_prefix_unknown,
                                           card_private};
    for (gsize i = 0; i < G_N_ELEMENTS(builds); i++) {
        g_autoptr(GByteArray) whole = card();
        g_autoptr(GBytes) fixed = fix(builds[i](), 0, NULL);
        assert_non_null(fixed);
        assert_int_equal(g_bytes_get_size(fixed), whole->len);
        if (builds[i] != card_private)
            assert_memory_equal(g_bytes_get_data(fixed, NULL), whole->data, whole->len);
    }
    GByteArray *padded = card();
    append_bytes(padded, 1000, 0xff);
    g_autoptr(GBytes) fixed = fix(padded, 0, NULL);
    assert_int_equal(g_bytes_get_size(fixed), CARD_SIZE);
}

static void test_changes(void **state)
{
    g_autoptr(GPtrArray) changes = NULL, none = NULL;
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(card_checksum());
    g_autoptr(GBytes) fixed = vv_rom_fix(bytes, ALL, &changes, NULL);

    assert_int_equal(changes->len, 2);
    assert_non_null(strstr(changes->pdata[0], "512 bytes behind"));
    assert_non_null(strstr(changes->pdata[1], "byte 0x6 "));
    g_autoptr(GBytes) again = vv_rom_fix(fixed, ALL, &none, NULL);
    assert_int_equal(none->len, 0);
    assert_true(g_bytes_equal(fixed, again));
}

/* Only with consent; and only one byte. */
static void test_checksum(void **state)
{
    g_autoptr(GBytes) left = fix(card_checksum(), 0, NULL);
    g_autoptr(GBytes) mended = fix(card_checksum(), VV_ROM_FIX_CHECKSUM, NULL);
    const guint8 *a = g_bytes_get_data(left, NULL), *b = g_bytes_get_data(mended, NULL);
    guint differ = 0;

    for (gsize i = 0; i < CARD_SIZE; i++)
        differ += a[i] != b[i];
    assert_int_equal(differ, 1);
    assert_int_not_equal(a[6], b[6]);
    g_autoptr(VvRom) rom = vv_rom_parse(b, CARD_SIZE, NULL);
    assert_true(rom->seabios.runs && rom->verdict == VV_ROM_GOOD);
}

/* Where the byte is that may be changed: ATOM's, the last of blank ones, or nowhere. */
static void test_checksum_byte(void **state)
{
    GByteArray *chain = card_atom();
    guint8 right = chain->data[0x21] = 0x31;
    make_sum(chain, 0, 2048);
    chain->data[0x21] = 0x44;
    g_autoptr(GBytes) atom = fix(chain, VV_ROM_FIX_CHECKSUM, NULL);
    assert_int_equal(((const guint8 *)g_bytes_get_data(atom, NULL))[0x21], right);

    chain = card();
    memset(chain->data + 1000, 0xff, 24);
    chain->data[0x50] = 0x77;
    g_autoptr(GBytes) blank = fix(chain, VV_ROM_FIX_CHECKSUM, NULL);
    assert_int_not_equal(((const guint8 *)g_bytes_get_data(blank, NULL))[1023], 0xff);

    g_autoptr(GError) error = NULL;
    chain = card();
    chain->data[300]++;
    g_autoptr(GBytes) full = fix(chain, VV_ROM_FIX_CHECKSUM, &error);
    assert_null(full);
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no byte to spare");
}

/* NVIDIA says that this checksum means nothing: it is left as it is. */
static void test_no_checksum(void **state)
{
    GByteArray *chain = card();
    put_npde(chain, 0, 2, FALSE, 0x04);
    chain->data[3] = 0xe9;
    g_autoptr(GBytes) before = g_bytes_new(chain->data, chain->len);
    g_autoptr(GBytes) fixed = fix(chain, ALL, NULL);
    assert_true(g_bytes_equal(before, fixed));
}

static void test_last(void **state)
{
    g_autoptr(GBytes) left = fix(card_no_last(), VV_ROM_FIX_CHECKSUM, NULL);
    g_autoptr(VvRom) open = vv_rom_parse(g_bytes_get_data(left, NULL), CARD_SIZE, NULL);
    assert_int_equal(g_bytes_get_size(left), CARD_SIZE);
    assert_true(rom_has_problem(open, "no-last"));

    g_autoptr(GByteArray) whole = card();
    g_autoptr(GBytes) fixed = fix(card_no_last(), VV_ROM_FIX_LAST, NULL);
    assert_memory_equal(g_bytes_get_data(fixed, NULL), whole->data, whole->len);

    /* A legacy image's sum was right, and stays right. */
    GByteArray *chain = g_byte_array_new();
    append_image(chain, 0, 2, FALSE);
    chain->data[3] = 0xe9;
    make_sum(chain, 0, 1024);
    g_autoptr(GBytes) legacy = fix(chain, VV_ROM_FIX_LAST, NULL);
    g_autoptr(VvRom) rom = vv_rom_parse(g_bytes_get_data(legacy, NULL), 1024, NULL);
    assert_int_equal(rom->verdict, VV_ROM_GOOD);
}

static void test_bad(void **state)
{
    GByteArray *chain = card();
    g_byte_array_set_size(chain, CARD_SIZE - 1);
    GByteArray *const bad[] = {filled(0, 0), filled(512, 0xff), filled(512, 0x42), chain};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) fixed = fix(bad[i], ALL, &error);
        assert_null(fixed);
        assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "cannot be mended");
    }
}

/* Of every built chain, changed at random: what can be mended keeps all promises. */
static void test_promises(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    guint fixed = 0, refused = 0;

    for (guint round = 0; round < 6000; round++) {
        GByteArray *chain = built_chains[round % G_N_ELEMENTS(built_chains)].build();
        for (gint32 i = g_rand_int_range(rand, 0, 4); i > 0; i--)
            chain->data[g_rand_int_range(rand, 0, (gint32)chain->len)] ^= (guint8)(1U << (round % 8));
        if (round % 5 == 0)
            append_bytes(chain, 700, (guint8)(round % 2 ? 0xff : 0x11));
        g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(chain);
        gboolean done = FALSE;
        const char *broken = broken_fix(bytes, round % 4, &done);
        if (broken)
            fail_msg("round %u: %s", round, broken);
        *(done ? &fixed : &refused) += 1;
    }
    assert_true(fixed > 1000 && refused > 100);
}

static void test_extract(void **state)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(card_prefix_1());
    g_autoptr(GByteArray) whole = card();
    g_autoptr(GBytes) first = vv_rom_extract(bytes, 0, NULL);
    g_autoptr(GBytes) efi = vv_rom_extract(bytes, G_MAXUINT, NULL);

    assert_int_equal(g_bytes_get_size(first), 1024);
    assert_memory_equal(g_bytes_get_data(first, NULL), whole->data, 1024);
    assert_int_equal(g_bytes_get_size(efi), 3 * 512);
    assert_memory_equal(g_bytes_get_data(efi, NULL), whole->data + CARD_EFI, 3 * 512);

    g_autoptr(GError) error = NULL;
    assert_null(vv_rom_extract(bytes, 3, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no image 4; it has 3");
    g_autoptr(GBytes) list = g_byte_array_free_to_bytes(card_device_list());
    assert_null(vv_rom_extract(list, G_MAXUINT, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no EFI image");
    g_autoptr(GBytes) cut = g_bytes_new(whole->data, CARD_SIZE - 1);
    assert_null(vv_rom_extract(cut, G_MAXUINT, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "cut off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_checksum),    cmocka_unit_test(test_checksum_byte),
        cmocka_unit_test(test_no_checksum), cmocka_unit_test(test_last),
        cmocka_unit_test(test_bad),         cmocka_unit_test(test_promises),
        cmocka_unit_test(test_extract),
    };

    return cmocka_run_group_tests_name("rom-fix", tests, NULL, NULL);
}
