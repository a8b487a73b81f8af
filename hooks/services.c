/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/services.h"

#include "domains/domplan-services.h"
#include "domains/domplan.h"
#include "hooks/services-note.h"
#include "hooks/systemd.h"
#include "vfio/error.h"
#include "vfio/lock.h"
#include "vfio/seam.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STOP_MS 30000
#define START_MS 10000
/* A stop or a start of another program's. */
#define LOCK_MS 5000
/* Between two looks at what ends by itself. */
#define LOOK_MS 250

static gint64 deadline_in(guint ms)
{
    return g_get_monotonic_time() + (gint64)ms * 1000;
}

/* Only one program at a time stops or starts: the order is what counts. -1 with an error. */
static int lock(const VvJournal *journal, GError **error)
{
    g_autofree char *folder = g_build_filename(vv_journal_folder(journal), "locks", NULL);
    g_autofree char *path = g_build_filename(folder, "services", NULL);
    int fd = g_mkdir_with_parents(folder, 0755) == 0 ? vv_lock_file(path, deadline_in(LOCK_MS)) : -1;

    if (fd < 0)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot lock %s: %s", path,
                    errno == EWOULDBLOCK ? "another virt-vfio is stopping or starting units"
                                         : g_strerror(errno));
    return fd;
}

static void tell(const VvServicesOptions *options, const char *format, const char *unit, gint64 before,
                 gboolean failed)
{
    g_autofree char *what = g_strdup_printf("%s %s", unit, format);

    if (options->progress)
        options->progress(what, g_get_monotonic_time() - before, failed, options->data);
}

/* Each stop and start is one of the seam's steps. */
static gboolean may_go_on(const char *unit, GError **error)
{
    int problem = vv_seam_step();

    if (problem)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: %s", unit, g_strerror(problem));
    return problem == 0;
}

/* In reverse. What cannot be started does not keep the others. */
static gboolean start_all(VvJournal *journal, VvServicesNote *note, const VvServicesOptions *options,
                          GError **error)
{
    guint ms = options->start_ms ? options->start_ms : START_MS;
    GError *first = NULL;
    g_autoptr(VvSystemd) systemd = vv_systemd_open(&first);

    for (guint i = systemd ? g_strv_length(note->units) : 0; i > 0; i--) {
        gint64 before = g_get_monotonic_time();
        const char *unit = note->units[i - 1];
        GError **problem = first ? NULL : &first;
        gboolean ok = may_go_on(unit, problem) && vv_systemd_start(systemd, unit, deadline_in(ms), problem);
        tell(options, ok ? "is started again" : "does not start", unit, before, !ok);
    }
    if (!first)
        return vv_services_note_remove(journal, note->owner, error);
    note->failed = TRUE;
    vv_services_note_write(journal, note, NULL);
    g_propagate_prefixed_error(error, first,
                               "what was stopped for %s does not run again ('virt-vfio recover' "
                               "tries again): ",
                               note->owner_name ? note->owner_name : note->owner);
    return FALSE;
}

/* What is left over from an earlier time is to be started as well. */
static VvServicesNote *make_note(const VvSysfs *sysfs, const VvJournal *journal, const VvPlan *plan,
                                 char *const *units)
{
    g_autoptr(VvServicesNote) old = vv_services_note_read(journal, plan->owner);
    VvServicesNote *note = vv_services_note_new(plan->owner, plan->owner_name);
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();

    for (char **unit = old ? old->units : NULL; unit && *unit; unit++)
        if (!g_strv_contains((const char *const *)units, *unit))
            g_strv_builder_add(all, *unit);
    for (; *units; units++)
        g_strv_builder_add(all, *units);
    g_strfreev(note->units);
    note->units = g_strv_builder_end(all);
    note->by = vv_process_self(sysfs);
    return note;
}

static gboolean stop_all(VvSystemd *systemd, char **units, VvPlan *plan, gint64 deadline,
                         const VvServicesOptions *options, GError **error)
{
    for (; *units; units++) {
        gint64 before = g_get_monotonic_time();
        gboolean ok = may_go_on(*units, error) && vv_systemd_stop(systemd, *units, deadline, error);
        tell(options, ok ? "is stopped" : "does not stop", *units, before, !ok);
        VvStep *step = vv_plan_find_stop(plan, *units);
        step->us = g_get_monotonic_time() - before;
        step->failed = !ok;
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* Sets an error that names what is still in the way. */
static gboolean refuse(const VvPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (reason->severity != VV_SEVERITY_BLOCK || (reason->allowed && !reason->pid))
            continue;
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s %s: %s, although what was agreed to is stopped; end that program first", reason->code,
                    vv_address_format(reason->address, address), reason->detail);
        return FALSE;
    }
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "something is still in the way; see 'virt-vfio plan'");
    return FALSE;
}

