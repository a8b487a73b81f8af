/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach.h"
#include "launcher/redefine.h"
#include "launcher/undo.h"
#include "vfio/error.h"

#include <stdio.h>

static VvAdoptOptions options;
static gboolean force;

const GOptionEntry vv_adopt_options[] = {
    {"one-slot", 0, 0, G_OPTION_ARG_NONE, &options.one_slot,
     "Put the functions of each card into one guest slot", NULL},
    {0},
};

const GOptionEntry vv_undo_options[] = {
    {"force", 0, 0, G_OPTION_ARG_NONE, &force, "Also what something else changed since", NULL},
    {0},
};

int vv_verb_adopt(VvContext *context, char **words, GError **error)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(VvStored) stored = vv_stored_read(context, words[0], error);
    VvHost *host = stored ? vv_context_host(context, error) : NULL;
    g_autofree char *after = host ? vv_adopt_edit(stored->xml, host, &options, notes, error) : NULL;

    if (!after)
        return VV_ERROR_FAILED;
    for (guint i = 0; i < notes->len; i++)
        fprintf(stderr, "virt-vfio: note: %s\n", (const char *)notes->pdata[i]);
    if (!vv_show_change(stored, after)) {
        printf(stored->domain->devices->len ? "all devices of %s are adopted already\n"
                                            : "%s has no PCI devices of the host\n",
               stored->domain->name);
        return 0;
    }
    if (context->dry_run)
        return 0;
    if (!vv_redefine(context, stored, after, error))
        return VV_ERROR_FAILED;
    printf("adopted %s; to take it back: virt-vfio undo %s\n", stored->domain->name, stored->domain->name);
    return 0;
}

int vv_verb_undo(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvStored) stored = vv_stored_read(context, words[0], error);
    gboolean unchanged = FALSE;
    g_autofree char *before =
        stored ? vv_undo_read(VV_UNDO_FOLDER, stored->domain->uuid, stored->xml, &unchanged, error) : NULL;

    if (!before)
        return VV_ERROR_FAILED;
    if (!vv_show_change(stored, before)) {
        printf("%s is what it was already\n", stored->domain->name);
        return 0;
    }
    if (context->dry_run)
        return 0;
    if (!unchanged && !force) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "something else has changed %s since virt-vfio did, and that would be lost too, as shown "
                    "above; if it may be, say --force",
                    stored->domain->name);
        return VV_ERROR_REFUSED;
    }
    if (!vv_redefine(context, stored, before, error))
        return VV_ERROR_FAILED;
    printf("%s is what it was%s; undo once more to redo\n", stored->domain->name,
           stored->live ? " from its next start on, the running guest is as it is" : "");
    return 0;
}
