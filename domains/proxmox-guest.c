/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

#define DESCRIPTION_MAX 8192 /* Proxmox's own limit */

static const struct {
    const char *proxmox;
    VvOs os;
    guint version;
    const char *lost;
} systems[] = {
    {"win11", VV_OS_WINDOWS, 11, NULL},
    {"win10", VV_OS_WINDOWS, 10, NULL},
    {"win8", VV_OS_WINDOWS, 0, NULL},
    {"win7", VV_OS_WINDOWS, 0, NULL},
    {"w2k8", VV_OS_WINDOWS, 0, NULL},
    {"wvista", VV_OS_WINDOWS, 0, NULL},
    {"wxp", VV_OS_WINDOWS, 0, "it has drivers neither for q35 nor for most of today's devices"},
    {"w2k3", VV_OS_WINDOWS, 0, "it has drivers neither for q35 nor for most of today's devices"},
    {"w2k", VV_OS_WINDOWS, 0, "it has drivers neither for q35 nor for most of today's devices"},
    {"l26", VV_OS_LINUX, 0, NULL},
    {"l24", VV_OS_LINUX, 0, "Linux 2.4 has no drivers for what a guest of today has"},
    {"solaris", VV_OS_OTHER, 0, "there are no settings for Solaris"},
    {"other", VV_OS_OTHER, 0,
     "write os = freebsd for FreeBSD, OPNsense or pfSense, which Proxmox has no word for"},
};

static const char *os_text(VvOs os, guint version)
{
    static const char *const names[] = {[VV_OS_LINUX] = "linux",
                                        [VV_OS_WINDOWS] = "windows",
                                        [VV_OS_FREEBSD] = "freebsd",
                                        [VV_OS_OTHER] = "other"};

    return version == 11 ? "windows11" : version == 10 ? "windows10" : names[os];
}

gboolean vv_pve_ostype(VvPve *pve, const VvPveKey *key, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(systems); i++) {
        if (!g_str_equal(systems[i].proxmox, key->value))
            continue;
        pve->vm->os = systems[i].os;
        pve->vm->os_version = systems[i].version;
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "os = %s%s%s",
                   os_text(systems[i].os, systems[i].version), systems[i].lost ? "; " : "",
                   systems[i].lost ? systems[i].lost : "");
        return TRUE;
    }
    return vv_pve_error(pve, key, error, "'%s' is no system that Proxmox knows", key->value);
}

void vv_pve_ostype_default(VvPve *pve)
{
    if (vv_pve_key(pve->file->main, "ostype"))
        return;
    pve->vm->os = VV_OS_OTHER;
    vv_pve_say_default(pve, "ostype", VV_PROXMOX_TRANSLATED, "os = other is Proxmox's default");
}

gboolean vv_pve_name(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (!vv_pve_read(&vv_value_name, key->value, &pve->vm->name, &problem))
        return vv_pve_error(pve, key, error, "%s", problem->message);
    vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "name = %s", key->value);
    return TRUE;
}

/* "/etc/pve/qemu-server/100.conf" is the VM 100. */
void vv_pve_name_default(VvPve *pve)
{
    g_autofree char *base = g_path_get_basename(pve->file->path);
    gsize digits = strspn(base, G_CSET_DIGITS);

    if (pve->vm->name)
        return;
    pve->vm->name = digits && digits < 10 && g_str_equal(base + digits, ".conf")
                        ? g_strdup_printf("vm-%.*s", (int)digits, base)
                        : g_strdup("imported");
    vv_pve_say_default(pve, "name", VV_PROXMOX_TRANSLATED, "name = %s, because it has none", pve->vm->name);
}

/* In place. '%1b' can have brought any of them; a VM file has line breaks only. */
static void blank_controls(char *text)
{
    for (char *c = text, *next; *c; c = next) {
        gunichar letter = g_utf8_get_char(c);

        next = g_utf8_next_char(c);
        if (letter != '\n' && (g_unichar_iscntrl(letter) || letter == 0xfffe || letter == 0xffff))
            memset(c, ' ', (gsize)(next - c));
    }
}

void vv_pve_description(VvPve *pve, const VvPveKey *key, const char *text, guint line)
{
    g_autofree char *plain = g_strdup(text);
    VvPveKey lines = {.line = line, .name = (char *)"description"};
    g_autoptr(GError) problem = NULL;

    blank_controls(plain);
    g_strstrip(plain);
    if (!*plain)
        return;
    if (strlen(plain) <= DESCRIPTION_MAX &&
        vv_pve_read(&vv_value_description, plain, &pve->vm->description, &problem))
        vv_pve_say(pve, key ? key : &lines, NULL, VV_PROXMOX_KEPT, "the text as it is");
    else
        vv_pve_say(pve, key ? key : &lines, NULL, VV_PROXMOX_DROPPED, "%s",
                   problem ? problem->message : "more than 8 KiB of text");
}

gboolean vv_pve_description_key(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autofree char *text = g_strdup(key->value);

    if (!vv_pve_decode(text))
        return vv_pve_error(pve, key, error, "not UTF-8");
    if (pve->vm->description)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "the comment lines are the description");
    else
        vv_pve_description(pve, key, text, key->line);
    return TRUE;
}

gboolean vv_pve_onboot(VvPve *pve, const VvPveKey *key, GError **error)
{
    if (!vv_pve_flag(pve, key, &pve->vm->autostart, error))
        return FALSE;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "autostart = %s", pve->vm->autostart ? "yes" : "no");
    return TRUE;
}

gboolean vv_pve_smbios(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char lost[] =
        "a VM file has no texts for SMBIOS; what looks for them (OEM licences) has to be told in libvirt's "
        "XML (sysinfo)";
    static const VvPveReason dropped[] = {{"manufacturer", lost},
                                          {"product", lost},
                                          {"version", lost},
                                          {"serial", lost},
                                          {"sku", lost},
                                          {"family", lost},
                                          {0}};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, NULL, error);
    const char *uuid = property ? vv_pve_take(property, "uuid") : NULL;
    g_autoptr(GError) problem = NULL;
    gboolean encoded;

    if (!property || !vv_pve_take_flag(pve, property, "base64", &encoded, error))
        return FALSE;
    if (uuid && !vv_pve_read(&vv_value_uuid, uuid, &pve->vm->uuid, &problem))
        return vv_pve_error(pve, key, error, "uuid: %s", problem->message);
    if (uuid)
        vv_pve_say(pve, key, "uuid", VV_PROXMOX_KEPT, "uuid = %s, by which Windows knows its machine",
                   pve->vm->uuid);
    vv_pve_take_rest(pve, property, dropped);
    if (!uuid)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "it has no uuid, so libvirt makes one");
    return TRUE;
}

gboolean vv_pve_vmgenid(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (g_str_equal(key->value, "0") || g_str_equal(key->value, "1")) {
        vv_pve_say(pve, key, NULL, *key->value == '0' ? VV_PROXMOX_KEPT : VV_PROXMOX_DROPPED,
                   *key->value == '0' ? "no generation id" : "Proxmox would have made one, and has not yet");
        return TRUE;
    }
    if (!vv_pve_read(&vv_value_uuid, key->value, &pve->vm->vmgenid, &problem))
        return vv_pve_error(pve, key, error, "%s", problem->message);
    vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "vmgenid = %s", pve->vm->vmgenid);
    return TRUE;
}
