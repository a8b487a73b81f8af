/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/boot/shellvar.h"

#include <string.h>

#define MODPROBE "/etc/modprobe.d/virt-vfio.conf"
#define WHY_MODULES "vfio-pci is loaded before the drivers of devices"
#define WHY_ADDRESS "reserves devices by their address, before any driver is loaded"

/* systemd-udev-trigger.service is what first tells udev of devices that were there before it, and
 * systemd-modules-load.service may load a driver at the same time: both wait for their ExecStartPre=. A udev
 * rule would come too late for one of two identical cards: the event of its sibling loads the driver for
 * both.
 */
static const char *const dropins[] = {"/etc/systemd/system/systemd-udev-trigger.service.d/virt-vfio.conf",
                                      "/etc/systemd/system/systemd-modules-load.service.d/virt-vfio.conf"};

static gboolean wants_modules(const VvSetupMaker *maker)
{
    return maker->wants->modules || (maker->wants->reserve && maker->wants->reserve->len);
}

/* ids of other files for the same module: of several `options` lines the last value of a parameter counts. */
static void collect_ids(VvSetupMaker *maker, GString *ids)
{
    g_autoptr(GPtrArray) names = vv_boot_names(maker->sysfs, "etc/modprobe.d", ".conf");

    for (guint n = 0; n < names->len; n++) {
        g_autofree char *path = g_strdup_printf("/etc/modprobe.d/%s", (char *)names->pdata[n]);
        g_autofree char *text = strcmp(path, MODPROBE) == 0 ? NULL : vv_maker_text(maker, path);
        g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
        for (char **line = lines; *line; line++) {
            g_auto(GStrv) words = g_strsplit_set(g_strdelimit(g_strstrip(*line), "-", '_'), " \t", -1);
            if (g_strcmp0(words[0], "options") != 0 || g_strcmp0(words[1], "vfio_pci") != 0)
                continue;
            for (char **word = words + 2; *word; word++) {
                if (!g_str_has_prefix(*word, "ids=") || strcmp(*word + 4, ids->str) == 0)
                    continue;
                g_string_append_printf(ids, "%s%s", ids->len ? "," : "", *word + 4);
                vv_maker_note(maker,
                              "%s sets ids for vfio-pci too; they are kept and written to " MODPROBE
                              " as well, and that line can go",
                              path);
            }
        }
    }
}

/* softdep: vfio-pci claims its devices before the driver is there. Needed with initramfs-tools, which loads
 * modules only after udev has begun; no harm elsewhere (modprobe.d(5)). */
static gboolean modprobe_file(VvSetupMaker *maker)
{
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER), ids = g_string_new(NULL);
    g_autofree char *own = vv_setup_ids(maker->wants);
    const GPtrArray *reserve = maker->wants->reserve;
    gboolean any = reserve && reserve->len;

    if (*own) {
        g_string_append(ids, own);
        collect_ids(maker, ids);
        g_string_append_printf(text, "options vfio-pci ids=%s\n", ids->str);
    }
    for (guint i = 0; any && i < reserve->len; i++) {
        const VvReserve *device = reserve->pdata[i];
        g_autofree char *line =
            device->driver ? g_strdup_printf("softdep %s pre: vfio-pci\n", device->driver) : NULL;
        if (line && !strstr(text->str, line))
            g_string_append(text, line);
    }
    return vv_maker_whole(maker, MODPROBE, any ? text->str : NULL, 0,
                          "vfio-pci takes the reserved devices before their own drivers do",
                          &maker->initramfs);
}

/* Loaded by systemd-modules-load.service (modules-load.d(5)). */
static gboolean modules_load_file(VvSetupMaker *maker)
{
    g_autofree char *names = g_strjoinv("\n", (char **)vv_setup_modules(maker->sysfs)),
                    *text = g_strdup_printf(VV_SETUP_HEADER "%s\n", names);
    gboolean changed = FALSE;

    return vv_maker_whole(maker, "/etc/modules-load.d/virt-vfio.conf", wants_modules(maker) ? text : NULL, 0,
                          "vfio-pci is loaded at boot", &changed);
}

/* Shell for each of the addresses. The file is there as soon as the PCI bus is (drivers/pci/pci-sysfs.c), and
 * only vfio-pci matches such a device from then on (pci_match_device). */
