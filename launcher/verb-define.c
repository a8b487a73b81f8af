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

static VvVmFunction *find_function(const VvVm *vm, VvAddress address)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];
        for (guint f = 0; f < card->functions->len; f++) {
            VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, f);
            if (vv_address_equal(function->host, address))
                return function;
        }
    }
    return NULL;
}

/* A domain that is defined again means the same devices, if not said otherwise: one that is in its guest, or
 * bound by hand, shows no serial number now; one that is another now may be meant, but not without a word. */
static void compare_before(const VvHost *host, VvConnection *connection, const VvVm *vm)
{
    g_autofree char *xml = vv_connection_domain_xml(connection, vm->name, NULL);
    g_autoptr(VvDomain) before = xml ? vv_domain_read(xml, strlen(xml), NULL) : NULL;
    g_autoptr(GPtrArray) identities = before ? vv_domain_identities(before) : g_ptr_array_new();

    for (guint i = 0; i < identities->len; i++) {
        const VvIdentity *earlier = identities->pdata[i];
        VvVmFunction *function = find_function(vm, earlier->address);
        if (!function)
            continue;
        VvReason *reason = vv_identity_check(host, earlier, identities);
        char text[VV_ADDRESS_TEXT];
        if (reason)
            fprintf(stderr, "virt-vfio: note: %s is not what it was: %s\n",
                    vv_address_format(earlier->address, text), reason->detail);
        else
            vv_identity_complete(function->identity, earlier);
        vv_reason_free(reason);
    }
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
    compare_before(host, connection, vm);
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
