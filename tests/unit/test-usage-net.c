/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"

#include <stdio.h>

#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
/* 10.9.0.0/24 without a gateway: the interface has an address in there. */
#define NEAR(i) i "\t0000090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
#define DEFAULT(i) i "\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
#define SESSIONS                                                                                             \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 1 1 0\n"

static int set_up(void **state)
{
    *state = usage_machine_new();
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_add(*state, "net", "eth1", USB "/usb1/1-2/1-2:1.0/net/eth1");
    usage_add_at(*state, "net", "lo", "virtual/net/lo");
    usage_put(*state, "sys/class/net/bonding_masters", "");
    usage_put(*state, "sys/class/net/eth0/flags", "0x1003\n");
    usage_put(*state, "sys/class/net/eth1/flags", "0x1002\n");
    usage_put(*state, "proc/net/route", ROUTES);
    usage_put(*state, "proc/net/tcp", SESSIONS);
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

/* A virtual interface above eth0. */
static void add_upper(FakeHost *fake, const char *name, const char *type, gboolean is_master)
{
    g_autofree char *path = g_strdup_printf("virtual/net/%s", name);
    g_autofree char *uevent = g_strdup_printf("sys/devices/%s/uevent", path);
    g_autofree char *text = g_strdup_printf("%s%s%sINTERFACE=%s\n", type ? "DEVTYPE=" : "", type ? type : "",
                                            type ? "\n" : "", name);
    g_autofree char *upper = g_strdup_printf("sys/class/net/eth0/upper_%s", name);
    g_autofree char *target = g_strdup_printf("../../../../virtual/net/%s", name);

    usage_add_at(fake, "net", name, path);
    usage_put(fake, uevent, text);
    usage_link(fake, upper, target);
    if (is_master)
        usage_link(fake, "sys/class/net/eth0/master", target);
}

static void test_unused(void **state)
{
    assert_usage(*state, NIC, "");
    assert_usage(*state, USB, "");
    assert_usage(*state, VF, "");
    usage_put(*state, "proc/net/route", ROUTES DEFAULT("wlan0") NEAR("wlan0"));
    usage_put(*state, "proc/net/if_inet6",
              "fe800000000000000000000000000001 02 40 20 80     eth0\n"
              "00000000000000000000000000000001 01 80 10 80       lo\n");
    usage_put(*state, "proc/net/ipv6_route",
              "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
              "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
              "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
              "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n");
    assert_usage(*state, NIC, "");
}

static void test_default_route(void **state)
{
    usage_put(*state, "proc/net/route", ROUTES DEFAULT("eth0") DEFAULT("eth0") NEAR("eth0"));
    assert_usage(*state, NIC, "net-default-route block the IPv4 default route goes through eth0\n");
    assert_usage(*state, USB, "");
    usage_put(*state, "proc/net/route", ROUTES DEFAULT("eth1"));
    assert_usage(*state, USB, "net-default-route block the IPv4 default route goes through eth1\n");
    /* The two halves of a tunnel that takes everything. */
    usage_put(*state, "proc/net/route",
              ROUTES "eth0\t00000080\t0200090A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
                     "eth0\t000000E0\t0200090A\t0003\t0\t0\t0\t000000E0\t0\t0\t0\n"
                     "eth0\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n");
    assert_usage(*state, NIC, "net-default-route block the IPv4 default route goes through eth0\n");
    usage_put(*state, "proc/net/route", ROUTES);
    usage_put(*state, "proc/net/ipv6_route",
              "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
              "fe800000000000000000000000000002 00000400 00000001 00000000 00000003     eth0\n");
    assert_usage(*state, NIC, "net-default-route block the IPv6 default route goes through eth0\n");
}

static void test_uppers(void **state)
{
    add_upper(*state, "eth0.5", "vlan", FALSE);
    assert_usage(*state, NIC, "net-upper block the vlan eth0.5 stands on eth0\n");
}

static void test_bridge(void **state)
{
    add_upper(*state, "br0", "bridge", TRUE);
    usage_put(*state, "proc/net/route", ROUTES DEFAULT("br0") NEAR("br0"));
    assert_usage(*state, NIC,
                 "net-default-route block the IPv4 default route goes through br0, which stands on eth0\n"
                 "net-upper block eth0 is a port of the bridge br0\n");
}

/* A team has no type of its own; a VLAN on it has the address. */
static void test_team(void **state)
{
    add_upper(*state, "team0", NULL, TRUE);
    usage_add_at(*state, "net", "team0.7", "virtual/net/team0.7");
    usage_link(*state, "sys/class/net/team0/upper_team0.7", "../team0.7");
    usage_link(*state, "sys/class/net/team0.7/upper_team0", "../team0");
    usage_put(*state, "proc/net/route", ROUTES NEAR("team0.7"));
    usage_put(*state, "proc/net/tcp", SESSIONS "   0: 0100090A:0016 0200090A:D431 01" REST);
    assert_usage(
        *state, NIC,
        "net-upper block eth0 is a port of the interface team0\n"
        "net-session block a TCP connection runs over team0.7, which stands on eth0: 10.9.0.1 port 22 "
        "with 10.9.0.2 port 54321\n");
}

/* As recorded with Open vSwitch 3.1: every port has ovs-system as its master, whatever its bridge. */
static void test_ovs(void **state)
{
    add_upper(*state, "ovs-system", NULL, TRUE);
    usage_add_at(*state, "net", "br-ex", "virtual/net/br-ex");
    usage_put(*state, "proc/net/route", ROUTES DEFAULT("br-ex") NEAR("br-ex"));
    assert_usage(*state, NIC, "net-upper block eth0 is a port of the Open vSwitch ovs-system\n");
}

static void test_session(void **state)
{
    usage_put(*state, "proc/net/route", ROUTES NEAR("eth0"));
    usage_put(*state, "proc/net/tcp",
              SESSIONS "   0: 00000000:0016 00000000:0000 0A" REST "   1: 0100000A:0016 0200000A:D431 01" REST
                       "   2: 0100090A:0016 0200090A:D431 06" REST "garbage\n");
    assert_usage(*state, NIC, "net-up warn eth0 is up with an address in 10.9.0.0\n");
    usage_put(*state, "proc/net/tcp",
              SESSIONS "   0: 0100090A:0016 0200090A:D431 01" REST
                       "   1: 0100090A:0016 0200090A:D432 01" REST);
    usage_put(*state, "proc/net/tcp6",
              SESSIONS
              "   0: 0000000000000000FFFF00000100090A:0016 0000000000000000FFFF00000200090A:D433 01" REST);
    assert_usage(
        *state, NIC,
        "net-session block a TCP connection runs over eth0: 10.9.0.1 port 22 with 10.9.0.2 port 54321, "
        "and 2 more\n");
}

static void test_session6(void **state)
{
    usage_put(*state, "proc/net/if_inet6", "20010db8000000000000000000000001 02 40 00 80     eth0\nbad\n");
    usage_put(*state, "proc/net/tcp6",
              SESSIONS
              "   0: B80D0120000000000000000001000000:0016 B80D0120000000000000000002000000:D431 01" REST);
    assert_usage(
        *state, NIC,
        "net-session block a TCP connection runs over eth0: 2001:db8::1 port 22 with 2001:db8::2 port "
        "54321\n");
    usage_put(*state, "proc/net/tcp6", SESSIONS);
    assert_usage(*state, NIC, "net-up warn eth0 is up with an address in 2001:db8::1\n");
    usage_put(*state, "sys/class/net/eth0/flags", "0x1002\n");
    assert_usage(*state, NIC, "");
}

static void test_root(void **state)
{
    static const struct {
        const char *line, *said;
    } mounts[] = {
        {"30 1 0:40 / / rw - nfs4 s:/ rw,vers=4.2,addr=10.9.0.2,x", "the file system on / (nfs4)"},
        {"30 1 0:40 / /m rw - cifs //s/x rw,addr=10.9.0.2", "the file system on /m (cifs)"},
        {"30 1 0:40 / /m rw - ceph 10.9.0.2:6789,10.9.0.3:6789:/ rw", "the file system on /m (ceph)"},
        {"30 1 0:40 / /m rw - ceph a@b.c=/ rw,mon_addr=10.9.0.2:6789/10.9.0.3:6789",
         "the file system on /m (ceph)"},
        {"30 1 0:40 / /m rw - 9p 10.9.0.2 rw,trans=tcp", "the file system on /m (9p)"},
        {"30 1 0:40 / /m rw - 9p root9 rw,trans=virtio", NULL},
        {"30 1 0:40 / /m rw - nfs s:/ rw,addr=10.8.0.2", NULL},
        {"30 1 0:40 / /m rw - nfs s:/ rw,addr=nonsense", NULL},
    };

    usage_put(*state, "sys/class/net/eth0/flags", "0x1002\n");
    usage_put(*state, "proc/net/route", ROUTES NEAR("eth0"));
    for (gsize i = 0; i < G_N_ELEMENTS(mounts); i++) {
        g_autofree char *text = g_strdup_printf("%s\n", mounts[i].line);
        g_autofree char *line =
            mounts[i].said
                ? g_strdup_printf("net-root block %s comes from 10.9.0.2 through eth0\n", mounts[i].said)
                : g_strdup("");
        usage_put(*state, "proc/self/mountinfo", text);
        assert_usage(*state, NIC, line);
    }
}

static void test_network_disks(void **state)
{
    usage_put(*state, "sys/class/net/eth0/flags", "0x1002\n");
    usage_put(*state, "proc/net/route", ROUTES NEAR("eth0"));
    usage_add_at(*state, "iscsi_connection", "connection1:0",
                 "platform/host9/session1/connection1:0/iscsi_connection/connection1:0");
    usage_put(*state, "sys/class/iscsi_connection/connection1:0/address", "10.9.0.7\n");
    usage_add_at(*state, "nvme", "nvme7", "virtual/nvme-fabrics/ctl/nvme7");
    usage_put(*state, "sys/class/nvme/nvme7/address", "traddr=10.9.0.8,trsvcid=4420,src_addr=10.9.0.1\n");
    usage_add(*state, "nvme", "nvme0", NVME "/nvme/nvme0");
    usage_put(*state, "sys/class/nvme/nvme0/address", NVME "\n");
    assert_usage(*state, NIC,
                 "net-root block the iSCSI target 10.9.0.7 comes from 10.9.0.7 through eth0\n"
                 "net-root block the NVMe target 10.9.0.8 (nvme7) comes from 10.9.0.8 through eth0\n");
}

static void test_pppoe(void **state)
{
    usage_put(*state, "proc/net/pppoe",
              "Id       Address              Device\n0000000A 00:11:22:33:44:55     eth0\n");
    assert_usage(*state, NIC, "net-upper block a PPPoE session runs over eth0\n");
}

/* The folder for interfaces is there, and empty to those who are in another namespace. */
static void test_moved(void **state)
{
    usage_put(*state, "sys/devices/pci0000:00/" VF "/net/eth9/flags", "0x1002\n");
    assert_usage(*state, VF, "");
    usage_put(*state, "sys/devices/pci0000:00/" VF "/virtio7/net/eth9/flags", "0x1002\n");
    assert_usage(*state, VF, "");
    g_autofree char *gone =
        g_strdup_printf("%s/sys/devices/pci0000:00/" VF "/virtio7/net/eth9", fake_host_root(*state));
    g_autofree char *hidden = g_strdup_printf("%s/sys/hidden", fake_host_root(*state));
    assert_int_equal(rename(gone, hidden), 0);
    assert_usage(*state, VF,
                 "net-up block its interface was moved into another network namespace; how it is used there "
                 "does not show\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_default_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uppers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bridge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_team, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ovs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_session6, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_network_disks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pppoe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moved, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
