/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rom-cards.h"

#include "launcher/json.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

static void result_free(gpointer data)
{
    VvRomResult *result = data;

    g_free(result->folder);
    g_free(result->detail);
    g_free(result);
}

GPtrArray *vv_rom_results_new(void)
{
    return g_ptr_array_new_with_free_func(result_free);
}

VvRomResult *vv_rom_results_add(GPtrArray *results, VvAddress address, const char *state,
                                const VvRomCard *card)
{
    VvRomResult *result = g_new0(VvRomResult, 1);

    result->address = address;
    result->state = state;
    result->folder = card ? g_strdup(card->folder) : NULL;
    g_ptr_array_add(results, result);
    return result;
}

void vv_rom_results_add_error(GPtrArray *results, const VvDevice *device, const VvRomCard *card,
                              GError *problem)
{
    gboolean refused = g_error_matches(problem, VV_ERROR, VV_ERROR_REFUSED);
    VvRomResult *result = vv_rom_results_add(results, device->address, refused ? "refused" : "failed", card);

    result->detail = g_strdup(problem->message);
    g_error_free(problem);
}

gboolean vv_rom_results_have(const GPtrArray *results, const char *state)
{
    for (guint i = 0; i < results->len; i++)
        if (strcmp(((const VvRomResult *)results->pdata[i])->state, state) == 0)
            return TRUE;
    return FALSE;
}

static void print_text(const VvRomResult *result)
{
    char address[VV_ADDRESS_TEXT];

    printf("  %s  %-10s %s", vv_address_format(result->address, address), result->state,
           result->folder ? result->folder : "");
    if (result->version)
        printf("  %s: %zu bytes from %s, %s%s, sha256 %.16s…", result->version->file, result->version->size,
               vv_rom_source_word(result->version->source), result->version->verdict,
               result->version->efi ? ", EFI" : "", result->version->sha256);
    puts("");
    if (result->detail)
        printf("      %s\n", result->detail);
}

static json_object *json_result(const VvRomResult *result)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "address", vv_json_address(result->address));
    json_object_object_add(object, "state", vv_json_text(result->state));
    json_object_object_add(object, "folder", vv_json_text(result->folder));
    json_object_object_add(object, "detail", vv_json_text(result->detail));
    json_object_object_add(object, "rom", result->version ? vv_manifest_version(result->version) : NULL);
    return object;
}

void vv_rom_results_print(const VvContext *context, const char *store, const char *verdict,
                          const GPtrArray *results)
{
    if (context->json) {
        json_object *object = json_object_new_object(), *cards = json_object_new_array();
        for (guint i = 0; i < results->len; i++)
            json_object_array_add(cards, json_result(results->pdata[i]));
        json_object_object_add(object, "store", vv_json_text(store));
        json_object_object_add(object, "verdict", vv_json_text(verdict));
        json_object_object_add(object, "cards", cards);
        vv_json_print(object);
        return;
    }
    for (guint i = 0; i < results->len; i++)
        print_text(results->pdata[i]);
    printf("%s: %s\n", store, verdict);
}

GPtrArray *vv_rom_devices(VvContext *context)
{
    const GPtrArray *all = vv_host_devices(context->host);
    GPtrArray *devices = g_ptr_array_new();

    for (guint i = 0; i < all->len; i++)
        if (vv_rom_outlook(context->host, all->pdata[i]) != VV_ROM_OUTLOOK_NONE)
            g_ptr_array_add(devices, all->pdata[i]);
    return devices;
}
