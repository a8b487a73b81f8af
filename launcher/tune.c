/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/tune.h"

#include "domains/keep.h"
#include "domains/teams.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

static char **settings;
static char *name;

const GOptionEntry vv_vm_options[] = {
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings, "Replace or add a key of the VM file",
     "SECTION.KEY=VALUE"},
    {"name", 0, 0, G_OPTION_ARG_STRING, &name, "Another name than the file's", "NAME"},
    {0},
};

VvVm *vv_load_vm(const char *path, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);

    for (char **setting = settings; setting && *setting; setting++)
        g_ptr_array_add(all, g_strdup(*setting));
    if (name)
        g_ptr_array_add(all, g_strdup_printf("vm.name=%s", name));
    g_ptr_array_add(all, NULL);
    return vv_vm_load(path, (const char *const *)all->pdata, error);
}

static VvCapabilities *ask(VvConnection *connection, const VvVm *vm, const char *machine, gboolean kvm,
                           GError **error)
{
    g_autofree char *xml = vv_connection_capabilities(connection, vm->emulator, machine, kvm, error);

    return xml ? vv_capabilities_read(xml, strlen(xml), error) : NULL;
}

/* The version of q35 that the domain has had so far may be gone with an old QEMU. */
static VvCapabilities *ask_newer(VvConnection *connection, VvVm *vm, gboolean kvm)
{
    VvCapabilities *found = ask(connection, vm, NULL, kvm, NULL);

    if (found) {
        fprintf(stderr, "virt-vfio: note: this QEMU has no %s any more; %s becomes a %s\n", vm->machine,
                vm->name, found->machine ? found->machine : "q35");
        g_clear_pointer(&vm->machine, g_free);
    }
    return found;
}

/* With KVM if it can be. `kept`: the machine type is not the file's, but the one that the domain has. */
static VvCapabilities *find_capabilities(VvConnection *connection, VvVm *vm, gboolean kept, GError **error)
{
    VvCapabilities *found = NULL;

    for (int kvm = vm->accel != VV_ACCEL_TCG; kvm >= 0 && !found; kvm--) {
        gboolean insists = vm->accel == VV_ACCEL_KVM;

        g_clear_error(error);
        found = ask(connection, vm, vm->machine, kvm, error);
        if (!found && kept)
            found = ask_newer(connection, vm, kvm);
        if (!found && insists)
            break;
    }
    if (found)
        g_clear_error(error);
    else if (vm->accel == VV_ACCEL_KVM)
        g_prefix_error(error, "%s wants accel = kvm: ", vm->name);
    return found;
}

static void read_claims(VvConnection *connection, const VvVm *vm, VvClaims *claims)
{
    g_autoptr(GPtrArray) list = vv_connection_list(connection, NULL);

    for (guint i = 0; list && i < list->len; i++) {
        const VvDomainInfo *info = list->pdata[i];

        vv_claims_add(claims, info->xml, strlen(info->xml), info->state != VV_DOMAIN_OFF,
                      g_strcmp0(info->uuid, vm->uuid) == 0);
    }
}

VvTuning *vv_tune(VvContext *context, VvConnection *connection, VvVm *vm, gboolean here, const char *stored,
                  GError **error)
{
    g_autoptr(VvCapabilities) capabilities = NULL;
    g_autoptr(VvTopology) topology = NULL;
    g_auto(VvClaims) claims = {0};
    VvTuningHost host = {.claims = &claims};
    gboolean kept = !vm->machine, kvm = vm->accel != VV_ACCEL_TCG;
    VvTuning *tuning;

    if (stored)
        vv_vm_keep(vm, stored);
    vv_vm_share_macs(vm);
    kept = kept && vm->machine;
    if (connection) {
        capabilities = find_capabilities(connection, vm, kept, error);
        if (!capabilities)
            return NULL;
        kvm = capabilities->kvm;
        read_claims(connection, vm, &claims);
    }
    if (here && vv_context_sysfs(context, NULL)) {
        topology = vv_topology_read(context->sysfs);
        host.host = vv_context_host(context, NULL);
    }
    host.capabilities = capabilities;
    host.topology = topology;
    tuning = vv_tuning_new(vm, kvm, &host);
    for (guint i = 0; i < tuning->notes->len; i++)
        fprintf(stderr, "virt-vfio: note: %s\n", (const char *)tuning->notes->pdata[i]);
    return tuning;
}
