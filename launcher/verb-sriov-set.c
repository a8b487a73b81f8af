/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/sriov.h"
#include "vfio/error.h"

static int vfs = -1;
static char **allow;

const GOptionEntry vv_sriov_set_options[] = {
    {"vfs", 0, 0, G_OPTION_ARG_INT, &vfs, "How many virtual functions; 0 for none", "N"},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {0},
};

static gboolean check_options(GError **error)
{
    if (vfs >= 0)
        return vv_check_allow(allow, error);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "--vfs N says how many virtual functions there are to be");
    return FALSE;
}

static void print_vfs(const VvDevice *device, guint enabled, const char *remark)
{
    char count[40];

    printf("%s has %s%s%s\n", device->text, vv_count(enabled, "virtual function", count), remark ? "; " : "",
           remark ? remark : "");
    if (enabled)
        printf("'virt-vfio sriov list %s' shows them\n", device->text);
}

static void print_json(const VvPlan *plan, guint enabled, const char *remark)
{
    json_object *object = vv_json_plan(plan);

    json_object_object_add(object, "enabled", json_object_new_int64(enabled));
    json_object_object_add(object, "remark", vv_json_text(remark));
    vv_json_print(object);
}

/* Drivers may enable fewer without a word (drivers/pci/iov.c, sriov_numvfs_store, warns in the log). */
static gboolean check_enabled(const VvDevice *device, guint enabled, GError **error)
{
    if (enabled == (guint)vfs)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "%s: its driver made %u virtual functions where %d were asked for; they stay", device->text,
                enabled, vfs);
    return FALSE;
}

int vv_verb_sriov_set(VvContext *context, char **words, GError **error)
{
    VvHost *host = check_options(error) ? vv_context_host(context, error) : NULL;
    VvDevice *device = host ? vv_pf_find(host, words[0], error) : NULL;
    if (!device)
        return VV_ERROR_FAILED;

    /* libvirt is not asked, and with that started, for nothing: at boot it may wait for us to be done. */
    guint now = vv_device_count_vfs(context->sysfs, device->text);
    g_autoptr(GPtrArray) claims = now && now != (guint)vfs ? vv_collect_claims(context, NULL) : NULL;
    const VvPlanOptions options = {.allow = (const char *const *)allow, .claims = claims};
    g_autoptr(VvPlan) plan =
        vv_plan_sriov(host, vv_context_journal(context), device, (guint)vfs, &options, error);
    if (!plan)
        return VV_ERROR_FAILED;
    if (context->dry_run || !vv_plan_ok(plan)) {
        vv_show_plan(context, plan,
                     vv_device_count_vfs(context->sysfs, device->text) == (guint)vfs
                         ? "It has that number of virtual functions already"
                         : "The number of virtual functions would be changed");
        return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
    }

    const VvHandoverOptions handover = vv_context_handover(context);
    g_autofree char *remark = NULL;
    guint enabled = 0;
    gboolean ok = vv_sriov_set(host, context->journal, plan, (guint)vfs, &handover, &enabled, &remark, error);
    if (context->json)
        print_json(plan, enabled, remark);
    else if (ok)
        print_vfs(device, enabled, remark);
    return ok && check_enabled(device, enabled, error) ? 0 : VV_ERROR_FAILED;
}
