/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/capabilities.h"

#include "domains/ini.h"
#include "domains/xml.h"
#include "vfio/error.h"

#include <string.h>

#define MAX_WORDS 256

static const xmlNode *named(const xmlNode *parent, const char *element, const char *name)
{
    for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, element) &&
            vv_xml_has(node, "name", name))
            return node;
    return NULL;
}

/* <enum name='…'><value>…</value>…</enum>: words that go into a domain, so nothing but a word is taken. */
static char **words(const xmlNode *parent, const char *name)
{
    const xmlNode *list = named(parent, "enum", name);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    guint count = 0;

    for (const xmlNode *node = list ? list->children : NULL; node && count < MAX_WORDS; node = node->next) {
        g_autofree char *word = NULL;

        if (node->type != XML_ELEMENT_NODE || !g_str_equal((const char *)node->name, "value"))
            continue;
        word = vv_xml_content(node);
        if (!*word || word[strspn(word, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.")])
            continue;
        g_strv_builder_add(builder, word);
        count++;
    }
    return g_strv_builder_end(builder);
}

static gboolean supported(const xmlNode *node)
{
    return node && vv_xml_has(node, "supported", "yes");
}

/* The child if it is there and supported. */
static const xmlNode *part(const xmlNode *parent, const char *name)
{
    const xmlNode *node = vv_xml_child(parent, name, NULL);

    return supported(node) ? node : NULL;
}

static gboolean has_word(char **list, const char *word)
{
    return g_strv_contains((const char *const *)list, word);
}

static void read_os(VvCapabilities *capabilities, const xmlNode *root)
{
    const xmlNode *os = part(root, "os");
    g_auto(GStrv) secure = words(part(os, "loader"), "secure");

    capabilities->firmwares = words(os, "firmware");
    capabilities->secure_loader = has_word(secure, "yes");
}

static void read_devices(VvCapabilities *capabilities, const xmlNode *root)
{
    const xmlNode *devices = vv_xml_child(root, "devices", NULL);
    const xmlNode *tpm = part(devices, "tpm");

    capabilities->disk_buses = words(part(devices, "disk"), "bus");
    capabilities->graphics = words(part(devices, "graphics"), "type");
    capabilities->videos = words(part(devices, "video"), "modelType");
    capabilities->filesystems = words(part(devices, "filesystem"), "driverType");
    capabilities->pci_backends = words(part(devices, "hostdev"), "pciBackend");
    capabilities->tpm_models = words(tpm, "model");
    capabilities->tpm_backends = words(tpm, "backendModel");
    capabilities->tpm_versions = words(tpm, "backendVersion");
}

static void read_features(VvCapabilities *capabilities, const xmlNode *root)
{
    const xmlNode *features = vv_xml_child(root, "features", NULL);
    const xmlNode *cpu = vv_xml_child(root, "cpu", NULL);

    capabilities->genid = supported(vv_xml_child(features, "genid", NULL));
    capabilities->has_hyperv = vv_xml_child(features, "hyperv", NULL) != NULL;
    capabilities->hyperv = words(part(features, "hyperv"), "features");
    capabilities->host_passthrough = supported(named(cpu, "mode", "host-passthrough"));
    capabilities->maximum = supported(named(cpu, "mode", "maximum"));
    capabilities->memory = words(part(root, "memoryBacking"), "sourceType");
    capabilities->iothreads = part(root, "iothreads") != NULL;
}

/* A text that is shown, or goes into a domain. */
static char *content(const xmlNode *root, const char *name)
{
    char *text = vv_xml_content(vv_xml_child(root, name, NULL));

    if (text && (!*text || vv_has_control(text) || strlen(text) > 4096))
        g_clear_pointer(&text, g_free);
    return text;
}

VvCapabilities *vv_capabilities_read(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *vcpu = vv_xml_child(root, "vcpu", NULL);
    g_autofree char *domain = NULL, *max = NULL;
    VvCapabilities *capabilities;
    guint64 number = 0;

    if (!doc) {
        g_prefix_error(error, "libvirt's domain capabilities: ");
        return NULL;
    }
    if (root->ns || !g_str_equal((const char *)root->name, "domainCapabilities")) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "libvirt's answer is no <domainCapabilities>");
        return NULL;
    }
    capabilities = g_new0(VvCapabilities, 1);
    domain = content(root, "domain");
    capabilities->kvm = g_strcmp0(domain, "kvm") == 0;
    capabilities->emulator = content(root, "path");
    capabilities->machine = content(root, "machine");
    max = vcpu ? vv_xml_get(vcpu, "max") : NULL;
    if (max && g_ascii_string_to_unsigned(max, 10, 1, G_MAXUINT, &number, NULL))
        capabilities->max_cpus = (guint)number;
    read_os(capabilities, root);
    read_devices(capabilities, root);
    read_features(capabilities, root);
    return capabilities;
}

void vv_capabilities_free(VvCapabilities *capabilities)
{
    if (!capabilities)
        return;
    g_free(capabilities->emulator);
    g_free(capabilities->machine);
    g_strfreev(capabilities->firmwares);
    g_strfreev(capabilities->memory);
    g_strfreev(capabilities->disk_buses);
    g_strfreev(capabilities->graphics);
    g_strfreev(capabilities->videos);
    g_strfreev(capabilities->filesystems);
    g_strfreev(capabilities->tpm_models);
    g_strfreev(capabilities->tpm_backends);
    g_strfreev(capabilities->tpm_versions);
    g_strfreev(capabilities->pci_backends);
    g_strfreev(capabilities->hyperv);
    g_free(capabilities);
}
