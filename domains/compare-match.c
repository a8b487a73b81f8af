/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/compare-internal.h"

#include <string.h>

/* What libvirt 9 to 11 and its QEMU driver add to a definition that does not say it. "a/b" is element b in a,
 * "a/@b" an attribute; the last names are enough. */
static const char *const libvirts_own[] = {
    "domain/uuid",
    "domain/currentMemory",
    "domain/resource",
    "domain/seclabel",
    "domain/pm",
    "vcpu/@placement",
    "devices/emulator",
    "os/loader",
    "os/nvram",
    "os/boot",
    "os/bootmenu",
    "cpu/@migratable",
    "cpu/@check",
    "topology/@clusters",
    "topology/@dies",
    "maxphysaddr/@limit",
    "model/@fallback",
    "clock/@adjustment",
    "devices/input",
    "devices/audio",
    "devices/watchdog",
    "console/@tty",
    "serial/@tty",
    "source/@index",
    "driver/@name",
    "disk/backingStore",
    "disk/target",
    "target/@bus",
    "controller/target",
    "controller/model",
    "controller/@ports",
    "controller/@model",
    "interface/mac",
    "interface/target",
    "interface/model",
    "graphics/@port",
    "graphics/@autoport",
    "graphics/@listen",
    "graphics/listen",
    "graphics/image",
    "model/@ram",
    "model/@vram",
    "model/@vgamem",
    "model/@heads",
    "model/@primary",
    "serial/target",
    "target/@type",
    "target/model",
    "target/@port",
    "console/target",
    "console/log",
    "hostdev/driver",
    "memballoon/stats",
    "sound/audio",
    "filesystem/binary",
    "tpm/@persistent_state",
    "backend/@version",
    "backend/@persistent_state",
    "hostdev/@startupPolicy",
    "address/@multifunction",
    "address/@domain",
    "channel/target",
    "log/@append",
    "cell/@memAccess",
    "features/pae",
    "feature/@name",
    "source/@startupPolicy",
    "listen/@address",
    "listen/@socket",
};

gboolean vv_compare_is_libvirts(const xmlNode *parent, const char *name, gboolean attribute)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s%s", (const char *)parent->name, attribute ? "@" : "", name);

    for (gsize i = 0; i < G_N_ELEMENTS(libvirts_own); i++)
        if (g_str_equal(libvirts_own[i], path))
            return TRUE;
    return FALSE;
}

static gboolean has_value(const xmlNode *node, const xmlAttr *wanted)
{
    g_autofree char *value = vv_xml_get((xmlNode *)wanted->parent, (const char *)wanted->name);

    return vv_xml_has(node, (const char *)wanted->name, value);
}

static gboolean same_name(const xmlNode *a, const xmlNode *b)
{
    const char *first = a->ns ? (const char *)a->ns->href : NULL,
               *second = b->ns ? (const char *)b->ns->href : NULL;

    return xmlStrEqual(a->name, b->name) && g_strcmp0(first, second) == 0;
}

/* How much of `wanted` the node has: attributes and texts, of its children too. */
static guint likeness(const xmlNode *node, const xmlNode *wanted)
{
    guint score = 1;

    for (const xmlAttr *attribute = wanted->properties; attribute; attribute = attribute->next)
        score += 4u * (guint)has_value(node, attribute);
    for (const xmlNode *part = wanted->children; part; part = part->next) {
        guint best = 0;

        if (part->type == XML_TEXT_NODE && !xmlIsBlankNode(part))
            best = xmlStrEqual(part->content, node->children ? node->children->content : NULL) ? 4 : 0;
        for (const xmlNode *child = node->children; part->type == XML_ELEMENT_NODE && child;
             child = child->next)
            if (child->type == XML_ELEMENT_NODE && same_name(child, part))
                best = MAX(best, likeness(child, part));
        score += best;
    }
    return score;
}

/* A PCI controller is known by its number: whatever libvirt has put behind others. */
static gboolean may_match(const xmlNode *node, const xmlNode *wanted)
{
    g_autofree char *type = vv_xml_get(wanted, "type"), *index = vv_xml_get(wanted, "index");
    g_autofree char *name = vv_xml_get(wanted, "name"), *vcpu = vv_xml_get(wanted, "vcpu");

    if (!same_name(node, wanted))
        return FALSE;
    if (g_str_equal((const char *)wanted->name, "controller"))
        return vv_xml_has(node, "type", type) && vv_xml_has(node, "index", index);
    if (g_str_equal((const char *)wanted->name, "vcpupin"))
        return vv_xml_has(node, "vcpu", vcpu);
    if (g_str_equal((const char *)wanted->name, "timer") ||
        g_str_equal((const char *)wanted->name, "feature"))
        return vv_xml_has(node, "name", name);
    return TRUE;
}

xmlNode *vv_compare_match(const xmlNode *parent, const xmlNode *wanted, GHashTable *counterparts)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    xmlNode *best = NULL;
    guint best_score = 0;

    for (xmlNode *node = parent->children; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && may_match(node, wanted) &&
            !g_hash_table_contains(counterparts, node))
            g_ptr_array_add(found, node);
    if (found->len == 1)
        return found->pdata[0];
    for (guint i = 0; i < found->len; i++) {
        guint score = likeness(found->pdata[i], wanted);

        if (score > best_score) {
            best = found->pdata[i];
            best_score = score;
        }
    }
    return best;
}

gboolean vv_compare_is_noise(const xmlNode *parent, const xmlNode *node)
{
    const char *name = (const char *)node->name;

    /* Libvirt gives each device an address, and adds ports and buses as they need them. A source's address is
     * a device of the host. */
    if (g_str_equal(name, "address"))
        return !g_str_equal((const char *)parent->name, "source");
    return g_str_equal(name, "alias") || g_str_equal(name, "controller") ||
           vv_compare_is_libvirts(parent, name, FALSE);
}
