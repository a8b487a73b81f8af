/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile.h"

#include "domains/ini.h"
#include "domains/values.h"
#include "domains/vmfile-check.h"
#include "vfio/error.h"

#include <stddef.h>

/* One table for each kind of section is all there is to know about its keys: docs/virt-vfio-vm.5 follows
 * it.
 */
typedef struct {
    const char *name;
    gsize offset;
    VvValueFn read;
    const char *missing; /* what to say where the key is required; NULL: it is not */
} Key;

static const Key vm_keys[] = {
    {"name", offsetof(VvVm, name), vv_value_name, "give the VM a name, as in name = win11"},
    {"uuid", offsetof(VvVm, uuid), vv_value_uuid, NULL},
    {"os", offsetof(VvVm, os), vv_value_os, NULL},
    {"memory", offsetof(VvVm, memory_kib), vv_value_memory, "say how much, as in memory = 8G"},
    {"cpus", offsetof(VvVm, cpus), vv_value_cpus, NULL},
    {"cpu", offsetof(VvVm, cpu), vv_value_cpu, NULL},
    {"firmware", offsetof(VvVm, firmware), vv_value_firmware, NULL},
    {"accel", offsetof(VvVm, accel), vv_value_accel, NULL},
    {"kernel", offsetof(VvVm, kernel), vv_value_path, NULL},
    {"initrd", offsetof(VvVm, initrd), vv_value_path, NULL},
    {"cmdline", offsetof(VvVm, cmdline), vv_value_text, NULL},
    {"serial-log", offsetof(VvVm, serial_log), vv_value_path, NULL},
    {"emulator", offsetof(VvVm, emulator), vv_value_path, NULL},
    {0},
};

static const Key device_keys[] = {
    {"host", offsetof(VvVmDevice, selectors), vv_value_selectors, "name the card, as in host = 01:00"},
    {"x-vga", offsetof(VvVmDevice, x_vga), vv_value_yes_no, NULL},
    {"rom", offsetof(VvVmDevice, rom), vv_value_rom, NULL},
    {"rombar", offsetof(VvVmDevice, rombar), vv_value_yes_no, NULL},
    {"allow", offsetof(VvVmDevice, allow), vv_value_allow, NULL},
    {0},
};

static const Key disk_keys[] = {
    {"path", offsetof(VvVmDisk, path), vv_value_path, "name the image, as in path = /srv/vm/disk.qcow2"},
    {"format", offsetof(VvVmDisk, format), vv_value_format, NULL},
    {"bus", offsetof(VvVmDisk, bus), vv_value_bus, NULL},
    {"cdrom", offsetof(VvVmDisk, cdrom), vv_value_yes_no, NULL},
    {0},
};

static const Key network_keys[] = {
    {"bridge", offsetof(VvVmNetwork, bridge), vv_value_bridge, NULL},
    {"network", offsetof(VvVmNetwork, network), vv_value_text, NULL},
    {"mac", offsetof(VvVmNetwork, mac), vv_value_mac, NULL},
    {"model", offsetof(VvVmNetwork, model), vv_value_model, NULL},
    {0},
};

static const char *const all_types[] = {"vm", "device", "disk", "network", NULL};
static const char *const plain_types[] = {"vm", NULL};
static const char *const *const named_types = all_types + 1;

static void function_clear(gpointer data)
{
    VvVmFunction *function = data;

    g_clear_pointer(&function->identity, vv_identity_free);
}

static void device_free(gpointer data)
{
    VvVmDevice *device = data;

    g_free(device->name);
    g_clear_pointer(&device->selectors, g_array_unref);
    g_free(device->rom);
    g_strfreev(device->allow);
    g_clear_pointer(&device->functions, g_array_unref);
    g_free(device);
}

static void disk_free(gpointer data)
{
    VvVmDisk *disk = data;

    g_free(disk->name);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->bus);
    g_free(disk);
}

static void network_free(gpointer data)
{
    VvVmNetwork *network = data;

    g_free(network->name);
    g_free(network->bridge);
    g_free(network->network);
    g_free(network->mac);
    g_free(network->model);
    g_free(network);
}

static VvVm *vm_new(const char *path)
{
    VvVm *vm = g_new0(VvVm, 1);

    vm->path = g_strdup(path);
    vm->cpus = 2;
    vm->devices = g_ptr_array_new_with_free_func(device_free);
    vm->disks = g_ptr_array_new_with_free_func(disk_free);
    vm->networks = g_ptr_array_new_with_free_func(network_free);
    return vm;
}

void vv_vm_free(VvVm *vm)
{
    if (!vm)
        return;
    g_free(vm->path);
    g_free(vm->name);
    g_free(vm->uuid);
    g_free(vm->cpu);
    g_free(vm->kernel);
    g_free(vm->initrd);
    g_free(vm->cmdline);
    g_free(vm->serial_log);
    g_free(vm->emulator);
    g_ptr_array_unref(vm->devices);
    g_ptr_array_unref(vm->disks);
    g_ptr_array_unref(vm->networks);
    g_free(vm);
}

