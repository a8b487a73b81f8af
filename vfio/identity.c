/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/identity-internal.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#define SERIAL_MAX 64
#define MAC_LENGTH 17

void vv_identity_free(VvIdentity *identity)
{
    if (!identity)
        return;
    g_free(identity->serial);
    g_free(identity->mac);
    g_free(identity);
}

gboolean vv_identity_serial_valid(const char *text)
{
    gsize length = strlen(text);

    if (length == 0 || length > SERIAL_MAX || text[0] == ' ' || text[length - 1] == ' ')
        return FALSE;
    while (g_ascii_isprint(*text))
        text++;
    return *text == '\0';
}

gboolean vv_identity_mac_valid(const char *text)
{
    gboolean zero = TRUE;

    if (strlen(text) != MAC_LENGTH)
        return FALSE;
    for (gsize i = 0; i < MAC_LENGTH; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]) || g_ascii_isupper(text[i]))
            return FALSE;
        zero = zero && (text[i] == '0' || text[i] == ':');
    }
    return !zero;
}

char *vv_identity_dsn_text(guint64 dsn)
{
    GString *text = g_string_new(NULL);

    for (int shift = 56; shift >= 0; shift -= 8)
        g_string_append_printf(text, "%02x%s", (guint)(dsn >> shift & 0xff), shift ? "-" : "");
    return g_string_free(text, FALSE);
}

char *vv_identity_mark(const VvIdentity *identity)
{
    if (identity->serial)
        return g_strdup_printf("serial %s", identity->serial);
    if (identity->mac)
        return g_strdup_printf("MAC %s", identity->mac);
    if (!identity->dsn)
        return NULL;
    g_autofree char *dsn = vv_identity_dsn_text(identity->dsn);
    return g_strdup_printf("DSN %s", dsn);
}

/* The drive pads it with blanks, and could put anything into it. */
static char *read_serial(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *folder = vv_device_path(device, "nvme");
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);

    if (!names || names->len == 0)
        return NULL;
    g_autofree char *path = g_strdup_printf("%s/%s/serial", folder, (const char *)names->pdata[0]);
    g_autofree char *serial = vv_sysfs_read(sysfs, path);
    if (!serial || !vv_identity_serial_valid(g_strstrip(serial)))
        return NULL;
    return g_steal_pointer(&serial);
}

/* The kernel wakes a function in D3cold, and only such a one, to read its configuration space
 * (pci_config_pm_runtime_get); power_state came with 5.11. */
gboolean vv_device_sleeps(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *state_path = vv_device_path(device, "power_state");
    g_autofree char *status_path = vv_device_path(device, "power/runtime_status");
    g_autofree char *state = vv_sysfs_read(sysfs, state_path);

    if (state)
        return strcmp(state, "D3cold") == 0;
    g_autofree char *status = vv_sysfs_read(sysfs, status_path);
    return status && strcmp(status, "suspended") == 0;
}

/* 0 where there is nothing to read, which ends a list of capabilities too. */
static guint32 read_dword(int fd, guint offset)
{
    guint32 value;

    return pread(fd, &value, sizeof value, (off_t)offset) == (gssize)sizeof value ? GUINT32_FROM_LE(value)
                                                                                  : 0;
}

/* Walks the list rather than read it all: some chips do not bear that (pci_read_config). It cannot be longer
 * than the space has room for headers, so a list that goes in circles ends as well. */
static guint64 find_dsn(int fd)
{
    guint offset = PCI_CFG_SPACE_SIZE;

    for (guint left = (PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8;
         left > 0 && offset >= PCI_CFG_SPACE_SIZE; left--) {
        guint32 header = read_dword(fd, offset);
        if (header == 0 || header == G_MAXUINT32)
            return 0;
        if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_DSN) {
            guint64 dsn = read_dword(fd, offset + 4) | (guint64)read_dword(fd, offset + 8) << 32;
            return dsn == G_MAXUINT64 ? 0 : dsn;
        }
        offset = PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

static guint64 read_dsn(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "config");
    int fd = vv_device_sleeps(sysfs, device) ? -1 : vv_sysfs_open(sysfs, path, O_RDONLY);

    if (fd < 0)
        return 0;
    guint64 dsn = find_dsn(fd);
    close(fd);
    return dsn;
}

VvIdentity *vv_identity_read(const VvHost *host, VvDevice *device)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);
    VvIdentity *identity = g_new0(VvIdentity, 1);

    identity->address = device->address;
    identity->vendor = device->vendor;
    identity->device = device->device;
    identity->subsystem_vendor = device->subsystem_vendor;
    identity->subsystem_device = device->subsystem_device;
    identity->class_code = device->class_code;
    vv_device_read_details(sysfs, device);
    const VvDevice *bearer = device->is_virtual ? vv_host_find(host, device->parent) : device;
    if (!bearer)
        return identity;
    if (bearer->kind == VV_KIND_NVME)
        identity->serial = read_serial(sysfs, bearer);
    if (bearer->kind == VV_KIND_NIC)
        identity->mac = vv_identity_read_mac(sysfs, bearer);
    identity->dsn = read_dsn(sysfs, bearer);
    return identity;
}
