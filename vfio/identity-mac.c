/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/child.h"
#include "vfio/identity-internal.h"

#include <linux/if_link.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

/* The kernel answers at once, or a driver that hangs holds its lock of all interfaces. */
#define ASK_MS 2000

typedef struct nl_sock Socket;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Socket, nl_socket_free)

static int take_address(struct nl_msg *message, void *data)
{
    GString *text = data;
    struct nlattr *attributes[IFLA_MAX + 1] = {0};

    if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct ifinfomsg), attributes, IFLA_MAX, NULL) < 0 ||
        !attributes[IFLA_PERM_ADDRESS])
        return NL_SKIP;
    const guint8 *bytes = nla_data(attributes[IFLA_PERM_ADDRESS]);
    for (int i = 0; i < nla_len(attributes[IFLA_PERM_ADDRESS]); i++)
        g_string_append_printf(text, "%s%02x", i ? ":" : "", bytes[i]);
    return NL_OK;
}

static void ask_kernel(GString *text, gpointer data)
{
    struct ifinfomsg request = {.ifi_family = AF_UNSPEC, .ifi_index = *(const int *)data};
    g_autoptr(Socket) socket = nl_socket_alloc();

    if (!socket || nl_connect(socket, NETLINK_ROUTE) != 0)
        return;
    nl_socket_disable_auto_ack(socket);
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_address, text);
    if (nl_send_simple(socket, RTM_GETLINK, 0, &request, sizeof request) >= 0)
        nl_recvmsgs_default(socket);
}

/* rtnetlink has it since 5.6 (IFLA_PERM_ADDRESS), under the lock that a child must wait for. ethtool has it
 * too, but wakes the device up first (dev_ethtool). */
static char *ask_permanent(const VvSysfs *sysfs, const char *folder, const char *interface)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = g_strdup_printf("%s/%s/ifindex", folder, interface);
    gint64 number = 0;

    if (!vv_sysfs_is_live(sysfs) || !vv_sysfs_read_number(sysfs, path, &number))
        return NULL;
    int index = (int)number;
    if (!vv_child_ask(sysfs, ask_kernel, &index, ASK_MS, text))
        return NULL;
    return g_strdup(text->str);
}

/* Bonds, MAC randomisation and people change the current address, and then it says so; while it is the one
 * that the card came with, the file has it, and nothing needs to be asked that could block. */
static char *read_interface(const VvSysfs *sysfs, const char *folder, const char *interface)
{
    g_autofree char *type_path = g_strdup_printf("%s/%s/addr_assign_type", folder, interface);
    g_autofree char *address_path = g_strdup_printf("%s/%s/address", folder, interface);
    gint64 type = -1;
    g_autofree char *mac = vv_sysfs_read_number(sysfs, type_path, &type) && type == NET_ADDR_PERM
                               ? vv_sysfs_read(sysfs, address_path)
                               : ask_permanent(sysfs, folder, interface);

    /* Not the 20 bytes of InfiniBand, some of which change whenever the driver is loaded. */
    return mac && vv_identity_mac_valid(mac) ? g_steal_pointer(&mac) : NULL;
}

char *vv_interface_permanent_mac(const VvSysfs *sysfs, const char *interface)
{
    return read_interface(sysfs, "sys/class/net", interface);
}

char *vv_identity_read_mac(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *folder = vv_device_path(device, "net");
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);
    g_autofree char *lowest = NULL;

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *mac = read_interface(sysfs, folder, names->pdata[i]);
        if (mac && (!lowest || strcmp(mac, lowest) < 0)) {
            g_free(lowest);
            lowest = g_steal_pointer(&mac);
        }
    }
    return g_steal_pointer(&lowest);
}
