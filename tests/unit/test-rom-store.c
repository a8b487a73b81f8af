/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake-card.h"
#include "vfio/error.h"
#include "vfio/rom-judge.h"
#include "vfio/rom-store.h"

#include <sys/stat.h>

/* A chain for the fake card whose first image says its version by its bytes. */
static GBytes *chain_of(guint8 mark, guint16 blocks)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, blocks, FALSE);
    append_image(chain, 3, 3, TRUE);
    chain->data[0x100] = mark;
    make_sum(chain, 0, (gsize)blocks * 512);
    return g_byte_array_free_to_bytes(chain);
}

static char *store_of(const Fake *fake)
{
    return in_tree(fake, "store");
}

static const VvRomVersion *add(Fake *fake, VvRomCard *card, GBytes *bytes, VvRomSource source, int what)
{
    g_autofree char *store = store_of(fake);
    gboolean is_new = FALSE, changed = FALSE;

    assert_true(vv_rom_card_add(store, card, bytes, source, fake->device, &is_new, &changed, NULL));
    assert_int_equal(is_new + changed, what);
    return card->versions->pdata[card->versions->len - 1];
}

enum { SEEN, NEW, CHANGED };

static const VvRomVersion *best(Fake *fake, const VvRomCard *card, gboolean trouble)
{
    g_autofree char *store = store_of(fake), *said = NULL;
    g_autoptr(GBytes) bytes = NULL;
    const VvRomVersion *version = vv_rom_card_best(store, card, fake->device, &bytes, &said);

    assert_int_equal(version != NULL, bytes != NULL);
    assert_int_equal(said != NULL, trouble);
    return version;
}