/* Puts the new plan in the place of the old one, with the stops that were done for it. */
static void replace_plan(VvPlan **plan, VvPlan *fresh, char *const *units)
{
    for (; *units; units++) {
        const VvStep *step = vv_plan_find_stop(*plan, *units);
        vv_plan_add_step(fresh, step->what, NULL, step->us);
    }
    vv_plan_free(*plan);
    *plan = fresh;
}

/* Until nothing that was agreed to be stopped is in the way any more. */
static gboolean plan_again(VvPlan **plan, char *const *units, VvPlanAgain again, gpointer data,
                           gint64 deadline, GError **error)
{
    for (;;) {
        g_autoptr(VvPlan) fresh = again(data, error);
        g_auto(GStrv) left = fresh ? vv_plan_units_to_stop(fresh) : NULL;
        if (!fresh)
            return FALSE;
        if (!vv_plan_ok(fresh) || (*left && g_get_monotonic_time() >= deadline))
            return refuse(fresh, error);
        if (!*left) {
            replace_plan(plan, g_steal_pointer(&fresh), units);
            return TRUE;
        }
        g_usleep(LOOK_MS * 1000);
    }
}

gboolean vv_services_stop(const VvSysfs *sysfs, VvJournal *journal, VvPlan **plan, VvPlanAgain again,
                          gpointer data, const VvServicesOptions *options, GError **error)
{
    g_auto(GStrv) units = vv_plan_units_to_stop(*plan);
    gint64 deadline = deadline_in(options->stop_ms ? options->stop_ms : STOP_MS);
    GError *problem = NULL;

    if (!*units)
        return TRUE;
    g_autoptr(VvSystemd) systemd = vv_systemd_open(error);
    int fd = systemd ? lock(journal, error) : -1;
    if (fd < 0)
        return FALSE;
    g_autoptr(VvServicesNote) note = make_note(sysfs, journal, *plan, units);
    gboolean ok = vv_services_note_write(journal, note, error);
    if (ok && !(stop_all(systemd, units, *plan, deadline, options, &problem) &&
                plan_again(plan, units, again, data, deadline, &problem))) {
        g_autoptr(GError) second = NULL;
        ok = FALSE;
        if (!start_all(journal, note, options, &second))
            g_prefix_error(&problem, "%s; before that: ", second->message);
        else
            g_prefix_error(&problem, "nothing was taken, and what was stopped is started again: ");
        g_propagate_error(error, problem);
    }
    close(fd);
    return ok;
}

/* Has nobody the devices any more, and is nobody about to take them? */
static gboolean is_due(const VvSysfs *sysfs, const VvJournal *journal, const VvServicesNote *note,
                       const VvServicesOptions *options)
{
    g_autoptr(GPtrArray) entries = vv_journal_entries_of(journal, note->owner, NULL);

    /* A journal that cannot be read says nothing of who has what. */
    if (!entries || entries->len || (note->failed && !options->retry))
        return FALSE;
    return note->by.pid == getpid() || !vv_process_alive(sysfs, note->by);
}

gboolean vv_services_settle(const VvSysfs *sysfs, VvJournal *journal, const VvServicesOptions *options,
                            GError **error)
{
    g_autoptr(GPtrArray) notes = vv_services_notes(journal);
    GError *first = NULL;

    for (guint i = notes->len; i > 0; i--)
        if (!is_due(sysfs, journal, notes->pdata[i - 1], options))
            g_ptr_array_remove_index(notes, i - 1);
    int fd = notes->len || vv_services_note_has_leftovers(journal) ? lock(journal, &first) : -1;
    if (fd >= 0)
        vv_services_note_sweep(journal);
    for (guint i = 0; fd >= 0 && i < notes->len; i++) {
        const VvServicesNote *seen = notes->pdata[i];
        g_autoptr(VvServicesNote) note = vv_services_note_read(journal, seen->owner);
        if (note && is_due(sysfs, journal, note, options))
            start_all(journal, note, options, first ? NULL : &first);
    }
    if (fd >= 0)
        close(fd);
    if (!first)
        return TRUE;
    g_propagate_error(error, first);
    return FALSE;
}
