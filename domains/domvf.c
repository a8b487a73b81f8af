/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domvf.h"

#include "domains/domread-internal.h"
#include "domains/xml.h"
#include "vfio/error.h"
#include "vfio/nvme-virt.h"
#include "vfio/sriov.h"
#include "vfio/vf-lease.h"

#include <string.h>

gboolean vv_domain_has_pool(const VvDomain *domain)
{
    for (guint i = 0; i < domain->devices->len; i++)
        if (((const VvDomainDevice *)domain->devices->pdata[i])->number == VV_VF_ANY)
            return TRUE;
    return FALSE;
}

/* What the domain has already is no reason to look for something else. */
static GPtrArray *of_others(const GPtrArray *entries, const char *owner)
{
    GPtrArray *others = g_ptr_array_new();

    for (guint i = 0; entries && i < entries->len; i++)
        if (g_strcmp0(((const VvEntry *)entries->pdata[i])->owner, owner) != 0)
            g_ptr_array_add(others, entries->pdata[i]);
    return others;
}

/* Another device of the domain has it: new string that says which; NULL: none. */
static char *why_ours(const VvDomain *domain, const VvDomainDevice *device, VvAddress address)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *other = domain->devices->pdata[i];

        if (other == device || !vv_address_equal(other->host, address))
            continue;
        return other->card ? g_strdup_printf("in this domain already, as [%s %s]",
                                             other->interface ? "network" : "device", other->card)
                           : g_strdup("in this domain already");
    }
    return NULL;
}

void vv_vf_wish_free(VvVfWish *wish)
{
    g_free(wish->who);
    g_free(wish);
}

void vv_vf_wishes_add(GPtrArray *wishes, const VvDomain *other)
{
    for (guint i = 0; i < other->devices->len; i++) {
        const VvDomainDevice *device = other->devices->pdata[i];
        VvVfWish *wish = g_new0(VvVfWish, 1);

        wish->address = device->host;
        wish->who = g_strdup_printf("domain %s", other->name);
        wish->fixed = !device->has_parent || device->number != VV_VF_ANY;
        g_ptr_array_add(wishes, wish);
    }
}

/* Who names it; of several, one that can have no other. */
static const VvVfWish *wish_for(const GPtrArray *wishes, VvAddress address)
{
    const VvVfWish *found = NULL;

    for (guint i = 0; wishes && i < wishes->len; i++) {
        const VvVfWish *wish = wishes->pdata[i];

        if (vv_address_equal(wish->address, address) && (!found || wish->fixed))
            found = wish;
    }
    return found;
}

/* How gladly a free VF is given out, best first: nobody else names it; where another domain's choice fell
 * last, which may fall on another one; another domain cannot start while this one has it. Among equals the
 * one that the XML has, so that the guest finds the same card again. */
typedef enum {
    RANK_UNNAMED = 0,
    RANK_POOL = 2,
    RANK_FIXED = 4,
    RANK_NONE = 6,
} Rank;

static guint rank_of(const VvDomainDevice *device, VvAddress address, const VvVfWish *wish)
{
    Rank rank = !wish ? RANK_UNNAMED : wish->fixed ? RANK_FIXED : RANK_POOL;

    return rank + !vv_address_equal(address, device->host);
}

static char *none_free(const VvPf *pf, const char *why)
{
    if (pf->vfs->len == 1)
        return g_strdup_printf("the only virtual function of %s is not free: %s", pf->device->text, why);
    return g_strdup_printf("none of the %u virtual functions of %s is free: %s", pf->vfs->len,
                           pf->device->text, why);
}

/* NULL: none is free, and device->none_free says why. */
static const VvVf *choose(const VvSysfs *sysfs, const VvDomain *domain, VvDomainDevice *device,
                          const VvPf *pf, const GPtrArray *wishes)
{
    g_autoptr(GString) why = g_string_new(NULL);
    const VvVf *best = NULL;
    guint best_rank = RANK_NONE;

    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        const VvVfWish *wish = wish_for(wishes, vf->address);
        g_autofree char *ours = why_ours(domain, device, vf->address);
        g_autofree char *trouble = ours ? g_steal_pointer(&ours) : vv_vf_why_not(sysfs, vf);
        guint rank = trouble ? RANK_NONE : rank_of(device, vf->address, wish);

        if (trouble)
            g_string_append_printf(why, "%s%s is %s", why->len ? ", " : "",
                                   vf->device ? vf->device->text : "one", trouble);
        if (rank >= best_rank)
            continue;
        best = vf;
        best_rank = rank;
        g_free(device->wished_by);
        device->wished_by = rank >= RANK_FIXED ? g_strdup(wish->who) : NULL;
    }
    if (!best && pf->vfs->len)
        device->none_free = none_free(pf, why->str);
    return best;
}

