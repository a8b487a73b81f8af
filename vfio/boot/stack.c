/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include "vfio/boot/shellvar.h"

#include <string.h>

/* Where arguments go, and what makes them effective. NULL: that depends (edit_of, run_of). */
static const struct {
    const char *name, *edit, *run;
} kinds[] = {
    [VV_BOOT_UNKNOWN] = {"unknown", "", ""},
    [VV_BOOT_GRUB_DROPIN] = {"GRUB (drop-ins of Debian)", "/etc/default/grub.d/zz-virt-vfio.cfg", NULL},
    [VV_BOOT_GRUB_PLAIN] = {"GRUB", "/etc/default/grub", NULL},
    [VV_BOOT_GRUB_BLS] = {"GRUB with boot loader entries", "",
                          "grubby --update-kernel=ALL --args=\"ARGUMENTS\""},
    [VV_BOOT_SYSTEMD_BOOT] = {"systemd-boot with kernel-install", "/etc/kernel/cmdline", NULL},
    [VV_BOOT_LOADER_ENTRIES] = {"systemd-boot with entries written by hand", NULL, ""},
    [VV_BOOT_SDBOOT_MANAGE] = {"systemd-boot with sdboot-manage", "/etc/sdboot-manage.conf",
                               "sdboot-manage gen"},
    [VV_BOOT_UKI_MKINITCPIO] = {"unified kernel image by mkinitcpio", NULL, "mkinitcpio -P"},
    [VV_BOOT_UKI_KERNEL_INSTALL] = {"unified kernel image by kernel-install", "/etc/kernel/cmdline", NULL},
    [VV_BOOT_KERNELSTUB] = {"systemd-boot with kernelstub", "/etc/kernelstub/configuration", "kernelstub"},
    [VV_BOOT_BOOTC] =
        {"bootc", "",
         "bootc loader-entries set-options-for-source --source virt-vfio --options \"ARGUMENTS\""},
    [VV_BOOT_RPM_OSTREE] = {"rpm-ostree", "", "rpm-ostree kargs --append-if-missing=\"ARGUMENTS\""},
    [VV_BOOT_SUSE_GRUB] = {"GRUB (openSUSE)", "/etc/default/grub", "update-bootloader --config"},
    [VV_BOOT_SUSE_BLS] = {"boot loader entries by sdbootutil (openSUSE)", "/etc/kernel/cmdline",
                          "sdbootutil update-all-entries"},
    [VV_BOOT_TRANSACTIONAL] = {"transactional-update (MicroOS)", NULL, NULL},
    [VV_BOOT_LIMINE] = {"Limine with limine-entry-tool", NULL, "limine-update"},
    [VV_BOOT_REFIND] = {"rEFInd", "/boot/refind_linux.conf", ""},
    [VV_BOOT_PROXMOX] = {"systemd-boot with proxmox-boot-tool", "/etc/kernel/cmdline",
                         "proxmox-boot-tool refresh"},
    [VV_BOOT_NIXOS] = {"NixOS", "/etc/nixos/configuration.nix", "nixos-rebuild boot"},
};

static const char *const initramfs_names[] = {
    [VV_INITRAMFS_UNKNOWN] = "unknown", [VV_INITRAMFS_TOOLS] = "initramfs-tools",
    [VV_INITRAMFS_DRACUT] = "dracut",   [VV_INITRAMFS_MKINITCPIO] = "mkinitcpio",
    [VV_INITRAMFS_BOOSTER] = "booster", [VV_INITRAMFS_RPM_OSTREE] = "rpm-ostree",
    [VV_INITRAMFS_NIXOS] = "NixOS",
};

static gboolean is_suse_bls(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_boot_read(sysfs, "etc/sysconfig/bootloader"),
                    *type = vv_shell_value(text, "LOADER_TYPE");

    return type && !g_str_has_prefix(type, "grub2-efi") && strcmp(type, "grub2") != 0;
}

/* mkinitcpio puts /etc/kernel/cmdline and all of /etc/cmdline.d together (mkinitcpio, build_uki). */
static const char *mkinitcpio_edit(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) parts = vv_boot_names(sysfs, "etc/cmdline.d", ".conf");

    if (!vv_sysfs_exists(sysfs, "etc/kernel/cmdline") && parts->len)
        return "/etc/cmdline.d/zz-virt-vfio.conf";
    return "/etc/kernel/cmdline";
}

