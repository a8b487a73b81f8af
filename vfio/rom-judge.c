/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-judge.h"

#include "vfio/rom-internal.h"
#include "vfio/rom-store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define CLASS_DISPLAY 0x03

static void add(GPtrArray *reasons, const char *code, VvSeverity severity, const VvDevice *device,
                const char *remedy, const char *detail)
{
    g_ptr_array_add(reasons, vv_reason_new(code, severity, device->address,
                                           severity == VV_SEVERITY_BLOCK && strcmp(code, "rom-bad") == 0,
                                           remedy, "%s", detail));
}

/* The problem that gave the verdict. */
static const VvRomProblem *worst(const VvRom *rom)
{
    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        if (problem->weight == rom->verdict)
            return problem;
    }
    return NULL;
}

static const VvRomImage *image_at(const VvRom *rom, gsize offset)
{
    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->offset == offset)
            return image;
    }
    return NULL;
}

static void judge_fault(const VvRom *rom, const VvDevice *device, const char *what, gboolean seen,
                        GPtrArray *reasons)
{
    const VvRomProblem *problem = worst(rom);
    gboolean mend = rom->verdict == VV_ROM_REPAIRABLE;
    g_autofree char *detail = g_strdup_printf("%s: %s: %s", what, problem ? problem->code : "bad",
                                              problem ? problem->detail : "it cannot be used");
    g_autofree char *remedy =
        mend ? g_strdup_printf("mend it with 'virt-vfio rom fix'")
             : g_strdup_printf("make another with 'virt-vfio rom dump %s', or leave it to rom = auto",
                               device->text);

    add(reasons, "rom-bad", mend && seen ? VV_SEVERITY_WARN : VV_SEVERITY_BLOCK, device, remedy, detail);
}

static void judge_use(const VvRom *rom, const VvDevice *device, const char *what, gboolean uefi,
                      GPtrArray *reasons)
{
    const VvRomFirmware *firmware = uefi ? &rom->ovmf : &rom->seabios;
    const VvRomImage *image = firmware->runs ? image_at(rom, firmware->offset) : NULL;
    gboolean is_driver = image && image->type == 3 && image->efi_program == VV_ROM_PROGRAM_DRIVER;
    g_autofree char *detail = NULL;

    if (device->class_code >> 16 != CLASS_DISPLAY || (firmware->runs && !is_driver))
        return;
    if (!uefi) {
        detail = g_strdup_printf("%s: SeaBIOS has no use for it: %s", what, firmware->detail);
        add(reasons, "rom-bad", VV_SEVERITY_WARN, device,
            "the screen stays dark until the guest's driver has it; or say firmware = uefi", detail);
        return;
    }
    detail = is_driver ? g_strdup_printf("%s: what UEFI runs of it is no graphics driver (GOP)", what)
                       : g_strdup_printf("%s: UEFI has nothing to run in it: %s", what, firmware->detail);
    add(reasons, "rom-no-efi", VV_SEVERITY_WARN, device,
        "the screen stays dark until the guest's driver has it; a ROM from the card's maker may have a GOP "
        "image",
        detail);
}

void vv_rom_judge(const VvDevice *device, const char *what, GBytes *bytes, gboolean uefi, GPtrArray *reasons)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    gboolean seen = uefi ? rom->ovmf.runs : rom->seabios.runs;

    if (rom->verdict != VV_ROM_GOOD)
        judge_fault(rom, device, what, seen, reasons);
    else
        judge_use(rom, device, what, uefi, reasons);
}

/* What keeps QEMU from a ROM file, as far as can be seen from here: static or of strerror(); NULL: nothing.
 */
static const char *trouble_of(int fd, int errnum, const struct stat *status)
{
    if (fd < 0)
        return g_strerror(errnum);
    if (!S_ISREG(status->st_mode))
        return "it is not a file";
    return status->st_size == 0           ? "it is empty"
           : status->st_size > VV_ROM_MAX ? "it has more than 16 MiB, which no ROM has"
                                          : NULL;
}

static void judge_place(const VvDevice *device, const char *path, const char *local,
                        const struct stat *status, GPtrArray *reasons)
{
    g_autoptr(GError) problem = NULL;

    if (!(status->st_mode & S_IROTH)) {
        g_autofree char *detail = g_strdup_printf("the ROM file %s has mode %03o, and QEMU is not root", path,
                                                  status->st_mode & 0777);
        add(reasons, "rom-unreadable", VV_SEVERITY_WARN, device, "'chmod 644' it", detail);
    }
    if (!vv_rom_trusted(local, &problem)) {
        g_autofree char *detail =
            g_strdup_printf("the guest's firmware runs what is in %s, and somebody else than root decides "
                            "what that is: %s",
                            path, problem->message);
        add(reasons, "rom-bad", VV_SEVERITY_WARN, device,
            "put it into a folder of root's, for example with 'install -D -m 644' into /usr/share/vgabios",
            detail);
    }
}

void vv_rom_judge_file(const VvDevice *device, const char *path, const char *local, gboolean uefi,
                       GPtrArray *reasons)
{
    const char *where = local ? local : path;
    VV_ROM_AUTO_FD fd = open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int errnum = errno;
    struct stat status = {0};

    if (fd >= 0 && fstat(fd, &status) != 0)
        errnum = errno;
    const char *trouble = trouble_of(fd, errnum, &status);
    g_autoptr(GBytes) bytes = trouble ? NULL : vv_rom_read_fd(fd, 0, VV_ROM_MAX);
    if (!bytes) {
        g_autofree char *detail = g_strdup_printf("the ROM file %s cannot be read: %s", path,
                                                  trouble ? trouble : g_strerror(errno));
        g_autofree char *remedy = g_strdup_printf(
            "make one with 'virt-vfio rom dump %s', or define the domain with another rom =", device->text);
        /* Only root sees into every folder, and nobody else starts a guest. */
        gboolean unknown = fd < 0 && errnum == EACCES && geteuid() != 0;
        add(reasons, "rom-unreadable", unknown ? VV_SEVERITY_WARN : VV_SEVERITY_BLOCK, device, remedy,
            detail);
        return;
    }
    judge_place(device, path, where, &status, reasons);
    vv_rom_judge(device, path, bytes, uefi, reasons);
}
