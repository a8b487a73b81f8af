/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach.h"
#include "launcher/devices.h"
#include "launcher/live.h"
#include "launcher/redefine.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

static gboolean live;
static int timeout = 60;

const GOptionEntry vv_detach_options[] = {
    {"live", 0, 0, G_OPTION_ARG_NONE, &live, "Out of the running guest too, and back to the host", NULL},
    {"timeout", 0, 0, G_OPTION_ARG_INT, &timeout,
     "With --live: how long the guest may take to let go of it (default 60)", "SECONDS"},
    {0},
};

static guint count_live(const VvStored *stored, const GArray *functions)
{
    guint count = 0;

    for (guint i = 0; i < functions->len; i++)
        if (vv_live_has(stored, g_array_index(functions, VvAddress, i)))
            count++;
    return count;
}

/* One after the other: if the guest keeps one, the domain keeps all. */
static gboolean detach_live(VvContext *context, const VvStored *stored, const GArray *functions,
                            GError **error)
{
    for (guint i = 0; i < functions->len; i++) {
        VvAddress host = g_array_index(functions, VvAddress, i);

        if (vv_live_has(stored, host) && !vv_live_detach(context, stored, host, timeout, error))
            return FALSE;
    }
    return TRUE;
}

/* Before anything is done, because one that libvirt does not unplug keeps the others in. */
static gboolean check_live(const VvStored *stored, const GArray *functions, GError **error)
{
    if (!count_live(stored, functions)) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    stored->live ? "the running guest does not have it; detach without --live"
                                 : "domain %s does not run; detach without --live",
                    stored->domain->name);
        return FALSE;
    }
    for (guint i = 0; i < functions->len; i++) {
        VvAddress host = g_array_index(functions, VvAddress, i);
        g_autofree char *alias =
            vv_live_has(stored, host) ? vv_detach_live_alias(stored->live, host, error) : g_strdup("");

        if (!alias)
            return FALSE;
    }
    return TRUE;
}

/* The XML without it. What is only in the running guest, plugged in by somebody else, leaves it unchanged. */
static char *edit(const VvStored *stored, const char *what, GArray *functions, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *after = vv_detach_edit(stored->xml, what, functions, &problem), *ignored = NULL;

    if (after)
        return g_steal_pointer(&after);
    if (live && stored->live && functions->len == 0)
        ignored = vv_detach_edit(stored->live, what, functions, NULL);
    if (ignored)
        return g_strdup(stored->xml);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static gboolean check_timeout(GError **error)
{
    if (timeout >= 1 && timeout <= 3600)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "detach: --timeout %d: it is 1 to 3600 seconds", timeout);
    return FALSE;
}

int vv_verb_detach(VvContext *context, char **words, GError **error)
{
    g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autoptr(VvStored) stored = check_timeout(error) ? vv_stored_read(context, words[0], error) : NULL;
    g_autofree char *after = stored ? edit(stored, words[1], functions, error) : NULL;
    gboolean changes;

    if (!after || (live && !check_live(stored, functions, error)))
        return VV_ERROR_FAILED;
    changes = vv_show_change(stored, after);
    if (context->dry_run)
        return 0;
    if ((live && !detach_live(context, stored, functions, error)) ||
        (changes && !vv_redefine(context, stored, after, error)))
        return VV_ERROR_FAILED;
    printf("%s no longer has %s%s\n", stored->domain->name, words[1],
           !live && count_live(stored, functions)
               ? ", but the running guest keeps it until it stops ('detach --live' takes it out)"
               : "");
    if (changes)
        printf("to take it back: virt-vfio undo %s\n", stored->domain->name);
    return 0;
}
