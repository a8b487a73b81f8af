/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/initramfs.h"

#include <string.h>

static void quoted(GString *text, const char *const *words)
{
    for (; *words; words++)
        g_string_append_printf(text, " \"%s\"", *words);
}

static gboolean has_small_pages(const VvSetupWants *wants)
{
    return wants->hugepages && wants->hugepage_kib == 2048;
}

/* NixOS options reference: boot.kernelParams, boot.initrd.kernelModules, boot.extraModprobeConfig,
 * boot.initrd.preDeviceCommands, boot.kernel.sysctl. */
static char *nixos(const VvSetupMaker *maker)
{
    g_autoptr(GString) text =
        g_string_new("  # For /etc/nixos/configuration.nix; then: nixos-rebuild boot\n");
    g_autofree char *ids = vv_setup_ids(maker->wants), *addresses = vv_setup_by_address(maker->wants);

    if (*maker->arguments) {
        g_string_append(text, "  boot.kernelParams = [");
        quoted(text, (const char *const *)maker->arguments);
        g_string_append(text, " ];\n");
    }
    if (vv_setup_wants_modules(maker)) {
        g_string_append(text, "  boot.initrd.kernelModules = [");
        quoted(text, vv_setup_modules());
        g_string_append(text, " ];\n");
    }
    if (*ids)
        g_string_append_printf(text, "  boot.extraModprobeConfig = \"options vfio-pci ids=%s\";\n", ids);
    if (*addresses)
        g_string_append_printf(text,
                               "  boot.initrd.preDeviceCommands = ''\n    for address in %s; do\n"
                               "      echo vfio-pci > /sys/bus/pci/devices/$address/driver_override\n      "
                               "echo $address > /sys/bus/pci/drivers_probe\n    done\n  '';\n",
                               addresses);
    if (has_small_pages(maker->wants))
        g_string_append_printf(text, "  boot.kernel.sysctl.\"vm.nr_hugepages\" = %u;\n",
                               maker->wants->hugepages);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *general(const VvSetupMaker *maker)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *words = g_strjoinv(" ", maker->arguments), *ids = vv_setup_ids(maker->wants),
                    *addresses = vv_setup_by_address(maker->wants),
                    *modules = g_strjoinv(" ", (char **)vv_setup_modules());

    if (*words)
        g_string_append_printf(text, "Kernel arguments, for your boot loader's configuration:\n  %s\n",
                               words);
    if (vv_setup_wants_modules(maker))
        g_string_append_printf(
            text,
            "Modules, for the initramfs and for a file in /etc/modules-load.d (one a line there):\n  %s\n",
            modules);
    if (*ids)
        g_string_append_printf(
            text, "For a file in /etc/modprobe.d, and for the initramfs:\n  options vfio-pci ids=%s\n", ids);
    for (guint i = 0; maker->wants->reserve && i < maker->wants->reserve->len; i++) {
        const VvReserve *reserve = maker->wants->reserve->pdata[i];
        g_autofree char *line =
            reserve->module ? g_strdup_printf("  softdep %s pre: vfio-pci\n", reserve->module) : NULL;
        if (line && !strstr(text->str, line))
            g_string_append(text, line);
    }
    if (*addresses)
        g_string_append_printf(
            text,
            "For the initramfs, before udev is started:\n  for address in %s; do echo vfio-pci > "
            "/sys/bus/pci/devices/$address/driver_override; echo $address > /sys/bus/pci/drivers_probe; "
            "done\n",
            addresses);
    if (has_small_pages(maker->wants))
        g_string_append_printf(text, "For a file in /etc/sysctl.d:\n  vm.nr_hugepages = %u\n",
                               maker->wants->hugepages);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *vv_maker_snippet(const VvSetupMaker *maker)
{
    return maker->stack->kind == VV_BOOT_NIXOS ? nixos(maker) : general(maker);
}
