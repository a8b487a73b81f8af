/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/rom-cards.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

static char **allow;

const GOptionEntry vv_rom_backup_options[] = {
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Read cards although the host uses them so",
     "CODE[=ADDRESS]"},
    {0},
};

/* The words before the folder, or all of them when the last is an address, too. */
static GPtrArray *named_devices(VvContext *context, char **words, guint count, GError **error)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();

    for (guint i = 0; i < count; i++) {
        g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
        if (!vv_selector_parse(words[i], selectors, error))
            return NULL;
        for (guint s = 0; s < selectors->len; s++)
            if (!vv_host_select(context->host, g_array_index(selectors, VvSelector, s), devices)) {
                g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                            "not-found: there is no PCI function at %s; 'virt-vfio list' shows what is there",
                            words[i]);
                return NULL;
            }
    }
    return g_steal_pointer(&devices);
}

/* Saves one card: its ROM, then the manifest that names it. */
static void back_up(VvContext *context, const char *store, GPtrArray *cards, VvDevice *device,
                    GPtrArray *results)
{
    const VvRomReadOptions options = {NULL, (const char *const *)allow};
    g_autoptr(VvIdentity) identity = vv_identity_read(context->host, device);
    VvRomCard *card = vv_rom_card_find(cards, identity);
    GError *problem = NULL;
    gboolean is_new, changed;
    VvRomSource source;
    g_autoptr(GBytes) bytes =
        vv_rom_read(context->host, vv_context_journal(context), device, &options, &source, &problem);

    if (bytes && !card) {
        card = vv_rom_card_new(context->host, device);
        g_ptr_array_add(cards, card);
    }
    if (!bytes || !vv_rom_card_add(store, card, bytes, source, device, &is_new, &changed, &problem) ||
        !vv_manifest_save(store, card, &problem)) {
        vv_rom_results_add_error(results, device, card, problem);
        return;
    }
    VvRomResult *result = vv_rom_results_add(results, device->address,
                                             changed  ? "changed"
                                             : is_new ? "saved"
                                                      : "unchanged",
                                             card);
    result->version = vv_rom_card_newest(card, source);
    if (changed)
        result->detail = g_strdup("its ROM is another one than in the last backup, which is kept");
    else if (strcmp(result->version->verdict, "good") != 0)
        result->detail =
            g_strdup_printf("it is not good as it is; look at it with 'virt-vfio rom check %s/%s/%s'", store,
                            card->folder, result->version->file);
    else
        result->detail = g_strdup(vv_rom_source_meaning(source));
}

static int exit_code(const GPtrArray *results, gboolean named)
{
    if (vv_rom_results_have(results, "failed"))
        return VV_ERROR_FAILED;
    return named && vv_rom_results_have(results, "refused") ? VV_ERROR_REFUSED : 0;
}

int vv_verb_rom_backup(VvContext *context, char **words, GError **error)
{
    guint count = g_strv_length(words);
    VvAddress unused;
    g_autoptr(GArray) last = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    gboolean has_folder = count && !vv_address_parse(words[count - 1], &unused, NULL) &&
                          !vv_selector_parse(words[count - 1], last, NULL);
    const char *store = has_folder ? words[count - 1] : VV_ROM_STORE;
    guint named = has_folder ? count - 1 : count;

    if (!vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    g_autoptr(GPtrArray) cards = vv_context_host(context, error) ? vv_manifest_load(store, error) : NULL;
    g_autoptr(GPtrArray) devices = !cards  ? NULL
                                   : named ? named_devices(context, words, named, error)
                                           : vv_rom_devices(context);
    if (!devices)
        return VV_ERROR_FAILED;
    if (g_mkdir_with_parents(store, 0700) != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot make %s: %s", store, g_strerror(errno));
        return VV_ERROR_FAILED;
    }

    g_autoptr(GPtrArray) results = vv_rom_results_new();
    for (guint i = 0; i < devices->len; i++)
        back_up(context, store, cards, devices->pdata[i], results);
    int code = exit_code(results, named > 0);
    vv_rom_results_print(context, store,
                         code == VV_ERROR_FAILED                   ? "failed"
                         : vv_rom_results_have(results, "refused") ? "partial"
                         : vv_rom_results_have(results, "changed") ? "changed"
                                                                   : "saved",
                         results);
    return code;
}
