/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"

#define DISK NVME "/nvme/nvme0/nvme0n1"
#define MOUNTS "22 1 0:5 / / rw - tmpfs tmpfs rw\n"

static int set_up(void **state)
{
    *state = usage_machine_new();
    usage_add_block(*state, "259:0", DISK);
    usage_add_block(*state, "259:1", DISK "/nvme0n1p1");
    usage_add_block(*state, "259:2", DISK "/nvme0n1p2");
    usage_add_block(*state, "259:10", NVME2 "/nvme/nvme1/nvme1n1");
    usage_add_block(*state, "8:0", HBA "/host0/target0:2:0/0:2:0:0/block/sda");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void mount_also(FakeHost *fake, const char *line)
{
    g_autofree char *text = g_strdup_printf("%s%s\n", MOUNTS, line);

    usage_put(fake, "proc/self/mountinfo", text);
}

static void swap_to(FakeHost *fake, const char *line)
{
    g_autofree char *text = g_strdup_printf("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n%s\n", line);

    usage_put(fake, "proc/swaps", text);
}

static void test_unused(void **state)
{
    static const char *const all[] = {GPU, AUDIO, NVME, NVME2, HBA, NIC, VF, USB, USB2, SERIAL, IGPU, TAKEN};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        assert_usage(*state, all[i], "");
}

static void test_mounted(void **state)
{
    mount_also(*state, "30 22 259:2 / /home\\040of\\040all rw - ext4 /dev/nvme0n1p2 rw");
    assert_usage(*state, NVME, "disk-mounted block /dev/nvme0n1p2 is mounted on /home of all (ext4)\n");
    assert_usage(*state, NVME2, "");
    mount_also(*state, "30 22 259:2 / / rw - ext4 /dev/root rw\n31 30 259:2 /a /b rw - ext4 /dev/root rw\n"
                       "32 30 259:2 /a /c rw - ext4 /dev/root rw\n33 30 259:2 /a /d rw - ext4 /dev/root rw");
    assert_usage(*state, NVME,
                 "disk-mounted block /dev/nvme0n1p2 is mounted on /, /b, /c and 1 more (ext4)\n");
    mount_also(*state, "30 22 8:0 / /mnt rw - xfs /dev/sda rw");
    assert_usage(*state, HBA, "disk-mounted block /dev/sda is mounted on /mnt (xfs)\n");
}

static void test_other_mount_namespace(void **state)
{
    usage_add_process(*state, 812, "dockerd", "mnt:[2]", NULL);
    usage_add_process(*state, 813, "dockerd", "mnt:[2]", NULL);
    usage_add_process(*state, 814, "bash", NULL, NULL);
    usage_put(*state, "proc/812/mountinfo", MOUNTS "30 22 259:0 / /data rw - ext4 /dev/nvme0n1 rw\n");
    usage_put(*state, "proc/814/mountinfo", "never read");
    assert_usage(*state, NVME,
                 "disk-mounted block /dev/nvme0n1 is mounted on /data (ext4) in the mount namespace of "
                 "dockerd (pid 812)\n");
    mount_also(*state, "30 22 259:0 / /mnt rw - ext4 /dev/nvme0n1 rw");
    assert_usage(*state, NVME, "disk-mounted block /dev/nvme0n1 is mounted on /mnt (ext4)\n");
}

static void test_btrfs(void **state)
{
    usage_put(*state, "sys/fs/btrfs/features/raid56", "");
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/nvme0n1p1", "");
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/nvme1n1", "");
    usage_put(*state, "sys/fs/btrfs/uuid-1/label", "tank\n");
    mount_also(*state, "30 22 0:45 /@ /srv rw - btrfs /dev/nvme1n1 rw");
    assert_usage(*state, NVME, "disk-mounted block /dev/nvme0n1p1 is mounted on /srv (btrfs)\n");
    assert_usage(*state, NVME2, "disk-mounted block /dev/nvme1n1 is mounted on /srv (btrfs)\n");
    mount_also(*state, "30 22 0:45 /@ /srv rw - btrfs /dev/root rw");
    assert_usage(*state, NVME,
                 "disk-mounted block /dev/nvme0n1p1 is part of the mounted btrfs file system tank\n");
}

static void test_sources(void **state)
{
    /* bcachefs names all of its devices. */
    mount_also(*state, "30 22 0:46 / /bc rw - bcachefs /dev/sda:/dev/nvme1n1 rw");
    assert_usage(*state, HBA, "disk-mounted block /dev/sda is mounted on /bc (bcachefs)\n");
    assert_usage(*state, NVME2, "disk-mounted block /dev/nvme1n1 is mounted on /bc (bcachefs)\n");
    mount_also(*state, "30 22 0:46 / /n rw - nfs4 server:/dev/sda rw,addr=10.0.0.1");
    assert_usage(*state, HBA, "");
}

static void test_swap(void **state)
{
    swap_to(*state, "/dev/nvme0n1p1                          partition\t1048572\t\t0\t\t-2");
    assert_usage(*state, NVME, "disk-swap block /dev/nvme0n1p1 is swap space of this host\n");
    mount_also(*state, "30 22 8:0 / /data rw - ext4 /dev/sda rw\n31 22 0:6 / /data2 rw - tmpfs t rw");
    swap_to(*state, "/data/swap\\040file                          file\t1048572\t\t0\t\t-2\n"
                    "/data2/other                          file\t1048572\t\t0\t\t-3");
    assert_usage(*state, NVME, "");
    assert_usage(*state, HBA,
                 "disk-mounted block /dev/sda is mounted on /data (ext4)\n"
                 "disk-swap block the swap file /data/swap file lies on /dev/sda\n");
}

static void add_mapped(FakeHost *fake, const char *number, const char *path, const char *name,
                       const char *uuid)
{
    g_autofree char *name_path = g_strdup_printf("sys/devices/%s/dm/name", path);
    g_autofree char *uuid_path = g_strdup_printf("sys/devices/%s/dm/uuid", path);

    usage_add_virtual_block(fake, number, path);
    usage_put(fake, name_path, name);
    usage_put(fake, uuid_path, uuid);
}

static void test_holders(void **state)
{
    static const struct {
        const char *uuid, *said;
    } kinds[] = {
        {"LVM-abc\n", "the LVM volume"},
        {"CRYPT-LUKS2-abc\n", "the encrypted volume"},
        {"mpath-abc\n", "the multipath device"},
        {"part1-mpath-abc\n", "a partition of"},
        {"DMRAID-abc\n", "the firmware RAID"},
        {"abc\n", "the mapped device"},
        {"\n", "the mapped device"},
    };

    usage_hold(*state, "259:1", "dm-0");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!i)
            add_mapped(*state, "253:0", "virtual/block/dm-0", "vg0-home\n", "\n");
        usage_put(*state, "sys/devices/virtual/block/dm-0/dm/uuid", kinds[i].uuid);
        g_autofree char *line = g_strdup_printf(
            "disk-holder block %s /dev/mapper/vg0-home lies on /dev/nvme0n1p1\n", kinds[i].said);
        assert_usage(*state, NVME, line);
    }
    usage_add_virtual_block(*state, "9:127", "virtual/block/md127");
    usage_add_virtual_block(*state, "259:20", "virtual/block/md127/md127p1");
    usage_hold(*state, "259:10", "md127");
    assert_usage(*state, NVME2,
                 "disk-holder block the MD array /dev/md127 (inactive) lies on /dev/nvme1n1\n");
    usage_put(*state, "sys/devices/virtual/block/md127/md/level", "raid1\n");
    mount_also(*state, "30 22 259:20 / /srv rw - ext4 /dev/md127p1 rw");
    assert_usage(*state, NVME2,
                 "disk-holder block the MD array /dev/md127 (raid1) lies on /dev/nvme1n1\n"
                 "disk-mounted block /dev/md127p1, which lies on /dev/nvme1n1, is mounted on /srv (ext4)\n");
}

