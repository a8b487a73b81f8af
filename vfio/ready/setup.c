/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/boot/cmdline.h"
#include "vfio/boot/ledger.h"
#include "vfio/boot/steps.h"
#include "vfio/words.h"

#include <string.h>

/* What `setup` was told to do is looked for where it shows: an argument that is in a file and not on the
 * running command line has no effect, whatever the files say. */

static void find_arguments(const VvReadyHost *ready, const VvSetupWants *wants, GPtrArray *there,
                           GPtrArray *missing)
{
    g_autofree char *cmdline = vv_sysfs_read(ready->sysfs, "proc/cmdline");
    g_auto(GStrv) words = vv_setup_arguments(ready->sysfs, ready->stack, wants);

    for (char **word = words; word && *word; word++)
        g_ptr_array_add(vv_cmdline_has(cmdline ? cmdline : "", *word) ? there : missing, g_strdup(*word));
}

static void find_pages(const VvReadyHost *ready, const VvSetupWants *wants, GPtrArray *there,
                       GPtrArray *missing)
{
    guint64 total = 0;

    for (guint i = 0; i < ready->topology->nodes->len; i++) {
        const VvPagePool *pool = vv_node_pool(ready->topology->nodes->pdata[i], wants->hugepage_kib);
        total += pool ? pool->total : 0;
    }
    if (wants->hugepages && total >= wants->hugepages)
        g_ptr_array_add(there, g_strdup_printf("%u huge pages", wants->hugepages));
    else if (wants->hugepages)
        g_ptr_array_add(missing, g_strdup_printf("%" G_GUINT64_FORMAT " of %u huge pages",
                                                 wants->hugepages - total, wants->hugepages));
}

/* A device that a guest has, or that was released, is no longer as it was at boot: only a host driver tells.
 */
static void find_reserved(const VvReadyHost *ready, const VvSetupWants *wants, GPtrArray *there,
                          GPtrArray *missing)
{
    for (guint i = 0; ready->host && wants->reserve && i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        VvAddress address;
        const VvDevice *device =
            vv_address_parse(reserve->address, &address, NULL) ? vv_host_find(ready->host, address) : NULL;
        if (!device)
            g_ptr_array_add(missing, g_strdup_printf("%s, which is not there", reserve->address));
        else if (!vv_driver_is_vfio(device->driver))
            g_ptr_array_add(missing, g_strdup_printf("%s on vfio-pci (%s has it)", reserve->address,
                                                     device->driver ? device->driver : "nobody"));
        else
            g_ptr_array_add(there, g_strdup_printf("%s on vfio-pci", reserve->address));
    }
}

static void find_modules(const VvReadyHost *ready, const VvSetupWants *wants, GPtrArray *there,
                         GPtrArray *missing)
{
    if (wants->modules)
        g_ptr_array_add(vv_sysfs_exists(ready->sysfs, "sys/bus/pci/drivers/vfio-pci") ? there : missing,
                        g_strdup("the module vfio-pci"));
}

static gboolean same_boot(const VvReadyHost *ready, const VvLedger *ledger)
{
    g_autofree char *now = vv_sysfs_read(ready->sysfs, "proc/sys/kernel/random/boot_id");

    return now && ledger->boot_id && strcmp(g_strstrip(now), ledger->boot_id) == 0;
}

static void judge(const VvReadyHost *ready, const VvLedger *ledger, GPtrArray *rows)
{
    g_autoptr(GPtrArray) there = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
    VvReadyRow *row;

    find_arguments(ready, ledger->wants, there, missing);
    find_pages(ready, ledger->wants, there, missing);
    find_reserved(ready, ledger->wants, there, missing);
    find_modules(ready, ledger->wants, there, missing);
    g_autofree char *in_effect = vv_words_join(there, 6), *lacking = vv_words_join(missing, 4);
    if (!missing->len) {
        vv_ready_add(rows, "setup", VV_READY_PASS, "in effect: %s",
                     there->len ? in_effect : "nothing is wanted");
    } else if (same_boot(ready, ledger)) {
        row =
            vv_ready_add(rows, "setup", VV_READY_WARN,
                         "applied, but the host has not been rebooted since; not in effect yet: %s", lacking);
        row->remedy = g_strdup("reboot");
    } else {
        row = vv_ready_add(rows, "setup", VV_READY_WARN,
                           "applied, the host was rebooted, and it has no effect: %s", lacking);
        row->remedy = g_strdup_printf(
            "'virt-vfio setup --status' shows what was changed; did %s boot, and by %s?",
            ready->stack->distribution, ledger->stack ? ledger->stack : "another boot loader");
    }
}

void vv_ready_check_setup(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvLedger) ledger = vv_ledger_load(ready->sysfs, &problem);
    VvReadyRow *row;

    if (!ledger) {
        row = vv_ready_add(rows, "setup", VV_READY_WARN, "%s", problem->message);
        row->remedy = g_strdup("until it can be read, setup does not know what it changed here");
    } else if (!ledger->exists) {
        vv_ready_add(rows, "setup", VV_READY_INFO, "'virt-vfio setup' has changed nothing here");
    } else if (ledger->state != VV_LEDGER_APPLIED) {
        gboolean undo = ledger->state == VV_LEDGER_UNDOING;
        row = vv_ready_add(rows, "setup", VV_READY_WARN,
                           "'virt-vfio setup %s' was interrupted (" VV_LEDGER_FOLDER ")",
                           undo ? "--undo" : "--apply");
        row->remedy = g_strdup(undo ? "run 'virt-vfio setup --undo' again"
                                    : "run it again, or take it back with 'virt-vfio setup --undo'");
    } else
        judge(ready, ledger, rows);
}
