/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

/* A card with screens is the guest's only display: a second, emulated one would take the desktop, or the boot
 * messages, where nobody looks. Else VNC behind a socket that only libvirt opens: on loopback each user of
 * the host could look at it. */
const char *vv_domxml_graphics(const VvVm *vm)
{
    const char *graphics = vm->display.graphics;

    if (graphics && !g_str_equal(graphics, "auto"))
        return graphics;
    return vv_domxml_has_display(vm) ? "none" : "vnc";
}

/* A plain VGA is what every QEMU has built in and every guest a driver for. Beside a card with screens there
 * is none even with SPICE, which then carries the input devices (as Looking Glass has it). */
const char *vv_domxml_video(const VvVm *vm)
{
    const char *video = vm->display.video;

    if (video && !g_str_equal(video, "auto"))
        return video;
    return vv_domxml_has_display(vm) || g_str_equal(vv_domxml_graphics(vm), "none") ? "none" : "vga";
}

static void add_graphics(xmlNode *devices, const VvVm *vm, const char *type)
{
    const VvVmDisplay *display = &vm->display;
    xmlNode *graphics = vv_xml_add(devices, "graphics");
    xmlNode *listen = vv_xml_add(graphics, "listen");

    vv_xml_set(graphics, "type", type);
    vv_xml_set(listen, "type", display->listen ? "address" : "socket");
    if (!display->listen)
        return;
    vv_xml_set(listen, "address", display->listen);
    vv_xml_set(graphics, "autoport", display->port ? "no" : "yes");
    if (display->port)
        vv_xml_setf(graphics, "port", "%u", display->port);
}

/* The clipboard and the size of the window, for spice-vdagent in the guest. */
static void add_agent_channel(xmlNode *devices)
{
    xmlNode *channel = vv_xml_add(devices, "channel");
    xmlNode *target = vv_xml_add(channel, "target");

    vv_xml_set(channel, "type", "spicevmc");
    vv_xml_set(target, "type", "virtio");
    vv_xml_set(target, "name", "com.redhat.spice.0");
}

/* A PS/2 mouse knows movements only: its pointer and the one on the window would part. */
static void add_pointer(xmlNode *devices)
{
    xmlNode *input = vv_xml_add(devices, "input");

    vv_xml_set(input, "type", "tablet");
    vv_xml_set(input, "bus", "usb");
}

static void add_sound(xmlNode *devices, const VvVm *vm, gboolean spice)
{
    const VvVmSound *sound = &vm->sound;
    xmlNode *node;

    if (!sound->model || g_str_equal(sound->model, "none"))
        return;
    node = vv_xml_add(devices, "sound");
    vv_xml_set(node, "model", sound->model);
    vv_xml_set(vv_xml_add(node, "audio"), "id", "1");
    node = vv_xml_add(devices, "audio");
    vv_xml_set(node, "id", "1");
    vv_xml_set(node, "type", sound->backend ? sound->backend : spice ? "spice" : "none");
}

void vv_domxml_add_display(xmlNode *devices, const VvVm *vm)
{
    const char *graphics = vv_domxml_graphics(vm);
    gboolean spice = g_str_equal(graphics, "spice");

    if (!g_str_equal(graphics, "none")) {
        add_graphics(devices, vm, graphics);
        if (vv_domxml_needs_usb(vm))
            add_pointer(devices);
    }
    if (spice)
        add_agent_channel(devices);
    vv_xml_set(vv_xml_add(vv_xml_add(devices, "video"), "model"), "type", vv_domxml_video(vm));
    add_sound(devices, vm, spice);
}
