/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/sriov.h"
#include "vfio/error.h"
#include "vfio/nvme-virt.h"
#include "vfio/vf-set.h"

#include <stdio.h>
#include <string.h>

#define LINK_POLL_US 100000

static char *mac, *vlan, *qos, *proto, *trust, *spoofchk, *rate, *link_state, *namespaces;
static char **allow;
static int link_seconds;

const GOptionEntry vv_sriov_vf_options[] = {
    {"mac", 0, 0, G_OPTION_ARG_STRING, &mac, "Its MAC; 00:00:00:00:00:00: the guest chooses", "MAC"},
    {"vlan", 0, 0, G_OPTION_ARG_STRING, &vlan, "The VLAN it is in, 1 to 4094; 0: none", "ID"},
    {"qos", 0, 0, G_OPTION_ARG_STRING, &qos, "Priority in the VLAN, 0 to 7", "P"},
    {"proto", 0, 0, G_OPTION_ARG_STRING, &proto, "802.1Q (default) or 802.1ad", "PROTO"},
    {"trust", 0, 0, G_OPTION_ARG_STRING, &trust, "May it be promiscuous, and change its MAC", "on|off"},
    {"spoofchk", 0, 0, G_OPTION_ARG_STRING, &spoofchk, "Drop what it sends with another MAC", "on|off"},
    {"rate", 0, 0, G_OPTION_ARG_STRING, &rate, "Most (and least) Mbit/s; 0: no limit", "MAX[,MIN]"},
    {"link", 0, 0, G_OPTION_ARG_STRING, &link_state, "Its link: as the card's, always, never",
     "auto|enable|disable"},
    {"namespaces", 0, 0, G_OPTION_ARG_STRING, &namespaces,
     "Of an NVMe drive's: those it shows, and no others", "1,3|none"},
    {"wait-link", 0, 0, G_OPTION_ARG_INT, &link_seconds, "First wait this long for the card's link to be up",
     "SECONDS"},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason", "CODE[=ADDRESS]"},
    {0},
};

static gboolean parse_words(VvVfSettings *ret, GError **error)
{
    const struct {
        const char *name, *value;
    } words[] = {{"mac", mac},     {"vlan", vlan},         {"qos", qos},   {"proto", proto},
                 {"trust", trust}, {"spoofchk", spoofchk}, {"rate", rate}, {"link", link_state}};

    *ret = (VvVfSettings){0};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i].value && !vv_vf_settings_parse(ret, words[i].name, words[i].value, error)) {
            g_prefix_error(error, "--");
            return FALSE;
        }
    return TRUE;
}

static gboolean parse_settings(VvVfSettings *ret, GError **error)
{
    if (!parse_words(ret, error))
        return FALSE;
    if (link_seconds < 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "--wait-link takes whole seconds, 0 and more");
        return FALSE;
    }
    if ((qos || proto) && !ret->vlan) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "--qos and --proto belong to a VLAN: say --vlan too");
        return FALSE;
    }
    if (ret->fields)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "nothing is to be set; 'virt-vfio sriov vf --help' shows what can be");
    return FALSE;
}

static const VvVf *find_vf(const VvPf *pf, const char *word, GError **error)
{
    guint64 index;

    if (!g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT16, &index, NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "'%s' is no number of a virtual function, like 0", word);
        return NULL;
    }
    const VvVf *vf = vv_pf_vf(pf, (guint)index);
    if (!vf && !pf->enabled)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "not-found: %s has no virtual functions; 'virt-vfio sriov set %s --vfs N' makes them",
                    pf->device->text, pf->device->text);
    else if (!vf)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "not-found: %s has no virtual function %s; it has 0 to %u", pf->device->text, word,
                    pf->enabled - 1);
    return vf;
}

/* An NVMe drive's VF shows namespaces, a network card's sends frames; no function does both. */
static gboolean check_namespaces(const VvVfSettings *settings, GError **error)
{
    if (!settings->fields)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "--namespaces is for NVMe drives, and the other settings are for network cards");
    return FALSE;
}

static gboolean check_interface(const VvPf *pf, GError **error)
{
    if (pf->interface)
        return TRUE;
    g_set_error(
        error, VV_ERROR, VV_ERROR_REFUSED,
        pf->device->kind == VV_KIND_NIC
            ? "%s has no network interface in this namespace, through which its virtual functions could "
              "be set; it needs its host driver"
        : pf->device->kind == VV_KIND_NVME
            ? "%s is an NVMe drive: of its virtual functions only --namespaces can be set"
            : "%s is no network card: its virtual functions have no such settings",
        pf->device->text);
    return FALSE;
}

