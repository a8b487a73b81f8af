/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/json.h"
#include "launcher/sriov.h"
#include "vfio/error.h"
#include "vfio/nvme-virt.h"
#include "vfio/vf-set.h"

#include <stdio.h>
#include <string.h>

json_object *vv_json_namespaces(const char *list)
{
    json_object *array = list ? json_object_new_array() : NULL;
    g_auto(GStrv) words = g_strsplit(list ? list : "", ",", -1);

    for (char **word = words; *word; word++)
        json_object_array_add(array, json_object_new_int64(g_ascii_strtoll(*word, NULL, 10)));
    return array;
}

char *vv_namespaces_text(const char *list)
{
    if (!list || !*list)
        return g_strdup(list ? "no namespace" : "");
    return g_strdup_printf("namespace%s %s", strchr(list, ',') ? "s" : "", list);
}

static void print_json(VvContext *context, const VvPf *pf, const VvVf *vf, const char *wanted,
                       const char *before)
{
    json_object *object = json_object_new_object(), *then = json_object_new_object(),
                *next = json_object_new_object();

    json_object_object_add(object, "pf", vv_json_text(pf->device->text));
    json_object_object_add(object, "index", json_object_new_int64(vf->index));
    json_object_object_add(object, "address", vv_json_address(vf->address));
    json_object_object_add(then, "namespaces", vv_json_namespaces(before));
    json_object_object_add(next, "namespaces", vv_json_namespaces(wanted));
    json_object_object_add(object, "before", then);
    json_object_object_add(object, "wanted", next);
    json_object_object_add(object, "done", json_object_new_boolean(!context->dry_run));
    vv_json_print(object);
}

/* A dry run only asks. */
static gboolean set(VvContext *context, const VvPf *pf, const VvVf *vf, const char *wanted, char **ret_before,
                    GError **error)
{
    VvJournal *journal = context->dry_run ? NULL : vv_context_journal(context);

    if (journal && !vv_vf_hold(context->sysfs, journal, pf, vf, vf->in_use, VV_SRIOV_LOCK_MS, error))
        return FALSE;
    gboolean ok = vv_nvme_set_namespaces(context->sysfs, pf->device->address, vf->index,
                                         journal ? wanted : NULL, VV_SRIOV_ASK_MS, ret_before, error);
    if (journal)
        vv_journal_unlock(journal);
    return ok;
}

gboolean vv_sriov_namespaces(VvContext *context, const VvPf *pf, const VvVf *vf, const char *wanted,
                             GError **error)
{
    g_autofree char *before = NULL, *address = vv_address_dup(vf->address);

    if (pf->device->kind != VV_KIND_NVME) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s is no NVMe drive: its virtual functions show no namespaces", pf->device->text);
        return FALSE;
    }
    if (!set(context, pf, vf, wanted, &before, error))
        return FALSE;
    g_autofree char *now = vv_namespaces_text(wanted), *was = vv_namespaces_text(before);
    if (context->json)
        print_json(context, pf, vf, wanted, before);
    else if (g_str_equal(wanted, before))
        printf("VF %u of %s (%s) shows %s already\n", vf->index, pf->device->text, address, now);
    else
        printf("VF %u of %s (%s) %s %s; before: %s\n", vf->index, pf->device->text, address,
               context->dry_run ? "would show" : "shows", now, was);
    return TRUE;
}
