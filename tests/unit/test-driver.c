/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/driver.h"
#include "vfio/group.h"

#include <errno.h>

#define GPU "0000:01:00.0"
#define NIC "0000:02:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci mlx5_vfio_pci pci-stub\n" GPU " class=030000 id=10de:1e84 driver=nouveau group=1 "     \
    "reset=bus power=auto d3cold=1 busmaster=drivers\n" NIC                                                  \
    " class=020000 id=15b3:101e driver=mlx5_core group=2 power=on d3cold=1 busmaster=stuck\n"

/* The stages that were told, by their numbers. */
static void note_stage(VvStage stage, gpointer data)
{
    g_string_append_printf(data, "%d", stage);
}

static void assert_change(FakeHost *fake, const VvChange *change, VvStage stage, int error,
                          const char *stages)
{
    g_autoptr(GString) told = g_string_new(NULL);
    VvChangeResult result = vv_driver_change(fake_host_sysfs(fake), change, note_stage, told);

    assert_int_equal(result.stage, stage);
    assert_int_equal(result.error, error);
    assert_string_equal(told->str, stages);
    assert_null(fake_host_violation(fake));
}

static VvChange to_vfio(const char *address)
{
    return (VvChange){.address = address_of(address),
                      .driver = (char *)"vfio-pci",
                      .override = (char *)"vfio-pci",
                      .power_control = (char *)"on",
                      .d3cold = (char *)"0"};
}

static VvChange back(const char *address, const char *driver)
{
    return (VvChange){.address = address_of(address),
                      .driver = (char *)driver,
                      .power_control = (char *)"auto",
                      .d3cold = (char *)"1",
                      .check = TRUE};
}

static void assert_writes(FakeHost *fake, const char *const *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *wanted = g_strjoinv("|", (char **)expected);

    for (guint i = 0; i < fake_host_writes(fake); i++) {
        g_auto(GStrv) part = g_strsplit(fake_host_write(fake, i), " ", 2);
        const char *name = strrchr(part[0], '/') + 1;
        if (strcmp(name, "bind") == 0)
            g_string_append_printf(text, "%sbind %s", i ? "|" : "", part[0] + strlen("sys/bus/pci/drivers/"));
        else
            g_string_append_printf(text, "%s%s %s", i ? "|" : "", name, g_strchomp(part[1]));
    }
    assert_string_equal(text->str, wanted);
    fake_host_inject(fake, NULL);
}

/* d3cold_allowed before the device can fall asleep, power/control after VFIO's probe, which sets it; on the
 * way back last, because a host driver's probe may set it too. The numbers are those of driver.h. */
static void test_order(void **state)
{
    const VvChange there = to_vfio(GPU), home = back(GPU, "nouveau");
    FakeHost *fake = fake_host_new(MACHINE);
    g_autofree char *before = fake_host_snapshot(fake, "sys");

    assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
    assert_writes(fake, (const char *const[]){"d3cold_allowed 0", "driver_override vfio-pci", "unbind " GPU,
                                              "bind vfio-pci/bind", "control on", NULL});
    assert_change(fake, &there, VV_STAGE_DONE, 0, ""); /* nothing differs any more */
    assert_change(fake, &home, VV_STAGE_DONE, 0, "024533");
    assert_writes(fake, (const char *const[]){"config 4=0000", "driver_override ", "unbind " GPU,
                                              "bind nouveau/bind", "control auto", "d3cold_allowed 1", NULL});
    g_autofree char *after = fake_host_snapshot(fake, "sys");
    assert_string_equal(after, before);
    fake_host_free(fake);
}

static void test_dead_until_reset(void **state)
{
    const VvChange there = to_vfio(GPU), home = back(GPU, "nouveau");
    FakeHost *fake = fake_host_new(MACHINE);
    g_autofree char *before = fake_host_snapshot(fake, "sys");

    assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
    fake_host_kill_device(fake, GPU, TRUE);
    assert_change(fake, &home, VV_STAGE_DONE, 0, "01024533");
    g_autofree char *after = fake_host_snapshot(fake, "sys");
    assert_string_equal(after, before);
    fake_host_free(fake);
}

