/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/xml.h"

#include "vfio/error.h"

#include <libxml/parser.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlParserCtxt, xmlFreeParserCtxt)

/* libxml2's strings are unsigned. */
static const xmlChar *u(const char *text)
{
    return (const xmlChar *)text;
}

xmlNode *vv_xml_add_ns(xmlNode *parent, xmlNs *ns, const char *name)
{
    /* Not xmlNewChild(): for ns NULL it would take the parent's. */
    xmlNode *node = xmlAddChild(parent, xmlNewNode(ns, u(name)));

    if (!node)
        g_error("out of memory");
    return node;
}

xmlNode *vv_xml_add(xmlNode *parent, const char *name)
{
    return vv_xml_add_ns(parent, NULL, name);
}

xmlNode *vv_xml_add_text(xmlNode *parent, const char *name, const char *text)
{
    xmlNode *node = text ? vv_xml_add(parent, name) : NULL;

    if (node)
        xmlNodeAddContent(node, u(text));
    return node;
}

xmlNode *vv_xml_add_number(xmlNode *parent, const char *name, guint64 number)
{
    char text[24];

    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, number);
    return vv_xml_add_text(parent, name, text);
}

void vv_xml_set(xmlNode *node, const char *name, const char *value)
{
    if (value && !xmlNewProp(node, u(name), u(value)))
        g_error("out of memory");
}

void vv_xml_setf(xmlNode *node, const char *name, const char *format, ...)
{
    va_list arguments;
    g_autofree char *value = NULL;

    va_start(arguments, format);
    value = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    vv_xml_set(node, name, value);
}

/* libxml2's memory is its own: copies it to GLib's and frees it. */
static char *take(xmlChar *text)
{
    char *copy = g_strdup((const char *)text);

    xmlFree(text);
    return copy;
}

char *vv_xml_print(xmlDoc *doc)
{
    xmlChar *text = NULL;
    int size = 0;

    xmlDocDumpFormatMemoryEnc(doc, &text, &size, "UTF-8", 1);
    if (!text)
        g_error("out of memory");
    return take(text);
}

/* Called at "<!DOCTYPE NAME", before anything inside it is read: what a DTD could do is never begun. */
static void refuse_dtd(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxt *parser = data;
    gboolean *seen = parser->_private;

    (void)name;
    (void)external;
    (void)system;
    *seen = TRUE;
    xmlStopParser(parser);
}

static void set_parse_error(xmlParserCtxt *parser, GError **error)
{
    const xmlError *problem = xmlCtxtGetLastError(parser);
    g_autofree char *message = g_strdup(problem && problem->message ? problem->message : "unknown error");

    /* It may quote the document: nothing of that goes to a terminal or a log but plain ASCII. */
    g_strchomp(message);
    for (char *c = message; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the domain's XML cannot be read: line %d: %s",
                problem ? problem->line : 0, message);
}

xmlDoc *vv_xml_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(xmlParserCtxt) parser = xmlNewParserCtxt();
    g_autoptr(xmlDoc) doc = NULL;
    gboolean has_dtd = FALSE;

    if (!parser)
        g_error("out of memory");
    if (length > VV_XML_MAX) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the domain's XML is larger than 8 MiB");
        return NULL;
    }
    parser->_private = &has_dtd;
    parser->sax->internalSubset = refuse_dtd;
    /* Without XML_PARSE_HUGE libxml2 itself ends at 256 levels; without NOENT and DTDLOAD it loads nothing.
     */
    doc = xmlCtxtReadMemory(parser, text, (int)length, "domain.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (has_dtd) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "the domain's XML has a DOCTYPE; libvirt writes none, and it could hide anything");
        return NULL;
    }
    if (!doc)
        set_parse_error(parser, error);
    return g_steal_pointer(&doc);
}

xmlNode *vv_xml_child(const xmlNode *node, const char *name, const char *uri)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next) {
        const char *own = child->type == XML_ELEMENT_NODE && child->ns ? (const char *)child->ns->href : NULL;

        if (child->type == XML_ELEMENT_NODE && g_str_equal((const char *)child->name, name) &&
            g_strcmp0(own, uri) == 0)
            return child;
    }
    return NULL;
}

char *vv_xml_get(const xmlNode *node, const char *name)
{
    return take(xmlGetNoNsProp(node, u(name)));
}

gboolean vv_xml_has(const xmlNode *node, const char *name, const char *value)
{
    g_autofree char *own = vv_xml_get(node, name);

    return g_strcmp0(own, value) == 0;
}

char *vv_xml_content(const xmlNode *node)
{
    return node ? take(xmlNodeGetContent(node)) : NULL;
}
