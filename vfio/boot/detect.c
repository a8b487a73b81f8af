/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include "vfio/boot/shellvar.h"

#include <string.h>

/* Each rule knows its kind of host: it says what decided, or FALSE for "not mine". The first one that knows
 * the host decides; VV_BOOT_UNKNOWN with evidence is an answer too. */
typedef gboolean (*Rule)(const VvBootFacts *facts, VvBootStack *stack);

static gboolean decide(VvBootStack *stack, VvBootKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean decide(VvBootStack *stack, VvBootKind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    stack->kind = kind;
    stack->evidence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return TRUE;
}

/* Both can be installed; only a bootc of 2026 or later can keep arguments apart from the image's. It is asked
 * by what is in it, because looking must not run anything. */
static gboolean is_ostree(const VvBootFacts *facts, VvBootStack *stack)
{
    if (!vv_sysfs_exists(facts->sysfs, "run/ostree-booted"))
        return FALSE;
    if (vv_boot_contains(facts->sysfs, "usr/bin/bootc", "set-options-for-source"))
        return decide(stack, VV_BOOT_BOOTC,
                      "/run/ostree-booted is there, and bootc has loader-entries set-options-for-source");
    if (vv_sysfs_exists(facts->sysfs, "usr/bin/rpm-ostree"))
        return decide(stack, VV_BOOT_RPM_OSTREE, "/run/ostree-booted is there");
    return decide(
        stack, VV_BOOT_UNKNOWN,
        "/run/ostree-booted is there, but neither rpm-ostree nor a bootc that can set arguments is");
}

static gboolean is_nixos(const VvBootFacts *facts, VvBootStack *stack)
{
    return vv_sysfs_exists(facts->sysfs, "etc/NIXOS") && decide(stack, VV_BOOT_NIXOS, "/etc/NIXOS is there");
}

static gboolean grub_reads_dropins(const VvBootFacts *facts)
{
    static const char *const scripts[] = {"usr/sbin/grub-mkconfig", "usr/bin/grub-mkconfig",
                                          "usr/sbin/grub2-mkconfig", "usr/bin/grub2-mkconfig", NULL};
    const char *script = vv_boot_first(facts->sysfs, scripts);

    return script && vv_boot_contains(facts->sysfs, script, "default/grub.d");
}

/* proxmox-boot-tool copies kernels to each EFI partition and makes what the loader there wants:
 * systemd-boot's entries from /etc/kernel/cmdline, or a GRUB configuration (legacy BIOS, Secure Boot) from
 * /etc/default/grub (Proxmox VE Administration Guide, "Host Bootloader"). */
static gboolean is_proxmox(const VvBootFacts *facts, VvBootStack *stack)
{
    if (!vv_sysfs_exists(facts->sysfs, "etc/kernel/proxmox-boot-uuids"))
        return FALSE;
    if (facts->loader && g_str_has_prefix(facts->loader, "systemd-boot"))
        return decide(stack, VV_BOOT_PROXMOX, "/etc/kernel/proxmox-boot-uuids is there, and %s booted",
                      facts->loader);
    if (facts->from_grub || (facts->loader && g_str_has_prefix(facts->loader, "GRUB")))
        return decide(stack, grub_reads_dropins(facts) ? VV_BOOT_GRUB_DROPIN : VV_BOOT_GRUB_PLAIN,
                      "/etc/kernel/proxmox-boot-uuids is there, and GRUB booted");
    if (!*facts->running && vv_sysfs_exists(facts->sysfs, "etc/kernel/cmdline"))
        return decide(stack, VV_BOOT_PROXMOX,
                      "/etc/kernel/proxmox-boot-uuids and /etc/kernel/cmdline are there");
    if (facts->efi && vv_sysfs_exists(facts->sysfs, "etc/kernel/cmdline"))
        return decide(stack, VV_BOOT_PROXMOX,
                      "/etc/kernel/proxmox-boot-uuids is there, and it was not GRUB that booted");
    return decide(stack, VV_BOOT_UNKNOWN,
                  "/etc/kernel/proxmox-boot-uuids is there, but not whether GRUB or systemd-boot booted");
}

/* MicroOS and its kind: / cannot be written, and changes go into a new snapshot. */
static gboolean is_read_only_root(const VvBootFacts *facts)
{
    g_autofree char *mounts = vv_boot_read(facts->sysfs, "proc/self/mounts");
    g_auto(GStrv) lines = g_strsplit(mounts ? mounts : "", "\n", -1);
    gboolean read_only = FALSE;

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, " ", 5);
        if (g_strv_length(fields) >= 4 && strcmp(fields[1], "/") == 0 && strcmp(fields[2], "btrfs") == 0)
            read_only = strcmp(fields[3], "ro") == 0 || g_str_has_prefix(fields[3], "ro,");
    }
    return read_only;
}

