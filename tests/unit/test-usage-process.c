/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"
#include "vfio/plan.h"
#include "vfio/usage.h"

static int set_up(void **state)
{
    *state = usage_machine_new();
    usage_add_char(*state, "226:0", "dri/card0", GPU "/drm/card0");
    usage_add_char(*state, "226:128", "dri/renderD128", GPU "/drm/renderD128");
    usage_add_char(*state, "116:2", "snd/controlC0", AUDIO "/sound/card0/controlC0");
    usage_add_char(*state, "241:0", "nvme0", NVME "/nvme/nvme0");
    usage_add_char(*state, "13:64", "input/event0", USB "/usb1/1-1/1-1:1.0/0003:1:1.1/input/input0/event0");
    usage_add_char(*state, "240:0", "hidraw0", USB "/usb1/1-1/1-1:1.0/0003:1:1.1/hidraw/hidraw0");
    usage_add_char(*state, "189:1", "bus/usb/001/002", USB "/usb1/1-1");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void test_unused(void **state)
{
    usage_add_process(*state, 1, "systemd", NULL, "/dev/null", "/dev/dri", "/dev/pts/0", NULL);
    usage_put(*state, "proc/2/comm", "kthreadd\n");
    usage_put(*state, "proc/uptime", "1\n");
    assert_usage(*state, GPU, "");
    assert_usage(*state, USB, "");
}

static void test_holders(void **state)
{
    usage_add_process(*state, 812, "Xorg", NULL, "/dev/dri/card0", "/dev/dri/renderD128", "/dev/dri/card0",
                      "/dev/input/event0", NULL);
    usage_add_process(*state, 990, "pipewire", NULL, "/dev/snd/controlC0", NULL);
    usage_add_process(*state, 991, "smartd", NULL, "/dev/nvme0", NULL);
    usage_add_process(*state, 992, "firefox", NULL, "/dev/dri/renderD128", NULL);
    assert_usage(*state, GPU,
                 "process-holds block Xorg (pid 812) holds /dev/dri/card0 and /dev/dri/renderD128 open\n"
                 "process-holds block firefox (pid 992) holds /dev/dri/renderD128 open\n");
    assert_usage(*state, AUDIO, "process-holds block pipewire (pid 990) holds /dev/snd/controlC0 open\n");
    assert_usage(*state, NVME, "process-holds block smartd (pid 991) holds /dev/nvme0 open\n");
    assert_usage(*state, USB,
                 "process-holds warn Xorg (pid 812) reads input from /dev/input/event0, which goes away\n");
}

static void test_usb(void **state)
{
    usage_add_process(*state, 5, "qemu-system-x86", NULL, "/dev/bus/usb/001/002", "/dev/hidraw0", NULL);
    assert_usage(
        *state, USB,
        "process-holds block qemu-system-x86 (pid 5) holds /dev/bus/usb/001/002 open\n"
        "process-holds warn qemu-system-x86 (pid 5) reads input from /dev/hidraw0, which goes away\n");
}

/* NVIDIA's own driver makes nodes that sysfs knows nothing of. */
static void test_nvidia(void **state)
{
    fake_host_bind(*state, GPU, NULL);
    fake_host_add(*state, "drivers nvidia");
    fake_host_bind(*state, GPU, "nvidia");
    usage_add_process(*state, 7, "python3", NULL, "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", NULL);
    usage_add_process(*state, 8, "nvidia-persiste", NULL, "/dev/nvidiactl", NULL);
    assert_usage(*state, GPU,
                 "process-holds block python3 (pid 7) holds /dev/nvidia-uvm, /dev/nvidia0 and /dev/nvidiactl "
                 "open\n"
                 "process-holds block nvidia-persiste (pid 8) holds /dev/nvidiactl open\n");
    usage_put(*state, "proc/driver/nvidia/gpus/" GPU "/information", "Model: \t\t GTX\nDevice Minor: \t 1\n");
    fake_host_bind(*state, IGPU, "nvidia");
    assert_usage(*state, GPU, "");
    usage_put(*state, "proc/driver/nvidia/gpus/" GPU "/information", "Device Minor: \t 0\n");
    assert_usage(*state, GPU, "process-holds block python3 (pid 7) holds /dev/nvidia0 open\n");
}

static void test_group_user(void **state)
{
    g_autoptr(VvHost) host = fake_host_scan(*state);

    usage_add_process(*state, 33, "qemu-system-x86", NULL, "/dev/vfio/vfio", "/dev/vfio/11", NULL);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autofree char *who = vv_usage_group_user(usage, 11), *nobody = vv_usage_group_user(usage, 1);
    assert_text(who, "qemu-system-x86 (pid 33)");
    assert_null(nobody);
    vv_usage_free(NULL);
}

static void test_driverctl(void **state)
{
    usage_put(*state, "etc/driverctl.d/pci-" NIC, "uio_pci_generic\n");
    assert_usage(*state, NIC, "claimed block driverctl keeps it for uio_pci_generic\n");
    usage_put(*state, "etc/driverctl.d/pci-" NIC, "\n");
    assert_usage(*state, NIC, "claimed block driverctl keeps it for another driver\n");
    usage_put(*state, "etc/driverctl.d/pci-" NIC, "vfio-pci\n");
    assert_usage(*state, NIC, "");
}

static void test_sriov(void **state)
{
    usage_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "1\n");
    assert_usage(*state, NIC, "sriov-parent block 1 VF of it would go too\n");
    usage_add(*state, "net", "eth5", VF "/net/eth5");
    usage_put(*state, "sys/class/net/eth5/flags", "0x1002\n");
    assert_usage(*state, NIC, "sriov-parent block 1 VF of it would go too\n");
    usage_put(*state, "sys/class/net/eth5/flags", "0x1003\n");
    assert_usage(*state, NIC, "sriov-parent block 1 VF of it would go too; the interface of " VF " is up\n");
    fake_host_bind(*state, VF, "vfio-pci");
    assert_usage(*state, NIC,
                 "sriov-parent block 1 VF of it would go too; " VF " is with vfio-pci, for a guest\n");
    usage_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "2\n");
    fake_host_bind(*state, VF, "igbvf");
    usage_put(*state, "sys/class/net/eth5/flags", "0x1002\n");
    assert_usage(*state, NIC, "sriov-parent block 2 VFs of it would go too\n");
}