/* limine-entry-tool reads its drop-ins before /etc/default/limine: what that one sets, wins. */
static const char *limine_edit(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_boot_read(sysfs, "etc/default/limine");
    g_autoptr(GPtrArray) vars = vv_shell_vars(text ? text : "");

    return vv_shell_last(vars, "KERNEL_CMDLINE[default]") ? "/etc/default/limine"
                                                          : "/etc/limine-entry-tool.d/zz-virt-vfio.conf";
}

static char *edit_of(const VvBootFacts *facts, VvBootKind kind)
{
    switch (kind) {
    case VV_BOOT_LOADER_ENTRIES:
        return g_strdup_printf("/%s/*.conf",
                               facts->entries_folder ? facts->entries_folder : "boot/loader/entries");
    case VV_BOOT_UKI_MKINITCPIO:
        return g_strdup(mkinitcpio_edit(facts->sysfs));
    case VV_BOOT_LIMINE:
        return g_strdup(limine_edit(facts->sysfs));
    case VV_BOOT_TRANSACTIONAL:
        return g_strdup(is_suse_bls(facts->sysfs) ? "/etc/kernel/cmdline" : "/etc/default/grub");
    default:
        return g_strdup(kinds[kind].edit);
    }
}

/* update-grub is Debian's; elsewhere the configuration's name depends on how the distribution calls GRUB. */
static const char *grub_run(const VvSysfs *sysfs)
{
    if (vv_sysfs_exists(sysfs, "etc/kernel/proxmox-boot-uuids"))
        return "proxmox-boot-tool refresh";
    if (vv_sysfs_exists(sysfs, "usr/sbin/update-grub"))
        return "update-grub";
    if (vv_sysfs_exists(sysfs, "boot/grub2"))
        return "grub2-mkconfig -o /boot/grub2/grub.cfg";
    return "grub-mkconfig -o /boot/grub/grub.cfg";
}

static const char *run_of(const VvBootFacts *facts, VvBootKind kind)
{
    switch (kind) {
    case VV_BOOT_GRUB_DROPIN:
    case VV_BOOT_GRUB_PLAIN:
        return grub_run(facts->sysfs);
    case VV_BOOT_SYSTEMD_BOOT:
    case VV_BOOT_UKI_KERNEL_INSTALL:
        /* kernel-install has it since systemd 255; before that it was a script without it. */
        return vv_boot_contains(facts->sysfs, "usr/bin/kernel-install", "add-all")
                   ? "kernel-install add-all"
                   : "kernel-install add VERSION IMAGE (for each kernel)";
    case VV_BOOT_TRANSACTIONAL:
        return is_suse_bls(facts->sysfs) ? "transactional-update run sdbootutil update-all-entries"
                                         : "transactional-update grub.cfg";
    default:
        return kinds[kind].run;
    }
}

VvBootStack *vv_boot_detect(const VvSysfs *sysfs)
{
    VvBootStack *stack = g_new0(VvBootStack, 1);
    g_auto(VvBootFacts) facts = {0};
    g_autofree char *release = vv_boot_read(sysfs, "etc/os-release");

    if (!release)
        release = vv_boot_read(sysfs, "usr/lib/os-release");
    vv_boot_facts_read(&facts, sysfs);
    vv_boot_decide(&facts, stack);
    vv_boot_decide_initramfs(&facts, stack);
    stack->name = kinds[stack->kind].name;
    stack->initramfs_name = initramfs_names[stack->initramfs];
    stack->distribution = vv_shell_value(release, "PRETTY_NAME");
    if (!stack->distribution)
        stack->distribution = g_strdup("this system");
    stack->distribution_id = g_strdup(facts.id);
    stack->prints_only = stack->kind == VV_BOOT_UNKNOWN || stack->kind == VV_BOOT_NIXOS;
    stack->edit = edit_of(&facts, stack->kind);
    stack->run = g_strdup(run_of(&facts, stack->kind));
    return stack;
}

void vv_boot_stack_free(VvBootStack *stack)
{
    if (!stack)
        return;
    g_free(stack->evidence);
    g_free(stack->distribution);
    g_free(stack->distribution_id);
    g_free(stack->edit);
    g_free(stack->run);
    g_free(stack);
}
