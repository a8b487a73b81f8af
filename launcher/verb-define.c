/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/compare.h"
#include "launcher/devices.h"
#include "launcher/diff.h"
#include "launcher/present.h"
#include "launcher/tune.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

#include <string.h>

static guint count_functions(const VvVm *vm)
{
    guint count = 0;

    for (guint i = 0; i < vm->devices->len; i++)
        count += ((const VvVmDevice *)vm->devices->pdata[i])->functions->len;
    for (guint i = 0; i < vm->networks->len; i++)
        count += ((const VvVmNetwork *)vm->networks->pdata[i])->vf.word != NULL;
    return count;
}

static VvIdentity *find_identity(const VvVm *vm, VvAddress address)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];
        for (guint f = 0; f < card->functions->len; f++) {
            VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, f);
            if (vv_address_equal(function->host, address))
                return function->identity;
        }
    }
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];
        if (network->vf.word && vv_address_equal(network->vf.address, address))
            return network->identity;
    }
    return NULL;
}

/* A domain that is defined again means the same devices, if not said otherwise: one that is in its guest, or
 * bound by hand, shows no serial number now; one that is another now may be meant, but not without a word. */
static void compare_before(const VvHost *host, const char *stored, const VvVm *vm)
{
    g_autoptr(VvDomain) before = stored ? vv_domain_read(stored, strlen(stored), NULL) : NULL;
    g_autoptr(GPtrArray) identities = before ? vv_domain_identities(before) : g_ptr_array_new();

    for (guint i = 0; i < identities->len; i++) {
        const VvIdentity *earlier = identities->pdata[i];
        VvIdentity *identity = find_identity(vm, earlier->address);
        if (!identity)
            continue;
        VvReason *reason = vv_identity_check(host, earlier, identities);
        char text[VV_ADDRESS_TEXT];
        if (reason)
            fprintf(stderr, "virt-vfio: note: %s is not what it was: %s\n",
                    vv_address_format(earlier->address, text), reason->detail);
        else
            vv_identity_complete(identity, earlier);
        vv_reason_free(reason);
    }
}

/* What a define would change, without asking libvirt to do it: what libvirt adds by itself is left out. */
static gboolean print_dry(VvConnection *connection, const VvVm *vm, const char *file, const char *stored,
                          const char *xml, GError **error)
{
    g_autofree char *reduced = stored ? vv_domain_reduce(stored, xml, error) : NULL;
    g_autofree char *diff = reduced ? vv_diff(vm->name, file, reduced, xml) : NULL;
    gboolean autostart = vv_connection_get_autostart(connection, vm->name) != vm->autostart;

    if (stored && !reduced)
        return FALSE;
    fputs(stored ? diff : xml, stdout);
    if (autostart)
        printf("autostart: %s\n", vm->autostart ? "yes, with the host" : "no");
    if (stored && !*diff && !autostart)
        printf("%s is as %s says; nothing to do\n", vm->name, file);
    return TRUE;
}

/* Libvirt's own word on what has changed is its XML before and after. */
static gboolean print_change(VvConnection *connection, const VvVm *vm, const char *stored)
{
    g_autofree char *now = stored ? vv_connection_domain_xml(connection, vm->name, NULL) : NULL;
    g_autofree char *before_text = now ? vv_domain_sorted(stored, NULL) : NULL;
    g_autofree char *now_text = now ? vv_domain_sorted(now, NULL) : NULL;
    g_autofree char *diff = before_text && now_text ? vv_diff("before", "now", before_text, now_text) : NULL;

    if (diff)
        fputs(diff, stdout);
    return !diff || *diff;
}

static gboolean set_autostart(VvConnection *connection, const VvVm *vm, gboolean *ret_changed, GError **error)
{
    if (vv_connection_get_autostart(connection, vm->name) == vm->autostart)
        return TRUE;
    if (!vv_connection_set_autostart(connection, vm->name, vm->autostart, error))
        return FALSE;
    printf("autostart: %s\n", vm->autostart ? "yes, with the host" : "no");
    *ret_changed = TRUE;
    return TRUE;
}

static void print_done(VvConnection *connection, const VvVm *vm, const VvTuning *tuning, const char *uuid)
{
    VvDomainState state = VV_DOMAIN_OFF;
    char count[40];

    printf("defined %s (%s) with %s of this host%s\n", vm->name, uuid,
           vv_count(count_functions(vm), "function", count),
           tuning->kvm ? "" : "; it runs without KVM, slowly");
    if (vv_connection_state(connection, vm->name, &state, NULL) && state != VV_DOMAIN_OFF)
        printf("it is running as it was; this is for its next start\n");
    else
        printf("next: virt-vfio plan %s, then virt-vfio start %s --wait\n", vm->name, vm->name);
}

int vv_verb_define(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvVm) vm = vv_load_vm(words[0], error);
    VvHost *host = vm ? vv_context_host(context, error) : NULL;
    VvConnection *connection =
        host && vv_vm_resolve(vm, host, error) ? vv_context_connection(context, error) : NULL;
    if (!connection)
        return VV_ERROR_FAILED;

    if (!vv_context_spread_vfs(context, vm, error))
        return VV_ERROR_FAILED;
    g_autofree char *stored = vv_connection_domain_xml(connection, vm->name, NULL);
    compare_before(host, stored, vm);
    g_autoptr(VvTuning) tuning = vv_tune(context, connection, vm, TRUE, stored, error);
    if (!tuning)
        return VV_ERROR_NOT_READY;
    g_autofree char *xml = vv_domain_xml_build(vm, tuning);
    if (context->dry_run)
        return print_dry(connection, vm, words[0], stored, xml, error) ? 0 : VV_ERROR_FAILED;

    g_autofree char *uuid = vv_connection_define(connection, xml, error);
    gboolean changed = uuid && print_change(connection, vm, stored);
    if (!uuid || !set_autostart(connection, vm, &changed, error))
        return VV_ERROR_FAILED;
    if (changed)
        print_done(connection, vm, tuning, uuid);
    else
        printf("%s is as %s says; nothing to do\n", vm->name, words[0]);
    return 0;
}