static gboolean unknown_key(const VvIni *ini, const VvIniSection *section, const char *name, const Key *keys,
                            GError **error)
{
    const char *names[G_N_ELEMENTS(vm_keys)] = {0};
    g_autofree char *hint = NULL;

    for (gsize i = 0; keys[i].name; i++)
        names[i] = keys[i].name;
    hint = vv_did_you_mean(name, names);
    vv_ini_set_error(error, ini, section, name, "unknown key%s", hint);
    return FALSE;
}

/* Reads a section's keys into `object`: each known, each readable, none that is required left out. */
static gboolean fill(const VvIni *ini, const VvIniSection *section, const Key *keys, gpointer object,
                     GError **error)
{
    for (guint i = 0; i < section->keys->len; i++) {
        const VvIniKey *given = section->keys->pdata[i];
        const Key *key = keys;
        g_autoptr(GError) problem = NULL;

        while (key->name && !g_str_equal(key->name, given->name))
            key++;
        if (!key->name)
            return unknown_key(ini, section, given->name, keys, error);
        if (!key->read(given->value, G_STRUCT_MEMBER_P(object, key->offset), &problem)) {
            vv_ini_set_error(error, ini, section, given->name, "%s", problem->message);
            return FALSE;
        }
    }
    for (const Key *key = keys; key->name; key++)
        if (key->missing && !vv_ini_key(section, key->name)) {
            vv_ini_set_error(error, ini, section, key->name, "missing; %s", key->missing);
            return FALSE;
        }
    return TRUE;
}

static gboolean load_device(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    VvVmDevice *device = g_new0(VvVmDevice, 1);

    g_ptr_array_add(vm->devices, device);
    device->name = g_strdup(section->name);
    device->rombar = TRUE;
    device->rom = g_strdup("auto");
    device->allow = g_new0(char *, 1);
    device->functions = g_array_new(FALSE, TRUE, sizeof(VvVmFunction));
    g_array_set_clear_func(device->functions, function_clear);
    return fill(ini, section, device_keys, device, error) &&
           vv_vmfile_check_device(vm, device, ini, section, error);
}

static gboolean load_disk(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    VvVmDisk *disk = g_new0(VvVmDisk, 1);

    g_ptr_array_add(vm->disks, disk);
    disk->name = g_strdup(section->name);
    return fill(ini, section, disk_keys, disk, error) && vv_vmfile_finish_disk(disk, ini, section, error);
}

static gboolean load_network(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    VvVmNetwork *network = g_new0(VvVmNetwork, 1);

    g_ptr_array_add(vm->networks, network);
    network->name = g_strdup(section->name);
    network->model = g_strdup("virtio");
    return fill(ini, section, network_keys, network, error) &&
           vv_vmfile_check_network(network, ini, section, error);
}

static gboolean load_vm(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    return fill(ini, section, vm_keys, vm, error) && vv_vmfile_check_vm(vm, ini, section, error);
}

static const struct {
    const char *type;
    gboolean named;
    gboolean (*load)(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error);
} section_types[] = {
    {"vm", FALSE, load_vm},
    {"device", TRUE, load_device},
    {"disk", TRUE, load_disk},
    {"network", TRUE, load_network},
};

static gboolean load_section(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    g_autofree char *hint = vv_did_you_mean(section->type, all_types);

    for (gsize i = 0; i < G_N_ELEMENTS(section_types); i++) {
        if (!g_str_equal(section->type, section_types[i].type))
            continue;
        if (section_types[i].named == (section->name != NULL))
            return section_types[i].load(vm, ini, section, error);
        vv_ini_set_error(error, ini, section, NULL,
                         section->name ? "[vm] has no name behind it; write name = %s below it"
                                       : "which one? Give it a name, as in [%s NAME]",
                         section->name ? section->name : section->type);
        return FALSE;
    }
    vv_ini_set_error(error, ini, section, NULL,
                     "unknown section%s (there are [vm], [device NAME], [disk NAME], [network NAME])", hint);
    return FALSE;
}

VvVm *vv_vm_parse(const char *path, const char *text, gsize length, const char *const *settings,
                  GError **error)
{
    g_autoptr(VvIni) ini = vv_ini_parse(path, text, length, error);
    g_autoptr(VvVm) vm = NULL;

    if (!ini)
        return NULL;
    for (; settings && *settings; settings++)
        if (!vv_ini_override(ini, *settings, plain_types, named_types, error))
            return NULL;
    vm = vm_new(path);
    for (guint i = 0; i < ini->sections->len; i++)
        if (!load_section(vm, ini, ini->sections->pdata[i], error))
            return NULL;
    if (!vv_ini_section(ini, "vm", NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "%s: [vm]: missing; every VM file has this section, with name and memory in it", path);
        return NULL;
    }
    return g_steal_pointer(&vm);
}

VvVm *vv_vm_load(const char *path, const char *const *settings, GError **error)
{
    gsize length = 0;
    g_autofree char *text = vv_ini_read_file(path, &length, error);

    return text ? vv_vm_parse(path, text, length, settings, error) : NULL;
}
