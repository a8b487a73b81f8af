/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-fix.h"

#include "vfio/error.h"
#include "vfio/rom-internal.h"

typedef struct {
    guint8 *data; /* of the result */
    gsize size;
    GPtrArray *changes;
} Work;

static void work_clear(Work *work)
{
    g_free(work->data);
    g_clear_pointer(&work->changes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static void G_GNUC_PRINTF(2, 3) note(Work *work, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(work->changes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static gboolean has_problem(const VvRom *rom, const char *code)
{
    for (guint i = 0; i < rom->problems->len; i++)
        if (strcmp(((const VvRomProblem *)rom->problems->pdata[i])->code, code) == 0)
            return TRUE;
    return FALSE;
}

static gboolean refuse_bad(const VvRom *rom, GError **error)
{
    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        if (problem->weight == VV_ROM_BAD) {
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "this ROM cannot be mended: %s: %s", problem->code,
                        problem->detail);
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_blank(const guint8 *bytes, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (bytes[i] != bytes[0] || (bytes[0] != 0x00 && bytes[0] != 0xff))
            return FALSE;
    return TRUE;
}

/* A byte that is there for the checksum: where AMD's ATOM has it (fwupd, fu-amd-gpu-atom.rs); byte 6, when
 * what is called at byte 3 is a near jump, which ends before it (as QEMU, hw/pci/pci.c, pci_patch_ids, and
 * SeaBIOS do); or the last one, when blank bytes stand before it. G_MAXSIZE: none. */
static gsize checksum_byte(VvRomView image, gsize length, gboolean atom)
{
    if (atom && vv_rom_has_tag(image, 0x1e, "IBM", 3))
        return 0x21;
    if (vv_rom_u8(image, 3) == 0xe9)
        return 6;
    if (length < VV_ROM_BLOCK)
        return G_MAXSIZE;
    return is_blank(image.data + length - 9, 8) ? length - 1 : G_MAXSIZE;
}

/* What is summed of a legacy image: what SeaBIOS sums, where that is there. */
static gsize summed_length(VvRomView image, const VvRomImage *facts)
{
    gsize counted = vv_rom_legacy_length(image);

    return MIN(counted > 0 && counted <= image.size ? counted : facts->length, image.size);
}

static VvRomView view_of(const Work *work, const VvRomImage *facts)
{
    return vv_rom_view_from((VvRomView){work->data, work->size}, facts->offset);
}

static gboolean mend_checksum(Work *work, const VvRom *rom, const VvRomImage *facts, GError **error)
{
    VvRomView image = view_of(work, facts);
    gsize length = summed_length(image, facts);
    guint8 sum = vv_rom_sum(image, length);

    if (sum == 0)
        return TRUE;
    gsize at = checksum_byte(image, length, rom->atom);
    if (at == G_MAXSIZE || (at >= facts->pcir && at < facts->pcir + VV_ROM_PCIR_SIZE)) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "the legacy image at 0x%zx sums to 0x%02x, but it has no byte to spare for a checksum",
                    facts->offset, sum);
        return FALSE;
    }
    guint8 *byte = work->data + facts->offset + at;
    note(work, "byte 0x%zx changed from 0x%02x to 0x%02x, so that the legacy image sums to 0",
         facts->offset + at, *byte, (guint8)(*byte - sum));
    *byte = (guint8)(*byte - sum);
    return TRUE;
}

static gboolean is_summed(const VvRomImage *facts)
{
    return facts->type == VV_ROM_TYPE_LEGACY && facts->has_checksum && !facts->nvidia_private;
}

/* The image that firmware comes to last: others may lie inside of it, in NVIDIA's own counting. */
static const VvRomImage *last_standard(const VvRom *rom)
{
    const VvRomImage *last = NULL;
    gsize at = 0;

    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->offset != at || image->nvidia_private)
            continue;
        last = image;
        at += image->pcir_length;
    }
    return last;
}

static gboolean mark_last(Work *work, const VvRom *rom, GError **error)
{
    const VvRomImage *image = last_standard(rom);

    if (!image || !has_problem(rom, "no-last"))
        return TRUE;
    gsize at = image->offset + image->pcir + 0x15;
    work->data[at] |= 0x80;
    note(work, "the image at 0x%zx is marked as the last", image->offset);
    /* A sum that was right stays right. */
    return !is_summed(image) || !image->checksum_ok || mend_checksum(work, rom, image, error);
}

static gboolean mend(Work *work, unsigned fixes, GError **error)
{
    g_autoptr(VvRom) rom = vv_rom_parse(work->data, work->size, NULL);

    if (fixes & VV_ROM_FIX_LAST && !mark_last(work, rom, error))
        return FALSE;
    for (guint i = 0; fixes & VV_ROM_FIX_CHECKSUM && i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (is_summed(image) && !mend_checksum(work, rom, image, error))
            return FALSE;
    }
    return TRUE;
}

/* Images of NVIDIA's own counting can lie inside of others, so that mending one spoils another: then neither
 * is given out. */
static gboolean check_result(const Work *work, unsigned fixes, GError **error)
{
    g_autoptr(VvRom) rom = vv_rom_parse(work->data, work->size, NULL);
    gboolean kept = rom->start == 0 && rom->guest_end == work->size &&
                    !(fixes & VV_ROM_FIX_LAST && has_problem(rom, "no-last"));

    for (guint i = 0; fixes & VV_ROM_FIX_CHECKSUM && kept && i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        VvRomView view = view_of(work, image);
        kept = !is_summed(image) || vv_rom_sum(view, summed_length(view, image)) == 0;
    }
    if (refuse_bad(rom, error))
        return FALSE;
    if (!kept)
        g_set_error_literal(error, VV_ERROR, VV_ERROR_FAILED,
                            "this ROM cannot be mended: its images lie inside of each other");
    return kept;
}

GBytes *vv_rom_fix(GBytes *bytes, unsigned fixes, GPtrArray **ret_changes, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);
    g_auto(Work) work = {.changes = g_ptr_array_new_with_free_func(g_free)};

    if (refuse_bad(rom, error))
        return NULL;
    work.size = rom->guest_end - rom->start;
    work.data = g_memdup2(data + rom->start, work.size);
    if (rom->start > 0)
        note(&work, "%zu bytes before the first image cut off", rom->start);
    if (rom->guest_end < size)
        note(&work, "%zu bytes behind the last image cut off", size - rom->guest_end);
    if (!mend(&work, fixes, error) || !check_result(&work, fixes, error))
        return NULL;
    if (ret_changes)
        *ret_changes = g_steal_pointer(&work.changes);
    return g_bytes_new_take(g_steal_pointer(&work.data), work.size);
}

static guint first_efi(const VvRom *rom)
{
    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->type == VV_ROM_TYPE_EFI && !image->nvidia_private)
            return i;
    }
    return G_MAXUINT;
}

GBytes *vv_rom_extract(GBytes *bytes, guint index, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);
    gboolean efi = index == G_MAXUINT;

    if (efi)
        index = first_efi(rom);
    if (efi && index == G_MAXUINT) {
        g_set_error_literal(error, VV_ERROR, VV_ERROR_FAILED, "there is no EFI image");
        return NULL;
    }
    if (index >= rom->images->len) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "there is no image %u; it has %u", index + 1,
                    rom->images->len);
        return NULL;
    }
    const VvRomImage *image = &g_array_index(rom->images, VvRomImage, index);
    if (image->length > size - image->offset) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "image %u is cut off: %zu of its %zu bytes are there",
                    index + 1, size - image->offset, image->length);
        return NULL;
    }
    return g_bytes_new(data + image->offset, image->length);
}
