/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/tree.h"

#include "vfio/siblings.h"

#include <stdlib.h>
#include <string.h>

static void node_free(gpointer data)
{
    VvTreeNode *node = data;

    g_free(node->bus);
    g_ptr_array_unref(node->children);
    g_free(node);
}

/* The node of that name; made below `parent` (NULL: at the top) where there is none. One that is there keeps
 * its place, so that not even nonsense can make a circle. */
static VvTreeNode *take_node(VvTree *tree, VvTreeNode *parent, const char *name)
{
    VvTreeNode *node = g_hash_table_lookup(tree->nodes, name);

    if (node)
        return node;
    node = g_new0(VvTreeNode, 1);
    node->parent = parent;
    node->children = g_ptr_array_new();
    g_hash_table_insert(tree->nodes, g_strdup(name), node);
    g_ptr_array_add(parent ? parent->children : tree->roots, node);
    return node;
}

/* `bus`: "0000:00". */
static VvTreeNode *take_bus(VvTree *tree, VvTreeNode *parent, const char *bus)
{
    VvTreeNode *node = take_node(tree, parent, bus);

    if (!node->bus)
        node->bus = g_strdup(bus);
    return node;
}

/* Some architectures and platforms have folders of other kinds in between, which are passed over. */
static gboolean is_root_bus(const char *word)
{
    const char *colon = g_str_has_prefix(word, "pci") ? strchr(word, ':') : NULL;

    return colon && colon - word >= 7 && strlen(colon) == 3 && g_ascii_isxdigit(word[3]);
}

static void add_device(VvTree *tree, const VvHost *host, VvDevice *device)
{
    g_autofree char *place = vv_device_place(host, device);
    g_auto(GStrv) words = g_strsplit(place ? place : "", "/", -1);
    VvTreeNode *above = NULL;

    for (char **word = words; *word; word++) {
        VvAddress address;
        VvDevice *bridge = vv_address_parse(*word, &address, NULL) ? vv_host_find(host, address) : NULL;

        if (is_root_bus(*word))
            above = take_bus(tree, above, *word + strlen("pci"));
        else if (bridge && bridge != device && above) {
            above = take_node(tree, above, bridge->text);
            above->device = bridge;
        }
    }
    if (!above) {
        g_autofree char *bus = g_strdup_printf("%04x:%02x", device->address.segment, device->address.bus);
        above = take_bus(tree, NULL, bus);
    }
    take_node(tree, above, device->text)->device = device;
}

static guint64 key_of(const VvTreeNode *node)
{
    VvAddress address = {0};

    if (node->device)
        return vv_address_key(node->device->address);
    address.segment = (guint32)strtoul(node->bus, NULL, 16);
    address.bus = (guint8)strtoul(strchr(node->bus, ':') + 1, NULL, 16);
    return vv_address_key(address);
}

static int compare_nodes(gconstpointer a, gconstpointer b)
{
    guint64 x = key_of(*(VvTreeNode *const *)a), y = key_of(*(VvTreeNode *const *)b);

    return x < y ? -1 : x > y;
}

VvTree *vv_tree_read(const VvHost *host)
{
    const GPtrArray *devices = vv_host_devices(host);
    VvTree *tree = g_new0(VvTree, 1);
    GHashTableIter iter;
    gpointer value;

    tree->roots = g_ptr_array_new();
    tree->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
    for (guint i = 0; i < devices->len; i++)
        add_device(tree, host, devices->pdata[i]);
    g_ptr_array_sort(tree->roots, compare_nodes);
    g_hash_table_iter_init(&iter, tree->nodes);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_sort(((VvTreeNode *)value)->children, compare_nodes);
    return tree;
}

void vv_tree_free(VvTree *tree)
{
    if (!tree)
        return;
    g_ptr_array_unref(tree->roots);
    g_hash_table_unref(tree->nodes);
    g_free(tree);
}

const VvTreeNode *vv_tree_find(const VvTree *tree, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_hash_table_lookup(tree->nodes, vv_address_format(address, text));
}

const VvTreeNode *vv_tree_above(const VvTreeNode *node)
{
    const VvTreeNode *above = node->parent;

    while (above && !above->device)
        above = above->parent;
    return above;
}