/* Encryption on LVM on two disks; what is mounted on top is said once for each. */
static void test_stack(void **state)
{
    add_mapped(*state, "253:0", "virtual/block/dm-0", "vg0-all\n", "LVM-x\n");
    add_mapped(*state, "253:1", "virtual/block/dm-1", "luks\n", "CRYPT-LUKS2-x\n");
    usage_hold(*state, "259:1", "dm-0");
    usage_hold(*state, "259:2", "dm-0");
    usage_hold(*state, "253:0", "dm-1");
    usage_hold(*state, "253:1", "gone-meanwhile");
    mount_also(*state, "30 22 253:1 / /home rw - ext4 /dev/mapper/luks rw");
    swap_to(*state, "/home/swap file 1 0 -2");
    assert_usage(
        *state, NVME,
        "disk-holder block the LVM volume /dev/mapper/vg0-all lies on /dev/nvme0n1p1\n"
        "disk-mounted block /dev/mapper/luks, which lies on /dev/nvme0n1p1, is mounted on /home (ext4)\n"
        "disk-swap block the swap file /home/swap lies on /dev/mapper/luks, which lies on "
        "/dev/nvme0n1p1,\n"
        "disk-holder block the LVM volume /dev/mapper/vg0-all lies on /dev/nvme0n1p2\n");
}

