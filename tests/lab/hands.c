/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hands_only_in_the_lab(void)
{
    if (g_strcmp0(g_getenv("VIRT_VFIO_LAB"), "1") == 0)
        return;
    fputs("this moves the machine's devices; it runs in the lab only (tests/lab/run)\n", stderr);
    exit(2);
}

static char *reasons_text(const VvPlan *plan)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (reason->severity == VV_SEVERITY_BLOCK)
            g_string_append_printf(text, "%s: %s: %s; ", reason->code,
                                   vv_address_format(reason->address, address), reason->detail);
    }
    return g_string_free(text, FALSE);
}

static gboolean tell(GError *error, char **ret_problem)
{
    *ret_problem = g_strdup(error->message);
    g_error_free(error);
    return FALSE;
}

static gboolean look(Hands *hands, GError **error)
{
    hands->journal = vv_journal_new(NULL);
    hands->sysfs = vv_sysfs_new(NULL, error);
    hands->host = hands->sysfs ? vv_host_scan(hands->sysfs, error) : NULL;
    return hands->host != NULL;
}

gboolean hands_take(Hands *hands, char **addresses, const char *owner, const char *name, char **ret_problem)
{
    const VvPlanOptions options = {.owner = owner, .owner_name = name};
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autofree char *words = g_strjoinv(";", addresses);
    GError *error = NULL;

    if (!look(hands, &error) || !vv_selector_parse(words, selectors, &error))
        return tell(error, ret_problem);
    hands->plan = vv_plan_take(hands->host, hands->journal, selectors, &options, &error);
    if (!hands->plan)
        return tell(error, ret_problem);
    if (!vv_plan_ok(hands->plan)) {
        *ret_problem = reasons_text(hands->plan);
        return FALSE;
    }
    if (!vv_handover_take(hands->host, hands->journal, hands->plan, NULL, &error))
        return tell(error, ret_problem);
    return TRUE;
}

gboolean hands_return(Hands *hands, char **ret_problem)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
    GError *error = NULL;

    for (guint i = 0; i < hands->plan->devices->len; i++) {
        const VvPlanDevice *planned = hands->plan->devices->pdata[i];
        VvEntry *entry = vv_journal_read(hands->journal, planned->address, &error);
        if (error)
            return tell(error, ret_problem);
        if (entry)
            g_ptr_array_add(entries, entry);
    }
    g_autoptr(VvPlan) back = vv_plan_return(hands->host, entries);
    if (!vv_handover_return(hands->host, hands->journal, back, NULL, &error))
        return tell(error, ret_problem);
    return TRUE;
}

gboolean hands_owns(const Hands *hands, const char *address, const char *owner)
{
    VvAddress parsed;

    if (!vv_address_parse(address, &parsed, NULL))
        return FALSE;
    g_autoptr(VvEntry) entry = vv_journal_read(hands->journal, parsed, NULL);
    const VvDevice *device = vv_host_find(hands->host, parsed);
    g_autofree char *driver = device ? vv_device_driver_now(hands->sysfs, device) : NULL;
    return entry && entry->state == VV_STATE_TAKEN && strcmp(entry->owner, owner) == 0 &&
           vv_driver_is_vfio(driver);
}

void hands_clear(Hands *hands)
{
    g_clear_pointer(&hands->plan, vv_plan_free);
    g_clear_pointer(&hands->host, vv_host_free);
    g_clear_pointer(&hands->sysfs, vv_sysfs_free);
    g_clear_pointer(&hands->journal, vv_journal_free);
}
