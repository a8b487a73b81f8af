/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach.h"
#include "launcher/devices.h"
#include "launcher/live.h"
#include "launcher/present.h"
#include "launcher/redefine.h"
#include "vfio/error.h"

#include <string.h>

static char **allow;
static gboolean live;

const GOptionEntry vv_attach_options[] = {
    {"live", 0, 0, G_OPTION_ARG_NONE, &live, "Into the running guest too, at once", NULL},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "With --live: lift one reason of the plan",
     "CODE[=ADDRESS]"},
    {0},
};

static gboolean is_of_card(const VvAttach *attach, VvAddress address)
{
    for (guint i = 0; i < attach->card->functions->len; i++)
        if (vv_address_equal(g_array_index(attach->card->functions, VvVmFunction, i).host, address))
            return TRUE;
    return FALSE;
}

/* Two domains may have one device as long as one of them is off. */
static void warn_of_others(VvContext *context, const VvAttach *attach, const VvStored *stored)
{
    g_autoptr(GPtrArray) list = vv_connection_list(context->connection, NULL);

    for (guint i = 0; list && i < list->len; i++) {
        const VvDomainInfo *info = list->pdata[i];
        g_autoptr(VvDomain) other = vv_domain_read(info->xml, strlen(info->xml), NULL);

        for (guint d = 0; other && d < other->devices->len; d++) {
            const VvDomainDevice *device = other->devices->pdata[d];
            char text[VV_ADDRESS_TEXT];

            if (g_strcmp0(info->uuid, stored->domain->uuid) != 0 && is_of_card(attach, device->host))
                fprintf(stderr, "virt-vfio: note: %s is in domain %s (%s) too; only one of them can run\n",
                        vv_address_format(device->host, text), info->name, vv_domain_state_name(info->state));
        }
    }
}

/* What can never go to a guest has no business in a domain. What stands in the way today is for the start to
 * say. */
static gboolean check_devices(VvContext *context, const VvAttach *attach, GError **error)
{
    VvPlanOptions options = {.owner = "attach", .overview = TRUE};
    g_autoptr(VvPlan) plan =
        vv_plan_take(context->host, vv_context_journal(context), attach->card->selectors, &options, error);

    if (!plan)
        return FALSE;
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        char text[VV_ADDRESS_TEXT];

        if (strcmp(reason->code, "not-endpoint") != 0 && strcmp(reason->code, "not-found") != 0)
            continue;
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s: %s: %s", reason->code,
                    vv_address_format(reason->address, text), reason->detail);
        return FALSE;
    }
    return TRUE;
}

static void say_when(const VvStored *stored, const VvAttach *attach)
{
    printf("%s has %s%s\n", stored->domain->name, attach->card->name,
           live           ? ", also the running guest"
           : stored->live ? " from its next start on"
                          : "");
    printf("to take it back: virt-vfio undo %s\n", stored->domain->name);
}

static int attach_card(VvContext *context, VvAttach *attach, const VvStored *stored, GError **error)
{
    g_autofree char *hostdev = NULL;
    g_autofree char *after = vv_attach_edit(attach, stored->xml, live ? stored->live : NULL, &hostdev, error);
    g_autoptr(VvPlan) plan = NULL;

    if (!after || !check_devices(context, attach, error))
        return VV_ERROR_REFUSED;
    warn_of_others(context, attach, stored);
    if (live) {
        plan = vv_live_plan(context, attach, stored, allow, error);
        if (!plan)
            return VV_ERROR_FAILED;
        if (context->dry_run || !vv_plan_ok(plan))
            vv_show_plan(context, plan, "This would be taken from this host");
        if (!vv_plan_ok(plan))
            return VV_ERROR_REFUSED;
    }
    vv_show_change(stored, after);
    if (context->dry_run)
        return 0;
    if (!(live ? vv_live_attach(context, stored, after, plan, hostdev, error)
               : vv_redefine(context, stored, after, error)))
        return VV_ERROR_FAILED;
    say_when(stored, attach);
    return 0;
}

int vv_verb_attach(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvAttach) attach = vv_attach_parse(words[1], error);

    if (!attach || !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    g_autoptr(VvStored) stored = vv_stored_read(context, words[0], error);
    VvHost *host = stored ? vv_context_host(context, error) : NULL;
    if (!host || !vv_attach_resolve(attach, host, error))
        return VV_ERROR_FAILED;
    if (live && !stored->live) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "domain %s does not run; attach without --live",
                    stored->domain->name);
        return VV_ERROR_REFUSED;
    }
    return attach_card(context, attach, stored, error);
}
