/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "asked-host.h"
#include <sys/socket.h>

#define TEN_NINE_ONE                                                                                         \
    {                                                                                                        \
        .family = AF_INET, .bytes = { 10, 9, 0, 1 }                                                          \
    }

/* What netlink tells, and no file does. */

static int set_up(void **state)
{
    asked_reset();
    *state = usage_machine_new();
    return 0;
}

static int tear_down(void **state)
{
    asked_reset();
    fake_host_free(*state);
    return 0;
}

/* Its VF is another function's matter; on the running machine it counts as soon as its link is there. */
static void add_interface(FakeHost *fake)
{
    fake_host_set_vfs(fake, NIC, 0);
    usage_add(fake, "net", "eth0", NIC "/net/eth0");
    usage_put(fake, "sys/class/net/eth0/flags", "0x1003\n");
    asked_go_live(fake);
}

static void test_tables(void **state)
{
    static const VvRoute defaults[] = {
        {(char *)"eth0", {.family = AF_INET}, 0, 254},  {(char *)"eth0", {.family = AF_INET}, 0, 100},
        {(char *)"eth0", {.family = AF_INET6}, 0, 100}, {(char *)"wlan0", {.family = AF_INET}, 0, 254},
        {(char *)"eth0", {.family = AF_INET}, 1, 100},  {NULL, {0}, 0, 0},
    };

    add_interface(*state);
    asked.netlink_answers = TRUE;
    asked.defaults = defaults;
    assert_usage(*state, NIC,
                 "net-default-route block the IPv4 default route goes through eth0\n"
                 "net-default-route block the IPv4 default route of table 100 goes through eth0\n"
                 "net-default-route block the IPv6 default route of table 100 goes through eth0\n");
    /* What a kernel says that then fails does not count; text does. */
    asked.netlink_answers = FALSE;
    assert_usage(*state, NIC, "");
}

static void test_up(void **state)
{
    static const VvRoute addresses[] = {
        {(char *)"eth0", TEN_NINE_ONE, 32, 0},
        {(char *)"wlan0", TEN_NINE_ONE, 32, 0},
        {(char *)"eth0", {.family = AF_INET6, .bytes = {0xfe, 0x80, 1}}, 128, 0},
        {(char *)"eth0", {.family = AF_INET6, .bytes = {0xfe, 0xc0, 1}}, 128, 0},
        {NULL, {0}, 0, 0},
    };

    add_interface(*state);
    asked.netlink_answers = TRUE;
    asked.addresses = addresses;
    assert_usage(*state, NIC,
                 "net-up warn eth0 is up with 10.9.0.1\n"
                 "net-up warn eth0 is up with fec0:100::\n");
}

/* Containers' interfaces on ours. */
static void test_foreign(void **state)
{
    static const VvForeignLink foreign[] = {
        {(char *)"mv0", (char *)"macvlan", (char *)"dockerd (pid 5)", NULL, 7},
        {(char *)"odd", NULL, (char *)"/run/netns/a", NULL, 7},
        {(char *)"mv1", (char *)"macvlan", (char *)"x", NULL, 8},
        {(char *)"eth9", NULL, (char *)"x", (char *)VF, 0},
        {0},
    };

    add_interface(*state);
    asked.netlink_answers = TRUE;
    asked.foreign = foreign;
    assert_usage(*state, NIC,
                 "net-upper block the macvlan mv0 in the network namespace of dockerd (pid 5) stands on "
                 "eth0\n"
                 "net-upper block the interface odd in the network namespace of /run/netns/a stands on "
                 "eth0\n");
}

/* An interface of the function itself is in a container. */
static void test_moved(void **state)
{
    static const VvForeignLink foreign[] = {
        {(char *)"eth8", NULL, (char *)"podman (pid 6)", (char *)NIC, 0},
        {(char *)"eth9", NULL, (char *)"dockerd (pid 5)", (char *)VF, 0},
        {0},
    };
    g_autofree char *empty = g_strdup_printf("%s/sys/devices/pci0000:00/" VF "/net", fake_host_root(*state));

    assert_int_equal(g_mkdir_with_parents(empty, 0755), 0);
    asked_go_live(*state);
    asked.netlink_answers = TRUE;
    asked.foreign = foreign;
    assert_usage(*state, VF,
                 "net-up block its interface was moved into the network namespace of dockerd (pid 5); how it "
                 "is used there does not show\n");
}

static void test_kinds(void **state)
{
    add_interface(*state);
    asked.netlink_answers = TRUE;
    usage_add_at(*state, "net", "team0", "virtual/net/team0");
    usage_link(*state, "sys/class/net/eth0/upper_team0", "../../../../virtual/net/team0");
    assert_usage(*state, NIC, "net-upper block the interface team0 stands on eth0\n");
    asked.kind = "team";
    assert_usage(*state, NIC, "net-upper block the team team0 stands on eth0\n");
    /* A master that made no link of its own. */
    usage_add_at(*state, "net", "vrf0", "virtual/net/vrf0");
    usage_link(*state, "sys/class/net/eth0/master", "../../../../virtual/net/vrf0");
    asked.kind = "vrf";
    assert_usage(*state, NIC,
                 "net-upper block the vrf team0 stands on eth0\n"
                 "net-upper block eth0 is a port of the vrf vrf0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
