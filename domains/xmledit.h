/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/xml.h"

/* Changes to an XML text that leave every other byte of it as it is: comments, blanks, line ends, quotes.
 * libxml2's tree says what is where and is only looked at; what is to change is collected and made at once.
 * What was inserted and is removed by a later edit leaves no trace. */
typedef struct VvXmlEdit VvXmlEdit;

/* How an element is written that gets its first child. To be told to vv_xml_edit_close() when that child is
 * removed again. */
typedef enum {
    VV_XML_FULL,   /* there is something in it, if only blanks: nothing to be told */
    VV_XML_EMPTY,  /* <x/> */
    VV_XML_CLOSED, /* <x></x> */
    VV_XML_NEW,    /* it was not there */
} VvXmlForm;

/* From what libvirt gives, or from a hostile place (limits as in vv_xml_parse()). Copies the text. */
VvXmlEdit *vv_xml_edit_new(const char *text, gsize length, GError **error);
void vv_xml_edit_free(VvXmlEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvXmlEdit, vv_xml_edit_free)

/* The tree of the text before any change. Read-only. */
xmlNode *vv_xml_edit_root(const VvXmlEdit *edit);

/* Inserts the element children of `pieces` behind `sibling`, in the style of its surroundings. */
void vv_xml_edit_insert(VvXmlEdit *edit, const xmlNode *sibling, const xmlNode *pieces);

/* The same as last children of `parent`; once for each parent. Returns how it was written. */
VvXmlForm vv_xml_edit_append(VvXmlEdit *edit, const xmlNode *parent, const xmlNode *pieces);

/* How `parent` is written. */
VvXmlForm vv_xml_edit_form(const xmlNode *parent);

/* Removes an element, and the line it began if nothing stands before it there. */
void vv_xml_edit_remove(VvXmlEdit *edit, const xmlNode *element);

/* Will nothing but blanks be left in it, as far as edits were told? */
gboolean vv_xml_edit_is_bare(const VvXmlEdit *edit, const xmlNode *parent);

/* Writes an element that is bare as it was before it got its first child. */
void vv_xml_edit_close(VvXmlEdit *edit, const xmlNode *parent, VvXmlForm form);

/* Sets an attribute in no namespace; value NULL removes it. Once for each attribute. */
void vv_xml_edit_set(VvXmlEdit *edit, const xmlNode *element, const char *name, const char *value);

/* The text with all changes: new string. It is parsed once more; VV_ERROR_FAILED where it is no XML any
 * more, which would be a mistake of ours. */
char *vv_xml_edit_apply(const VvXmlEdit *edit, GError **error);
