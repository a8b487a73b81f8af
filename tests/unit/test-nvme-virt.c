/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vfio/nvme-virt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A drive that keeps the rules of NVM Express Base Specification 2.0, 5.31 and 8.26: resources are given to
 * those offline only, and no more than there are; who goes online has two queues and an interrupt. Shared
 * with the children that ask it. */

#define PF "0000:01:00.0"
#define MOST 130
#define NSIDS 1100
#define PAGE 4096

typedef struct {
    gboolean online;
    guint queues, interrupts;
} Secondary;

static struct {
    gboolean manages, knows_list, knows_namespaces, forbids;
    guint count, queues, interrupts, of_primary, most_queues;
    Secondary secondary[MOST];
    guint namespaces;             /* numbers 1, 3, 5, ... */
    guint8 attached[NSIDS][MOST]; /* by the place in that row */
    guint senseless;              /* attached twice, or detached without: QEMU 10.0 aborts */
    guint private_nsid;           /* one controller at a time only; 0: none is */
    guint commands, last_status;
} * drive;

static gboolean has_node;

static guint given(gboolean queues)
{
    guint sum = 0;

    for (guint i = 0; i < drive->count; i++)
        sum += queues ? drive->secondary[i].queues : drive->secondary[i].interrupts;
    return sum;
}

static void put16(guint8 *bytes, guint value)
{
    bytes[0] = (guint8)value;
    bytes[1] = (guint8)(value >> 8);
}

static gboolean is_attached_to_any(guint place)
{
    for (guint i = 0; i < drive->count; i++)
        if (drive->attached[place][i])
            return TRUE;
    return FALSE;
}

/* CNS 10h and 12h. */
static int identify_namespaces(guint8 *page, guint cns, guint nsid)
{
    guint at = 0;

    if (!drive->knows_namespaces)
        return 0x4002;
    for (guint i = 0; cns == 0x10 && i < drive->namespaces && at < PAGE / 4; i++)
        if (i * 2 + 1 > nsid)
            put16(page + 4 * at++, i * 2 + 1);
    if (cns == 0x10)
        return 0;
    for (guint i = 0; i < drive->count; i++)
        if (drive->attached[nsid / 2][i])
            put16(page + 2 * ++at, i + 1);
    put16(page, at);
    return 0;
}

/* As QEMU's nvme_ns_attachment() answers. */
static int attach(guint selection, guint nsid, const guint8 *list)
{
    guint id = list[2] | list[3] << 8;

    assert_int_equal(list[0] | list[1] << 8, 1);
    if (!(nsid & 1) || nsid / 2 >= drive->namespaces)
        return 0x400b;
    if (id < 1 || id > drive->count)
        return 0x411c;
    guint8 *attached = &drive->attached[nsid / 2][id - 1];
    if (*attached == !selection) {
        drive->senseless++;
        return selection ? 0x411a : 0x4118;
    }
    if (!selection && nsid == drive->private_nsid && is_attached_to_any(nsid / 2))
        return 0x4119;
    *attached = !selection;
    return 0;
}

static int identify(guint8 *page, guint cns, guint first)
{
    guint at = 0;

    if (cns == 0x01)
        put16(page + 256, drive->manages ? 1 << 7 : 0);
    if (cns == 0x14) {
        page[4] = 3;
        put16(page + 32, drive->queues);
        put16(page + 40, drive->of_primary);
        put16(page + 44, drive->most_queues);
        put16(page + 64, drive->interrupts);
        put16(page + 78, 1);
    }
    if (cns != 0x15)
        return 0;
    if (!drive->knows_list)
        return 0x4002;
    for (guint i = 0; i < drive->count && at < 127; i++) {
        if (i + 1 < first)
            continue;
        guint8 *entry = page + 32 * ++at;
        put16(entry, i + 1);
        entry[4] = (guint8)drive->secondary[i].online;
        put16(entry + 8, i + 1);
        put16(entry + 10, drive->secondary[i].queues);
        put16(entry + 12, drive->secondary[i].interrupts);
    }
    page[0] = (guint8)at;
    return 0;
}

