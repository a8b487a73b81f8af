/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach.h"
#include "domains/ini.h"
#include "domains/values.h"
#include "vfio/error.h"

#include <string.h>

/* Where Proxmox VE has its ROM files (qemu-server, PVE/QemuServer/PCI.pm). */
#define ROM_FOLDER "/usr/share/kvm/"

static gboolean G_GNUC_PRINTF(2, 3) wrong(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s", text);
    return FALSE;
}

/* Lists in an option are joined by ';', because the comma ends it. */
static gboolean read_list(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_autofree char *words = g_strdelimit(g_strdup(text), ";", ' ');

    return value->read(value, words, field, error);
}

/* Which function of a card is free is asked when a domain starts, and a device of the command line is there
 * at once. */
static gboolean read_host(const VvValue *value, const char *text, gpointer field, GError **error)
{
    if (strchr(text, '/'))
        return wrong(
            error, "a virtual function is named here by its own address, which 'virt-vfio sriov list' shows; "
                   "by its card and number, or as any that is free, only VM files can name it ([network] "
                   "or [device], vf =)");
    return value->read(value, text, field, error);
}

static gboolean read_romfile(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_autofree char *path = strchr(text, '/') ? g_strdup(text) : g_strconcat(ROM_FOLDER, text, NULL);

    if (vv_has_control(path))
        return wrong(error, "a control character");
    return value->read(value, path, field, error);
}

#define CARD(field) G_STRUCT_OFFSET(VvVmDevice, field)
#define OWN(field) G_STRUCT_OFFSET(VvAttach, field)

static const struct {
    const char *name;
    const VvValue *value;
    glong offset;
    gboolean own; /* in VvAttach, not in its card */
    gboolean (*read)(const VvValue *value, const char *text, gpointer field, GError **error);
    const char *never; /* why Proxmox's option cannot be had here */
} options[] = {
    {"host", &vv_value_selectors, CARD(selectors), FALSE, read_host, NULL},
    {"name", &vv_value_name, CARD(name), FALSE, NULL, NULL},
    {"pcie", &vv_value_yes_no, OWN(pcie), TRUE, NULL, NULL},
    {"x-vga", &vv_value_yes_no, CARD(x_vga), FALSE, NULL, NULL},
    {"rombar", &vv_value_yes_no, CARD(rombar), FALSE, NULL, NULL},
    {"romfile", &vv_value_rom, CARD(rom), FALSE, read_romfile, NULL},
    {"legacy-igd", &vv_value_yes_no, OWN(legacy_igd), TRUE, NULL, NULL},
    {"vendor-id", &vv_value_vendor, CARD(ids.vendor), FALSE, NULL, NULL},
    {"device-id", &vv_value_id, CARD(ids.device), FALSE, NULL, NULL},
    {"sub-vendor-id", &vv_value_id, CARD(ids.subsystem_vendor), FALSE, NULL, NULL},
    {"sub-device-id", &vv_value_id, CARD(ids.subsystem_device), FALSE, NULL, NULL},
    {"allow", &vv_value_allow, CARD(allow), FALSE, read_list, NULL},
    {"reset", &vv_value_reset, CARD(reset), FALSE, read_list, NULL},
    {"quarantine", &vv_value_yes_no, CARD(quarantine), FALSE, NULL, NULL},
    {"boot", &vv_value_boot, CARD(boot), FALSE, NULL, NULL},
    {"driver", NULL, 0, FALSE, NULL, "a device goes to vfio-pci here, or to the variant driver made for it"},
    {"mdev", NULL, 0, FALSE, NULL,
     "mediated devices stay with their host driver; define them in the domain's XML"},
    {"vf", NULL, 0, FALSE, NULL,
     "a virtual function is named by its own address here, as 'virt-vfio sriov list' shows it; pools of them "
     "are for VM files"},
    {"mapping", NULL, 0, FALSE, NULL, "mappings are a file of Proxmox VE's; name the address instead"},
};

