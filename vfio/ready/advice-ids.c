/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"
#include "vfio/ready/advice.h"

#include <stdio.h>
#include <string.h>

/* What ids= and blacklists do to the devices that are there. */

#define MOST_IDS 4096

/* "10de:1b80[:1458[:3702[:030000[:ffff00]]]]" as vfio_pci_fill_ids() (drivers/vfio/pci/vfio_pci.c) takes it:
 * hexadecimal, what is not given is any. */
static gboolean parse_id(const char *text, VvReadyAdviceId *ret)
{
    guint values[6] = {0, 0, G_MAXUINT, G_MAXUINT, 0, 0};
    g_auto(GStrv) parts = g_strsplit(text, ":", 7);
    guint count = g_strv_length(parts);

    if (count < 2 || count > 6)
        return FALSE;
    for (guint i = 0; i < count; i++) {
        guint64 value;
        if (!g_ascii_string_to_unsigned(parts[i], 16, 0, G_MAXUINT, &value, NULL))
            return FALSE;
        values[i] = (guint)value;
    }
    if (count == 5)
        values[5] = G_MAXUINT;
    ret->vendor = values[0], ret->device = values[1];
    ret->subvendor = values[2], ret->subdevice = values[3];
    ret->class_code = values[4], ret->class_mask = values[5];
    return ret->vendor <= 0xffff || ret->vendor == G_MAXUINT;
}

static gboolean is_any(guint wanted, guint has)
{
    return wanted == G_MAXUINT || wanted == has;
}

/* pci_match_one_device() of drivers/pci/pci.h. */
static gboolean matches(const VvReadyAdviceId *id, const VvDevice *device)
{
    return is_any(id->vendor, device->vendor) && is_any(id->device, device->device) &&
           is_any(id->subvendor, device->subsystem_vendor) &&
           is_any(id->subdevice, device->subsystem_device) &&
           !((id->class_code ^ device->class_code) & id->class_mask);
}

void vv_ready_advice_add_ids(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *list)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1);

    for (char **word = words; *word && advice->ids->len < MOST_IDS; word++) {
        VvReadyAdviceId id = {0};
        VvAddress address;
        g_autofree char *shown = vv_ready_advice_shown(*word);

        if (!**word)
            continue;
        if (parse_id(*word, &id)) {
            id.path = g_strdup(place.path);
            id.line = place.line;
            g_ptr_array_add(advice->ids, g_memdup2(&id, sizeof id));
            continue;
        }
        gboolean is_address = vv_address_parse(*word, &address, NULL);
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            is_address ? g_strdup_printf("to reserve by address: virt-vfio setup --reserve %s", shown)
                       : g_strdup("write ids=10de:1b80, as lspci -nn shows them in brackets"),
            is_address ? "ids= takes vendor:device, and '%s' is an address, which is left out"
                       : "ids= takes vendor:device in hexadecimal, and '%s' is none",
            shown);
    }
}

void vv_ready_advice_add_ban(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module)
{
    VvReadyAdviceBan ban = {g_strdup(place.path), place.line, g_strdup(module)};

    g_ptr_array_add(advice->bans, g_memdup2(&ban, sizeof ban));
}

static const GPtrArray *all_devices(const VvReadyAdvice *advice)
{
    return advice->ready->host ? vv_host_devices(advice->ready->host) : NULL;
}

static char *id_text(const VvReadyAdviceId *id)
{
    return g_strdup_printf("%04x:%04x", id->vendor & 0xffff, id->device & 0xffff);
}

static gboolean is_held(const VvReadyAdvice *advice, const char *module)
{
    for (guint i = 0; i < advice->held->len; i++)
        if (vv_module_same_name(advice->held->pdata[i], module))
            return TRUE;
    for (guint i = 0; i < advice->bans->len; i++)
        if (vv_module_same_name(((VvReadyAdviceBan *)advice->bans->pdata[i])->module, module))
            return TRUE;
    return advice->early;
}

/* A module that was loaded says in which state it is; a built-in one does not (kernel/module/sysfs.c). */
static gboolean is_built_in(const VvReadyAdvice *advice, const char *module)
{
    g_autofree char *folder = g_strdup_printf("sys/module/%s", module);
    g_autofree char *state = g_strdup_printf("sys/module/%s/initstate", module);

    return vv_sysfs_exists(advice->ready->sysfs, folder) && !vv_sysfs_exists(advice->ready->sysfs, state);
}

static void judge_holder(VvReadyAdvice *advice, VvReadyAdvicePlace place, const VvDevice *device)
{
    g_autofree char *module = vv_module_of_driver(advice->ready->sysfs, device->driver);

    if (is_built_in(advice, module))
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup_printf("take the ids out: virt-vfio start takes %s from %s when a guest needs it",
                            device->text, device->driver),
            "%s is built into this kernel and has %s before vfio-pci can get it", device->driver,
            device->text);
    else if (!is_held(advice, module) && !is_held(advice, device->driver))
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup_printf("add to /%s: softdep %s pre: vfio-pci, then run: %s; or: virt-vfio setup "
                            "--reserve %s --apply",
                            g_str_has_prefix(place.path, "etc/modprobe.d/") ? place.path
                                                                            : "etc/modprobe.d/vfio.conf",
                            module, vv_ready_advice_rebuild(advice), device->text),
            "nothing makes vfio-pci load before %s, which gets %s first", module, device->text);
}

