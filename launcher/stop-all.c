/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/stop-all.h"

#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

#include <string.h>

/* libvirt tidies up after a guest that was switched off. */
#define OFF_MS 30000

typedef struct {
    char *uuid, *name;
    gboolean running;
} Guest;

static void guest_free(gpointer data)
{
    Guest *guest = data;

    g_free(guest->uuid);
    g_free(guest->name);
    g_free(guest);
}

static Guest *find_guest(const GPtrArray *guests, const char *uuid)
{
    for (guint i = 0; i < guests->len; i++)
        if (strcmp(((Guest *)guests->pdata[i])->uuid, uuid) == 0)
            return guests->pdata[i];
    return NULL;
}

/* A domain that libvirt does not know any more is off. */
static gboolean is_running(VvContext *context, const char *uuid)
{
    VvDomainState state;

    return vv_connection_state(context->connection, uuid, &state, NULL) && vv_domain_state_is_on(state);
}

/* Each domain for which something is taken. */
static GPtrArray *find_guests(VvContext *context, GError **error)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(vv_context_journal(context), error);
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(guest_free);

    for (guint i = 0; entries && i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        if (strcmp(entry->owner, VV_OWNER_MANUAL) == 0 || find_guest(guests, entry->owner))
            continue;
        if (!vv_context_connection(context, error))
            return NULL;
        Guest *guest = g_new0(Guest, 1);
        guest->uuid = g_strdup(entry->owner);
        guest->name = g_strdup(entry->owner_name ? entry->owner_name : entry->owner);
        guest->running = is_running(context, entry->owner);
        g_ptr_array_add(guests, guest);
    }
    return entries ? g_steal_pointer(&guests) : NULL;
}

/* One that cannot be asked is waited for all the same: it may be on its way down. */
static void ask(VvContext *context, const Guest *guest, int seconds)
{
    g_autoptr(GError) problem = NULL;

    if (!vv_connection_shutdown(context->connection, guest->uuid, &problem))
        fprintf(stderr, "virt-vfio: %s cannot be asked to shut down: %s\n", guest->name, problem->message);
    else if (!context->json)
        printf("  asked %s to shut down; waiting up to %d s\n", guest->name, seconds);
    fflush(stdout);
}

static void await(VvContext *context, Guest *guest, gint64 since, int ms)
{
    g_autofree char *what = g_strdup_printf("domain %s has stopped", guest->name);
    g_autoptr(GError) problem = NULL;

    if (vv_connection_wait_off(context->connection, guest->uuid, MAX(ms, 0), context->signal_fd, &problem))
        guest->running = FALSE;
    else if (problem)
        guest->running = is_running(context, guest->uuid);
    if (!guest->running)
        vv_print_progress(context, what, g_get_monotonic_time() - since, FALSE, NULL);
}

static void pull_the_plug(VvContext *context, Guest *guest, int seconds)
{
    gint64 before = g_get_monotonic_time();

    if (!context->json)
        printf("  %s has not stopped in %d s; it is switched off now (--force)\n", guest->name, seconds);
    fflush(stdout);
    vv_connection_destroy(context->connection, guest->uuid, NULL);
    await(context, guest, before, OFF_MS);
}

static void stop_guests(VvContext *context, const GPtrArray *guests, int seconds, gboolean force)
{
    gint64 before = g_get_monotonic_time(), deadline = before + seconds * G_USEC_PER_SEC;

    for (guint i = 0; i < guests->len; i++)
        if (((const Guest *)guests->pdata[i])->running)
            ask(context, guests->pdata[i], seconds);
    for (guint i = 0; i < guests->len; i++)
        if (((const Guest *)guests->pdata[i])->running)
            await(context, guests->pdata[i], before, (int)((deadline - g_get_monotonic_time()) / 1000));
    /* Not when a signal ended the wait. */
    force = force && g_get_monotonic_time() >= deadline;
    for (guint i = 0; force && i < guests->len; i++)
        if (((const Guest *)guests->pdata[i])->running)
            pull_the_plug(context, guests->pdata[i], seconds);
}

