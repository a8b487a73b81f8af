/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void vv_rom_set_error(GError **error, const VvDevice *device, const char *doing, int errnum)
{
    gboolean forbidden = errnum == EACCES || errnum == EPERM;

    g_set_error(error, VV_ERROR, forbidden ? VV_ERROR_NOT_READY : VV_ERROR_FAILED, "%s: %s: %s%s",
                device->text, doing, g_strerror(errnum), forbidden ? ": it needs root" : "");
}

GBytes *vv_rom_read_fd(int fd, guint64 offset, gsize size)
{
    GByteArray *bytes = g_byte_array_new();
    guint8 page[4096];

    while (bytes->len < size) {
        gsize want = MIN(sizeof page, size - bytes->len);
        gssize got = pread(fd, page, want, (off_t)(offset + bytes->len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int saved = errno;
            g_byte_array_unref(bytes);
            errno = saved;
            return NULL;
        }
        if (got == 0)
            break;
        g_byte_array_append(bytes, page, (guint)got);
    }
    return g_byte_array_free_to_bytes(bytes);
}

/* The primary display's ROM resource points to the copy that the firmware made at 0xc0000 and may have
 * changed (pci_fixup_video in arch/x86/pci/fixup.c); then every way of reading gives that copy. Line 7 of
 * `resource` is the ROM. */
static gboolean is_shadow(const VvSysfs *sysfs, VvDevice *device)
{
    vv_device_read_details(sysfs, device);
    if (!device->boot_vga)
        return FALSE;
    g_autofree char *path = vv_device_path(device, "resource");
    g_autofree char *text = vv_sysfs_read(sysfs, path);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    return g_strv_length(lines) > 6 && strtoull(lines[6], NULL, 16) == 0xc0000;
}

/* What one question is about. */
typedef struct {
    const VvHost *host;
    const VvSysfs *sysfs;
    VvJournal *journal;
    VvDevice *device;
    char *driver; /* NULL: none */
    gboolean is_shadow;
    const char *const *allow;
} Reader;

static gboolean is_free(const Reader *reader, GError **error)
{
    g_autoptr(GPtrArray) uses = vv_rom_uses(reader->host, reader->device, reader->allow);
    const VvReason *first = uses->len ? uses->pdata[0] : NULL;

    if (!first)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                "%s: the host is using this card, and switching its ROM on could disturb that: %s: %s%s; "
                "bind it to vfio-pci and read again, or say --allow %s",
                reader->device->text, first->code, first->detail,
                uses->len > 1 ? " (and more, see 'virt-vfio show')" : "", first->code);
    return FALSE;
}

/* Of the card itself. On a VFIO driver a guest may have it: then the group does not open. */
static gboolean read_card(const Reader *reader, GBytes **ret_first, GBytes **ret_second, GError **error)
{
    if (!reader->is_shadow && !is_free(reader, error))
        return FALSE;
    return vv_rom_read_sysfs(reader->sysfs, reader->journal, reader->device, reader->driver,
                             reader->is_shadow, ret_first, ret_second, error);
}

static gboolean read_vfio(const Reader *reader, GBytes **ret_first, GBytes **ret_second, GError **error)
{
    if (!vv_driver_is_vfio(reader->driver)) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s is not on vfio-pci; 'virt-vfio bind' takes it there", reader->device->text);
        return FALSE;
    }
    if (!vv_journal_lock(reader->journal, reader->device->group, g_get_monotonic_time() + 5 * G_USEC_PER_SEC,
                         error))
        return FALSE;
    gboolean ok = vv_rom_read_vfio(reader->sysfs, reader->device, ret_first, ret_second, error);
    vv_journal_unlock(reader->journal);
    return ok;
}

static gboolean read_from(const Reader *reader, VvRomSource source, GBytes **ret_first, GBytes **ret_second,
                          GError **error)
{
    switch (source) {
    case VV_ROM_SOURCE_VFIO:
        return read_vfio(reader, ret_first, ret_second, error);
    case VV_ROM_SOURCE_ACPI:
        return vv_rom_read_acpi(reader->sysfs, reader->device, ret_first, ret_second, error);
    case VV_ROM_SOURCE_DEBUGFS:
        return vv_rom_read_debugfs(reader->sysfs, reader->device, ret_first, ret_second, error);
    default:
        break;
    }
    if (vv_driver_is_vfio(reader->driver) && !reader->is_shadow) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s is on %s, which keeps it asleep: read it with --source vfio", reader->device->text,
                    reader->driver);
        return FALSE;
    }
    return read_card(reader, ret_first, ret_second, error);
}

