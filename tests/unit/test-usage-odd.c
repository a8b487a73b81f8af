/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"

/* What a machine that changes while it is read, a kernel from before or after, or a half recorded machine can
 * look like: it must neither crash nor invent a reason. */

static int set_up(void **state)
{
    *state = usage_machine_new();
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void test_disk(void **state)
{
    usage_add_block(*state, "8:0", HBA "/host0/target0:0:0/0:0:0:0/block/sda");
    usage_add_block(*state, "104:0", HBA "/cciss0/block/cciss!c0d0");
    usage_put(*state, "sys/bus/pci/devices/" HBA "/cciss0/block/cciss!c0d0/uevent", "DEVNAME=cciss/c0d0\n");
    usage_link(*state, "sys/dev/block/8:99", "no-slash");
    usage_put(*state, "sys/dev/block/8:98", "no link");
    usage_put(*state, "proc/self/mountinfo", "");
    usage_put(*state, "proc/swaps", "");
    assert_usage(*state, HBA, "");
    usage_put(*state, "proc/self/mountinfo", "garbage\n\n22 1\n30 22 8:0 / / rw\n");
    usage_put(*state, "proc/swaps", "Filename\nhalf\n");
    usage_add_process(*state, 5, "a", "mnt:[7]", "relative", "/dev/sdaa", "/devious", NULL);
    usage_put(*state, "proc/5/mountinfo", "");
    usage_put(*state, "sys/fs/btrfs/uuid-2/devices/not-there", "");
    usage_put(*state, "run/udev/data/b8:0", "E:ID_FS_TYPE=\nE:ID_FS_LABEL=x\nE:ID_FS_LABEL=y\n");
    assert_usage(*state, HBA, "");
    usage_put(*state, "proc/self/mountinfo",
              "21 1 0:3 / /a rw - tmpfs none rw\n22 1 104:0 / / rw - ext4 /dev/cciss/c0d0 rw\n"
              "23 22 0:40 / /b rw - btrfs /dev/mapper/none rw\n24 22 0:41 / /c rw - fuse /dev/fuse rw\n"
              "25 22 0:5 / /data rw - tmpfs none rw\n");
    usage_put(*state, "proc/swaps",
              "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
              "/dev/cciss/c0d0 partition 1 0 -2\n/database file 1 0 -3\n");
    assert_usage(*state, HBA,
                 "disk-mounted block /dev/cciss/c0d0 is mounted on / (ext4)\n"
                 "disk-swap block /dev/cciss/c0d0 is swap space of this host\n"
                 "disk-swap block the swap file /database lies on /dev/cciss/c0d0\n");
    usage_put(*state, "proc/self/mountinfo", "22 1 0:5 / / rw - tmpfs tmpfs rw\n");
    usage_put(*state, "proc/swaps", "");
    usage_put(*state, "run/udev/data/b8:0", "E:ID_FS_TYPE=zfs_member\n");
    usage_put(*state, "run/udev/data/b104:0", "E:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=../x\n");
    usage_put(*state, "sys/dev/block/8:0/holders/gone", "");
    usage_add_virtual_block(*state, "7:0", "virtual/block/loop0");
    usage_put(*state, "sys/dev/block/7:0/loop/backing_file", "\n");
    assert_usage(*state, HBA,
                 "disk-data warn /dev/sda has data that the host does not use now: zfs_member\n"
                 "disk-data warn /dev/cciss/c0d0 has data that the host does not use now: zfs_member ../x\n");
}

/* A btrfs without a label, the uevent of a disk gone, and holders that go round in a circle. */
static void test_stack(void **state)
{
    usage_add_block(*state, "8:0", HBA "/host0/target0:0:0/0:0:0:0/block/sda");
    usage_put(*state, "sys/dev/block/8:0/uevent", "MAJOR=8\n");
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/sda", "");
    assert_usage(*state, HBA,
                 "disk-mounted block /dev/sda is part of the mounted btrfs file system uuid-1\n");
    usage_add_virtual_block(*state, "253:0", "virtual/block/dm-0");
    usage_add_virtual_block(*state, "253:1", "virtual/block/dm-1");
    usage_add_virtual_block(*state, "147:0", "virtual/block/drbd0");
    usage_hold(*state, "8:0", "dm-0");
    usage_hold(*state, "8:0", "drbd0");
    usage_hold(*state, "253:0", "dm-1");
    usage_hold(*state, "253:1", "dm-0");
    g_autofree char *said = usage_of(*state, HBA);
    assert_non_null(strstr(said, "disk-holder block the mapped device /dev/dm-0 lies on /dev/sda\n"));
    assert_non_null(strstr(said, "disk-holder block the device /dev/drbd0 lies on /dev/sda\n"));
}

static void test_network(void **state)
{
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_put(*state, "proc/net/route",
              "Iface\n\neth0\tZZ\neth0\t0000\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
              "eth0\t0000090A\t00000000\t0001\t0\t0\t0\t00FF\t0\t0\t0\n"
              "eth0\t0100090A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n"
              "eth0\t0000A00A\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0\n");
    usage_put(*state, "proc/net/ipv6_route",
              "zz 00\n2001 40 00 00 00 00 1 1 1 eth0\n"
              "2001zz00000000000000000000000000 40 00 00 00 00000100 1 1 1 eth0\n"
              "20010db8000000000000000000000000 ff 00 00 00 00000100 1 1 1 eth0\n");
    usage_put(*state, "proc/net/if_inet6",
              "\n2001 1 1 1 1 eth0\nfe8000000000000000000000000000zz 1 1 1 1 eth0\n");
    usage_put(*state, "proc/net/tcp", "x\n 0: 010A:0016 0200090A:D431 01\n 1: 0100090A:0016 02:D431 01\n");
    usage_put(*state, "proc/net/pppoe", "Id\nx\n1 2 wlan0\n");
    usage_put(*state, "proc/self/mountinfo",
              "30 1 0:40 / /m rw - nfs s:/ rw\n31 1 0:41 / /n rw - nfs4 s:/ rw,addr=192.0.2.1\n"
              "32 1 0:42 / /o rw - smb3 //s/x rw,addr=[2001:db8::9]\n33 1 0:43 / /p rw - 9p x rw\n");
    usage_add_at(*state, "iscsi_connection", "connection9:0", "virtual/iscsi_connection/connection9:0");
    usage_add_at(*state, "nvme", "nvme7", "virtual/nvme-fabrics/ctl/nvme7");
    usage_add_at(*state, "nvme", "nvme8", "virtual/nvme-fabrics/ctl/nvme8");
    usage_put(*state, "sys/class/nvme/nvme8/address", "nn-0x1:pn-0x2\n");
    assert_usage(*state, NIC, "");
    /* An address in 10.160.0.0/12, and the interface's flags. */
    usage_put(*state, "sys/class/net/eth0/flags", "0x1\n");
    usage_put(*state, "proc/net/tcp",
              "  0: 0100B00A:0016 0200090A:D431 01\n  1: 0100A20A:0016 0200090A:D431 01\n");
    assert_usage(*state, NIC,
                 "net-session block a TCP connection runs over eth0: 10.162.0.1 port 22 with 10.9.0.2 port "
                 "54321\n");
    usage_put(*state, "proc/net/tcp", "");
    usage_put(*state, "sys/class/net/eth0/flags", "nonsense\n");
    assert_usage(*state, NIC, "");
}

static void test_input(void **state)
{
    usage_add(*state, "input", "input1", USB "/usb1/input/input1");
    assert_usage(*state, USB, "");
    usage_put(*state, "sys/class/input/input1/capabilities/key", "2\n");
    assert_usage(*state, USB, "");
    usage_put(*state, "sys/class/input/input1/capabilities/key", "fffffffffffffffe\n");
    assert_usage(*state, USB, "input-last block the last keyboard of this host hangs on it (input1)\n");
    /* A touch pad: absolute, and touched. */
    usage_put(*state, "sys/class/input/input1/capabilities/key", "400 0 0 0 0 0\n");
    usage_put(*state, "sys/class/input/input1/capabilities/abs", "3\n");
    usage_put(*state, "sys/class/input/input1/capabilities/rel", "1\n");
    assert_usage(*state, USB, "input-last warn the last mouse of this host hangs on it (input1)\n");
    usage_put(*state, "sys/class/input/input1/capabilities/abs", "1\n");
    assert_usage(*state, USB, "");
}

static void test_display(void **state)
{
    usage_add(*state, "drm", "card0-DP-1", GPU "/drm/card0/card0-DP-1");
    usage_add_at(*state, "graphics", "fb3", "virtual/graphics/fb3");
    usage_add(*state, "graphics", "fb7", GPU "/graphics/fb7");
    usage_add_at(*state, "vtconsole", "vtcon0", "virtual/vtconsole/vtcon0");
    usage_put(*state, "sys/class/vtconsole/vtcon0/bind", "1\n");
    assert_usage(*state, GPU, "");
    usage_put(*state, "sys/bus/pci/devices/" GPU "/boot_vga", "x\n");
    assert_usage(*state, GPU, "");
}

static void test_claims(void **state)
{
    usage_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "many\n");
    assert_usage(*state, NIC, "");
    usage_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "2\n");
    usage_link(*state, "sys/bus/pci/devices/" NIC "/virtfn1", "../0000:7f:00.0");
    usage_add(*state, "net", "eth5", VF "/net/eth5");
    usage_add_process(*state, 9, "", NULL, "/dev/dri/card9", NULL);
    usage_add_char(*state, "226:9", "dri/card9", GPU "/drm/card9");
    usage_put(*state, "sys/dev/char/226:9/uevent", "no name\n");
    assert_usage(*state, NIC, "sriov-parent block 2 VFs of it would go too\n");
    assert_usage(*state, GPU, "");
    usage_put(*state, "sys/dev/char/226:9/uevent", "DEVNAME=dri/card9\n");
    assert_usage(*state, GPU, "process-holds block pid 9 holds /dev/dri/card9 open\n");
    /* The first one that is in use is enough; a link that leads nowhere is none. */
    usage_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "3\n");
    usage_link(*state, "sys/bus/pci/devices/" NIC "/virtfn2", "../nowhere");
    assert_usage(*state, NIC, "sriov-parent block 3 VFs of it would go too\n");
    fake_host_bind(*state, VF, "vfio-pci");
    assert_usage(*state, NIC,
                 "sriov-parent block 3 VFs of it would go too; " VF " is with vfio-pci, for a guest\n");
}

