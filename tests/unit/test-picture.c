/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "launcher/picture.h"
#include "reported.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>

typedef struct {
    double left, top, right, bottom;
} Rect;

/* For who wants to look at them: PICTURE_OUT=FOLDER test-picture. */
static void keep(const char *name, const char *svg)
{
    const char *folder = g_getenv("PICTURE_OUT");
    g_autofree char *file = g_strconcat(name, ".svg", NULL);
    g_autofree char *path = folder ? g_build_filename(folder, file, NULL) : NULL;

    if (path)
        assert_true(g_file_set_contents(path, svg, -1, NULL));
}

static double number(xmlNode *node, const char *name)
{
    xmlChar *text = xmlGetProp(node, (const xmlChar *)name);
    double value = text ? g_ascii_strtod((const char *)text, NULL) : 0;

    xmlFree(text);
    return value;
}

static gboolean has(xmlNode *node, const char *name, const char *value)
{
    xmlChar *text = xmlGetProp(node, (const xmlChar *)name);
    gboolean same = text && strcmp((const char *)text, value) == 0;

    xmlFree(text);
    return same;
}

static Rect rect_of(xmlNode *node)
{
    Rect rect = {number(node, "x"), number(node, "y"), 0, 0};

    rect.right = rect.left + number(node, "width");
    rect.bottom = rect.top + number(node, "height");
    return rect;
}

static gboolean is_inside(Rect inner, Rect outer)
{
    return inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top &&
           inner.bottom <= outer.bottom;
}

static gboolean overlap(Rect a, Rect b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static Rect text_rect(xmlNode *node)
{
    xmlChar *text = xmlNodeGetContent(node);
    double size = number(node, "font-size"), x = number(node, "x"), y = number(node, "y");
    double width = vv_picture_text_width((const char *)text, size, has(node, "font-weight", "bold"));
    gboolean ends = has(node, "text-anchor", "end");

    xmlFree(text);
    return (Rect){ends ? x - width : x, y - 0.8 * size, ends ? x : x + width, y + 0.25 * size};
}

static xmlXPathObject *find(xmlDoc *document, const char *path)
{
    xmlXPathContext *context = xmlXPathNewContext(document);

    xmlXPathRegisterNs(context, (const xmlChar *)"s", (const xmlChar *)"http://www.w3.org/2000/svg");
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)path, context);
    xmlXPathFreeContext(context);
    assert_non_null(found);
    return found;
}

static int count(const xmlXPathObject *found)
{
    return found->nodesetval ? found->nodesetval->nodeNr : 0;
}

/* Nothing of a box runs out of it, and no two lines of text in it touch. */
static void check_texts(xmlNode *group, Rect box)
{
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(Rect));

    for (xmlNode *node = group->children; node; node = node->next) {
        gboolean is_text = node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "text") == 0;
        gboolean is_rect = node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "rect") == 0;
        if (is_rect && !is_inside(rect_of(node), box))
            fail_msg("a part of %s is outside of it", (const char *)xmlGetProp(group, (const xmlChar *)"id"));
        if (!is_text)
            continue;
        Rect own = text_rect(node);
        if (!is_inside(own, box))
            fail_msg("\"%s\" runs out of %s", (const char *)xmlNodeGetContent(node),
                     (const char *)xmlGetProp(group, (const xmlChar *)"id"));
        for (guint i = 0; i < texts->len; i++)
            if (overlap(own, g_array_index(texts, Rect, i)))
                fail_msg("\"%s\" is on another text in %s", (const char *)xmlNodeGetContent(node),
                         (const char *)xmlGetProp(group, (const xmlChar *)"id"));
        g_array_append_val(texts, own);
    }
}

static void check_boxes(xmlDoc *document)
{
    xmlXPathObject *found = find(document, "//s:rect[@class='box']");
    xmlNode *root = xmlDocGetRootElement(document);
    Rect page = {0, 0, number(root, "width"), number(root, "height")};

    for (int i = 0; i < count(found); i++) {
        Rect box = rect_of(found->nodesetval->nodeTab[i]);
        assert_true(is_inside(box, page));
        check_texts(found->nodesetval->nodeTab[i]->parent, box);
        for (int j = 0; j < i; j++)
            if (overlap(box, rect_of(found->nodesetval->nodeTab[j])))
                fail_msg("two boxes overlap");
    }
    xmlXPathFreeObject(found);
}

