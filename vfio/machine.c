/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/machine.h"

#include "vfio/topology.h"

#include <errno.h>
#include <string.h>

#define DMI "sys/class/dmi/id/"

static char *read_line(const VvSysfs *sysfs, const char *path)
{
    g_autofree char *text = vv_sysfs_read(sysfs, path);

    return text && *g_strstrip(text) ? g_steal_pointer(&text) : NULL;
}

/* What boards say for "nobody filled this in". */
static char *read_dmi(const VvSysfs *sysfs, const char *path)
{
    static const char *const empty[] = {"To Be Filled By O.E.M.",
                                        "To be filled by O.E.M.",
                                        "Default string",
                                        "System Product Name",
                                        "System manufacturer",
                                        "Not Specified",
                                        "System Serial Number",
                                        "None",
                                        "0"};
    g_autofree char *text = read_line(sysfs, path);

    for (guint i = 0; text && i < G_N_ELEMENTS(empty); i++)
        if (strcmp(text, empty[i]) == 0)
            return NULL;
    return g_steal_pointer(&text);
}

/* "Dell Inc." and "PowerEdge R750" together, or the one that there is. */
static char *read_pair(const VvSysfs *sysfs, const char *maker_path, const char *model_path)
{
    g_autofree char *maker = read_dmi(sysfs, maker_path), *model = read_dmi(sysfs, model_path);

    if (maker && model)
        return g_strconcat(maker, " ", model, NULL);
    return maker ? g_steal_pointer(&maker) : g_steal_pointer(&model);
}

static char *read_cpu(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/cpuinfo", 16384);
    const char *name = text ? strstr(text, "model name") : NULL;
    const char *colon = name ? strchr(name, ':') : NULL;

    return colon ? g_strstrip(g_strndup(colon + 1, strcspn(colon + 1, "\n"))) : NULL;
}

static gboolean is_new(GHashTable *seen, guint64 number)
{
    return g_hash_table_add(seen, GSIZE_TO_POINTER((gsize)number + 1));
}

static void read_topology(VvMachine *machine, const VvSysfs *sysfs)
{
    g_autoptr(VvTopology) topology = vv_topology_read(sysfs);
    g_autoptr(GHashTable) sockets = g_hash_table_new(NULL, NULL), cores = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < topology->cpus->len; i++) {
        const VvCpu *cpu = &g_array_index(topology->cpus, VvCpu, i);
        machine->sockets += (guint)is_new(sockets, cpu->package);
        machine->cores += (guint)is_new(cores, cpu->core);
    }
    machine->threads = topology->cpus->len;
    for (guint i = 0; i < topology->nodes->len; i++)
        machine->memory_kib += ((const VvNode *)topology->nodes->pdata[i])->memory_kib;
}

/* Who drives the units is in their names (drivers/iommu/intel/dmar.c, amd/init.c, arm/arm-smmu). */
static const char *iommu_maker(const char *name)
{
    return g_str_has_prefix(name, "dmar")           ? "Intel VT-d"
           : g_str_has_prefix(name, "ivhd")         ? "AMD-Vi"
           : g_str_has_prefix(name, "smmu3")        ? "Arm SMMU v3"
           : g_str_has_prefix(name, "smmu")         ? "Arm SMMU"
           : g_str_has_prefix(name, "virtio-iommu") ? "virtio IOMMU"
                                                    : name;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_iommu(VvMachine *machine, const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) units = vv_sysfs_list(sysfs, "sys/class/iommu");

    if (!units || units->len == 0)
        return;
    g_ptr_array_sort(units, compare_text);
    machine->iommu = g_strdup_printf("%s, %u unit%s", iommu_maker(units->pdata[0]), units->len,
                                     units->len == 1 ? "" : "s");
    g_autoptr(GPtrArray) groups = vv_sysfs_list(sysfs, "sys/kernel/iommu_groups");
    g_autoptr(GPtrArray) types = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; groups && i < groups->len; i++) {
        g_autofree char *path =
            g_strdup_printf("sys/kernel/iommu_groups/%s/type", (const char *)groups->pdata[i]);
        char *type = read_line(sysfs, path);
        /* A group that a guest has is of no type of the host's. */
        if (!type || strcmp(type, "unmanaged") == 0 ||
            g_ptr_array_find_with_equal_func(types, type, g_str_equal, NULL))
            g_free(type);
        else
            g_ptr_array_add(types, type);
    }
    g_ptr_array_sort(types, compare_text);
    g_ptr_array_add(types, NULL);
    machine->iommu_type = types->len > 1 ? g_strjoinv(", ", (char **)types->pdata) : NULL;
}

VvMachine *vv_machine_read(const VvSysfs *sysfs)
{
    VvMachine *machine = g_new0(VvMachine, 1);

    machine->name = read_line(sysfs, "proc/sys/kernel/hostname");
    if (!machine->name)
        machine->name = read_line(sysfs, "etc/hostname");
    machine->product = read_pair(sysfs, DMI "sys_vendor", DMI "product_name");
    machine->board = read_pair(sysfs, DMI "board_vendor", DMI "board_name");
    errno = 0;
    machine->serial = read_dmi(sysfs, DMI "product_serial");
    machine->serial_refused = !machine->serial && errno == EACCES;
    machine->firmware = read_pair(sysfs, DMI "bios_vendor", DMI "bios_version");
    machine->firmware_date = read_dmi(sysfs, DMI "bios_date");
    machine->cpu = read_cpu(sysfs);
    read_topology(machine, sysfs);
    machine->kernel = read_line(sysfs, "proc/sys/kernel/osrelease");
    machine->command_line = vv_sysfs_read_all(sysfs, "proc/cmdline", 65536);
    if (machine->command_line)
        g_strstrip(machine->command_line);
    read_iommu(machine, sysfs);
    return machine;
}

void vv_machine_free(VvMachine *machine)
{
    if (!machine)
        return;
    char *const texts[] = {machine->name,         machine->product,       machine->board,     machine->serial,
                           machine->firmware,     machine->firmware_date, machine->cpu,       machine->kernel,
                           machine->command_line, machine->iommu,         machine->iommu_type};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_free(machine);
}