/* Functions of one slot are one card, and go together. TRUE: this is what is wrong with the id; to have it
 * take effect would be worse. */
static gboolean judge_twins(VvReadyAdvice *advice, VvReadyAdvicePlace place, const VvReadyAdviceId *id,
                            const GPtrArray *found)
{
    const VvDevice *first = found->pdata[0], *twin = NULL;
    gboolean used = FALSE;
    g_autofree char *text = id_text(id);

    for (guint i = 0; i < found->len; i++) {
        VvDevice *device = found->pdata[i];
        vv_device_read_details(advice->ready->sysfs, device);
        used |= device->boot_vga || !vv_driver_is_vfio(device->driver);
        if (!twin && !vv_address_same_slot(first->address, device->address))
            twin = device;
    }
    if (!twin || !used)
        return FALSE;
    vv_ready_advice_add(
        advice, place, VV_READY_WARN,
        g_strdup_printf("take %s out, then run: virt-vfio setup --reserve %s --apply, with the one "
                        "that guests get",
                        text, twin->text),
        "%s is %s and %s alike: vfio-pci takes both, and this host has none left", text, first->text,
        twin->text);
    return TRUE;
}

static void judge_id(VvReadyAdvice *advice, const VvReadyAdviceId *id)
{
    const GPtrArray *devices = all_devices(advice);
    VvReadyAdvicePlace place = {id->path, id->line};
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_autofree char *text = id_text(id);

    for (guint i = 0; i < devices->len; i++)
        if (matches(id, devices->pdata[i]))
            g_ptr_array_add(found, devices->pdata[i]);
    if (!found->len) {
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup_printf("take %s out, or write the ids that lspci -nn shows", text),
                            "no device of this host is %s", text);
        return;
    }
    if (judge_twins(advice, place, id, found))
        return;
    for (guint i = 0; i < found->len; i++) {
        const VvDevice *device = found->pdata[i];
        if (!device->driver || vv_driver_is_vfio(device->driver) || device->kind == VV_KIND_BRIDGE)
            continue;
        judge_holder(advice, place, device);
        break;
    }
}

void vv_ready_advice_judge_ids(VvReadyAdvice *advice)
{
    advice->in_file = 0;
    for (guint i = 0; all_devices(advice) && i < advice->ids->len; i++)
        judge_id(advice, advice->ids->pdata[i]);
}

/* Is the device one that this driver is for? By what has it now; for graphics, where several drivers want one
 * card, by the vendor as well. */
static gboolean is_for(const char *module, const VvDevice *device)
{
    static const struct {
        const char *module;
        VvKind kind;
        guint vendor; /* 0: any */
    } known[] = {
        {"nvidia", VV_KIND_GPU, 0x10de},     {"nouveau", VV_KIND_GPU, 0x10de},
        {"amdgpu", VV_KIND_GPU, 0x1002},     {"radeon", VV_KIND_GPU, 0x1002},
        {"i915", VV_KIND_GPU, 0x8086},       {"xe", VV_KIND_GPU, 0x8086},
        {"snd_hda_intel", VV_KIND_AUDIO, 0},
    };

    if (device->driver)
        return vv_module_same_name(module, device->driver) && !vv_driver_is_vfio(device->driver);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (vv_module_same_name(module, known[i].module))
            return device->kind == known[i].kind && (!known[i].vendor || known[i].vendor == device->vendor);
    return FALSE;
}

static gboolean is_reserved(const VvReadyAdvice *advice, const VvDevice *device)
{
    for (guint i = 0; i < advice->ids->len; i++)
        if (matches(advice->ids->pdata[i], device))
            return TRUE;
    return vv_driver_is_vfio(device->driver);
}

/* A blacklist is about all cards of a driver. It matters where one of them goes to guests and another does
 * not. */
static void judge_ban(VvReadyAdvice *advice, const VvReadyAdviceBan *ban)
{
    const GPtrArray *devices = all_devices(advice);
    g_autofree char *module = vv_ready_advice_shown(ban->module);

    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        if (!is_for(ban->module, device) || is_reserved(advice, device))
            continue;
        vv_ready_advice_add(advice, (VvReadyAdvicePlace){ban->path, ban->line}, VV_READY_WARN,
                            g_strdup_printf("take the line out, and write: softdep %s pre: vfio-pci", module),
                            device->driver ? "%s is kept from loading, and %s of this host runs on it"
                                           : "%s is kept from loading, and %s of this host has no driver now",
                            module, device->text);
        return;
    }
}

void vv_ready_advice_judge_bans(VvReadyAdvice *advice)
{
    advice->in_file = 0;
    for (guint i = 0; all_devices(advice) && i < advice->bans->len; i++)
        judge_ban(advice, advice->bans->pdata[i]);
}
