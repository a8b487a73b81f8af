/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/rom-cards.h"
#include "vfio/error.h"

#include <string.h>

static char **allow;

const GOptionEntry vv_rom_verify_options[] = {
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Read cards although the host uses them so",
     "CODE[=ADDRESS]"},
    {0},
};

/* Only bytes from the same place can be compared: a shadow always differs from the card. */
static void compare(const VvDevice *device, VvRomCard *card, GBytes *bytes, VvRomSource source,
                    GPtrArray *results)
{
    VvRomVersion *newest = vv_rom_card_newest(card, source);
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);

    if (!newest) {
        VvRomResult *result = vv_rom_results_add(results, device->address, "incomparable", card);
        result->detail = g_strdup_printf("now it can be read from %s only, and no backup is from there",
                                         vv_rom_source_name(source));
        return;
    }
    gboolean same = strcmp(hash, newest->sha256) == 0;
    VvRomResult *result = vv_rom_results_add(results, device->address, same ? "same" : "changed", card);
    result->version = newest;
    if (!same)
        result->detail =
            g_strdup_printf("the card's ROM has another sha256 now, %s: somebody wrote to it, or the "
                            "card was exchanged; 'virt-vfio rom backup' keeps both",
                            hash);
}

static void verify_device(VvContext *context, VvDevice *device, const GPtrArray *cards, GHashTable *seen,
                          GPtrArray *results)
{
    const VvRomReadOptions options = {NULL, (const char *const *)allow};
    g_autoptr(VvIdentity) identity = vv_identity_read(context->host, device);
    VvRomCard *card = vv_rom_card_find(cards, identity);
    GError *problem = NULL;
    VvRomSource source;

    if (!card) {
        vv_rom_results_add(results, device->address, "new", NULL)->detail = g_strdup("no backup has it");
        return;
    }
    g_hash_table_add(seen, card);
    g_autoptr(GBytes) bytes =
        vv_rom_read(context->host, vv_context_journal(context), device, &options, &source, &problem);
    if (bytes)
        compare(device, card, bytes, source, results);
    else
        vv_rom_results_add_error(results, device, card, problem);
}

/* The backups themselves. */
static void verify_files(const char *store, const VvRomCard *card, GPtrArray *results)
{
    for (guint i = 0; i < card->versions->len; i++) {
        VvRomVersion *version = card->versions->pdata[i];
        g_autoptr(GError) problem = NULL;
        g_autoptr(GBytes) bytes = vv_rom_version_load(store, card, version, &problem);
        if (bytes)
            continue;
        VvRomResult *result = vv_rom_results_add(results, card->identity->address, "damaged", card);
        result->version = version;
        result->detail = g_strdup(problem->message);
    }
}

static const char *verdict_of(const GPtrArray *results)
{
    static const char *const worst_first[] = {"damaged", "changed", "failed", "refused", "incomparable"};

    for (guint i = 0; i < G_N_ELEMENTS(worst_first); i++)
        if (vv_rom_results_have(results, worst_first[i]))
            return worst_first[i];
    return "same";
}

static int exit_code(const char *verdict)
{
    if (strcmp(verdict, "same") == 0)
        return 0;
    return strcmp(verdict, "refused") == 0 || strcmp(verdict, "incomparable") == 0 ? VV_ERROR_REFUSED
                                                                                   : VV_ERROR_FAILED;
}

int vv_verb_rom_verify(VvContext *context, char **words, GError **error)
{
    const char *store = words[0] ? words[0] : VV_ROM_STORE;

    if (!vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    g_autoptr(GPtrArray) cards = vv_context_host(context, error) ? vv_manifest_load(store, error) : NULL;
    if (!cards)
        return VV_ERROR_FAILED;
    if (!cards->len) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s has no backups; 'virt-vfio rom backup' makes them",
                    store);
        return VV_ERROR_FAILED;
    }

    g_autoptr(GPtrArray) devices = vv_rom_devices(context), results = vv_rom_results_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < devices->len; i++)
        verify_device(context, devices->pdata[i], cards, seen, results);
    for (guint i = 0; i < cards->len; i++) {
        VvRomCard *card = cards->pdata[i];
        verify_files(store, card, results);
        if (!g_hash_table_contains(seen, card))
            vv_rom_results_add(results, card->identity->address, "absent", card)->detail =
                g_strdup("this host does not show the card now");
    }
    const char *verdict = verdict_of(results);
    vv_rom_results_print(context, store, verdict, results);
    return exit_code(verdict);
}
