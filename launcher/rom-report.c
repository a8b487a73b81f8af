/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rom-report.h"

#include "launcher/json.h"
#include "launcher/present.h"
#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PCI Local Bus Specification 3.0, 6.2.5.2: no expansion ROM BAR is larger. */
#define ROM_MAX (16 * 1024 * 1024)

static const char *const columns[] = {"  #", "OFFSET", "BYTES", "TYPE", "MADE FOR", ""};

/* "x64, compressed, last": a new string. */
static char *describe(const VvRomImage *image)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    char machine[16];

    if (image->type == 3 && !image->nvidia_private)
        g_ptr_array_add(words, (char *)vv_rom_machine_name(image->efi_machine, machine));
    if (image->efi_program == VV_ROM_PROGRAM_GOP)
        g_ptr_array_add(words, (char *)"graphics (GOP)");
    if (image->efi_compressed)
        g_ptr_array_add(words, (char *)"compressed");
    if (image->has_checksum)
        g_ptr_array_add(words, (char *)(image->checksum_ok ? "checksum good" : "checksum wrong"));
    if (image->nvidia_private)
        g_ptr_array_add(words, (char *)"NVIDIA's own format");
    if (image->pcir_last)
        g_ptr_array_add(words, (char *)"last");
    g_ptr_array_add(words, NULL);
    return g_strjoinv(", ", (char **)words->pdata);
}

/* Of the ids in a device list only how many: some name hundreds. */
static char *made_for(const VvRomImage *image)
{
    return image->device_count > 0
               ? g_strdup_printf("%04x:%04x +%u", image->vendor, image->device, image->device_count)
               : g_strdup_printf("%04x:%04x", image->vendor, image->device);
}

static void print_images(const VvRom *rom)
{
    struct libscols_table *table = vv_new_table(stdout);

    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        scols_table_new_column(table, columns[i], 0, i == 2 ? SCOLS_FL_RIGHT : 0);
    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        struct libscols_line *line = scols_table_new_line(table, NULL);
        g_autofree char *number = g_strdup_printf("  %u", i + 1);
        g_autofree char *offset = g_strdup_printf("0x%zx", image->offset);
        g_autofree char *length = g_strdup_printf("%zu", image->length);
        g_autofree char *card = made_for(image);
        g_autofree char *words = describe(image);
        char type[16];
        scols_line_set_data(line, 0, number);
        scols_line_set_data(line, 1, offset);
        scols_line_set_data(line, 2, length);
        scols_line_set_data(line, 3, vv_rom_type_name(image->type, type));
        scols_line_set_data(line, 4, card);
        scols_line_set_data(line, 5, words);
    }
    if (rom->images->len > 0)
        scols_print_table(table);
    scols_unref_table(table);
}

static void print_text(const char *title, const char *text)
{
    if (text[0])
        printf("  %-8s %s\n", title, text);
}

void vv_print_rom(const VvRom *rom, const char *what)
{
    printf("%s: %s\n", what, vv_rom_verdict_name(rom->verdict));
    print_images(rom);
    print_text("version", rom->version);
    print_text("part", rom->part_number);
    print_text("date", rom->date);
    print_text("product", rom->product);
    if (rom->match != VV_ROM_MATCH_UNKNOWN)
        print_text("card", rom->match == VV_ROM_MATCH_YES ? "yes: it is made for this card"
                                                          : "no: it is made for another card");
    printf("  OVMF     %s: %s\n", rom->ovmf.runs ? "yes" : "no", rom->ovmf.detail);
    printf("  SeaBIOS  %s: %s\n", rom->seabios.runs ? "yes" : "no", rom->seabios.detail);
    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        printf("  %-8s %-14s %s\n", problem->weight == VV_ROM_GOOD ? "remark" : "problem", problem->code,
               problem->detail);
    }
}

static json_object *json_hex(guint value, int digits)
{
    g_autofree char *text = g_strdup_printf("%0*x", digits, value);

    return vv_json_text(text);
}

static json_object *json_efi(const VvRomImage *image)
{
    json_object *object = json_object_new_object();
    gboolean known = image->efi_program == VV_ROM_PROGRAM_DRIVER || image->efi_program == VV_ROM_PROGRAM_GOP;

    json_object_object_add(object, "machine", json_object_new_int(image->efi_machine));
    json_object_object_add(object, "subsystem", json_object_new_int(image->efi_subsystem));
    json_object_object_add(object, "compressed", json_object_new_boolean(image->efi_compressed));
    json_object_object_add(object, "gop",
                           known ? json_object_new_boolean(image->efi_program == VV_ROM_PROGRAM_GOP) : NULL);
    return object;
}

