/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/sriov.h"

#include "launcher/devices.h"
#include "launcher/json.h"

/* Of those that the journal does not know, libvirt may know the name: then it is worth asking. */
static gboolean is_nameless(const GPtrArray *entries, const VvPf *pf)
{
    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        gboolean known = FALSE;
        for (guint j = 0; entries && j < entries->len; j++)
            known = known || vv_address_equal(((const VvEntry *)entries->pdata[j])->address, vf->address);
        if (vf->in_use && !known)
            return TRUE;
    }
    return FALSE;
}

VvPf *vv_context_pf(VvContext *context, const char *word, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    VvDevice *device = host ? vv_pf_find(host, word, error) : NULL;
    /* Without root the journal is closed to us; the rest is useful all the same. */
    g_autoptr(GPtrArray) entries = device ? vv_journal_list(vv_context_journal(context), NULL) : NULL;
    g_autoptr(VvPf) pf = device ? vv_pf_read(host, device, entries, NULL, error) : NULL;

    if (!pf || !is_nameless(entries, pf))
        return g_steal_pointer(&pf);
    g_autoptr(GPtrArray) claims = vv_collect_claims(context, NULL);
    return vv_pf_read(host, device, entries, claims, error);
}

GPtrArray *vv_context_pfs(VvContext *context, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    g_autoptr(GPtrArray) entries = host ? vv_journal_list(vv_context_journal(context), NULL) : NULL;
    g_autoptr(GPtrArray) pfs = host ? vv_pf_list(host, entries, NULL) : NULL;

    for (guint i = 0; pfs && i < pfs->len; i++)
        if (is_nameless(entries, pfs->pdata[i])) {
            g_autoptr(GPtrArray) claims = vv_collect_claims(context, NULL);
            return vv_pf_list(host, entries, claims);
        }
    return g_steal_pointer(&pfs);
}

GArray *vv_context_vf_infos(VvContext *context, const VvPf *pf, GError **error)
{
    if (!pf->interface || !pf->enabled || !vv_sysfs_is_live(context->sysfs))
        return NULL;
    return vv_vf_settings_read(context->sysfs, pf->interface, VV_SRIOV_ASK_MS, error);
}

static void add(json_object *object, const char *key, gboolean known, json_object *value)
{
    json_object_object_add(object, key, known ? value : NULL);
    if (!known)
        json_object_put(value);
}

void vv_json_vf_settings(json_object *object, const VvVfSettings *settings)
{
    const guint8 *mac = settings->mac;
    guint fields = settings->fields;
    g_autofree char *text =
        g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    g_autofree char *proto = g_strdup_printf("0x%04x", settings->proto);

    add(object, "mac", fields & VV_VF_MAC, vv_json_text(text));
    add(object, "vlan", fields & VV_VF_VLAN, json_object_new_int(settings->vlan));
    add(object, "qos", fields & VV_VF_VLAN, json_object_new_int(settings->qos));
    add(object, "proto", fields & VV_VF_VLAN, vv_json_text(proto));
    add(object, "trust", fields & VV_VF_TRUST, json_object_new_boolean(settings->trust));
    add(object, "spoofchk", fields & VV_VF_SPOOFCHK, json_object_new_boolean(settings->spoofchk));
    add(object, "max_rate", fields & VV_VF_RATE, json_object_new_int64(settings->max_rate));
    add(object, "min_rate", fields & VV_VF_RATE, json_object_new_int64(settings->min_rate));
    add(object, "link", fields & VV_VF_LINK, vv_json_text(vv_vf_link_name(settings->link)));
}
