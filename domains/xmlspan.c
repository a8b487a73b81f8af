/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/xmlspan.h"

#include "vfio/error.h"

#include <string.h>

/* The grammar is XML 1.0's (Extensible Markup Language 1.0, Fifth Edition, 2.4 to 3.1), without a DOCTYPE.
 * The text is well-formed as far as libxml2 can tell; all the same nothing is read behind its end. */
typedef struct {
    const char *text;
    gsize length, at;
    GPtrArray *spans;
    GPtrArray *open; /* VvXmlSpan *, the innermost last */
} Scan;

static void span_free(gpointer data)
{
    VvXmlSpan *span = data;

    g_array_unref(span->attributes);
    g_free(span);
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean here(const Scan *scan, const char *what)
{
    gsize length = strlen(what);

    return scan->length - scan->at >= length && memcmp(scan->text + scan->at, what, length) == 0;
}

/* Goes behind the next `what`. */
static gboolean skip_past(Scan *scan, const char *what)
{
    const char *found = memmem(scan->text + scan->at, scan->length - scan->at, what, strlen(what));

    if (!found)
        return FALSE;
    scan->at = (gsize)(found - scan->text) + strlen(what);
    return TRUE;
}

static void skip_blanks(Scan *scan)
{
    while (scan->at < scan->length && is_blank(scan->text[scan->at]))
        scan->at++;
}

static void skip_name(Scan *scan)
{
    while (scan->at < scan->length && !is_blank(scan->text[scan->at]) &&
           !strchr("=/><'\"", scan->text[scan->at]))
        scan->at++;
}

static gboolean read_attribute(Scan *scan, VvXmlSpan *span)
{
    VvXmlAttribute attribute = {.start = scan->at};
    char quote;

    skip_name(scan);
    attribute.name_end = scan->at;
    skip_blanks(scan);
    if (attribute.name_end == attribute.start || !here(scan, "="))
        return FALSE;
    scan->at++;
    skip_blanks(scan);
    if (!here(scan, "'") && !here(scan, "\""))
        return FALSE;
    quote = scan->text[scan->at++];
    attribute.value_start = scan->at;
    if (!skip_past(scan, quote == '"' ? "\"" : "'"))
        return FALSE;
    attribute.value_end = scan->at - 1;
    g_array_append_val(span->attributes, attribute);
    return TRUE;
}

static gboolean read_start_tag(Scan *scan)
{
    VvXmlSpan *span = g_new0(VvXmlSpan, 1);

    span->attributes = g_array_new(FALSE, FALSE, sizeof(VvXmlAttribute));
    g_ptr_array_add(scan->spans, span);
    span->start = scan->at++;
    skip_name(scan);
    span->name_end = scan->at;
    if (span->name_end == span->start + 1)
        return FALSE;
    for (;;) {
        skip_blanks(scan);
        if (here(scan, "/>") || here(scan, ">"))
            break;
        if (!read_attribute(scan, span))
            return FALSE;
    }
    span->is_empty = here(scan, "/>");
    scan->at += span->is_empty ? 2 : 1;
    span->open_end = span->close_start = span->end = scan->at;
    if (!span->is_empty)
        g_ptr_array_add(scan->open, span);
    return TRUE;
}

static gboolean read_end_tag(Scan *scan)
{
    VvXmlSpan *span = scan->open->len ? scan->open->pdata[scan->open->len - 1] : NULL;
    gsize length = span ? span->name_end - span->start - 1 : 0;

    if (!span || scan->length - scan->at < length + 3 ||
        memcmp(scan->text + scan->at + 2, scan->text + span->start + 1, length) != 0)
        return FALSE;
    span->close_start = scan->at;
    scan->at += 2 + length;
    skip_blanks(scan);
    if (!here(scan, ">"))
        return FALSE;
    span->end = ++scan->at;
    g_ptr_array_set_size(scan->open, (gint)scan->open->len - 1);
    return TRUE;
}

static gboolean read_markup(Scan *scan)
{
    if (here(scan, "<!--")) {
        scan->at += 4;
        return skip_past(scan, "-->");
    }
    if (here(scan, "<![CDATA["))
        return skip_past(scan, "]]>");
    if (here(scan, "<?"))
        return skip_past(scan, "?>");
    if (here(scan, "</"))
        return read_end_tag(scan);
    return !here(scan, "<!") && read_start_tag(scan);
}

static gboolean read_all(Scan *scan)
{
    while (scan->at < scan->length) {
        const char *next = memchr(scan->text + scan->at, '<', scan->length - scan->at);

        scan->at = next ? (gsize)(next - scan->text) : scan->length;
        if (next && !read_markup(scan))
            return FALSE;
    }
    return scan->open->len == 0;
}

/* The element after this one in the order of the start tags. */
static xmlNode *following(xmlNode *node)
{
    xmlNode *next = xmlFirstElementChild(node);

    for (; !next && node && node->type == XML_ELEMENT_NODE; node = node->parent)
        next = xmlNextElementSibling(node);
    return next;
}

static gboolean same_name(const Scan *scan, const VvXmlSpan *span, const xmlNode *node)
{
    const char *prefix = node->ns && node->ns->prefix ? (const char *)node->ns->prefix : NULL;
    g_autofree char *name = prefix ? g_strconcat(prefix, ":", (const char *)node->name, NULL)
                                   : g_strdup((const char *)node->name);

    return span->name_end - span->start - 1 == strlen(name) &&
           memcmp(scan->text + span->start + 1, name, strlen(name)) == 0;
}

/* libxml2 keeps the declarations of namespaces elsewhere. */
static gboolean same_attributes(const Scan *scan, const VvXmlSpan *span, const xmlNode *node)
{
    guint count = 0, own = 0;

    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        count++;
    for (guint i = 0; i < span->attributes->len; i++) {
        const VvXmlAttribute *attribute = &g_array_index(span->attributes, VvXmlAttribute, i);
        const char *name = scan->text + attribute->start;
        gsize length = attribute->name_end - attribute->start;

        own += !(length == 5 && memcmp(name, "xmlns", 5) == 0) &&
               !(length > 6 && memcmp(name, "xmlns:", 6) == 0);
    }
    return own == count;
}

static gboolean pair(const Scan *scan, xmlDoc *doc)
{
    xmlNode *node = xmlDocGetRootElement(doc);

    for (guint i = 0; i < scan->spans->len; i++) {
        VvXmlSpan *span = scan->spans->pdata[i];

        if (!node || !same_name(scan, span, node) || !same_attributes(scan, span, node))
            return FALSE;
        node->_private = span;
        node = following(node);
    }
    return node == NULL;
}

GPtrArray *vv_xml_spans(xmlDoc *doc, const char *text, gsize length, GError **error)
{
    g_autoptr(GPtrArray) spans = g_ptr_array_new_with_free_func(span_free);
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    Scan scan = {text, length, 0, spans, open};

    if (doc->encoding && g_ascii_strcasecmp((const char *)doc->encoding, "UTF-8") != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the domain's XML is not in UTF-8");
        return NULL;
    }
    if (g_utf8_validate_len(text, length, NULL) && read_all(&scan) && pair(&scan, doc))
        return g_steal_pointer(&spans);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "the domain's XML is written in a way that cannot be edited safely");
    return NULL;
}

const VvXmlSpan *vv_xml_span(const xmlNode *element)
{
    return element->_private;
}

const VvXmlAttribute *vv_xml_span_attribute(const VvXmlSpan *span, const char *text, const char *name)
{
    for (guint i = 0; i < span->attributes->len; i++) {
        const VvXmlAttribute *attribute = &g_array_index(span->attributes, VvXmlAttribute, i);

        if (attribute->name_end - attribute->start == strlen(name) &&
            memcmp(text + attribute->start, name, strlen(name)) == 0)
            return attribute;
    }
    return NULL;
}
