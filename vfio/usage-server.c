/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <stdio.h>
#include <string.h>

/* File systems and disks that come over the network. */

static void server_free(gpointer data)
{
    VvServer *server = data;

    g_free(server->what);
    g_free(server);
}

static void add_server(GPtrArray *servers, char *what, gboolean is_root, const VvIp *ip)
{
    VvServer *server = g_new0(VvServer, 1);

    server->what = what;
    server->is_root = is_root;
    server->ip = *ip;
    g_ptr_array_add(servers, server);
}

/* "10.0.0.1" of the option "addr=10.0.0.1": new string or NULL. */
static char *option(const char *options, const char *name)
{
    g_auto(GStrv) words = g_strsplit(options ? options : "", ",", -1);
    gsize length = strlen(name);

    for (char **word = words; *word; word++)
        if (g_str_has_prefix(*word, name) && (*word)[length] == '=')
            return g_strdup(*word + length + 1);
    return NULL;
}

/* NFS and CIFS put the address they use among the options; Ceph and 9p have it in the source, and newer Ceph
 * in mon_addr (fs/ceph/super.c). */
static char *server_of(const VvMount *mount)
{
    if (g_str_has_prefix(mount->type, "nfs") || strcmp(mount->type, "cifs") == 0 ||
        strcmp(mount->type, "smb3") == 0)
        return option(mount->options, "addr");
    if (strcmp(mount->type, "ceph") == 0) {
        char *monitor = option(mount->options, "mon_addr");
        return monitor ? monitor : g_strdup(mount->source);
    }
    g_autofree char *transport = strcmp(mount->type, "9p") == 0 ? option(mount->options, "trans") : NULL;
    return g_strcmp0(transport, "tcp") == 0 ? g_strdup(mount->source) : NULL;
}

static void add_mounts(VvUsage *usage, GPtrArray *servers)
{
    const GPtrArray *mounts = vv_usage_mounts(usage);

    for (guint i = 0; i < mounts->len; i++) {
        const VvMount *mount = mounts->pdata[i];
        g_autofree char *address = server_of(mount);
        VvIp ip;
        if (address && vv_ip_parse(address, &ip))
            add_server(servers, g_strdup_printf("the file system on %s (%s)", mount->target, mount->type),
                       !mount->whose && strcmp(mount->target, "/") == 0, &ip);
    }
}

/* Attributes of drivers/scsi/scsi_transport_iscsi.c. */
static void add_iscsi(VvUsage *usage, GPtrArray *servers)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/class/iscsi_connection");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        char path[128], address[64];
        VvIp ip;
        snprintf(path, sizeof path, "sys/class/iscsi_connection/%s/address", node->name);
        if (vv_sysfs_read_into(usage->sysfs, path, address, sizeof address) > 0 && vv_ip_parse(address, &ip))
            add_server(servers, g_strdup_printf("the iSCSI target %s", address), FALSE, &ip);
    }
}

/* "traddr=10.0.0.2,trsvcid=4420" of a controller whose transport is tcp or rdma
 * (drivers/nvme/host/fabrics.c). */
static void add_nvme(VvUsage *usage, GPtrArray *servers)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/class/nvme");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        char path[128], text[256];
        VvIp ip;
        snprintf(path, sizeof path, "sys/class/nvme/%s/address", node->name);
        if (!strstr(node->place, "/nvme-fabrics/") ||
            vv_sysfs_read_into(usage->sysfs, path, text, sizeof text) <= 0)
            continue;
        g_autofree char *address = option(text, "traddr");
        if (address && vv_ip_parse(address, &ip))
            add_server(servers, g_strdup_printf("the NVMe target %s (%s)", address, node->name), FALSE, &ip);
    }
}

GPtrArray *vv_usage_servers(VvUsage *usage)
{
    GPtrArray *servers = g_ptr_array_new_with_free_func(server_free);

    add_mounts(usage, servers);
    add_iscsi(usage, servers);
    add_nvme(usage, servers);
    return servers;
}
