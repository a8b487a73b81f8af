/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning.h"
#include "domains/xml.h"

#include <string.h>

/* A virtual CPU that may run on several CPUs takes none of them away. */
static void add_pins(GArray **pins, const xmlNode *domain)
{
    const xmlNode *cputune = vv_xml_child(domain, "cputune", NULL);

    for (const xmlNode *node = cputune ? cputune->children : NULL; node; node = node->next) {
        g_autofree char *list = NULL;
        g_autoptr(GArray) cpus = NULL;

        if (node->type != XML_ELEMENT_NODE || !g_str_equal((const char *)node->name, "vcpupin"))
            continue;
        list = vv_xml_get(node, "cpuset");
        cpus = list ? vv_cpulist_parse(list) : NULL;
        if (!cpus || cpus->len != 1)
            continue;
        if (!*pins)
            *pins = g_array_new(FALSE, FALSE, sizeof(guint));
        g_array_append_vals(*pins, cpus->data, 1);
    }
}

/* libvirt's own XML has sizes in KiB. */
static guint64 huge_kib(const xmlNode *domain)
{
    const xmlNode *backing = vv_xml_child(domain, "memoryBacking", NULL);
    const xmlNode *memory = vv_xml_child(domain, "memory", NULL);
    g_autofree char *text = vv_xml_content(memory);
    guint64 kib = 0;

    if (!vv_xml_child(backing, "hugepages", NULL) || !memory || !vv_xml_has(memory, "unit", "KiB") ||
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64 / 4096, &kib, NULL))
        return 0;
    return kib;
}

void vv_claims_add(VvClaims *claims, const char *xml, gsize length, gboolean running, gboolean own)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, NULL);
    const xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;

    if (!domain)
        return;
    if (running)
        claims->held_kib += huge_kib(domain);
    if (!own)
        claims->promised_kib += huge_kib(domain);
    add_pins(own ? &claims->own_cpus : &claims->cpus, domain);
}

void vv_claims_clear(VvClaims *claims)
{
    g_clear_pointer(&claims->cpus, g_array_unref);
    g_clear_pointer(&claims->own_cpus, g_array_unref);
    *claims = (VvClaims){0};
}
