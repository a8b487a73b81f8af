/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domrom.h"

#include "domains/xml.h"

#include <string.h>

GHashTable *vv_domain_roms_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void vv_domain_roms_add(GHashTable *files, VvAddress address, char *path)
{
    g_hash_table_insert(files, vv_address_dup(address), path);
}

/* Numbers as libvirt writes them itself, with 0x. */
static char *source_address(const xmlNode *hostdev)
{
    static const char *const names[] = {"domain", "bus", "slot", "function"};
    const xmlNode *address = vv_xml_child(vv_xml_child(hostdev, "source", NULL), "address", NULL);
    guint64 numbers[G_N_ELEMENTS(names)] = {0};

    for (gsize i = 0; address && i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = vv_xml_get(address, names[i]);
        numbers[i] = text ? g_ascii_strtoull(text, NULL, 0) : 0;
    }
    VvAddress is = {.segment = (guint32)numbers[0],
                    .bus = (guint8)numbers[1],
                    .slot = (guint8)numbers[2],
                    .function = (guint8)numbers[3]};
    return address ? vv_address_dup(is) : NULL;
}

/* TRUE when that changed anything. An empty <rom> says nothing, so it goes. */
static gboolean set_rom(xmlNode *hostdev, const char *path)
{
    xmlNode *rom = vv_xml_child(hostdev, "rom", NULL);
    g_autofree char *before = rom ? vv_xml_get(rom, "file") : NULL;

    if (g_strcmp0(before, path) == 0)
        return FALSE;
    if (!rom)
        rom = vv_xml_add(hostdev, "rom");
    if (before)
        xmlUnsetProp(rom, (const xmlChar *)"file");
    vv_xml_set(rom, "file", path);
    if (!rom->properties && !rom->children) {
        xmlUnlinkNode(rom);
        xmlFreeNode(rom);
    }
    return TRUE;
}

char *vv_domain_set_roms(const char *xml, gsize length, GHashTable *files, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *devices = vv_xml_child(root, "devices", NULL);
    gboolean changed = FALSE;

    for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        gpointer path;
        if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, "hostdev") != 0 ||
            !vv_xml_has(node, "type", "pci"))
            continue;
        g_autofree char *address = source_address(node);
        if (address && g_hash_table_lookup_extended(files, address, NULL, &path))
            changed |= set_rom(node, path);
    }
    return changed ? vv_xml_print(doc) : NULL;
}
