/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* XML is written through libxml2's tree and never printed, so that nothing a user writes can become markup.
 */

/* A new last child, in no namespace or in `ns`. Never NULL: as GLib does, it ends the program when memory
 * does. */
xmlNode *vv_xml_add(xmlNode *parent, const char *name);
xmlNode *vv_xml_add_ns(xmlNode *parent, xmlNs *ns, const char *name);
/* The same with text in it; nothing is added and NULL returned for text NULL. */
xmlNode *vv_xml_add_text(xmlNode *parent, const char *name, const char *text);
xmlNode *vv_xml_add_number(xmlNode *parent, const char *name, guint64 number);
/* An attribute; none for value NULL. */
void vv_xml_set(xmlNode *node, const char *name, const char *value);
void vv_xml_setf(xmlNode *node, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* All of the document, indented: new string, owned by GLib. */
char *vv_xml_print(xmlDoc *doc);

/* Bytes; more is no domain. */
#define VV_XML_MAX (8 * 1024 * 1024)

/* For XML from a hostile place: no DTD of any kind, so no entities; no network; at most 8 MiB and 256 levels.
 * VV_ERROR_FAILED says what is wrong and on which line. */
xmlDoc *vv_xml_parse(const char *text, gsize length, GError **error);

/* The first child element of that name without a namespace (or in `uri`, when not NULL); NULL: none. */
xmlNode *vv_xml_child(const xmlNode *node, const char *name, const char *uri);
/* An attribute's value, new string; NULL: none. */
char *vv_xml_get(const xmlNode *node, const char *name);
gboolean vv_xml_has(const xmlNode *node, const char *name, const char *value);
/* The text in an element, new string; NULL for node NULL. */
char *vv_xml_content(const xmlNode *node);
