/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/recovery.h"
#include "launcher/services.h"
#include "vfio/error.h"
#include "vfio/rom-read.h"
#include "vfio/sriov-note.h"

#include <stdio.h>
#include <string.h>

static const char *action_text(VvRecoverAction action)
{
    static const char *const texts[] = {
        [VV_RECOVER_LEAVE] = "stays",
        [VV_RECOVER_RETURN] = "goes back",
        [VV_RECOVER_FORGET] = "is forgotten",
        [VV_RECOVER_FINISH] = "stays taken",
    };

    return texts[action];
}

static json_object *json_recovery(const VvHost *host, const VvRecovery *recovery)
{
    json_object *object = json_object_new_object();
    const VvDevice *device = vv_host_find(host, recovery->entry->address);
    g_autofree char *now = device ? vv_device_driver_now(vv_host_sysfs(host), device) : NULL;

    json_object_object_add(object, "address", vv_json_address(recovery->entry->address));
    json_object_object_add(object, "state", vv_json_text(vv_state_name(recovery->entry->state)));
    json_object_object_add(object, "from", vv_json_text(now));
    json_object_object_add(object, "to", vv_json_text(recovery->entry->driver));
    json_object_object_add(object, "action", vv_json_text(action_text(recovery->action)));
    json_object_object_add(object, "why", vv_json_text(recovery->why));
    return object;
}

static void print_recovery(const VvRecovery *recovery)
{
    const VvEntry *entry = recovery->entry;
    char address[VV_ADDRESS_TEXT];

    printf("  %s  %-11s %s%s%s: %s\n", vv_address_format(entry->address, address),
           vv_state_name(entry->state), action_text(recovery->action),
           recovery->action == VV_RECOVER_RETURN ? " to " : "",
           recovery->action != VV_RECOVER_RETURN ? ""
           : entry->driver                       ? entry->driver
                                                 : "no driver",
           recovery->why);
    if (entry->note)
        printf("      %s\n", entry->note);
}

/* Cards that a reading of their ROM left switched on. */
static guint explain_roms(VvContext *context, json_object *roms)
{
    g_autoptr(GArray) left = vv_rom_left_behind(context->journal);

    for (guint i = 0; i < left->len; i++) {
        VvAddress address = g_array_index(left, VvAddress, i);
        char text[VV_ADDRESS_TEXT];
        if (roms)
            json_object_array_add(roms, vv_json_address(address));
        else
            printf("  %s  reading     is switched back: a reading of its ROM was interrupted\n",
                   vv_address_format(address, text));
    }
    return left->len;
}

/* Changes of the number of virtual functions that were interrupted. */
static guint explain_sriov(VvContext *context, json_object *pfs)
{
    g_autoptr(GPtrArray) notes = vv_sriov_notes(context->journal);

    for (guint i = 0; i < notes->len; i++) {
        const VvSriovNote *note = notes->pdata[i];
        char text[VV_ADDRESS_TEXT];
        if (pfs)
            json_object_array_add(pfs, vv_json_address(note->address));
        else
            printf("  %s  sriov       is put in order: a change of its virtual functions from %u to %u was "
                   "interrupted\n",
                   vv_address_format(note->address, text), note->before, note->wanted);
    }
    return notes->len;
}

static int explain(VvContext *context, const VvRecoverOptions *options, GError **error)
{
    g_autoptr(GPtrArray) recoveries = vv_recover_look(context->host, context->journal, options, error);
    if (!recoveries)
        return VV_ERROR_FAILED;

    json_object *devices = context->json ? json_object_new_array() : NULL;
    json_object *roms = context->json ? json_object_new_array() : NULL;
    json_object *pfs = context->json ? json_object_new_array() : NULL;
    guint left = explain_roms(context, roms) + explain_sriov(context, pfs);
    for (guint i = 0; i < recoveries->len; i++)
        if (devices)
            json_object_array_add(devices, json_recovery(context->host, recoveries->pdata[i]));
        else
            print_recovery(recoveries->pdata[i]);
    if (devices) {
        json_object *object = json_object_new_object();
        json_object_object_add(object, "verdict", vv_json_text("ok"));
        json_object_object_add(object, "devices", devices);
        json_object_object_add(object, "reasons", json_object_new_array());
        json_object_object_add(object, "steps", json_object_new_array());
        json_object_object_add(object, "roms", roms);
        json_object_object_add(object, "sriov", pfs);
        json_object_object_add(object, "services", vv_json_services(context));
        vv_json_print(object);
    } else if (!vv_context_tell_services(context) && !recoveries->len && !left)
        puts("Nothing is taken from this host.");
    return 0;
}

/* What is stuck or quarantined stays so, but nobody shall think that all is well. */
static guint report_left(VvContext *context, GError **error)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(context->journal, error);
    guint count = 0;

    for (guint i = 0; entries && i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (entry->state != VV_STATE_STUCK && entry->state != VV_STATE_QUARANTINED)
            continue;
        count++;
        fprintf(stderr, "virt-vfio: %s stays %s: %s\n", vv_address_format(entry->address, address),
                vv_state_name(entry->state), entry->note ? entry->note : "see 'virt-vfio status'");
    }
    return count;
}

/* FALSE when a card does not take it back. */
static gboolean recover_roms(VvContext *context, guint *ret_count, GError **error)
{
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    gboolean ok = vv_rom_recover(context->host, context->journal, done, error);

    for (guint i = 0; !context->json && i < done->len; i++) {
        char text[VV_ADDRESS_TEXT];
        printf("  %s is switched back as it was before its ROM was read\n",
               vv_address_format(g_array_index(done, VvAddress, i), text));
    }
    *ret_count = done->len;
    return ok;
}

int vv_verb_recover(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    const VvRecoverOptions options = vv_context_recover_options(context, TRUE);
    const VvHandoverOptions handover = vv_context_handover(context);
    g_autoptr(VvPlan) plan = NULL;

    vv_context_journal(context);
    guint sriov = 0, roms;
    gboolean sriov_ok = TRUE;
    if (!context->dry_run && !vv_context_finish_resets(context, error))
        return VV_ERROR_FAILED;
    if (!context->dry_run)
        sriov_ok = vv_context_finish_sriov(context, &sriov);
    if (!vv_context_host(context, error))
        return VV_ERROR_FAILED;
    if (context->dry_run)
        return explain(context, &options, error);
    gboolean roms_ok = recover_roms(context, &roms, error);
    gboolean ok =
        vv_recover(context->host, context->journal, &options, &handover, &plan, roms_ok ? error : NULL);
    gboolean all = ok && roms_ok && sriov_ok && report_left(context, error) == 0;
    if (plan && context->json)
        vv_json_print(vv_json_plan(plan));
    else if (plan)
        vv_print_gone(context, plan);
    if (!context->json && all && !plan->devices->len && !roms && !sriov)
        puts("Nothing was left behind.");
    return all ? 0 : VV_ERROR_FAILED;
}
