/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/initramfs.h"

#include <string.h>

/* systemd-udev-trigger.service is what first tells udev of devices that were there before it, and
 * systemd-modules-load.service may load a driver at the same time: both wait for their ExecStartPre=. A udev
 * rule would come too late for one of two identical cards: the event of its sibling loads the driver for
 * both.
 */
const char *const vv_setup_dropins[] = {"/etc/systemd/system/systemd-udev-trigger.service.d/virt-vfio.conf",
                                        "/etc/systemd/system/systemd-modules-load.service.d/virt-vfio.conf"};

gboolean vv_setup_wants_modules(const VvSetupMaker *maker)
{
    return maker->wants->modules || (maker->wants->reserve && maker->wants->reserve->len);
}

/* ids of other files for the same module: of several `options` lines the last value of a parameter counts. */
static void collect_ids(VvSetupMaker *maker, GString *ids)
{
    g_autoptr(GPtrArray) names = vv_boot_names(maker->sysfs, "etc/modprobe.d", ".conf");

    for (guint n = 0; n < names->len; n++) {
        g_autofree char *path = g_strdup_printf("/etc/modprobe.d/%s", (char *)names->pdata[n]);
        g_autofree char *text = strcmp(path, VV_SETUP_MODPROBE) == 0 ? NULL : vv_maker_text(maker, path);
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
                              "%s sets ids for vfio-pci too; they are kept and written to " VV_SETUP_MODPROBE
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
            device->module ? g_strdup_printf("softdep %s pre: vfio-pci\n", device->module) : NULL;
        if (line && !strstr(text->str, line))
            g_string_append(text, line);
    }
    return vv_maker_whole(maker, VV_SETUP_MODPROBE, any ? text->str : NULL, 0,
                          "vfio-pci takes the reserved devices before their own drivers do",
                          &maker->initramfs);
}

/* Loaded by systemd-modules-load.service (modules-load.d(5)). */
static gboolean modules_load_file(VvSetupMaker *maker)
{
    g_autofree char *names = g_strjoinv("\n", (char **)vv_setup_modules()),
                    *text = g_strdup_printf(VV_SETUP_HEADER "%s\n", names);
    gboolean changed = FALSE;

    return vv_maker_whole(maker, "/etc/modules-load.d/virt-vfio.conf",
                          vv_setup_wants_modules(maker) ? text : NULL, 0, "vfio-pci is loaded at boot",
                          &changed);
}

/* The file is there as soon as the PCI bus is (drivers/pci/pci-sysfs.c), and only vfio-pci matches such a
 * device from then on (pci_match_device); drivers_probe binds it where vfio-pci is there already. The ids are
 * looked at, because another card in the machine can shift the numbers, and then the address may be that of a
 * disk that the host needs. */
const char vv_setup_reserve_function[] = "vv_reserve() {\n"
                                         "    device=/sys/bus/pci/devices/$1\n"
                                         "    [ -e \"$device/driver_override\" ] || return 0\n"
                                         "    read -r vendor < \"$device/vendor\"\n"
                                         "    read -r id < \"$device/device\"\n"
                                         "    [ \"$vendor:$id\" = \"$2\" ] || return 0\n"
                                         "    echo vfio-pci > \"$device/driver_override\"\n"
                                         "    echo \"$1\" > /sys/bus/pci/drivers_probe\n"
                                         "}\n";

/* "0x144d:0xa808", as sysfs has them. */
static char *sysfs_ids(const VvReserve *reserve)
{
    g_auto(GStrv) parts = g_strsplit(reserve->ids, ":", 2);

    return g_strdup_printf("0x%s:0x%s", parts[0], parts[0] ? parts[1] : "");
}

char *vv_setup_reserve_calls(const VvSetupWants *wants, const char *indent)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; wants->reserve && i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        g_autofree char *ids = sysfs_ids(reserve);
        if (!reserve->unique)
            g_string_append_printf(text, "%svv_reserve %s %s\n", indent, reserve->address, ids);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The same in one line; systemd itself wants $ twice. */
static char *unit_lines(const VvSetupWants *wants)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; wants->reserve && i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        g_autofree char *ids = sysfs_ids(reserve);
        if (!reserve->unique)
            g_string_append_printf(
                text,
                "ExecStartPre=-/bin/sh -c 'cd /sys/bus/pci/devices/%s && read -r v < vendor && "
                "read -r d < device && [ $$v:$$d = %s ] && echo vfio-pci > driver_override && "
                "echo %s > /sys/bus/pci/drivers_probe'\n",
                reserve->address, ids, reserve->address);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

gboolean vv_maker_systemd_dropins(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *lines = unit_lines(maker->wants),
                    *text = g_strdup_printf(VV_SETUP_HEADER "[Service]\n%s", lines);

    for (guint i = 0; i < G_N_ELEMENTS(vv_setup_dropins); i++)
        if (!vv_maker_whole(maker, vv_setup_dropins[i], *addresses ? text : NULL, 0, VV_SETUP_WHY_ADDRESS,
                            &maker->initramfs))
            return FALSE;
    return TRUE;
}