/* What is taken for these guests. */
static GPtrArray *entries_of(VvContext *context, const GPtrArray *guests, GError **error)
{
    GPtrArray *entries = vv_journal_list(vv_context_journal(context), error);

    for (guint i = entries ? entries->len : 0; i > 0; i--) {
        const VvEntry *entry = entries->pdata[i - 1];
        if (!find_guest(guests, entry->owner) || entry->state == VV_STATE_QUARANTINED)
            g_ptr_array_remove_index(entries, i - 1);
    }
    return entries;
}

static void move_items(GPtrArray *to, GPtrArray *from)
{
    while (from->len)
        g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

/* One guest after the other, because user hooks are told of one domain. *plan becomes that of all. */
static gboolean give_back_of(VvContext *context, Guest *guest, VvPlan **plan, GError **error)
{
    g_autoptr(GPtrArray) alone = g_ptr_array_new();
    g_ptr_array_add(alone, guest);
    g_autoptr(GPtrArray) entries = entries_of(context, alone, error);
    g_autoptr(VvPlan) own = NULL;
    gboolean ok = entries && (!entries->len || vv_give_back(context, entries, &own, error)) &&
                  vv_context_leave_vfs(context, guest->uuid, error);

    /* The next guest's comes from a new scan of the host. */
    for (guint i = 0; own && i < own->devices->len; i++)
        ((VvPlanDevice *)own->devices->pdata[i])->device = NULL;
    if (*plan && own) {
        move_items((*plan)->devices, own->devices);
        move_items((*plan)->reasons, own->reasons);
        move_items((*plan)->steps, own->steps);
    } else if (own) {
        *plan = g_steal_pointer(&own);
    }
    return ok;
}

/* Of those that are off. What does not come back keeps nobody else's; the first error counts. */
static gboolean give_back_all(VvContext *context, const GPtrArray *guests, VvPlan **plan, GError **error)
{
    gboolean ok = TRUE;

    for (guint i = 0; i < guests->len; i++) {
        Guest *guest = guests->pdata[i];
        if (!guest->running)
            ok = give_back_of(context, guest, plan, ok ? error : NULL) && ok;
    }
    return ok;
}

static int show_what_would_be(VvContext *context, const GPtrArray *guests, GError **error)
{
    g_autoptr(GPtrArray) entries = entries_of(context, guests, error);
    VvHost *host = entries ? vv_context_host(context, error) : NULL;
    if (!host)
        return VV_ERROR_FAILED;

    g_autoptr(VvPlan) plan = vv_plan_return(host, entries);
    for (guint i = 0; !context->json && i < guests->len; i++) {
        const Guest *guest = guests->pdata[i];
        printf("%s %s\n", guest->name, guest->running ? "would be asked to shut down" : "is off");
    }
    /* That the running guests hold their devices is no news here. */
    g_ptr_array_set_size(plan->reasons, 0);
    vv_show_plan(context, plan, "This would be given back");
    return 0;
}

static gboolean check_off(const GPtrArray *guests, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < guests->len; i++) {
        const Guest *guest = guests->pdata[i];
        if (guest->running)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", guest->name);
    }
    if (!names->len)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "still running, with devices: %s; wait longer (--timeout), or pull the plug (--force)",
                names->str);
    return FALSE;
}

int vv_stop_all(VvContext *context, int seconds, gboolean force, GError **error)
{
    g_autoptr(GPtrArray) guests = find_guests(context, error);
    if (!guests)
        return VV_ERROR_FAILED;
    if (context->dry_run)
        return show_what_would_be(context, guests, error);
    stop_guests(context, guests, seconds, force);

    g_autoptr(VvPlan) plan = NULL;
    gboolean ok = give_back_all(context, guests, &plan, error);
    if (context->json && plan)
        vv_json_print(vv_json_plan(plan));
    else if (!guests->len)
        puts("No guest has devices.");
    return ok && check_off(guests, error) ? 0 : VV_ERROR_FAILED;
}
