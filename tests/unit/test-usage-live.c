/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "own-network.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* What asks the kernel and not files. Skipped where the test cannot have a network of its own. */

static gboolean ready;

static int set_up(void **state)
{
    *state = own_network_usage();
    return 0;
}

static int tear_down(void **state)
{
    own_network_usage_free(*state);
    return 0;
}

static guint count_routes(const GPtrArray *routes, const char *interface, int family, guint32 table)
{
    guint count = 0;

    for (guint i = 0; i < routes->len; i++) {
        const VvRoute *route = routes->pdata[i];
        count +=
            strcmp(route->interface, interface) == 0 && route->ip.family == family && route->table == table;
    }
    return count;
}

static void test_routes(void **state)
{
    if (!ready)
        skip();
    const VvNetwork *network = vv_usage_network(*state);

    assert_true(network->live);
    assert_int_equal(network->defaults->len, 4);
    assert_int_equal(count_routes(network->defaults, "v0", AF_INET, 254), 1);
    assert_int_equal(count_routes(network->defaults, "v0", AF_INET, 100), 2);
    assert_int_equal(count_routes(network->defaults, "v0", AF_INET6, 254), 1);
    assert_int_equal(count_routes(network->addresses, "v0", AF_INET, 0), 1);
    assert_int_equal(count_routes(network->addresses, "lo", AF_INET6, 0), 1);
    assert_true(count_routes(network->addresses, "v0", AF_INET6, 0) >= 1);
}

static void test_route_to(void **state)
{
    if (!ready)
        skip();
    static const struct {
        const char *address, *interface;
    } ways[] = {{"10.9.0.7", "v0"},    {"10.8.0.1", "v0"},  {"192.0.2.1", "v0"},
                {"2001:db8::7", "v0"}, {"127.0.0.1", "lo"}, {"fd00::1", NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        VvIp ip = {0};
        assert_true(vv_ip_parse(ways[i].address, &ip));
        g_autofree char *interface = vv_network_route_to(*state, &ip);
        assert_text(interface, ways[i].interface);
    }
    g_autofree char *macvlan = vv_netlink_kind("mv"), *loopback = vv_netlink_kind("lo"),
                    *none = vv_netlink_kind("nowhere");
    assert_text(macvlan, "macvlan");
    assert_null(loopback);
    assert_null(none);
}

static void test_container(void **state)
{
    if (!ready)
        skip();
    pid_t pid = own_network_start_container("/dev/fuse");
    if (pid < 0)
        skip();
    g_autofree char *command = g_strdup_printf("ip link set mv netns %d", pid);
    g_autofree char *who = g_strdup_printf("(pid %d)", pid);
    gboolean moved = system(command) == 0;
    const GPtrArray *links = vv_usage_foreign_links(*state);
    g_autoptr(GPtrArray) openers = vv_usage_openers(*state, FALSE, "10:229", "fuse");
    g_autoptr(GPtrArray) others = vv_usage_openers(*state, TRUE, "10:229", "fuse");

    own_network_stop_container(pid);
    assert_true(moved);
    assert_int_equal(links->len, 1);
    const VvForeignLink *link = links->pdata[0];
    assert_text(link->name, "mv");
    assert_text(link->kind, "macvlan");
    assert_int_equal(link->lower, if_nametoindex("v0"));
    assert_non_null(strstr(link->whose, who));
    assert_int_equal(openers->len, 1);
    assert_non_null(strstr(openers->pdata[0], who));
    assert_int_equal(others->len, 0);
}

static void test_mounts(void **state)
{
    if (!ready)
        skip();
    const GPtrArray *mounts = vv_usage_mounts(*state);
    gboolean has_root = FALSE;

    for (guint i = 0; i < mounts->len; i++)
        has_root = has_root || strcmp(((const VvMount *)mounts->pdata[i])->target, "/") == 0;
    assert_true(has_root);
    assert_non_null(vv_usage_swaps(*state));
    /* No such disk: neither can be asked. */
    const VvNode node = {.name = "0:0", .place = "x/no-such-disk", .base = "no-such-disk"};
    assert_false(vv_usage_is_exclusive(*state, &node));
    assert_null(vv_usage_signature(*state, &node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_routes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_route_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_container, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mounts, set_up, tear_down),
    };

    ready = own_network_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
