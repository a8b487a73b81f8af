/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/handover-run.h"
#include "vfio/nvme-virt.h"
#include "vfio/sriov-work.h"
#include "vfio/sriov.h"

#include "vfio/error.h"

#include <errno.h>
#include <string.h>

/* The scan of a VF, on top of the driver's own deadline: 100 ms were seen on slow machines. */
#define EACH_VF_MS 100

static guint deadline_of(const VvRun *run, const VvSriovNote *note)
{
    return run->options.stage_ms * 2 + EACH_VF_MS * (note->before + note->wanted);
}

static void add_group(GArray *groups, int group)
{
    guint at = 0;

    while (at < groups->len && g_array_index(groups, int, at) < group)
        at++;
    if (at == groups->len || g_array_index(groups, int, at) != group)
        g_array_insert_val(groups, at, group);
}

static gboolean lock(VvRun *run, const VvPf *pf)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));

    add_group(groups, pf->device->group);
    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        if (vf->device)
            add_group(groups, vf->device->group);
    }
    return vv_journal_lock_groups(run->journal, groups, run->options.lock_ms, &run->error);
}

static void refuse(VvRun *run, const char *code, const char *what, const char *detail)
{
    vv_run_fail(
        run, g_error_new(VV_ERROR, VV_ERROR_REFUSED, "%s: %s: %s; nothing was changed", code, what, detail));
}

/* What the plan saw must still hold under the locks: the host is looked at anew. */
static gboolean is_as_planned(VvRun *run, const VvPf *planned)
{
    g_autoptr(VvHost) host = vv_host_scan(run->sysfs, &run->error);
    g_autoptr(GPtrArray) entries = host ? vv_journal_list(run->journal, &run->error) : NULL;
    VvDevice *device = entries ? vv_host_find(host, planned->device->address) : NULL;
    g_autoptr(VvPf) now = device ? vv_pf_read(host, device, entries, NULL, &run->error) : NULL;

    if (!run->error && !now)
        vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s has just gone", planned->device->text));
    if (run->error)
        return FALSE;
    if (now->enabled != planned->enabled || g_strcmp0(now->device->driver, planned->device->driver) != 0)
        refuse(run, "sriov-parent", planned->device->text,
               "somebody else has just changed its virtual functions or its driver; 'virt-vfio sriov list' "
               "shows what it has");
    for (guint i = 0; !run->error && i < now->vfs->len; i++) {
        const VvVf *vf = now->vfs->pdata[i];
        if (!vf->in_use)
            continue;
        g_autofree char *text = vv_address_dup(vf->address);
        g_autofree char *taken = vv_vf_taken(vf);
        g_autofree char *detail = g_strdup_printf("it is %s by now", taken);
        refuse(run, "claimed", text, detail);
    }
    return run->error == NULL;
}

/* What the kernel's answers to sriov_numvfs mean (drivers/pci/iov.c, sriov_numvfs_store and sriov_enable);
 * NULL: it may be anything, from the driver. */
static const char *explain(int error)
{
    switch (error) {
    case ERANGE:
        return "more than its driver allows now; sriov_totalvfs says how many";
    case EBUSY:
        return "it has virtual functions that somebody else has just made; look at 'virt-vfio sriov list'";
    case ENOENT:
        return "its driver cannot make virtual functions, or an option of it has to switch them on; "
               "'modinfo -p DRIVER' shows its options";
    case ENOMEM:
        return "there is no room for their memory or their bus numbers (the kernel log says which): switch "
               "SR-IOV, and 'Above 4G decoding' where there is one, on in the firmware's setup, or boot with "
               "pci=realloc, which lets Linux make room";
    case EPERM:
        return "its driver does not let go of virtual functions that a guest has, or the kernel is locked "
               "down";
    case ENODEV:
        return "it has gone, or its driver was taken from it";
    case EROFS:
        return "this is a recorded machine";
    case ETIMEDOUT:
        return "no answer in time; look at the kernel log";
    case ECHILD:
        return "its worker died";
    default:
        return NULL;
    }
}

static char *words_of(int error)
{
    const char *words = explain(error);

    return words ? g_strdup(words) : g_strdup_printf("%s; the kernel log may say why", g_strerror(error));
}

/* What is short is the drive's flexible queues and interrupts, not space. */
static char *explain_nvme(const VvSriovOutcome *outcome)
{
    if (outcome->stage == VV_SRIOV_SHARE && outcome->error == ENOSPC)
        return g_strdup("it has fewer than two flexible queues and one interrupt for each; ask for fewer "
                        "virtual functions, or have its own controller give up what it keeps of them (nvme "
                        "virt-mgmt, from nvme-cli)");
    return vv_nvme_strerror(outcome->error);
}

