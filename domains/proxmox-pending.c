/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

static VvPveSection *pending_of(const VvPve *pve)
{
    for (guint i = 0; i < pve->file->sections->len; i++) {
        VvPveSection *section = pve->file->sections->pdata[i];

        /* Any case: what the tool that wrote it says is PENDING. */
        if (g_ascii_strcasecmp(section->name, "PENDING") == 0)
            return section;
    }
    return NULL;
}

/* "hostpci1,!net1": '!' asks to unplug it by force. */
static char **deleted_keys(const char *value)
{
    g_auto(GStrv) parts = g_strsplit_set(value, ",; \t", 1000);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (char **part = parts; *part; part++) {
        const char *name = **part == '!' ? *part + 1 : *part;
        if (*name)
            g_strv_builder_add(builder, name);
    }
    return g_strv_builder_end(builder);
}

/* The report says that `change` is why, and `how`. */
static void remove_key(VvPve *pve, const char *name, const VvPveKey *change, const char *how)
{
    VvPveKey *key = vv_pve_key(pve->file->main, name);

    if (!key)
        return;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_PENDING, "line %u %s", change->line, how);
    g_ptr_array_remove(pve->file->main->keys, key);
}

static void delete_keys(VvPve *pve, const VvPveKey *change)
{
    g_auto(GStrv) names = deleted_keys(change->value);

    for (char **name = names; *name; name++)
        remove_key(pve, *name, change, "takes it away");
    vv_pve_say(pve, change, NULL, VV_PROXMOX_PENDING, "applied: without %s", change->value);
}

/* The keys of [PENDING] are few; a hostile file's many are not worth looking for one by one. */
#define MAX_PENDING 1000

gboolean vv_pve_apply_pending(VvPve *pve, GError **error)
{
    VvPveSection *pending = pending_of(pve);

    if (!pve->source->pending || !pending)
        return TRUE;
    if (pending->keys->len > MAX_PENDING)
        return vv_pve_error_at(error, pve->file->path, pending->line, "more than %d pending changes",
                               MAX_PENDING);
    for (guint i = 0; i < pending->keys->len; i++)
        if (g_str_equal(((const VvPveKey *)pending->keys->pdata[i])->name, "delete"))
            delete_keys(pve, pending->keys->pdata[i]);
    for (guint i = 0; i < pending->keys->len; i++) {
        const VvPveKey *change = pending->keys->pdata[i];
        VvPveKey *key = NULL;

        if (g_str_equal(change->name, "delete"))
            continue;
        remove_key(pve, change->name, change, "comes in its place");
        key = g_memdup2(change, sizeof *change);
        key->name = g_strdup(change->name);
        key->value = g_strdup(change->value);
        g_ptr_array_add(pve->file->main->keys, key);
        vv_pve_say(pve, change, NULL, VV_PROXMOX_PENDING, "applied: %s", change->value);
    }
    return TRUE;
}

static void report_pending(VvPve *pve, const VvPveSection *section)
{
    for (guint i = 0; i < section->keys->len; i++) {
        const VvPveKey *key = section->keys->pdata[i];

        if (g_str_equal(key->name, "delete"))
            vv_pve_say(pve, key, NULL, VV_PROXMOX_PENDING,
                       "at the next start Proxmox would take away: %s; --pending does so here", key->value);
        else
            vv_pve_say(pve, key, NULL, VV_PROXMOX_PENDING,
                       "at the next start Proxmox would set it to '%s'; --pending does so here", key->value);
    }
}

static void report_section(VvPve *pve, const VvPveSection *section)
{
    g_autofree char *name = g_strdup_printf("[%s]", section->name);
    const VvPveKey key = {.line = section->line, .name = name};

    if (g_str_has_prefix(section->name, "special:"))
        vv_pve_say(pve, &key, NULL, VV_PROXMOX_DROPPED, "only Proxmox's own business");
    else
        vv_pve_say(pve, &key, NULL, VV_PROXMOX_DROPPED,
                   "a snapshot stays with Proxmox%s; the disks are taken as they are now",
                   vv_pve_key(section, "vmstate") ? ", and so does its memory" : "");
}

void vv_pve_handle_sections(VvPve *pve)
{
    const VvPveSection *pending = pending_of(pve);

    for (guint i = 0; i < pve->file->sections->len; i++) {
        const VvPveSection *section = pve->file->sections->pdata[i];

        if (section != pending)
            report_section(pve, section);
        else if (!pve->source->pending)
            report_pending(pve, section);
    }
}
