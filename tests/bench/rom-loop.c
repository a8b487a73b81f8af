/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges ROMs of 256 KiB again and again: what tests/bench/rom measures.
 *
 *   rom-loop SECONDS [FILE…]
 *
 * Prints for each ROM its name, MB/s (10^6 bytes), how many allocations one parse took, and how many images
 * it has. Without a FILE: a card's usual chain, one of 512 images of one block each, and one of NVIDIA's kind
 * with a prefix. A FILE is filled up to 256 KiB with 0xff, as VFIO gives it. */
#include "tests/unit/rom-chains.h"

#include <stdio.h>
#include <stdlib.h>

#define ROM_SIZE (256 * 1024)

/* GLib takes its memory from here too: a program's own malloc goes before the one of libc. */
static guint64 allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

/* As on a graphics card: most of it in two images, neither repeating itself. */
static GByteArray *usual_chain(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 0x7c, FALSE);
    append_image(chain, 0xe0, 0x35, FALSE);
    gsize at = append_plain_efi(chain, 0x8664, TRUE);
    append_bytes(chain, ROM_SIZE - chain->len, 0x5a);
    put16(chain, at + 2, (guint16)((ROM_SIZE - at) / 512));
    put16(chain, at + PCIR + 0x10, (guint16)((ROM_SIZE - at) / 512));
    return chain;
}

static GByteArray *many_images(void)
{
    GByteArray *chain = g_byte_array_new();

    while (chain->len < ROM_SIZE - 512)
        append_image(chain, 0, 1, FALSE);
    append_image(chain, 0, 1, TRUE);
    return chain;
}

static GByteArray *prefixed_chain(void)
{
    GByteArray *file = card_prefix_3();

    append_bytes(file, ROM_SIZE - file->len, 0xff);
    return file;
}

static void measure(const char *name, const GByteArray *rom, double seconds)
{
    gint64 start = g_get_monotonic_time(), end = start + (gint64)(seconds * 1e6), now;
    guint64 rounds = 0, before = allocations;
    guint images = 0;

    do {
        g_autoptr(VvRom) facts = vv_rom_parse(rom->data, rom->len, NULL);
        images = facts->images->len;
        rounds++;
    } while ((now = g_get_monotonic_time()) < end);
    printf("%s %.0f %.1f %u\n", name, (double)rounds * rom->len / (double)(now - start),
           (double)(allocations - before) / (double)rounds, images);
}

static GByteArray *load(const char *path)
{
    char *data;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, NULL))
        return NULL;
    GByteArray *rom = g_byte_array_new_take((guint8 *)data, size);
    if (size < ROM_SIZE)
        append_bytes(rom, ROM_SIZE - size, 0xff);
    return rom;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GByteArray *(*build)(void);
    } built[] = {{"card", usual_chain}, {"512-images", many_images}, {"prefixed", prefixed_chain}};
    double seconds = argc > 1 ? atof(argv[1]) : 0;

    if (seconds <= 0) {
        fprintf(stderr, "usage: rom-loop SECONDS [FILE…]\n");
        return 2;
    }
    for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS(built); i++) {
        g_autoptr(GByteArray) rom = built[i].build();
        measure(built[i].name, rom, seconds);
    }
    for (int i = 2; i < argc; i++) {
        g_autoptr(GByteArray) rom = load(argv[i]);
        if (rom)
            measure(argv[i], rom, seconds);
    }
    return 0;
}
