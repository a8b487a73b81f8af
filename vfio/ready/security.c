/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOCKDOWN "sys/kernel/security/lockdown"
/* UEFI specification, 3.3: four bytes of attributes (Linux, efivarfs), then 1 where it is enforced. */
#define SECURE_BOOT "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static const char *secure_boot(const VvSysfs *sysfs)
{
    guint8 bytes[5] = {0};
    int fd = vv_sysfs_open(sysfs, SECURE_BOOT, O_RDONLY);
    gssize length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        close(fd);
    return length != sizeof bytes ? "Secure Boot not shown" : bytes[4] ? "Secure Boot on" : "Secure Boot off";
}

/* "none [integrity] confidentiality" (security/lockdown/lockdown.c): new string or NULL. */
static char *bracketed(const char *text)
{
    const char *start = text ? strchr(text, '[') : NULL, *end = start ? strchr(start, ']') : NULL;

    return end ? g_strndup(start + 1, (gsize)(end - start - 1)) : NULL;
}

/* It closes the configuration space and the BARs' mmap of sysfs (LOCKDOWN_PCI_ACCESS), which VFIO does not
 * use. */
static void check_lockdown(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *text = vv_sysfs_read(ready->sysfs, LOCKDOWN);
    g_autofree char *mode = bracketed(text);
    const char *boot = secure_boot(ready->sysfs);
    VvReadyRow *row;

    if (!mode || strcmp(mode, "none") == 0) {
        vv_ready_add(rows, "lockdown", VV_READY_PASS, "%s (/" LOCKDOWN "), %s",
                     mode ? "none" : "this kernel has none", boot);
        return;
    }
    row = vv_ready_add(rows, "lockdown", VV_READY_WARN, "%s (/" LOCKDOWN "), %s", mode, boot);
    row->remedy = g_strdup(
        "VFIO works; setpci, BARs by mmap and unsigned modules do not (sign what you build: mokutil)");
}

static void check_uefi(const VvReadyHost *ready, GPtrArray *rows)
{
    VvReadyRow *row;

    if (vv_sysfs_exists(ready->sysfs, "sys/firmware/efi")) {
        vv_ready_add(rows, "uefi", VV_READY_PASS, "this host was booted by UEFI (/sys/firmware/efi)");
        return;
    }
    row =
        vv_ready_add(rows, "uefi", VV_READY_WARN, "this host was not booted by UEFI (no /sys/firmware/efi)");
    row->remedy = g_strdup(
        "switch off CSM (legacy boot) in the firmware setup: it keeps VGA on the boot card, and large "
        "BARs below 4 GiB; the installed system has to be bootable by UEFI then");
}

static void check_lsm(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *apparmor = vv_sysfs_read(ready->sysfs, "sys/module/apparmor/parameters/enabled");
    g_autofree char *selinux = vv_sysfs_read(ready->sysfs, "sys/fs/selinux/enforce");
    gboolean enforcing = selinux && *selinux == '1';

    if (!enforcing && !(apparmor && *apparmor == 'Y')) {
        vv_ready_add(rows, "lsm", VV_READY_PASS, "neither AppArmor nor SELinux confines guests");
        return;
    }
    VvReadyRow *row = vv_ready_add(rows, "lsm", VV_READY_INFO, "%s",
                                   enforcing ? "SELinux enforces (/sys/fs/selinux/enforce)"
                                             : "AppArmor is on (/sys/module/apparmor)");
    row->remedy =
        g_strdup_printf("keep ROMs and images where guests may read: /usr/share/vgabios, /var/lib/libvirt%s",
                        enforcing ? " (restorecon -R after copying)" : "");
}

void vv_ready_check_security(const VvReadyHost *ready, GPtrArray *rows)
{
    check_lockdown(ready, rows);
    check_uefi(ready, rows);
    check_lsm(ready, rows);
}