static int manage(guint action, guint resource, guint id, guint count)
{
    if (id < 1 || id > drive->count)
        return 0x411f;
    Secondary *secondary = &drive->secondary[id - 1];
    guint *have = resource ? &secondary->interrupts : &secondary->queues;
    guint all = resource ? drive->interrupts : drive->queues - drive->of_primary;
    if (action == 7)
        secondary->online = FALSE;
    else if (action == 9 && (secondary->queues < 2 || secondary->interrupts < 1))
        return 0x4120;
    else if (action == 9)
        secondary->online = TRUE;
    else if (action != 8 || secondary->online)
        return 0x4120;
    else if (given(resource == 0) - *have + count > all ||
             (!resource && drive->most_queues && count > drive->most_queues))
        return 0x4121;
    else
        *have = count;
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    struct nvme_admin_cmd *command = va_arg(arguments, struct nvme_admin_cmd *);
    va_end(arguments);
    assert_int_equal(request, NVME_IOCTL_ADMIN_CMD);
    drive->commands++;
    if (drive->forbids) {
        errno = EACCES;
        return -1;
    }
    if (command->opcode == 0x15) {
        assert_int_equal(command->data_len, PAGE);
        return attach(command->cdw10 & 0xf, command->nsid, (const guint8 *)(gsize)command->addr);
    }
    if (command->opcode == 0x06) {
        assert_int_equal(command->data_len, PAGE);
        if ((command->cdw10 & 0xff) == 0x10 || (command->cdw10 & 0xff) == 0x12)
            return identify_namespaces((guint8 *)(gsize)command->addr, command->cdw10 & 0xff, command->nsid);
        return identify((guint8 *)(gsize)command->addr, command->cdw10 & 0xff, command->cdw10 >> 16);
    }
    assert_int_equal(command->opcode, 0x1c);
    return manage(command->cdw10 & 0xf, command->cdw10 >> 8 & 7, command->cdw10 >> 16, command->cdw11);
}

int __real_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags);
int __wrap_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags);
int __wrap_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags)
{
    return strcmp(path, "dev/nvme3") == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                          : __real_vv_sysfs_open(sysfs, path, flags);
}

static char *root;

static VvSysfs *new_drive(guint count, guint queues, guint interrupts)
{
    g_autofree char *node = g_build_filename(root, "sys/bus/pci/devices", PF, "nvme/nvme3", NULL);

    memset(drive, 0, sizeof *drive);
    drive->manages = drive->knows_list = drive->knows_namespaces = TRUE;
    drive->count = count;
    drive->queues = queues;
    drive->interrupts = interrupts;
    if (has_node)
        assert_int_equal(g_mkdir_with_parents(node, 0755), 0);
    VvSysfs *sysfs = vv_sysfs_new(root, NULL);
    assert_non_null(sysfs);
    return sysfs;
}

static int set_up(void **state)
{
    drive = mmap(NULL, sizeof *drive, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    root = g_dir_make_tmp("nvme-virt.XXXXXX", NULL);
    has_node = TRUE;
    return drive == MAP_FAILED || !root;
}

static int tear_down(void **state)
{
    static const char *const folders[] = {"sys/bus/pci/devices/" PF "/nvme/nvme3",
                                          "sys/bus/pci/devices/" PF "/nvme",
                                          "sys/bus/pci/devices/" PF,
                                          "sys/bus/pci/devices",
                                          "sys/bus/pci",
                                          "sys/bus",
                                          "sys"};
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(root, folders[i], NULL);
        rmdir(path);
    }
    rmdir(root);
    g_clear_pointer(&root, g_free);
    return munmap(drive, sizeof *drive);
}

