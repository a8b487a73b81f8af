/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/acs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Offsets and bits as in include/uapi/linux/pci_regs.h. */
#define SPACE 4096
#define EXTENDED 256
#define STATUS 0x06
#define STATUS_LIST 0x10
#define HEADER_TYPE 0x0e
#define FIRST_CAPABILITY 0x34
#define CAPABILITY_EXPRESS 0x10
#define EXTENDED_ACS 0x000d
#define ACS_CAPABILITY 4
#define ACS_CONTROL 6
/* Source validation, request and completion redirection, upstream forwarding: REQ_ACS_FLAGS of iommu.c. */
#define ACS_WANTED (0x01 | 0x04 | 0x08 | 0x10)

typedef struct {
    guint8 bytes[SPACE];
    gsize length;
} Config;

static guint word(const Config *config, gsize offset)
{
    return offset + 2 <= config->length ? (guint)(config->bytes[offset] | config->bytes[offset + 1] << 8) : 0;
}

static guint dword(const Config *config, gsize offset)
{
    return word(config, offset) | word(config, offset + 2) << 16;
}

static void read_config(const VvSysfs *sysfs, const VvDevice *device, Config *ret)
{
    g_autofree char *path = vv_device_path(device, "config");
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);
    gssize length = 1;

    ret->length = 0;
    while (fd >= 0 && length > 0 && ret->length < SPACE) {
        length = read(fd, ret->bytes + ret->length, SPACE - ret->length);
        if (length > 0)
            ret->length += (gsize)length;
    }
    if (fd >= 0)
        close(fd);
}

/* 0: none. A list that goes in circles ends after as many steps as there is room for. */
static gsize find_express(const Config *config)
{
    guint8 at = (word(config, STATUS) & STATUS_LIST) ? config->bytes[FIRST_CAPABILITY] & 0xfc : 0;

    for (guint steps = 0; at >= 0x40 && steps < 48; steps++) {
        if (config->bytes[at] == CAPABILITY_EXPRESS)
            return at;
        at = config->bytes[at + 1] & 0xfc;
    }
    return 0;
}

static gsize find_acs(const Config *config)
{
    gsize at = EXTENDED;

    for (guint steps = 0; at >= EXTENDED && at + 8 <= config->length && steps < (SPACE - EXTENDED) / 8;
         steps++) {
        guint header = dword(config, at);
        if ((header & 0xffff) == EXTENDED_ACS)
            return at;
        at = header >> 20 & 0xffc;
    }
    return 0;
}

/* Root ports of three Intel chipsets have both registers twice as wide, so the second is elsewhere
 * (drivers/pci/quirks.c, pci_quirk_intel_spt_pch_acs_match). */
static gboolean has_wide_registers(const VvDevice *device, VvPortType type)
{
    static const guint16 ranges[][2] = {
        {0xa110, 0xa11f}, {0xa167, 0xa16a}, {0xa290, 0xa29f}, {0xa2e7, 0xa2ee}, {0x9d10, 0x9d1b},
    };

    for (guint i = 0; type == VV_PORT_ROOT && device->vendor == 0x8086 && i < G_N_ELEMENTS(ranges); i++)
        if (device->device >= ranges[i][0] && device->device <= ranges[i][1])
            return TRUE;
    return FALSE;
}

/* A service that a function does not have cannot be switched off, and counts as on (pci_acs_flags_enabled).
 */
static VvAcsState judge(const Config *config, gboolean wide)
{
    gsize at = find_acs(config);

    if (!at)
        return VV_ACS_NONE;
    guint wanted = word(config, at + ACS_CAPABILITY) & ACS_WANTED;
    guint control = word(config, at + (wide ? 2 * ACS_CAPABILITY : ACS_CONTROL));
    return (control & wanted) == wanted ? VV_ACS_ISOLATES : VV_ACS_OFF;
}

VvAcsState vv_acs_read(const VvSysfs *sysfs, const VvDevice *device, VvPortType *ret_type)
{
    g_autofree Config *config = g_new0(Config, 1);

    *ret_type = VV_PORT_UNKNOWN;
    read_config(sysfs, device, config);
    if (config->length < EXTENDED)
        return VV_ACS_CLOSED;
    gsize express = find_express(config);
    *ret_type = express ? (VvPortType)(word(config, express + 2) >> 4 & 0xf) : VV_PORT_CONVENTIONAL;
    switch (*ret_type) {
    case VV_PORT_CONVENTIONAL:
    case VV_PORT_PCIE_TO_PCI:
    case VV_PORT_PCI_TO_PCIE:
    case VV_PORT_EVENT_COLLECTOR:
        return VV_ACS_NONE;
    case VV_PORT_ROOT:
    case VV_PORT_DOWNSTREAM:
        return judge(config, has_wide_registers(device, *ret_type));
    default:
        /* A function that is alone in its slot has nobody to talk to behind the port's back. */
        return config->bytes[HEADER_TYPE] & 0x80 ? judge(config, FALSE) : VV_ACS_ISOLATES;
    }
}
