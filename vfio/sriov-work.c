/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-work.h"

#include "vfio/child.h"
#include "vfio/modules.h"
#include "vfio/nvme-virt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *path_of(const VvSriovNote *note, const char *attribute)
{
    char text[VV_ADDRESS_TEXT];

    return g_strdup_printf("sys/bus/pci/devices/%s/%s", vv_address_format(note->address, text), attribute);
}

/* Writes only what differs. */
static int write_number(const VvSriovOrder *order, const char *attribute, gint64 value)
{
    g_autofree char *path = path_of(order->note, attribute);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    gint64 now;

    if (vv_sysfs_read_number(order->sysfs, path, &now) && now == value)
        return 0;
    return vv_sysfs_write(order->sysfs, path, text);
}

/* Between two numbers, when the note's writer came no further than 0: the number before. A PF that has lost
 * its driver (ENOENT) has no VFs, and there is nothing to be done about it here. */
static int restore_count(const VvSriovOrder *order)
{
    const VvSriovNote *note = order->note;
    g_autofree char *path = path_of(note, "sriov_numvfs");
    gboolean managed;
    gint64 now = -1;

    if (!note->before || !note->wanted || !vv_sysfs_read_number(order->sysfs, path, &now) || now != 0)
        return 0;
    if (order->is_nvme)
        vv_nvme_share(order->sysfs, note->address, note->before, &managed);
    int error = write_number(order, "sriov_numvfs", note->before);
    return error == ENOENT ? 0 : error;
}

/* Those that were made, but not started. Whoever needs one starts it (or hears why not), so that a drive that
 * refuses is no reason to try for ever. */
static void start_left(const VvSriovOrder *order)
{
    g_autofree char *path = path_of(order->note, "sriov_numvfs");
    gint64 now = 0;
    guint online;

    if (order->is_nvme && vv_sysfs_read_number(order->sysfs, path, &now) && now > 0)
        vv_nvme_start_all(order->sysfs, order->note->address, (guint)now, &online);
}

/* May be done again and again. The number first: what comes back does not get host drivers that it may not
 * have had. */
static int restore(const VvSriovOrder *order)
{
    const VvSriovNote *note = order->note;
    int error = restore_count(order);
    start_left(order);
    int next = note->autoprobe > 0 ? write_number(order, "sriov_drivers_autoprobe", 1) : 0;

    return error ? error : next;
}

/* autoprobe is asked when a driver comes, too (drivers/pci/pci-driver.c, pci_device_can_probe): udev loads
 * that of the new VFs only now, and must find it there, or it would take them as soon as autoprobe is back.
 */
static void load_their_driver(const VvSriovOrder *order)
{
    g_autofree char *path = path_of(order->note, "virtfn0/modalias");
    g_autofree char *modalias = order->note->autoprobe > 0 ? vv_sysfs_read(order->sysfs, path) : NULL;

    if (modalias)
        vv_module_load_alias(order->sysfs, g_strstrip(modalias));
}

static gboolean step(VvSriovOutcome *outcome, VvSriovStage stage, int error)
{
    if (!error)
        return TRUE;
    outcome->stage = stage;
    outcome->error = error;
    return FALSE;
}

static void change(const VvSriovOrder *order, VvSriovOutcome *outcome)
{
    const VvSriovNote *note = order->note;
    int share = 0;

    if (!step(outcome, VV_SRIOV_AUTOPROBE,
              note->autoprobe > 0 ? write_number(order, "sriov_drivers_autoprobe", 0) : 0) ||
        !step(outcome, VV_SRIOV_ZERO, note->before ? write_number(order, "sriov_numvfs", 0) : 0))
        return;
    /* Without their resources they can be made, and be given some later. */
    if (order->is_nvme)
        share = vv_nvme_share(order->sysfs, note->address, note->wanted, &outcome->managed);
    if (!step(outcome, VV_SRIOV_COUNT, note->wanted ? write_number(order, "sriov_numvfs", note->wanted) : 0))
        return;
    load_their_driver(order);
    if (!step(outcome, VV_SRIOV_SHARE, share))
        return;
    if (outcome->managed)
        step(outcome, VV_SRIOV_ONLINE,
             vv_nvme_start_all(order->sysfs, note->address, note->wanted, &outcome->online));
}

/* "STAGE ERRNO ONLINE MANAGED\n", and without that line it has not come to its end. */
static void work(int fd, gpointer data)
{
    const VvSriovOrder *order = data;
    VvSriovOutcome outcome = {.stage = VV_SRIOV_DONE};

    change(order, &outcome);
    int error = restore(order);
    if (outcome.stage == VV_SRIOV_DONE)
        step(&outcome, VV_SRIOV_RESTORE, error);
    dprintf(fd, "%d %d %u %d\n", (int)outcome.stage, outcome.error, outcome.online, outcome.managed);
}

static void understand(const GString *text, gboolean late, VvSriovOutcome *outcome)
{
    int stage;

    if (g_str_has_suffix(text->str, "\n") &&
        sscanf(text->str, "%d %d %u %d", &stage, &outcome->error, &outcome->online, &outcome->managed) == 4)
        outcome->stage = (VvSriovStage)stage;
    else
        outcome->error = late ? ETIMEDOUT : ECHILD;
}

void vv_sriov_in_child(const VvSriovOrder *order, VvSriovOutcome *ret)
{
    const int keep[2] = {vv_sysfs_fd(order->sysfs), order->lock_fd};
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean late;
    VvChild child;

    *ret = (VvSriovOutcome){.stage = VV_SRIOV_AUTOPROBE};
    ret->error = vv_child_start(&child, work, (gpointer)order, keep, order->deadline_ms);
    if (ret->error)
        return;
    if (vv_child_hear(order->sysfs, &child, text, &late)) {
        understand(text, late, ret);
        return;
    }
    ret->error = ETIMEDOUT;
    ret->wedged = TRUE;
    ret->worker = child.pid;
    ret->evidence = vv_child_evidence(order->sysfs, child.pid);
    vv_child_abandon(&child);
}

void vv_sriov_outcome_clear(VvSriovOutcome *outcome)
{
    g_clear_pointer(&outcome->evidence, g_free);
}

static void answer_finish(GString *text, gpointer data)
{
    g_string_append_printf(text, "%d", restore(data));
}

int vv_sriov_finish_in_child(const VvSriovOrder *order)
{
    g_autoptr(GString) text = g_string_new(NULL);

    return vv_child_ask(order->sysfs, answer_finish, (gpointer)order, order->deadline_ms, text)
               ? atoi(text->str)
               : ETIMEDOUT;
}
