/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/xml.h"

/* Where the elements of an XML text stand in it, by bytes: what libxml2's tree does not keep. */

typedef struct {
    gsize start;       /* its name begins */
    gsize name_end;    /* behind its name */
    gsize value_start; /* behind the quote */
    gsize value_end;   /* at the closing quote; the attribute ends behind it */
} VvXmlAttribute;

typedef struct {
    gsize start;        /* at the '<' of the start tag */
    gsize name_end;     /* behind the name in it */
    gsize open_end;     /* behind its '>' */
    gsize close_start;  /* at the '<' of the end tag; open_end where there is none */
    gsize end;          /* behind the whole element */
    gboolean is_empty;  /* <x/> */
    GArray *attributes; /* VvXmlAttribute, in order, namespace declarations too */
} VvXmlSpan;

/* Finds the spans and hangs each on the `_private` of its node. `doc` is what vv_xml_parse() made of the same
 * text. The two views are compared element by element; VV_ERROR_FAILED where they differ, so that an edit
 * never hits a place that libxml2 sees otherwise. Returns the spans (VvXmlSpan *), which the caller owns and
 * keeps for as long as the nodes. */
GPtrArray *vv_xml_spans(xmlDoc *doc, const char *text, gsize length, GError **error);

/* The span of an element. */
const VvXmlSpan *vv_xml_span(const xmlNode *element);

/* The attribute of that qualified name in the text; NULL: none. */
const VvXmlAttribute *vv_xml_span_attribute(const VvXmlSpan *span, const char *text, const char *name);
