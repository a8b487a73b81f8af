/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A card in D3cold needs its port's link back, 100 ms by PCI Express Base Specification 5.0, 6.6.1, plus what
 * firmware takes. */
#define WAKE_STEP_MS 10
#define WAKE_MAX_MS 2000

/* What was switched on for one reading. */
typedef struct {
    const VvSysfs *sysfs;
    const VvDevice *device;
    char *power_before; /* NULL: not touched */
    gboolean enabled;
    gboolean rom_on;
} Session;

void vv_rom_set_error(GError **error, const VvDevice *device, const char *doing, int errnum)
{
    gboolean forbidden = errnum == EACCES || errnum == EPERM;

    g_set_error(error, VV_ERROR, forbidden ? VV_ERROR_NOT_READY : VV_ERROR_FAILED, "%s: %s: %s%s",
                device->text, doing, g_strerror(errnum), forbidden ? ": it needs root" : "");
}

/* What the kernel means by it (pci_read_rom and pci_map_rom). */
static void set_read_error(GError **error, const VvDevice *device, int errnum)
{
    const char *why = NULL;

    if (errnum == EINVAL)
        why = "the kernel says EINVAL: its ROM was switched off meanwhile, perhaps by another program "
              "reading it";
    else if (errnum == EIO)
        why = "the kernel says EIO: it could not map the ROM, or found no image in it because the card is "
              "asleep or "
              "its memory is switched off; bind it to vfio-pci and read again";
    else if (errnum == EFBIG)
        why = "there is more than 16 MiB of it, which no ROM has";
    if (why)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: cannot read its ROM: %s", device->text, why);
    else
        vv_rom_set_error(error, device, "reading its ROM", errnum);
}

static gboolean set(const Session *session, const char *attribute, const char *text, GError **error)
{
    g_autofree char *path = vv_device_path(session->device, attribute);
    int errnum = vv_sysfs_write(session->sysfs, path, text);

    if (errnum == 0)
        return TRUE;
    g_autofree char *doing = g_strdup_printf("writing %s to \"%s\"", text[0] == '0' ? "0" : text, attribute);
    vv_rom_set_error(error, session->device, doing, errnum);
    return FALSE;
}

/* Puts everything back, last first, and goes on after a failure. Two bytes for `rom`: the kernel takes a lone
 * "0" for "on" (pci_write_rom in drivers/pci/pci-sysfs.c). */
static gboolean session_end(Session *session, GError **error)
{
    gboolean ok = TRUE;

    if (session->rom_on)
        ok = set(session, "rom", "0\n", ok ? error : NULL) && ok;
    if (session->enabled)
        ok = set(session, "enable", "0", ok ? error : NULL) && ok;
    if (session->power_before)
        ok = set(session, "power/control", session->power_before, ok ? error : NULL) && ok;
    session->rom_on = session->enabled = FALSE;
    g_clear_pointer(&session->power_before, g_free);
    return ok;
}

static void session_clear(Session *session)
{
    session_end(session, NULL);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Session, session_clear)

/* D1, D2, D3hot, D3cold. "unknown" is what a card that lost its driver while awake shows (pci_device_remove),
 * and where the attribute is missing (before 5.11) nothing can be said. */
static gboolean asleep(const VvSysfs *sysfs, const VvDevice *device, char state[static 16])
{
    g_autofree char *path = vv_device_path(device, "power_state");

    return vv_sysfs_read_into(sysfs, path, state, 16) > 0 && state[0] == 'D' && strcmp(state, "D0") != 0;
}

static gboolean wake(Session *session, GError **error)
{
    g_autofree char *path = vv_device_path(session->device, "power/control");
    g_autofree char *before = vv_sysfs_read(session->sysfs, path);
    char state[16];

    if (before && strcmp(before, "on") != 0) {
        if (!set(session, "power/control", "on", error))
            return FALSE;
        session->power_before = g_steal_pointer(&before);
    }
    for (int waited = 0; asleep(session->sysfs, session->device, state); waited += WAKE_STEP_MS) {
        if (waited >= WAKE_MAX_MS) {
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                        "%s does not wake up: it is still in %s after %d ms. Its port may be held in "
                        "D3cold: bind it to vfio-pci and read again",
                        session->device->text, state, WAKE_MAX_MS);
            return FALSE;
        }
        g_usleep(WAKE_STEP_MS * 1000);
    }
    return TRUE;
}

