/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/xmledit.h"

#include "domains/xmlstyle.h"
#include "vfio/error.h"

#include <string.h>

typedef struct {
    gsize at, length; /* the bytes that go */
    char *text;       /* that come in their place */
    guint order;      /* of being told */
} Change;

struct VvXmlEdit {
    char *text;
    gsize length;
    xmlDoc *doc;
    GPtrArray *spans;
    GArray *changes;     /* Change */
    GHashTable *removed; /* xmlNode * */
};

static void change_clear(gpointer data)
{
    g_free(((Change *)data)->text);
}

VvXmlEdit *vv_xml_edit_new(const char *text, gsize length, GError **error)
{
    g_autoptr(VvXmlEdit) edit = g_new0(VvXmlEdit, 1);

    edit->doc = vv_xml_parse(text, length, error);
    if (!edit->doc)
        return NULL;
    edit->text = g_strndup(text, length);
    edit->length = length;
    edit->spans = vv_xml_spans(edit->doc, edit->text, length, error);
    if (!edit->spans)
        return NULL;
    edit->changes = g_array_new(FALSE, FALSE, sizeof(Change));
    g_array_set_clear_func(edit->changes, change_clear);
    edit->removed = g_hash_table_new(NULL, NULL);
    return g_steal_pointer(&edit);
}

void vv_xml_edit_free(VvXmlEdit *edit)
{
    if (!edit)
        return;
    g_clear_pointer(&edit->removed, g_hash_table_unref);
    g_clear_pointer(&edit->changes, g_array_unref);
    g_clear_pointer(&edit->spans, g_ptr_array_unref);
    g_clear_pointer(&edit->doc, xmlFreeDoc);
    g_free(edit->text);
    g_free(edit);
}

xmlNode *vv_xml_edit_root(const VvXmlEdit *edit)
{
    return xmlDocGetRootElement(edit->doc);
}

/* Owns the text from now on. */
static void replace(VvXmlEdit *edit, gsize at, gsize length, char *text)
{
    Change change = {at, length, text, edit->changes->len};

    g_array_append_val(edit->changes, change);
}

static char *print_all(const xmlNode *pieces, const VvXmlStyle *style)
{
    GString *out = g_string_new(NULL);

    for (xmlNode *piece = xmlFirstElementChild((xmlNode *)pieces); piece;
         piece = xmlNextElementSibling(piece))
        vv_xml_style_print(out, piece, style);
    return g_string_free(out, FALSE);
}

/* A comment behind an element in the same line belongs to it. */
static gsize behind_comment(const VvXmlEdit *edit, gsize at)
{
    gsize end = at;
    const char *close;

    while (end < edit->length && (edit->text[end] == ' ' || edit->text[end] == '\t'))
        end++;
    if (!g_str_has_prefix(edit->text + end, "<!--"))
        return at;
    close = strstr(edit->text + end + 4, "-->");
    end = close ? (gsize)(close - edit->text) + 3 : at;
    return close && !memchr(edit->text + at, '\n', end - at) ? end : at;
}

void vv_xml_edit_insert(VvXmlEdit *edit, const xmlNode *sibling, const xmlNode *pieces)
{
    VvXmlStyle style = vv_xml_style_beside(edit->text, sibling);
    gsize at = vv_xml_span(sibling)->end;

    replace(edit, style.eol ? behind_comment(edit, at) : at, 0, print_all(pieces, &style));
    vv_xml_style_clear(&style);
}

VvXmlForm vv_xml_edit_form(const xmlNode *parent)
{
    const VvXmlSpan *span = vv_xml_span(parent);

    return span->is_empty ? VV_XML_EMPTY : span->open_end == span->close_start ? VV_XML_CLOSED : VV_XML_FULL;
}

/* Behind all that is in it, before the blanks that lead to its end tag. */
static gsize content_end(const VvXmlEdit *edit, const VvXmlSpan *span)
{
    gsize end = span->close_start;

    while (end > span->open_end && strchr(" \t\r\n", edit->text[end - 1]))
        end--;
    return end;
}

static void open_up(VvXmlEdit *edit, const xmlNode *parent, const VvXmlStyle *style, const char *inside)
{
    const VvXmlSpan *span = vv_xml_span(parent);
    VvXmlStyle outer = vv_xml_style_beside(edit->text, parent);
    g_autofree char *line = style->eol ? g_strconcat(style->eol, outer.indent, NULL) : g_strdup("");
    g_autofree char *name = g_strndup(edit->text + span->start + 1, span->name_end - span->start - 1);

    if (span->is_empty)
        replace(edit, span->open_end - 2, 2, g_strconcat(">", inside, line, "</", name, ">", NULL));
    else
        replace(edit, span->open_end, 0, g_strconcat(inside, line, NULL));
    vv_xml_style_clear(&outer);
}

