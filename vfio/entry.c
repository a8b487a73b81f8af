/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/entry.h"

#include <stddef.h>
#include <string.h>

#define SECTION "device"

static const char *const state_names[] = {"taking", "taken", "returning", "stuck", "quarantined"};

const char *vv_state_name(VvState state)
{
    return state_names[state];
}

VvEntry *vv_entry_new(VvAddress address, const char *owner, const char *owner_name)
{
    VvEntry *entry = g_new0(VvEntry, 1);

    entry->address = address;
    entry->owner = g_strdup(owner);
    entry->owner_name = g_strdup(owner_name);
    entry->since = g_get_real_time() / G_USEC_PER_SEC;
    return entry;
}

void vv_entry_free(VvEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->owner);
    g_free(entry->owner_name);
    g_free(entry->driver);
    g_free(entry->override);
    g_free(entry->power);
    g_free(entry->d3cold);
    g_free(entry->consoles);
    g_free(entry->reset);
    g_free(entry->ids);
    g_free(entry->place);
    g_free(entry->note);
    g_free(entry);
}

/* The texts of an entry, all optional. */
static const struct {
    const char *key;
    gsize offset;
} texts[] = {
    {"owner-name", offsetof(VvEntry, owner_name)}, {"driver", offsetof(VvEntry, driver)},
    {"override", offsetof(VvEntry, override)},     {"power", offsetof(VvEntry, power)},
    {"d3cold", offsetof(VvEntry, d3cold)},         {"consoles", offsetof(VvEntry, consoles)},
    {"reset", offsetof(VvEntry, reset)},           {"ids", offsetof(VvEntry, ids)},
    {"place", offsetof(VvEntry, place)},           {"note", offsetof(VvEntry, note)},
};

char *vv_entry_to_text(const VvEntry *entry, gsize *ret_length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, SECTION, "state", vv_state_name(entry->state));
    g_key_file_set_string(file, SECTION, "owner", entry->owner);
    g_key_file_set_int64(file, SECTION, "since", entry->since);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = G_STRUCT_MEMBER(char *, entry, texts[i].offset);
        if (text)
            g_key_file_set_string(file, SECTION, texts[i].key, text);
    }
    if (entry->by.pid) {
        g_key_file_set_integer(file, SECTION, "pid", entry->by.pid);
        g_key_file_set_uint64(file, SECTION, "started", entry->by.started);
    }
    return g_key_file_to_data(file, ret_length, NULL);
}

static gboolean is_missing(const GError *problem)
{
    return g_error_matches(problem, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND);
}

/* A key may be missing, but if it is there it must be readable: half a record of what was before would leave
 * the device with nobody. */
static gboolean read_texts(GKeyFile *file, VvEntry *entry)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) problem = NULL;
        G_STRUCT_MEMBER(char *, entry, texts[i].offset) =
            g_key_file_get_string(file, SECTION, texts[i].key, &problem);
        if (problem && !is_missing(problem))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_process(GKeyFile *file, VvEntry *entry)
{
    g_autoptr(GError) problem = NULL;

    entry->by.pid = g_key_file_get_integer(file, SECTION, "pid", &problem);
    if (problem)
        return is_missing(problem);
    entry->by.started = g_key_file_get_uint64(file, SECTION, "started", &problem);
    return !problem;
}

static gboolean read_state(const char *name, VvState *ret)
{
    for (guint i = 0; name && i < G_N_ELEMENTS(state_names); i++)
        if (strcmp(state_names[i], name) == 0) {
            *ret = (VvState)i;
            return TRUE;
        }
    return FALSE;
}

VvEntry *vv_entry_from_text(VvAddress address, const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return NULL;
    g_autofree char *state = g_key_file_get_string(file, SECTION, "state", NULL);
    g_autofree char *owner = g_key_file_get_string(file, SECTION, "owner", NULL);
    g_autoptr(VvEntry) entry = owner ? vv_entry_new(address, owner, NULL) : NULL;
    if (!entry || !read_state(state, &entry->state))
        return NULL;
    entry->since = g_key_file_get_int64(file, SECTION, "since", &problem);
    return !problem && read_texts(file, entry) && read_process(file, entry) ? g_steal_pointer(&entry) : NULL;
}
