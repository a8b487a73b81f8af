/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rom-auto.h"

#include "domains/domrom.h"
#include "launcher/devices.h"
#include "launcher/present.h"
#include "launcher/rom-manifest.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

#define CLASS_DISPLAY 0x03
#define STEP "rom"

static const char *chosen_store;

void vv_rom_set_store(const char *store)
{
    chosen_store = store;
}

char *vv_rom_store(const VvContext *context)
{
    const char *store = chosen_store ? chosen_store : VV_ROM_STORE;

    return context->sysroot && !chosen_store ? g_build_filename(context->sysroot, store, NULL)
                                             : g_strdup(store);
}

void vv_rom_choice_free(VvRomChoice *choice)
{
    if (!choice)
        return;
    vv_rom_card_free(choice->card);
    if (choice->bytes)
        g_bytes_unref(choice->bytes);
    g_free(choice->trouble);
    g_free(choice);
}

static void look_for_best(VvContext *context, VvRomChoice *choice)
{
    g_autofree char *store = vv_rom_store(context);

    choice->version = vv_rom_card_best(store, choice->card, choice->device, &choice->bytes, &choice->trouble);
}

VvRomChoice *vv_rom_choose(VvContext *context, VvDevice *device, GError **error)
{
    g_autofree char *store = vv_rom_store(context);
    g_autoptr(GPtrArray) cards = NULL;

    if (!vv_rom_trusted(store, error)) {
        g_prefix_error(error, "the backups of ROMs are not used: ");
        return NULL;
    }
    cards = vv_manifest_load(store, error);
    if (!cards)
        return NULL;
    VvRomChoice *choice = g_new0(VvRomChoice, 1);
    g_autoptr(VvIdentity) identity = vv_identity_read(context->host, device);
    VvRomCard *card = vv_rom_card_find(cards, identity);
    guint index;
    choice->device = device;
    if (card && g_ptr_array_find(cards, card, &index))
        choice->card = g_ptr_array_steal_index(cards, index);
    else
        choice->card = vv_rom_card_new(context->host, device);
    look_for_best(context, choice);
    return choice;
}

gboolean vv_rom_is_ours(const VvDomainDevice *device, const VvDevice *function)
{
    return device->rom_auto && device->rombar && !device->rom_none &&
           function->class_code >> 16 == CLASS_DISPLAY &&
           (!device->rom_file || vv_rom_is_published(device->rom_file));
}

/* A backup of the card as it is now. FALSE when it cannot be read; that the bytes are no good is no error. */
static gboolean back_up(VvContext *context, VvRomChoice *choice, GError **error)
{
    g_autofree char *store = vv_rom_store(context);
    gboolean is_new, changed;
    VvRomSource source;
    g_autoptr(GBytes) bytes =
        vv_rom_read(context->host, vv_context_journal(context), choice->device, NULL, &source, error);

    if (!bytes)
        return FALSE;
    if (g_mkdir_with_parents(store, 0700) != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot make %s: %s", store, g_strerror(errno));
        return FALSE;
    }
    if (!vv_rom_card_add(store, choice->card, bytes, source, choice->device, &is_new, &changed, error) ||
        !vv_manifest_save(store, choice->card, error))
        return FALSE;
    look_for_best(context, choice);
    return TRUE;
}

/* The host's shadow of a ROM is not worth having: QEMU would read the same. What was read a moment ago has
 * not become better. */
static gboolean is_worth_reading(const VvContext *context, const VvRomChoice *choice, const VvPlan *plan)
{
    VvRomOutlook outlook = vv_rom_outlook(context->host, choice->device);

    for (guint i = 0; i < plan->steps->len; i++) {
        const VvStep *step = plan->steps->pdata[i];
        if (strcmp(step->what, STEP) == 0 && vv_address_equal(step->address, choice->device->address))
            return FALSE;
    }
    return !choice->version && (outlook == VV_ROM_OUTLOOK_CARD || outlook == VV_ROM_OUTLOOK_COPY);
}

static void read_card(VvContext *context, VvRomChoice *choice, VvPlan *plan, GError **error)
{
    gint64 before = g_get_monotonic_time();
    g_autofree char *what = g_strdup_printf("%s: its ROM is kept", choice->device->text);

    if (!back_up(context, choice, error))
        return;
    gint64 us = g_get_monotonic_time() - before;
    vv_plan_add_step(plan, STEP, &choice->device->address, us);
    vv_print_progress(context, what, us, FALSE, NULL);
}

/* Adds to `files` where QEMU finds the card's ROM, or that it has to read it itself. What goes wrong is told
 * in `ret_why` (new string). */
static void provide(VvContext *context, VvDevice *device, VvPlan *plan, GHashTable *files, char **ret_why)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvRomChoice) choice = vv_rom_choose(context, device, &problem);
    g_autofree char *path = choice ? vv_rom_published_path(choice->card) : NULL;

    if (choice && is_worth_reading(context, choice, plan))
        read_card(context, choice, plan, &problem);
    if (choice && choice->version && vv_rom_publish(path, choice->bytes, &problem)) {
        vv_domain_roms_add(files, device->address, g_steal_pointer(&path));
        return;
    }
    vv_domain_roms_add(files, device->address, NULL);
    if (problem)
        *ret_why = g_strdup(problem->message);
    else if (choice && choice->trouble)
        *ret_why = g_strdup_printf("no good ROM: %s", choice->trouble);
}

static char *set_roms(const char *xml, gsize length, gpointer files, GError **error)
{
    return vv_domain_set_roms(xml, length, files, error);
}

/* `late`: whatever is missing now, QEMU has to do without, so it is told. */
static gboolean prepare(VvContext *context, const VvDomain *domain, VvPlan *plan, gboolean late,
                        GError **error)
{
    g_autoptr(GHashTable) files = vv_domain_roms_new();

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        VvDevice *function = vv_host_find(context->host, device->host);
        g_autofree char *why = NULL;
        if (!function || !vv_rom_is_ours(device, function))
            continue;
        provide(context, function, plan, files, &why);
        if (why && late)
            fprintf(stderr, "virt-vfio: note: %s: QEMU reads its ROM from the card: %s\n", function->text,
                    why);
    }
    return g_hash_table_size(files) == 0 ||
           vv_context_change_domain(context, domain->uuid, set_roms, files, error);
}

gboolean vv_rom_prepare(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error)
{
    return prepare(context, domain, plan, FALSE, error);
}

void vv_rom_prepare_late(VvContext *context, const VvDomain *domain, VvPlan *plan)
{
    g_autoptr(GError) problem = NULL;

    if (!prepare(context, domain, plan, TRUE, &problem))
        fprintf(stderr, "virt-vfio: note: QEMU reads ROMs from the cards: %s\n", problem->message);
}
