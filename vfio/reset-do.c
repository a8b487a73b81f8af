/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-child.h"
#include "vfio/reset-quirk.h"

#include <errno.h>
#include <string.h>

/* How long a function may take to be there again after its bus was scanned or its slot switched on; both
 * return when it is, but udev's rules may still be at it. */
#define BACK_MS 5000

static int write_at(const VvSysfs *sysfs, const char *folder, const char *attribute, const char *text)
{
    g_autofree char *path = g_build_filename(folder, attribute, NULL);

    return vv_sysfs_write(sysfs, path, text);
}

/* The kernel takes the first method of its list that the device has: so that it takes the one that is wanted,
 * and no other when that one fails, the list is that one for a moment (pci_reset_function). */
static int reset_function(const VvResetOrder *order)
{
    g_autofree char *folder = vv_device_path(order->device, NULL);
    const char *before = order->note ? order->note->methods : NULL;
    int error = before ? write_at(order->sysfs, folder, "reset_method", order->method->name) : 0;

    if (!error)
        error = write_at(order->sysfs, folder, "reset", "1");
    return error;
}

static int reset_hot(const VvResetOrder *order)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();

    g_ptr_array_add(devices, (gpointer)order->device);
    g_ptr_array_extend(devices, order->method->reaches, NULL, NULL);
    return vv_reset_hot(order->sysfs, devices);
}

/* The last function first: removing function 0 takes nothing with it, but found again it must not be alone.
 */
static int remove_all(const VvResetOrder *order)
{
    for (guint i = g_strv_length(order->note->functions); i > 0; i--) {
        g_autofree char *folder = g_strdup_printf("sys/bus/pci/devices/%s", order->note->functions[i - 1]);
        int error = write_at(order->sysfs, folder, "remove", "1");
        if (error)
            return error;
    }
    return 0;
}

static gboolean is_there(const VvSysfs *sysfs, const char *address)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s", address);

    return vv_sysfs_exists(sysfs, path);
}

static gboolean all_there(const VvSysfs *sysfs, const VvResetNote *note)
{
    for (char **function = note->functions; *function; function++)
        if (!is_there(sysfs, *function))
            return FALSE;
    return TRUE;
}

static int keep_first(int error, int next)
{
    return error ? error : next;
}

/* The kernel lists `bus` for a function that was alone on its bus when it was found, but does not take it
 * back when it no longer is (reset_method_store probes each name): then it goes without, as it would not
 * work. */
static int restore_methods(const VvSysfs *sysfs, const char *path, const char *methods)
{
    int error = vv_sysfs_write(sysfs, path, methods);
    g_auto(GStrv) names = g_strsplit(methods, " ", -1);
    g_autoptr(GString) rest = g_string_new(NULL);

    for (char **name = names; *name; name++)
        if (strcmp(*name, "bus") != 0 && strcmp(*name, "cxl_bus") != 0)
            g_string_append_printf(rest, "%s%s", rest->len ? " " : "", *name);
    if (error != EINVAL || strcmp(rest->str, methods) == 0)
        return error;
    g_autofree char *now = vv_sysfs_read(sysfs, path);
    return g_strcmp0(now, rest->str) == 0 ? 0 : vv_sysfs_write(sysfs, path, rest->str);
}

/* ENODEV: the slot is empty (drivers/pci/hotplug/pciehp_ctrl.c), so there is nothing to switch on any more;
 * whoever looks for the device will miss it. */
static int switch_on(const VvSysfs *sysfs, const char *path)
{
    int error = vv_sysfs_write(sysfs, path, "1");

    return error == ENODEV ? 0 : error;
}

int vv_reset_finish(const VvSysfs *sysfs, const VvResetNote *note)
{
    g_autofree char *text = vv_address_dup(note->address);
    g_autofree char *folder = g_strdup_printf("sys/bus/pci/devices/%s", text);
    g_autofree char *list = g_build_filename(folder, "reset_method", NULL);
    g_autofree char *power = note->slot ? g_build_filename(note->slot, "power", NULL) : NULL;
    g_autofree char *methods = note->methods ? vv_sysfs_read(sysfs, list) : NULL;
    g_autofree char *state = power ? vv_sysfs_read(sysfs, power) : NULL;
    int error = 0;

    if (methods && strcmp(g_strstrip(methods), note->methods) != 0)
        error = keep_first(error, restore_methods(sysfs, list, note->methods));
    if (state && strcmp(state, "0") == 0)
        error = keep_first(error, switch_on(sysfs, power));
    if (note->rescan && !all_there(sysfs, note))
        error = keep_first(error, write_at(sysfs, note->rescan, "rescan", "1"));
    return error;
}

static int reset(const VvResetOrder *order)
{
    switch (order->method->kind) {
    case VV_RESET_KERNEL:
        return reset_function(order);
    case VV_RESET_HOT:
        return reset_hot(order);
    case VV_RESET_SUBORDINATE:
        return write_at(order->sysfs, order->method->path, "reset_subordinate", "1");
    case VV_RESET_SLOT:
        return write_at(order->sysfs, order->method->path, "power", "0");
    default:
        return remove_all(order);
    }
}

/* What is new to the kernel is with its host driver, or with none. */
static int back_to_vfio(const VvResetOrder *order)
{
    int error = 0;

    for (guint i = 0; order->changes && i < order->changes->len; i++) {
        const VvChange *change = order->changes->pdata[i];
        char text[VV_ADDRESS_TEXT];
        gint64 deadline = g_get_monotonic_time() + BACK_MS * 1000;
        vv_address_format(change->address, text);
        while (!is_there(order->sysfs, text) && g_get_monotonic_time() < deadline)
            g_usleep(20000);
        if (is_there(order->sysfs, text))
            error = keep_first(error, vv_driver_change(order->sysfs, change, NULL, NULL).error);
    }
    return error;
}

/* A line for each that is not well: "0000:01:00.0 does not answer …". */
static void look_at(const VvResetOrder *order, const VvDevice *device, GString *text)
{
    g_autofree char *path = vv_device_path(device, "power_state");
    g_autofree char *power = vv_sysfs_read(order->sysfs, path);

    if (!is_there(order->sysfs, device->text))
        g_string_append_printf(text, "%s%s did not come back", text->len ? ", " : "", device->text);
    else if (vv_config_is_dead(order->sysfs, device->address))
        g_string_append_printf(text, "%s%s does not answer (its configuration space reads as ones%s%s)",
                               text->len ? ", " : "", device->text, power ? ", power state " : "",
                               power ? power : "");
}

static void look_at_all(const VvResetOrder *order, GString *text)
{
    guint settle = vv_reset_quirk_settle_ms(order->device, order->method->name);

    g_usleep(settle * 1000UL);
    look_at(order, order->device, text);
    for (guint i = 0; i < order->method->reaches->len; i++)
        look_at(order, order->method->reaches->pdata[i], text);
}

int vv_reset_do(const VvResetOrder *order, GString *trouble)
{
    int error = reset(order);

    if (order->note)
        error = keep_first(error, vv_reset_finish(order->sysfs, order->note));
    error = keep_first(error, back_to_vfio(order));
    look_at_all(order, trouble);
    return error;
}