static gboolean is_member(VvHost *host, int group, xmlNode *box)
{
    xmlChar *id = xmlGetProp(box->parent, (const xmlChar *)"id");
    g_autofree char *text = g_strdup((const char *)id);
    VvAddress address;
    const VvDevice *device = NULL;

    xmlFree(id);
    /* "pci-0000-01-00.0" */
    for (char *dash; g_str_has_prefix(text, "pci-") && (dash = strchr(text + 4, '-'));)
        *dash = ':';
    if (g_str_has_prefix(text, "pci-") && vv_address_parse(text + 4, &address, NULL))
        device = vv_host_find(host, address);
    return device && device->group == group;
}

/* A band is around its members, and around nobody else, and does not touch another one. */
static void check_bands(xmlDoc *document, VvHost *host)
{
    xmlXPathObject *bands = find(document, "//s:rect[@class='band']");
    xmlXPathObject *boxes = find(document, "//s:rect[@class='box']");

    for (int i = 0; i < count(bands); i++) {
        xmlNode *node = bands->nodesetval->nodeTab[i];
        Rect band = rect_of(node);
        xmlChar *id = xmlGetProp(node->parent, (const xmlChar *)"id");
        int group = atoi((const char *)id + strlen("group-"));
        xmlFree(id);
        for (int j = 0; j < count(boxes); j++) {
            xmlNode *box = boxes->nodesetval->nodeTab[j];
            if (overlap(band, rect_of(box)) && !has(box->parent, "class", "folded") &&
                !is_member(host, group, box))
                fail_msg("the band of group %d is behind a box that is not of it", group);
        }
        for (int j = 0; j < i; j++)
            if (bands->nodesetval->nodeTab[j]->parent != node->parent &&
                overlap(band, rect_of(bands->nodesetval->nodeTab[j])))
                fail_msg("two bands overlap");
    }
    xmlXPathFreeObject(bands);
    xmlXPathFreeObject(boxes);
}

/* Each function has a box, or is counted and named in a folded one. */
static void check_devices(xmlDoc *document, VvHost *host)
{
    const GPtrArray *devices = vv_host_devices(host);
    xmlXPathObject *folded = find(document, "//s:g[@class='folded']/s:title");
    g_autoptr(GString) names = g_string_new(" ");

    for (int i = 0; i < count(folded); i++) {
        xmlChar *text = xmlNodeGetContent(folded->nodesetval->nodeTab[i]);
        g_string_append_printf(names, "%s ", (const char *)text);
        xmlFree(text);
    }
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        g_autofree char *name = g_strdelimit(g_strdup(device->text), ":", '-');
        g_autofree char *path = g_strdup_printf("//s:g[@id='pci-%s']", name);
        g_autofree char *word = g_strdup_printf(" %s ", device->text);
        xmlXPathObject *found = find(document, path);
        const char *at = strstr(names->str, word);
        if (count(found) + (at != NULL) != 1 || (at && strstr(at + 1, word)))
            fail_msg("%s is there %d times, and %s folded", device->text, count(found), at ? "is" : "is not");
        xmlXPathFreeObject(found);
    }
    xmlXPathFreeObject(folded);
}

/* Draws it twice, looks at everything, and returns the picture. */
static char *check(Reported *reported, const char *name)
{
    VvReport *report = reported_make(reported);
    char *svg = vv_picture_draw(report);
    g_autofree char *again = vv_picture_draw(report);

    keep(name, svg);
    assert_string_equal(svg, again);
    assert_true(g_utf8_validate(svg, -1, NULL));
    xmlDoc *document =
        xmlReadMemory(svg, (int)strlen(svg), "picture.svg", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    if (!document)
        fail_msg("%s is no well-formed XML", name);
    check_boxes(document);
    check_bands(document, reported->host);
    check_devices(document, reported->host);
    xmlFreeDoc(document);
    return svg;
}

static void test_recorded(void **state)
{
    static const char *const hosts[] = {"laptop-3", "intel-desktop", "amd-desktop", "server-sriov",
                                        "server-60"};

    for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
        Reported *reported = reported_load(hosts[i]);
        g_autofree char *svg = check(reported, hosts[i]);
        reported_free(reported);
    }
}

