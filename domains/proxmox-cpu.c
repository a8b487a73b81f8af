/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

/* Proxmox's own models, by the flags that its manual lists for each (qm(1), "QEMU CPU Types"), on top of
 * kvm64. */
#define LEVEL_2 "kvm64,+cx16,+lahf_lm,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3"
#define LEVEL_2_AES LEVEL_2 ",+aes"
#define LEVEL_3 LEVEL_2_AES ",+avx,+avx2,+bmi1,+bmi2,+f16c,+fma,+movbe,+xsave"
#define LEVEL_4 LEVEL_3 ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"

static const struct {
    const char *name, *libvirt;
} models[] = {
    {"x86-64-v1", "kvm64"}, {"x86-64-v2", LEVEL_2}, {"x86-64-v2-AES", LEVEL_2_AES},
    {"x86-64-v3", LEVEL_3}, {"x86-64-v4", LEVEL_4},
};

static const VvPveReason dropped[] = {
    {"hv-vendor-id", "a VM file has no such setting; hide-kvm = yes sets an id of its own"},
    {"phys-bits", "the guest gets the width of the host's addresses, which large BARs need"},
    {"guest-phys-bits", "the guest gets the width of the host's addresses, which large BARs need"},
    {"reported-model", "only for CPU models that Proxmox's cpu-models.conf defines"},
    {"level", "a VM file has no such setting"},
    {0},
};

/* libvirt has no versions of models before 11: EPYC-Rome-v2 is EPYC-Rome there. */
static char *without_version(const char *model)
{
    const char *dash = strrchr(model, '-');

    if (dash && dash[1] == 'v' && dash[2] && strspn(dash + 2, G_CSET_DIGITS) == strlen(dash + 2))
        return g_strndup(model, (gsize)(dash - model));
    return NULL;
}

static char *translate_model(VvPve *pve, const VvPveKey *key, const char *model)
{
    g_autofree char *plain = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
        if (g_str_equal(model, models[i].name)) {
            vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
                       "%s is a model of Proxmox's: the same flags on top of kvm64; cpu = host is faster and "
                       "takes nothing away",
                       model);
            return g_strdup(models[i].libvirt);
        }
    if (g_str_has_prefix(model, "custom-")) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "%s is defined in Proxmox's cpu-models.conf, which import does not read; the guest gets "
                   "the host's CPU",
                   model);
        return NULL;
    }
    plain = without_version(model);
    if (plain)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
                   "cpu = %s; libvirt before 11 knows no versions of a model", plain);
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "cpu = %s", model);
    return g_strdup(plain ? plain : model);
}

static gboolean has_prefix_of(const char *flag, const char *const *prefixes)
{
    for (; *prefixes; prefixes++)
        if (g_str_has_prefix(flag, *prefixes))
            return TRUE;
    return FALSE;
}

