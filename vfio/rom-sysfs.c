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
/* Another program's hand-over of the same group. */
#define LOCK_MS 5000

/* PCI Local Bus Specification 3.0, 6.2.2: the command register's I/O and memory space bits. */
#define COMMAND 0x04
#define COMMAND_DECODE 0x0003

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

static gboolean set(const VvSysfs *sysfs, const VvDevice *device, const char *attribute, const char *text,
                    GError **error)
{
    g_autofree char *path = vv_device_path(device, attribute);
    int errnum = vv_sysfs_write(sysfs, path, text);

    if (errnum == 0)
        return TRUE;
    g_autofree char *doing = g_strdup_printf("writing %s to \"%s\"", text[0] == '0' ? "0" : text, attribute);
    vv_rom_set_error(error, device, doing, errnum);
    return FALSE;
}

static gboolean read_count(const VvSysfs *sysfs, const VvDevice *device, gint64 *ret)
{
    g_autofree char *path = vv_device_path(device, "enable");

    return vv_sysfs_read_number(sysfs, path, ret);
}

/* -1: it cannot be read, or the card does not answer. */
static gint64 read_command(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "config");
    VV_ROM_AUTO_FD fd = vv_sysfs_open(sysfs, path, O_RDONLY);
    guint8 bytes[2];

    if (fd < 0 || pread(fd, bytes, sizeof bytes, COMMAND) != sizeof bytes ||
        (bytes[0] == 0xff && bytes[1] == 0xff))
        return -1;
    return bytes[0] | bytes[1] << 8;
}

/* pci_disable_device clears bus mastering only (drivers/pci/pci.c); what it leaves on was off before. Where
 * the kernel is locked down nobody may write there, and then it stays, as after any driver. */
static gboolean put_back_command(const VvSysfs *sysfs, const VvDevice *device, gint64 before, GError **error)
{
    g_autofree char *path = vv_device_path(device, "config");
    gint64 now = before >= 0 ? read_command(sysfs, device) : -1;
    gint64 wanted = (now & ~COMMAND_DECODE) | (before & COMMAND_DECODE);

    if (now < 0 || now == wanted)
        return TRUE;
    int errnum = vv_sysfs_write_word(sysfs, path, COMMAND, (guint16)wanted);
    if (errnum == 0 || errnum == EPERM || errnum == EACCES)
        return TRUE;
    vv_rom_set_error(error, device, "putting its command register back", errnum);
    return FALSE;
}

/* `enable` counts, so 0 takes back exactly one 1 (enable_store in drivers/pci/pci-sysfs.c). */
static gboolean put_back_enable(const VvSysfs *sysfs, const VvDevice *device, const VvRomNote *note,
                                GError **error)
{
    g_autofree char *driver = vv_device_driver_now(sysfs, device);
    gint64 count;

    if (note->enable < 0)
        return TRUE;
    if (driver) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s has got the driver %s meanwhile; it is put back when that lets go of it",
                    device->text, driver);
        return FALSE;
    }
    if (!read_count(sysfs, device, &count))
        return TRUE;
    if (count > note->enable) {
        if (!set(sysfs, device, "enable", "0", error))
            return FALSE;
        count--;
    }
    return count > 0 || put_back_command(sysfs, device, note->command, error);
}

static gboolean put_back_power(const VvSysfs *sysfs, const VvDevice *device, const char *before,
                               GError **error)
{
    g_autofree char *path = vv_device_path(device, "power/control");
    g_autofree char *now = before ? vv_sysfs_read(sysfs, path) : NULL;

    return !now || strcmp(now, before) == 0 || set(sysfs, device, "power/control", before, error);
}

/* Last first. Two bytes for `rom`: the kernel takes a lone "0" for "on" (pci_write_rom in
 * drivers/pci/pci-sysfs.c). */
gboolean vv_rom_put_back(const VvSysfs *sysfs, const VvDevice *device, const VvRomNote *note, GError **error)
{
    g_autofree char *rom = vv_device_path(device, "rom");
    gboolean ok = !vv_sysfs_exists(sysfs, rom) || set(sysfs, device, "rom", "0\n", error);

    ok = put_back_enable(sysfs, device, note, ok ? error : NULL) && ok;
    return put_back_power(sysfs, device, note->power, ok ? error : NULL) && ok;
}

/* D1, D2, D3hot, D3cold. "unknown" is what a card that lost its driver while awake shows (pci_device_remove),
 * and where the attribute is missing (before 5.11) nothing can be said. */
static gboolean asleep(const VvSysfs *sysfs, const VvDevice *device, char state[static 16])
{
    g_autofree char *path = vv_device_path(device, "power_state");

    return vv_sysfs_read_into(sysfs, path, state, 16) > 0 && state[0] == 'D' && strcmp(state, "D0") != 0;
}