/* What firmware, drives and people put into names. */
static const char *const hostile[] = {
    "\"quoted\" & <b>bold</b> 'single' ]]> -- &amp;",
    "invalid \xff\xfe\xc3( end",
    "\x01\x02\x1b[31mred\x1b[0m\tand\nlines\r",
    "\xe2\x80\xae"
    "right to left",
    "\xef\xbf\xbe\xef\xbf\xbf",
    "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    "",
    " ",
};

static char *long_name(gboolean words)
{
    GString *text = g_string_new(NULL);

    while (text->len < 300)
        g_string_append(text, words ? "Wide Words " : "WWWWWWWWWW");
    return g_string_free(text, FALSE);
}

static void test_hostile(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(hostile) + 2; i++) {
        g_autofree char *text =
            i < G_N_ELEMENTS(hostile) ? g_strdup(hostile[i]) : long_name(i == G_N_ELEMENTS(hostile));
        g_autofree char *file = g_strdup_printf("hostile-%u", i);
        Reported *reported = reported_load("server-60");
        reported_add_domain(reported, "vm", VV_DOMAIN_RUNNING, "0000:17:00.0");
        reported_add_domain(reported, "other", VV_DOMAIN_OFF, "0000:18:00.0 0000:97:02.0 10000:b1:00.0");
        reported_add_entry(reported, "0000:4d:00.0", text);
        reported_add_note(reported, text);
        for (guint j = 0; j < 2; j++) {
            VvDomainInfo *info = reported->domains->pdata[j];
            g_free(info->name);
            info->name = g_strdup(text);
        }
        VvReport *report = reported_make(reported);
        g_free(report->machine->name);
        report->machine->name = g_strdup(text);
        for (guint j = 0; j < report->devices->len; j++) {
            VvReportDevice *device = report->devices->pdata[j];
            device->name = text;
            g_free(device->device->driver);
            device->device->driver = j % 3 ? g_strdup(text) : NULL;
            g_free(device->place->slot);
            device->place->slot = g_strdup(text);
            g_free(device->place->label);
            device->place->label = g_strdup(text);
        }
        g_autofree char *svg = check(reported, file);
        reported_free(reported);
    }
}

/* `ports` bridges on root buses with `cards` functions each; every `share`-th goes on with the group before.
 */
static char *many(guint buses, guint ports, guint cards, guint share)
{
    GString *text = g_string_new(NULL);
    int group = 0;

    for (guint bus = 0, next = 1; bus < buses; bus++) {
        guint number = bus * (256 / buses);
        next = number + 1;
        for (guint port = 0; port < ports; port++, next++) {
            g_string_append_printf(text,
                                   "0000:%02x:%02x.%u class=060400 id=8086:347a driver=pcieport group=%d\n",
                                   number, port / 4 + 1, port % 4, group);
            group += share && port % share == 0;
            for (guint card = 0; card < cards; card++) {
                g_string_append_printf(text,
                                       "0000:%02x:00.%u class=020000 id=8086:1572 driver=i40e group=%d "
                                       "behind=0000:%02x:%02x.%u\n",
                                       next, card, group, number, port / 4 + 1, port % 4);
                group += share && card % share == 0;
            }
        }
    }
    return g_string_free(text, FALSE);
}

static void test_many(void **state)
{
    static const struct {
        const char *name;
        guint buses, ports, cards, share;
    } machines[] = {
        {"200-ports", 1, 67, 2, 1},  {"200-cards", 4, 6, 8, 1},  {"200-one-group", 2, 14, 6, 0},
        {"200-shared", 4, 10, 4, 3}, {"200-buses", 32, 2, 2, 2},
    };

    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_autofree char *text =
            many(machines[i].buses, machines[i].ports, machines[i].cards, machines[i].share);
        Reported *reported = reported_new(text);
        gint64 start = g_get_monotonic_time();
        g_autofree char *svg = check(reported, machines[i].name);
        assert_true(vv_host_devices(reported->host)->len >= 190);
        /* Drawn twice and looked at, with sanitizers, on a busy machine. */
        assert_true(g_get_monotonic_time() - start < 30 * G_USEC_PER_SEC);
        reported_free(reported);
    }
}