static char *override_loop(const char *addresses, const char *indent)
{
    return g_strdup_printf("%sfor address in %s; do\n"
                           "%s    override=/sys/bus/pci/devices/$address/driver_override\n"
                           "%s    if [ -e \"$override\" ]; then echo vfio-pci > \"$override\"; fi\n"
                           "%sdone\n",
                           indent, addresses, indent, indent, indent);
}

static gboolean systemd_dropins(VvSetupMaker *maker, const char *addresses)
{
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER "[Service]\n");
    g_auto(GStrv) list = g_strsplit(addresses, " ", -1);

    for (char **address = list; *address; address++)
        g_string_append_printf(
            text, "ExecStartPre=-/bin/sh -c 'echo vfio-pci > /sys/bus/pci/devices/%s/driver_override'\n",
            *address);
    for (guint i = 0; i < G_N_ELEMENTS(dropins); i++)
        if (!vv_maker_whole(maker, dropins[i], *addresses ? text->str : NULL, 0, WHY_ADDRESS,
                            &maker->initramfs))
            return FALSE;
    return TRUE;
}

/* Scripts without prerequisites run by name (mkinitramfs sorts them with tsort): 00- is before udev, which
 * loads drivers (initramfs-tools(7)). */
static gboolean tools_script(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *loop = override_loop(addresses, ""),
                    *text = g_strdup_printf(
                        "#!/bin/sh\n" VV_SETUP_HEADER "PREREQ=\"\"\n"
                        "if [ \"$1\" = prereqs ]; then\n    echo \"$PREREQ\"\n    exit 0\nfi\n"
                        "%s",
                        loop);

    return vv_maker_whole(maker, "/etc/initramfs-tools/scripts/init-top/00-virt-vfio",
                          *addresses ? text : NULL, 0755, WHY_ADDRESS, &maker->initramfs);
}

static gboolean initramfs_tools(VvSetupMaker *maker, const char *addresses)
{
    if (wants_modules(maker) &&
        !vv_maker_edit(maker, "/etc/initramfs-tools/modules", VV_EDIT_LIST, NULL,
                       vv_setup_modules(maker->sysfs), FALSE, "", WHY_MODULES, &maker->initramfs))
        return FALSE;
    return tools_script(maker, addresses);
}

/* dracut copies /etc/modprobe.d only into images for this host alone (hostonly), and drop-ins of units never:
 * install_items does both. Blanks at both ends, because the values of all files are put together
 * (dracut.conf(5)). */
static gboolean dracut(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *names = g_strjoinv(" ", (char **)vv_setup_modules(maker->sysfs));
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER);

    g_string_append_printf(text, "force_drivers+=\" %s \"\n", names);
    if (maker->wants->reserve && maker->wants->reserve->len)
        g_string_append(text, "install_items+=\" " MODPROBE " \"\n");
    if (*addresses)
        g_string_append_printf(text, "install_items+=\" %s %s \"\n", dropins[0], dropins[1]);
    return systemd_dropins(maker, addresses) &&
           vv_maker_whole(maker, "/etc/dracut.conf.d/virt-vfio.conf", wants_modules(maker) ? text->str : NULL,
                          0, WHY_MODULES, &maker->initramfs);
}

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
    g_autofree char *loop = override_loop(addresses, "    "),
                    *hook =
                        g_strdup_printf("#!/usr/bin/ash\n" VV_SETUP_HEADER "run_earlyhook() {\n%s}\n", loop);
    const char *build = "#!/bin/bash\n" VV_SETUP_HEADER "build() {\n    add_runscript\n}\n\nhelp() {\n"
                        "    echo \"Reserves PCI devices for vfio-pci by their address.\"\n}\n";

    return vv_maker_whole(maker, "/etc/initcpio/hooks/virt-vfio", *addresses ? hook : NULL, 0, WHY_ADDRESS,
                          &maker->initramfs) &&
           vv_maker_whole(maker, "/etc/initcpio/install/virt-vfio", *addresses ? build : NULL, 0, WHY_ADDRESS,
                          &maker->initramfs);
}

