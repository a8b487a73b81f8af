/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

#include "domains/domxml.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xpathInternals.h>

#define VM "[vm]\nname = a\nmemory = 1G\n"
#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

/* libvirt's own schema; NULL where libvirt is not installed. */
static xmlRelaxNG *schema;

static inline int load_schema(void **state)
{
    xmlRelaxNGParserCtxt *parser;

    if (!g_file_test(SCHEMA, G_FILE_TEST_EXISTS))
        return 0;
    parser = xmlRelaxNGNewParserCtxt(SCHEMA);
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    return schema ? 0 : -1;
}

static inline int free_schema(void **state)
{
    xmlRelaxNGFree(schema);
    xmlCleanupParser();
    return 0;
}

static inline VvVm *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    VvVm *vm = vv_vm_parse("x.ini", text, strlen(text), NULL, &error);

    if (!vm || !vv_vm_resolve(vm, NULL, &error))
        print_error("%s\n", error->message);
    assert_non_null(vm);
    assert_null(error);
    return vm;
}

/* Gives a function the ids that a scan would have found. */
static inline void identify(VvVm *vm, guint card, guint index, guint32 class_code)
{
    VvVmFunction *function =
        &g_array_index(((VvVmDevice *)vm->devices->pdata[card])->functions, VvVmFunction, index);

    function->identity = g_new0(VvIdentity, 1);
    function->identity->address = function->host;
    function->identity->vendor = 0x10de;
    function->identity->device = (guint16)(0x1b80 + index);
    function->identity->subsystem_vendor = 0x1458;
    function->identity->subsystem_device = 0x3702;
    function->identity->class_code = class_code;
}

/* As where nothing is known of libvirt and the host. */
static inline char *build_text(const VvVm *vm, gboolean kvm)
{
    g_autoptr(VvTuning) tuning = vv_tuning_new(vm, kvm, &(VvTuningHost){0});

    return vv_domain_xml_build(vm, tuning);
}

/* Parses, and validates against the schema. */
static inline xmlDoc *validate(const char *xml)
{
    xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), "x.xml", NULL, XML_PARSE_NONET);

    assert_non_null(doc);
    if (schema) {
        xmlRelaxNGValidCtxt *validator = xmlRelaxNGNewValidCtxt(schema);
        int result = xmlRelaxNGValidateDoc(validator, doc);

        xmlRelaxNGFreeValidCtxt(validator);
        if (result)
            print_error("%s\n", xml);
        assert_int_equal(result, 0);
    }
    return doc;
}

static inline xmlDoc *build(const VvVm *vm, gboolean kvm)
{
    g_autofree char *xml = build_text(vm, kvm);

    return validate(xml);
}

/* What an XPath expression says, as a string. */
static inline char *ask(xmlDoc *doc, const char *expression)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *object;
    xmlChar *text;
    char *copy;

    xmlXPathRegisterNs(context, (const xmlChar *)"q",
                       (const xmlChar *)"http://libvirt.org/schemas/domain/qemu/1.0");
    xmlXPathRegisterNs(context, (const xmlChar *)"v", (const xmlChar *)VV_METADATA_URI);
    object = xmlXPathEvalExpression((const xmlChar *)expression, context);
    assert_non_null(object);
    text = xmlXPathCastToString(object);
    copy = g_strdup((const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return copy;
}

static inline void expect(xmlDoc *doc, const char *expression, const char *wanted)
{
    g_autofree char *found = ask(doc, expression);

    if (!g_str_equal(found, wanted))
        print_error("%s is '%s', not '%s'\n", expression, found, wanted);
    assert_string_equal(found, wanted);
}
