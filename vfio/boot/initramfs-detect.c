/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include <string.h>

/* Who makes an initramfs when a kernel is installed: hooks of the package manager or of kernel-install. The
 * generator itself may be installed without being used. */
static const struct {
    const char *hook;
    VvInitramfsKind kind;
} hooks[] = {
    /* Debian, Ubuntu: run-parts of a kernel package. */
    {"etc/kernel/postinst.d/initramfs-tools", VV_INITRAMFS_TOOLS},
    {"etc/kernel/postinst.d/dracut", VV_INITRAMFS_DRACUT},
    {"usr/share/kernel/postinst.d/dracut", VV_INITRAMFS_DRACUT},
    /* kernel-install: Fedora, RHEL. */
    {"usr/lib/kernel/install.d/50-dracut.install", VV_INITRAMFS_DRACUT},
    /* openSUSE's kernel packages. */
    {"usr/lib/module-init-tools/regenerate-initrd-posttrans", VV_INITRAMFS_DRACUT},
};

static const struct {
    const char *part;
    VvInitramfsKind kind;
} pacman_hooks[] = {
    {"mkinitcpio-install", VV_INITRAMFS_MKINITCPIO}, {"dracut-install", VV_INITRAMFS_DRACUT},
    {"booster-install", VV_INITRAMFS_BOOSTER},       {"limine-mkinitcpio", VV_INITRAMFS_MKINITCPIO},
    {"limine-dracut", VV_INITRAMFS_DRACUT},
};

/* alpm-hooks(5): one of the same name in /etc replaces it, and a link to /dev/null there switches it off. */
static gboolean is_masked(const VvBootFacts *facts, const char *name)
{
    g_autofree char *path = g_strdup_printf("etc/pacman.d/hooks/%s", name),
                    *target = vv_sysfs_link_target(facts->sysfs, path);

    return g_strcmp0(target, "/dev/null") == 0;
}

static guint pacman_kinds(const VvBootFacts *facts, const char *folder)
{
    g_autoptr(GPtrArray) names = vv_boot_names(facts->sysfs, folder, ".hook");
    guint found = 0;

    for (guint i = 0; i < names->len; i++)
        for (guint k = 0; k < G_N_ELEMENTS(pacman_hooks); k++)
            if (strstr(names->pdata[i], pacman_hooks[k].part) && !is_masked(facts, names->pdata[i]))
                found |= 1u << pacman_hooks[k].kind;
    return found;
}

static guint hook_kinds(const VvBootFacts *facts)
{
    guint found = 0;

    for (guint i = 0; i < G_N_ELEMENTS(hooks); i++)
        if (vv_sysfs_exists(facts->sysfs, hooks[i].hook))
            found |= 1u << hooks[i].kind;
    return found;
}

void vv_boot_decide_initramfs(const VvBootFacts *facts, VvBootStack *stack)
{
    if (stack->kind == VV_BOOT_RPM_OSTREE || stack->kind == VV_BOOT_BOOTC) {
        stack->initramfs = VV_INITRAMFS_RPM_OSTREE;
        return;
    }
    if (stack->kind == VV_BOOT_NIXOS) {
        stack->initramfs = VV_INITRAMFS_NIXOS;
        return;
    }
    guint found = pacman_kinds(facts, "usr/share/libalpm/hooks") | pacman_kinds(facts, "etc/pacman.d/hooks");
    /* pacman's hooks decide where there are any: Arch installs kernel-install's plugins too, unused. */
    if (!found)
        found = hook_kinds(facts);
    for (VvInitramfsKind kind = VV_INITRAMFS_TOOLS; kind <= VV_INITRAMFS_BOOSTER; kind++)
        if (found == 1u << kind)
            stack->initramfs = kind;
}
