/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml.h"

#include "domains/domxml-parts.h"

/* Both features always: with firmware='efi' alone Debian 12 takes a firmware with Secure Boot on. */
static void add_firmware(xmlNode *os, const VvVm *vm)
{
    static const char *const names[] = {"enrolled-keys", "secure-boot"};
    xmlNode *firmware = vv_xml_add(os, "firmware");

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        xmlNode *feature = vv_xml_add(firmware, "feature");

        vv_xml_set(feature, "enabled", vm->firmware == VV_FIRMWARE_UEFI_SECURE ? "yes" : "no");
        vv_xml_set(feature, "name", names[i]);
    }
    vv_xml_add_text(os, "nvram", vm->nvram);
}

static void add_os(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *os = vv_xml_add(domain, "os");
    xmlNode *type;

    if (vm->firmware != VV_FIRMWARE_BIOS)
        vv_xml_set(os, "firmware", "efi");
    type = vv_xml_add_text(os, "type", "hvm");
    vv_xml_set(type, "arch", "x86_64");
    vv_xml_set(type, "machine", tuning->machine);
    if (vm->firmware != VV_FIRMWARE_BIOS)
        add_firmware(os, vm);
    vv_xml_add_text(os, "kernel", vm->kernel);
    vv_xml_add_text(os, "initrd", vm->initrd);
    vv_xml_add_text(os, "cmdline", vm->cmdline);
}

static void add_devices(xmlNode *domain, const VvVm *vm, const VvTuning *tuning)
{
    xmlNode *devices = vv_xml_add(domain, "devices");

    vv_xml_add_text(devices, "emulator", vm->emulator);
    vv_domxml_add_root_ports(devices, vm, tuning);
    vv_domxml_add_emulated(devices, vm, tuning);
    vv_domxml_add_hostdevs(devices, vm);
    /* VFIO pins all of the guest's memory: a balloon could only lie (and QEMU inhibits it). */
    vv_xml_set(vv_xml_add(devices, "memballoon"), "model", "none");
}

static void add_argument(xmlNode *commandline, const char *value)
{
    vv_xml_set(vv_xml_add_ns(commandline, commandline->ns, "arg"), "value", value);
}

/* libvirt refuses opt/ovmf in <sysinfo type='fwcfg'>, as a name that is QEMU's. Behind the overrides, which
 * may have brought the namespace. */
static void add_commandline(xmlNode *domain, const VvTuning *tuning)
{
    xmlNs *qemu = xmlSearchNsByHref(domain->doc, domain, (const xmlChar *)VV_QEMU_URI);
    g_autofree char *window =
        g_strdup_printf("name=opt/ovmf/X-PciMmio64Mb,string=%" G_GUINT64_FORMAT, tuning->ovmf_mmio64_mib);
    xmlNode *commandline;

    if (!tuning->ovmf_mmio64_mib)
        return;
    if (!qemu)
        qemu = xmlNewNs(domain, (const xmlChar *)VV_QEMU_URI, (const xmlChar *)"qemu");
    commandline = vv_xml_add_ns(domain, qemu, "commandline");
    add_argument(commandline, "-fw_cfg");
    add_argument(commandline, window);
}

char *vv_domain_xml_build(const VvVm *vm, const VvTuning *tuning)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *domain = xmlNewNode(NULL, (const xmlChar *)"domain");

    xmlDocSetRootElement(doc, domain);
    vv_xml_set(domain, "type", tuning->kvm ? "kvm" : "qemu");
    vv_xml_add_text(domain, "name", vm->name);
    vv_xml_add_text(domain, "uuid", vm->uuid);
    vv_xml_add_text(domain, "genid", vm->vmgenid);
    vv_xml_add_text(domain, "description", vm->description);
    vv_domxml_add_metadata(domain, vm);
    vv_domxml_add_memory(domain, vm, tuning);
    vv_domxml_add_placement(domain, vm, tuning);
    add_os(domain, vm, tuning);
    vv_domxml_add_features(domain, vm, tuning);
    vv_domxml_add_cpu(domain, vm, tuning);
    vv_domxml_add_clock(domain, vm, tuning);
    vv_xml_add_text(domain, "on_poweroff", "destroy");
    vv_xml_add_text(domain, "on_reboot", "restart");
    vv_xml_add_text(domain, "on_crash", "destroy");
    add_devices(domain, vm, tuning);
    vv_domxml_add_overrides(domain, vm);
    add_commandline(domain, tuning);
    return vv_xml_print(doc);
}
