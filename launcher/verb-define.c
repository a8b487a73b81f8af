/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml.h"
#include "launcher/devices.h"
#include "launcher/present.h"
#include "vfio/error.h"

#include <string.h>

static char **settings;
static char *name;

const GOptionEntry vv_vm_options[] = {
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings, "Replace or add a key of the VM file",
     "SECTION.KEY=VALUE"},
    {"name", 0, 0, G_OPTION_ARG_STRING, &name, "Another name than the file's", "NAME"},
    {0},
};

static VvVm *load(const char *path, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);

    for (char **setting = settings; setting && *setting; setting++)
        g_ptr_array_add(all, g_strdup(*setting));
    if (name)
        g_ptr_array_add(all, g_strdup_printf("vm.name=%s", name));
    g_ptr_array_add(all, NULL);
    return vv_vm_load(path, (const char *const *)all->pdata, error);
}

static guint count_functions(const VvVm *vm)
{
    guint count = 0;

    for (guint i = 0; i < vm->devices->len; i++)
        count += ((const VvVmDevice *)vm->devices->pdata[i])->functions->len;
    return count;
}

/* Keeps the uuid of a domain that is defined again, so that it stays the same domain for libvirt. */
static void keep_uuid(VvConnection *connection, VvVm *vm)
{
    if (!vm->uuid)
        vm->uuid = vv_connection_uuid(connection, vm->name);
}

int vv_verb_define(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvVm) vm = load(words[0], error);
    VvHost *host = vm ? vv_context_host(context, error) : NULL;
    VvConnection *connection =
        host && vv_vm_resolve(vm, host, error) ? vv_context_connection(context, error) : NULL;
    if (!connection)
        return VV_ERROR_FAILED;

    gboolean kvm = vm->accel != VV_ACCEL_TCG && vv_connection_has_kvm(connection);
    if (vm->accel == VV_ACCEL_KVM && !kvm) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s wants accel = kvm, and libvirt says that KVM does not work on this host", vm->name);
        return VV_ERROR_NOT_READY;
    }
    keep_uuid(connection, vm);
    g_autofree char *xml = vv_domain_xml_build(vm, kvm);
    if (context->dry_run) {
        fputs(xml, stdout);
        return 0;
    }
    g_autofree char *uuid = vv_connection_define(connection, xml, error);
    if (!uuid)
        return VV_ERROR_FAILED;

    char count[40];
    printf("defined %s (%s) with %s of this host%s\n", vm->name, uuid,
           vv_count(count_functions(vm), "function", count), kvm ? "" : "; it runs without KVM, slowly");
    printf("next: virt-vfio plan %s, then virt-vfio start %s --wait\n", vm->name, vm->name);
    return 0;
}

int vv_verb_xml(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvVm) vm = load(words[0], error);
    if (!vm)
        return VV_ERROR_USAGE;

    /* The devices may be somewhere else; what this host knows is used, and what it does not is taken at its
     * word. */
    VvHost *host = vv_context_host(context, NULL);
    g_autoptr(GError) problem = NULL;
    if (!host || !vv_vm_resolve(vm, host, &problem)) {
        if (!vv_vm_resolve(vm, NULL, error))
            return VV_ERROR_USAGE;
        fprintf(stderr, "virt-vfio: not checked against this host: %s\n",
                problem ? problem->message : "it shows no PCI devices");
    }
    g_autofree char *xml = vv_domain_xml_build(vm, vm->accel != VV_ACCEL_TCG);
    fputs(xml, stdout);
    return 0;
}
