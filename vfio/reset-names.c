/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-method.h"

#include <string.h>

/* First the kernel's own, in its order (drivers/pci/pci.c, pci_reset_fn_methods). */
const char *const vv_reset_method_names[] = {
    "device_specific",   "acpi",       "flr",           "af_flr", "pm", "bus", "cxl_bus", "hot_reset",
    "reset_subordinate", "slot_power", "remove_rescan", NULL};

gboolean vv_reset_method_known(const char *name)
{
    return g_strv_contains(vv_reset_method_names, name);
}

gboolean vv_reset_policy_valid(const char *policy)
{
    g_auto(GStrv) words = g_strsplit(policy, " ", -1);

    if (strcmp(policy, "auto") == 0 || strcmp(policy, "none") == 0)
        return TRUE;
    for (char **word = words; *word; word++)
        if (!vv_reset_method_known(*word))
            return FALSE;
    return *words != NULL;
}