/* Reading `rom` neither resumes the card nor switches its memory on (drivers/pci/pci-sysfs.c). A host driver
 * has done both, or the card sleeps under it; without a driver it is done here. `enable` counts, so 0 takes
 * back exactly this 1 (enable_store). Two traces stay, as after any driver that came and went: the memory bit
 * of the command register (pci_disable_device clears only bus mastering), and the address that the kernel
 * gave the ROM BAR, whose own enable bit is off again (pci_unmap_rom). */
static gboolean session_begin(Session *session, const char *driver, GError **error)
{
    char state[16];

    if (driver && asleep(session->sysfs, session->device, state)) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "%s sleeps (%s) under its driver %s: put it to use, or bind it to vfio-pci, and read again",
            session->device->text, state, driver);
        return FALSE;
    }
    if (!driver) {
        if (!wake(session, error) || !set(session, "enable", "1", error))
            return FALSE;
        session->enabled = TRUE;
    }
    if (!set(session, "rom", "1", error))
        return FALSE;
    session->rom_on = TRUE;
    return TRUE;
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

static gboolean read_sysfs(const VvSysfs *sysfs, const VvDevice *device, const char *driver,
                           GBytes **ret_first, GBytes **ret_second, GError **error)
{
    g_autofree char *path = vv_device_path(device, "rom");
    g_auto(Session) session = {.sysfs = sysfs, .device = device};
    VV_ROM_AUTO_FD fd = vv_sysfs_open(sysfs, path, O_RDONLY);

    if (fd < 0 && errno == ENOENT)
        g_set_error(
            error, VV_ERROR, VV_ERROR_NOT_READY,
            "%s has no ROM BAR, so there is nothing to read; its ROM may be part of the host's firmware",
            device->text);
    else if (fd < 0)
        vv_rom_set_error(error, device, "opening its ROM", errno);
    if (fd < 0 || !session_begin(&session, driver, error))
        return FALSE;

    /* One byte more than there may be shows that there is more. */
    g_autoptr(GBytes) first = vv_rom_read_fd(fd, 0, VV_ROM_MAX + 1);
    g_autoptr(GBytes) second = first ? vv_rom_read_fd(fd, 0, VV_ROM_MAX + 1) : NULL;
    int errnum = !second ? errno : g_bytes_get_size(first) > VV_ROM_MAX ? EFBIG : 0;
    if (errnum) {
        set_read_error(error, device, errnum);
        return FALSE;
    }
    if (!session_end(&session, error)) {
        g_prefix_error(error, "the ROM was read, but not all was put back: ");
        return FALSE;
    }
    *ret_first = g_steal_pointer(&first);
    *ret_second = g_steal_pointer(&second);
    return TRUE;
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

GBytes *vv_rom_read(const VvSysfs *sysfs, VvDevice *device, VvRomSource *ret_source, GError **error)
{
    g_autofree char *driver = vv_device_driver_now(sysfs, device);
    g_autoptr(GBytes) first = NULL, second = NULL;
    gboolean vfio = vv_driver_is_vfio(driver);

    if (vfio ? !vv_rom_read_vfio(sysfs, device, &first, &second, error)
             : !read_sysfs(sysfs, device, driver, &first, &second, error))
        return NULL;
    if (!compare(device, first, second, error))
        return NULL;
    *ret_source = is_shadow(sysfs, device) ? VV_ROM_SOURCE_SHADOW
                  : vfio                   ? VV_ROM_SOURCE_VFIO
                                           : VV_ROM_SOURCE_SYSFS;
    return vfio ? without_padding(first) : g_steal_pointer(&first);
}

const char *vv_rom_source_name(VvRomSource source)
{
    static const char *const names[] = {"sysfs", "the firmware's copy in RAM (shadow)", "VFIO"};

    return names[source];
}
