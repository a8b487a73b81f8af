/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/compare.h"

#include "domains/compare-internal.h"

#include <string.h>

static void reduce(xmlNode *into, const xmlNode *stored, const xmlNode *built);

/* A new element like `node`; namespaces are declared where `built` does it, so that it reads like that. */
static xmlNode *new_like(xmlNode *parent, const xmlNode *node, const xmlNode *built)
{
    xmlNode *made = vv_xml_add(parent, (const char *)node->name);
    xmlNs *ns;

    for (const xmlNs *declared = built->nsDef; declared; declared = declared->next)
        xmlNewNs(made, declared->href, declared->prefix);
    if (!node->ns)
        return made;
    ns = xmlSearchNsByHref(parent->doc, made, node->ns->href);
    xmlSetNs(made, ns ? ns : xmlNewNs(made, node->ns->href, node->ns->prefix));
    return made;
}

/* An attribute that both have stands where `built` has it. */
static void reduce_attributes(xmlNode *into, const xmlNode *stored, const xmlNode *built)
{
    for (const xmlAttr *attribute = built->properties; attribute; attribute = attribute->next) {
        g_autofree char *value = vv_xml_get(stored, (const char *)attribute->name);

        vv_xml_set(into, (const char *)attribute->name, value);
    }
    for (const xmlAttr *attribute = stored->properties; attribute; attribute = attribute->next) {
        const char *name = (const char *)attribute->name;
        g_autofree char *value = vv_xml_get(stored, name);

        if (!xmlHasProp((xmlNode *)built, attribute->name) && !vv_compare_is_libvirts(stored, name, TRUE))
            vv_xml_set(into, name, value);
    }
}

/* Behind what it is behind in `stored`. */
static void put_behind(xmlNode *into, xmlNode *made, const xmlNode *node, GHashTable *counterparts)
{
    xmlNode *before = NULL;

    for (const xmlNode *other = node->prev; other && !before; other = other->prev)
        before = g_hash_table_lookup(counterparts, other);
    if (before)
        xmlAddNextSibling(before, made);
    else if (into->children != made)
        xmlAddPrevSibling(into->children, made);
}

static void reduce_children(xmlNode *into, const xmlNode *stored, const xmlNode *built)
{
    g_autoptr(GHashTable) counterparts = g_hash_table_new(NULL, NULL);

    for (const xmlNode *part = built->children; part; part = part->next) {
        xmlNode *match = part->type == XML_ELEMENT_NODE ? vv_compare_match(stored, part, counterparts) : NULL;
        xmlNode *made = match ? new_like(into, match, part) : NULL;

        if (!match)
            continue;
        g_hash_table_insert(counterparts, match, made);
        reduce(made, match, part);
    }
    for (xmlNode *node = stored->children; node; node = node->next) {
        xmlNode *made;

        if (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node))
            xmlNodeAddContent(into, node->content);
        if (node->type != XML_ELEMENT_NODE || g_hash_table_contains(counterparts, node) ||
            vv_compare_is_noise(stored, node))
            continue;
        made = new_like(into, node, node);
        g_hash_table_insert(counterparts, node, made);
        reduce(made, node, node);
        put_behind(into, made, node, counterparts);
    }
}

static void reduce(xmlNode *into, const xmlNode *stored, const xmlNode *built)
{
    reduce_attributes(into, stored, built);
    reduce_children(into, stored, built);
}

char *vv_domain_reduce(const char *stored, const char *built, GError **error)
{
    g_autoptr(xmlDoc) from = vv_xml_parse(stored, strlen(stored), error);
    g_autoptr(xmlDoc) to = from ? vv_xml_parse(built, strlen(built), error) : NULL;
    g_autoptr(xmlDoc) doc = NULL;
    const xmlNode *stored_root, *built_root;
    xmlNode *root;

    if (!to)
        return NULL;
    stored_root = xmlDocGetRootElement(from);
    built_root = xmlDocGetRootElement(to);
    doc = xmlNewDoc((const xmlChar *)"1.0");
    root = xmlNewNode(NULL, stored_root->name);
    xmlDocSetRootElement(doc, root);
    for (const xmlNs *declared = built_root->nsDef; declared; declared = declared->next)
        xmlNewNs(root, declared->href, declared->prefix);
    reduce(root, stored_root, built_root);
    return vv_xml_print(doc);
}

static gint compare_controllers(gconstpointer a, gconstpointer b)
{
    const xmlNode *const *first = a, *const *second = b;
    g_autofree char *type = vv_xml_get(*first, "type"), *other_type = vv_xml_get(*second, "type");
    g_autofree char *index = vv_xml_get(*first, "index"), *other_index = vv_xml_get(*second, "index");
    int order = g_strcmp0(type, other_type);

    if (order)
        return order;
    return (int)g_ascii_strtoll(index ? index : "0", NULL, 10) -
           (int)g_ascii_strtoll(other_index ? other_index : "0", NULL, 10);
}

/* The indentation of the text that was read, so that there is one for all. */
static void strip_blanks(xmlNode *node)
{
    for (xmlNode *child = node->children, *next; child; child = next) {
        next = child->next;
        if (child->type == XML_ELEMENT_NODE)
            strip_blanks(child);
        if (!xmlIsBlankNode(child))
            continue;
        xmlUnlinkNode(child);
        xmlFreeNode(child);
    }
}

char *vv_domain_sorted(const char *stored, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(stored, strlen(stored), error);
    g_autoptr(GPtrArray) controllers = g_ptr_array_new();
    xmlNode *devices = doc ? vv_xml_child(xmlDocGetRootElement(doc), "devices", NULL) : NULL;

    if (!doc)
        return NULL;
    strip_blanks(xmlDocGetRootElement(doc));
    for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, "controller"))
            g_ptr_array_add(controllers, node);
    g_ptr_array_sort(controllers, compare_controllers);
    for (guint i = 0; i < controllers->len; i++) {
        xmlUnlinkNode(controllers->pdata[i]);
        xmlAddChild(devices, controllers->pdata[i]);
    }
    return vv_xml_print(doc);
}