static void test_versions(void **state)
{
    Fake *fake = *state;
    g_autofree char *store = store_of(fake);
    g_autoptr(VvRomCard) card = vv_rom_card_new(fake->host, fake->device);
    g_autoptr(GBytes) one = chain_of(1, 20), two = chain_of(2, 20), shadow = chain_of(3, 20);

    assert_string_equal(card->folder, "10de-1b80_1458-3702_at-0000-01-00.0");
    assert_null(best(fake, card, FALSE));
    const VvRomVersion *first = add(fake, card, one, VV_ROM_SOURCE_SYSFS, NEW);
    assert_string_equal(first->verdict, "good");
    assert_true(first->efi);
    assert_int_equal(first->size, 23 * 512);
    add(fake, card, one, VV_ROM_SOURCE_VFIO, SEEN);
    /* What another source says is neither the same nor a change. */
    add(fake, card, shadow, VV_ROM_SOURCE_SHADOW, NEW);
    assert_ptr_equal(best(fake, card, FALSE), first);
    const VvRomVersion *second = add(fake, card, two, VV_ROM_SOURCE_VFIO, CHANGED);
    assert_ptr_equal(best(fake, card, FALSE), second);
    assert_int_equal(card->versions->len, 3);

    /* What is on disk counts, not what the manifest says of it. */
    g_autofree char *path = g_build_filename(store, card->folder, second->file, NULL);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(g_file_set_contents(path, "x", 1, NULL));
    assert_ptr_equal(best(fake, card, TRUE), first);
    g_remove(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_ptr_equal(best(fake, card, TRUE), first);
}

/* A newer one that is no good is passed over; a copy is better than nothing. */
static void test_best(void **state)
{
    Fake *fake = *state;
    g_autoptr(VvRomCard) card = vv_rom_card_new(fake->host, fake->device);
    g_autoptr(GBytes) copy = chain_of(1, 20), own = chain_of(2, 20), junk = g_bytes_new_static("junk", 4);

    const VvRomVersion *from_acpi = add(fake, card, copy, VV_ROM_SOURCE_ACPI, NEW);
    assert_ptr_equal(best(fake, card, FALSE), from_acpi);
    const VvRomVersion *from_card = add(fake, card, own, VV_ROM_SOURCE_VFIO, NEW);
    add(fake, card, copy, VV_ROM_SOURCE_DEBUGFS, NEW);
    assert_ptr_equal(best(fake, card, FALSE), from_card);
    add(fake, card, junk, VV_ROM_SOURCE_VFIO, CHANGED);
    assert_ptr_equal(best(fake, card, TRUE), from_card);

    /* Of another card. */
    fake->device->device++;
    assert_null(best(fake, card, TRUE));
}

static void test_find(void **state)
{
    Fake *fake = *state;
    g_autoptr(GPtrArray) cards = g_ptr_array_new_with_free_func((GDestroyNotify)vv_rom_card_free);
    g_autoptr(VvIdentity) identity = vv_identity_read(fake->host, fake->device);

    assert_null(vv_rom_card_find(cards, identity));
    VvRomCard *card = vv_rom_card_new(fake->host, fake->device);
    g_ptr_array_add(cards, card);
    assert_ptr_equal(vv_rom_card_find(cards, identity), card);
    identity->address.bus++;
    assert_null(vv_rom_card_find(cards, identity));
    /* A mark says more than the address. */
    identity->dsn = card->identity->dsn = 0x001b21ffff6a2c10;
    assert_ptr_equal(vv_rom_card_find(cards, identity), card);
    g_autofree char *folder = vv_rom_card_folder(identity);
    assert_string_equal(folder, "10de-1b80_1458-3702_dsn-00-1b-21-ff-ff-6a-2c-10.0");
    identity->dsn++;
    assert_null(vv_rom_card_find(cards, identity));
    identity->dsn--;
    identity->subsystem_device++;
    assert_null(vv_rom_card_find(cards, identity));
    identity->dsn = 0;
    identity->serial = g_strdup("../S 1");
    g_autofree char *tame = vv_rom_card_folder(identity);
    assert_string_equal(tame, "10de-1b80_1458-3703_serial-..-S-1");
}

static void test_publish(void **state)
{
    Fake *fake = *state;
    g_autofree char *path = in_tree(fake, "open/deep/card.rom"), *folder = in_tree(fake, "open/deep");
    g_autoptr(GBytes) one = chain_of(1, 20), two = chain_of(2, 20);
    g_autoptr(GError) error = NULL;
    struct stat status, again;
    mode_t mask = umask(077);

    assert_true(vv_rom_publish(path, one, NULL));
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_int_equal(stat(folder, &again), 0);
    assert_int_equal(again.st_mode & 0777, 0755);
    /* QEMU may have it open: it is replaced, never written to, and left alone when it is the same. */
    assert_true(vv_rom_publish(path, one, NULL));
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_ino, status.st_ino);
    assert_true(vv_rom_publish(path, two, NULL));
    assert_int_equal(stat(path, &again), 0);
    assert_int_not_equal(again.st_ino, status.st_ino);

    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(vv_rom_publish(path, one, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_REFUSED));
    assert_non_null(strstr(error->message, folder));
}

static void test_trusted(void **state)
{
    Fake *fake = *state;
    g_autofree char *file = in_tree(fake, "a/b/file"), *folder = in_tree(fake, "a/b");
    g_autofree char *link = in_tree(fake, "link"), *through = in_tree(fake, "link/file");

    put(fake, "a/b/file", "x");
    assert_true(vv_rom_trusted(file, NULL));
    assert_int_equal(symlink("a/b", link), 0);
    assert_false(vv_rom_trusted(link, NULL));
    assert_false(vv_rom_trusted(through, NULL));
    assert_int_equal(chmod(file, 0664), 0);
    assert_false(vv_rom_trusted(file, NULL));
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(chmod(folder, 0775), 0);
    assert_false(vv_rom_trusted(file, NULL));
    assert_int_equal(chmod(folder, 01777), 0);
    assert_true(vv_rom_trusted(file, NULL));
    if (geteuid() == 0) {
        assert_int_equal(chown(file, 65534, 65534), 0);
        assert_false(vv_rom_trusted(file, NULL));
    }
}

/* "CODE severity", or "" for none. */
static void expect_judged(Fake *fake, GBytes *bytes, gboolean uefi, const char *want)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    g_autoptr(GString) is = g_string_new(NULL);

    vv_rom_judge(fake->device, "card.rom", bytes, uefi, reasons);
    for (guint i = 0; i < reasons->len; i++) {
        const VvReason *reason = reasons->pdata[i];
        g_string_append_printf(is, "%s%s %s", i ? ", " : "", reason->code,
                               vv_severity_name(reason->severity));
        assert_non_null(strstr(reason->detail, "card.rom"));
        assert_non_null(reason->remedy);
        assert_int_equal(reason->can_allow, reason->severity == VV_SEVERITY_BLOCK);
    }
    assert_string_equal(is->str, want);
}