static void fail(VvRun *run, const VvDevice *device, const VvSriovNote *note, const VvSriovOutcome *outcome)
{
    static const char *const doing[] = {
        "cannot keep drivers from its new virtual functions",
        "cannot take its virtual functions away",
        "cannot make virtual functions",
        "cannot put its settings back",
        "the virtual functions are there, but the drive gives them no resources",
        "the virtual functions are there, but their controllers are not online"};
    gboolean is_nvme = outcome->stage == VV_SRIOV_SHARE || outcome->stage == VV_SRIOV_ONLINE;
    g_autofree char *said = is_nvme ? explain_nvme(outcome) : words_of(outcome->error);

    if (outcome->wedged)
        vv_run_fail(run,
                    g_error_new(VV_ERROR, VV_ERROR_FAILED,
                                "%s: changing its virtual functions (from %u to %u) does not end: %s; only a "
                                "reboot may help",
                                device->text, note->before, note->wanted, outcome->evidence));
    else
        vv_run_fail(run, g_error_new(VV_ERROR, VV_ERROR_FAILED, "%s: %s: %s", device->text,
                                     doing[outcome->stage], said));
}

static void settle(VvRun *run, VvSriovOrder *order, VvSriovNote *note, const VvSriovOutcome *outcome)
{
    gboolean unfinished = outcome->error == ETIMEDOUT || outcome->error == ECHILD;

    if (outcome->wedged) {
        note->by = vv_process_of(run->sysfs, outcome->worker);
        vv_sriov_note_write(run->journal, note, NULL);
    } else if (!unfinished || vv_sriov_finish_in_child(order) == 0)
        vv_sriov_note_remove(run->journal, note->address, &run->error);
}

/* An earlier change that was interrupted, and could not be put in order, has left it off: what its note says
 * is what the host had. */
static int autoprobe_before(const VvRun *run, const VvPf *pf, const char *ids)
{
    g_autoptr(VvSriovNote) earlier = vv_sriov_note_read(run->journal, pf->device->address);

    return earlier && strcmp(earlier->ids, ids) == 0 ? earlier->autoprobe : pf->autoprobe;
}

static void change(VvRun *run, const VvPf *pf, guint count, char **ret_remark)
{
    g_autoptr(VvSriovNote) note = vv_sriov_note_new(pf->device->address);
    VvSriovOrder order = {run->sysfs, note, pf->device->kind == VV_KIND_NVME,
                          vv_journal_lock_fd(run->journal, pf->device->group), 0};
    VvSriovOutcome outcome;

    note->ids = vv_device_ids(pf->device);
    note->autoprobe = autoprobe_before(run, pf, note->ids);
    note->before = pf->enabled;
    note->wanted = count;
    note->by = run->self;
    order.deadline_ms = deadline_of(run, note);
    if (!vv_sriov_note_write(run->journal, note, &run->error))
        return;
    vv_sriov_in_child(&order, &outcome);
    if (outcome.error)
        fail(run, pf->device, note, &outcome);
    settle(run, &order, note, &outcome);
    if (!run->error && order.is_nvme && count)
        *ret_remark = outcome.managed
                          ? g_strdup_printf("%u secondary controllers are online", outcome.online)
                          : g_strdup("this drive has no command to manage them (Virtualization Management): "
                                     "whether they work is up to its maker's own tool");
    vv_sriov_outcome_clear(&outcome);
}

static void tell(VvRun *run, gint64 before)
{
    VvStep *step = run->plan->steps->pdata[0];

    step->us = g_get_monotonic_time() - before;
    step->failed = run->error != NULL;
    if (run->options.progress)
        run->options.progress(step, run->options.progress_data);
}

gboolean vv_sriov_set(VvHost *host, VvJournal *journal, VvPlan *plan, guint count,
                      const VvHandoverOptions *options, guint *ret_enabled, char **ret_remark, GError **error)
{
    VvDevice *device = ((VvPlanDevice *)plan->devices->pdata[0])->device;
    g_autoptr(VvPf) pf = vv_pf_read(host, device, NULL, NULL, error);
    g_autofree char *remark = NULL;
    VvRun run;

    if (pf && !vv_plan_ok(plan))
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "refused by the plan; nothing was changed");
    if (!pf || !vv_plan_ok(plan))
        return FALSE;
    vv_run_init(&run, host, journal, plan, options);
    if (count != pf->enabled && lock(&run, pf) && is_as_planned(&run, pf)) {
        gint64 before = g_get_monotonic_time();
        change(&run, pf, count, &remark);
        tell(&run, before);
    }
    if (ret_enabled)
        *ret_enabled = vv_device_count_vfs(run.sysfs, device->text);
    if (ret_remark)
        *ret_remark = g_steal_pointer(&remark);
    return vv_run_clear(&run, error);
}
