/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml.h"

#include "domains/domxml-parts.h"

static void add_os(xmlNode *domain, const VvVm *vm)
{
    xmlNode *os = vv_xml_add(domain, "os");
    xmlNode *type, *firmware;

    if (vm->firmware != VV_FIRMWARE_BIOS)
        vv_xml_set(os, "firmware", "efi");
    type = vv_xml_add_text(os, "type", "hvm");
    vv_xml_set(type, "arch", "x86_64");
    vv_xml_set(type, "machine", "q35");
    /* Both features always: with firmware='efi' alone Debian 12 takes a firmware with Secure Boot on. */
    if (vm->firmware != VV_FIRMWARE_BIOS) {
        static const char *const names[] = {"enrolled-keys", "secure-boot"};

        firmware = vv_xml_add(os, "firmware");
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            xmlNode *feature = vv_xml_add(firmware, "feature");

            vv_xml_set(feature, "enabled", vm->firmware == VV_FIRMWARE_UEFI_SECURE ? "yes" : "no");
            vv_xml_set(feature, "name", names[i]);
        }
    }
    vv_xml_add_text(os, "kernel", vm->kernel);
    vv_xml_add_text(os, "initrd", vm->initrd);
    vv_xml_add_text(os, "cmdline", vm->cmdline);
}

static void add_switch(xmlNode *parent, const char *name, gboolean on)
{
    vv_xml_set(vv_xml_add(parent, name), "state", on ? "on" : "off");
}

static void add_features(xmlNode *domain, const VvVm *vm, gboolean kvm)
{
    xmlNode *features = vv_xml_add(domain, "features");

    vv_xml_add(features, "acpi");
    vv_xml_add(features, "apic");
    if (kvm && vm->os == VV_OS_WINDOWS) {
        xmlNode *hyperv = vv_xml_add(features, "hyperv");
        xmlNode *spinlocks;

        vv_xml_set(hyperv, "mode", "custom");
        add_switch(hyperv, "relaxed", TRUE);
        add_switch(hyperv, "vapic", TRUE);
        spinlocks = vv_xml_add(hyperv, "spinlocks");
        vv_xml_set(spinlocks, "state", "on");
        vv_xml_set(spinlocks, "retries", "8191");
    }
    /* Secure Boot keeps its variables from the guest by System Management Mode. */
    if (vm->firmware == VV_FIRMWARE_UEFI_SECURE)
        add_switch(features, "smm", TRUE);
    add_switch(features, "vmport", FALSE);
}

static void add_cpu_model(xmlNode *cpu, const char *model, gboolean kvm)
{
    gboolean host = g_str_equal(model, "host"), max = g_str_equal(model, "max");

    vv_xml_set(cpu, "mode", host ? "host-passthrough" : max ? "maximum" : "custom");
    vv_xml_set(cpu, "match", host || max ? NULL : "exact");
    vv_xml_set(cpu, "check", "none");
    /* Real devices do not migrate, and an invariant TSC wants it so. */
    vv_xml_set(cpu, "migratable", host && kvm ? "off" : NULL);
    if (!host && !max)
        vv_xml_add_text(cpu, "model", model);
}

static void add_cpu_feature(xmlNode *cpu, const char *word)
{
    xmlNode *feature = vv_xml_add(cpu, "feature");

    vv_xml_set(feature, "policy", *word == '-' ? "disable" : "require");
    vv_xml_set(feature, "name", word + 1);
}

static void add_cpu(xmlNode *domain, const VvVm *vm, gboolean kvm)
{
    g_auto(GStrv) words = g_strsplit(vm->cpu ? vm->cpu : kvm ? "host" : "max", ",", -1);
    xmlNode *cpu = vv_xml_add(domain, "cpu");
    xmlNode *topology;

    add_cpu_model(cpu, words[0], kvm);
    /* One socket: desktop Windows uses two at most, and libvirt would make each CPU one. */
    topology = vv_xml_add(cpu, "topology");
    vv_xml_set(topology, "sockets", "1");
    vv_xml_set(topology, "dies", "1");
    vv_xml_setf(topology, "cores", "%u", vm->cpus);
    vv_xml_set(topology, "threads", "1");
    if (kvm && g_str_equal(words[0], "host"))
        vv_xml_set(vv_xml_add(cpu, "cache"), "mode", "passthrough");
    for (char **word = words + 1; *word; word++)
        add_cpu_feature(cpu, *word);
}

static void add_timer(xmlNode *clock, const char *name, const char *attribute, const char *value)
{
    xmlNode *timer = vv_xml_add(clock, "timer");

    vv_xml_set(timer, "name", name);
    vv_xml_set(timer, attribute, value);
}

static void add_clock(xmlNode *domain, const VvVm *vm, gboolean kvm)
{
    gboolean windows = vm->os == VV_OS_WINDOWS;
    xmlNode *clock = vv_xml_add(domain, "clock");

    vv_xml_set(clock, "offset", windows ? "localtime" : "utc");
    add_timer(clock, "rtc", "tickpolicy", "catchup");
    add_timer(clock, "pit", "tickpolicy", "delay");
    add_timer(clock, "hpet", "present", "no");
    if (kvm && windows)
        add_timer(clock, "hypervclock", "present", "yes");
}

static void add_devices(xmlNode *domain, const VvVm *vm)
{
    xmlNode *devices = vv_xml_add(domain, "devices");

    vv_xml_add_text(devices, "emulator", vm->emulator);
    vv_domxml_add_root_ports(devices, vm);
    vv_domxml_add_emulated(devices, vm);
    vv_domxml_add_hostdevs(devices, vm);
    /* VFIO pins all of the guest's memory: a balloon could only lie (and QEMU inhibits it). */
    vv_xml_set(vv_xml_add(devices, "memballoon"), "model", "none");
}

char *vv_domain_xml_build(const VvVm *vm, gboolean kvm)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *domain = xmlNewNode(NULL, (const xmlChar *)"domain");

    xmlDocSetRootElement(doc, domain);
    vv_xml_set(domain, "type", kvm ? "kvm" : "qemu");
    vv_xml_add_text(domain, "name", vm->name);
    vv_xml_add_text(domain, "uuid", vm->uuid);
    vv_domxml_add_metadata(domain, vm);
    vv_xml_set(vv_xml_add_number(domain, "memory", vm->memory_kib), "unit", "KiB");
    vv_xml_add_number(domain, "vcpu", vm->cpus);
    add_os(domain, vm);
    add_features(domain, vm, kvm);
    add_cpu(domain, vm, kvm);
    add_clock(domain, vm, kvm);
    vv_xml_add_text(domain, "on_poweroff", "destroy");
    vv_xml_add_text(domain, "on_reboot", "restart");
    vv_xml_add_text(domain, "on_crash", "destroy");
    add_devices(domain, vm);
    vv_domxml_add_overrides(domain, vm);
    return vv_xml_print(doc);
}
