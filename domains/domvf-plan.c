/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domvf.h"

#include "domains/domvf-nvme.h"
#include "vfio/sriov.h"
#include "vfio/vf-lost.h"

#include <string.h>

static void replace(char **text, char *by)
{
    g_free(*text);
    *text = by;
}

static void explain_lost(VvReason *reason, const VvSysfs *sysfs, const VvDomainDevice *device)
{
    char parent[VV_ADDRESS_TEXT];
    g_autofree char *place =
        device->number >= 0
            ? g_strdup_printf("%s/%d", vv_address_format(device->parent, parent), device->number)
            : vv_address_dup(device->parent);
    g_autofree char *lost = vv_vf_lost(sysfs, place);

    replace(&reason->detail, g_strdup_printf("it is gone: %s%s%s", lost, device->none_free ? "; " : "",
                                             device->none_free ? device->none_free : ""));
    replace(&reason->remedy, vv_vf_lost_remedy(sysfs, place));
}

static void explain_claimed(VvReason *reason, const VvDomain *domain, const VvDomainDevice *device)
{
    char parent[VV_ADDRESS_TEXT];

    if (device->none_free) {
        replace(&reason->detail, g_strdup(device->none_free));
        replace(&reason->remedy, g_strdup_printf("stop what has one; %s can have more when none is in use",
                                                 vv_address_format(device->parent, parent)));
        return;
    }
    replace(&reason->remedy, g_strdup_printf("'virt-vfio start %s' takes another one of %s if one is free",
                                             domain->name, vv_address_format(device->parent, parent)));
}

/* The address of the VF is not what the VM file has. */
static void explain_changed(VvReason *reason, const VvDomainDevice *device)
{
    char parent[VV_ADDRESS_TEXT];

    replace(
        &reason->remedy,
        g_strdup_printf("write the address of the card that is meant into the VM file (vf =), in place of "
                        "%s, and run 'virt-vfio define' again",
                        vv_address_format(device->parent, parent)));
}

static void explain(VvPlan *plan, const VvSysfs *sysfs, const VvDomain *domain, const VvDomainDevice *device)
{
    for (guint i = 0; i < plan->reasons->len; i++) {
        VvReason *reason = plan->reasons->pdata[i];

        if (!vv_address_equal(reason->address, device->host) || reason->severity != VV_SEVERITY_BLOCK)
            continue;
        if (strcmp(reason->code, "not-found") == 0)
            explain_lost(reason, sysfs, device);
        else if (strcmp(reason->code, "claimed") == 0 && device->number == VV_VF_ANY)
            explain_claimed(reason, domain, device);
        else if (strcmp(reason->code, "identity-changed") == 0 && device->number != VV_VF_NAMED)
            explain_changed(reason, device);
    }
}

/* It was the last one. */
static void tell_wish(VvPlan *plan, const VvDomainDevice *device)
{
    char parent[VV_ADDRESS_TEXT];
    g_autofree char *remedy =
        g_strdup_printf("%s can have more when none is in use", vv_address_format(device->parent, parent));

    vv_plan_append_reason(
        plan,
        vv_reason_new("claimed", VV_SEVERITY_WARN, device->host, FALSE, remedy,
                      "%s, which names this virtual function, cannot start while it is here; "
                      "no other one of %s is free",
                      device->wished_by, parent),
        NULL);
}

/* libvirt's virNetDevSaveNetConfig() refuses then; what is set through a PF that is down has no effect. */
static void check_parent(VvPlan *plan, const VvSysfs *sysfs, const VvDomainDevice *device)
{
    char text[VV_ADDRESS_TEXT];
    VvAddress parent;
    gint64 flags = 1;
    guint index;

    if (!vv_vf_parent(sysfs, device->host, &parent, &index))
        return;
    vv_address_format(parent, text);
    g_autofree char *interface = vv_pci_interface(sysfs, parent);
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/flags", interface);
    if (interface && (!vv_sysfs_read_number(sysfs, path, &flags) || flags & 1))
        return;
    g_autofree char *remedy =
        interface ? g_strdup_printf("switch it on: ip link set %s up", interface)
                  : g_strdup("load the card's driver, or pass the function in a [device]");
    vv_plan_append_reason(
        plan,
        interface ? vv_reason_new(
                        "sriov-parent", VV_SEVERITY_BLOCK, device->host, FALSE, remedy,
                        "%s, the interface of its card %s, is down, so its MAC and VLAN cannot be set",
                        interface, text)
                  : vv_reason_new("sriov-parent", VV_SEVERITY_BLOCK, device->host, FALSE, remedy,
                                  "its card %s has no network interface on this host, so its MAC and VLAN "
                                  "cannot be set",
                                  text),
        NULL);
}

gboolean vv_domain_lost_choice(const VvDomain *domain, const VvPlan *plan)
{
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];

        if (reason->severity != VV_SEVERITY_BLOCK || strcmp(reason->code, "claimed") != 0)
            continue;
        for (guint d = 0; d < domain->devices->len; d++) {
            const VvDomainDevice *device = domain->devices->pdata[d];
            if (device->number == VV_VF_ANY && !device->none_free &&
                vv_address_equal(device->host, reason->address))
                return TRUE;
        }
    }
    return FALSE;
}

void vv_domain_explain_vfs(VvPlan *plan, VvHost *host, const VvDomain *domain, const char *const *allow)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];

        vv_domain_check_namespaces(plan, host, device->host, allow);
        if (device->has_parent)
            explain(plan, sysfs, domain, device);
        if (device->wished_by)
            tell_wish(plan, device);
        if (device->interface)
            check_parent(plan, sysfs, device);
    }
}
