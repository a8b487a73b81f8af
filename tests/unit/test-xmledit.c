/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain-files.h"

#include "domains/xmledit.h"
#include "domains/xmlspan.h"

static VvXmlEdit *open_edit(const char *text)
{
    GError *error = NULL;
    VvXmlEdit *edit = vv_xml_edit_new(text, strlen(text), &error);

    assert_fine(error);
    assert_non_null(edit);
    return edit;
}

static char *finish(VvXmlEdit *edit)
{
    GError *error = NULL;
    char *text = vv_xml_edit_apply(edit, &error);

    assert_fine(error);
    vv_xml_edit_free(edit);
    return text;
}

/* <piece mark="…"><inner/></piece>, which no document has. */
static xmlDoc *make_pieces(void)
{
    xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *holder = xmlNewNode(NULL, (const xmlChar *)"holder"), *piece;

    xmlDocSetRootElement(doc, holder);
    piece = vv_xml_add(holder, "vv-piece");
    vv_xml_set(piece, "mark", "a<b>&'\"\n\t");
    vv_xml_add(piece, "inner");
    vv_xml_add(holder, "vv-piece");
    return doc;
}

static xmlNode *next_element(xmlNode *node)
{
    xmlNode *next = xmlFirstElementChild(node);

    for (; !next && node && node->type == XML_ELEMENT_NODE; node = node->parent)
        next = xmlNextElementSibling(node);
    return next;
}

static xmlNode *element_number(VvXmlEdit *edit, guint number)
{
    xmlNode *node = vv_xml_edit_root(edit);

    while (node && number--)
        node = next_element(node);
    return node;
}

static guint count_elements(const char *text)
{
    g_autoptr(VvXmlEdit) edit = open_edit(text);
    guint count = 0;

    for (xmlNode *node = vv_xml_edit_root(edit); node; node = next_element(node))
        count++;
    return count;
}

/* Takes out all pieces, and closes what was opened for them. */
static char *take_out(const char *text, VvXmlForm form)
{
    VvXmlEdit *edit = open_edit(text);
    xmlNode *parent = NULL;

    for (xmlNode *node = vv_xml_edit_root(edit); node; node = next_element(node))
        if (strcmp((const char *)node->name, "vv-piece") == 0) {
            parent = node->parent;
            vv_xml_edit_remove(edit, node);
        }
    assert_non_null(parent);
    if (form != VV_XML_FULL) {
        assert_true(vv_xml_edit_is_bare(edit, parent));
        vv_xml_edit_close(edit, parent, form);
    }
    return finish(edit);
}

static void check_trip(const char *path, const char *text, guint number, gboolean inside)
{
    VvXmlEdit *edit = open_edit(text);
    g_autoptr(xmlDoc) pieces = make_pieces();
    xmlNode *holder = xmlDocGetRootElement(pieces), *node = element_number(edit, number);
    VvXmlForm form = VV_XML_FULL;
    g_autofree char *with = NULL, *without = NULL;

    if (inside)
        form = vv_xml_edit_append(edit, node, holder);
    else
        vv_xml_edit_insert(edit, node, holder);
    with = finish(edit);
    assert_non_null(strstr(with, "mark='a&lt;b&gt;&amp;&apos;\"&#10;&#9;'"));
    without = take_out(with, form);
    if (strcmp(without, text) != 0)
        fail_msg("%s: element %u (%s) left a trace:\n%s", path, number, inside ? "inside" : "behind",
                 without);
}

/* Each element of each document: what is put behind or into it and taken out again leaves no trace. */
static void test_round_trips(void **state)
{
    g_autoptr(GPtrArray) files = domain_files();

    for (guint f = 0; f < files->len; f++) {
        g_autofree char *text = file_text(files->pdata[f]);
        guint count = count_elements(text);
        /* libvirt's own documents are all alike in this. */
        guint step = strstr(files->pdata[f], "hand-") ? 1 : 7;

        for (guint number = 0; number < count; number += step) {
            check_trip(files->pdata[f], text, number, TRUE);
            if (number > 0)
                check_trip(files->pdata[f], text, number, FALSE);
        }
    }
}

