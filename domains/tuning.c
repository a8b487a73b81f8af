/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"

#include <string.h>

/* In the order in which each needs only those before it (docs/system/i386/hyperv.rst of QEMU): libvirt 9.0
 * and QEMU 7.2 know all but avic by name. */
static const struct {
    const char *name, *needs;
    gboolean asked; /* only if libvirt lists it */
} enlightenments[] = {
    {"relaxed", NULL, FALSE},       {"vapic", NULL, FALSE},    {"spinlocks", NULL, FALSE},
    {"vpindex", NULL, FALSE},       {"runtime", NULL, FALSE},  {"synic", "vpindex", FALSE},
    {"stimer", "synic", FALSE},     {"reset", NULL, FALSE},    {"frequencies", NULL, FALSE},
    {"tlbflush", "vpindex", FALSE}, {"ipi", "vpindex", FALSE}, {"reenlightenment", NULL, FALSE},
    {"avic", "vapic", TRUE},
};

void vv_tuning_note(VvTuning *tuning, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(tuning->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

const char *vv_tuning_said(const char *value)
{
    return value && !g_str_equal(value, "auto") ? value : NULL;
}

static gboolean contains(GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);
}

static gboolean offered(const VvTuningHost *host, gsize index)
{
    const VvCapabilities *capabilities = host->capabilities;

    /* AVIC tells Windows to leave AutoEOI, which is of use only where KVM has it on. */
    if (enlightenments[index].asked && !(host->topology && host->topology->apicv))
        return FALSE;
    if (!capabilities || !capabilities->has_hyperv)
        return !enlightenments[index].asked;
    return g_strv_contains((const char *const *)capabilities->hyperv, enlightenments[index].name);
}

static void choose_hyperv(VvTuning *tuning, const VvPlace *place)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(enlightenments); i++)
        if (tuning->kvm && place->vm->os == VV_OS_WINDOWS && offered(place->host, i) &&
            (!enlightenments[i].needs || contains(names, enlightenments[i].needs)))
            g_ptr_array_add(names, (gpointer)enlightenments[i].name);
    tuning->hyperv_timer_direct = contains(names, "stimer");
    g_ptr_array_add(names, NULL);
    tuning->hyperv = g_strdupv((char **)names->pdata);
}

static void choose_machine(VvTuning *tuning, const VvPlace *place)
{
    const VvCapabilities *capabilities = place->host->capabilities;

    if (place->vm->machine && !g_str_equal(place->vm->machine, "q35"))
        tuning->machine = g_strdup(place->vm->machine);
    else
        tuning->machine = g_strdup(capabilities && capabilities->machine ? capabilities->machine : "q35");
}

static void choose_cpu(VvTuning *tuning, const VvPlace *place)
{
    const VvVm *vm = place->vm;
    gboolean host =
        tuning->kvm && (!vm->cpu || g_str_equal(vm->cpu, "host") || g_str_has_prefix(vm->cpu, "host,"));

    tuning->cache_passthrough = host;
    tuning->host_physical_bits = host;
    /* Linux and Windows believe an AMD CPU about its threads only with this. */
    tuning->topoext =
        host && tuning->threads > 1 && place->host->topology && place->host->topology->vendor == VV_CPU_AMD;
    tuning->pmu_off = tuning->kvm && vm->latency;
}

static gboolean wants_iothread(const VvVmDisk *disk)
{
    return disk->iothread != 0 && !disk->cdrom &&
           (g_str_equal(disk->bus, "virtio") || g_str_equal(disk->bus, "scsi"));
}

/* One thread of its own for all disks that can have one: what they do does not wait for QEMU's main loop. */
static void choose_threads(VvTuning *tuning, const VvPlace *place)
{
    const VvVm *vm = place->vm;
    const VvCapabilities *capabilities = place->host->capabilities;

    for (guint i = 0; i < vm->disks->len; i++)
        if (wants_iothread(vm->disks->pdata[i]) && (!capabilities || capabilities->iothreads))
            tuning->iothreads = 1;
    if (tuning->iothreads)
        tuning->iothread_cpus = g_strdup(tuning->emulator_cpus);
    tuning->queues = tuning->kvm && vm->cpus > 1 ? MIN(vm->cpus, 8) : 0;
}

static void check(VvTuning *tuning, const VvPlace *place)
{
    const VvCapabilities *capabilities = place->host->capabilities;
    const VvVm *vm = place->vm;

    if (!capabilities)
        return;
    if (vm->firmware == VV_FIRMWARE_UEFI_SECURE && !capabilities->secure_loader)
        vv_tuning_note(tuning,
                       "firmware = uefi-secure: libvirt knows no firmware with Secure Boot on this host");
    if (capabilities->max_cpus && vm->cpus > capabilities->max_cpus)
        vv_tuning_note(tuning, "cpus = %u: %s has at most %u", vm->cpus, tuning->machine,
                       capabilities->max_cpus);
}

VvTuning *vv_tuning_new(const VvVm *vm, gboolean kvm, const VvTuningHost *host)
{
    VvTuning *tuning = g_new0(VvTuning, 1);
    VvPlace place = {.vm = vm, .host = host};

    tuning->kvm = kvm;
    tuning->notes = g_ptr_array_new_with_free_func(g_free);
    tuning->cells = g_array_new(FALSE, FALSE, sizeof(VvTuningCell));
    place.device_nodes = g_array_new(FALSE, FALSE, sizeof(guint));
    place.nodes = g_array_new(FALSE, FALSE, sizeof(guint));
    vv_place_devices(&place);
    choose_machine(tuning, &place);
    choose_hyperv(tuning, &place);
    vv_tuning_nodes(tuning, &place);
    vv_tuning_pages(tuning, &place);
    vv_tuning_cpus(tuning, &place);
    vv_tuning_mmio(tuning, &place);
    choose_cpu(tuning, &place);
    choose_threads(tuning, &place);
    check(tuning, &place);
    g_array_unref(place.device_nodes);
    g_array_unref(place.nodes);
    return tuning;
}

void vv_tuning_free(VvTuning *tuning)
{
    if (!tuning)
        return;
    g_free(tuning->machine);
    g_strfreev(tuning->hyperv);
    g_free(tuning->nodeset);
    g_array_unref(tuning->cells);
    g_strfreev(tuning->vcpu_cpus);
    g_free(tuning->emulator_cpus);
    g_free(tuning->iothread_cpus);
    g_ptr_array_unref(tuning->notes);
    g_free(tuning);
}
