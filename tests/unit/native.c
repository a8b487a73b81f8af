/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "native.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define NO_DRIVER 77

static void drop(xmlDoc *doc, const char *expression)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)expression, context);

    for (int i = 0; found->nodesetval && i < found->nodesetval->nodeNr; i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];

        if (node->type == XML_ATTRIBUTE_NODE) {
            xmlRemoveProp((xmlAttr *)(gpointer)node);
        } else {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
        /* xmlXPathFreeObject() looks at namespace nodes only, but into each that is left. */
        found->nodesetval->nodeTab[i] = NULL;
    }
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
}

static void set(xmlDoc *doc, const char *expression, const char *value)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)expression, context);

    for (int i = 0; found->nodesetval && i < found->nodesetval->nodeNr; i++)
        xmlNodeSetContent(found->nodesetval->nodeTab[i], (const xmlChar *)value);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
}

char *native_xml(const char *xml)
{
    xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), "x.xml", NULL, XML_PARSE_NONET);
    g_autofree char *swtpm = g_find_program_in_path("swtpm");
    xmlChar *text = NULL;
    int size;
    char *copy;

    drop(doc, "/domain/devices/interface | /domain/devices/filesystem");
    drop(doc, "/domain/devices/hostdev[@type='usb'][source/vendor]");
    if (!swtpm)
        drop(doc, "/domain/devices/tpm");
    drop(doc, "/domain/features/ioapic[@driver='kvm'] | /domain/cpu/cache | /domain/cpu/@migratable");
    drop(doc, "/domain/cpu/maxphysaddr | /domain/cpu/feature");
    set(doc, "/domain/@type", "qemu");
    set(doc, "/domain/cpu/@mode[. = 'host-passthrough']", "maximum");
    xmlDocDumpMemory(doc, &text, &size);
    copy = g_strdup((const char *)text);
    xmlFree(text);
    xmlFreeDoc(doc);
    return copy;
}

static void ignore(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static void write_result(const char *folder, guint index, const char *ending, const char *text)
{
    g_autofree char *path = g_strdup_printf("%s/%u.%s", folder, index, ending);

    if (!g_file_set_contents(path, text, -1, NULL))
        _exit(1);
}

/* Never returns. libvirt's threads and memory are left to the kernel. */
static G_NORETURN void convert(const char *folder, const GPtrArray *xmls)
{
    g_autofree char *uri = g_strdup_printf("qemu:///embed?root=%s/root", folder);
    virConnectPtr connection;

    if (getuid() == 0 && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)))
        _exit(1);
    g_setenv("HOME", folder, TRUE);
    g_setenv("XDG_RUNTIME_DIR", folder, TRUE);
    virSetErrorFunc(NULL, ignore);
    virEventRegisterDefaultImpl();
    connection = virConnectOpen(uri);
    if (!connection) {
        write_result(folder, 0, "why", virGetLastErrorMessage());
        _exit(NO_DRIVER);
    }
    for (guint i = 0; i < xmls->len; i++) {
        char *text = virConnectDomainXMLToNative(connection, "qemu-argv", xmls->pdata[i], 0);

        write_result(folder, i, text ? "args" : "problem", text ? text : virGetLastErrorMessage());
    }
    _exit(0);
}

static char *take_result(const char *folder, guint index, const char *ending)
{
    g_autofree char *path = g_strdup_printf("%s/%u.%s", folder, index, ending);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static void remove_folder(const char *folder)
{
    const char *const words[] = {"rm", "-rf", "--", folder, NULL};

    g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

static GPtrArray *collect(const char *folder, guint count, GPtrArray **ret_problems)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    *ret_problems = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count; i++) {
        g_autofree char *text = take_result(folder, i, "args");
        char **words = NULL;

        if (text && !g_shell_parse_argv(text, NULL, &words, NULL))
            words = NULL;
        g_ptr_array_add(all, words);
        g_ptr_array_add(*ret_problems, take_result(folder, i, "problem"));
    }
    return all;
}

GPtrArray *native_arguments(const GPtrArray *xmls, GPtrArray **ret_problems, char **ret_why)
{
    /* Short: there are sockets below. */
    g_autofree char *folder = g_dir_make_tmp("vv.XXXXXX", NULL);
    GPtrArray *all = NULL;
    int status = -1;
    pid_t child;

    g_assert_nonnull(folder);
    if (getuid() == 0 && chown(folder, NOBODY, NOBODY))
        g_error("cannot give %s away", folder);
    child = fork();
    if (child == 0)
        convert(folder, xmls);
    waitpid(child, &status, 0);
    *ret_why = NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        all = collect(folder, xmls->len, ret_problems);
    else
        *ret_why = take_result(folder, 0, "why");
    if (!all && !*ret_why)
        *ret_why = g_strdup_printf("libvirt's QEMU driver ended with status %d", status);
    remove_folder(folder);
    return all;
}