static void test_no_change(void **state)
{
    g_autoptr(GPtrArray) files = domain_files();

    for (guint f = 0; f < files->len; f++) {
        g_autofree char *text = file_text(files->pdata[f]);
        g_autofree char *same = finish(open_edit(text));

        assert_string_equal(same, text);
    }
}

/* insert_into() puts <n/> as the last child into the first <m>. */
static char *insert_into(const char *text)
{
    VvXmlEdit *edit = open_edit(text);
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *holder = xmlNewNode(NULL, (const xmlChar *)"holder"), *node = vv_xml_edit_root(edit);

    xmlDocSetRootElement(doc, holder);
    vv_xml_add(vv_xml_add(holder, "n"), "o");
    while (strcmp((const char *)node->name, "m") != 0)
        node = next_element(node);
    vv_xml_edit_append(edit, node, holder);
    return finish(edit);
}

static void test_style(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"<r>\n  <m>\n    <a/>\n  </m>\n</r>",
         "<r>\n  <m>\n    <a/>\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<r>\n\t<m>\n\t\t<a/>\n\t</m>\n</r>",
         "<r>\n\t<m>\n\t\t<a/>\n\t\t<n>\n\t\t\t<o/>\n\t\t</n>\n\t</m>\n</r>"},
        {"<r>\r\n <m>\r\n  <a/>\r\n </m>\r\n</r>",
         "<r>\r\n <m>\r\n  <a/>\r\n  <n>\r\n   <o/>\r\n  </n>\r\n </m>\r\n</r>"},
        {"<r><m><a/></m></r>", "<r><m><a/><n><o/></n></m></r>"},
        {"<r><m/></r>", "<r><m><n><o/></n></m></r>"},
        {"<r>\n  <m/>\n</r>", "<r>\n  <m>\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<r>\n  <m x='1'></m>\n</r>", "<r>\n  <m x='1'>\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<r>\n  <m>\n  </m>\n</r>", "<r>\n  <m>\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<r>\n  <m>\n    <a/> <!-- of a -->\n  </m>\n</r>",
         "<r>\n  <m>\n    <a/> <!-- of a -->\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<r>\n  <m>\n    <!-- alone -->\n  </m>\n</r>",
         "<r>\n  <m>\n    <!-- alone -->\n    <n>\n      <o/>\n    </n>\n  </m>\n</r>"},
        {"<m/>", "<m><n><o/></n></m>"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *after = insert_into(cases[i].before);

        assert_string_equal(after, cases[i].after);
    }
}

static void check_set(const char *before, const char *name, const char *value, const char *after)
{
    VvXmlEdit *edit = open_edit(before);
    g_autofree char *text = NULL;

    vv_xml_edit_set(edit, vv_xml_edit_root(edit), name, value);
    text = finish(edit);
    assert_string_equal(text, after);
}

static void test_attributes(void **state)
{
    check_set("<r a = \"1\"  b='2'/>", "a", "x\"y'z", "<r a = \"x&quot;y'z\"  b='2'/>");
    check_set("<r a = \"1\"  b='2'/>", "b", "<", "<r a = \"1\"  b='&lt;'/>");
    check_set("<r a = \"1\"  b='2'/>", "b", NULL, "<r a = \"1\"/>");
    check_set("<r a = \"1\"  b='2'/>", "a", NULL, "<r  b='2'/>");
    check_set("<r a = \"1\"  b='2' />", "c", "3", "<r a = \"1\"  b='2' c='3' />");
    check_set("<r/>", "c", "3", "<r c='3'/>");
    check_set("<r c='3'/>", "c", NULL, "<r/>");
    check_set("<r/>", "c", NULL, "<r/>");
    check_set("<r a='>' b='/>'>a='1'</r>", "a", "2", "<r a='2' b='/>'>a='1'</r>");
}

