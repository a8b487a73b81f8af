/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include <string.h>

#define WHY_INITRAMFS "the initramfs has the modules and their settings"
#define WHY_LOADER "the boot loader has the new arguments"

/* Runs a program that makes boot files from configuration: the same again after undo. */
static void rebuild(VvSetupMaker *maker, const char *command, const char *why)
{
    g_auto(GStrv) argv = g_strsplit(command, " ", -1);

    vv_setup_plan_run(maker->plan, (const char *const *)argv, (const char *const *)argv, TRUE, why);
}

/* kernel-install before systemd 255 has no add-all: one run for each kernel, with Debian's initrd, which is
 * made by another program (Debian's /etc/initramfs/post-update.d/systemd-boot). */
static void kernel_install(VvSetupMaker *maker)
{
    g_autoptr(GPtrArray) kernels = vv_setup_kernels(maker->sysfs);

    if (g_str_has_suffix(maker->stack->run, "add-all")) {
        rebuild(maker, maker->stack->run, WHY_LOADER);
        return;
    }
    for (guint i = 0; i < kernels->len; i++) {
        const char *version = kernels->pdata[i];
        g_autofree char *boot = g_strdup_printf("boot/vmlinuz-%s", version),
                        *vendor = g_strdup_printf("usr/lib/modules/%s/vmlinuz", version),
                        *initrd = g_strdup_printf("boot/initrd.img-%s", version);
        const char *const images[] = {boot, vendor, NULL};
        const char *image = vv_boot_first(maker->sysfs, images);
        gboolean has_initrd =
            maker->stack->initramfs == VV_INITRAMFS_TOOLS && vv_sysfs_exists(maker->sysfs, initrd);
        g_autofree char *command = image ? g_strdup_printf("kernel-install add %s /%s%s%s", version, image,
                                                           has_initrd ? " /" : "", has_initrd ? initrd : "")
                                         : NULL;
        if (command)
            rebuild(maker, command, WHY_LOADER);
    }
}

/* Is it rpm-ostree that makes it on this host (rpm-ostree(1), initramfs)? It writes that down in the origin
 * of a deployment. */
static gboolean makes_own_initramfs(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) systems = vv_boot_names(sysfs, "ostree/deploy", "");

    for (guint i = 0; i < systems->len; i++) {
        g_autofree char *folder = g_strdup_printf("ostree/deploy/%s/deploy", (char *)systems->pdata[i]);
        g_autoptr(GPtrArray) names = vv_boot_names(sysfs, folder, ".origin");
        for (guint n = 0; n < names->len; n++) {
            g_autofree char *path = g_strdup_printf("%s/%s", folder, (char *)names->pdata[n]);
            if (vv_boot_contains(sysfs, path, "regenerate-initramfs=true"))
                return TRUE;
        }
    }
    return FALSE;
}

static void ostree_initramfs(VvSetupMaker *maker)
{
    const char *const on[] = {"rpm-ostree", "initramfs", "--enable", NULL}, *const off[] = {
                                                                                "rpm-ostree", "initramfs",
                                                                                "--disable", NULL};

    if (maker->stack->kind != VV_BOOT_RPM_OSTREE)
        return;
    if (makes_own_initramfs(maker->sysfs))
        vv_maker_note(
            maker,
            "rpm-ostree makes this host's initramfs already; it has the new files from the next deployment "
            "on (an upgrade, or: rpm-ostree initramfs --disable, and then --enable)");
    else
        vv_setup_plan_run(maker->plan, on, off, FALSE, WHY_INITRAMFS);
}

/* These loaders' own commands make or copy the initramfs too. */
static gboolean loader_makes_initramfs(const VvBootStack *stack)
{
    return stack->kind == VV_BOOT_UKI_MKINITCPIO || stack->kind == VV_BOOT_UKI_KERNEL_INSTALL ||
           (stack->kind == VV_BOOT_SYSTEMD_BOOT && stack->initramfs != VV_INITRAMFS_TOOLS);
}

static void make_initramfs(VvSetupMaker *maker)
{
    static const char *const commands[] = {
        [VV_INITRAMFS_TOOLS] = "update-initramfs -u -k all",
        [VV_INITRAMFS_DRACUT] = "dracut -f --regenerate-all",
        [VV_INITRAMFS_MKINITCPIO] = "mkinitcpio -P",
        [VV_INITRAMFS_BOOSTER] = "/usr/lib/booster/regenerate_images",
        [VV_INITRAMFS_NIXOS] = NULL,
    };
    g_autoptr(GPtrArray) presets = vv_boot_names(maker->sysfs, "etc/mkinitcpio.d", ".preset");
    const char *command = commands[maker->stack->initramfs];

    /* sdbootutil makes an initrd for each entry on the EFI partition. */
    if (maker->stack->kind == VV_BOOT_SUSE_BLS)
        command = "sdbootutil mkinitrd";
    /* With limine-mkinitcpio there is none, and limine-update makes the images. */
    if (maker->stack->kind == VV_BOOT_LIMINE && !presets->len)
        command = NULL;
    if (maker->stack->initramfs == VV_INITRAMFS_RPM_OSTREE)
        ostree_initramfs(maker);
    else if (command)
        rebuild(maker, command, WHY_INITRAMFS);
}

/* One snapshot for both (transactional-update(8) takes several commands). */
static void transactional(VvSetupMaker *maker)
{
    gboolean bls = strcmp(maker->stack->edit, "/etc/kernel/cmdline") == 0;

    if (bls && maker->initramfs)
        rebuild(maker, "transactional-update --non-interactive run sdbootutil mkinitrd", WHY_INITRAMFS);
    else if (bls && maker->loader)
        rebuild(maker, "transactional-update --non-interactive run sdbootutil update-all-entries",
                WHY_LOADER);
    else if (maker->loader && maker->initramfs)
        rebuild(maker, "transactional-update --non-interactive grub.cfg initrd", WHY_LOADER);
    else if (maker->loader || maker->initramfs)
        rebuild(maker,
                maker->loader ? "transactional-update --non-interactive grub.cfg"
                              : "transactional-update --non-interactive initrd",
                maker->loader ? WHY_LOADER : WHY_INITRAMFS);
}

void vv_maker_rebuild(VvSetupMaker *maker)
{
    VvBootKind kind = maker->stack->kind;
    gboolean both = loader_makes_initramfs(maker->stack);

    if (kind == VV_BOOT_TRANSACTIONAL) {
        transactional(maker);
        return;
    }
    if (maker->initramfs && !both)
        make_initramfs(maker);
    if (!maker->loader && !(maker->initramfs && (both || kind == VV_BOOT_LIMINE || kind == VV_BOOT_PROXMOX)))
        return;
    if (kind == VV_BOOT_SYSTEMD_BOOT || kind == VV_BOOT_UKI_KERNEL_INSTALL)
        kernel_install(maker);
    else if (*maker->stack->run && *maker->stack->edit)
        rebuild(maker, maker->stack->run, WHY_LOADER);
}