/* A guest counts on its MAC and its VLAN. */
static gboolean check_owner(const VvPf *pf, const VvVf *vf, GError **error)
{
    const VvReason reason = {.code = "claimed", .address = vf->address, .can_allow = TRUE};

    if (!vf->in_use || vv_reason_is_allowed(&reason, (const char *const *)allow))
        return TRUE;
    g_autofree char *address = vv_address_dup(vf->address), *taken = vv_vf_taken(vf);
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                "claimed: VF %u of %s (%s) is %s, and counts on its settings; nothing was changed; stop what "
                "has it first, or say: --allow claimed=%s",
                vf->index, pf->device->text, address, taken, address);
    return FALSE;
}

/* Prints what is set, or would be; `before` has what was there. */
static void print_result(VvContext *context, const VvPf *pf, const VvVf *vf, const VvVfSettings *wanted,
                         const VvVfSettings *before)
{
    g_autofree char *now = vv_vf_settings_to_text(wanted), *was = vv_vf_settings_to_text(before);
    g_autofree char *address = vv_address_dup(vf->address);

    if (context->json) {
        json_object *object = json_object_new_object(), *then = json_object_new_object(),
                    *next = json_object_new_object();
        json_object_object_add(object, "pf", vv_json_text(pf->device->text));
        json_object_object_add(object, "index", json_object_new_int64(vf->index));
        json_object_object_add(object, "address", vv_json_text(address));
        vv_json_vf_settings(then, before);
        vv_json_vf_settings(next, wanted);
        json_object_object_add(object, "before", then);
        json_object_object_add(object, "wanted", next);
        json_object_object_add(object, "done", json_object_new_boolean(!context->dry_run));
        vv_json_print(object);
    } else if (vv_vf_settings_differ(before, wanted))
        printf("VF %u of %s (%s) %s %s; before: %s\n", vf->index, pf->interface, address,
               context->dry_run ? "would have" : "has", now, *was ? was : "not known");
    else
        printf("VF %u of %s (%s) has %s already\n", vf->index, pf->interface, address, now);
}

static gboolean look(VvContext *context, const VvPf *pf, const VvVf *vf, const VvVfSettings *wanted,
                     VvVfSettings *ret_before, GError **error)
{
    g_autoptr(GArray) infos = vv_vf_settings_read(context->sysfs, pf->interface, VV_SRIOV_ASK_MS, error);
    const VvVfInfo *info = infos ? vv_vf_info_find(infos, vf->index) : NULL;

    if (infos && !info)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s does not tell the settings of VF %u", pf->interface,
                    vf->index);
    if (!info)
        return FALSE;
    *ret_before = info->settings;
    ret_before->fields &= wanted->fields;
    return TRUE;
}

/* Where there is none in time the driver may take it all the same, or else says why not. */
static void wait_for_link(const VvSysfs *sysfs, const char *interface)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/carrier", interface);
    gint64 end = g_get_monotonic_time() + (gint64)link_seconds * G_USEC_PER_SEC, up = 0;

    /* Of an interface that is down it cannot be read (net/core/net-sysfs.c, carrier_show). */
    while (vv_sysfs_is_live(sysfs) && !(vv_sysfs_read_number(sysfs, path, &up) && up == 1) &&
           g_get_monotonic_time() < end)
        g_usleep(LINK_POLL_US);
}

static int set_namespaces(VvContext *context, char **words, GError **error)
{
    g_autofree char *wanted = vv_nvme_namespaces_parse(namespaces, error);
    VvVfSettings others;

    if (!wanted || !parse_words(&others, error) || !check_namespaces(&others, error) ||
        !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    g_autoptr(VvPf) pf = vv_context_pf(context, words[0], error);
    const VvVf *vf = pf ? find_vf(pf, words[1], error) : NULL;
    if (!vf || !check_owner(pf, vf, error))
        return VV_ERROR_FAILED;
    return vv_sriov_namespaces(context, pf, vf, wanted, error) ? 0 : VV_ERROR_FAILED;
}

int vv_verb_sriov_vf(VvContext *context, char **words, GError **error)
{
    VvVfSettings wanted, before;

    if (namespaces)
        return set_namespaces(context, words, error);
    if (!parse_settings(&wanted, error) || !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    g_autoptr(VvPf) pf = vv_context_pf(context, words[0], error);
    const VvVf *vf = pf ? find_vf(pf, words[1], error) : NULL;
    if (!vf || !check_interface(pf, error) || !check_owner(pf, vf, error))
        return VV_ERROR_FAILED;
    if (!context->dry_run)
        wait_for_link(context->sysfs, pf->interface);
    gboolean ok = context->dry_run ? look(context, pf, vf, &wanted, &before, error)
                                   : vv_vf_set(context->sysfs, vv_context_journal(context), pf, vf, &wanted,
                                               vf->in_use, VV_SRIOV_LOCK_MS, VV_SRIOV_ASK_MS, &before, error);
    if (ok)
        print_result(context, pf, vf, &wanted, &before);
    return ok ? 0 : VV_ERROR_FAILED;
}