static gboolean wake(const VvSysfs *sysfs, const VvDevice *device, const VvRomNote *note, GError **error)
{
    char state[16];

    if (note->power && !set(sysfs, device, "power/control", "on", error))
        return FALSE;
    for (int waited = 0; asleep(sysfs, device, state); waited += WAKE_STEP_MS) {
        if (waited >= WAKE_MAX_MS) {
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                        "%s does not wake up: it is still in %s after %d ms. Its port may be held in "
                        "D3cold: bind it to vfio-pci and read again",
                        device->text, state, WAKE_MAX_MS);
            return FALSE;
        }
        g_usleep(WAKE_STEP_MS * 1000);
    }
    return TRUE;
}

/* What is going to be changed, as it is now. */
static VvRomNote *note_now(const VvSysfs *sysfs, const VvDevice *device, gboolean needs_card)
{
    VvRomNote *note = vv_rom_note_new(sysfs, device);
    g_autofree char *path = vv_device_path(device, "power/control");
    g_autofree char *power = vv_sysfs_read(sysfs, path);

    if (!needs_card)
        return note;
    note->power = power && strcmp(power, "on") != 0 ? g_steal_pointer(&power) : NULL;
    if (!read_count(sysfs, device, &note->enable))
        note->enable = 0;
    note->command = read_command(sysfs, device);
    return note;
}

/* Reading `rom` neither resumes the card nor switches its memory on (drivers/pci/pci-sysfs.c). A host driver
 * has done both, or the card sleeps under it; without a driver it is done here. */
static gboolean switch_on(const VvSysfs *sysfs, const VvDevice *device, const VvRomNote *note, GError **error)
{
    if (note->enable >= 0 && (!wake(sysfs, device, note, error) || !set(sysfs, device, "enable", "1", error)))
        return FALSE;
    return set(sysfs, device, "rom", "1", error);
}

static gboolean read_twice(int fd, const VvDevice *device, GBytes **ret_first, GBytes **ret_second,
                           GError **error)
{
    /* One byte more than there may be shows that there is more. */
    g_autoptr(GBytes) first = vv_rom_read_fd(fd, 0, VV_ROM_MAX + 1);
    g_autoptr(GBytes) second = first ? vv_rom_read_fd(fd, 0, VV_ROM_MAX + 1) : NULL;
    int errnum = !second ? errno : g_bytes_get_size(first) > VV_ROM_MAX ? EFBIG : 0;

    if (errnum) {
        set_read_error(error, device, errnum);
        return FALSE;
    }
    *ret_first = g_steal_pointer(&first);
    *ret_second = g_steal_pointer(&second);
    return TRUE;
}

/* With the group's lock. What could not be put back stays written down, for `recover`. */
static gboolean read_switched_on(const VvSysfs *sysfs, VvJournal *journal, const VvDevice *device,
                                 gboolean needs_card, int fd, GBytes **ret_first, GBytes **ret_second,
                                 GError **error)
{
    g_autoptr(VvRomNote) note = note_now(sysfs, device, needs_card);
    GError *problem = NULL;

    if (!vv_rom_note_write(journal, note, error))
        return FALSE;
    gboolean read =
        switch_on(sysfs, device, note, error) && read_twice(fd, device, ret_first, ret_second, error);
    if (vv_rom_put_back(sysfs, device, note, &problem) &&
        vv_rom_note_remove(journal, device->address, &problem))
        return read;
    if (read) {
        g_propagate_prefixed_error(error, problem, "the ROM was read, but not all was put back: ");
        g_clear_pointer(ret_first, g_bytes_unref);
        g_clear_pointer(ret_second, g_bytes_unref);
    } else {
        g_error_free(problem);
    }
    return FALSE;
}

gboolean vv_rom_read_sysfs(const VvSysfs *sysfs, VvJournal *journal, const VvDevice *device,
                           const char *driver, gboolean is_shadow, GBytes **ret_first, GBytes **ret_second,
                           GError **error)
{
    g_autofree char *path = vv_device_path(device, "rom");
    VV_ROM_AUTO_FD fd = vv_sysfs_open(sysfs, path, O_RDONLY);
    gint64 deadline = g_get_monotonic_time() + LOCK_MS * 1000;
    char state[16];

    if (fd < 0 && errno == ENOENT) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_NOT_READY,
            "%s has no ROM BAR, so there is nothing to read; its ROM may be part of the host's firmware",
            device->text);
        return FALSE;
    }
    if (fd < 0) {
        vv_rom_set_error(error, device, "opening its ROM", errno);
        return FALSE;
    }
    if (driver && !is_shadow && asleep(sysfs, device, state)) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "%s sleeps (%s) under its driver %s: put it to use, or bind it to vfio-pci, and read again",
            device->text, state, driver);
        return FALSE;
    }
    if (!vv_journal_lock(journal, device->group, deadline, error))
        return FALSE;
    gboolean ok =
        read_switched_on(sysfs, journal, device, !driver && !is_shadow, fd, ret_first, ret_second, error);
    vv_journal_unlock(journal);
    return ok;
}
