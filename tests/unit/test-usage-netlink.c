/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "own-network.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* A kernel that does not answer, or not to the end: what is found must never be less than text tells. Calls
 * of the functions below fail on command; the kernel that does answer is real. */

static struct {
    const char *name;
    int skip, times, result;
} fault;

static gboolean fails(const char *name)
{
    if (g_strcmp0(fault.name, name) != 0 || fault.skip-- > 0 || fault.times <= 0)
        return FALSE;
    fault.times--;
    errno = EIO;
    return TRUE;
}

#define FAILING(type, name, parameters, arguments, otherwise)                                                \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        return fails(#name) ? otherwise : __real_##name arguments;                                           \
    }

FAILING(struct nl_sock *, nl_socket_alloc, (void), (), NULL)
FAILING(int, nl_connect, (struct nl_sock * socket, int protocol), (socket, protocol), -NLE_NOMEM)
FAILING(int, nl_send_simple, (struct nl_sock * socket, int type, int flags, void *data, size_t size),
        (socket, type, flags, data, size), -NLE_FAILURE)
FAILING(int, nl_send_auto, (struct nl_sock * socket, struct nl_msg *message), (socket, message), -NLE_FAILURE)
FAILING(int, rtnl_addr_alloc_cache, (struct nl_sock * socket, struct nl_cache **ret), (socket, ret),
        -NLE_NOMEM)
FAILING(int, rtnl_route_parse, (struct nlmsghdr * header, struct rtnl_route **ret), (header, ret),
        -NLE_MSG_TOOSHORT)
FAILING(struct nl_addr *, rtnl_route_get_dst, (struct rtnl_route * route), (route), NULL)
FAILING(struct nl_addr *, rtnl_addr_get_local, (struct rtnl_addr * address), (address), NULL)
FAILING(struct nl_addr *, nl_addr_build, (int family, const void *data, size_t size), (family, data, size),
        NULL)
FAILING(char *, if_indextoname, (unsigned int index, char *name), (index, name), NULL)
FAILING(struct nl_msg *, nlmsg_alloc_simple, (int type, int flags), (type, flags), NULL)
FAILING(int, nlmsg_append, (struct nl_msg * message, void *data, size_t size, int padding),
        (message, data, size, padding), -NLE_NOMEM)
FAILING(int, nla_put_u32, (struct nl_msg * message, int type, uint32_t value), (message, type, value),
        -NLE_NOMEM)
FAILING(int, nlmsg_parse,
        (struct nlmsghdr * header, int length, struct nlattr **attributes, int most,
         const struct nla_policy *policy),
        (header, length, attributes, most, policy), -NLE_MSG_TOOSHORT)
FAILING(int, nla_parse_nested,
        (struct nlattr * attributes[], int most, const struct nlattr *attribute,
         const struct nla_policy *policy),
        (attributes, most, attribute, policy), -NLE_INVAL)
FAILING(int, vv_sysfs_open, (const VvSysfs *sysfs, const char *path, int flags), (sysfs, path, flags), -1)
FAILING(int, setns, (int fd, int type), (fd, type), -1)

/* What came is taken before it turns out that something was wrong with it. */
int __real_nl_recvmsgs_default(struct nl_sock *socket);
int __wrap_nl_recvmsgs_default(struct nl_sock *socket)
{
    int result = __real_nl_recvmsgs_default(socket);

    return fails("nl_recvmsgs_default") ? fault.result : result;
}

/* What processes and mounts there are, when a test says so. */
static GPtrArray *only_mounts;

const GPtrArray *__real_vv_usage_processes(VvUsage *usage);
const GPtrArray *__wrap_vv_usage_processes(VvUsage *usage)
{
    if (only_mounts && !usage->processes)
        usage->processes = g_ptr_array_new();
    return __real_vv_usage_processes(usage);
}

const GPtrArray *__real_vv_usage_mounts(VvUsage *usage);
const GPtrArray *__wrap_vv_usage_mounts(VvUsage *usage)
{
    return only_mounts ? only_mounts : __real_vv_usage_mounts(usage);
}

static gboolean ready;

static void inject(const char *name, int skip, int times)
{
    fault.name = name;
    fault.skip = skip;
    fault.times = times;
    fault.result = -NLE_FAILURE;
}

static int tear_down(void **state)
{
    fault.name = NULL;
    return 0;
}

