/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"

#include <string.h>

/* "metadata-new domain-new override-empty". */
static const char *const elements[] = {"metadata", "domain", "override", "devices"};
static const char *const forms[] = {"full", "empty", "closed", "new"};

VvMade vv_made_read(const xmlNode *own)
{
    VvMade made = {{VV_XML_FULL}};
    g_autofree char *text = own ? vv_xml_get(own, "made") : NULL;
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);

    for (char **word = words; *word; word++)
        for (guint what = 0; what < VV_MADE_COUNT; what++)
            for (guint form = VV_XML_EMPTY; form <= VV_XML_NEW; form++) {
                g_autofree char *known = g_strconcat(elements[what], "-", forms[form], NULL);

                if (g_str_equal(*word, known))
                    made.form[what] = form;
            }
    return made;
}

char *vv_made_text(const VvMade *made)
{
    GString *text = g_string_new(NULL);

    for (guint what = 0; what < VV_MADE_COUNT; what++)
        if (made->form[what] != VV_XML_FULL)
            g_string_append_printf(text, "%s%s-%s", text->len ? " " : "", elements[what],
                                   forms[made->form[what]]);
    return g_string_free(text, text->len == 0);
}

static void set_prefix(xmlNs *ns, const xmlNs *like)
{
    xmlFree((xmlChar *)ns->prefix);
    ns->prefix = like->prefix ? xmlStrdup(like->prefix) : NULL;
}

/* <domain> needs a <name>, so there is a place for <metadata> behind it, or behind the <uuid>, as libvirt has
 * it. */
static const xmlNode *before_metadata(const xmlNode *root)
{
    static const char *const names[] = {"description", "title", "genid", "uuid", "name"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (vv_xml_child(root, names[i], NULL))
            return vv_xml_child(root, names[i], NULL);
    return NULL;
}

static void make_own(VvXmlEdit *edit, xmlNode *own, VvMade *made)
{
    xmlNode *root = vv_xml_edit_root(edit), *metadata = vv_xml_child(root, "metadata", NULL);
    g_autofree char *text = NULL;

    made->form[VV_MADE_DOMAIN] = VV_XML_NEW;
    made->form[VV_MADE_METADATA] = metadata ? vv_xml_edit_form(metadata) : VV_XML_NEW;
    if (metadata && xmlFirstElementChild(metadata))
        made->form[VV_MADE_METADATA] = VV_XML_FULL;
    text = vv_made_text(made);
    vv_xml_set(own, "made", text);
    /* `own` stands in a <metadata>, and that in a <domain>. */
    if (metadata) {
        vv_xml_edit_append(edit, metadata, own->parent);
    } else {
        xmlNode *holder = xmlNewNode(NULL, (const xmlChar *)"holder"), *home = own->parent->parent;
        xmlNode *piece = own->parent;

        xmlUnlinkNode(piece);
        xmlAddChild(holder, piece);
        vv_xml_edit_insert(edit, before_metadata(root), holder);
        xmlUnlinkNode(piece);
        xmlAddChild(home, piece);
        xmlFreeNode(holder);
    }
}

void vv_made_add_own(VvXmlEdit *edit, xmlNode *children, VvMade *made)
{
    xmlNode *own = vv_attach_own(vv_xml_edit_root(edit));
    g_autofree char *before = own ? vv_xml_get(own, "made") : NULL, *after = NULL;
    VvXmlForm form;

    if (!own) {
        make_own(edit, children, made);
        return;
    }
    set_prefix(children->ns, own->ns);
    form = vv_xml_edit_append(edit, own, children);
    if (form != VV_XML_FULL)
        made->form[VV_MADE_DOMAIN] = form;
    after = vv_made_text(made);
    if (g_strcmp0(before, after) != 0)
        vv_xml_edit_set(edit, own, "made", after);
}

void vv_made_add_devices(VvXmlEdit *edit, const char *behind, xmlNode *children, VvMade *made)
{
    const xmlNode *devices = vv_xml_child(vv_xml_edit_root(edit), "devices", NULL), *last = NULL;
    VvXmlForm form;

    for (const xmlNode *node = devices->children; node; node = node->next)
        if (vv_attach_is(node, behind))
            last = node;
    if (last) {
        vv_xml_edit_insert(edit, last, children);
        return;
    }
    form = vv_xml_edit_append(edit, devices, children);
    if (form != VV_XML_FULL)
        made->form[VV_MADE_DEVICES] = form;
}

void vv_made_add_overrides(VvXmlEdit *edit, xmlNode *children, VvMade *made)
{
    xmlNode *root = vv_xml_edit_root(edit), *override = vv_attach_override(root);
    const xmlNs *known;
    xmlNode *holder, *home = children->parent;
    VvXmlForm form;

    if (override) {
        set_prefix(children->ns, override->ns);
        form = vv_xml_edit_append(edit, override, children);
        if (form != VV_XML_FULL)
            made->form[VV_MADE_OVERRIDE] = form;
        return;
    }
    made->form[VV_MADE_OVERRIDE] = VV_XML_NEW;
    known = xmlSearchNsByHref(root->doc, root, (const xmlChar *)VV_QEMU_SCHEMA);
    holder = xmlNewNode(NULL, (const xmlChar *)"holder");
    xmlUnlinkNode(children);
    xmlAddChild(holder, children);
    if (known && known->prefix)
        set_prefix(children->ns, known);
    else
        /* Declared here and not at the root, so that it goes with the element. */
        xmlNewNs(children, (const xmlChar *)VV_QEMU_SCHEMA, children->ns->prefix);
    vv_xml_edit_append(edit, root, holder);
    xmlUnlinkNode(children);
    xmlAddChild(home, children);
    xmlFreeNode(holder);
}

static void tidy(VvXmlEdit *edit, const xmlNode *element, VvXmlForm *form)
{
    if (*form == VV_XML_FULL || (element && !vv_xml_edit_is_bare(edit, element)))
        return;
    if (element)
        vv_xml_edit_close(edit, element, *form);
    *form = VV_XML_FULL;
}

void vv_made_tidy(VvXmlEdit *edit)
{
    xmlNode *root = vv_xml_edit_root(edit), *own = vv_attach_own(root);
    VvMade made = vv_made_read(own);
    g_autofree char *before = vv_made_text(&made), *after = NULL;

    tidy(edit, vv_attach_override(root), &made.form[VV_MADE_OVERRIDE]);
    tidy(edit, vv_xml_child(root, "devices", NULL), &made.form[VV_MADE_DEVICES]);
    if (own && vv_xml_edit_is_bare(edit, own)) {
        vv_xml_edit_close(edit, own, made.form[VV_MADE_DOMAIN]);
        if (made.form[VV_MADE_DOMAIN] == VV_XML_NEW) {
            if (vv_xml_edit_is_bare(edit, own->parent))
                vv_xml_edit_close(edit, own->parent, made.form[VV_MADE_METADATA]);
            return;
        }
        made.form[VV_MADE_DOMAIN] = VV_XML_FULL;
    }
    after = vv_made_text(&made);
    if (own && g_strcmp0(before, after) != 0)
        vv_xml_edit_set(edit, own, "made", after);
}
