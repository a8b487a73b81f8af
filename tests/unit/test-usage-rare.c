/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"
#include "vfio/usage-network.h"

#include <unistd.h>

/* Set-ups that are right, but seldom seen. */

#define MOUNTS "22 1 0:5 / / rw - tmpfs tmpfs rw\n"
#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define ROUTE(i, to, via, mask) i "\t" to "\t" via "\t0003\t0\t0\t0\t" mask "\t0\t0\t0\n"
#define SESSION(n, local) " " n ": " local ":0016 0200090A:D431 01 0 0 0\n"

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

static void add_disks(FakeHost *fake)
{
    usage_add_block(fake, "8:0", HBA "/host0/target0:0:0/0:0:0:0/block/sda");
    usage_add_block(fake, "259:0", NVME "/nvme/nvme0/nvme0n1");
    usage_add_block(fake, "259:10", NVME2 "/nvme/nvme1/nvme1n1");
}

/* Two file systems over several disks each, and one of the disks has failed. */
static void test_btrfs(void **state)
{
    add_disks(*state);
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/nvme0n1", "");
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/gone", "");
    usage_put(*state, "sys/fs/btrfs/uuid-2/devices/nvme1n1", "");
    usage_put(*state, "sys/fs/btrfs/uuid-2/devices/sda", "");
    usage_put(*state, "proc/self/mountinfo",
              MOUNTS "30 22 0:45 / /a rw - btrfs /dev/nvme0n1 rw\n31 22 0:46 / /b rw - btrfs /dev/sda rw\n");
    assert_usage(*state, NVME, "disk-mounted block /dev/nvme0n1 is mounted on /a (btrfs)\n");
    assert_usage(*state, NVME2, "disk-mounted block /dev/nvme1n1 is mounted on /b (btrfs)\n");
    assert_usage(*state, HBA, "disk-mounted block /dev/sda is mounted on /b (btrfs)\n");
}