static void test_shares(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(4, 18, 9);
    gboolean managed;
    guint online;

    drive->of_primary = 2;
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 3, &managed), 0);
    assert_true(managed);
    for (guint i = 0; i < 4; i++) {
        assert_int_equal(drive->secondary[i].queues, i < 3 ? 5 : 0);
        assert_int_equal(drive->secondary[i].interrupts, i < 3 ? 3 : 0);
    }
    assert_int_equal(vv_nvme_start_all(sysfs, address_of(PF), 3, &online), 0);
    assert_int_equal(online, 3);
    assert_true(drive->secondary[2].online);
    assert_false(drive->secondary[3].online);
    /* Fewer, more, none: what one has too much is taken before another one gets it. */
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 1, &managed), 0);
    assert_int_equal(drive->secondary[0].queues, 16);
    assert_int_equal(given(TRUE), 16);
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 4, &managed), 0);
    assert_int_equal(drive->secondary[3].queues, 4);
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 0, &managed), 0);
    assert_int_equal(given(TRUE) + given(FALSE), 0);
    drive->most_queues = 3;
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 2, &managed), 0);
    assert_int_equal(drive->secondary[1].queues, 3);
}

/* More than one list of 127. */
static void test_many(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(130, 260, 130);
    GError *error = NULL;
    gboolean managed;
    guint online;

    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 130, &managed), 0);
    assert_int_equal(vv_nvme_start_all(sysfs, address_of(PF), 130, &online), 0);
    assert_int_equal(online, 130);
    g_autoptr(GArray) list = vv_nvme_secondaries(sysfs, address_of(PF), 20000, &error);
    assert_fine(error);
    assert_int_equal(list->len, 130);
    const VvNvmeSecondary *last = &g_array_index(list, VvNvmeSecondary, 129);
    assert_int_equal(last->vf, 129);
    assert_int_equal(last->id, 130);
    assert_true(last->online);
    assert_int_equal(last->queues, 2);
    assert_int_equal(last->interrupts, 1);
}

static void test_too_few(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(4, 6, 4);
    gboolean managed;

    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 4, &managed), ENOSPC);
    assert_int_equal(given(TRUE), 0);
}

