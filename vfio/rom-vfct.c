/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* The table (drivers/gpu/drm/amd/include/atombios.h, UEFI_ACPI_VFCT and VFCT_IMAGE_HEADER): an ACPI header of
 * 36 bytes with the table's length at 4, a UUID, and at 0x34 where the first image's header begins. */
#define VFCT_LENGTH 0x04
#define VFCT_FIRST 0x34
#define VFCT_SIZE 0x4c
#define IMAGE_BUS 0x00
#define IMAGE_DEVICE 0x04
#define IMAGE_FUNCTION 0x08
#define IMAGE_VENDOR_ID 0x0c
#define IMAGE_DEVICE_ID 0x0e
#define IMAGE_LENGTH 0x18
#define IMAGE_HEADER 0x1c

static gboolean has_ids(VvRomView header, const VvDevice *device)
{
    return vv_rom_u16(header, IMAGE_VENDOR_ID) == device->vendor &&
           vv_rom_u16(header, IMAGE_DEVICE_ID) == device->device;
}

static gboolean has_address(VvRomView header, const VvDevice *device)
{
    return vv_rom_u32(header, IMAGE_BUS) == device->address.bus &&
           vv_rom_u32(header, IMAGE_DEVICE) == device->address.slot &&
           vv_rom_u32(header, IMAGE_FUNCTION) == device->address.function;
}

gboolean vv_rom_find_vfct(VvRomView table, const VvDevice *device, VvRomView *ret)
{
    VvRomView found = {NULL, 0};
    guint others = 0;

    if (table.size < VFCT_SIZE || vv_rom_u32(table, 0) != VV_ROM_TAG('V', 'F', 'C', 'T'))
        return FALSE;
    table.size = MIN(table.size, vv_rom_u32(table, VFCT_LENGTH));
    gsize at = vv_rom_u32(table, VFCT_FIRST);
    while (at >= VFCT_SIZE && at < table.size && table.size - at > IMAGE_HEADER) {
        VvRomView header = vv_rom_view_from(table, at);
        gsize length = vv_rom_u32(header, IMAGE_LENGTH);
        if (length > header.size - IMAGE_HEADER)
            break; /* cut off: what is there is not whole */
        if (length > 0 && has_ids(header, device)) {
            found = (VvRomView){header.data + IMAGE_HEADER, length};
            if (has_address(header, device)) {
                *ret = found;
                return TRUE;
            }
            others++;
        }
        at += IMAGE_HEADER + length;
    }
    if (others != 1)
        return FALSE;
    *ret = found;
    return TRUE;
}