static void test_bcache(void **state)
{
    usage_add_virtual_block(*state, "252:0", "virtual/block/bcache0");
    usage_hold(*state, "8:0", "bcache0");
    usage_put(*state, "sys/dev/block/8:0/bcache/running", "1\n");
    usage_put(*state, "sys/dev/block/259:10/bcache/set", "");
    assert_usage(*state, HBA, "disk-holder block the bcache device /dev/bcache0 lies on /dev/sda\n");
    assert_usage(*state, NVME2, "disk-holder block /dev/nvme1n1 is a cache of bcache\n");
}

static void test_loop(void **state)
{
    usage_add_virtual_block(*state, "7:0", "virtual/block/loop0");
    usage_add_virtual_block(*state, "7:1", "virtual/block/loop1");
    usage_add_virtual_block(*state, "7:2", "virtual/block/loop2");
    usage_put(*state, "sys/dev/block/7:0/loop/backing_file", "/dev/nvme1n1\n");
    usage_put(*state, "sys/dev/block/7:1/loop/backing_file", "/data/disk.img (deleted)\n");
    mount_also(*state,
               "30 22 8:0 / /data rw - ext4 /dev/sda rw\n31 22 7:1 / /img rw - iso9660 /dev/loop1 rw");
    assert_usage(*state, NVME2, "disk-holder block the loop device /dev/loop0 lies on /dev/nvme1n1\n");
    assert_usage(*state, HBA,
                 "disk-mounted block /dev/sda is mounted on /data (ext4)\n"
                 "disk-holder block the loop device /dev/loop1 lies on /dev/sda\n"
                 "disk-mounted block /dev/loop1, which lies on /dev/sda, is mounted on /img (iso9660)\n");
}

static void test_mapper_names(void **state)
{
    add_mapped(*state, "253:7", "virtual/block/dm-7", "vg0-root\n", "LVM-x\n");
    usage_hold(*state, "8:0", "dm-7");
    usage_put(*state, "sys/fs/btrfs/uuid-1/devices/dm-7", "");
    mount_also(*state, "30 22 0:45 / / rw - btrfs /dev/mapper/vg0-root rw");
    assert_usage(
        *state, HBA,
        "disk-holder block the LVM volume /dev/mapper/vg0-root lies on /dev/sda\n"
        "disk-mounted block /dev/mapper/vg0-root, which lies on /dev/sda, is mounted on / (btrfs)\n");
}

static void test_open(void **state)
{
    usage_add_process(*state, 700, "(udev-worker)", NULL, "/dev/nvme0n1", NULL);
    usage_add_process(*state, 701, "qemu-system-x86", NULL, "/dev/null", "/dev/nvme0n1p1", "/dev/nvme0n1p1",
                      "/etc/passwd", "socket:[123]", NULL);
    usage_add_process(*state, 702, "dd", NULL, "/dev/nvme0n1p1", NULL);
    assert_usage(
        *state, NVME,
        "disk-open block /dev/nvme0n1p1 is held open by qemu-system-x86 (pid 701) and dd (pid 702)\n");
    assert_usage(*state, NVME2, "");
}

