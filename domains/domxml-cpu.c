/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-parts.h"

static void add_model(xmlNode *cpu, const char *model, gboolean kvm)
{
    gboolean host = g_str_equal(model, "host"), max = g_str_equal(model, "max");

    vv_xml_set(cpu, "mode", host ? "host-passthrough" : max ? "maximum" : "custom");
    vv_xml_set(cpu, "match", host || max ? NULL : "exact");
    vv_xml_set(cpu, "check", "none");
    /* Real devices do not migrate, and an invariant TSC wants it so. */
    vv_xml_set(cpu, "migratable", host && kvm ? "off" : NULL);
    if (!host && !max)
        vv_xml_add_text(cpu, "model", model);
}

static void add_feature(xmlNode *cpu, const char *policy, const char *name)
{
    xmlNode *feature = vv_xml_add(cpu, "feature");

    vv_xml_set(feature, "policy", policy);
    vv_xml_set(feature, "name", name);
}

/* libvirt takes no feature twice, and what the file says of one stands. */
static gboolean says(char **words, const char *feature)
{
    for (char **word = words + 1; *word; word++)
        if (g_str_equal(*word + 1, feature))
            return TRUE;
    return FALSE;
}

static void add_cells(xmlNode *cpu, const VvTuning *tuning)
{
    xmlNode *numa = tuning->cells->len ? vv_xml_add(cpu, "numa") : NULL;

    for (guint i = 0; i < tuning->cells->len; i++) {
        const VvTuningCell *cell = &g_array_index(tuning->cells, VvTuningCell, i);
        guint last = cell->first_cpu + cell->count - 1;
        xmlNode *node = vv_xml_add(numa, "cell");

        vv_xml_setf(node, "id", "%u", i);
        if (last > cell->first_cpu)
            vv_xml_setf(node, "cpus", "%u-%u", cell->first_cpu, last);
        else
            vv_xml_setf(node, "cpus", "%u", last);
        vv_xml_setf(node, "memory", "%" G_GUINT64_FORMAT, cell->memory_kib);
        vv_xml_set(node, "unit", "KiB");
    }
}

void vv_domxml_add_cpu(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    g_auto(GStrv) words = g_strsplit(vm->cpu ? vm->cpu : tuning->kvm ? "host" : "max", ",", -1);
    xmlNode *cpu = vv_xml_add(domain, "cpu");
    xmlNode *topology;

    add_model(cpu, words[0], tuning->kvm);
    topology = vv_xml_add(cpu, "topology");
    vv_xml_setf(topology, "sockets", "%u", tuning->sockets);
    vv_xml_setf(topology, "dies", "%u", tuning->dies);
    vv_xml_setf(topology, "cores", "%u", tuning->cores);
    vv_xml_setf(topology, "threads", "%u", tuning->threads);
    if (tuning->cache_passthrough)
        vv_xml_set(vv_xml_add(cpu, "cache"), "mode", "passthrough");
    if (tuning->host_physical_bits)
        vv_xml_set(vv_xml_add(cpu, "maxphysaddr"), "mode", "passthrough");
    for (char **word = words + 1; *word; word++)
        add_feature(cpu, **word == '-' ? "disable" : "require", *word + 1);
    if (tuning->topoext && !says(words, "topoext"))
        add_feature(cpu, "require", "topoext");
    add_cells(cpu, tuning);
}
