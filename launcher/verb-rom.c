/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "vfio/error.h"
#include "vfio/rom.h"

/* The largest expansion ROM BAR that PCI knows (PCI Local Bus Specification 3.0, 6.2.5.2). */
#define ROM_MAX (16 * 1024 * 1024)

static char *output;
static char *for_address;
static gboolean replace;

const GOptionEntry vv_rom_dump_options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write it", "FILE"},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {0},
};

const GOptionEntry vv_rom_check_options[] = {
    {"for", 0, 0, G_OPTION_ARG_STRING, &for_address, "Compare with this card", "ADDRESS"},
    {0},
};

static void print_images(const VvRom *rom)
{
    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        char type[16];
        printf("  image %u  at %#zx  %zu bytes  %-14s [%04x:%04x]", i + 1, image->offset, image->length,
               vv_rom_type_name(image->type, type), image->vendor, image->device);
        if (image->type == 3)
            printf("  %s%s", image->efi_machine == 0x8664 ? "x64" : "not x64",
                   image->efi_compressed ? ", compressed" : "");
        if (image->has_checksum)
            printf("  checksum %s", image->checksum_ok ? "good" : "wrong");
        puts(image->last ? "  last" : "");
    }
}

static void print_rom(const VvRom *rom, const char *what)
{
    printf("%s: %s\n", what, vv_rom_verdict_name(rom->verdict));
    print_images(rom);
    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        printf("  %s %-14s %s\n", problem->weight == VV_ROM_GOOD ? "remark" : "problem", problem->code,
               problem->detail);
    }
}

static json_object *json_image(const VvRomImage *image)
{
    json_object *object = json_object_new_object(), *efi = NULL;
    g_autofree char *vendor = g_strdup_printf("%04x", image->vendor);
    g_autofree char *device = g_strdup_printf("%04x", image->device);
    char type[16];

    if (image->type == 3) {
        efi = json_object_new_object();
        json_object_object_add(efi, "machine", json_object_new_int(image->efi_machine));
        json_object_object_add(efi, "subsystem", json_object_new_int(image->efi_subsystem));
        json_object_object_add(efi, "compressed", json_object_new_boolean(image->efi_compressed));
    }
    json_object_object_add(object, "offset", json_object_new_int64((gint64)image->offset));
    json_object_object_add(object, "length", json_object_new_int64((gint64)image->length));
    json_object_object_add(object, "type", vv_json_text(vv_rom_type_name(image->type, type)));
    json_object_object_add(object, "vendor", vv_json_text(vendor));
    json_object_object_add(object, "device", vv_json_text(device));
    json_object_object_add(object, "checksum",
                           image->has_checksum ? json_object_new_boolean(image->checksum_ok) : NULL);
    json_object_object_add(object, "efi", efi);
    json_object_object_add(object, "last", json_object_new_boolean(image->last));
    return object;
}

static void print_rom_json(const VvRom *rom)
{
    json_object *object = json_object_new_object(), *images = json_object_new_array(),
                *problems = json_object_new_array();

    for (guint i = 0; i < rom->images->len; i++)
        json_object_array_add(images, json_image(&g_array_index(rom->images, VvRomImage, i)));
    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        json_object *item = json_object_new_object();
        json_object_object_add(item, "code", vv_json_text(problem->code));
        json_object_object_add(item, "detail", vv_json_text(problem->detail));
        json_object_object_add(item, "verdict", vv_json_text(vv_rom_verdict_name(problem->weight)));
        json_object_array_add(problems, item);
    }
    json_object_object_add(object, "verdict", vv_json_text(vv_rom_verdict_name(rom->verdict)));
    json_object_object_add(object, "images", images);
    json_object_object_add(object, "problems", problems);
    vv_json_print(object);
}

int vv_verb_rom_dump(VvContext *context, char **words, GError **error)
{
    if (!output) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "rom dump: say where to write it, with -o FILE");
        return VV_ERROR_USAGE;
    }
    VvDevice *device = vv_context_device(context, words[0], error);
    VvRomSource source;
    g_autoptr(GBytes) bytes = device ? vv_rom_read(context->sysfs, device, &source, error) : NULL;
    if (!bytes || !vv_rom_write_file(output, bytes, replace, error))
        return VV_ERROR_FAILED;

    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    printf("%s: %zu bytes from %s\nsha256 %s\n", output, size, vv_rom_source_name(source), hash);
    print_rom(rom, "verdict");
    return 0;
}

static GBytes *load_file(const char *path, GError **error)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) problem = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, &problem)) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path, problem->message);
        return NULL;
    }
    if (size > ROM_MAX) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s has %zu bytes; a ROM has 16 MiB at most", path,
                    size);
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), size);
}

int vv_verb_rom_check(VvContext *context, char **words, GError **error)
{
    VvAddress address;
    gboolean is_card = vv_address_parse(words[0], &address, NULL);
    const char *card = is_card ? words[0] : for_address;
    VvDevice *device = card ? vv_context_device(context, card, error) : NULL;
    if (card && !device)
        return VV_ERROR_FAILED;
    if (is_card && context->sysroot) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_USAGE,
            "rom check: reading a card's ROM switches it on; with --sysroot only a FILE can be checked");
        return VV_ERROR_USAGE;
    }

    VvRomSource source;
    g_autoptr(GBytes) bytes =
        is_card ? vv_rom_read(context->sysfs, device, &source, error) : load_file(words[0], error);
    if (!bytes)
        return VV_ERROR_FAILED;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    if (context->json)
        print_rom_json(rom);
    else
        print_rom(rom, words[0]);
    return rom->verdict == VV_ROM_GOOD ? 0 : VV_ERROR_FAILED;
}
