/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-store.h"

#include <string.h>

void vv_rom_version_free(VvRomVersion *version)
{
    if (!version)
        return;
    g_free(version->file);
    g_free(version->date);
    g_free(version->last_seen);
    g_free(version->sha256);
    g_free(version->verdict);
    g_free(version);
}

VvRomCard *vv_rom_card_new(VvHost *host, VvDevice *device)
{
    VvRomCard *card = g_new0(VvRomCard, 1);

    card->identity = vv_identity_read(host, device);
    card->folder = vv_rom_card_folder(card->identity);
    card->name = g_strdup(vv_host_device_name(host, device));
    card->versions = g_ptr_array_new_with_free_func((GDestroyNotify)vv_rom_version_free);
    return card;
}

void vv_rom_card_free(VvRomCard *card)
{
    if (!card)
        return;
    g_free(card->folder);
    g_free(card->name);
    vv_identity_free(card->identity);
    if (card->versions)
        g_ptr_array_unref(card->versions);
    g_free(card);
}

/* All functions of a card have one DSN, and two ports of a network card the same ids. */
static char *mark_of(const VvIdentity *identity)
{
    const VvAddress *address = &identity->address;

    if (identity->dsn) {
        g_autofree char *dsn = vv_identity_dsn_text(identity->dsn);
        return g_strdup_printf("dsn-%s.%u", dsn, address->function);
    }
    if (identity->serial)
        return g_strdup_printf("serial-%s", identity->serial);
    if (identity->mac)
        return g_strdup_printf("mac-%s", identity->mac);
    return g_strdup_printf("at-%04x-%02x-%02x.%u", address->segment, address->bus, address->slot,
                           address->function);
}

char *vv_rom_card_folder(const VvIdentity *identity)
{
    g_autofree char *mark = mark_of(identity);
    char *folder = g_strdup_printf("%04x-%04x_%04x-%04x_%s", identity->vendor, identity->device,
                                   identity->subsystem_vendor, identity->subsystem_device, mark);

    return g_strcanon(folder, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.", '-');
}

static gboolean is_same(const VvIdentity *a, const VvIdentity *b)
{
    if (a->vendor != b->vendor || a->device != b->device || a->subsystem_vendor != b->subsystem_vendor ||
        a->subsystem_device != b->subsystem_device)
        return FALSE;
    if (a->dsn && b->dsn)
        return a->dsn == b->dsn && a->address.function == b->address.function;
    if (a->serial && b->serial)
        return strcmp(a->serial, b->serial) == 0;
    if (a->mac && b->mac)
        return strcmp(a->mac, b->mac) == 0;
    return vv_address_equal(a->address, b->address);
}

VvRomCard *vv_rom_card_find(const GPtrArray *cards, const VvIdentity *identity)
{
    for (guint i = 0; i < cards->len; i++) {
        VvRomCard *card = cards->pdata[i];
        if (is_same(card->identity, identity))
            return card;
    }
    return NULL;
}

VvRomVersion *vv_rom_card_newest(const VvRomCard *card, VvRomSource source)
{
    for (guint i = card->versions->len; i > 0; i--) {
        VvRomVersion *version = card->versions->pdata[i - 1];
        if (vv_rom_source_comparable(version->source, source))
            return version;
    }
    return NULL;
}

/* A shadow was changed by its own code, and must not run a second time; the firmware's and the driver's copy
 * are images as they were delivered. */
static gboolean is_usable(const VvRomVersion *version)
{
    return version->source != VV_ROM_SOURCE_SHADOW;
}

static GBytes *load_good(const char *store, const VvRomCard *card, const VvRomVersion *version,
                         const VvDevice *device, char **ret_trouble)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = vv_rom_version_load(store, card, version, &problem);
    gsize size;

    if (!bytes) {
        g_free(*ret_trouble);
        *ret_trouble = g_strdup(problem->message);
        return NULL;
    }
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    if (rom->verdict == VV_ROM_GOOD)
        return g_steal_pointer(&bytes);
    const VvRomProblem *first = rom->problems->pdata[0];
    g_free(*ret_trouble);
    *ret_trouble = g_strdup_printf("%s: %s: %s", version->file, first->code, first->detail);
    return NULL;
}

const VvRomVersion *vv_rom_card_best(const char *store, const VvRomCard *card, const VvDevice *device,
                                     GBytes **ret_bytes, char **ret_trouble)
{
    for (int copies = 0; copies < 2; copies++)
        for (guint i = card->versions->len; i > 0; i--) {
            const VvRomVersion *version = card->versions->pdata[i - 1];
            gboolean is_copy = !vv_rom_source_comparable(version->source, VV_ROM_SOURCE_VFIO);
            if (is_copy != copies || !is_usable(version))
                continue;
            *ret_bytes = load_good(store, card, version, device, ret_trouble);
            if (*ret_bytes)
                return version;
        }
    return NULL;
}

char *vv_rom_published_path(const VvRomCard *card)
{
    g_autofree char *name = g_strconcat(card->folder, ".rom", NULL);

    return g_build_filename(VV_ROM_PUBLISHED, name, NULL);
}

gboolean vv_rom_is_published(const char *path)
{
    return g_str_has_prefix(path, VV_ROM_PUBLISHED "/");
}