static gboolean is_suse(const VvBootFacts *facts, VvBootStack *stack)
{
    g_autofree char *text = vv_boot_read(facts->sysfs, "etc/sysconfig/bootloader"),
                    *type = vv_shell_value(text, "LOADER_TYPE");

    if (!type)
        return FALSE;
    gboolean bls = strcmp(type, "systemd-boot") == 0 || strcmp(type, "grub2-bls") == 0;
    gboolean grub = strcmp(type, "grub2") == 0 || strcmp(type, "grub2-efi") == 0;
    if (!bls && !grub)
        return decide(stack, VV_BOOT_UNKNOWN, "LOADER_TYPE in /etc/sysconfig/bootloader is \"%s\"", type);
    if (is_read_only_root(facts))
        return decide(
            stack, VV_BOOT_TRANSACTIONAL,
            "/ is a btrfs that cannot be written, and LOADER_TYPE in /etc/sysconfig/bootloader is \"%s\"",
            type);
    return decide(stack, bls ? VV_BOOT_SUSE_BLS : VV_BOOT_SUSE_GRUB,
                  "LOADER_TYPE in /etc/sysconfig/bootloader is \"%s\"", type);
}

/* Does a preset of mkinitcpio make unified kernel images? (mkinitcpio(8), "ABOUT PRESETS") */
static gboolean preset_makes_uki(const VvBootFacts *facts)
{
    g_autoptr(GPtrArray) names = vv_boot_names(facts->sysfs, "etc/mkinitcpio.d", ".preset");

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strdup_printf("etc/mkinitcpio.d/%s", (char *)names->pdata[i]),
                        *text = vv_boot_read(facts->sysfs, path);
        g_autoptr(GPtrArray) vars = vv_shell_vars(text ? text : "");
        for (guint v = 0; v < vars->len; v++)
            if (g_str_has_suffix(((VvShellVar *)vars->pdata[v])->name, "_uki"))
                return TRUE;
    }
    return FALSE;
}

static gboolean layout_is_uki(const VvBootFacts *facts)
{
    g_autofree char *text = vv_boot_read(facts->sysfs, "etc/kernel/install.conf"),
                    *layout = vv_shell_value(text, "layout");

    return g_strcmp0(layout, "uki") == 0;
}

static gboolean is_uki(const VvBootFacts *facts, VvBootStack *stack)
{
    if (!facts->stub)
        return FALSE;
    gboolean preset = preset_makes_uki(facts), layout = layout_is_uki(facts);
    if (preset && layout)
        return decide(stack, VV_BOOT_UNKNOWN,
                      "a unified kernel image booted (%s), and both a preset in /etc/mkinitcpio.d and "
                      "/etc/kernel/install.conf make one",
                      facts->stub);
    if (preset)
        return decide(stack, VV_BOOT_UKI_MKINITCPIO,
                      "a unified kernel image booted (%s), and a preset in /etc/mkinitcpio.d makes one",
                      facts->stub);
    if (layout)
        return decide(stack, VV_BOOT_UKI_KERNEL_INSTALL,
                      "a unified kernel image booted (%s), and /etc/kernel/install.conf says layout=uki",
                      facts->stub);
    return decide(stack, VV_BOOT_UNKNOWN,
                  "a unified kernel image booted (%s), but neither a preset in /etc/mkinitcpio.d nor "
                  "/etc/kernel/install.conf says who makes it",
                  facts->stub);
}

