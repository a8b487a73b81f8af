/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-vf.h"

#include "domains/values.h"
#include "vfio/error.h"
#include "vfio/sriov.h"

#include <string.h>

/* All vf = of a VM (VvVmVf *) but those that say nothing. */
static GPtrArray *all_vfs(const VvVm *vm)
{
    GPtrArray *all = g_ptr_array_new();

    for (guint i = 0; i < vm->devices->len; i++)
        g_ptr_array_add(all, &((VvVmDevice *)vm->devices->pdata[i])->vf);
    for (guint i = 0; i < vm->networks->len; i++)
        g_ptr_array_add(all, &((VvVmNetwork *)vm->networks->pdata[i])->vf);
    for (guint i = all->len; i > 0; i--)
        if (!((const VvVmVf *)all->pdata[i - 1])->word)
            g_ptr_array_remove_index(all, i - 1);
    return all;
}

/* The word without its /NUMBER. */
static char *function_word(const VvVmVf *vf)
{
    return g_strndup(vf->word, strcspn(vf->word, "/"));
}

static void forget(VvVm *vm)
{
    g_autoptr(GPtrArray) all = all_vfs(vm);

    for (guint i = 0; i < all->len; i++) {
        VvVmVf *vf = all->pdata[i];
        g_autofree char *word = function_word(vf);

        if (vf->number == VV_VF_ANY)
            vf->number = VV_VF_NAMED;
        vf->has_parent = FALSE;
        if (!vv_address_parse(word, &vf->address, NULL))
            vf->address = (VvAddress){0};
    }
}

/* Those that are not resolved yet cannot have taken one. */
static gboolean is_taken(const VvVm *vm, const VvVmVf *vf, VvAddress address)
{
    g_autoptr(GPtrArray) all = all_vfs(vm);

    for (guint i = 0; i < all->len; i++) {
        const VvVmVf *other = all->pdata[i];

        if (other != vf && other->has_parent && vv_address_equal(other->address, address))
            return TRUE;
    }
    return FALSE;
}

/* A card's function follows. */
static void set_address(VvVm *vm, VvVmVf *vf, VvAddress to)
{
    vf->address = to;
    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *device = vm->devices->pdata[i];
        VvVmFunction *function = &device->vf == vf && device->functions->len
                                     ? &g_array_index(device->functions, VvVmFunction, 0)
                                     : NULL;

        if (!function)
            continue;
        function->host = to;
        if (function->identity)
            function->identity->address = to;
    }
}

void vv_vm_move_vf(VvVm *vm, VvVmVf *vf, VvAddress to)
{
    g_autoptr(GPtrArray) all = all_vfs(vm);

    for (guint i = 0; i < all->len; i++) {
        VvVmVf *other = all->pdata[i];

        if (other == vf || !vv_address_equal(other->address, to))
            continue;
        if (other->number != VV_VF_ANY)
            return;
        set_address(vm, other, vf->address);
    }
    set_address(vm, vf, to);
}

static gboolean take(const VvVm *vm, VvVmVf *vf, VvAddress address, VvAddress parent, GError **error)
{
    char text[VV_ADDRESS_TEXT];

    if (is_taken(vm, vf, address))
        return vv_value_wrong(error, "%s is in another section already", vv_address_format(address, text));
    vf->address = address;
    vf->parent = parent;
    vf->has_parent = TRUE;
    return TRUE;
}

static gboolean take_of_pf(const VvVm *vm, VvVmVf *vf, const VvPf *pf, GError **error)
{
    const VvVf *found = vf->number >= 0 ? vv_pf_vf(pf, (guint)vf->number) : NULL;

    if (!pf->vfs->len)
        return vv_value_wrong(
            error, "%s has no virtual functions yet; 'virt-vfio sriov set %s --vfs N' makes them, up to %u",
            vf->word, pf->device->text, pf->total);
    if (vf->number >= 0)
        return found ? take(vm, vf, found->address, pf->device->address, error)
                     : vv_value_wrong(error, "%s has %u virtual functions now, number 0 to %u",
                                      pf->device->text, pf->vfs->len, pf->vfs->len - 1);
    for (guint i = 0; i < pf->vfs->len && !found; i++) {
        const VvVf *next = pf->vfs->pdata[i];
        found = is_taken(vm, vf, next->address) ? NULL : next;
    }
    if (!found)
        return vv_value_wrong(
            error,
            "this VM wants more virtual functions of %s than the %u it has; 'virt-vfio sriov "
            "set %s --vfs N' makes more",
            pf->device->text, pf->vfs->len, pf->device->text);
    vf->number = VV_VF_ANY;
    return take(vm, vf, found->address, pf->device->address, error);
}

static gboolean take_unseen(const VvVm *vm, const VvVmVf *vf, gboolean is_address, GError **error)
{
    g_autoptr(GPtrArray) all = all_vfs(vm);

    if (!is_address || vf->number >= 0)
        return vv_value_wrong(
            error, "which virtual function %s is only its host knows; name it by its own address", vf->word);
    for (guint i = 0; i < all->len; i++)
        if (all->pdata[i] != vf && g_str_equal(((const VvVmVf *)all->pdata[i])->word, vf->word))
            return vv_value_wrong(error, "%s is in another section already", vf->word);
    return TRUE;
}

gboolean vv_vm_resolve_vf(VvVm *vm, VvVmVf *vf, VvHost *host, GError **error)
{
    g_autofree char *word = function_word(vf);
    VvAddress address, parent;
    guint index;
    gboolean is_address = vv_address_parse(word, &address, NULL);

    if (vf->has_parent)
        return TRUE;
    if (!host)
        return take_unseen(vm, vf, is_address, error);
    if (is_address && vv_vf_parent(vv_host_sysfs(host), address, &parent, &index))
        return vf->number == VV_VF_NAMED
                   ? take(vm, vf, address, parent, error)
                   : vv_value_wrong(error, "%s is a virtual function itself, and has none", word);
    if (is_address && !vv_host_find(host, address))
        return vv_value_wrong(error, "there is no %s on this host; 'virt-vfio list' shows what is", word);

    g_autoptr(GError) problem = NULL;
    VvDevice *device = vv_pf_find(host, word, &problem);
    g_autoptr(VvPf) pf = device ? vv_pf_read(host, device, NULL, NULL, NULL) : NULL;
    if (!device)
        return vv_value_wrong(error, "%s", problem->message);
    if (!pf)
        return vv_value_wrong(
            error,
            "%s is no virtual function, and has none to give; a whole card goes into a [device] "
            "with host =",
            word);
    return take_of_pf(vm, vf, pf, error);
}

void vv_vm_begin_vfs(VvVm *vm, VvHost *host)
{
    g_autoptr(GPtrArray) all = all_vfs(vm);
    VvAddress parent;
    guint index;

    forget(vm);
    for (guint i = 0; host && i < all->len; i++) {
        VvVmVf *vf = all->pdata[i];

        if (vf->number >= 0 || vv_vf_parent(vv_host_sysfs(host), vf->address, &parent, &index))
            vv_vm_resolve_vf(vm, vf, host, NULL);
    }
}
