/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/driver.h"

#include "vfio/console.h"
#include "vfio/group.h"
#include "vfio/override.h"

#include <errno.h>
#include <string.h>

/* How long the kernel may take to notice that a device was torn out. */
#define LEAVE_MS 1000

/* What the functions below share while one device changes. */
typedef struct {
    const VvSysfs *sysfs;
    const VvChange *change;
    char address[VV_ADDRESS_TEXT];
    VvChangeResult result;
    VvStageFn tell;
    gpointer data;
} Changing;

gboolean vv_driver_goes_alone(const char *driver)
{
    /* ioatdma: two unbinds at once hit a BUG of the kernel (SPDK, scripts/setup.sh). */
    static const char *const alone[] = {"ioatdma", NULL};

    return driver && g_strv_contains(alone, driver);
}

static char *device_path(const Changing *c, const char *attribute)
{
    return g_strdup_printf("sys/bus/pci/devices/%s/%s", c->address, attribute);
}

static void enter(Changing *c, VvStage stage)
{
    c->result.stage = stage;
    if (c->tell)
        c->tell(stage, c->data);
}

static gboolean done(Changing *c, int error)
{
    c->result.error = error;
    return error == 0;
}

/* Writes an attribute that has another value now. One that is not there needs nothing. */
static gboolean write_if_other(Changing *c, VvStage stage, const char *attribute, const char *wanted)
{
    g_autofree char *path = device_path(c, attribute);
    g_autofree char *now = wanted ? vv_sysfs_read(c->sysfs, path) : NULL;

    if (!now || strcmp(now, wanted) == 0)
        return TRUE;
    enter(c, stage);
    return done(c, vv_sysfs_write(c->sysfs, path, wanted));
}

/* Clearing wants a newline: an empty write is no write (drivers/base/driver.c, driver_set_override). */
static gboolean write_override(Changing *c, const char *override)
{
    g_autofree char *path = device_path(c, "driver_override");
    g_autofree char *now = vv_override_read(c->sysfs, path);

    if (g_strcmp0(now, override) == 0)
        return TRUE;
    enter(c, VV_STAGE_OVERRIDE);
    return done(c, vv_sysfs_write(c->sysfs, path, override ? override : "\n"));
}

static gboolean reset(Changing *c)
{
    g_autofree char *path = device_path(c, "reset");

    enter(c, VV_STAGE_RESET);
    return done(c, vv_sysfs_write(c->sysfs, path, "1"));
}

/* A device that does not answer gets one reset, and then it must; but waiting for one that was torn out would
 * take a minute (drivers/pci/pci.c, pci_dev_wait). */
static gboolean check(Changing *c)
{
    g_autofree char *path = device_path(c, "reset");
    int error;

    enter(c, VV_STAGE_CHECK);
    c->result.state = vv_config_make_quiet(c->sysfs, c->change->address, &error);
    if (c->result.state == VV_CONFIG_DEAD && vv_config_has_left(c->sysfs, c->change->address, LEAVE_MS))
        return done(c, ENODEV);
    if (c->result.state == VV_CONFIG_DEAD && !c->change->no_reset && vv_sysfs_exists(c->sysfs, path)) {
        reset(c);
        enter(c, VV_STAGE_CHECK);
        c->result.state = vv_config_make_quiet(c->sysfs, c->change->address, &error);
    }
    if (!vv_config_state_text(c->result.state))
        return done(c, 0);
    return done(c, error ? error : EIO);
}

static gboolean unbind(Changing *c)
{
    g_autofree char *path = device_path(c, "driver/unbind");

    enter(c, VV_STAGE_UNBIND);
    return done(c, vv_sysfs_write(c->sysfs, path, c->address));
}

/* Only the link tells: somebody else may have bound the device meanwhile, rightly or wrongly. */
static gboolean bind(Changing *c, const char *driver)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/drivers/%s/bind", driver);
    g_autofree char *link = device_path(c, "driver");

    enter(c, VV_STAGE_BIND);
    int error = vv_sysfs_write(c->sysfs, path, c->address);
    g_autofree char *after = vv_sysfs_link_name(c->sysfs, link);
    if (g_strcmp0(after, driver) == 0)
        return done(c, 0);
    if (!error)
        enter(c, VV_STAGE_VERIFY);
    return done(c, error ? error : ENODEV);
}

static gboolean bind_one_of(Changing *c)
{
    const VvChange *change = c->change;

    if (!change->driver || bind(c, change->driver))
        return TRUE;
    int error = c->result.error;
    VvStage stage = c->result.stage;
    if (change->fallback && write_override(c, change->fallback) && bind(c, change->fallback))
        return TRUE;
    c->result.error = error;
    c->result.stage = stage;
    return FALSE;
}

static gboolean is_there(const VvChange *change, const char *driver)
{
    return g_strcmp0(driver, change->driver) == 0 || (driver && g_strcmp0(driver, change->fallback) == 0);
}

static gboolean change_driver(Changing *c, const char *before)
{
    const VvChange *change = c->change;
    gboolean rebind = !is_there(change, before);
    /* With an override that names somebody else the bind would fail, so such a one is put back last. */
    gboolean override_last =
        rebind && change->driver && change->override && strcmp(change->override, change->driver) != 0;

    if (!write_override(c, override_last ? change->driver : change->override))
        return FALSE;
    if (rebind && before && !unbind(c))
        return FALSE;
    if (rebind && !bind_one_of(c))
        return FALSE;
    return !override_last || write_override(c, change->override);
}

/* Before the driver goes, and after it is back. */
static gboolean change_consoles(Changing *c)
{
    if (!c->change->consoles)
        return TRUE;
    enter(c, VV_STAGE_CONSOLE);
    return done(c, vv_console_bind(c->sysfs, c->change->consoles, c->change->check));
}

/* On the way to VFIO, d3cold_allowed comes before the device can fall asleep, but power/control after the
 * bind, because vfio-pci's probe sets it to auto (drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_core_register_device: pm_runtime_allow). On the way back the host driver's probe may set it too,
 * so what was before comes last. */
static void run(Changing *c)
{
    const VvChange *change = c->change;
    g_autofree char *link = device_path(c, "driver");
    g_autofree char *before = vv_sysfs_link_name(c->sysfs, link);
    gboolean by_others = change->check && !vv_driver_may_stay(before) && !is_there(change, before);

    if (change->reset && !reset(c))
        return;
    if (change->check && vv_driver_is_vfio(before) && !check(c))
        return;
    if (change->stay && vv_driver_may_stay(before)) {
        c->result.stage = VV_STAGE_DONE;
        c->result.stayed = TRUE;
        return;
    }
    if (!change->check && !write_if_other(c, VV_STAGE_POWER, "d3cold_allowed", change->d3cold))
        return;
    if (!change->check && !change_consoles(c))
        return;
    if (!(by_others ? write_override(c, change->override) : change_driver(c, before)))
        return;
    if (!write_if_other(c, VV_STAGE_POWER, "power/control", change->power_control) ||
        (change->check && !write_if_other(c, VV_STAGE_POWER, "d3cold_allowed", change->d3cold)))
        return;
    if (change->check && !change_consoles(c))
        return;
    c->result.stage = VV_STAGE_DONE;
}

VvChangeResult vv_driver_change(const VvSysfs *sysfs, const VvChange *change, VvStageFn tell, gpointer data)
{
    Changing c = {.sysfs = sysfs, .change = change, .tell = tell, .data = data};

    vv_address_format(change->address, c.address);
    run(&c);
    return c.result;
}