/* What systemd-boot can choose from: FALSE: nothing that is known. */
static void count_entries(const VvBootFacts *facts, guint *made, guint *by_hand, const VvBootEntry **selected)
{
    for (guint i = 0; facts->entries && i < facts->entries->len; i++) {
        const VvBootEntry *entry = facts->entries->pdata[i];
        if (!entry->linux_)
            continue;
        if (g_strcmp0(entry->name, facts->selected) == 0)
            *selected = entry;
        *(entry->made ? made : by_hand) += 1;
    }
}

static gboolean decide_entries(const VvBootFacts *facts, VvBootStack *stack, const char *loader)
{
    const VvBootEntry *selected = NULL;
    guint made = 0, by_hand = 0;

    count_entries(facts, &made, &by_hand, &selected);
    if (made && by_hand && selected)
        return decide(stack, selected->made ? VV_BOOT_SYSTEMD_BOOT : VV_BOOT_LOADER_ENTRIES,
                      "%s booted /%s, which %s", loader, selected->path,
                      selected->made ? "kernel-install made" : "was written by hand");
    if (made && by_hand)
        return decide(stack, VV_BOOT_UNKNOWN,
                      "%s booted; of the entries in /%s some were made by kernel-install and some by hand",
                      loader, facts->entries_folder);
    if (made)
        return decide(stack, VV_BOOT_SYSTEMD_BOOT, "%s booted, and kernel-install made the entries in /%s",
                      loader, facts->entries_folder);
    if (by_hand)
        return decide(stack, VV_BOOT_LOADER_ENTRIES, "%s booted, and the entries in /%s were written by hand",
                      loader, facts->entries_folder);
    if (facts->entries_closed && (vv_sysfs_exists(facts->sysfs, "etc/kernel/cmdline") ||
                                  vv_sysfs_exists(facts->sysfs, "etc/kernel/entry-token") ||
                                  vv_sysfs_exists(facts->sysfs, "etc/kernel/postinst.d/zz-systemd-boot")))
        return decide(
            stack, VV_BOOT_SYSTEMD_BOOT,
            "%s booted, and kernel-install is set up in /etc/kernel (its entries can be read by root "
            "only)",
            loader);
    return decide(stack, VV_BOOT_UNKNOWN, "%s booted, but %s", loader,
                  facts->entries_closed ? "its entries can be read by root only"
                                        : "there is no entry in /boot/loader/entries, /efi or /boot/efi");
}

static gboolean is_systemd_boot(const VvBootFacts *facts, VvBootStack *stack)
{
    if (!facts->loader || !g_str_has_prefix(facts->loader, "systemd-boot"))
        return FALSE;
    if (vv_sysfs_exists(facts->sysfs, "etc/kernelstub/configuration"))
        return decide(stack, VV_BOOT_KERNELSTUB, "%s booted, and /etc/kernelstub/configuration is there",
                      facts->loader);
    if (vv_sysfs_exists(facts->sysfs, "etc/sdboot-manage.conf"))
        return decide(stack, VV_BOOT_SDBOOT_MANAGE, "%s booted, and /etc/sdboot-manage.conf is there",
                      facts->loader);
    return decide_entries(facts, stack, facts->loader);
}

static gboolean decide_limine(const VvBootFacts *facts, VvBootStack *stack, const char *loader)
{
    static const char *const configurations[] = {"etc/default/limine", "etc/limine-entry-tool.conf",
                                                 "etc/limine-entry-tool.d", NULL};
    const char *configuration = vv_boot_first(facts->sysfs, configurations);

    if (configuration)
        return decide(stack, VV_BOOT_LIMINE, "%s booted, and /%s is there", loader, configuration);
    return decide(
        stack, VV_BOOT_UNKNOWN,
        "%s booted, but nothing of limine-entry-tool is configured: its entries were written by hand",
        loader);
}

static gboolean is_limine(const VvBootFacts *facts, VvBootStack *stack)
{
    return facts->loader && g_str_has_prefix(facts->loader, "Limine") &&
           decide_limine(facts, stack, facts->loader);
}

static gboolean has_grub(const VvBootFacts *facts)
{
    static const char *const folders[] = {"boot/grub", "boot/grub2", NULL};

    return vv_boot_first(facts->sysfs, folders) && vv_sysfs_exists(facts->sysfs, "etc/default/grub");
}

