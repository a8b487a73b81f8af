/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/json.h"
#include "launcher/sriov-report.h"
#include "launcher/sriov.h"
#include "vfio/error.h"

#include <stdio.h>
#include <unistd.h>

static void complain(GError *error)
{
    if (error)
        fprintf(stderr, "virt-vfio: %s\n", error->message);
    g_clear_error(&error);
}

/* What cannot be asked leaves a gap, and the reason on standard error. */
static VvPfReport collect(VvContext *context, const VvPf *pf)
{
    VvPfReport report = {.pf = pf};
    GError *error = NULL;

    report.infos = vv_context_vf_infos(context, pf, &error);
    complain(g_steal_pointer(&error));
    if (pf->device->kind == VV_KIND_NVME && pf->enabled && pf->device->driver && geteuid() == 0 &&
        vv_sysfs_is_live(context->sysfs))
        report.controllers =
            vv_nvme_secondaries(context->sysfs, pf->device->address, VV_SRIOV_ASK_MS, &error);
    complain(error);
    return report;
}

static void report_clear(VvPfReport *report)
{
    g_clear_pointer(&report->infos, g_array_unref);
    g_clear_pointer(&report->controllers, g_array_unref);
}

static GPtrArray *wanted_pfs(VvContext *context, const char *word, GError **error)
{
    VvPf *pf = word ? vv_context_pf(context, word, error) : NULL;

    if (!word)
        return vv_context_pfs(context, error);
    if (!pf)
        return NULL;
    GPtrArray *pfs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_pf_free);
    g_ptr_array_add(pfs, pf);
    return pfs;
}

int vv_verb_sriov_list(VvContext *context, char **words, GError **error)
{
    g_autoptr(GPtrArray) pfs = wanted_pfs(context, words[0], error);
    if (!pfs)
        return VV_ERROR_FAILED;

    json_object *array = context->json ? json_object_new_array() : NULL;
    for (guint i = 0; i < pfs->len; i++) {
        VvPfReport report = collect(context, pfs->pdata[i]);
        if (array)
            json_object_array_add(array, vv_pf_report_json(context, &report));
        else
            vv_pf_report_print(context, &report);
        report_clear(&report);
    }
    if (array) {
        json_object *object = json_object_new_object();
        json_object_object_add(object, "pfs", array);
        vv_json_print(object);
    } else if (!pfs->len)
        puts("No card of this host can have virtual functions (or SR-IOV is off in the firmware's setup).");
    return 0;
}
