/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-refused.h"

static void test_bad_values(void **state)
{
    static const Case cases[] = {
        {VM "vmgenid = 1", "] vmgenid: ", "UUID"},
        {VM "os = windows7", "] os: ", "windows10"},
        {VM "topology = 4", "] topology: ", "cores=4"},
        {VM "topology = cores=4,cores=2", "] topology: ", "twice"},
        {VM "topology = cores=0", "] topology: ", "1 to 1024"},
        {VM "topology = cores=4,", "] topology: ", "cores=4"},
        {VM "topology = cpus=4", "] topology: ", "cores=4"},
        {VM "machine = pc", "] machine: ", "root ports"},
        {VM "machine = pc-i440fx-9.2", "] machine: ", "root ports"},
        {VM "machine = pc-q35-9.2,accel=tcg", "] machine: ", "root ports"},
        {VM "nvram = n", "] nvram: ", "absolute"},
        {VM "nvram = /", "] nvram: ", "no file"},
        {VM "tpm = 3.0", "] tpm: ", "2.0"},
        {VM "viommu = amd", "] viommu: ", "intel"},
        {VM "hugepages = 4M", "] hugepages: ", "1G"},
        {VM "pinning = all", "] pinning: ", "4-7"},
        {VM "pinning = 7-4", "] pinning: ", "4-7"},
        {VM "pinning = 0,8192", "] pinning: ", "8191"},
        {VM "pinning = 0-3,^2", "] pinning: ", "4-7"},
        {VM "pinning = 1-3,2", "] pinning: ", "twice"},
        {VM "pinning = 1,,2", "] pinning: ", "4-7"},
        {VM "numa = 1024", "] numa: ", "1023"},
        {VM "mmio = large", "] mmio: ", "size"},
        {VM "mmio = 100M", "] mmio: ", "between 1G and 64T"},
        {VM "description = \"a", "] description: ", "begins with"},
        {VM "description = \"a\" b", "] description: ", "begins with"},
        {VM "description = \"a\\t\"", "] description: ", "begins with"},
        {VM "description = \"\"", "] description: ", "no value"},
        {VM GPU "functions = scattered", "] functions: ", "packed"},
        {VM GPU "boot = 0", "] boot: ", "number from 1"},
        {VM GPU "boot = yes", "] boot: ", "number from 1"},
        {VM GPU "reset = flr warm", "] reset: ", "device_specific"},
        {VM GPU "reset = flr flr", "] reset: ", "twice"},
        {VM GPU "reset = auto flr", "] reset: ", "device_specific"},
        {VM GPU "reset = ,", "] reset: ", "no reset method"},
        {VM GPU "guest-address = 1", "] guest-address: ", "02:00"},
        {VM GPU "guest-address = 01:00;02:00", "] guest-address: ", "02:00"},
        {VM GPU "guest-address = 0001:01:00", "] guest-address: ", "segment"},
        {VM GPU "guest-address = 01:00.1", "] guest-address: ", "function 0"},
        {VM GPU "vendor-id = 0xffff", "] vendor-id: ", "hexadecimal"},
        {VM GPU "device-id = 0x1b800", "] device-id: ", "hexadecimal"},
        {VM GPU "device-id = -1", "] device-id: ", "hexadecimal"},
        {VM GPU "subsystem-device-id = 0x", "] subsystem-device-id: ", "hexadecimal"},
        {VM "[usb u]\nhost = 046d", "] host: ", "lsusb"},
        {VM "[usb u]\nhost = 46d:c52b", "] host: ", "lsusb"},
        {VM "[usb u]\nhost = 0-1", "] host: ", "lsusb"},
        {VM "[usb u]\nhost = 1-", "] host: ", "lsusb"},
        {VM "[usb u]\nhost = 1-4.", "] host: ", "lsusb"},
        {VM "[usb u]\nhost = 1-1.2.3.4.5.6.7", "] host: ", "lsusb"},
        {DISK "cache = fast", "] cache: ", "writeback"},
        {DISK "serial = a,b", "] serial: ", "letters"},
        {DISK "bus = ide", "] bus: ", "sata"},
        {BR "vlan = 0", "] vlan: ", "1 to 4094"},
        {BR "vlan = 4095", "] vlan: ", "1 to 4094"},
        {BR "queues = 257", "] queues: ", "1 to 256"},
        {BR "mtu = 67", "] mtu: ", "68 to 65535"},
        {BR "link = off", "] link: ", "up, down"},
        {NET "vf = 06:10", "] vf: ", "PCI function"},
        {NET "network = a/b", "] network: ", "name"},
        {NET "bridge = a<b", "] bridge: ", "name"},
        {SHOW "graphics = sdl", "] graphics: ", "spice"},
        {SHOW "video = cirrus", "] video: ", "qxl"},
        {SHOW "listen = localhost", "] listen: ", "IP address"},
        {SHOW "listen = 127.0.0.1,x", "] listen: ", "IP address"},
        {VM "[sound]\nmodel = sb16", "] model: ", "ich9"},
        {VM "[share s]\npath = /a,b", "] path: ", "comma"},
        {VM "[share s]\npath = /a\ntag = a b", "] tag: ", "36"},
        {VM "[shmem s]\nsize = 48M", "] size: ", "power of two"},
        {VM "[shmem s]\nsize = 512K", "] size: ", "between 1M and 64G"},
        {VM "[display x]", "[display x]: ", "no name"},
        {VM "[sound x]", "[sound x]: ", "no name"},
        {VM "template = x", "] template: ", "only a VM file"},
    };

    refused(cases, G_N_ELEMENTS(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_values)};

    return cmocka_run_group_tests_name("vmfile-values", tests, NULL, NULL);
}
