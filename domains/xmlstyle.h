/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/xmlspan.h"

/* How the surroundings of an edit are written. */
typedef struct {
    const char *eol; /* static: "\n", "\r\n"; NULL: not in lines of their own */
    char *indent;    /* of a piece */
    char *unit;      /* one level */
} VvXmlStyle;

/* As `sibling` stands, or as a first child of `parent` would. */
VvXmlStyle vv_xml_style_beside(const char *text, const xmlNode *sibling);
VvXmlStyle vv_xml_style_below(const char *text, const xmlNode *parent);
void vv_xml_style_clear(VvXmlStyle *style);

/* The blanks and the line end before `at`: where they begin; `at` itself where no line begins there. */
gsize vv_xml_line_start(const char *text, gsize at);

/* Appends an element and all in it, but no text, which none of our pieces has. */
void vv_xml_style_print(GString *out, const xmlNode *element, const VvXmlStyle *style);
/* Appends text as the value of an attribute in these quotes. */
void vv_xml_style_escape(GString *out, const char *text, char quote);