/* "v0 4 254;v0 4 100;v0 6 254;" by ascending family and descending table, each once: new string. */
static char *defaults_of(const VvNetwork *network)
{
    static const struct {
        int family;
        guint32 table;
    } ways[] = {{AF_INET, 254}, {AF_INET, 100}, {AF_INET, 0}, {AF_INET6, 254}, {AF_INET6, 0}};
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        gboolean found = FALSE;
        for (guint j = 0; j < network->defaults->len; j++) {
            const VvRoute *route = network->defaults->pdata[j];
            found = found || (strcmp(route->interface, "v0") == 0 && route->ip.family == ways[i].family &&
                              route->table == ways[i].table);
        }
        if (found)
            g_string_append_printf(text, "%d:%u ", ways[i].family == AF_INET ? 4 : 6, ways[i].table);
    }
    return g_string_free(text, FALSE);
}

static void assert_network(gboolean live, const char *expected)
{
    VvUsage *usage = own_network_usage();
    const VvNetwork *network = vv_usage_network(usage);
    g_autofree char *found = defaults_of(network);

    if (network->live != live || strcmp(found, expected) != 0)
        fail_msg("%s fails after %d: live %d, default routes %s", fault.name, fault.skip, network->live,
                 found);
    assert_true(network->addresses->len > 0);
    own_network_usage_free(usage);
}

#define ALL "4:254 4:100 6:254 "
/* The kernel's text has the main table only, and does not say so. */
#define AS_TEXT "4:0 6:0 "

static void test_no_answer(void **state)
{
    if (!ready)
        skip();
    static const struct {
        const char *name;
        int skip;
    } faults[] = {{"nl_socket_alloc", 0},      {"nl_socket_alloc", 1}, {"nl_connect", 0},
                  {"nl_connect", 1},           {"nl_send_simple", 0},  {"nl_recvmsgs_default", 0},
                  {"rtnl_addr_alloc_cache", 0}};

    assert_network(TRUE, ALL);
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        inject(faults[i].name, faults[i].skip, 1);
        assert_network(FALSE, AS_TEXT);
    }
}

/* Of a kernel without IPv6, and one whose routes change all the time. */
static void test_half_an_answer(void **state)
{
    if (!ready)
        skip();
    inject("nl_recvmsgs_default", 1, 1);
    assert_network(TRUE, ALL);
    inject("nl_send_simple", 1, 1);
    assert_network(TRUE, "4:254 4:100 ");
    inject("nl_recvmsgs_default", 0, 1);
    fault.result = -NLE_DUMP_INTR;
    assert_network(TRUE, ALL);
    inject("nl_recvmsgs_default", 0, 3);
    fault.result = -NLE_DUMP_INTR;
    assert_network(TRUE, ALL);
    inject("nl_recvmsgs_default", 0, 5);
    fault.result = -NLE_DUMP_INTR;
    assert_network(TRUE, ALL);
    inject("nl_recvmsgs_default", 2, 5);
    fault.result = -NLE_DUMP_INTR;
    assert_network(TRUE, ALL);
}

/* One message that makes no sense, an interface that went away meanwhile: the others count all the same. */
static void test_odd_messages(void **state)
{
    if (!ready)
        skip();
    inject("rtnl_route_parse", 0, 1);
    assert_network(TRUE, "4:254 6:254 ");
    inject("rtnl_addr_get_local", 0, 1);
    assert_network(TRUE, ALL);
    inject("rtnl_route_get_dst", 2, 1);
    assert_network(TRUE, ALL);
    inject("if_indextoname", 0, 1);
    assert_network(TRUE, ALL);
    inject("if_indextoname", 0, G_MAXINT);
    VvUsage *usage = own_network_usage();
    assert_int_equal(vv_usage_network(usage)->defaults->len, 0);
    own_network_usage_free(usage);
}

static void test_no_way(void **state)
{
    if (!ready)
        skip();
    static const char *const names[] = {"nl_socket_alloc", "nl_connect", "nl_addr_build", "if_indextoname"};
    VvIp ip = {0};

    assert_true(vv_ip_parse("10.8.0.1", &ip));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        inject(names[i], 0, 1);
        g_autofree char *interface = vv_netlink_route_to(&ip);
        assert_null(interface);
    }
    inject("nl_connect", 0, 1);
    g_autofree char *kind = vv_netlink_kind("mv");
    assert_null(kind);
    g_autofree char *after = vv_netlink_kind("mv");
    assert_text(after, "macvlan");
}