static void test_online(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(2, 8, 4);
    GError *error = NULL;

    /* Another tool has made them, and given nothing. */
    assert_true(vv_nvme_bring_online(sysfs, address_of(PF), 1, 20000, &error));
    assert_fine(error);
    assert_true(drive->secondary[1].online);
    assert_int_equal(drive->secondary[1].queues, 2);
    assert_false(drive->secondary[0].online);
    guint before = drive->commands;
    assert_true(vv_nvme_bring_online(sysfs, address_of(PF), 1, 20000, &error));
    assert_int_equal(drive->commands - before, 2); /* two looks, and nothing to do */
    /* None left. */
    drive->secondary[1].queues = 8;
    assert_false(vv_nvme_bring_online(sysfs, address_of(PF), 0, 20000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "0x121: not so many resources");
}

static void assert_namespaces(const VvSysfs *sysfs, guint vf, const char *wanted)
{
    GError *error = NULL;
    g_autoptr(GArray) list = vv_nvme_secondaries(sysfs, address_of(PF), 20000, &error);

    assert_fine(error);
    if (wanted)
        assert_string_equal(g_array_index(list, VvNvmeSecondary, vf).namespaces, wanted);
    else
        assert_null(g_array_index(list, VvNvmeSecondary, vf).namespaces);
}

static void set_namespaces(const VvSysfs *sysfs, guint vf, const char *wanted, const char *before)
{
    g_autofree char *said = NULL;
    GError *error = NULL;

    assert_true(vv_nvme_set_namespaces(sysfs, address_of(PF), vf, wanted, 20000, &said, &error));
    assert_fine(error);
    assert_string_equal(said, before);
}

static void test_namespaces(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(3, 8, 4);
    GError *error = NULL;

    assert_namespaces(sysfs, 0, "");
    drive->namespaces = 3;
    set_namespaces(sysfs, 0, "1,5", "");
    set_namespaces(sysfs, 2, "3", "");
    assert_namespaces(sysfs, 0, "1,5");
    assert_namespaces(sysfs, 1, "");
    assert_namespaces(sysfs, 2, "3");
    set_namespaces(sysfs, 0, "3,5", "1,5");
    assert_namespaces(sysfs, 0, "3,5");
    /* A look only, and nothing to do. */
    set_namespaces(sysfs, 0, NULL, "3,5");
    guint before = drive->commands;
    set_namespaces(sysfs, 0, "3,5", "3,5");
    assert_int_equal(drive->commands - before,
                     5); /* one list of controllers, one of namespaces, three looks */
    set_namespaces(sysfs, 0, "", "3,5");
    assert_namespaces(sysfs, 0, "");
    /* More than one list of 1024. */
    drive->namespaces = NSIDS;
    drive->attached[NSIDS - 1][1] = 1;
    assert_namespaces(sysfs, 1, "2199");
    assert_false(vv_nvme_set_namespaces(sysfs, address_of(PF), 7, "1", 20000, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no controller");
}

/* What was done is undone. */
static void test_refused(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(3, 8, 4);
    GError *error = NULL;

    drive->namespaces = 4;
    drive->private_nsid = 5;
    set_namespaces(sysfs, 0, "5", "");
    set_namespaces(sysfs, 1, "1,7", "");
    assert_false(vv_nvme_set_namespaces(sysfs, address_of(PF), 1, "3,5,7", 20000, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "0x119: another controller has the namespace");
    assert_namespaces(sysfs, 1, "1,7");
    assert_namespaces(sysfs, 0, "5");
    assert_false(vv_nvme_set_namespaces(sysfs, address_of(PF), 1, "2", 20000, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "0xb: there is no such namespace");
    assert_namespaces(sysfs, 1, "1,7");
    assert_int_equal(drive->senseless, 0);
    drive->knows_namespaces = FALSE;
    assert_namespaces(sysfs, 1, NULL);
    assert_false(vv_nvme_set_namespaces(sysfs, address_of(PF), 1, "1", 20000, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "not supported");
}

static void test_parse(void **state)
{
    static const char *const bad[] = {"0", "", "1,,2", "1, 2", "-1", "x", "4294967295", "none,1", "1,none"};
    GError *error = NULL;
    g_autofree char *one = vv_nvme_namespaces_parse("4294967294,7,1,7", &error);
    g_autofree char *none = vv_nvme_namespaces_parse("none", &error);

    assert_string_equal(one, "1,7,4294967294");
    assert_string_equal(none, "");
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_null(vv_nvme_namespaces_parse(bad[i], &error));
        assert_problem(g_steal_pointer(&error), VV_ERROR_USAGE, "no list of namespaces");
    }
}

/* Drives without the command, from before it, without a driver, and for others than root. */
static void test_others(void **state)
{
    g_autoptr(VvSysfs) sysfs = new_drive(2, 8, 4);
    GError *error = NULL;
    gboolean managed = TRUE;

    drive->manages = FALSE;
    assert_int_equal(vv_nvme_share(sysfs, address_of(PF), 2, &managed), 0);
    assert_false(managed);
    assert_true(vv_nvme_bring_online(sysfs, address_of(PF), 0, 20000, &error));
    assert_false(drive->secondary[0].online);
    drive->knows_list = FALSE;
    g_autoptr(GArray) none = vv_nvme_secondaries(sysfs, address_of(PF), 20000, &error);
    assert_fine(error);
    assert_int_equal(none->len, 0);
    drive->forbids = TRUE;
    assert_null(vv_nvme_secondaries(sysfs, address_of(PF), 20000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "Permission denied");
    has_node = FALSE;
    assert_null(vv_nvme_secondaries(sysfs, address_of("0000:02:00.0"), 20000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "has no driver");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_few, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_online, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_namespaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test(test_parse),
        cmocka_unit_test_setup_teardown(test_others, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
