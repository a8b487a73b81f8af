/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define VENDOR 0x00
#define COMMAND 0x04
#define COMMAND_BUS_MASTER 0x0004
#define HEADER_TYPE 0x0e
#define HEADER_LENGTH 0x40
#define PATH_SIZE 64

static gboolean read_header(const VvSysfs *sysfs, const char *path, guint8 header[static HEADER_LENGTH])
{
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);
    gssize length = fd >= 0 ? read(fd, header, HEADER_LENGTH) : -1;

    if (fd >= 0)
        close(fd);
    return length == HEADER_LENGTH;
}

static guint16 word(const guint8 *header, guint offset)
{
    return (guint16)(header[offset] | header[offset + 1] << 8);
}

/* A function that is gone, or that a failed reset left behind, answers with ones everywhere; 0x7f is what
 * Linux then calls an unknown header type (pci_setup_device). A virtual function that lives has ones for its
 * vendor (SR-IOV specification 1.1, 3.4.1.1), but the upper bits of the command register are zero in all. */
static VvConfigState judge(const guint8 *header)
{
    if ((word(header, VENDOR) == 0xffff && word(header, COMMAND) == 0xffff) ||
        (header[HEADER_TYPE] & 0x7f) == 0x7f)
        return VV_CONFIG_DEAD;
    return word(header, COMMAND) & COMMAND_BUS_MASTER ? VV_CONFIG_BUS_MASTER : VV_CONFIG_QUIET;
}

static const char *config_path(VvAddress address, char path[static PATH_SIZE])
{
    char text[VV_ADDRESS_TEXT];

    snprintf(path, PATH_SIZE, "sys/bus/pci/devices/%s/config", vv_address_format(address, text));
    return path;
}

gboolean vv_config_is_dead(const VvSysfs *sysfs, VvAddress address)
{
    char path[PATH_SIZE];
    guint8 header[HEADER_LENGTH];

    return read_header(sysfs, config_path(address, path), header) && judge(header) == VV_CONFIG_DEAD;
}

gboolean vv_config_has_left(const VvSysfs *sysfs, VvAddress address, guint ms)
{
    char text[VV_ADDRESS_TEXT], folder[PATH_SIZE];
    gint64 deadline = g_get_monotonic_time() + (gint64)ms * 1000;

    snprintf(folder, sizeof folder, "sys/bus/pci/devices/%s", vv_address_format(address, text));
    while (vv_sysfs_exists(sysfs, folder)) {
        if (!vv_config_is_dead(sysfs, address) || g_get_monotonic_time() >= deadline)
            return FALSE;
        g_usleep(20000);
    }
    return TRUE;
}

VvConfigState vv_config_make_quiet(const VvSysfs *sysfs, VvAddress address, int *ret_error)
{
    char path[PATH_SIZE];
    guint8 header[HEADER_LENGTH];

    *ret_error = 0;
    if (!read_header(sysfs, config_path(address, path), header))
        return VV_CONFIG_UNKNOWN;
    VvConfigState state = judge(header);
    if (state != VV_CONFIG_BUS_MASTER)
        return state;
    guint16 command = (guint16)(word(header, COMMAND) & ~COMMAND_BUS_MASTER);
    *ret_error = vv_sysfs_write_word(sysfs, path, COMMAND, command);
    return read_header(sysfs, path, header) ? judge(header) : VV_CONFIG_UNKNOWN;
}

const char *vv_config_state_text(VvConfigState state)
{
    switch (state) {
    case VV_CONFIG_DEAD:
        return "it does not answer (its configuration space reads as ones)";
    case VV_CONFIG_BUS_MASTER:
        return "it may still write to this host's memory: bus mastering does not go off";
    default:
        return NULL;
    }
}
