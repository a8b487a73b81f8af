/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan-internal.h"
#include "vfio/sriov.h"

#include "vfio/error.h"

#include <string.h>

/* The usage of a device is known in milliseconds, or not at all: what takes longer hangs. */
#define USAGE_MS 10000

static void add(VvPlanning *planning, VvReason *reason)
{
    vv_plan_append_reason(planning->plan, reason, planning->options->allow);
}

/* vfio-pci makes virtual functions only when its module was told so (drivers/vfio/pci/vfio_pci.c,
 * vfio_pci_sriov_configure: ENOENT otherwise). */
static gboolean vfio_makes_vfs(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read(sysfs, "sys/module/vfio_pci/parameters/enable_sriov");

    return text && *text == 'Y';
}

/* The driver makes them; without one the kernel answers ENOENT (sriov_numvfs_store in drivers/pci/iov.c). */
static void check_driver(VvPlanning *planning, const VvPf *pf, guint count)
{
    const char *driver = pf->device->driver;

    if (count == 0 ||
        (driver && (!vv_driver_is_vfio(driver) || vfio_makes_vfs(vv_host_sysfs(planning->host)))))
        return;
    g_autofree char *now = driver ? g_strdup_printf("is with %s", driver) : g_strdup("has no driver");
    vv_plan_add_reason(
        planning, vv_reason_new("driver-missing", VV_SEVERITY_BLOCK, pf->device->address, FALSE,
                                "give it back to its host driver first: 'virt-vfio status' shows whether it "
                                "was taken",
                                "it %s, and only its host driver can make virtual functions", now));
}

static void check_vf(VvPlanning *planning, const VvVf *vf)
{
    const char *driver = vf->device ? vf->device->driver : NULL;

    if (vf->in_use) {
        char text[VV_ADDRESS_TEXT];
        g_autofree char *taken = vv_vf_taken(vf);
        g_autofree char *remedy = g_strdup_printf("stop the guest, or give it back: virt-vfio release %s",
                                                  vv_address_format(vf->address, text));
        add(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, vf->address, FALSE, remedy,
                                    "VF %u is %s, and would go", vf->index, taken));
    } else if (driver)
        add(planning,
            vv_reason_new("sriov-parent", VV_SEVERITY_BLOCK, vf->address, TRUE, NULL,
                          "VF %u has the driver %s, and would go%s%s", vf->index, driver,
                          vf->interface ? " with the interface " : "", vf->interface ? vf->interface : ""));
}

static void check_vfs(VvPlanning *planning, const VvPf *pf, guint count)
{
    if (pf->enabled == 0)
        return;
    add(planning, vv_reason_new("sriov-parent", VV_SEVERITY_BLOCK, pf->device->address, TRUE, NULL,
                                "its %u virtual function%s would go, with %s settings%s", pf->enabled,
                                pf->enabled == 1 ? "" : "s", pf->enabled == 1 ? "its" : "their",
                                count ? ": the kernel changes the number only through 0" : ""));
    for (guint i = 0; i < pf->vfs->len; i++)
        check_vf(planning, pf->vfs->pdata[i]);
}

/* An interface with an address is worth a warning where a card is taken, because whoever takes it named it;
 * nobody has named the VF. */
static void add_usage(VvPlanning *planning, VvReason *reason)
{
    if (strcmp(reason->code, "net-up") == 0) {
        reason->severity = VV_SEVERITY_BLOCK;
        reason->can_allow = TRUE;
    }
    add(planning, reason);
}

static void check_usage(VvPlanning *planning, const VvPf *pf)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new(), reasons = g_ptr_array_new();

    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        if (vf->device && vf->device->driver && !vf->in_use)
            g_ptr_array_add(devices, vf->device);
    }
    vv_usage_set_leaving(planning->usage, devices);
    vv_usage_collect(planning->usage, devices, USAGE_MS, reasons);
    for (guint i = 0; i < reasons->len; i++)
        add_usage(planning, reasons->pdata[i]);
}

static gboolean check_count(const VvPf *pf, guint count, GError **error)
{
    if (count <= pf->total)
        return TRUE;
    if (pf->total)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s cannot have %u virtual functions, only up to %u",
                    pf->device->text, count, pf->total);
    else
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s: its driver (%s) allows no virtual functions now; they may have to be switched on in "
                    "the card's own setup or by an option of that driver",
                    pf->device->text, pf->device->driver ? pf->device->driver : "none");
    return FALSE;
}

VvPlan *vv_plan_sriov(VvHost *host, const VvJournal *journal, VvDevice *device, guint count,
                      const VvPlanOptions *options, GError **error)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(journal, error);
    g_autoptr(VvPf) pf = entries ? vv_pf_read(host, device, entries, options->claims, error) : NULL;
    g_autoptr(VvPlan) plan = vv_plan_new(NULL, NULL);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    VvPlanning planning = {
        .plan = plan, .host = host, .journal = journal, .options = options, .usage = usage};

    if (!pf || !check_count(pf, count, error))
        return NULL;
    VvPlanDevice *planned = vv_plan_add_device(plan, device, device->address);
    planned->to = g_strdup(planned->from);
    vv_plan_add_step(plan, "sriov", &device->address, -1);
    if (!vv_plan_check_claims(&planning, planned, error))
        return NULL;
    if (count == pf->enabled)
        return g_steal_pointer(&plan);
    check_driver(&planning, pf, count);
    check_vfs(&planning, pf, count);
    check_usage(&planning, pf);
    return g_steal_pointer(&plan);
}