/* By way of a plan: what else is in the group counts, a stuck device is left alone, words can lift a reason.
 */
static void test_plan(void **state)
{
    const char *const allow[] = {"group-shared", "process-holds=" AUDIO, NULL};
    const VvPlanOptions options = {.allow = allow}, overview = {.overview = TRUE};
    g_autoptr(VvHost) host = fake_host_scan(*state);
    VvJournal *journal = vv_journal_new(fake_host_root(*state));
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autoptr(GError) error = NULL;

    usage_add_process(*state, 812, "Xorg", NULL, "/dev/dri/card0", "/dev/snd/controlC0", "/dev/vfio/2", NULL);
    assert_true(vv_selector_parse(GPU, selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(host, journal, selectors, &options, &error);
    g_autoptr(VvPlan) list = vv_plan_take(host, journal, selectors, &overview, &error);
    assert_fine(error);
    assert_int_equal(list->reasons->len, 1);
    assert_int_equal(plan->reasons->len, 3);
    const VvReason *shared = plan->reasons->pdata[0], *own = plan->reasons->pdata[1],
                   *other = plan->reasons->pdata[2];
    assert_text(shared->code, "group-shared");
    assert_text(own->code, "process-holds");
    assert_true(vv_address_equal(own->address, address_of(GPU)) && !own->allowed && own->can_allow);
    assert_true(vv_address_equal(other->address, address_of(AUDIO)) && other->allowed);

    g_autoptr(VvEntry) entry = vv_entry_new(address_of(GPU), VV_OWNER_MANUAL, NULL);
    entry->state = VV_STATE_STUCK;
    vv_journal_write(journal, entry, &error);
    assert_fine(error);
    g_autoptr(VvPlan) stuck = vv_plan_take(host, journal, selectors, &options, &error);
    assert_int_equal(stuck->reasons->len, 3);
    for (guint i = 0; i < stuck->reasons->len; i++) {
        const VvReason *reason = stuck->reasons->pdata[i];
        assert_true(strcmp(reason->code, "process-holds") != 0 ||
                    !vv_address_equal(reason->address, address_of(GPU)));
    }
    vv_journal_free(journal);
}

/* The machine that this runs on: whatever it has, nothing may go wrong, and nobody may ask its devices. */
static void test_running_machine(void **state)
{
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, NULL);
    guint major = 0, minor = 0;
    gboolean is_block = TRUE;

    assert_true(vv_sysfs_device_number(sysfs, "dev/null", &is_block, &major, &minor));
    assert_true(!is_block && major == 1 && minor == 3);
    assert_false(vv_sysfs_device_number(sysfs, "etc/passwd", &is_block, &major, &minor));
    assert_false(vv_sysfs_device_number(sysfs, "nowhere", &is_block, &major, &minor));
    assert_false(
        vv_sysfs_device_number(fake_host_sysfs(*state), "proc/self/mountinfo", &is_block, &major, &minor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_holders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_usb, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nvidia, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_driverctl, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sriov, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_running_machine, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
