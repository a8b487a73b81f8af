/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/xmlstyle.h"

#include <string.h>

gsize vv_xml_line_start(const char *text, gsize at)
{
    gsize start = at;

    while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    if (start == 0 || text[start - 1] != '\n')
        return at;
    return start > 1 && text[start - 2] == '\r' ? start - 2 : start - 1;
}

/* The blanks before the element, NULL where something else stands in its line: new string. */
static char *indent_of(const char *text, const VvXmlSpan *span, const char **ret_eol)
{
    gsize line = vv_xml_line_start(text, span->start);

    if (line == span->start)
        return NULL;
    *ret_eol = text[line] == '\r' ? "\r\n" : "\n";
    line += strlen(*ret_eol);
    return g_strndup(text + line, span->start - line);
}

static const xmlNode *above(const xmlNode *node)
{
    return node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
}

/* What `indent` has more than the element above it. */
static char *unit_of(const char *text, const xmlNode *parent, const char *indent)
{
    const char *eol;
    g_autofree char *outer = parent ? indent_of(text, vv_xml_span(parent), &eol) : NULL;

    /* The root often begins the text. */
    if (parent && !outer && !above(parent))
        outer = g_strdup("");
    if (outer && g_str_has_prefix(indent, outer) && strlen(indent) > strlen(outer))
        return g_strdup(indent + strlen(outer));
    return g_strdup(strchr(indent, '\t') ? "\t" : "  ");
}

VvXmlStyle vv_xml_style_beside(const char *text, const xmlNode *sibling)
{
    VvXmlStyle style = {0};

    style.indent = indent_of(text, vv_xml_span(sibling), &style.eol);
    if (style.indent)
        style.unit = unit_of(text, above(sibling), style.indent);
    return style;
}

VvXmlStyle vv_xml_style_below(const char *text, const xmlNode *parent)
{
    const VvXmlSpan *span = vv_xml_span(parent);
    VvXmlStyle outer = vv_xml_style_beside(text, parent), style = {0};
    gboolean lines = memchr(text + span->open_end, '\n', span->close_start - span->open_end) != NULL;

    if (!outer.eol && lines) {
        outer.eol = "\n";
        outer.indent = g_strdup("");
        outer.unit = g_strdup("  ");
    }
    if (outer.eol && (lines || span->open_end == span->close_start)) {
        style.eol = outer.eol;
        style.indent = g_strconcat(outer.indent, outer.unit, NULL);
        style.unit = g_strdup(outer.unit);
    }
    vv_xml_style_clear(&outer);
    return style;
}

void vv_xml_style_clear(VvXmlStyle *style)
{
    g_clear_pointer(&style->indent, g_free);
    g_clear_pointer(&style->unit, g_free);
    style->eol = NULL;
}

void vv_xml_style_escape(GString *out, const char *text, char quote)
{
    for (; *text; text++)
        if (*text == '&')
            g_string_append(out, "&amp;");
        else if (*text == '<')
            g_string_append(out, "&lt;");
        else if (*text == '>')
            g_string_append(out, "&gt;");
        else if (*text == quote)
            g_string_append(out, quote == '"' ? "&quot;" : "&apos;");
        else if (*text == '\t' || *text == '\n' || *text == '\r')
            g_string_append_printf(out, "&#%d;", *text);
        else
            g_string_append_c(out, *text);
}

static void print_name(GString *out, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix)
        g_string_append_printf(out, "%s:", (const char *)ns->prefix);
    g_string_append(out, (const char *)name);
}

static void print_attribute(GString *out, const char *value)
{
    g_string_append(out, "='");
    vv_xml_style_escape(out, value, '\'');
    g_string_append_c(out, '\'');
}

static void print_attributes(GString *out, const xmlNode *element)
{
    for (const xmlNs *ns = element->nsDef; ns; ns = ns->next) {
        g_string_append_printf(out, ns->prefix ? " xmlns:%s" : " xmlns", (const char *)ns->prefix);
        print_attribute(out, (const char *)ns->href);
    }
    for (const xmlAttr *attribute = element->properties; attribute; attribute = attribute->next) {
        g_autofree char *value = vv_xml_get(element, (const char *)attribute->name);

        g_string_append_c(out, ' ');
        print_name(out, attribute->ns, attribute->name);
        print_attribute(out, value ? value : "");
    }
}

static void print_break(GString *out, const VvXmlStyle *style, guint level)
{
    if (!style->eol)
        return;
    g_string_append(out, style->eol);
    g_string_append(out, style->indent);
    for (guint i = 0; i < level; i++)
        g_string_append(out, style->unit);
}

static void print_at(GString *out, xmlNode *element, const VvXmlStyle *style, guint level)
{
    xmlNode *child = xmlFirstElementChild(element);

    print_break(out, style, level);
    g_string_append_c(out, '<');
    print_name(out, element->ns, element->name);
    print_attributes(out, element);
    if (!child) {
        g_string_append(out, "/>");
        return;
    }
    g_string_append_c(out, '>');
    for (; child; child = xmlNextElementSibling(child))
        print_at(out, child, style, level + 1);
    print_break(out, style, level);
    g_string_append(out, "</");
    print_name(out, element->ns, element->name);
    g_string_append_c(out, '>');
}

void vv_xml_style_print(GString *out, const xmlNode *element, const VvXmlStyle *style)
{
    print_at(out, (xmlNode *)element, style, 0);
}
