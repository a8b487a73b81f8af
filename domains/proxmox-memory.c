/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

gboolean vv_pve_memory(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "current", error);
    guint64 mib = 512;

    if (!property ||
        !vv_pve_take_number(pve, property, "current", 16, G_GUINT64_CONSTANT(1) << 30, &mib, error))
        return FALSE;
    pve->vm->memory_kib = mib << 10;
    vv_pve_take_rest(pve, property, NULL);
    vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "memory = %" G_GUINT64_FORMAT "M", mib);
    return TRUE;
}

void vv_pve_memory_default(VvPve *pve)
{
    if (vv_pve_key(pve->file->main, "memory"))
        return;
    pve->vm->memory_kib = 512 << 10;
    vv_pve_say_default(pve, "memory", VV_PROXMOX_TRANSLATED, "memory = 512M is Proxmox's default");
}

gboolean vv_pve_balloon(VvPve *pve, const VvPveKey *key, GError **error)
{
    guint64 mib = 0;

    if (!vv_pve_number(pve, key, 0, G_GUINT64_CONSTANT(1) << 30, &mib, error))
        return FALSE;
    if (!mib)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "there is no balloon in a guest with real devices");
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "VFIO pins all of a guest's memory, so there is nothing that a balloon could give back");
    return TRUE;
}

gboolean vv_pve_hugepages(VvPve *pve, const VvPveKey *key, GError **error)
{
    const char *size = g_str_equal(key->value, "2") ? "2M" : g_str_equal(key->value, "1024") ? "1G" : NULL;

    if (!size && !g_str_equal(key->value, "any"))
        return vv_pve_error(pve, key, error, "'%s' is none of any, 2, 1024", key->value);
    if (size && g_str_equal(size, "1G") && pve->vm->memory_kib % (1 << 20)) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "the memory is not a multiple of 1G");
        return TRUE;
    }
    if (size && pve->vm->memory_kib % (2 << 10)) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "the memory is not a multiple of 2M");
        return TRUE;
    }
    vv_pve_set(&pve->vm->hugepages, g_strdup(size ? size : "auto"));
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
               "hugepages = %s; Proxmox reserves them at each start, here the host has to have them: reserve "
               "them at boot",
               pve->vm->hugepages);
    return TRUE;
}

gboolean vv_pve_numa(VvPve *pve, const VvPveKey *key, GError **error)
{
    gboolean numa = FALSE;

    if (!vv_pve_flag(pve, key, &numa, error))
        return FALSE;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "%s",
               numa ? "the guest's memory comes from the node of its devices (numa = auto)"
                    : "memory and CPUs are placed near the devices all the same (numa = auto); numa = none "
                      "turns that off");
    return TRUE;
}

/* "0-3;8", as a list with commas. NULL: it is none. */
static char *list_of(const char *text, guint max)
{
    g_autofree char *list = g_strdelimit(g_strdup(text), ";", ',');
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));

    return vv_cpu_list_parse(list, max, numbers, NULL) ? g_steal_pointer(&list) : NULL;
}

/* A list of host nodes that every numaN agrees on; nodes of the guest's own are not made. */
gboolean vv_pve_numa_node(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const policies[] = {"preferred", "bind", "interleave", NULL};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, NULL, error);
    const char *cpus = property ? vv_pve_take(property, "cpus") : NULL, *nodes, *policy = "preferred";
    g_autofree char *host = NULL, *guest = NULL;
    guint64 memory = 0;

    if (!property)
        return FALSE;
    nodes = vv_pve_take(property, "hostnodes");
    guest = cpus ? list_of(cpus, VV_CPU_MAX) : NULL;
    if (!guest)
        return vv_pve_error(pve, key, error, cpus ? "cpus: '%s' is not a list of CPUs" : "cpus is missing%s",
                            cpus ? cpus : "");
    host = nodes ? list_of(nodes, VV_NODE_MAX) : NULL;
    if (nodes && !host)
        return vv_pve_error(pve, key, error, "hostnodes: '%s' is not a list of nodes", nodes);
    if (!vv_pve_take_word(pve, property, "policy", policies, &policy, error) ||
        !vv_pve_take_number(pve, property, "memory", 1, G_GUINT64_CONSTANT(1) << 30, &memory, error))
        return FALSE;
    vv_pve_take_rest(pve, property, NULL);
    if (!host || !g_str_equal(policy, "bind"))
        vv_pve_say(
            pve, key, NULL, VV_PROXMOX_DROPPED,
            "a VM file binds a guest's memory to nodes of the host, or leaves it to the devices' node; %s",
            host ? "this policy does neither" : "this names no node of the host");
    else if (g_str_equal(pve->vm->numa, "auto") || g_str_equal(pve->vm->numa, host)) {
        vv_pve_set(&pve->vm->numa, g_steal_pointer(&host));
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
                   "numa = %s for all of the guest; nodes of the guest's own are not made", pve->vm->numa);
    } else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "other nodes than the first; a guest with several nodes of its own is beyond a VM file");
    return TRUE;
}

/* After the number of CPUs is known. */
gboolean vv_pve_affinity(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GError) problem = NULL;

    if (!vv_cpu_list_parse(key->value, VV_CPU_MAX, cpus, &problem))
        return vv_pve_error(pve, key, error, "%s", problem->message);
    if (cpus->len < pve->vm->cpus) {
        vv_pve_say(
            pve, key, NULL, VV_PROXMOX_DROPPED,
            "fewer CPUs of the host than the guest has; pinning gives each virtual CPU one of its own");
        return TRUE;
    }
    vv_pve_set(&pve->vm->pinning, g_strdup(key->value));
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
               "pinning = %s: each virtual CPU gets one of them for itself, where Proxmox lets all of QEMU "
               "run on all of them",
               pve->vm->pinning);
    return TRUE;
}

gboolean vv_pve_ivshmem(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, NULL, error);
    const char *name = property ? vv_pve_take(property, "name") : NULL;
    g_autofree char *valid = NULL;
    guint64 mib = 0;

    if (!property || !vv_pve_take_number(pve, property, "size", 1, 1 << 20, &mib, error))
        return FALSE;
    if (!mib)
        return vv_pve_error(pve, key, error, "size is missing");
    vv_pve_take_rest(pve, property, NULL);
    if (!vv_pve_read(&vv_value_name, name ? name : "shmem", &valid, NULL) || (mib & (mib - 1))) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "a VM file wants a name of letters, digits, '.', '_' and '-', and a size that is a power "
                   "of two MiB");
        return TRUE;
    }
    vv_vm_add_shmem(pve->vm, valid)->size_kib = mib << 10;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "/dev/shm/%s, where Proxmox has /dev/shm/pve-shm-%s",
               valid, name ? name : "VMID");
    return TRUE;
}
