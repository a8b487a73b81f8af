/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot-host.h"

#include "test.h"

#include <glib/gstdio.h>

#define SYSTEMD_BOOT "systemd-boot 252.31-1~deb12u1"

const BootHost boot_hosts[] = {
    {"debian-12-grub", NULL, NULL, NULL, VV_BOOT_GRUB_DROPIN, VV_INITRAMFS_TOOLS,
     "reads /etc/default/grub.d"},
    {"debian-12-systemd-boot", SYSTEMD_BOOT, NULL, NULL, VV_BOOT_SYSTEMD_BOOT, VV_INITRAMFS_TOOLS,
     "kernel-install made the entries"},
    {"ubuntu-24.04", "GRUB 2.12", NULL, NULL, VV_BOOT_GRUB_DROPIN, VV_INITRAMFS_TOOLS, "GRUB 2.12"},
    {"ubuntu-25.10-dracut", "GRUB 2.12", NULL, NULL, VV_BOOT_GRUB_DROPIN, VV_INITRAMFS_DRACUT, "grub.d"},
    {"fedora-bls", NULL, NULL, NULL, VV_BOOT_GRUB_BLS, VV_INITRAMFS_DRACUT, "GRUB_ENABLE_BLSCFG=true"},
    {"fedora-uki", "systemd-boot 256.8-1.fc41", "systemd-stub 256.8-1.fc41", NULL, VV_BOOT_UKI_KERNEL_INSTALL,
     VV_INITRAMFS_DRACUT, "layout=uki"},
    {"rhel-9", NULL, NULL, NULL, VV_BOOT_GRUB_BLS, VV_INITRAMFS_DRACUT, "GRUB_ENABLE_BLSCFG=true"},
    {"arch-systemd-boot", "systemd-boot 256.9-1-arch", NULL, "arch.conf", VV_BOOT_LOADER_ENTRIES,
     VV_INITRAMFS_MKINITCPIO, "written by hand"},
    {"arch-uki", "systemd-boot 256.9-1-arch", "systemd-stub 256.9-1-arch", "arch-linux.efi",
     VV_BOOT_UKI_MKINITCPIO, VV_INITRAMFS_MKINITCPIO, "preset"},
    {"arch-grub", NULL, NULL, NULL, VV_BOOT_GRUB_PLAIN, VV_INITRAMFS_MKINITCPIO, "/etc/default/grub alone"},
    {"cachyos", "systemd-boot 256.9-1-arch", NULL, NULL, VV_BOOT_SDBOOT_MANAGE, VV_INITRAMFS_MKINITCPIO,
     "/etc/sdboot-manage.conf"},
    {"opensuse-grub2", NULL, NULL, NULL, VV_BOOT_SUSE_GRUB, VV_INITRAMFS_DRACUT, "\"grub2-efi\""},
    {"opensuse-bls", "systemd-boot 256.8+suse.1", NULL, NULL, VV_BOOT_SUSE_BLS, VV_INITRAMFS_DRACUT,
     "\"systemd-boot\""},
    {"microos", NULL, NULL, NULL, VV_BOOT_TRANSACTIONAL, VV_INITRAMFS_DRACUT, "cannot be written"},
    {"pop-os", "systemd-boot 249.11-0ubuntu3", NULL, "Pop_OS-current.conf", VV_BOOT_KERNELSTUB,
     VV_INITRAMFS_TOOLS, "/etc/kernelstub/configuration"},
    {"silverblue", NULL, NULL, NULL, VV_BOOT_RPM_OSTREE, VV_INITRAMFS_RPM_OSTREE, "/run/ostree-booted"},
    {"bootc", NULL, NULL, NULL, VV_BOOT_BOOTC, VV_INITRAMFS_RPM_OSTREE, "set-options-for-source"},
    {"proxmox-zfs", "systemd-boot 252.31-1~deb12u1", NULL, NULL, VV_BOOT_PROXMOX, VV_INITRAMFS_TOOLS,
     "/etc/kernel/proxmox-boot-uuids"},
    {"nixos", "systemd-boot 256.8", NULL, NULL, VV_BOOT_NIXOS, VV_INITRAMFS_NIXOS, "/etc/NIXOS"},
    {"limine", "Limine 8.4.0", NULL, NULL, VV_BOOT_LIMINE, VV_INITRAMFS_MKINITCPIO,
     "/etc/limine-entry-tool.conf"},
    {"refind", NULL, NULL, NULL, VV_BOOT_REFIND, VV_INITRAMFS_MKINITCPIO, "/boot/refind_linux.conf"},
    {"ambiguous", NULL, NULL, NULL, VV_BOOT_UNKNOWN, VV_INITRAMFS_MKINITCPIO, "more than one: Limine rEFInd"},
};
const guint boot_hosts_n = G_N_ELEMENTS(boot_hosts);

const BootHost *boot_host(const char *name)
{
    for (guint i = 0; i < boot_hosts_n; i++)
        if (strcmp(boot_hosts[i].name, name) == 0)
            return &boot_hosts[i];
    fail_msg("no host %s", name);
    return NULL;
}

static void put_folder(FakeHost *fake, const char *from, const char *below)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);

    if (!dir)
        fail_msg("cannot read %s", from);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(from, name, NULL), *to = g_build_filename(below, name, NULL);
        g_autofree char *text = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            put_folder(fake, path, to);
            continue;
        }
        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        fake_host_put(fake, to, text);
    }
}

void boot_host_put_variable(FakeHost *fake, const char *name, const char *text)
{
    g_autofree char *folder = g_build_filename(fake_host_root(fake), "sys/firmware/efi/efivars", NULL);
    g_autofree char *path = g_strdup_printf("%s/%s-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", folder, name);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)"\x06\0\0\0", 4);
    for (const char *c = text;; c++) {
        const guint8 unit[] = {(guint8)*c, 0};
        g_byte_array_append(bytes, unit, 2);
        if (!*c)
            break;
    }
    g_mkdir_with_parents(folder, 0755);
    assert_true(g_file_set_contents(path, (const char *)bytes->data, (gssize)bytes->len, NULL));
}

void boot_host_put(FakeHost *fake, const BootHost *host)
{
    g_autofree char *root =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests/hosts/boot", host->name, "root", NULL);

    put_folder(fake, root, "");
    if (host->loader)
        boot_host_put_variable(fake, "LoaderInfo", host->loader);
    if (host->stub)
        boot_host_put_variable(fake, "StubInfo", host->stub);
    if (host->selected)
        boot_host_put_variable(fake, "LoaderEntrySelected", host->selected);
}