/* What goes, goes with all that was meant for it. */
static void test_nested(void **state)
{
    VvXmlEdit *edit = open_edit("<r>\n  <a>\n    <b x='1'/>\n  </a>\n  <c/>\n</r>");
    xmlNode *a = xmlFirstElementChild(vv_xml_edit_root(edit)), *b = xmlFirstElementChild(a);
    g_autofree char *text = NULL;

    vv_xml_edit_set(edit, b, "x", "2");
    vv_xml_edit_remove(edit, b);
    vv_xml_edit_remove(edit, b);
    assert_true(vv_xml_edit_is_bare(edit, a));
    vv_xml_edit_remove(edit, a);
    text = finish(edit);
    assert_string_equal(text, "<r>\n  <c/>\n</r>");
}

static void refused(const char *text, gssize length)
{
    g_autoptr(GError) error = NULL;
    VvXmlEdit *edit = vv_xml_edit_new(text, length < 0 ? strlen(text) : (gsize)length, &error);

    if (edit)
        fail_msg("taken: %s", text);
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
}

static void test_hostile(void **state)
{
    g_autoptr(GString) deep = g_string_new(NULL);

    for (guint i = 0; i < 300; i++)
        g_string_append(deep, "<a>");
    refused(deep->str, -1);
    refused("", -1);
    refused("<r", -1);
    refused("<r><a></r>", -1);
    refused("<r a='1' a='2'/>", -1);
    refused("<r>\0</r>", 8);
    refused("<!DOCTYPE r [<!ENTITY e '<a/>'>]><r>&e;</r>", -1);
    refused("<r>&undefined;</r>", -1);
    refused("<?xml version='1.0' encoding='ISO-8859-1'?><r>\xe9</r>", -1);
    refused("<?xml version='1.0' encoding='ISO-8859-1'?><r/>", -1);
    refused("<r>\xc3\x28</r>", -1);
    refused("<r/><r/>", -1);
}

/* Whatever becomes of a document: it is refused, or an edit that changes nothing gives it back. */
static void test_mutations(void **state)
{
    static const char *const words[] = {"<",   ">",      "/>", "</", "<!--", "-->",      "<![CDATA[",
                                        "]]>", "'",      "\"", "=",  " ",    "\n",       "&lt;",
                                        "&",   "<?x ?>", "<!", "x",  ":",    "xmlns='u'"};
    g_autoptr(GPtrArray) files = domain_files();
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    guint taken = 0;

    for (guint round = 0; round < 6000; round++) {
        g_autofree char *text = file_text(files->pdata[round % files->len]);
        g_autoptr(GString) bad = g_string_new_len(text, MIN((gssize)strlen(text), 3000));
        g_autoptr(VvXmlEdit) edit = NULL;

        if (round % 2)
            g_string_assign(bad, "<d a='1'><b x=\"2\"> <!-- c --> <c/></b><![CDATA[<]]><e></e></d>");
        for (gint n = g_rand_int_range(rand, 1, 4); n > 0; n--) {
            gssize at = g_rand_int_range(rand, 0, (gint)bad->len);
            gssize length = g_rand_int_range(rand, 1, 9);

            if (g_rand_boolean(rand))
                g_string_erase(bad, at, MIN((gssize)bad->len - at, length));
            else
                g_string_insert(bad, at, words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]);
        }
        edit = vv_xml_edit_new(bad->str, bad->len, NULL);
        if (edit) {
            g_autofree char *same = vv_xml_edit_apply(edit, NULL);

            assert_string_equal(same, bad->str);
            taken++;
        }
    }
    /* Else nothing was tested but libxml2. */
    assert_true(taken > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_change),  cmocka_unit_test(test_round_trips), cmocka_unit_test(test_style),
        cmocka_unit_test(test_attributes), cmocka_unit_test(test_nested),      cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