static gboolean compare(const VvDevice *device, GBytes *first, GBytes *second, GError **error)
{
    gsize size, size2, at = 0;
    const guint8 *a = g_bytes_get_data(first, &size);
    const guint8 *b = g_bytes_get_data(second, &size2);

    while (at < size && at < size2 && a[at] == b[at])
        at++;
    if (size == 0)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: its ROM is empty: the kernel gave no bytes",
                    device->text);
    else if (at < size || at < size2)
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "%s: two readings of its ROM (%zu and %zu bytes) differ from byte 0x%zx on: somebody is using "
            "the card, or it is unwell; nothing was kept",
            device->text, size, size2, at);
    else
        return TRUE;
    return FALSE;
}

/* VFIO fills the BAR up with 0xFF; without that, both ways of reading give the same bytes. */
static GBytes *without_padding(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);

    if (rom->images->len == 0)
        return g_bytes_ref(bytes);
    for (gsize at = rom->end; at < size; at++)
        if (data[at] != 0xff)
            return g_bytes_ref(bytes);
    return g_bytes_new_from_bytes(bytes, 0, rom->end);
}

static GBytes *read_and_compare(const Reader *reader, VvRomSource source, GError **error)
{
    g_autoptr(GBytes) first = NULL, second = NULL;

    if (!read_from(reader, source, &first, &second, error) || !compare(reader->device, first, second, error))
        return NULL;
    return source == VV_ROM_SOURCE_VFIO ? without_padding(first) : g_steal_pointer(&first);
}

/* The card's own ROM is the best there is; a shadow of it the last resort. */
static guint order_sources(const Reader *reader, const char *wanted, VvRomSource order[static 3])
{
    gboolean vfio = vv_driver_is_vfio(reader->driver);
    VvRomSource card = vfio ? VV_ROM_SOURCE_VFIO : VV_ROM_SOURCE_SYSFS;

    if (wanted && strcmp(wanted, "auto") != 0)
        return vv_rom_source_parse(wanted, &order[0]) && order[0] != VV_ROM_SOURCE_SHADOW;
    order[reader->is_shadow ? 2 : 0] = card;
    order[reader->is_shadow ? 0 : 1] = VV_ROM_SOURCE_ACPI;
    order[reader->is_shadow ? 1 : 2] = VV_ROM_SOURCE_DEBUGFS;
    return 3;
}

static VvRomSource really(const Reader *reader, VvRomSource source)
{
    gboolean card = source == VV_ROM_SOURCE_SYSFS || source == VV_ROM_SOURCE_VFIO;

    return card && reader->is_shadow ? VV_ROM_SOURCE_SHADOW : source;
}

GBytes *vv_rom_read(const VvHost *host, VvJournal *journal, VvDevice *device, const VvRomReadOptions *options,
                    VvRomSource *ret_source, GError **error)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);
    g_autofree char *driver = vv_device_driver_now(sysfs, device);
    const Reader reader = {
        host, sysfs, journal, device, driver, is_shadow(sysfs, device), options ? options->allow : NULL};
    VvRomSource order[3];
    guint count = order_sources(&reader, options ? options->source : NULL, order);
    GError *problem = NULL;
    GBytes *bytes = NULL;

    /* What keeps us from the card itself says more than that there is no copy elsewhere. */
    guint says = count == 3 && reader.is_shadow ? 2 : 0;
    for (guint i = 0; i < count && !bytes; i++) {
        bytes = read_and_compare(&reader, order[i], i == says ? &problem : NULL);
        if (bytes)
            *ret_source = really(&reader, order[i]);
    }
    if (bytes)
        g_clear_error(&problem);
    else if (problem)
        g_propagate_error(error, problem);
    else
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "there is no source '%s' for a ROM", options->source);
    return bytes;
}

VvRomOutlook vv_rom_outlook(const VvHost *host, VvDevice *device)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);
    g_autoptr(GBytes) first = NULL, second = NULL;

    vv_device_read_details(sysfs, device);
    if (device->has_rom && !is_shadow(sysfs, device))
        return VV_ROM_OUTLOOK_CARD;
    if (device->class_code >> 16 == 0x03 && (vv_rom_read_acpi(sysfs, device, &first, &second, NULL) ||
                                             vv_rom_read_debugfs(sysfs, device, &first, &second, NULL)))
        return VV_ROM_OUTLOOK_COPY;
    return device->has_rom ? VV_ROM_OUTLOOK_SHADOW : VV_ROM_OUTLOOK_NONE;
}