static GBytes *legacy_chain(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 20, TRUE);
    return g_byte_array_free_to_bytes(chain);
}

static GBytes *with_prefix(GBytes *bytes)
{
    GByteArray *chain = g_byte_array_new();
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    append_bytes(chain, 512, 0);
    g_byte_array_append(chain, data, (guint)size);
    return g_byte_array_free_to_bytes(chain);
}

static void test_judge(void **state)
{
    Fake *fake = *state;
    g_autoptr(GBytes) both = chain_of(1, 20), legacy = legacy_chain(), prefix = with_prefix(both),
                      cut = g_bytes_new_from_bytes(both, 0, 5000), empty = g_bytes_new_static("", 0);
    g_autoptr(GByteArray) chain = g_byte_array_new();

    append_image(chain, 3, 3, TRUE);
    g_autoptr(GBytes) efi = g_bytes_new(chain->data, chain->len);
    append_bytes(chain, 4, 1);
    g_autoptr(GBytes) trailing = g_bytes_new(chain->data, chain->len);

    expect_judged(fake, both, FALSE, "");
    expect_judged(fake, legacy, FALSE, "");
    expect_judged(fake, legacy, TRUE, "rom-no-efi warn");
    expect_judged(fake, efi, FALSE, "rom-bad warn");
    expect_judged(fake, prefix, TRUE, "rom-bad block");
    expect_judged(fake, prefix, FALSE, "rom-bad block");
    expect_judged(fake, trailing, TRUE, "rom-bad warn");
    expect_judged(fake, cut, TRUE, "rom-bad block");
    expect_judged(fake, empty, TRUE, "rom-bad block");
    fake->device->device++;
    expect_judged(fake, both, TRUE, "rom-bad block");
    fake->device->device--;
    /* A network card boots or does not; no screen stays dark. */
    fake->device->class_code = 0x020000;
    expect_judged(fake, legacy, TRUE, "");
}

static void expect_file(Fake *fake, const char *name, const char *want, gboolean can_allow)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    g_autofree char *path = in_tree(fake, name);

    vv_rom_judge_file(fake->device, path, NULL, FALSE, reasons);
    assert_int_equal(reasons->len, *want ? 1 : 0);
    if (!*want)
        return;
    const VvReason *reason = reasons->pdata[0];
    g_autofree char *is = g_strdup_printf("%s %s", reason->code, vv_severity_name(reason->severity));
    assert_string_equal(is, want);
    assert_int_equal(reason->can_allow, can_allow);
    assert_non_null(strstr(reason->detail, path));
}

static void test_judge_file(void **state)
{
    Fake *fake = *state;
    g_autofree char *path = in_tree(fake, "card.rom"), *folder = in_tree(fake, "folder");
    g_autoptr(GBytes) bytes = chain_of(1, 20);

    expect_file(fake, "none.rom", "rom-unreadable block", FALSE);
    assert_int_equal(g_mkdir(folder, 0700), 0);
    expect_file(fake, "folder", "rom-unreadable block", FALSE);
    put(fake, "empty.rom", "");
    expect_file(fake, "empty.rom", "rom-unreadable block", FALSE);
    put(fake, "junk.rom", "junk");
    expect_file(fake, "junk.rom", "rom-bad block", TRUE);

    assert_true(
        g_file_set_contents(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), NULL));
    assert_int_equal(chmod(path, 0644), 0);
    expect_file(fake, "card.rom", "", FALSE);
    assert_int_equal(chmod(path, 0600), 0);
    expect_file(fake, "card.rom", "rom-unreadable warn", FALSE);
    assert_int_equal(chmod(path, 0666), 0);
    expect_file(fake, "card.rom", "rom-bad warn", FALSE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_versions), TEST(test_best),  TEST(test_find),       TEST(test_publish),
        TEST(test_trusted),  TEST(test_judge), TEST(test_judge_file),
    };

    return cmocka_run_group_tests_name("rom-store", tests, NULL, NULL);
}
