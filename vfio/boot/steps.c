/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/steps.h"

#include "vfio/boot/maker.h"
#include "vfio/error.h"

/* Pages of 2 MiB can be had while the host runs, and from early boot on by systemd-sysctl (sysctl.d(5)). */
static gboolean small_pages(VvSetupMaker *maker)
{
    gboolean wanted = maker->wants->hugepages && maker->wants->hugepage_kib == 2048, changed = FALSE;
    g_autofree char *text =
        g_strdup_printf(VV_SETUP_HEADER "vm.nr_hugepages = %u\n", maker->wants->hugepages);

    return vv_maker_whole(maker, "/etc/sysctl.d/60-virt-vfio-hugepages.conf", wanted ? text : NULL, 0,
                          "huge pages of 2 MiB for guests", &changed);
}

/* Nothing is changed on this host: the user does it by hand. */
static void only_print(VvSetupMaker *maker, const char *why)
{
    g_ptr_array_set_size(maker->plan->steps, 0);
    g_free(maker->plan->snippet);
    maker->plan->snippet = vv_maker_snippet(maker);
    vv_maker_note(maker, "setup changes nothing on this host: %s", why);
}

static gboolean make(VvSetupMaker *maker)
{
    if (!small_pages(maker) || !vv_maker_loader_files(maker) || !vv_maker_initramfs(maker) ||
        !vv_maker_loader_tool(maker))
        return FALSE;
    vv_maker_rebuild(maker);
    return TRUE;
}

static void finish(VvSetupMaker *maker)
{
    vv_maker_notes(maker);
    vv_boot_facts_clear(&maker->facts);
    g_strfreev(maker->arguments);
}

VvSetupPlan *vv_setup_plan_make(const VvSysfs *sysfs, const VvBootStack *stack, const VvSetupWants *wants,
                                GError **error)
{
    VvSetupMaker maker = {.sysfs = sysfs, .stack = stack, .wants = wants, .plan = vv_setup_plan_new()};

    vv_boot_facts_read(&maker.facts, sysfs);
    maker.arguments = vv_setup_arguments(sysfs, stack, wants);
    if (stack->prints_only) {
        only_print(&maker, stack->evidence);
    } else if (!make(&maker)) {
        if (!g_error_matches(maker.error, VV_ERROR, VV_ERROR_REFUSED)) {
            g_propagate_error(error, maker.error);
            g_clear_pointer(&maker.plan, vv_setup_plan_free);
            vv_boot_facts_clear(&maker.facts);
            g_strfreev(maker.arguments);
            return NULL;
        }
        only_print(&maker, maker.error->message);
        g_clear_error(&maker.error);
    }
    finish(&maker);
    return maker.plan;
}
