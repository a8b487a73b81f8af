/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-parts.h"

static xmlNode *add_switch(xmlNode *parent, const char *name, gboolean on)
{
    xmlNode *node = vv_xml_add(parent, name);

    vv_xml_set(node, "state", on ? "on" : "off");
    return node;
}

static void add_hyperv(xmlNode *features, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *hyperv;

    if (!*tuning->hyperv)
        return;
    hyperv = vv_xml_add(features, "hyperv");
    vv_xml_set(hyperv, "mode", "custom");
    for (char **name = tuning->hyperv; *name; name++) {
        xmlNode *node = add_switch(hyperv, *name, TRUE);

        /* As many tries as Hyper-V itself tells its guests to make. */
        if (g_str_equal(*name, "spinlocks"))
            vv_xml_set(node, "retries", "8191");
        if (g_str_equal(*name, "stimer") && tuning->hyperv_timer_direct)
            add_switch(node, "direct", TRUE);
    }
    /* The drivers that look for KVM know "Microsoft Hv" for a hypervisor too. */
    if (vm->hide_kvm)
        vv_xml_set(add_switch(hyperv, "vendor_id", TRUE), "value", "none");
}

static void add_kvm(xmlNode *features, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *kvm;

    if (!tuning->kvm || (!vm->hide_kvm && !tuning->hint_dedicated))
        return;
    kvm = vv_xml_add(features, "kvm");
    if (vm->hide_kvm)
        add_switch(kvm, "hidden", TRUE);
    if (tuning->hint_dedicated)
        add_switch(kvm, "hint-dedicated", TRUE);
}

void vv_domxml_add_features(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *features = vv_xml_add(domain, "features");

    vv_xml_add(features, "acpi");
    vv_xml_add(features, "apic");
    add_hyperv(features, vm, tuning);
    add_kvm(features, vm, tuning);
    if (tuning->pmu_off)
        add_switch(features, "pmu", FALSE);
    add_switch(features, "vmport", FALSE);
    /* Secure Boot keeps its variables from the guest by System Management Mode. */
    if (vm->firmware == VV_FIRMWARE_UEFI_SECURE)
        add_switch(features, "smm", TRUE);
    /* Interrupts that the kernel delivers, without a way through QEMU; but it cannot remap them for a virtual
     * IOMMU. */
    if (tuning->kvm || g_strcmp0(vm->viommu, "intel") == 0)
        vv_xml_set(vv_xml_add(features, "ioapic"), "driver",
                   g_strcmp0(vm->viommu, "intel") == 0 ? "qemu" : "kvm");
}

static void add_timer(xmlNode *clock, const char *name, const char *attribute, const char *value)
{
    xmlNode *timer = vv_xml_add(clock, "timer");

    vv_xml_set(timer, "name", name);
    vv_xml_set(timer, attribute, value);
}

void vv_domxml_add_clock(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *clock = vv_xml_add(domain, "clock");

    vv_xml_set(clock, "offset", vm->os == VV_OS_WINDOWS ? "localtime" : "utc");
    add_timer(clock, "rtc", "tickpolicy", "catchup");
    add_timer(clock, "pit", "tickpolicy", "delay");
    add_timer(clock, "hpet", "present", "no");
    if (*tuning->hyperv)
        add_timer(clock, "hypervclock", "present", "yes");
}
