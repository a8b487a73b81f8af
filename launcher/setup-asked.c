/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/setup-asked.h"

#include "launcher/devices.h"
#include "vfio/boot/change.h"
#include "vfio/boot/wants-check.h"
#include "vfio/error.h"

static VvSetupAsked asked;

const GOptionEntry vv_setup_options[] = {
    {"iommu", 0, 0, G_OPTION_ARG_NONE, &asked.iommu, "The IOMMU on, pass-through for the host's own devices",
     NULL},
    {"modules", 0, 0, G_OPTION_ARG_NONE, &asked.modules, "VFIO's modules in the initramfs and at boot", NULL},
    {"reserve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.reserve, "A device for vfio-pci from boot on",
     "ADDRESS"},
    {"hugepages", 0, 0, G_OPTION_ARG_STRING, &asked.hugepages, "Huge pages for guests (2M unless 1G is said)",
     "N[,2M|1G]"},
    {"isolate-cpus", 0, 0, G_OPTION_ARG_STRING, &asked.isolate_cpus, "CPUs that the host leaves to guests",
     "LIST"},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.allow, "Lift one reason not to reserve a device",
     "CODE[=ADDRESS]"},
    {"apply", 0, 0, G_OPTION_ARG_NONE, &asked.apply, "Do it; without this it is only shown", NULL},
    {"undo", 0, 0, G_OPTION_ARG_NONE, &asked.undo, "Take back all that setup ever did", NULL},
    {"status", 0, 0, G_OPTION_ARG_NONE, &asked.status, "What was set up, and what waits for a reboot", NULL},
    {0},
};

const VvSetupAsked *vv_setup_asked(void)
{
    return &asked;
}

gboolean vv_setup_asks(void)
{
    return asked.iommu || asked.modules || asked.hugepages || asked.isolate_cpus || asked.reserve;
}

static gboolean parse_hugepages(VvSetupWants *wants, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(asked.hugepages, ",", 2);
    const char *size = parts[0] && parts[1] ? parts[1] : "2M";
    guint64 count = 0;

    if (parts[0] && g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXINT, &count, NULL) &&
        (g_ascii_strcasecmp(size, "2M") == 0 || g_ascii_strcasecmp(size, "1G") == 0)) {
        wants->hugepages = (guint)count;
        wants->hugepage_kib = g_ascii_strcasecmp(size, "2M") == 0 ? 2048 : 1048576;
        return TRUE;
    }
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "--hugepages %s: it is a number of pages, and 2M or 1G: 4096 or 16,1G", asked.hugepages);
    return FALSE;
}

/* FALSE without an error: refused, and the reasons are shown. */
static gboolean check_reserve(VvContext *context, const GArray *selectors, GError **error)
{
    const VvPlanOptions options = {.allow = (const char *const *)asked.allow};
    g_autoptr(VvPlan) plan =
        vv_plan_take(context->host, vv_context_journal(context), selectors, &options, error);

    if (!plan)
        return FALSE;
    vv_setup_keep_needs(plan);
    if (vv_plan_ok(plan))
        return TRUE;
    vv_show_plan(context, plan, "This host needs what is to be kept from it at every boot");
    return FALSE;
}

static gboolean parse_reserve(VvContext *context, VvSetupWants *wants, GError **error)
{
    g_autoptr(GArray) selectors = vv_parse_selectors(asked.reserve, error);
    VvHost *host = selectors && vv_check_allow(asked.allow, error) ? vv_context_host(context, error) : NULL;

    if (!host)
        return FALSE;
    for (char **word = asked.reserve; *word; word++)
        if (!vv_setup_wants_reserve(wants, host, *word, error))
            return FALSE;
    return check_reserve(context, selectors, error);
}

VvSetupWants *vv_setup_asked_wants(VvContext *context, GError **error)
{
    g_autoptr(VvSetupWants) wants = vv_setup_wants_new();
    VvSysfs *sysfs = vv_context_sysfs(context, error);
    if (!sysfs)
        return NULL;

    g_autoptr(VvTopology) topology = vv_topology_read(sysfs);
    wants->iommu = asked.iommu;
    wants->modules = asked.modules;
    wants->isolate_cpus = g_strdup(asked.isolate_cpus);
    if ((asked.hugepages && !parse_hugepages(wants, error)) ||
        !vv_setup_wants_check(wants, sysfs, topology, error) ||
        (asked.reserve && !parse_reserve(context, wants, error)))
        return NULL;
    return g_steal_pointer(&wants);
}

static void add_option(GPtrArray *argv, const char *option, const char *value)
{
    if (!value)
        return;
    g_ptr_array_add(argv, (gpointer)option);
    g_ptr_array_add(argv, (gpointer)value);
}

char *vv_setup_asked_again(const VvContext *context, const char *more)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, (gpointer) "virt-vfio");
    g_ptr_array_add(argv, (gpointer) "setup");
    if (asked.iommu)
        g_ptr_array_add(argv, (gpointer) "--iommu");
    if (asked.modules)
        g_ptr_array_add(argv, (gpointer) "--modules");
    for (char **word = asked.reserve; word && *word; word++)
        add_option(argv, "--reserve", *word);
    add_option(argv, "--hugepages", asked.hugepages);
    add_option(argv, "--isolate-cpus", asked.isolate_cpus);
    for (char **word = asked.allow; word && *word; word++)
        add_option(argv, "--allow", *word);
    add_option(argv, "--sysroot", context->sysroot);
    g_ptr_array_add(argv, (gpointer)more);
    g_ptr_array_add(argv, NULL);
    return vv_setup_command_text((const char *const *)argv->pdata);
}