static void test_data(void **state)
{
    usage_put(*state, "run/udev/data/b259:0", "E:ID_FS_TYPE=\nE:ID_PART_TABLE_TYPE=gpt\n");
    usage_put(*state, "run/udev/data/b259:1", "S:disk/by-id/x\nE:ID_FS_TYPE=vfat\nE:ID_FS_LABEL=EFI\n");
    usage_put(*state, "run/udev/data/b259:2", "E:ID_FS_TYPE=LVM2_member\n");
    assert_usage(*state, NVME,
                 "disk-data warn /dev/nvme0n1p2 has data that the host does not use now: LVM2_member\n"
                 "disk-data warn /dev/nvme0n1p1 has data that the host does not use now: vfat EFI\n");
    mount_also(*state, "30 22 259:2 / /home rw - ext4 /dev/nvme0n1p2 rw");
    assert_usage(*state, NVME,
                 "disk-mounted block /dev/nvme0n1p2 is mounted on /home (ext4)\n"
                 "disk-data warn /dev/nvme0n1p1 has data that the host does not use now: vfat EFI\n");
}

/* As recorded on a machine with OpenZFS 2.2: partitions 1 and 9 of a whole-disk vdev, datasets mounted
 * without a block device. */
static void test_zfs(void **state)
{
    mount_also(*state, "30 22 0:50 / /tank rw,noatime - zfs tank rw,xattr,posixacl");
    usage_put(*state, "run/udev/data/b259:1",
              "E:ID_FS_LABEL=tank\nE:ID_FS_UUID=10245\nE:ID_FS_TYPE=zfs_member\nE:ID_PART_ENTRY_NUMBER=1\n");
    assert_usage(*state, NVME,
                 "disk-data warn /dev/nvme0n1p1 has data that the host does not use now: zfs_member tank\n");
    usage_put(*state, "proc/spl/kstat/zfs/tank/state", "ONLINE\n");
    assert_usage(*state, NVME,
                 "disk-holder block /dev/nvme0n1p1 belongs to the ZFS pool tank, which is imported\n");
}

/* The drive's node is the subsystem's; only the hidden path nvme2c0n1 sits below the controller. */
static void test_multipath(void **state)
{
    static const char head[] = "virtual/nvme-subsystem/nvme-subsys2/nvme2n1";

    usage_add_at(*state, "nvme-subsystem", "nvme-subsys2", "virtual/nvme-subsystem/nvme-subsys2");
    usage_add_at(*state, "nvme-subsystem", "nvme-subsys3", "virtual/nvme-subsystem/nvme-subsys3");
    usage_link(*state, "sys/devices/virtual/nvme-subsystem/nvme-subsys2/nvme2",
               "../../../pci0000:00/" USB "/nvme/nvme2");
    usage_link(*state, "sys/devices/virtual/nvme-subsystem/nvme-subsys2/nvme3",
               "../../../pci0000:00/" USB2 "/nvme/nvme3");
    usage_add_virtual_block(*state, "259:30", head);
    usage_add_virtual_block(*state, "259:31", "virtual/nvme-subsystem/nvme-subsys2/nvme2n1/nvme2n1p1");
    usage_add_virtual_block(*state, "259:32", "virtual/nvme-subsystem/nvme-subsys3/nvme3n1");
    mount_also(*state,
               "30 22 259:31 / /home rw - xfs /dev/nvme2n1p1 rw\n31 22 259:32 / /x rw - xfs /dev/n rw");
    assert_usage(*state, USB, "disk-mounted block /dev/nvme2n1p1 is mounted on /home (xfs)\n");
    assert_usage(*state, USB2, "disk-mounted block /dev/nvme2n1p1 is mounted on /home (xfs)\n");
    assert_usage(*state, NVME, "");
}

/* A stick behind a hub, and what a VFIO driver has already. */
static void test_depth(void **state)
{
    usage_add_block(*state, "8:16", USB "/usb1/1-1/1-1.4/1-1.4:1.0/host7/target7:0:0/7:0:0:0/block/sdb");
    usage_add_block(*state, "8:32", TAKEN "/host8/target8:0:0/8:0:0:0/block/sdc");
    mount_also(*state, "30 22 8:16 / /stick rw - vfat /dev/sdb rw\n31 22 8:32 / /x rw - vfat /dev/sdc rw");
    assert_usage(*state, USB, "disk-mounted block /dev/sdb is mounted on /stick (vfat)\n");
    assert_usage(*state, USB2, "");
    assert_usage(*state, TAKEN, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mounted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_mount_namespace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_btrfs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sources, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_swap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_holders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stack, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bcache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mapper_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zfs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_multipath, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
