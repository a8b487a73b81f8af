/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/install.h"
#include "hooks/userhook.h"
#include "launcher/command.h"
#include "launcher/json.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

static const char restart[] =
    "restart libvirt's daemon ('systemctl restart libvirtd', or virtqemud); guests go on";

static json_object *json_user_hooks(const VvSysfs *sysfs)
{
    json_object *array = json_object_new_array();
    g_autoptr(GPtrArray) hooks = vv_user_hooks_list(sysfs);

    for (guint i = 0; i < hooks->len; i++) {
        const VvUserHook *hook = hooks->pdata[i];
        json_object *object = json_object_new_object();
        json_object_object_add(object, "path", vv_json_text(hook->path));
        json_object_object_add(object, "problem", vv_json_text(hook->problem));
        json_object_array_add(array, object);
    }
    return array;
}

static json_object *json_status(const VvSysfs *sysfs, const VvHookStatus *status)
{
    static const char *const seen[] = {"no-daemon", "yes", "no"};
    json_object *object = json_object_new_object();
    json_object *others = json_object_new_array();

    for (guint i = 0; i < status->others->len; i++)
        json_object_array_add(others, vv_json_text(status->others->pdata[i]));
    json_object_object_add(object, "live", json_object_new_boolean(vv_hook_is_live(status)));
    json_object_object_add(object, "path", vv_json_text(status->link));
    json_object_object_add(object, "target", vv_json_text(status->target));
    json_object_object_add(object, "foreign", json_object_new_boolean(status->foreign));
    json_object_object_add(object, "version", vv_json_text(status->version));
    json_object_object_add(object, "seen", vv_json_text(seen[status->seen]));
    json_object_object_add(object, "confined", vv_json_text(status->confined));
    json_object_object_add(object, "others", others);
    json_object_object_add(object, "user_hooks", json_user_hooks(sysfs));
    return object;
}

static void print_link(const VvHookStatus *status)
{
    if (status->foreign)
        printf("  in the way    %s is not ours; move it away, then 'virt-vfio hook install'\n", status->link);
    else if (!status->target)
        puts("  not installed 'virt-vfio hook install' installs it");
    else
        printf("  installed     %s -> %s\n", status->link, status->target);
    if (status->target && !status->version)
        printf("  broken        %s is not there; install virt-vfio again\n", status->target);
    else if (status->target && strcmp(status->version, VV_VERSION) != 0)
        printf("  other version %s, and this is %s; 'virt-vfio hook install' makes them the same\n",
               status->version, VV_VERSION);
    else if (status->target)
        printf("  version       %s\n", status->version);
}

static void print_user_hooks(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) hooks = vv_user_hooks_list(sysfs);

    for (guint i = 0; i < hooks->len; i++) {
        const VvUserHook *hook = hooks->pdata[i];
        if (hook->problem)
            printf("  not run       %s\n", hook->problem);
        else
            printf("  user hook     %s\n", hook->path);
    }
}

static void print_status(const VvSysfs *sysfs, const VvHookStatus *status)
{
    printf("The hook is %s.\n\n",
           vv_hook_is_live(status) ? "live: devices of domains go and come back by themselves" : "not live");
    print_link(status);
    if (status->target && status->seen == VV_HOOK_NOT_SEEN)
        printf("  not seen      libvirt's daemon is older than the hook: %s\n", restart);
    else if (status->target)
        printf("  seen          %s\n", status->seen == VV_HOOK_SEEN
                                           ? "by the running daemon"
                                           : "no daemon runs; the next one will see it");
    if (status->confined)
        printf("  confined      %s\n", status->confined);
    for (guint i = 0; i < status->others->len; i++)
        printf("  another hook  %s; libvirt runs all of them\n", (const char *)status->others->pdata[i]);
    print_user_hooks(sysfs);
}

int vv_verb_hook_status(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    VvSysfs *sysfs = vv_context_sysfs(context, error);
    if (!sysfs)
        return VV_ERROR_FAILED;

    g_autoptr(VvHookStatus) status = vv_hook_status(context->sysroot, sysfs);
    if (context->json)
        vv_json_print(json_status(sysfs, status));
    else
        print_status(sysfs, status);
    return vv_hook_is_live(status) ? 0 : VV_ERROR_NOT_READY;
}

int vv_verb_hook_install(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    VvSysfs *sysfs = vv_context_sysfs(context, error);
    if (!sysfs || !vv_hook_install(context->sysroot, error))
        return VV_ERROR_FAILED;

    g_autoptr(VvHookStatus) status = vv_hook_status(context->sysroot, sysfs);
    printf("installed %s -> %s\n", status->link, status->target);
    if (status->seen == VV_HOOK_NOT_SEEN)
        printf("next: %s\n", restart);
    if (status->confined)
        printf("next: %s\n", status->confined);
    return 0;
}

int vv_verb_hook_remove(VvContext *context, char **words G_GNUC_UNUSED, GError **error)
{
    if (!vv_hook_remove(context->sysroot, error))
        return VV_ERROR_FAILED;
    puts("the hook is not installed any more; 'virt-vfio start' wants --wait or --keep from now on");
    return 0;
}