/* "+aes;-pcid" */
static gboolean take_flags(VvPve *pve, const VvPveKey *key, const char *flags, GString *cpu, GError **error)
{
    static const char *const enlightenments[] = {"hv-", "hv_", NULL};
    g_auto(GStrv) words = g_strsplit(flags, ";", 128);

    for (char **word = words; *word; word++) {
        const char *name = *word + 1;

        if ((**word != '+' && **word != '-') || !*name ||
            strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") != strlen(name))
            return vv_pve_error(pve, key, error, "flags: '%s' is not of the form +FLAG or -FLAG", *word);
        if (has_prefix_of(name, enlightenments))
            vv_pve_say(pve, key, name, VV_PROXMOX_DROPPED,
                       "os = windows turns on what this host can do of Hyper-V's interfaces");
        else if (g_str_equal(name, "nested-virt"))
            vv_pve_say(pve, key, name, VV_PROXMOX_DROPPED,
                       "cpu = host has it where the host allows it; else add %svmx (Intel) or %ssvm (AMD)",
                       **word == '+' ? "+" : "-", **word == '+' ? "+" : "-");
        else if (cpu)
            g_string_append_printf(cpu, ",%s", *word);
    }
    return TRUE;
}

gboolean vv_pve_cpu(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "cputype", error);
    const char *model = property ? vv_pve_take(property, "cputype") : NULL;
    const char *flags = property ? vv_pve_take(property, "flags") : NULL;
    g_autoptr(GString) cpu = g_string_new(NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *libvirt = NULL;

    if (!property || !vv_pve_take_flag(pve, property, "hidden", &pve->vm->hide_kvm, error))
        return FALSE;
    libvirt = translate_model(pve, key, model ? model : "kvm64");
    g_string_append(cpu, libvirt ? libvirt : "host");
    if (flags && !take_flags(pve, key, flags, cpu, error))
        return FALSE;
    if ((libvirt || flags) && !vv_pve_read(&vv_value_cpu, cpu->str, &pve->vm->cpu, &problem))
        return vv_pve_error(pve, key, error, "%s", problem->message);
    if (pve->vm->hide_kvm)
        vv_pve_say(pve, key, "hidden", VV_PROXMOX_KEPT,
                   "hide-kvm = yes; NVIDIA's drivers since 465 do not need it");
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}

/* QEMU's q35 needs an IOMMU with extended interrupt mode for more (pc_machine_done() in hw/i386/pc.c). */
#define CPUS_WITHOUT_VIOMMU 255

static void mend_cpus(VvPve *pve)
{
    if (pve->vm->accel == VV_ACCEL_TCG && (!pve->vm->cpu || g_str_has_prefix(pve->vm->cpu, "host"))) {
        vv_pve_set(&pve->vm->cpu, g_strdup("max"));
        vv_pve_say_default(pve, "cpu", VV_PROXMOX_TRANSLATED, "cpu = max: the host's own CPU needs KVM");
    }
    if (pve->vm->cpus > CPUS_WITHOUT_VIOMMU && !g_str_equal(pve->vm->viommu, "intel")) {
        vv_pve_set(&pve->vm->viommu, g_strdup("intel"));
        vv_pve_say_default(pve, "machine", VV_PROXMOX_TRANSLATED, "viommu = intel: more than %d CPUs need it",
                           CPUS_WITHOUT_VIOMMU);
    }
}

void vv_pve_cpu_default(VvPve *pve)
{
    if (!vv_pve_key(pve->file->main, "cpu")) {
        pve->vm->cpu = g_strdup("kvm64");
        vv_pve_say_default(pve, "cpu", VV_PROXMOX_TRANSLATED,
                           "cpu = kvm64 is Proxmox's default; cpu = host is faster, and some drivers of real "
                           "devices want it");
    }
    mend_cpus(pve);
    for (guint i = 0; i < pve->vm->devices->len && !pve->vm->hide_kvm; i++)
        if (((const VvVmDevice *)pve->vm->devices->pdata[i])->x_vga)
            vv_pve_say_default(pve, "cpu", VV_PROXMOX_DROPPED,
                               "Proxmox hides KVM from a guest with x-vga; only NVIDIA's drivers before 465 "
                               "need that (hide-kvm = yes)");
}

static gboolean number_of(VvPve *pve, const char *name, guint64 *ret, GError **error)
{
    const VvPveKey *key = vv_pve_key(pve->file->main, name);

    return !key || vv_pve_number(pve, key, 1, 1024, ret, error);
}

static void say_count(VvPve *pve, const char *name, VvProxmoxVerdict verdict, const char *text)
{
    const VvPveKey *key = vv_pve_key(pve->file->main, name);

    if (key)
        vv_pve_say(pve, key, NULL, verdict, "%s", text);
}

/* sockets, cores and vcpus; smp is the oldest word for sockets. */
gboolean vv_pve_cpus(VvPve *pve, GError **error)
{
    guint64 sockets = 1, cores = 1, online = 0;
    gboolean partly;

    if (!number_of(pve, "smp", &sockets, error) || !number_of(pve, "sockets", &sockets, error) ||
        !number_of(pve, "cores", &cores, error) || !number_of(pve, "vcpus", &online, error))
        return FALSE;
    if (sockets * cores > 1024)
        return vv_pve_error(pve, vv_pve_key(pve->file->main, "cores"), error,
                            "%" G_GUINT64_FORMAT " virtual CPUs; 1024 is the most", sockets * cores);
    partly = online && online < sockets * cores;
    pve->vm->cpus = (guint)(partly ? online : sockets * cores);
    if (sockets > 1 && !partly) {
        pve->vm->sockets = (guint)sockets;
        pve->vm->dies = 1;
        pve->vm->cores = (guint)cores;
        pve->vm->threads = 1;
    }
    g_autofree char *text =
        g_strdup_printf("cpus = %u%s", pve->vm->cpus,
                        pve->vm->sockets ? ", and the same topology" : "; the topology follows the host's");
    say_count(pve, "smp", VV_PROXMOX_TRANSLATED, text);
    say_count(pve, "sockets", VV_PROXMOX_TRANSLATED, text);
    say_count(pve, "cores", VV_PROXMOX_TRANSLATED, text);
    say_count(pve, "vcpus", VV_PROXMOX_TRANSLATED,
              partly ? "cpus = vcpus: what the guest had online; CPUs cannot be added to it while it runs"
                     : "all CPUs are online anyway");
    if (!vv_pve_key(pve->file->main, "cores") && !vv_pve_key(pve->file->main, "sockets"))
        vv_pve_say_default(pve, "cores", VV_PROXMOX_TRANSLATED, "cpus = %u", pve->vm->cpus);
    return TRUE;
}
