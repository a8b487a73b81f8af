/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Real ROMs from the Debian 12 packages seabios 1.16.2-1, qemu-system-data 7.2+dfsg-7 and ipxe-qemu
 * 1.0.0+git-20190125.36a4c85-5.1. What is expected was read out of the files by a program of its own, not by
 * the parser that is tested here. */
typedef struct {
    const char *path;
    gsize size;
    const char *problem; /* the only one; NULL: good without a remark */
    VvRomImage images[2];
} Expected;

#define IMAGE(at, size, code, vendor_id, device_id, machine)                                                 \
    {                                                                                                        \
        .offset = at, .length = size, .type = code, .vendor = vendor_id, .device = device_id,                \
        .efi_machine = machine                                                                               \
    }

static const Expected expected[] = {
    {"/usr/lib/ipxe/qemu/efi-e1000.rom",
     249856,
     NULL,
     {IMAGE(0x0, 75264, 0, 0x8086, 0x100e, 0), IMAGE(0x12600, 174592, 3, 0x8086, 0x100e, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-e1000e.rom",
     249856,
     NULL,
     {IMAGE(0x0, 75264, 0, 0x8086, 0x10d3, 0), IMAGE(0x12600, 174592, 3, 0x8086, 0x10d3, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-eepro100.rom",
     247808,
     NULL,
     {IMAGE(0x0, 75264, 0, 0x8086, 0x1229, 0), IMAGE(0x12600, 172544, 3, 0x8086, 0x1229, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-ne2k_pci.rom",
     245760,
     NULL,
     {IMAGE(0x0, 74752, 0, 0x0000, 0x0000, 0), IMAGE(0x12400, 171008, 3, 0xfff3, 0x0000, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-pcnet.rom",
     246272,
     NULL,
     {IMAGE(0x0, 74752, 0, 0x1022, 0x2000, 0), IMAGE(0x12400, 171520, 3, 0x1022, 0x2000, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-rtl8139.rom",
     249856,
     NULL,
     {IMAGE(0x0, 75776, 0, 0x10ec, 0x8139, 0), IMAGE(0x12800, 174080, 3, 0x10ec, 0x8139, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-virtio.rom",
     249344,
     NULL,
     {IMAGE(0x0, 75776, 0, 0x1af4, 0x1041, 0), IMAGE(0x12800, 173568, 3, 0x1af4, 0x1041, 0x8664)}},
    {"/usr/lib/ipxe/qemu/efi-vmxnet3.rom",
     243712,
     NULL,
     {IMAGE(0x0, 74240, 0, 0x15ad, 0x07b0, 0), IMAGE(0x12200, 169472, 3, 0x15ad, 0x07b0, 0x8664)}},
    {"/usr/lib/ipxe/qemu/pxe-e1000.rom", 75264, NULL, {IMAGE(0x0, 75264, 0, 0x8086, 0x100e, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-e1000e.rom", 75264, NULL, {IMAGE(0x0, 75264, 0, 0x8086, 0x10d3, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-eepro100.rom", 75264, NULL, {IMAGE(0x0, 75264, 0, 0x8086, 0x1229, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-ne2k_pci.rom", 74752, NULL, {IMAGE(0x0, 74752, 0, 0x0000, 0x0000, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-pcnet.rom", 74752, NULL, {IMAGE(0x0, 74752, 0, 0x1022, 0x2000, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-rtl8139.rom", 75776, NULL, {IMAGE(0x0, 75776, 0, 0x10ec, 0x8139, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-virtio.rom", 75776, NULL, {IMAGE(0x0, 75776, 0, 0x1af4, 0x1041, 0)}},
    {"/usr/lib/ipxe/qemu/pxe-vmxnet3.rom", 74240, NULL, {IMAGE(0x0, 74240, 0, 0x15ad, 0x07b0, 0)}},
    {"/usr/share/qemu/kvmvapic.bin", 9216, "pcir-outside", {{0}}},
    {"/usr/share/qemu/linuxboot.bin", 1024, "no-pcir", {{0}}},
    {"/usr/share/qemu/sgabios.bin", 4096, "no-pcir", {{0}}},
    {"/usr/share/seabios/vgabios-ati.bin", 39936, NULL, {IMAGE(0x0, 39936, 0, 0x1002, 0x5159, 0)}},
    {"/usr/share/seabios/vgabios-bochs-display.bin", 28672, NULL, {IMAGE(0x0, 28672, 0, 0x1234, 0x1111, 0)}},
    {"/usr/share/seabios/vgabios-cirrus.bin", 39424, NULL, {IMAGE(0x0, 39424, 0, 0x1013, 0x00b8, 0)}},
    {"/usr/share/seabios/vgabios-isavga.bin", 39424, "no-pcir", {{0}}},
    {"/usr/share/seabios/vgabios-qxl.bin", 39936, NULL, {IMAGE(0x0, 39936, 0, 0x1b36, 0x0100, 0)}},
    {"/usr/share/seabios/vgabios-ramfb.bin", 29184, "no-pcir", {{0}}},
    {"/usr/share/seabios/vgabios-stdvga.bin", 39936, NULL, {IMAGE(0x0, 39936, 0, 0x1234, 0x1111, 0)}},
    {"/usr/share/seabios/vgabios-virtio.bin", 39936, NULL, {IMAGE(0x0, 39936, 0, 0x1af4, 0x1050, 0)}},
    {"/usr/share/seabios/vgabios-vmware.bin", 39936, NULL, {IMAGE(0x0, 39936, 0, 0x15ad, 0x0405, 0)}},
    {"/usr/share/seabios/vgabios.bin", 39424, "no-pcir", {{0}}},
};

static void check_images(const VvRom *rom, const Expected *file)
{
    guint count = 0;

    while (count < G_N_ELEMENTS(file->images) && file->images[count].length > 0)
        count++;
    assert_int_equal(rom->images->len, count);
    for (guint i = 0; i < count; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i), *want = &file->images[i];
        assert_int_equal(image->offset, want->offset);
        assert_int_equal(image->length, want->length);
        assert_int_equal(image->type, want->type);
        assert_int_equal(image->vendor, want->vendor);
        assert_int_equal(image->device, want->device);
        assert_int_equal(image->efi_machine, want->efi_machine);
        assert_int_equal(image->last, i == count - 1);
        assert_int_equal(image->has_checksum, want->type == 0);
        assert_int_equal(image->checksum_ok, want->type == 0);
    }
}

static gboolean check_file(const Expected *file)
{
    g_autofree char *data = NULL;
    gsize size;

    if (!g_file_get_contents(file->path, &data, &size, NULL))
        return FALSE;
    /* Another version of the package. */
    if (size != file->size)
        return FALSE;
    g_autoptr(VvRom) rom = vv_rom_parse((const guint8 *)data, size, NULL);
    assert_int_equal(rom->verdict, file->problem ? VV_ROM_BAD : VV_ROM_GOOD);
    assert_int_equal(rom->problems->len, file->problem ? 1 : 0);
    if (file->problem)
        assert_string_equal(((VvRomProblem *)rom->problems->pdata[0])->code, file->problem);
    check_images(rom, file);
    assert_int_equal(rom->start, 0);
    assert_int_equal(rom->end, file->problem ? 0 : size);
    return TRUE;
}

/* Those whose path contains `part`. */
static void check_files(const char *part)
{
    guint checked = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        if (strstr(expected[i].path, part) && check_file(&expected[i]))
            checked++;
    if (checked == 0)
        skip();
}

static void test_seabios(void **state)
{
    check_files("/seabios/");
}

static void test_qemu(void **state)
{
    check_files("/share/qemu/");
}

static void test_ipxe_legacy(void **state)
{
    check_files("/pxe-");
}

static void test_ipxe_efi(void **state)
{
    check_files("/efi-");
}

/* Its device list is at an odd offset and names the card once more. */
static void test_card(void **state)
{
    VvDevice e1000 = {.text = "0000:00:03.0", .vendor = 0x8086, .device = 0x100e};
    g_autofree char *data = NULL;
    gsize size;

    if (!g_file_get_contents("/usr/lib/ipxe/qemu/efi-e1000.rom", &data, &size, NULL))
        skip();
    g_autoptr(VvRom) fits = vv_rom_parse((const guint8 *)data, size, &e1000);
    assert_int_equal(fits->verdict, VV_ROM_GOOD);
    e1000.device = 0x10d3;
    g_autoptr(VvRom) foreign = vv_rom_parse((const guint8 *)data, size, &e1000);
    assert_int_equal(foreign->verdict, VV_ROM_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seabios),  cmocka_unit_test(test_qemu), cmocka_unit_test(test_ipxe_legacy),
        cmocka_unit_test(test_ipxe_efi), cmocka_unit_test(test_card),
    };

    return cmocka_run_group_tests_name("rom-real", tests, NULL, NULL);
}
