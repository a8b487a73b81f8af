/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread-internal.h"
#include "domains/ini.h"

#include <string.h>

/* Does this child of <devices> give the guest a real PCI device? Besides <hostdev>, VFs can be interfaces and
 * NVMe controllers disks. */
static gboolean is_real(const xmlNode *node, const xmlNode *source)
{
    const xmlNode *address = vv_xml_child(source, "address", NULL);

    if (g_str_equal((const char *)node->name, "hostdev"))
        return vv_xml_has(node, "mode", "subsystem") && vv_xml_has(node, "type", "pci");
    if (g_str_equal((const char *)node->name, "interface"))
        return vv_xml_has(node, "type", "hostdev") && (!address || vv_xml_has(address, "type", "pci"));
    return g_str_equal((const char *)node->name, "disk") && vv_xml_has(node, "type", "nvme");
}

/* <rom enabled= bar= file=> */
static gboolean read_rom(VvDomainDevice *device, const xmlNode *node, GError **error)
{
    const xmlNode *rom = vv_xml_child(node, "rom", NULL);

    device->rombar = TRUE;
    if (!rom)
        return TRUE;
    device->rom_none = vv_xml_has(rom, "enabled", "no");
    device->rombar = !vv_xml_has(rom, "bar", "off");
    device->rom_file = vv_xml_get(rom, "file");
    if (device->rom_file && vv_has_control(device->rom_file))
        return vv_domread_bad(rom, error, "a control character in the path of a ROM");
    return TRUE;
}

static gboolean read_guest_address(VvDomainDevice *device, const xmlNode *node, GError **error)
{
    const xmlNode *address = vv_xml_child(node, "address", NULL);
    GError *problem = NULL;

    device->unassigned = address && vv_xml_has(address, "type", "unassigned");
    if (!address || !vv_xml_has(address, "type", "pci"))
        return TRUE;
    device->has_guest_address = vv_domread_address(address, &device->guest_address, &problem);
    if (problem)
        g_propagate_error(error, problem);
    return !problem;
}

/* libvirt sets both, and the VLAN to none where there is none (virNetDevSetNetConfig); with a <virtualport> a
 * switch does. */
static void set_wanted(VvDomainDevice *device, const xmlNode *node)
{
    VvVfSettings *wanted = &device->wanted;
    g_autofree char *vlan = g_strdup_printf("%u", device->vlan);

    if (vv_xml_child(node, "virtualport", NULL))
        return;
    if (device->mac && !vv_vf_settings_parse(wanted, "mac", device->mac, NULL))
        wanted->fields &= ~(guint)VV_VF_MAC;
    if (!vv_vf_settings_parse(wanted, "vlan", vlan, NULL))
        wanted->fields &= ~(guint)VV_VF_VLAN;
}

/* A VF's own settings; a trunk has several tags, and then none of them is the one. */
static gboolean read_interface(VvDomainDevice *device, const xmlNode *node, GError **error)
{
    const xmlNode *mac = vv_xml_child(node, "mac", NULL);
    const xmlNode *tag = vv_xml_child(vv_xml_child(node, "vlan", NULL), "tag", NULL);
    const xmlNode *team = vv_xml_child(node, "teaming", NULL);
    guint64 vlan = 0;

    device->interface = TRUE;
    device->mac = mac ? vv_xml_get(mac, "address") : NULL;
    if (device->mac && vv_has_control(device->mac))
        return vv_domread_bad(mac, error, "a control character in a MAC address");
    if (tag && !vv_domread_number(tag, "id", 4095, &vlan, error))
        return FALSE;
    device->vlan = (guint)vlan;
    device->team = team && vv_xml_has(team, "type", "transient") ? vv_xml_get(team, "persistent") : NULL;
    if (device->team && vv_has_control(device->team))
        return vv_domread_bad(team, error, "a control character in an alias");
    set_wanted(device, node);
    return TRUE;
}

static gboolean read_boot(VvDomainDevice *device, const xmlNode *node, GError **error)
{
    const xmlNode *boot = vv_xml_child(node, "boot", NULL);
    guint64 order = 0;

    if (boot && !vv_domread_number(boot, "order", G_MAXINT, &order, error))
        return FALSE;
    device->boot = (guint)order;
    return TRUE;
}

gboolean vv_domread_device(VvDomain *domain, const xmlNode *node, GError **error)
{
    const xmlNode *source = vv_xml_child(node, "source", NULL);
    /* An NVMe disk says managed='' at its source. */
    const xmlNode *manager = g_str_equal((const char *)node->name, "disk") ? source : node;
    VvDomainDevice *device;
    GError *problem = NULL;
    VvAddress host;

    if (!is_real(node, source))
        return TRUE;
    if (!vv_domread_address(vv_xml_child(source, "address", NULL), &host, &problem)) {
        if (!problem)
            return vv_domread_bad(node, error, "<%s> does not say which PCI device it is",
                                  (const char *)node->name);
        g_propagate_error(error, problem);
        return FALSE;
    }
    device = vv_domain_add_device(domain, host);
    device->managed = manager && vv_xml_has(manager, "managed", "yes");
    if (g_str_equal((const char *)node->name, "interface") && !read_interface(device, node, error))
        return FALSE;
    return vv_domread_alias(node, &device->alias, error) && read_guest_address(device, node, error) &&
           read_boot(device, node, error) && read_rom(device, node, error);
}

static gboolean read_usb_id(const xmlNode *source, const char *name, gint *ret, GError **error)
{
    const xmlNode *node = vv_xml_child(source, name, NULL);
    guint64 id = 0;

    *ret = -1;
    if (!node)
        return TRUE;
    if (!vv_domread_number(node, "id", 0xffff, &id, error))
        return FALSE;
    *ret = (gint)id;
    return TRUE;
}

gboolean vv_domread_usb(VvDomain *domain, const xmlNode *hostdev, GError **error)
{
    const xmlNode *source = vv_xml_child(hostdev, "source", NULL);
    const xmlNode *address = vv_xml_child(source, "address", NULL);
    guint64 bus = 0, device = 0;
    VvDomainUsb *usb;

    if (!g_str_equal((const char *)hostdev->name, "hostdev") || !source ||
        !vv_xml_has(hostdev, "mode", "subsystem") || !vv_xml_has(hostdev, "type", "usb"))
        return TRUE;
    usb = g_new0(VvDomainUsb, 1);
    g_ptr_array_add(domain->usbs, usb);
    usb->optional = vv_xml_has(source, "startupPolicy", "optional");
    if (address && (!vv_domread_number(address, "bus", 999, &bus, error) ||
                    !vv_domread_number(address, "device", 999, &device, error)))
        return FALSE;
    usb->bus = (guint)bus;
    usb->device = (guint)device;
    return read_usb_id(source, "vendor", &usb->vendor, error) &&
           read_usb_id(source, "product", &usb->product, error) &&
           vv_domread_alias(hostdev, &usb->alias, error);
}