/* How many interfaces of other namespaces are found while a call fails. */
static guint count_foreign(const char *name, int skip)
{
    VvUsage *usage = own_network_usage();

    inject(name, skip, 1);
    guint count = vv_usage_foreign_links(usage)->len;
    assert_ptr_equal(vv_usage_foreign_links(usage), usage->network->foreign);
    own_network_usage_free(usage);
    return count;
}

static void test_container(void **state)
{
    if (!ready)
        skip();
    static const struct {
        const char *name;
        int skip;
        guint count; /* of mv, which stands on an interface of ours */
    } faults[] = {
        {"nothing", 0, 1},
        {"setns", 0, 0},
        /* Two calls are about our own routes, then one asks who we are, then one lists. */
        {"nl_socket_alloc", 2, 0},
        {"nl_socket_alloc", 3, 0},
        {"nl_connect", 2, 0},
        {"nl_connect", 3, 0},
        {"nlmsg_alloc_simple", 0, 0},
        {"nlmsg_append", 0, 0},
        {"nla_put_u32", 0, 0},
        {"nl_send_auto", 0, 0},
        {"nl_send_simple", 2, 0},
        {"nlmsg_parse", 0, 0},
        /* The first link is lo. */
        {"nlmsg_parse", 1, 1},
        {"nlmsg_parse", 2, 0},
        {"nla_parse_nested", 0, 1},
        /* Another process of the same namespace can tell as well. */
        {"vv_sysfs_open", 0, 1},
    };
    pid_t pid = own_network_start_container("/dev/null");
    if (pid < 0)
        skip();
    g_autofree char *command = g_strdup_printf("ip link set mv netns %d", pid);
    gboolean moved = system(command) == 0;
    guint found[G_N_ELEMENTS(faults)];

    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        found[i] = count_foreign(faults[i].name, faults[i].skip);
    own_network_stop_container(pid);
    assert_true(moved);
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        if (found[i] != faults[i].count)
            fail_msg("%s fails after %d: %u links", faults[i].name, faults[i].skip, found[i]);
}

/* Namespaces that no process is in are known by a mount, as "ip netns add" makes it. */
static void test_named(void **state)
{
    if (!ready)
        skip();
    pid_t pid = own_network_start_container("/dev/null");
    if (pid < 0)
        skip();
    g_autofree char *command =
        g_strdup_printf("ip link add mw link v0 type macvlan && ip link set mw netns %d", pid);
    g_autofree char *place = g_strdup_printf("/proc/%d/ns/net", pid);
    gboolean moved = system(command) == 0;
    VvMount mounts[] = {
        {.target = (char *)"/", .type = (char *)"ext4", .root = (char *)"/"},
        {.target = place, .type = (char *)"nsfs", .root = (char *)"net:[1]", .whose = (char *)"a (pid 1)"},
        {.target = place, .type = (char *)"nsfs", .root = NULL},
        {.target = place, .type = (char *)"nsfs", .root = (char *)"mnt:[2]"},
        {.target = (char *)"/no/such/place", .type = (char *)"nsfs", .root = (char *)"net:[3]"},
        {.target = place, .type = (char *)"nsfs", .root = (char *)"net:[4]"},
        {.target = place, .type = (char *)"nsfs", .root = (char *)"net:[4]"},
    };

    only_mounts = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(mounts); i++)
        g_ptr_array_add(only_mounts, &mounts[i]);
    VvUsage *usage = own_network_usage();
    const GPtrArray *links = vv_usage_foreign_links(usage);
    own_network_stop_container(pid);
    g_clear_pointer(&only_mounts, g_ptr_array_unref);
    assert_true(moved);
    assert_int_equal(links->len, 1);
    assert_text(((VvForeignLink *)links->pdata[0])->name, "mw");
    assert_text(((VvForeignLink *)links->pdata[0])->whose, place);
    own_network_usage_free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_no_answer, tear_down),
        cmocka_unit_test_teardown(test_half_an_answer, tear_down),
        cmocka_unit_test_teardown(test_odd_messages, tear_down),
        cmocka_unit_test_teardown(test_no_way, tear_down),
        cmocka_unit_test_teardown(test_container, tear_down),
        cmocka_unit_test_teardown(test_named, tear_down),
    };

    ready = own_network_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
