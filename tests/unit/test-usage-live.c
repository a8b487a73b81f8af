/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vfio/usage-network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What asks the kernel and not files, in a user and network namespace of this test's own: nothing of the
 * machine is touched, and no right on it is needed. Skipped where such namespaces cannot be made. */

static gboolean ready;

static gboolean put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

static gboolean make_network(void)
{
    g_autofree char *map = g_strdup_printf("0 %u 1", getuid());

    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && put("/proc/self/uid_map", map) &&
           system("exec 2>/dev/null; ip link set lo up && ip link add v0 type veth peer name v1 && "
                  "ip link set v0 up && ip link set v1 up && ip addr add 10.9.0.1/24 dev v0 && "
                  "ip -6 addr add 2001:db8::1/64 dev v0 nodad && ip route add default via 10.9.0.2 dev v0 && "
                  "ip route add unreachable default metric 9999 && "
                  "ip route add default table 100 nexthop via 10.9.0.3 dev v0 nexthop via 10.9.0.4 dev v0 && "
                  "ip route add 10.8.0.0/24 via 10.9.0.2 && ip -6 route add 2000::/3 via 2001:db8::2 && "
                  "ip link add mv link v0 type macvlan && ip link set mv up") == 0;
}

static int set_up(void **state)
{
    VvUsage *usage = g_new0(VvUsage, 1);

    usage->sysfs = vv_sysfs_new(NULL, NULL);
    usage->folders =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    *state = usage;
    return 0;
}

static int tear_down(void **state)
{
    VvUsage *usage = *state;

    vv_sysfs_free((VvSysfs *)usage->sysfs);
    vv_usage_free(usage);
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

/* A process that holds a device node open, in a network namespace of its own. */
static pid_t start_container(const char *node)
{
    int ready_pipe[2];
    char byte;
    assert_int_equal(pipe(ready_pipe), 0);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        if (unshare(CLONE_NEWNET) != 0 || open(node, O_RDONLY) < 0 || write(ready_pipe[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready_pipe[1]);
    gboolean done = read(ready_pipe[0], &byte, 1) == 1;
    close(ready_pipe[0]);
    if (!done)
        waitpid(pid, NULL, 0);
    return done ? pid : -1;
}

static void test_container(void **state)
{
    if (!ready)
        skip();
    pid_t pid = start_container("/dev/fuse");
    if (pid < 0)
        skip();
    g_autofree char *command = g_strdup_printf("ip link set mv netns %d", pid);
    g_autofree char *who = g_strdup_printf("(pid %d)", pid);
    gboolean moved = system(command) == 0;
    const GPtrArray *links = vv_usage_foreign_links(*state);
    g_autoptr(GPtrArray) openers = vv_usage_openers(*state, FALSE, "10:229", "fuse");
    g_autoptr(GPtrArray) others = vv_usage_openers(*state, TRUE, "10:229", "fuse");

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
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

    ready = make_network();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