VvXmlForm vv_xml_edit_append(VvXmlEdit *edit, const xmlNode *parent, const xmlNode *pieces)
{
    const xmlNode *last = xmlLastElementChild((xmlNode *)parent);
    VvXmlForm form = vv_xml_edit_form(parent);
    VvXmlStyle style;
    char *inside;

    if (last) {
        vv_xml_edit_insert(edit, last, pieces);
        return VV_XML_FULL;
    }
    style = vv_xml_style_below(edit->text, parent);
    inside = print_all(pieces, &style);
    if (form == VV_XML_FULL)
        replace(edit, content_end(edit, vv_xml_span(parent)), 0, g_strdup(inside));
    else
        open_up(edit, parent, &style, inside);
    g_free(inside);
    vv_xml_style_clear(&style);
    return form;
}

void vv_xml_edit_remove(VvXmlEdit *edit, const xmlNode *element)
{
    const VvXmlSpan *span = vv_xml_span(element);
    gsize start = vv_xml_line_start(edit->text, span->start);

    if (!g_hash_table_add(edit->removed, (gpointer)element))
        return;
    replace(edit, start, span->end - start, g_strdup(""));
}

gboolean vv_xml_edit_is_bare(const VvXmlEdit *edit, const xmlNode *parent)
{
    for (const xmlNode *child = parent->children; child; child = child->next)
        if (!g_hash_table_contains(edit->removed, child) && !xmlIsBlankNode(child))
            return FALSE;
    return TRUE;
}

void vv_xml_edit_close(VvXmlEdit *edit, const xmlNode *parent, VvXmlForm form)
{
    const VvXmlSpan *span = vv_xml_span(parent);

    if (form == VV_XML_NEW)
        vv_xml_edit_remove(edit, parent);
    else if (form == VV_XML_EMPTY && !span->is_empty)
        replace(edit, span->open_end - 1, span->end - span->open_end + 1, g_strdup("/>"));
    else if (form == VV_XML_CLOSED)
        replace(edit, span->open_end, span->close_start - span->open_end, g_strdup(""));
}

static void add_attribute(VvXmlEdit *edit, const VvXmlSpan *span, const char *name, const char *value)
{
    GString *text = g_string_new(NULL);
    gsize at = span->name_end;

    if (span->attributes->len)
        at = g_array_index(span->attributes, VvXmlAttribute, span->attributes->len - 1).value_end + 1;
    g_string_append_printf(text, " %s='", name);
    vv_xml_style_escape(text, value, '\'');
    g_string_append_c(text, '\'');
    replace(edit, at, 0, g_string_free(text, FALSE));
}

void vv_xml_edit_set(VvXmlEdit *edit, const xmlNode *element, const char *name, const char *value)
{
    const VvXmlSpan *span = vv_xml_span(element);
    const VvXmlAttribute *attribute = vv_xml_span_attribute(span, edit->text, name);
    gsize start;

    if (!attribute && value)
        add_attribute(edit, span, name, value);
    if (!attribute)
        return;
    start = value ? attribute->value_start : attribute->start;
    while (!value && start > span->name_end && strchr(" \t\r\n", edit->text[start - 1]))
        start--;
    if (value) {
        GString *text = g_string_new(NULL);

        vv_xml_style_escape(text, value, edit->text[attribute->value_end]);
        replace(edit, start, attribute->value_end - start, g_string_free(text, FALSE));
    } else {
        replace(edit, start, attribute->value_end + 1 - start, g_strdup(""));
    }
}

static gint compare_changes(gconstpointer a, gconstpointer b)
{
    const Change *first = a, *second = b;

    if (first->at != second->at)
        return first->at < second->at ? -1 : 1;
    /* What comes in at a place comes before what goes there. */
    if ((first->length == 0) != (second->length == 0))
        return first->length == 0 ? -1 : 1;
    /* And what goes as a whole before its parts. */
    if (first->length != second->length)
        return first->length > second->length ? -1 : 1;
    return first->order < second->order ? -1 : first->order > second->order;
}

char *vv_xml_edit_apply(const VvXmlEdit *edit, GError **error)
{
    g_autoptr(GString) out = g_string_sized_new(edit->length + 1024);
    g_autoptr(xmlDoc) doc = NULL;
    gsize at = 0;

    g_array_sort(edit->changes, compare_changes);
    for (guint i = 0; i < edit->changes->len; i++) {
        const Change *change = &g_array_index(edit->changes, Change, i);

        /* What lies in something that goes, goes with it. */
        if (change->at < at)
            continue;
        g_string_append_len(out, edit->text + at, (gssize)(change->at - at));
        g_string_append(out, change->text);
        at = change->at + change->length;
    }
    g_string_append_len(out, edit->text + at, (gssize)(edit->length - at));
    doc = vv_xml_parse(out->str, out->len, error);
    return doc ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
