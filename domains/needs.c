/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/needs.h"

#include "domains/xml.h"
#include "vfio/error.h"

#include <string.h>

static void place_free(gpointer data)
{
    VvGuestPlace *place = data;

    if (place->nodes)
        g_array_unref(place->nodes);
    g_free(place);
}

void vv_guest_needs_free(VvGuestNeeds *needs)
{
    if (!needs)
        return;
    g_ptr_array_unref(needs->places);
    if (needs->pins)
        g_array_unref(needs->pins);
    g_free(needs->loader);
    g_free(needs->vars);
    g_free(needs);
}

/* Units as libvirt's virScaleInteger takes them; the default is KiB. 0 for nonsense. */
static guint64 in_kib(const char *text, const char *unit)
{
    static const struct {
        const char *name;
        guint64 kib;
    } units[] = {{"KiB", 1},       {"k", 1},       {"MiB", 1 << 10}, {"M", 1 << 10},
                 {"GiB", 1 << 20}, {"G", 1 << 20}, {"TiB", 1 << 30}, {"T", 1 << 30}};
    guint64 number = 0;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64 >> 32, &number, NULL))
        return 0;
    if (!unit)
        return number;
    if (strcmp(unit, "b") == 0 || strcmp(unit, "bytes") == 0)
        return number >> 10;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(units[i].name, unit) == 0)
            return number * units[i].kib;
    return 0;
}

static guint64 content_kib(const xmlNode *node)
{
    g_autofree char *text = vv_xml_content(node), *unit = node ? vv_xml_get(node, "unit") : NULL;

    return in_kib(text ? g_strstrip(text) : NULL, unit);
}

static guint64 attribute_kib(const xmlNode *node, const char *name)
{
    g_autofree char *text = vv_xml_get(node, name), *unit = vv_xml_get(node, "unit");

    return in_kib(text, unit);
}

static const xmlNode *child_of(const xmlNode *node, const char *name)
{
    return node ? vv_xml_child(node, name, NULL) : NULL;
}

static gboolean is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* Only "strict" keeps a guest from starting elsewhere. */
static GArray *strict_nodes(const xmlNode *node)
{
    g_autofree char *list = node ? vv_xml_get(node, "nodeset") : NULL;
    g_autofree char *mode = node ? vv_xml_get(node, "mode") : NULL;

    return list && (!mode || strcmp(mode, "strict") == 0) ? vv_cpulist_parse(list) : NULL;
}

static void add_place(VvGuestNeeds *needs, GArray *nodes, guint64 kib)
{
    VvGuestPlace *place = g_new0(VvGuestPlace, 1);

    place->nodes = nodes;
    place->kib = kib;
    g_ptr_array_add(needs->places, place);
}

static const xmlNode *cell_of(const xmlNode *domain, const char *id)
{
    const xmlNode *numa = child_of(child_of(domain, "cpu"), "numa");

    for (const xmlNode *cell = numa ? numa->children : NULL; cell; cell = cell->next)
        if (is_element(cell, "cell") && id && vv_xml_has(cell, "id", id))
            return cell;
    return NULL;
}

static void read_places(const xmlNode *domain, VvGuestNeeds *needs)
{
    const xmlNode *numatune = child_of(domain, "numatune");

    for (const xmlNode *node = numatune ? numatune->children : NULL; node; node = node->next) {
        g_autofree char *id = is_element(node, "memnode") ? vv_xml_get(node, "cellid") : NULL;
        const xmlNode *cell = id ? cell_of(domain, id) : NULL;
        if (cell)
            add_place(needs, strict_nodes(node), attribute_kib(cell, "memory"));
    }
    if (!needs->places->len)
        add_place(needs, strict_nodes(child_of(numatune, "memory")), needs->memory_kib);
}

static void read_cpus(const xmlNode *domain, VvGuestNeeds *needs)
{
    const xmlNode *cputune = child_of(domain, "cputune");
    g_autofree char *count = vv_xml_content(child_of(domain, "vcpu"));

    needs->vcpus = count ? (guint)g_ascii_strtoull(count, NULL, 10) : 1;
    for (const xmlNode *node = cputune ? cputune->children : NULL; node; node = node->next) {
        g_autofree char *list = is_element(node, "vcpupin") ? vv_xml_get(node, "cpuset") : NULL;
        g_autoptr(GArray) cpus = list ? vv_cpulist_parse(list) : NULL;
        if (!cpus)
            continue;
        if (!needs->pins)
            needs->pins = g_array_new(FALSE, FALSE, sizeof(guint));
        for (guint i = 0; i < cpus->len; i++)
            if (!vv_cpulist_contains(needs->pins, g_array_index(cpus, guint, i)))
                g_array_append_val(needs->pins, g_array_index(cpus, guint, i));
    }
    if (needs->pins)
        vv_cpulist_sort(needs->pins);
}

static void read_firmware(const xmlNode *domain, VvGuestNeeds *needs)
{
    const xmlNode *os = child_of(domain, "os");
    const xmlNode *loader = child_of(os, "loader"), *nvram = child_of(os, "nvram");

    needs->efi = os && vv_xml_has(os, "firmware", "efi");
    needs->loader = vv_xml_content(loader);
    needs->vars = nvram ? vv_xml_get(nvram, "template") : NULL;
}

VvGuestNeeds *vv_guest_needs_read(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, error);
    const xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *pages = NULL;

    if (!domain)
        return NULL;
    VvGuestNeeds *needs = g_new0(VvGuestNeeds, 1);
    needs->places = g_ptr_array_new_with_free_func(place_free);
    needs->kvm = vv_xml_has(domain, "type", "kvm");
    needs->memory_kib = content_kib(child_of(domain, "memory"));
    pages = child_of(child_of(domain, "memoryBacking"), "hugepages");
    needs->huge = pages != NULL;
    if (child_of(pages, "page"))
        needs->hugepage_kib = attribute_kib(child_of(pages, "page"), "size");
    read_places(domain, needs);
    read_cpus(domain, needs);
    read_firmware(domain, needs);
    return needs;
}
