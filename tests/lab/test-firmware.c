/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-chains.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What vfio/rom-firmware.c says OVMF and SeaBIOS do, against what they do: QEMU gives ROMs that were made
 * wrong in one way each to an emulated network card. On this host, without KVM, without touching a device of
 * it. */

#define CODE "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define VARIABLES "/usr/share/OVMF/OVMF_VARS_4M.fd"
#define IPXE "/usr/lib/ipxe/qemu/efi-e1000.rom"
#define SECONDS 120

static const VvDevice e1000 = {.text = "0000:00:01.0", .vendor = 0x8086, .device = 0x100e};

static void put(const char *name, const guint8 *data, gsize size)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, (const char *)data, (gssize)size, NULL));
}

/* The first of `words` (NULL-terminated) that the machine writes into the file `log`; -1: none in time. */
static int wait_for(const char *log, const char *const *words)
{
    g_autofree char *path = g_build_filename(folder, log, NULL);

    for (int tenths = 0; tenths < SECONDS * 10; tenths++) {
        g_autofree char *text = NULL;
        gsize size;
        if (g_file_get_contents(path, &text, &size, NULL))
            for (int i = 0; words[i]; i++)
                if (memmem(text, size, words[i], strlen(words[i])))
                    return i;
        g_usleep(100000);
    }
    return -1;
}

/* Boots with card.rom until one of `words` is in `log`. `more` are further arguments. */
static int boot(const char *more, const char *log, const char *const *words)
{
    g_autofree char *line =
        g_strdup_printf("qemu-system-x86_64 -machine q35,accel=tcg -m 256 -display none "
                        "-nodefaults -monitor none -no-reboot -netdev user,id=n,restrict=on "
                        "-device e1000,netdev=n,romfile=card.rom %s",
                        more);
    g_autofree char *old = g_build_filename(folder, log, NULL);
    g_auto(GStrv) arguments = NULL;
    GPid pid;

    g_remove(old);
    assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
    assert_true(g_spawn_async(folder, arguments, NULL,
                              G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                              NULL, NULL, &pid, NULL));
    int word = wait_for(log, words);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return word;
}

static void skip_without(const char *path)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-x86_64");

    if (!qemu || access(path, R_OK) < 0)
        skip();
}

/* SeaBIOS tells on its debug port. QEMU gives it one more ROM, kvmvapic, which it runs after the card's:
 * behind the 2 KiB of ours, or at the beginning. */
static gboolean seabios_runs(const guint8 *data, gsize size)
{
    static const char *const words[] = {"Running option rom at c080:", "Booting from ", NULL};

    put("card.rom", data, size);
    int word =
        boot("-chardev file,id=d,path=debug -device isa-debugcon,iobase=0x402,chardev=d", "debug", words);
    if (word < 0)
        fail_msg("SeaBIOS said nothing");
    return word == 0;
}

static GByteArray *bios_image(guint8 type, gboolean last)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, type, 4, last);
    chain->data[3] = 0xcb; /* a far return */
    put16(chain, PCIR + 4, e1000.vendor);
    put16(chain, PCIR + 6, e1000.device);
    chain->data[PCIR + 0x0f] = 0x02;
    make_sum(chain, 0, 2048);
    return chain;
}

static void check_seabios(const char *name, GByteArray *chain)
{
    g_autoptr(VvRom) rom = vv_rom_parse(chain->data, chain->len, &e1000);
    gboolean runs = seabios_runs(chain->data, chain->len);

    if (runs != rom->seabios.runs)
        fail_msg("%s: SeaBIOS %s it; we said: %s", name, runs ? "runs" : "does not run", rom->seabios.detail);
    print_message("# %s: %s\n", name, rom->seabios.detail);
    g_byte_array_unref(chain);
}