static json_object *json_image(const VvRom *rom, const VvRomImage *image)
{
    json_object *object = json_object_new_object(), *devices = json_object_new_array();
    char type[16];

    for (guint i = 0; i < image->device_count; i++)
        json_object_array_add(devices,
                              json_hex(g_array_index(rom->devices, guint16, image->first_device + i), 4));
    json_object_object_add(object, "offset", json_object_new_int64((gint64)image->offset));
    json_object_object_add(object, "length", json_object_new_int64((gint64)image->length));
    json_object_object_add(object, "type", vv_json_text(vv_rom_type_name(image->type, type)));
    json_object_object_add(object, "vendor", json_hex(image->vendor, 4));
    json_object_object_add(object, "device", json_hex(image->device, 4));
    json_object_object_add(object, "devices", devices);
    json_object_object_add(object, "class", json_hex(image->class_code, 6));
    json_object_object_add(object, "revision", json_object_new_int(image->rom_revision));
    json_object_object_add(object, "checksum",
                           image->has_checksum ? json_object_new_boolean(image->checksum_ok) : NULL);
    json_object_object_add(object, "efi",
                           image->type == 3 && !image->nvidia_private ? json_efi(image) : NULL);
    json_object_object_add(object, "last", json_object_new_boolean(image->last));
    json_object_object_add(object, "pcir_length", json_object_new_int64((gint64)image->pcir_length));
    json_object_object_add(object, "pcir_last", json_object_new_boolean(image->pcir_last));
    json_object_object_add(object, "npde", json_object_new_boolean(image->has_npde));
    json_object_object_add(object, "nvidia_private", json_object_new_boolean(image->nvidia_private));
    return object;
}

static json_object *json_firmware(const VvRomFirmware *firmware)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "runs", json_object_new_boolean(firmware->runs));
    json_object_object_add(object, "offset",
                           firmware->runs ? json_object_new_int64((gint64)firmware->offset) : NULL);
    json_object_object_add(object, "detail", vv_json_text(firmware->detail));
    return object;
}

static void add_text(json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text[0] ? vv_json_text(text) : NULL);
}

json_object *vv_json_rom(const VvRom *rom)
{
    json_object *object = json_object_new_object(), *images = json_object_new_array(),
                *problems = json_object_new_array();

    for (guint i = 0; i < rom->images->len; i++)
        json_object_array_add(images, json_image(rom, &g_array_index(rom->images, VvRomImage, i)));
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
    json_object_object_add(
        object, "matches",
        rom->match == VV_ROM_MATCH_UNKNOWN ? NULL : json_object_new_boolean(rom->match == VV_ROM_MATCH_YES));
    json_object_object_add(object, "ovmf", json_firmware(&rom->ovmf));
    json_object_object_add(object, "seabios", json_firmware(&rom->seabios));
    add_text(object, "version", rom->version);
    add_text(object, "part_number", rom->part_number);
    add_text(object, "date", rom->date);
    add_text(object, "product", rom->product);
    json_object_object_add(object, "guest_end", json_object_new_int64((gint64)rom->guest_end));
    return object;
}

static GBytes *read_all(int fd, gsize size)
{
    g_autofree guint8 *data = g_malloc(size + 1);
    gsize done = 0;

    while (done <= size) {
        gssize got = read(fd, data + done, size + 1 - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return NULL;
        if (got == 0)
            return g_bytes_new_take(g_steal_pointer(&data), done);
        done += (gsize)got;
    }
    errno = EFBIG;
    return NULL;
}

/* Without waiting for whoever writes into a FIFO. */
GBytes *vv_rom_load(const char *path, struct stat *ret_status, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status = {0};
    GBytes *bytes = NULL;

    if (fd < 0 || fstat(fd, &status) < 0)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path, g_strerror(errno));
    else if (!S_ISREG(status.st_mode))
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s is not a regular file", path);
    else if (status.st_size > ROM_MAX)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s has %lld bytes; a ROM has 16 MiB at most", path,
                    (long long)status.st_size);
    else if (!(bytes = read_all(fd, (gsize)status.st_size)))
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    if (bytes && ret_status)
        *ret_status = status;
    return bytes;
}
