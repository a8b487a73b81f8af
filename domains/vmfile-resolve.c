/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/usbport.h"
#include "domains/vmfile-check.h"
#include "domains/vmfile-vf.h"
#include "vfio/error.h"

#include <string.h>

static gboolean G_GNUC_PRINTF(4, 5)
    host_error(const VvVm *vm, const VvVmDevice *device, GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s%s[device %s] host: %s", vm->path ? vm->path : "",
                vm->path ? ": " : "", device->name, text);
    return FALSE;
}

/* The card that has this function already, NULL: none. */
static const VvVmDevice *owner_of(const VvVm *vm, VvAddress address)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        for (guint f = 0; f < device->functions->len; f++)
            if (vv_address_equal(g_array_index(device->functions, VvVmFunction, f).host, address))
                return device;
    }
    return NULL;
}

/* `identity` (may be NULL) becomes the function's, or is freed. */
static gboolean add_function(VvVm *vm, VvVmDevice *device, VvAddress host, VvIdentity *identity,
                             GError **error)
{
    const VvVmDevice *owner = owner_of(vm, host);
    g_autoptr(VvIdentity) known = identity;
    VvVmFunction function = {.host = host};
    char text[VV_ADDRESS_TEXT];

    vv_address_format(host, text);
    if (owner == device)
        return host_error(vm, device, error, "%s is there twice", text);
    if (owner)
        return host_error(vm, device, error, "%s is in [device %s] already", text, owner->name);
    if (device->functions->len == 8 && device->layout != VV_LAYOUT_SEPARATE)
        return host_error(vm, device, error,
                          "more than 8 functions do not fit into one guest slot; use a second [device], or "
                          "functions = separate");
    function.identity = g_steal_pointer(&known);
    g_array_append_val(device->functions, function);
    return TRUE;
}

static gboolean add_found(VvVm *vm, VvVmDevice *device, VvHost *host, VvSelector selector, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    char text[VV_ADDRESS_TEXT];

    vv_address_format(selector.address, text);
    if (!vv_host_select(host, selector, found)) {
        if (selector.whole_slot)
            text[strlen(text) - 2] = '\0';
        return host_error(vm, device, error, "there is no %s on this host; 'virt-vfio list' shows what is",
                          text);
    }
    for (guint i = 0; i < found->len; i++) {
        VvDevice *real = found->pdata[i];

        if (!add_function(vm, device, real->address, vv_identity_read(host, real), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_unseen(VvVm *vm, VvVmDevice *device, VvSelector selector, GError **error)
{
    char text[VV_ADDRESS_TEXT];

    if (!selector.whole_slot)
        return add_function(vm, device, selector.address, NULL, error);
    vv_address_format(selector.address, text);
    text[strlen(text) - 2] = '\0';
    return host_error(
        vm, device, error,
        "%s means every function of the slot, and there is no host to ask which; name them, as in "
        "%s.0;%s.1",
        text, text, text);
}

/* Several functions of one slot, one of them 0, stay what they are: a driver may expect its audio function at
 * 1. Anything else is packed from 0 on. */
static gboolean keeps_numbers(const VvVmDevice *device)
{
    const VvVmFunction *all = (const VvVmFunction *)(gconstpointer)device->functions->data;
    gboolean keep = FALSE;

    for (guint i = 0; i < device->functions->len; i++)
        keep |= all[i].host.function == 0;
    for (guint i = 0; i < device->functions->len; i++)
        keep &= vv_address_same_slot(all[i].host, all[0].host);
    return keep && device->layout == VV_LAYOUT_AUTO;
}

static void number_functions(const VvVmDevice *device)
{
    gboolean keep = keeps_numbers(device), separate = device->layout == VV_LAYOUT_SEPARATE;

    for (guint i = 0; i < device->functions->len; i++) {
        VvVmFunction *function = &g_array_index(device->functions, VvVmFunction, i);

        function->guest_function = keep ? function->host.function : separate ? 0 : (guint8)i;
    }
}

static guint root_ports(const VvVm *vm)
{
    guint count = 0;

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        count += device->layout == VV_LAYOUT_SEPARATE ? device->functions->len : 1;
    }
    return count;
}

static gboolean add_vf(VvVm *vm, VvVmDevice *device, VvHost *host, GError **error)
{
    if (!vv_vm_resolve_vf(vm, &device->vf, host, error)) {
        g_prefix_error(error, "%s%s[device %s] vf: ", vm->path ? vm->path : "", vm->path ? ": " : "",
                       device->name);
        return FALSE;
    }
    VvDevice *real = host ? vv_host_find(host, device->vf.address) : NULL;
    return add_function(vm, device, device->vf.address, real ? vv_identity_read(host, real) : NULL, error);
}

static gboolean resolve_card(VvVm *vm, VvVmDevice *device, VvHost *host, GError **error)
{
    if (device->vf.word && !add_vf(vm, device, host, error))
        return FALSE;
    for (guint s = 0; s < device->selectors->len; s++) {
        VvSelector selector = g_array_index(device->selectors, VvSelector, s);

        if (!(host ? add_found(vm, device, host, selector, error) : add_unseen(vm, device, selector, error)))
            return FALSE;
    }
    if (root_ports(vm) > VV_ROOT_PORTS_MAX)
        return host_error(vm, device, error, "more than %d slots; the guest has no root ports for them",
                          VV_ROOT_PORTS_MAX);
    number_functions(device);
    return TRUE;
}

/* libvirt sets MAC and VLAN of a VF through its PF's interface, so nothing but a network card's will do. */
static gboolean resolve_network(VvVm *vm, VvVmNetwork *network, VvHost *host, GError **error)
{
    const VvVmDevice *owner;
    char text[VV_ADDRESS_TEXT];

    if (!vv_vm_resolve_vf(vm, &network->vf, host, error))
        return FALSE;
    VvDevice *real = host ? vv_host_find(host, network->vf.address) : NULL;
    vv_address_format(network->vf.address, text);
    owner = owner_of(vm, network->vf.address);
    if (owner)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s is in [device %s] already", text, owner->name);
    else if (real && real->kind != VV_KIND_NIC)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "%s is no network card; its virtual functions go into a [device], with vf = there", text);
    vv_identity_free(network->identity);
    network->identity = real ? vv_identity_read(host, real) : NULL;
    return !owner && (!real || real->kind == VV_KIND_NIC);
}

static gboolean resolve_networks(VvVm *vm, VvHost *host, GError **error)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        VvVmNetwork *network = vm->networks->pdata[i];

        if (!network->vf.word || resolve_network(vm, network, host, error))
            continue;
        g_prefix_error(error, "%s%s[network %s] vf: ", vm->path ? vm->path : "", vm->path ? ": " : "",
                       network->name);
        return FALSE;
    }
    return TRUE;
}

gboolean vv_vm_resolve(VvVm *vm, VvHost *host, GError **error)
{
    for (guint i = 0; i < vm->devices->len; i++)
        g_array_set_size(((VvVmDevice *)vm->devices->pdata[i])->functions, 0);
    vv_vm_begin_vfs(vm, host);
    for (guint i = 0; i < vm->devices->len; i++)
        if (!resolve_card(vm, vm->devices->pdata[i], host, error))
            return FALSE;
    if (!resolve_networks(vm, host, error))
        return FALSE;
    if (host)
        vv_vm_resolve_usbs(vm, vv_host_sysfs(host));
    return TRUE;
}