/* Links that have the address in them, but not as a part of the way. */
static void test_places(void **state)
{
    usage_link(*state, "sys/class/net/eth0", NIC "/net/eth0");
    usage_link(*state, "sys/class/net/eth1", "../../devices/pci0000:00/x" NIC "/net/eth1");
    usage_link(*state, "sys/class/net/eth2", "../../devices/pci0000:00/" NIC);
    usage_link(*state, "sys/class/net/eth3", "../../devices/pci0000:00/" NIC "x/net/eth3");
    usage_put(*state, "proc/net/route",
              "eth0\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\n"
              "eth1\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\n"
              "eth2\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\n"
              "eth3\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\n");
    assert_usage(*state, NIC, "");
}

/* Recorded without /proc. */
static void test_no_proc(void **state)
{
    FakeHost *fake = fake_host_new(GPU " class=030000 id=10de:1e84 driver=nouveau group=2\n" NVME
                                       " class=010802 id=144d:a808 driver=nvme group=3\n");

    usage_add_block(fake, "259:0", NVME "/nvme/nvme0/nvme0n1");
    assert_usage(fake, NVME, "");
    assert_usage(fake, GPU, "");
    fake_host_free(fake);
    usage_add_process(*state, 5, "a", "mnt:[7]", NULL);
    usage_put(*state, "proc/5/fd/0", "not a link");
    usage_add_block(*state, "259:0", NVME "/nvme/nvme0/nvme0n1");
    usage_put(*state, "run/udev/data/b259:0", "E:ID_FS_TYPE=ext4\nE:ID_FS_TYPE=xfs\n");
    assert_usage(*state, NVME, "disk-data warn /dev/nvme0n1 has data that the host does not use now: ext4\n");
}

static void test_targets(void **state)
{
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_link(*state, "sys/class/net/eth0/upper_gone0", "../gone0");
    usage_put(*state, "proc/net/route", "eth0\t0000090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n");
    usage_add_at(*state, "iscsi_connection", "connection1:0", "virtual/iscsi_connection/connection1:0");
    usage_put(*state, "sys/class/iscsi_connection/connection1:0/address", "storage.example\n");
    usage_add_at(*state, "nvme", "nvme7", "virtual/nvme-fabrics/ctl/nvme7");
    usage_put(*state, "sys/class/nvme/nvme7/address", "traddr=nn-0x1:pn-0x2\n");
    assert_usage(*state, NIC, "net-upper block the interface gone0 stands on eth0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stack, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_display, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_claims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_proc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_targets, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