/* The deepest mount holds the file, wherever it is in the list; in a chroot there may be none. */
static void test_swap_file(void **state)
{
    add_disks(*state);
    usage_put(*state, "proc/swaps",
              "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/data/swap file 1 0 -2\n");
    usage_put(*state, "proc/self/mountinfo",
              "30 22 8:0 / /data rw - ext4 /dev/sda rw\n22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
    assert_usage(*state, HBA,
                 "disk-mounted block /dev/sda is mounted on /data (ext4)\n"
                 "disk-swap block the swap file /data/swap lies on /dev/sda\n");
    assert_usage(*state, NVME, "disk-mounted block /dev/nvme0n1 is mounted on / (ext4)\n");
    usage_put(*state, "proc/self/mountinfo", "30 22 8:0 / /other rw - ext4 /dev/sda rw\n");
    assert_usage(*state, HBA, "disk-mounted block /dev/sda is mounted on /other (ext4)\n");
}

static void test_names(void **state)
{
    add_disks(*state);
    usage_add_virtual_block(*state, "253:0", "virtual/block/dm-0");
    usage_put(*state, "sys/dev/block/253:0/dm/name", "\n");
    usage_hold(*state, "8:0", "dm-0");
    usage_add_virtual_block(*state, "9:1", "virtual/block/md1");
    usage_put(*state, "sys/dev/block/9:1/md/level", "\n");
    usage_hold(*state, "259:0", "md1");
    assert_usage(*state, HBA, "disk-holder block the mapped device /dev/dm-0 lies on /dev/sda\n");
    assert_usage(*state, NVME, "disk-holder block the MD array /dev/md1 (inactive) lies on /dev/nvme0n1\n");
}

/* By all the names that udev had. */
static void test_udev(void **state)
{
    add_disks(*state);
    usage_add_process(*state, 5, "systemd-udevd", NULL, "/dev/sda", NULL);
    usage_add_process(*state, 6, "udevd", NULL, "/dev/sda", NULL);
    assert_usage(*state, HBA, "");
    usage_add_process(*state, 7, "mkfs.ext4", NULL, "/dev/sda", NULL);
    assert_usage(*state, HBA, "disk-open block /dev/sda is held open by mkfs.ext4 (pid 7)\n");
}

/* The route with the longest prefix leads to a server, in whatever order they stand. */
static void test_best_route(void **state)
{
    static const char near[] = ROUTE("eth0", "0000090A", "00000000", "00FFFFFF"),
                      everywhere[] = ROUTE("eth1", "00000000", "0200000A", "00000000");

    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_add(*state, "net", "eth1", USB "/net/eth1");
    usage_put(*state, "proc/self/mountinfo", "30 1 0:40 / / rw - nfs4 s:/ rw,addrs=x,addr=10.9.0.2\n");
    for (int i = 0; i < 2; i++) {
        g_autofree char *routes = g_strconcat(ROUTES, i ? near : everywhere, i ? everywhere : near, NULL);
        usage_put(*state, "proc/net/route", routes);
        assert_usage(*state, NIC,
                     "net-root block the file system on / (nfs4) comes from 10.9.0.2 through eth0\n");
        assert_usage(*state, USB, "net-default-route block the IPv4 default route goes through eth1\n");
    }
    /* A line without a gateway, as PPP has it. */
    usage_put(*state, "proc/net/route", ROUTES ROUTE("eth0", "00000000", "00000000", "00000000"));
    usage_put(*state, "proc/self/mountinfo", MOUNTS);
    assert_usage(*state, NIC, "net-default-route block the IPv4 default route goes through eth0\n");
}

/* A server on the link has the interface behind its address (fs/smb/client/cifsfs.c, cifs_show_address). */
static void test_link_local_server(void **state)
{
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_put(*state, "proc/net/ipv6_route",
              "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
              "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n");
    usage_put(*state, "proc/self/mountinfo", MOUNTS "30 22 0:40 / /m rw - cifs //s/x rw,addr=fe80::1%2\n");
    assert_usage(*state, NIC,
                 "net-root block the file system on /m (cifs) comes from fe80::1 through eth0\n");
}

/* A container whose root comes over the network; this host's own does not. */
static void test_other_root(void **state)
{
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_put(*state, "proc/net/route", ROUTES ROUTE("eth0", "0000090A", "00000000", "00FFFFFF"));
    usage_add_process(*state, 5, "init", "mnt:[9]", NULL);
    usage_put(*state, "proc/5/mountinfo", "90 1 0:40 / / rw - nfs4 s:/ rw,addr=10.9.0.2\n");
    g_autoptr(VvHost) host = fake_host_scan(*state);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autoptr(GPtrArray) servers = vv_usage_servers(usage);
    assert_int_equal(servers->len, 1);
    assert_false(((VvServer *)servers->pdata[0])->is_root);
    assert_usage(*state, NIC,
                 "net-root block the file system on / (nfs4) comes from 10.9.0.2 through eth0\n");
}

/* One usage, asked about several functions: what is read once must serve all of them. */
static void test_asked_twice(void **state)
{
    usage_add(*state, "net", "eth0", NIC "/net/eth0");
    usage_add(*state, "net", "eth1", USB "/net/eth1");
    usage_put(*state, "proc/net/route",
              ROUTES ROUTE("eth1", "0000080A", "00000000", "00FFFFFF")
                  ROUTE("eth0", "0000090A", "00000000", "00FFFFFF"));
    usage_put(*state, "proc/net/tcp", "x\n" SESSION("0", "0100090A") SESSION("1", "0100080A"));
    g_autoptr(VvHost) host = fake_host_scan(*state);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    vv_usage_check(usage, vv_host_find(host, address_of(NIC)), reasons);
    vv_usage_check(usage, vv_host_find(host, address_of(USB)), reasons);
    assert_int_equal(reasons->len, 2);
    assert_non_null(strstr(((VvReason *)reasons->pdata[0])->detail, "over eth0"));
    assert_non_null(strstr(((VvReason *)reasons->pdata[1])->detail, "over eth1"));
    assert_ptr_equal(vv_usage_swaps(usage), vv_usage_swaps(usage));
}

static void light(FakeHost *fake, const char *connector, const char *place)
{
    g_autofree char *status = g_strdup_printf("sys/class/drm/%s/status", connector);
    g_autofree char *enabled = g_strdup_printf("sys/class/drm/%s/enabled", connector);

    usage_add(fake, "drm", connector, place);
    usage_put(fake, status, "connected\n");
    usage_put(fake, enabled, "enabled\n");
}

static void test_screens(void **state)
{
    /* Two lit screens elsewhere, and a card that is no VGA controller. */
    light(*state, "card0-DP-1", IGPU "/drm/card0/card0-DP-1");
    light(*state, "card0-DP-2", IGPU "/drm/card0/card0-DP-2");
    usage_put(*state, "sys/bus/pci/devices/" GPU "/boot_vga", "1\n");
    assert_usage(*state, GPU, "display-boot warn this host boots with it as its display\n");
    fake_host_add(*state, "0000:0a:00.0 class=030200 id=10de:2236 driver=nouveau group=12");
    assert_usage(*state, "0000:0a:00.0", "");
    light(*state, "card3-DP-1", "0000:0a:00.0/drm/card3/card3-DP-1");
    assert_usage(*state, "0000:0a:00.0", "display-active warn DP-1 is a lit screen; it will go dark\n");
}

/* Since Linux 6.9 the firmware's frame buffer sits below the function whose memory it is; vesafb never did.
 */
static void test_firmware_framebuffer(void **state)
{
    static const char said[] = "display-active warn the text console of this host is drawn by it\n";

    usage_add_at(*state, "vtconsole", "vtcon0", "virtual/vtconsole/vtcon0");
    usage_put(*state, "sys/class/vtconsole/vtcon0/bind", "1\n");
    usage_add(*state, "graphics", "fb3", GPU "/simple-framebuffer.0/graphics/fb3");
    usage_put(*state, "sys/bus/pci/devices/" IGPU "/boot_vga", "1\n");
    assert_usage(*state, GPU, "");
    usage_put(*state, "sys/class/vtconsole/vtcon0/name", "(M) frame buffer device\n");
    assert_usage(*state, GPU, said);
    g_autofree char *boot = usage_of(*state, IGPU);
    assert_null(strstr(boot, "console"));
    usage_add_at(*state, "graphics", "fb0", "platform/vesafb.0/graphics/fb0");
    assert_usage(*state, GPU, "");
    g_autofree char *vesa = usage_of(*state, IGPU);
    assert_non_null(strstr(vesa, said));
}

/* Half a keyboard, half a mouse: a power button, a remote control, a tablet that only hovers. */
static void test_half_inputs(void **state)
{
    static const struct {
        const char *key, *rel, *abs;
    } halves[] = {
        {"10002\n", "0\n", "0\n"},       {"80010002\n", "0\n", "0\n"},      {"10000000\n", "0\n", "0\n"},
        {"2\n", "3\n", "0\n"},           {"0 0 0 0 0\n", "3\n", "0\n"},     {"0\n", "0\n", "3\n"},
        {"0 0 0 0 0 0\n", "0\n", "3\n"}, {"70000 0 0 0 0\n", "1\n", "1\n"},
    };

    usage_add(*state, "input", "input1", USB "/usb1/input/input1");
    for (gsize i = 0; i < G_N_ELEMENTS(halves); i++) {
        usage_put(*state, "sys/class/input/input1/capabilities/key", halves[i].key);
        usage_put(*state, "sys/class/input/input1/capabilities/rel", halves[i].rel);
        usage_put(*state, "sys/class/input/input1/capabilities/abs", halves[i].abs);
        assert_usage(*state, USB, "");
    }
    usage_put(*state, "sys/class/input/input1/capabilities/key", "70000 0 0 0 90010002\n");
    assert_usage(*state, USB, "input-last block the last keyboard of this host hangs on it (input1)\n");
}

/* One that the Bluetooth stack itself made hangs on the adapter. */
static void test_bluetooth(void **state)
{
    usage_add(*state, "bluetooth", "hci0", USB "/usb1/1-3/bluetooth/hci0");
    usage_add_at(*state, "input", "input9", "virtual/bluetooth/hci0/input/input9");
    usage_put(*state, "sys/class/input/input9/capabilities/key", "90010002\n");
    usage_put(*state, "sys/class/input/input9/name", "Remote\n");
    assert_usage(*state, USB, "input-last block the last keyboard of this host hangs on it (Remote)\n");
    assert_usage(*state, USB2, "");
}

static void test_nvidia(void **state)
{
    fake_host_bind(*state, GPU, NULL);
    fake_host_add(*state, "drivers nvidia");
    fake_host_bind(*state, GPU, "nvidia");
    usage_add_process(*state, 7, "python3", NULL, "/dev/nvidia0", "/dev/nvidia0", "/dev/dri/card0", NULL);
    usage_put(*state, "proc/driver/nvidia/gpus/" GPU "/information", "Device Minor: \t unknown\n");
    assert_usage(*state, GPU, "process-holds block python3 (pid 7) holds /dev/nvidia0 open\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_btrfs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_swap_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_udev, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_best_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link_local_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asked_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_screens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_firmware_framebuffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_inputs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bluetooth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nvidia, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