static void test_seabios(void **state)
{
    skip_without("/usr/share/seabios/bios-256k.bin");
    check_seabios("sound", bios_image(0, TRUE));

    GByteArray *chain = bios_image(0, TRUE);
    g_autoptr(GByteArray) zeros = filled(512, 0);
    g_byte_array_prepend(chain, zeros->data, zeros->len);
    check_seabios("prefix", chain);

    chain = bios_image(0, TRUE);
    chain->data[1000]++;
    check_seabios("sum", chain);

    chain = bios_image(0, TRUE);
    chain->data[2] = 0;
    check_seabios("0 bytes by byte 2", chain);

    chain = bios_image(0, TRUE);
    put16(chain, PCIR + 6, 0x100f);
    chain->data[PCIR + 0x0c] = 3;
    put16(chain, PCIR + 8, 0x30);
    put16(chain, PCIR + 0x30, e1000.device);
    put16(chain, PCIR + 0x32, 0);
    make_sum(chain, 0, 2048);
    check_seabios("only in the device list", chain);

    chain = bios_image(0, TRUE);
    memmove(chain->data + PCIR + 2, chain->data + PCIR, 0x18);
    put16(chain, 0x18, PCIR + 2);
    make_sum(chain, 0, 2048);
    check_seabios("misaligned PCIR", chain);

    for (int gap = 0; gap < 2; gap++) {
        g_autoptr(GByteArray) second = bios_image(0, TRUE);
        chain = bios_image(1, FALSE);
        append_bytes(chain, gap ? 512 : 0, 0x22);
        g_byte_array_append(chain, second->data, second->len);
        check_seabios(gap ? "behind a gap" : "behind Open Firmware", chain);
    }
}

/* iPXE greets on the serial port; without a card's driver OVMF ends in its shell. */
static void check_ovmf(const char *name, const GByteArray *chain)
{
    static const char *const words[] = {"iPXE", "Shell>", NULL};
    g_autofree char *variables = NULL;
    gsize size;
    g_autoptr(VvRom) rom = vv_rom_parse(chain->data, chain->len, NULL);

    assert_true(g_file_get_contents(VARIABLES, &variables, &size, NULL));
    put("variables", (const guint8 *)variables, size);
    put("card.rom", chain->data, chain->len);
    int word = boot("-serial file:serial -drive if=pflash,format=raw,readonly=on,file=" CODE
                    " -drive if=pflash,format=raw,file=variables",
                    "serial", words);
    if (word < 0)
        fail_msg("%s: OVMF said nothing", name);
    if ((word == 0) != rom->ovmf.runs)
        fail_msg("%s: OVMF %s it; we said: %s", name, word == 0 ? "runs" : "does not run", rom->ovmf.detail);
    print_message("# %s: %s\n", name, rom->ovmf.detail);
}

static GByteArray *ipxe(gsize *ret_efi)
{
    char *data;
    gsize size;

    assert_true(g_file_get_contents(IPXE, &data, &size, NULL));
    g_autoptr(VvRom) rom = vv_rom_parse((const guint8 *)data, size, NULL);
    assert_int_equal(rom->images->len, 2);
    *ret_efi = g_array_index(rom->images, VvRomImage, 1).offset;
    return g_byte_array_new_take((guint8 *)data, size);
}

static void test_ovmf(void **state)
{
    /* One 16-bit field of the legacy or the EFI image is wrong. */
    static const struct {
        const char *name;
        gboolean efi;
        gsize at;
        guint16 value;
    } cases[] = {
        {"sound", FALSE, 0x200, 0},
        {"wrong sum", FALSE, 0x300, 0x1234},
        {"misaligned PCIR", FALSE, 0x18, 0x1e},
        {"foreign ids", TRUE, 0x1c + 6, 0x1234},
        {"AArch64", TRUE, 0x0a, 0xaa64},
        {"an application", TRUE, 0x08, 0x0a},
        {"longer than its PCIR", TRUE, 0x02, 0x1ff},
        {"no PE", TRUE, 0x38, 0},
    };
    gsize efi;

    skip_without(CODE);
    skip_without(IPXE);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) chain = ipxe(&efi);
        put16(chain, (cases[i].efi ? efi : 0) + cases[i].at, cases[i].value);
        check_ovmf(cases[i].name, chain);
    }
    g_autoptr(GByteArray) prefix = ipxe(&efi);
    g_autoptr(GByteArray) gap = filled(512, 0x22);
    g_byte_array_prepend(prefix, gap->data, gap->len);
    check_ovmf("prefix", prefix);

    g_autoptr(GByteArray) whole = ipxe(&efi);
    g_autoptr(GByteArray) split = g_byte_array_new();
    g_byte_array_append(split, whole->data, (guint)efi);
    g_byte_array_append(split, gap->data, gap->len);
    g_byte_array_append(split, whole->data + efi, (guint)(whole->len - efi));
    check_ovmf("behind a gap", split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_seabios, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ovmf, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
