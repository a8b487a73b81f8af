/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread-internal.h"

#include <string.h>

gboolean vv_domread_parent(const xmlNode *node, VvDomainDevice *device, GError **error)
{
    g_autofree char *parent = vv_xml_get(node, "parent"), *number = vv_xml_get(node, "number");
    guint64 index = 0;

    if (parent && !vv_address_parse(parent, &device->parent, NULL))
        return vv_domread_bad(node, error, "our <%s> has a parent that is no address like 0000:01:00.0",
                              (const char *)node->name);
    if (number && !parent)
        return vv_domread_bad(node, error, "our <%s> has a number of no parent", (const char *)node->name);
    device->has_parent = parent != NULL;
    device->number = VV_VF_NAMED;
    if (!number)
        return TRUE;
    if (g_str_equal(number, "any")) {
        device->number = VV_VF_ANY;
        return TRUE;
    }
    if (!vv_domread_number(node, "number", G_MAXUINT16, &index, error))
        return FALSE;
    device->number = (gint)index;
    return TRUE;
}

gboolean vv_domread_vf(const xmlNode *node, VvDomainDevice *device, GError **error)
{
    static const char *const names[] = {"qos", "trust", "spoofchk", "rate", "link"};
    VvVfSettings *wanted = &device->wanted;

    if (!vv_domread_parent(node, device, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = vv_xml_get(node, names[i]);
        gboolean is_switch = g_str_equal(names[i], "trust") || g_str_equal(names[i], "spoofchk");
        g_autoptr(GError) problem = NULL;

        if (!value)
            continue;
        if (is_switch && !g_str_equal(value, "yes") && !g_str_equal(value, "no"))
            return vv_domread_bad(node, error, "our <vf> has a %s that is neither yes nor no", names[i]);
        if (!vv_vf_settings_parse(wanted, names[i],
                                  !is_switch                  ? value
                                  : g_str_equal(value, "yes") ? "on"
                                                              : "off",
                                  &problem))
            return vv_domread_bad(node, error, "our <vf>: %s", problem->message);
    }
    return TRUE;
}
