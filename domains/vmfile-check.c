/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include "domains/values.h"

#include <string.h>

static guint64 topology_cpus(const VvVm *vm)
{
    return (guint64)vm->sockets * vm->dies * vm->cores * vm->threads;
}

void vv_vmfile_complete_vm(gpointer object, gconstpointer model, const VvIniSection *given)
{
    const VvVm *like = model;
    VvVm *vm = object;

    if (!given || !vv_ini_key(given, "firmware"))
        vm->firmware =
            like->os == VV_OS_WINDOWS && like->os_version == 11 ? VV_FIRMWARE_UEFI_SECURE : VV_FIRMWARE_UEFI;
    if (like->sockets && (!given || !vv_ini_key(given, "cpus")))
        vm->cpus = (guint)MIN(topology_cpus(like), G_MAXUINT);
}

static gboolean check_system(const VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    gboolean bios = vm->firmware == VV_FIRMWARE_BIOS;

    if (bios && vm->nvram)
        return VV_BAD("nvram", "only UEFI keeps variables; not with firmware = bios");
    if (vm->os != VV_OS_WINDOWS || vm->os_version != 11)
        return TRUE;
    if (bios)
        return VV_BAD("firmware", "Windows 11 wants UEFI; with os = windows it is taken as it is");
    if (g_strcmp0(vm->tpm, "1.2") == 0)
        return VV_BAD("tpm", "Windows 11 wants a TPM 2.0; with os = windows it is taken as it is");
    return TRUE;
}

/* Above it QEMU wants an IOMMU with extended interrupt mode (QEMU_MAX_VCPUS_WITHOUT_EIM in libvirt's
 * src/qemu/qemu_validate.c). */
#define CPUS_WITHOUT_EIM 255

static gboolean check_cpus(const VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    g_autoptr(GArray) pinned = g_array_new(FALSE, FALSE, sizeof(guint));

    if (vm->cpus > vv_value_cpus.max)
        return VV_BAD("topology", "that makes %" G_GUINT64_FORMAT " CPUs; there can be %u", topology_cpus(vm),
                      (guint)vv_value_cpus.max);
    if (vm->sockets && topology_cpus(vm) != vm->cpus)
        return VV_BAD("topology", "that makes %" G_GUINT64_FORMAT " CPUs, and cpus = %u", topology_cpus(vm),
                      vm->cpus);
    if (vm->cpus > CPUS_WITHOUT_EIM && !g_str_equal(vm->viommu, "intel"))
        return VV_BAD("cpus", "more than %d CPUs need viommu = intel", CPUS_WITHOUT_EIM);
    if (g_ascii_isdigit(*vm->pinning) && vv_cpu_list_parse(vm->pinning, VV_CPU_MAX, pinned, NULL) &&
        pinned->len < vm->cpus)
        return VV_BAD("pinning", "names %u CPUs of the host, and the guest has %u", pinned->len, vm->cpus);
    if (vm->accel == VV_ACCEL_TCG && vm->cpu &&
        (g_str_equal(vm->cpu, "host") || g_str_has_prefix(vm->cpu, "host,")))
        return VV_BAD("cpu", "the host's own CPU needs KVM; with accel = tcg write max");
    return TRUE;
}

static gboolean check_memory(const VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    guint64 page;

    if (!vv_size_parse(vm->hugepages, &page) || vm->memory_kib % page == 0)
        return TRUE;
    return VV_BAD("hugepages", "memory is not a multiple of %s", vm->hugepages);
}

gboolean vv_vmfile_check_vm(const VvVm *vm, gconstpointer object, const VvIni *ini,
                            const VvIniSection *section, GError **error)
{
    (void)object;
    if (!vm->kernel && (vm->initrd || vm->cmdline))
        return VV_BAD(vm->initrd ? "initrd" : "cmdline", "of no use without kernel");
    return check_system(vm, ini, section, error) && check_cpus(vm, ini, section, error) &&
           check_memory(vm, ini, section, error);
}

gboolean vv_vmfile_check_display(const VvVm *vm, gconstpointer object, const VvIni *ini,
                                 const VvIniSection *section, GError **error)
{
    const VvVmDisplay *display = object;
    gboolean none = g_str_equal(display->graphics, "none");

    (void)vm;
    if (display->port && !display->listen)
        return VV_BAD("port", "of no use without listen = ADDRESS");
    if (none && display->listen)
        return VV_BAD("listen", "of no use with graphics = none");
    /* libvirt hands VNC's port to QEMU as the number of a display, and those begin at 5900. */
    if (display->port && display->port < 5900 && !g_str_equal(display->graphics, "spice"))
        return VV_BAD("port", "%u is too low for VNC; 5900 to 65535", display->port);
    if (g_str_equal(display->graphics, "vnc") && g_str_equal(display->video, "none"))
        return VV_BAD("video", "VNC would have nothing to show");
    return TRUE;
}

gboolean vv_vmfile_check_sound(const VvVm *vm, gconstpointer object, const VvIni *ini,
                               const VvIniSection *section, GError **error)
{
    const VvVmSound *sound = object;

    (void)vm;
    if (sound->backend && g_str_equal(sound->model, "none"))
        return VV_BAD("backend", "of no use with model = none");
    return TRUE;
}

void vv_vmfile_complete_share(gpointer object, gconstpointer model, const VvIniSection *given)
{
    const VvVmShare *like = model;
    VvVmShare *share = object;

    (void)given;
    if (!share->tag)
        vv_value_tag.read(&vv_value_tag, like->name, &share->tag, NULL);
}

gboolean vv_vmfile_check_share(const VvVm *vm, gconstpointer object, const VvIni *ini,
                               const VvIniSection *section, GError **error)
{
    const VvVmShare *share = object;

    (void)vm;
    if (!share->tag)
        return VV_BAD("tag", "missing, and the section's name is longer than the 36 letters of a tag");
    return TRUE;
}