/* It stays on VFIO, and nothing of it is changed. */
static void test_not_fit_for_a_driver(void **state)
{
    static const struct {
        const char *address, *driver;
        VvConfigState expected;
        const char *stages, *says;
    } cases[] = {
        {GPU, "nouveau", VV_CONFIG_DEAD, "010", "does not answer"}, /* the reset does not help */
        {NIC, "mlx5_core", VV_CONFIG_DEAD, "0", "does not answer"}, /* it has no reset */
        {NIC, "mlx5_core", VV_CONFIG_BUS_MASTER, "0", "bus mastering does not go off"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const VvChange there = to_vfio(cases[i].address), home = back(cases[i].address, cases[i].driver);
        g_autoptr(GString) told = g_string_new(NULL);
        FakeHost *fake = fake_host_new(MACHINE);
        vv_driver_change(fake_host_sysfs(fake), &there, NULL, NULL);
        if (cases[i].expected == VV_CONFIG_DEAD)
            fake_host_kill_device(fake, cases[i].address, FALSE);
        g_autofree char *before = fake_host_snapshot(fake, "sys");
        VvChangeResult result = vv_driver_change(fake_host_sysfs(fake), &home, note_stage, told);
        g_autofree char *after = fake_host_snapshot(fake, "sys");
        assert_int_equal(result.stage, VV_STAGE_CHECK);
        assert_int_equal(result.error, EIO);
        assert_int_equal(result.state, cases[i].expected);
        assert_non_null(strstr(vv_config_state_text(result.state), cases[i].says));
        assert_string_equal(told->str, cases[i].stages);
        assert_string_equal(after, before);
        fake_host_free(fake);
    }
}

/* The kernel is locked down: nobody may write to configuration space. */
static void test_locked_down(void **state)
{
    const VvChange there = to_vfio(GPU), home = back(GPU, "nouveau");
    FakeHost *fake = fake_host_new(MACHINE);

    assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
    fake_host_inject(fake, &(FakeFault){.error = EPERM, .suffix = "/config"});
    assert_change(fake, &home, VV_STAGE_CHECK, EPERM, "0");
    g_autofree char *driver = fake_host_driver(fake, GPU);
    assert_text(driver, "vfio-pci");
    /* VFIO has switched it off when the guest ended: then nothing has to be written. */
    fake_host_inject(fake, NULL);
    int error;
    assert_int_equal(vv_config_make_quiet(fake_host_sysfs(fake), address_of(GPU), &error), VV_CONFIG_QUIET);
    fake_host_inject(fake, &(FakeFault){.error = EPERM, .suffix = "/config"});
    assert_change(fake, &home, VV_STAGE_DONE, 0, "024533");
    fake_host_free(fake);
}

static void test_config_cannot_be_read(void **state)
{
    const VvChange home = back(GPU, "nouveau");
    int error = 1;
    FakeHost *fake = fake_host_new("0000:01:00.0 class=030000 id=10de:1e84 driver=vfio-pci native=nouveau "
                                   "group=1 header=none\n");

    assert_int_equal(vv_config_make_quiet(fake_host_sysfs(fake), address_of(GPU), &error), VV_CONFIG_UNKNOWN);
    assert_int_equal(error, 0);
    assert_change(fake, &home, VV_STAGE_DONE, 0, "045"); /* nothing is known against it */
    fake_host_put(fake, "sys/devices/pci0000:00/" GPU "/config", "short");
    assert_int_equal(vv_config_make_quiet(fake_host_sysfs(fake), address_of(GPU), &error), VV_CONFIG_UNKNOWN);
    assert_null(vv_config_state_text(VV_CONFIG_UNKNOWN));
    assert_null(vv_config_state_text(VV_CONFIG_QUIET));
    fake_host_free(fake);
}

/* Header type 0x7f with a vendor: a device whose link comes and goes. */
static void test_impossible_header(void **state)
{
    FakeHost *fake =
        fake_host_new("0000:01:00.0 class=030000 id=10de:1e84 driver=vfio-pci group=1 header=127\n");
    int error;

    assert_int_equal(vv_config_make_quiet(fake_host_sysfs(fake), address_of(GPU), &error), VV_CONFIG_DEAD);
    fake_host_free(fake);
}

static void test_stay(void **state)
{
    const VvChange there = to_vfio(GPU);
    VvChange stay = back(GPU, "nouveau");
    FakeHost *fake = fake_host_new(MACHINE);

    assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
    fake_host_inject(fake, NULL);
    stay.stay = TRUE;
    assert_change(fake, &stay, VV_STAGE_DONE, 0, "0");
    assert_writes(fake,
                  (const char *const[]){"config 4=0000", NULL}); /* no DMA, and the drivers as they are */
    fake_host_free(fake);
}

static void test_reset_first(void **state)
{
    VvChange there = to_vfio(GPU);
    FakeHost *fake = fake_host_new(MACHINE);

    there.reset = TRUE;
    fake_host_inject(fake, &(FakeFault){.error = ENOTTY, .suffix = "/reset", .times = 1});
    assert_change(fake, &there, VV_STAGE_RESET, ENOTTY, "1");
    assert_change(fake, &there, VV_STAGE_DONE, 0, "132453");
    fake_host_free(fake);
}

/* A variant driver that does not take the device gives way; when the fallback does not either, the first
 * error is the one that tells. */
static void test_fallback(void **state)
{
    VvChange there = to_vfio(NIC);
    FakeHost *fake = fake_host_new(MACHINE);

    there.driver = there.override = (char *)"mlx5_vfio_pci";
    there.fallback = (char *)"vfio-pci";
    fake_host_inject(fake, &(FakeFault){.error = EOPNOTSUPP, .suffix = "mlx5_vfio_pci/bind"});
    assert_change(fake, &there, VV_STAGE_DONE, 0, "3245253");
    g_autofree char *driver = fake_host_driver(fake, NIC), *override = fake_host_override(fake, NIC);
    assert_text(driver, "vfio-pci");
    assert_text(override, "vfio-pci");
    fake_host_free(fake);

    fake = fake_host_new(MACHINE);
    fake_host_inject(fake, &(FakeFault){.error = EOPNOTSUPP, .suffix = "mlx5_vfio_pci/bind"});
    fake_host_inject(fake, &(FakeFault){.error = EINVAL, .suffix = "/vfio-pci/bind"});
    assert_change(fake, &there, VV_STAGE_BIND, EOPNOTSUPP, "324525");
    fake_host_free(fake);

    fake = fake_host_new(MACHINE);
    fake_host_inject(fake, &(FakeFault){.error = EOPNOTSUPP, .suffix = "mlx5_vfio_pci/bind"});
    fake_host_inject(fake, &(FakeFault){.error = EIO, .at = 5});
    assert_change(fake, &there, VV_STAGE_BIND, EOPNOTSUPP, "32452");
    fake_host_free(fake);
}

/* Somebody bound another driver meanwhile, rightly or wrongly: it keeps the device, but what was set for VFIO
 * goes. A stub, or nobody, is no reason. */
static void test_foreign_driver_keeps_it(void **state)
{
    static const struct {
        const char *meanwhile, *after, *stages;
    } cases[] = {
        {"mlx5_core", "mlx5_core", "233"}, /* the fake lets anybody bind by hand */
        {"pci-stub", "nouveau", "24533"},
        {NULL, "nouveau", "2533"},
        {"nouveau", "nouveau", "233"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const VvChange there = to_vfio(GPU), home = back(GPU, "nouveau");
        FakeHost *fake = fake_host_new(MACHINE);
        assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
        fake_host_bind(fake, GPU, cases[i].meanwhile);
        assert_change(fake, &home, VV_STAGE_DONE, 0, cases[i].stages);
        g_autofree char *driver = fake_host_driver(fake, GPU), *override = fake_host_override(fake, GPU);
        assert_text(driver, cases[i].after);
        assert_text(override, "(null)");
        fake_host_free(fake);
    }
}

/* An override that names somebody else than the driver: with it the driver could not be bound. */
static void test_override_of_another(void **state)
{
    VvChange home = back(GPU, "nouveau");
    const VvChange there = to_vfio(GPU);
    FakeHost *fake = fake_host_new(MACHINE);

    home.override = (char *)"pci-stub";
    assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
    fake_host_inject(fake, NULL);
    assert_change(fake, &home, VV_STAGE_DONE, 0, "0245233");
    g_autofree char *driver = fake_host_driver(fake, GPU), *override = fake_host_override(fake, GPU);
    assert_text(driver, "nouveau");
    assert_text(override, "pci-stub");
    fake_host_free(fake);
}

/* The error of each write is that of its stage, and nothing comes after it. */
static void test_error_of_each_stage(void **state)
{
    static const struct {
        const char *suffix;
        VvStage stage;
        gboolean home;
        const char *stages;
    } cases[] = {
        {"/d3cold_allowed", VV_STAGE_POWER, FALSE, "3"},
        {"/driver_override", VV_STAGE_OVERRIDE, FALSE, "32"},
        {"/driver/unbind", VV_STAGE_UNBIND, FALSE, "324"},
        {"/bind", VV_STAGE_BIND, FALSE, "3245"},
        {"/power/control", VV_STAGE_POWER, FALSE, "32453"},
        {"/driver_override", VV_STAGE_OVERRIDE, TRUE, "02"},
        {"/driver/unbind", VV_STAGE_UNBIND, TRUE, "024"},
        {"/bind", VV_STAGE_BIND, TRUE, "0245"},
        {"/power/control", VV_STAGE_POWER, TRUE, "02453"},
        {"/d3cold_allowed", VV_STAGE_POWER, TRUE, "024533"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const VvChange there = to_vfio(GPU), home = back(GPU, "nouveau");
        FakeHost *fake = fake_host_new(MACHINE);
        if (cases[i].home)
            assert_change(fake, &there, VV_STAGE_DONE, 0, "32453");
        fake_host_inject(fake, &(FakeFault){.error = EBUSY, .suffix = cases[i].suffix});
        assert_change(fake, cases[i].home ? &home : &there, cases[i].stage, EBUSY, cases[i].stages);
        fake_host_free(fake);
    }
}

/* The probe's own error is lost when something else is bound in the end: only the link tells. */
static void test_verify(void **state)
{
    const VvChange there = to_vfio(GPU);
    FakeHost *fake = fake_host_new(MACHINE);

    fake_host_inject(fake, &(FakeFault){.error = 0, .suffix = "/vfio-pci/bind", .times = 1});
    assert_change(fake, &there, VV_STAGE_VERIFY, ENODEV, "32456");
    fake_host_inject(fake, NULL);
    fake_host_inject(fake,
                     &(FakeFault){.action = FAKE_FAIL_AFTER, .error = EBUSY, .suffix = "/vfio-pci/bind"});
    assert_change(fake, &there, VV_STAGE_DONE, 0, "53");
    fake_host_free(fake);
}

/* What can be opened is free. What can not is in use only when the kernel says so. */
static void test_group_in_use(void **state)
{
    FakeHost *fake = fake_host_new("");

    assert_false(vv_group_in_use(fake_host_sysfs(fake), 7));
    fake_host_put(fake, "dev/vfio/7", "");
    assert_false(vv_group_in_use(fake_host_sysfs(fake), 7));
    fake_host_free(fake);
}

static void test_goes_alone(void **state)
{
    assert_true(vv_driver_goes_alone("ioatdma"));
    assert_false(vv_driver_goes_alone("nvme"));
    assert_false(vv_driver_goes_alone(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_dead_until_reset),
        cmocka_unit_test(test_not_fit_for_a_driver),
        cmocka_unit_test(test_locked_down),
        cmocka_unit_test(test_config_cannot_be_read),
        cmocka_unit_test(test_impossible_header),
        cmocka_unit_test(test_stay),
        cmocka_unit_test(test_reset_first),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_foreign_driver_keeps_it),
        cmocka_unit_test(test_override_of_another),
        cmocka_unit_test(test_error_of_each_stage),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_group_in_use),
        cmocka_unit_test(test_goes_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