static gboolean decide_grub(const VvBootFacts *facts, VvBootStack *stack, const char *why)
{
    g_autofree char *text = vv_boot_read(facts->sysfs, "etc/default/grub"),
                    *bls = vv_shell_value(text, "GRUB_ENABLE_BLSCFG");

    if (!has_grub(facts))
        return decide(stack, VV_BOOT_UNKNOWN, "%s, but there is no /etc/default/grub", why);
    /* Fedora closes /boot/loader to all but root. */
    if (g_strcmp0(bls, "true") == 0 &&
        (facts->entries_closed || vv_sysfs_exists(facts->sysfs, "boot/loader/entries")))
        return decide(stack, VV_BOOT_GRUB_BLS,
                      "%s; /etc/default/grub says GRUB_ENABLE_BLSCFG=true, and /boot/loader/entries is %s",
                      why, facts->entries ? "there" : "for root alone");
    if (grub_reads_dropins(facts))
        return decide(stack, VV_BOOT_GRUB_DROPIN, "%s, and its grub-mkconfig reads /etc/default/grub.d", why);
    return decide(stack, VV_BOOT_GRUB_PLAIN, "%s, and its grub-mkconfig reads /etc/default/grub alone", why);
}

/* GRUB's module bli sets LoaderInfo; older ones tell nobody but the kernel. */
static gboolean is_grub(const VvBootFacts *facts, VvBootStack *stack)
{
    if (facts->loader && g_str_has_prefix(facts->loader, "GRUB"))
        return decide_grub(facts, stack, facts->loader);
    if (!facts->loader && facts->from_grub)
        return decide_grub(facts, stack, "the running command line has GRUB's BOOT_IMAGE=");
    return FALSE;
}

static gboolean is_other_loader(const VvBootFacts *facts, VvBootStack *stack)
{
    if (!facts->loader)
        return FALSE;
    if (g_str_has_prefix(facts->loader, "rEFInd") && vv_sysfs_exists(facts->sysfs, "boot/refind_linux.conf"))
        return decide(stack, VV_BOOT_REFIND, "%s booted, and /boot/refind_linux.conf is there",
                      facts->loader);
    return decide(stack, VV_BOOT_UNKNOWN, "%s booted, which this program does not know", facts->loader);
}

/* No loader told its name: what could have booted? Only where that is one thing, it is that. */
static gboolean is_what_is_left(const VvBootFacts *facts, VvBootStack *stack)
{
    static const char *const limines[] = {"boot/limine.conf", "boot/limine/limine.conf",
                                          "boot/EFI/limine/limine.conf", NULL};
    /* systemd-boot says its name whenever it boots. */
    gboolean entries = (facts->entries || facts->entries_closed) && !facts->variables;
    /* GRUB always leaves BOOT_IMAGE=. */
    gboolean grub = has_grub(facts) && !*facts->running;
    gboolean limine = vv_boot_first(facts->sysfs, limines) != NULL;
    gboolean refind = vv_sysfs_exists(facts->sysfs, "boot/refind_linux.conf");

    if (entries + grub + limine + refind > 1)
        return decide(stack, VV_BOOT_UNKNOWN,
                      "no boot loader told its name, and there are the files of more than one:%s%s%s%s",
                      grub ? " GRUB" : "", entries ? " systemd-boot" : "", limine ? " Limine" : "",
                      refind ? " rEFInd" : "");
    if (grub)
        return decide_grub(facts, stack, "/etc/default/grub and GRUB's folder in /boot are there");
    if (refind)
        return decide(stack, VV_BOOT_REFIND,
                      "/boot/refind_linux.conf is there, and no other boot loader's files");
    if (limine)
        return decide_limine(facts, stack, "Limine (its limine.conf is there)");
    if (entries)
        return decide_entries(facts, stack, "a loader that reads /boot/loader/entries");
    return decide(stack, VV_BOOT_UNKNOWN, "no known boot loader's configuration was found");
}

void vv_boot_decide(const VvBootFacts *facts, VvBootStack *stack)
{
    static const Rule rules[] = {is_ostree,       is_nixos,  is_proxmox, is_suse,         is_uki,
                                 is_systemd_boot, is_limine, is_grub,    is_other_loader, is_what_is_left};

    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rules[i](facts, stack))
            return;
}