/* Scripts without prerequisites run by name (mkinitramfs sorts them with tsort): 00- is before udev, which
 * loads drivers (initramfs-tools(7)). */
static gboolean tools_script(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *calls = vv_setup_reserve_calls(maker->wants, ""),
                    *text = g_strdup_printf(
                        "#!/bin/sh\n" VV_SETUP_HEADER "PREREQ=\"\"\n"
                        "if [ \"$1\" = prereqs ]; then\n    echo \"$PREREQ\"\n    exit 0\nfi\n"
                        "%s%s",
                        vv_setup_reserve_function, calls);

    return vv_maker_whole(maker, "/etc/initramfs-tools/scripts/init-top/00-virt-vfio",
                          *addresses ? text : NULL, 0755, VV_SETUP_WHY_ADDRESS, &maker->initramfs);
}

static gboolean initramfs_tools(VvSetupMaker *maker, const char *addresses)
{
    if (vv_setup_wants_modules(maker) &&
        !vv_maker_edit(maker, "/etc/initramfs-tools/modules", VV_EDIT_LIST, NULL, vv_setup_modules(), FALSE,
                       "", VV_SETUP_WHY_MODULES, &maker->initramfs))
        return FALSE;
    return tools_script(maker, addresses);
}

/* dracut copies /etc/modprobe.d only into images for this host alone (hostonly), and drop-ins of units never:
 * install_items does both. Blanks at both ends, because the values of all files are put together
 * (dracut.conf(5)). */
static gboolean dracut(VvSetupMaker *maker, const char *addresses)
{
    g_autofree char *names = g_strjoinv(" ", (char **)vv_setup_modules());
    g_autoptr(GString) text = g_string_new(VV_SETUP_HEADER);

    g_string_append_printf(text, "force_drivers+=\" %s \"\n", names);
    if (maker->wants->reserve && maker->wants->reserve->len)
        g_string_append(text, "install_items+=\" " VV_SETUP_MODPROBE " \"\n");
    if (*addresses)
        g_string_append_printf(text, "install_items+=\" %s %s \"\n", vv_setup_dropins[0],
                               vv_setup_dropins[1]);
    return vv_maker_systemd_dropins(maker, addresses) &&
           vv_maker_whole(maker, "/etc/dracut.conf.d/virt-vfio.conf",
                          vv_setup_wants_modules(maker) ? text->str : NULL, 0, VV_SETUP_WHY_MODULES,
                          &maker->initramfs);
}

static gboolean booster(VvSetupMaker *maker, const char *addresses)
{
    if (*addresses)
        vv_maker_note(
            maker,
            "booster loads drivers by itself, before anything can be reserved by address: a driver that is "
            "in its image (for the disk of the root file system) can still take the device");
    return vv_maker_systemd_dropins(maker, addresses) &&
           (!vv_setup_wants_modules(maker) ||
            vv_maker_edit(maker, "/etc/booster.yaml", VV_EDIT_YAML_LIST, "modules_force_load",
                          vv_setup_modules(), FALSE, "", VV_SETUP_WHY_MODULES, &maker->initramfs));
}

static gboolean ostree(VvSetupMaker *maker, const char *addresses)
{
    if (maker->stack->kind == VV_BOOT_RPM_OSTREE)
        return dracut(maker, addresses);
    if (vv_setup_wants_modules(maker))
        vv_maker_note(
            maker,
            "the initramfs comes with the image: drivers that are in it can take a device first. Put a file "
            "with force_drivers+=\" vfio_pci vfio vfio_iommu_type1 \" into /usr/lib/dracut/dracut.conf.d of "
            "the image and run dracut when it is built");
    return vv_maker_systemd_dropins(maker, addresses);
}

gboolean vv_maker_initramfs(VvSetupMaker *maker)
{
    static gboolean (*const makers[])(VvSetupMaker *, const char *) = {
        [VV_INITRAMFS_UNKNOWN] = vv_maker_systemd_dropins,
        [VV_INITRAMFS_TOOLS] = initramfs_tools,
        [VV_INITRAMFS_DRACUT] = dracut,
        [VV_INITRAMFS_MKINITCPIO] = vv_maker_mkinitcpio,
        [VV_INITRAMFS_BOOSTER] = booster,
        [VV_INITRAMFS_RPM_OSTREE] = ostree,
        [VV_INITRAMFS_NIXOS] = vv_maker_systemd_dropins,
    };
    g_autofree char *addresses = vv_setup_by_address(maker->wants);

    if (vv_setup_wants_modules(maker) && maker->stack->initramfs == VV_INITRAMFS_UNKNOWN)
        vv_maker_note(
            maker,
            "which program makes this host's initramfs is not known: put vfio_pci vfio vfio_iommu_type1 and "
            "/etc/modprobe.d/virt-vfio.conf into it by hand");
    return modprobe_file(maker) && modules_load_file(maker) &&
           makers[maker->stack->initramfs](maker, addresses);
}