/* 200 functions on one bus, with nothing above and no groups. */
static void test_flat(void **state)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < 200; i++)
        g_string_append_printf(text, "0000:00:%02x.%u class=0c0330 id=8086:1234\n", i / 8, i % 8);
    Reported *reported = reported_new(text->str);
    g_autofree char *svg = check(reported, "200-flat");
    assert_null(strstr(svg, "IOMMU group: goes"));
    reported_free(reported);
    g_string_free(text, TRUE);
}

static void test_folded(void **state)
{
    Reported *reported = reported_server();
    g_autofree char *svg = check(reported, "server-60-vms");

    assert_int_equal(vv_host_devices(reported->host)->len, 60);
    assert_non_null(strstr(svg, "60 functions · 6 of them idle VFs"));
    assert_non_null(strstr(svg, "<title>6 idle VFs of 0000:31:00.0: 0000:31:02.1 0000:31:02.2 0000:31:02.4"));
    assert_non_null(strstr(svg, ">6 VFs<"));
    assert_non_null(strstr(svg, ">4 iavf, 2 no driver<"));
    /* Those that somebody has are not folded. */
    assert_non_null(strstr(svg, "id=\"pci-0000-31-02.3\""));
    reported_free(reported);
}

/* Who has it, in words and in colour: filled for now, in outline for later. */
static void test_owners(void **state)
{
    Reported *reported = reported_server();
    g_autofree char *svg = check(reported, "server-60-vms");

    assert_non_null(strstr(svg, ">win11 (running), +1<"));
    assert_non_null(strstr(svg, ">gaming-linux (off)<"));
    assert_non_null(strstr(svg, ">taken by hand<"));
    assert_non_null(strstr(svg, ">nas (off)<"));
    assert_non_null(strstr(svg, "in use by: win11 (running), +1"));
    assert_non_null(strstr(svg, "meant for: nas (off)"));
    assert_non_null(strstr(svg, "listed by a VM that does not have it now"));
    assert_non_null(strstr(svg, "PCI devices of kvm7"));
    reported_free(reported);
}

static void test_notes(void **state)
{
    Reported *reported = reported_load("laptop-3");
    reported_add_note(reported, "Which VM lists what is not known: libvirt does not answer.");
    g_autofree char *svg = check(reported, "laptop-3-note");

    assert_non_null(strstr(svg, ">Which VM lists what is not known: libvirt does not answer.<"));
    reported_free(reported);
}

static void test_text(void **state)
{
    g_autofree char *cut = vv_picture_fit("Wide Words", 10, FALSE, 40);
    g_autofree char *whole = vv_picture_fit("Wide", 10, FALSE, vv_picture_text_width("Wide", 10, FALSE));
    g_autofree char *mark = vv_picture_fit("ae\xcc\x81"
                                           "bcdefgh",
                                           10, FALSE, 24);
    g_autofree char *nothing = vv_picture_fit("Wide", 10, FALSE, 3);
    g_autofree char *first = NULL, *second = NULL;

    assert_true(g_str_has_suffix(cut, "…"));
    assert_true(vv_picture_text_width(cut, 10, FALSE) <= 40);
    assert_string_equal(whole, "Wide");
    /* The accent stays on its letter, or goes with it. */
    assert_true(strcmp(mark, "ae\xcc\x81…") == 0 || strcmp(mark, "a…") == 0);
    assert_string_equal(nothing, "");
    vv_picture_wrap("GeForce RTX 4090 Founders Edition", 11, 120, &first, &second);
    assert_true(g_str_has_prefix("GeForce RTX 4090 Founders Edition", first));
    assert_true(g_str_has_prefix("GeForce RTX 4090 Founders Edition" + strlen(first) + 1, second) ||
                g_str_has_suffix(second, "…"));
    assert_true(vv_picture_text_width(first, 11, FALSE) <= 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded), cmocka_unit_test(test_hostile), cmocka_unit_test(test_many),
        cmocka_unit_test(test_flat),     cmocka_unit_test(test_folded),  cmocka_unit_test(test_owners),
        cmocka_unit_test(test_notes),    cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
