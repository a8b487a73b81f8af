/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-parts.h"

static void add_backing(xmlNode *domain, const VvTuning *tuning)
{
    xmlNode *backing, *node;

    if (!tuning->hugepage_kib && !tuning->allocation_threads && !tuning->shared_memory)
        return;
    backing = vv_xml_add(domain, "memoryBacking");
    if (tuning->hugepage_kib) {
        node = vv_xml_add(vv_xml_add(backing, "hugepages"), "page");
        vv_xml_setf(node, "size", "%" G_GUINT64_FORMAT, tuning->hugepage_kib);
        vv_xml_set(node, "unit", "KiB");
    }
    if (tuning->shared_memory) {
        vv_xml_set(vv_xml_add(backing, "source"), "type", "memfd");
        vv_xml_set(vv_xml_add(backing, "access"), "mode", "shared");
    }
    if (tuning->allocation_threads) {
        node = vv_xml_add(backing, "allocation");
        vv_xml_set(node, "mode", "immediate");
        vv_xml_setf(node, "threads", "%u", tuning->allocation_threads);
    }
}

void vv_domxml_add_memory(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    vv_xml_set(vv_xml_add_number(domain, "memory", vm->memory_kib), "unit", "KiB");
    add_backing(domain, tuning);
}

static void add_cputune(xmlNode *domain, const VvTuning *tuning)
{
    xmlNode *cputune, *node;

    if (!*tuning->vcpu_cpus && !tuning->emulator_cpus && !tuning->iothread_cpus)
        return;
    cputune = vv_xml_add(domain, "cputune");
    for (guint i = 0; tuning->vcpu_cpus[i]; i++) {
        node = vv_xml_add(cputune, "vcpupin");
        vv_xml_setf(node, "vcpu", "%u", i);
        vv_xml_set(node, "cpuset", tuning->vcpu_cpus[i]);
    }
    if (tuning->emulator_cpus)
        vv_xml_set(vv_xml_add(cputune, "emulatorpin"), "cpuset", tuning->emulator_cpus);
    for (guint i = 1; i <= tuning->iothreads && tuning->iothread_cpus; i++) {
        node = vv_xml_add(cputune, "iothreadpin");
        vv_xml_setf(node, "iothread", "%u", i);
        vv_xml_set(node, "cpuset", tuning->iothread_cpus);
    }
}

static void add_numatune(xmlNode *domain, const VvTuning *tuning)
{
    xmlNode *numatune, *node;

    if (!tuning->nodeset)
        return;
    numatune = vv_xml_add(domain, "numatune");
    node = vv_xml_add(numatune, "memory");
    vv_xml_set(node, "mode", "strict");
    vv_xml_set(node, "nodeset", tuning->nodeset);
    for (guint i = 0; i < tuning->cells->len; i++) {
        node = vv_xml_add(numatune, "memnode");
        vv_xml_setf(node, "cellid", "%u", i);
        vv_xml_set(node, "mode", "strict");
        vv_xml_setf(node, "nodeset", "%u", g_array_index(tuning->cells, VvTuningCell, i).node);
    }
}

void vv_domxml_add_placement(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    vv_xml_add_number(domain, "vcpu", vm->cpus);
    if (tuning->iothreads)
        vv_xml_add_number(domain, "iothreads", tuning->iothreads);
    add_cputune(domain, tuning);
    add_numatune(domain, tuning);
}
