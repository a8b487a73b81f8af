/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/initramfs.h"

#include "vfio/boot/shellvar.h"

#include <string.h>

static gboolean has_hook(const char *configuration, const char *hook)
{
    g_autofree char *hooks = vv_shell_value(configuration, "HOOKS");
    g_auto(GStrv) words = g_strsplit_set(hooks ? hooks : "", " \t\n\"'", -1);

    return g_strv_contains((const char *const *)words, hook);
}

/* The runtime hook of images without systemd: early hooks run in the order of HOOKS, and udev's is one
 * (mkinitcpio(8), "ABOUT RUNTIME HOOKS"). */
static gboolean initcpio_hook(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *calls = vv_setup_reserve_calls(maker->wants, "    "),
                    *hook = g_strdup_printf("#!/usr/bin/ash\n" VV_SETUP_HEADER "%s\nrun_earlyhook() {\n%s}\n",
                                            vv_setup_reserve_function, calls);
    const char *build = "#!/bin/bash\n" VV_SETUP_HEADER "build() {\n    add_runscript\n}\n\nhelp() {\n"
                        "    echo \"Reserves PCI devices for vfio-pci by their address.\"\n}\n";

    return vv_maker_whole(maker, "/etc/initcpio/hooks/virt-vfio", *addresses ? hook : NULL, 0,
                          VV_SETUP_WHY_ADDRESS, &maker->initramfs) &&
           vv_maker_whole(maker, "/etc/initcpio/install/virt-vfio", *addresses ? build : NULL, 0,
                          VV_SETUP_WHY_ADDRESS, &maker->initramfs);
}

/* Drop-ins are bash, and are read behind mkinitcpio.conf since version 36 (mkinitcpio.conf(5)). */
static gboolean initcpio_dropin(VvSetupMaker *maker, const char *configuration, const char *addresses)
{
    g_autofree char *names = g_strjoinv(" ", (char **)vv_setup_modules());
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER);
    gboolean systemd = has_hook(configuration, "systemd");

    g_string_append_printf(text, "MODULES=(%s \"${MODULES[@]}\")\n", names);
    if (maker->wants->reserve && maker->wants->reserve->len && !has_hook(configuration, "modconf"))
        g_string_append(text, "FILES+=(" VV_SETUP_MODPROBE ")\n");
    if (*addresses && systemd)
        g_string_append_printf(text, "FILES+=(%s %s)\n", vv_setup_dropins[0], vv_setup_dropins[1]);
    if (*addresses && !systemd)
        g_string_append(text, "HOOKS=(\"${HOOKS[0]}\" virt-vfio \"${HOOKS[@]:1}\")\n");
    if (!vv_maker_systemd_dropins(maker, systemd ? addresses : "") ||
        !initcpio_hook(maker, systemd ? "" : addresses))
        return FALSE;
    if (*addresses && systemd && !has_hook(configuration, "base"))
        vv_maker_note(
            maker,
            "HOOKS in /etc/mkinitcpio.conf lacks base: without a shell in the initramfs, devices that are "
            "reserved by address are reserved only when the root file system is there");
    return vv_maker_whole(maker, "/etc/mkinitcpio.conf.d/zz-virt-vfio.conf",
                          vv_setup_wants_modules(maker) ? text->str : NULL, 0, VV_SETUP_WHY_MODULES,
                          &maker->initramfs);
}

gboolean vv_maker_mkinitcpio(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *configuration = vv_maker_text(maker, "/etc/mkinitcpio.conf");

    if (maker->error)
        return FALSE;
    if (!configuration)
        configuration = g_strdup("");
    if (vv_boot_contains(maker->sysfs, "usr/bin/mkinitcpio", "_d_config"))
        return initcpio_dropin(maker, configuration, addresses);
    if (*addresses)
        vv_maker_note(maker, "this mkinitcpio is older than 36 and reads no drop-ins: devices that are "
                             "reserved by address are "
                             "reserved only when the root file system is there");
    if (vv_setup_wants_modules(maker) && !has_hook(configuration, "modconf"))
        vv_maker_note(
            maker,
            "HOOKS in /etc/mkinitcpio.conf lacks modconf: what is in /etc/modprobe.d does not count in the "
            "initramfs; add it");
    return vv_maker_systemd_dropins(maker, addresses) &&
           (!vv_setup_wants_modules(maker) ||
            vv_maker_edit(maker, "/etc/mkinitcpio.conf", VV_EDIT_VARIABLE, "MODULES", vv_setup_modules(),
                          FALSE, NULL, VV_SETUP_WHY_MODULES, &maker->initramfs));
}
