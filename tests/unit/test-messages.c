/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/messages.h"

/* Messages as they were seen: by people, in the thread that is named, or here, with QEMU 7.2, libvirt 9.0 and
 * Linux 6.1 and 6.12. */
static const struct {
    const char *code, *message;
} cases[] = {
    /* 64kramsystem/vga-passthrough, issue 15 */
    {"group-shared",
     "qemu-system-x86_64: -device vfio-pci,host=01:00.0,multifunction=on: vfio error: 0000:01:00.0: group 1 "
     "is not "
     "viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver."},
    /* kubevirt/kubevirt, issue 6718 */
    {"group-shared",
     "internal error: qemu unexpectedly closed the monitor: 2021-11-03T08:06:48.563014Z qemu-kvm: -device "
     "vfio-pci,host=0000:01:00.0,id=ua-gpu1,bus=pci.5,addr=0x0: vfio 0000:01:00.0: group 1 is not "
     "viable\nPlease "
     "ensure all devices within the iommu_group are bound to their vfio bus driver."},
    /* kubernetes-sigs/dra-driver-nvidia-gpu, issue 1191: reworded by who passes it on */
    {"group-shared", "Please ensure all devices within the iommu_group are bound to their vfio bus driver."},
    /* kata-containers/kata-containers, issue 10622 */
    {"group-split",
     "QMP command failed: vfio 0000:01:00.1: group 1 used in multiple address spaces: unknown"},
    /* cloud-hypervisor/cloud-hypervisor, issue 165 */
    {"memlock", "[  365.159219] vfio_pin_pages_remote: RLIMIT_MEMLOCK (4194304) exceeded"},
    /* Silfalion/Iphone_docker_osx_passthrough, issue 3 */
    {"memlock", "qemu-system-x86_64: VFIO_MAP_DMA failed: Cannot allocate memory"},
    /* kata-containers/kata-containers, issue 9553 */
    {"dma-map",
     "QMP command failed: vfio 0000:ca:00.0: failed to setup container for group 51: memory listener "
     "initialization "
     "failed:Region dimm1:vfio_dma_map(0x55555774cdc0,0x100000000,0x1380000000,0x7f87b3ffe000)=-14(Bad "
     "address)"},
    {"memory-short", "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory"},
    /* a host with an HP firmware: blog article 129370392 of qq_36428903 */
    {"group-rmrr", "vfio-pci 0000:04:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR "
                   "requirement. Contact "
                   "your platform vendor."},
    {"not-found", "qemu-system-x86_64: -device vfio-pci,host=0000:00:1e.7: vfio "
                  "/sys/bus/pci/devices/0000:00:1e.7: no such host "
                  "device: No such file or directory"},
    /* bryansteiner/gpu-passthrough-tutorial, issue 30 */
    {"no-iommu", "argument unsupported: VFIO device assignment is currently not supported on this system"},
    /* debian-fr.org, topic 85632 */
    {"no-iommu", "unsupported configuration: host doesn't support passthrough of host PCI devices"},
    /* cosminmocan/vfio-single-amdgpu-passthrough, issue 3 */
    {"d3cold", "kvm: vfio: Unable to power on device, stuck in D3"},
    /* kata-containers/kata-containers, issue 11708 */
    {"d3cold", "[586739.359281] vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0, "
               "device inaccessible"},
    /* bryansteiner/gpu-passthrough-tutorial, issue 39 */
    {"dead-device", "internal error: Unknown PCI header type '127' for device '0000:01:00.0'"},
    /* kata-containers/kata-containers, issue 10622 */
    {"bar-reserved", "vfio-pci 0000:01:00.0: BAR 3: can't reserve [mem 0xa0000000-0xa1ffffff 64bit pref]"},
    /* ilayna/Single-GPU-passthrough-amd-nvidia, issue 8 */
    {"rom-unreadable", "2022-02-26T01:42:08.732223Z qemu-system-x86_64: -device "
                       "vfio-pci,host=0000:2b:00.0,id=hostdev0,bus=pci.6,"
                       "multifunction=on,addr=0x0,romfile=/usr/share/vgabios/gpu.rom: failed to find romfile "
                       "\"/usr/share/vgabios/gpu.rom\""},
    {"rom-bad",
     "qemu-system-x86_64: -device e1000e,romfile=/tmp/empty.rom: romfile \"/tmp/empty.rom\" is empty"},
    /* kubevirt/kubevirt, issue 7371 */
    {"not-bound", "Requested operation is not valid: Unmanaged PCI device 0000:c3:1b.1 must be manually "
                  "detached from the host"},
    /* QubesOS/qubes-issues, issue 1544 */
    {"claimed",
     "Requested operation is not valid: PCI device 0000:00:1a.0 is in use by driver xenlight, domain usbvm"},
    /* terraform-provider-libvirt, issue 546 */
    {"apparmor",
     "[263802.885482] audit: type=1400 audit(1548806964.776:22663): apparmor=\"DENIED\" operation=\"open\" "
     "profile=\"libvirt-e1ee5c06-1f3c-4fa9-baba-772dd011a8a5\" name=\"/home/zack/os_image\" pid=10369 "
     "comm=\"qemu-system-x86\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0"},
    /* aahlenst.dev, "Finding EFI Firmware That Is Compatible" */
    {"firmware-missing",
     "operation failed: Unable to find 'efi' firmware that is compatible with the current configuration"},
    {"firmware-missing", "qemu-system-x86_64: -drive "
                         "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/none.fd: Could not open "
                         "'/usr/share/OVMF/none.fd': No such file or directory"},
    {"machine-type",
     "qemu-system-x86_64: unsupported machine type\nUse -machine help to list supported machines"},
    {"no-kvm", "Could not access KVM kernel module: Permission denied\nqemu-system-x86_64: -accel kvm: "
               "failed to initialize "
               "kvm: Permission denied"},
    /* intel/gvt-linux, issue 171 */
    {"container",
     "qemu unexpectedly closed the monitor: 2020-09-24T04:35:09.453740Z qemu-system-x86_64: -device "
     "vfio-pci,id=hostdev0,sysfsdev=/sys/bus/mdev/devices/34658867,display=on,bus=pcie.0,addr=0x9: vfio "
     "34658867-146a-4656-9fa5-890fdbc37010: failed to setup container for group 11: Failed to set iommu for "
     "container: Input/output error"},
    {"not-bound", "Requested operation is not valid: Unmanaged PCI device 0000:05:00.0 must be manually "
                  "detached from the host"},
    {"group-shared", "internal error: qemu unexpectedly closed the monitor: 2026-11-21T07:34:23.655287Z "
                     "qemu-system-x86_64: -device "
                     "{\"driver\":\"vfio-pci\",\"host\":\"0000:0a:00.0\",\"id\":\"hostdev0\",\"bus\":\"pci."
                     "1\",\"addr\":\"0x0\"}: vfio "
                     "0000:0a:00.0: group 17 is not viable\nPlease ensure all devices within the iommu_group "
                     "are bound to their "
                     "vfio bus driver."},
    {"machine-type", "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support "
                     "machine type 'pc-q35-99.0'"},
    {"no-kvm",
     "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'"},
    {"claimed",
     "Requested operation is not valid: PCI device 0000:05:00.0 is in use by driver QEMU, domain a"},
    /* What follows was found by its words in public repositories. */
    {"memlock",
     "failed to setup container for group 25: memory listener initialization failed: Region pc.ram: "
     "vfio_dma_map(0x5b4411be9ab0, 0x100000000, 0x80000000, 0x79022fe00000) = -12 (Cannot allocate memory)"},
    {"memlock", "host=0000:7c:00.0: vfio 0000:7c:00.0: failed to setup container for group 30: memory "
                "listener initialization "
                "failed: Region pc.ram: vfio_container_dma_map(...) = -12 (Cannot allocate memory)"},
    {"hugepages-short",
     "37:14.159699Z qemu-system-x86_64: -object memory-backend-file,id=ram-node0,prealloc=yes,"
     "mem-path=/dev/hugepages/libvirt/qemu/9-vm01,share=yes,size=8388608000: unable to map backing store for "
     "guest "
     "RAM: Cannot allocate memory"},
    {"not-bound", "qemu-system-x86_64: -device vfio-pci,host=01:00.0,multifunction=on: vfio error: "
                  "0000:01:00.0: failed to open "
                  "/dev/vfio/7: No such file or directory"},
    {"not-bound", "error getting device from group *: No such device\nVerify all devices in group * are "
                  "bound to vfio-<bus> or "
                  "pci-stub and not already in use"},
    {"firmware-missing", "Unable to find any firmware to satisfy 'efi'"},
};

static void test_messages(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const VvAdvice *advice = vv_advice_for(cases[i].message);
        if (!advice || strcmp(advice->code, cases[i].code) != 0)
            fail_msg("%s instead of %s for: %s", advice ? advice->code : "nothing", cases[i].code,
                     cases[i].message);
    }
}

/* A row that no real message meets is a guess. */
static void test_each_row_was_seen(void **state)
{
    for (unsigned row = 0; vv_advice_row(row); row++) {
        const VvAdvice *advice = vv_advice_row(row);
        gboolean met = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(cases) && !met; i++)
            met = vv_advice_for(cases[i].message) == advice;
        if (!met)
            fail_msg("no message is known for row %u (%s)", row, advice->code);
        assert_true(*advice->cause && *advice->remedy);
        assert_false(g_str_has_suffix(advice->cause, ".") || g_str_has_suffix(advice->remedy, "."));
    }
}

static void test_unknown(void **state)
{
    assert_null(vv_advice_for(NULL));
    assert_null(vv_advice_for(""));
    assert_null(vv_advice_for("internal error: process exited while connecting to monitor"));
    /* Parts in another order are another message. */
    assert_null(vv_advice_for("is empty: romfile"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_each_row_was_seen),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