static gint find_option(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (g_str_equal(options[i].name, name))
            return (gint)i;
    return -1;
}

static gboolean unknown_option(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(options) + 1] = {NULL};
    g_autofree char *hint = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        names[i] = options[i].name;
    hint = vv_did_you_mean(name, names);
    return wrong(error, "there is no option '%s'%s", name, hint);
}

static gboolean read_value(VvAttach *attach, gsize which, const char *text, GError **error)
{
    gpointer object = options[which].own ? (gpointer)attach : (gpointer)attach->card;
    gpointer field = G_STRUCT_MEMBER_P(object, options[which].offset);
    const VvValue *value = options[which].value;

    if (options[which].never)
        return wrong(error, "%s", options[which].never);
    return (options[which].read ? options[which].read : value->read)(value, text, field, error);
}

static gboolean read_option(VvAttach *attach, const char *word, guint *seen, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup("host");
    const char *text = equals ? equals + 1 : word;
    gint which = find_option(name);

    if (!*word)
        return wrong(error, "there is nothing between two commas, or behind the last");
    if (which < 0)
        return unknown_option(name, error);
    if (*seen & 1U << which)
        return wrong(error, "%s is there twice", name);
    *seen |= 1U << which;
    if (!*text)
        return wrong(error, "%s has no value", name);
    if (read_value(attach, (gsize)which, text, error))
        return TRUE;
    g_prefix_error(error, "%s: ", name);
    return FALSE;
}

/* A card as the reader of VM files makes it, with all defaults. */
static VvAttach *new_attach(GError **error)
{
    static const char text[] = "[vm]\nname = attach\nmemory = 64M\n[device card]\nhost = 00:00.0\n";
    VvVm *vm = vv_vm_parse(NULL, text, strlen(text), NULL, error);
    VvAttach *attach = vm ? g_new0(VvAttach, 1) : NULL;

    if (!attach)
        return NULL;
    attach->vm = vm;
    attach->card = vm->devices->pdata[0];
    g_array_set_size(attach->card->selectors, 0);
    return attach;
}

VvAttach *vv_attach_parse(const char *word, GError **error)
{
    g_autoptr(VvAttach) attach = g_utf8_validate(word, -1, NULL) ? new_attach(error) : NULL;
    g_auto(GStrv) words = attach ? g_strsplit(word, ",", -1) : NULL;
    guint seen = 0;

    if (!attach)
        wrong(error, "the device is named in other letters than UTF-8's");
    for (char **each = words; each && *each; each++)
        if (!read_option(attach, *each, &seen, error)) {
            g_prefix_error(error, "%s: ", word);
            return NULL;
        }
    if (attach && !attach->card->selectors->len) {
        wrong(error, "%s: it does not begin with the address of a device", word);
        return NULL;
    }
    if (attach) {
        attach->card->igd_opregion = attach->legacy_igd;
        attach->has_name = (seen & 1U << find_option("name")) != 0;
    }
    return g_steal_pointer(&attach);
}

/* What is allowed is allowed of this card, so an address has to be one of it. */
static gboolean check_allow(const VvVmDevice *card, GError **error)
{
    for (char **word = card->allow; word && *word; word++) {
        const char *equals = strchr(*word, '=');
        gboolean found = !equals;

        for (guint i = 0; !found && i < card->functions->len; i++) {
            char text[VV_ADDRESS_TEXT];

            vv_address_format(g_array_index(card->functions, VvVmFunction, i).host, text);
            found = g_str_equal(equals + 1, text);
        }
        if (!found)
            return wrong(error, "allow: %s is not a function of this card", equals + 1);
    }
    return TRUE;
}

gboolean vv_attach_resolve(VvAttach *attach, VvHost *host, GError **error)
{
    return vv_vm_resolve(attach->vm, host, error) && check_allow(attach->card, error);
}

void vv_attach_free(VvAttach *attach)
{
    if (!attach)
        return;
    vv_vm_free(attach->vm);
    g_free(attach);
}