static void move_allowances(VvDomain *domain, VvAddress from, VvAddress to)
{
    char old[VV_ADDRESS_TEXT], new[VV_ADDRESS_TEXT];

    vv_address_format(from, old);
    vv_address_format(to, new);
    for (char **word = domain->allow; *word; word++) {
        char *equals = strchr(*word, '=');

        if (!equals || strcmp(equals + 1, old) != 0)
            continue;
        equals[1] = '\0';
        char *moved = g_strconcat(*word, new, NULL);
        g_free(*word);
        *word = moved;
    }
}

static void move(VvDomain *domain, VvDomainDevice *device, VvAddress to)
{
    move_allowances(domain, device->host, to);
    device->host = to;
    if (device->identity)
        device->identity->address = to;
}

void vv_domain_choose_vfs(VvDomain *domain, VvHost *host, const GPtrArray *entries, const GPtrArray *claims,
                          const GPtrArray *wishes)
{
    g_autoptr(GPtrArray) others = of_others(entries, domain->uuid);

    for (guint i = 0; i < domain->devices->len; i++) {
        VvDomainDevice *device = domain->devices->pdata[i];
        VvDevice *parent =
            device->has_parent && device->number != VV_VF_NAMED ? vv_host_find(host, device->parent) : NULL;
        g_autoptr(VvPf) pf = parent ? vv_pf_read(host, parent, others, claims, NULL) : NULL;
        const VvVf *vf = NULL;

        g_clear_pointer(&device->none_free, g_free);
        g_clear_pointer(&device->wished_by, g_free);
        if (pf)
            vf = device->number >= 0 ? vv_pf_vf(pf, (guint)device->number)
                                     : choose(vv_host_sysfs(host), domain, device, pf, wishes);
        if (vf && !vv_address_equal(vf->address, device->host))
            move(domain, device, vf->address);
    }
}

gboolean vv_plan_wake_vfs(const VvPlan *plan, VvHost *host, guint deadline_ms, GError **error)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);

    for (guint i = 0; vv_sysfs_is_live(sysfs) && i < plan->devices->len; i++) {
        const VvPlanDevice *planned = plan->devices->pdata[i];
        g_autoptr(GError) problem = NULL;
        VvAddress parent;
        guint index;

        /* With a driver it works already, or has been taken. */
        if (!planned->device || planned->from || planned->device->kind != VV_KIND_NVME ||
            !vv_vf_parent(sysfs, planned->address, &parent, &index) ||
            vv_nvme_bring_online(sysfs, parent, index, deadline_ms, &problem))
            continue;
        g_propagate_prefixed_error(error, g_steal_pointer(&problem), "%s: ", planned->device->text);
        return FALSE;
    }
    return TRUE;
}

static gboolean wants_settings(const VvDomainDevice *device)
{
    return device->interface && device->card;
}

gboolean vv_domain_set_vfs(VvHost *host, VvJournal *journal, const VvDomain *domain, VvVfsPhase phase,
                           guint deadline_ms, GError **error)
{
    const guint libvirts = VV_VF_MAC | VV_VF_VLAN;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        VvVfSettings wanted = device->wanted;
        guint noted = wanted.fields & libvirts;

        if (!wants_settings(device))
            continue;
        if (phase == VV_VFS_EARLY)
            wanted.fields &= ~libvirts;
        if (vv_vf_lease_take(vv_host_sysfs(host), journal, device->host, &wanted, noted, domain->uuid,
                             deadline_ms, error))
            continue;
        g_prefix_error(error, "[network %s]: ", device->card);
        return FALSE;
    }
    return TRUE;
}

gboolean vv_domain_leave_vfs(VvHost *host, VvJournal *journal, const char *owner, guint deadline_ms,
                             GError **error)
{
    g_autoptr(GPtrArray) leases = vv_vf_leases(journal);
    gboolean ok = TRUE;

    for (guint i = 0; i < leases->len; i++) {
        const VvVfLease *lease = leases->pdata[i];

        if (g_str_equal(lease->owner, owner) &&
            !vv_vf_lease_return(vv_host_sysfs(host), journal, lease->address, deadline_ms, ok ? error : NULL))
            ok = FALSE;
    }
    return ok;
}
