/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"
#include "vfio/rom-store.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char *now_text(const char *format)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    return g_date_time_format(now, format);
}

static GBytes *load_file(const char *path, GError **error)
{
    VV_ROM_AUTO_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat facts;
    GBytes *bytes = NULL;

    if (fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode))
        bytes = vv_rom_read_fd(fd, 0, VV_ROM_MAX + 1);
    if (!bytes)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path,
                    fd >= 0 && !S_ISREG(facts.st_mode) ? "it is not a regular file" : g_strerror(errno));
    return bytes;
}

GBytes *vv_rom_version_load(const char *store, const VvRomCard *card, const VvRomVersion *version,
                            GError **error)
{
    g_autofree char *path = g_build_filename(store, card->folder, version->file, NULL);
    g_autoptr(GBytes) bytes = load_file(path, error);
    g_autofree char *hash = bytes ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes) : NULL;

    if (!bytes)
        return NULL;
    if (strcmp(hash, version->sha256) == 0)
        return g_steal_pointer(&bytes);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "%s is not what was saved: its sha256 is %s, the manifest says %s", path, hash,
                version->sha256);
    return NULL;
}

static VvRomVersion *describe(GBytes *bytes, VvRomSource source, const VvDevice *device)
{
    VvRomVersion *version = g_new0(VvRomVersion, 1);
    const guint8 *data = g_bytes_get_data(bytes, &version->size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, version->size, device);

    version->date = now_text("%Y-%m-%dT%H:%M:%SZ");
    version->last_seen = g_strdup(version->date);
    version->source = source;
    version->sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    version->verdict = g_strdup(vv_rom_verdict_name(rom->verdict));
    version->efi = vv_rom_has_efi(rom, 0x8664);
    return version;
}

/* Two within one second, and what an interrupted backup left without writing its manifest, have the same
 * date but other bytes. */
static char *file_name(const VvRomVersion *version)
{
    g_autofree char *date = now_text("%Y%m%dT%H%M%SZ");

    return g_strdup_printf("%s-%.8s.rom", date, version->sha256);
}

gboolean vv_rom_card_add(const char *store, VvRomCard *card, GBytes *bytes, VvRomSource source,
                         const VvDevice *device, gboolean *ret_new, gboolean *ret_changed, GError **error)
{
    VvRomVersion *version = describe(bytes, source, device);
    VvRomVersion *newest = vv_rom_card_newest(card, source);
    gboolean is_same = newest && strcmp(newest->sha256, version->sha256) == 0;
    g_autofree char *folder = g_build_filename(store, card->folder, NULL);

    if (is_same) {
        g_free(newest->last_seen);
        newest->last_seen = g_steal_pointer(&version->last_seen);
        vv_rom_version_free(version);
        *ret_new = *ret_changed = FALSE;
        return TRUE;
    }
    version->file = file_name(version);
    g_autofree char *path = g_build_filename(folder, version->file, NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot make %s: %s", folder, g_strerror(errno));
        vv_rom_version_free(version);
        return FALSE;
    }
    if (!vv_rom_write_file(path, bytes, TRUE, error)) {
        vv_rom_version_free(version);
        return FALSE;
    }
    g_ptr_array_add(card->versions, version);
    *ret_new = TRUE;
    *ret_changed = newest != NULL;
    return TRUE;
}

/* Written under another name first: QEMU of another guest may be reading the one that is there. */
gboolean vv_rom_publish(const char *path, GBytes *bytes, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GBytes) there = NULL;
    mode_t mask = umask(022); /* QEMU has to get there, whatever root keeps to itself otherwise */
    int failed = g_mkdir_with_parents(folder, 0755);

    umask(mask);
    if (failed) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot make %s, where QEMU may read ROMs: %s", folder,
                    g_strerror(errno));
        return FALSE;
    }
    if (!vv_rom_trusted(path, error))
        return FALSE;
    there = load_file(path, NULL);
    if ((!there || !g_bytes_equal(there, bytes)) && !vv_rom_write_file(path, bytes, TRUE, error))
        return FALSE;
    if (chmod(path, 0644) == 0)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot let QEMU read %s: %s", path, g_strerror(errno));
    return FALSE;
}