/* Drop-ins are bash, and are read behind mkinitcpio.conf since version 36 (mkinitcpio.conf(5)). */
static gboolean initcpio_dropin(VvSetupMaker *maker, const char *configuration, const char *addresses)
{
    g_autofree char *names = g_strjoinv(" ", (char **)vv_setup_modules(maker->sysfs));
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER);
    gboolean systemd = has_hook(configuration, "systemd");

    g_string_append_printf(text, "MODULES=(%s \"${MODULES[@]}\")\n", names);
    if (maker->wants->reserve && maker->wants->reserve->len && !has_hook(configuration, "modconf"))
        g_string_append(text, "FILES+=(" MODPROBE ")\n");
    if (*addresses && systemd)
        g_string_append_printf(text, "FILES+=(%s %s)\n", dropins[0], dropins[1]);
    if (*addresses && !systemd)
        g_string_append(text, "HOOKS=(\"${HOOKS[0]}\" virt-vfio \"${HOOKS[@]:1}\")\n");
    if (!systemd_dropins(maker, systemd ? addresses : "") || !initcpio_hook(maker, systemd ? "" : addresses))
        return FALSE;
    if (*addresses && systemd && !has_hook(configuration, "base"))
        vv_maker_note(
            maker,
            "HOOKS in /etc/mkinitcpio.conf lacks base: without a shell in the initramfs, devices that are "
            "reserved by address are reserved only when the root file system is there");
    return vv_maker_whole(maker, "/etc/mkinitcpio.conf.d/zz-virt-vfio.conf",
                          wants_modules(maker) ? text->str : NULL, 0, WHY_MODULES, &maker->initramfs);
}

static gboolean mkinitcpio(VvSetupMaker *maker, const char *addresses)
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
    if (wants_modules(maker) && !has_hook(configuration, "modconf"))
        vv_maker_note(
            maker,
            "HOOKS in /etc/mkinitcpio.conf lacks modconf: what is in /etc/modprobe.d does not count in the "
            "initramfs; add it");
    return systemd_dropins(maker, addresses) &&
           (!wants_modules(maker) ||
            vv_maker_edit(maker, "/etc/mkinitcpio.conf", VV_EDIT_VARIABLE, "MODULES",
                          vv_setup_modules(maker->sysfs), FALSE, NULL, WHY_MODULES, &maker->initramfs));
}

static gboolean booster(VvSetupMaker *maker, const char *addresses)
{
    if (*addresses)
        vv_maker_note(
            maker,
            "booster loads drivers by itself, before anything can be reserved by address: a driver that is "
            "in its image (for the disk of the root file system) can still take the device");
    return systemd_dropins(maker, addresses) &&
           (!wants_modules(maker) ||
            vv_maker_edit(maker, "/etc/booster.yaml", VV_EDIT_YAML_LIST, "modules_force_load",
                          vv_setup_modules(maker->sysfs), FALSE, "", WHY_MODULES, &maker->initramfs));
}

static gboolean ostree(VvSetupMaker *maker, const char *addresses)
{
    if (maker->stack->kind == VV_BOOT_RPM_OSTREE)
        return dracut(maker, addresses);
    if (wants_modules(maker))
        vv_maker_note(
            maker,
            "the initramfs comes with the image: drivers that are in it can take a device first. Put a file "
            "with force_drivers+=\" vfio_pci vfio vfio_iommu_type1 \" into /usr/lib/dracut/dracut.conf.d of "
            "the image and run dracut when it is built");
    return systemd_dropins(maker, addresses);
}

gboolean vv_maker_initramfs(VvSetupMaker *maker)
{
    static gboolean (*const makers[])(VvSetupMaker *, const char *) = {
        [VV_INITRAMFS_UNKNOWN] = systemd_dropins, [VV_INITRAMFS_TOOLS] = initramfs_tools,
        [VV_INITRAMFS_DRACUT] = dracut,           [VV_INITRAMFS_MKINITCPIO] = mkinitcpio,
        [VV_INITRAMFS_BOOSTER] = booster,         [VV_INITRAMFS_RPM_OSTREE] = ostree,
        [VV_INITRAMFS_NIXOS] = systemd_dropins,
    };
    g_autofree char *addresses = vv_setup_by_address(maker->wants);

    if (wants_modules(maker) && maker->stack->initramfs == VV_INITRAMFS_UNKNOWN)
        vv_maker_note(
            maker,
            "which program makes this host's initramfs is not known: put vfio_pci vfio vfio_iommu_type1 and "
            "/etc/modprobe.d/virt-vfio.conf into it by hand");
    return modprobe_file(maker) && modules_load_file(maker) &&
           makers[maker->stack->initramfs](maker, addresses);
}
