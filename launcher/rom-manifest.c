/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rom-manifest.h"

#include "launcher/json.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

#define MANIFEST "manifest.json"
/* Far more than a hundred years of daily changes. */
#define MANIFEST_MAX (16 << 20)

json_object *vv_manifest_version(const VvRomVersion *version)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "file", vv_json_text(version->file));
    json_object_object_add(object, "date", vv_json_text(version->date));
    json_object_object_add(object, "last_seen", vv_json_text(version->last_seen));
    json_object_object_add(object, "source", vv_json_text(vv_rom_source_word(version->source)));
    json_object_object_add(object, "size", json_object_new_int64((gint64)version->size));
    json_object_object_add(object, "sha256", vv_json_text(version->sha256));
    json_object_object_add(object, "verdict", vv_json_text(version->verdict));
    json_object_object_add(object, "efi", json_object_new_boolean(version->efi));
    return object;
}

static void add_hex(json_object *object, const char *key, guint32 value, int digits)
{
    g_autofree char *text = g_strdup_printf("%0*x", digits, value);

    json_object_object_add(object, key, vv_json_text(text));
}

static json_object *json_identity(const VvIdentity *identity)
{
    json_object *object = json_object_new_object();
    g_autofree char *dsn =
        identity->dsn ? g_strdup_printf("%016" G_GINT64_MODIFIER "x", identity->dsn) : NULL;

    json_object_object_add(object, "address", vv_json_address(identity->address));
    add_hex(object, "vendor", identity->vendor, 4);
    add_hex(object, "device", identity->device, 4);
    add_hex(object, "subsystem_vendor", identity->subsystem_vendor, 4);
    add_hex(object, "subsystem_device", identity->subsystem_device, 4);
    add_hex(object, "class", identity->class_code, 6);
    json_object_object_add(object, "serial", vv_json_text(identity->serial));
    json_object_object_add(object, "mac", vv_json_text(identity->mac));
    json_object_object_add(object, "dsn", vv_json_text(dsn));
    return object;
}

gboolean vv_manifest_save(const char *store, const VvRomCard *card, GError **error)
{
    g_autofree char *path = g_build_filename(store, card->folder, MANIFEST, NULL);
    json_object *object = json_object_new_object(), *roms = json_object_new_array();

    for (guint i = 0; i < card->versions->len; i++)
        json_object_array_add(roms, vv_manifest_version(card->versions->pdata[i]));
    json_object_object_add(object, "version", json_object_new_int(1));
    json_object_object_add(object, "name", vv_json_text(card->name));
    json_object_object_add(object, "identity", json_identity(card->identity));
    json_object_object_add(object, "roms", roms);
    g_autofree char *text = g_strconcat(
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE),
        "\n", NULL);
    json_object_put(object);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return vv_rom_write_file(path, bytes, TRUE, error);
}

/* NULL where it is no string, too. */
static const char *text_of(json_object *object, const char *key)
{
    json_object *value;

    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

static gboolean read_hex(json_object *object, const char *key, guint64 most, guint64 *ret)
{
    const char *text = text_of(object, key);

    return text && g_ascii_string_to_unsigned(text, 16, 0, most, ret, NULL);
}

static VvIdentity *read_identity(json_object *object)
{
    g_autoptr(VvIdentity) identity = g_new0(VvIdentity, 1);
    const char *address = text_of(object, "address"), *serial = text_of(object, "serial"),
               *mac = text_of(object, "mac");
    guint64 ids[5];

    if (!address || !vv_address_parse(address, &identity->address, NULL) ||
        !read_hex(object, "vendor", 0xffff, &ids[0]) || !read_hex(object, "device", 0xffff, &ids[1]) ||
        !read_hex(object, "subsystem_vendor", 0xffff, &ids[2]) ||
        !read_hex(object, "subsystem_device", 0xffff, &ids[3]) ||
        !read_hex(object, "class", 0xffffff, &ids[4]) || (serial && !vv_identity_serial_valid(serial)) ||
        (mac && !vv_identity_mac_valid(mac)))
        return NULL;
    if (text_of(object, "dsn") && !read_hex(object, "dsn", G_MAXUINT64, &identity->dsn))
        return NULL;
    identity->vendor = (guint16)ids[0];
    identity->device = (guint16)ids[1];
    identity->subsystem_vendor = (guint16)ids[2];
    identity->subsystem_device = (guint16)ids[3];
    identity->class_code = (guint32)ids[4];
    identity->serial = g_strdup(serial);
    identity->mac = g_strdup(mac);
    return g_steal_pointer(&identity);
}

/* It becomes part of a path. */
static gboolean is_file_name(const char *text)
{
    return text && *text && *text != '.' && !strchr(text, '/') && strlen(text) < 200;
}

static gboolean is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean is_shown(const char *text)
{
    return text && *text && strlen(text) < 200 && g_utf8_validate(text, -1, NULL) &&
           !strpbrk(text, "\x1b\n\r\t");
}

static VvRomVersion *read_version(json_object *object)
{
    const char *file = text_of(object, "file"), *date = text_of(object, "date"),
               *seen = text_of(object, "last_seen"), *source = text_of(object, "source"),
               *hash = text_of(object, "sha256"), *verdict = text_of(object, "verdict");
    json_object *size, *efi;
    VvRomSource from;

    if (!is_file_name(file) || !is_hash(hash) || !is_shown(date) || !is_shown(seen) || !is_shown(verdict) ||
        !source || !vv_rom_source_parse(source, &from) || !json_object_object_get_ex(object, "size", &size))
        return NULL;
    VvRomVersion *version = g_new0(VvRomVersion, 1);
    version->file = g_strdup(file);
    version->date = g_strdup(date);
    version->last_seen = g_strdup(seen);
    version->source = from;
    version->size = (gsize)json_object_get_int64(size);
    version->sha256 = g_strdup(hash);
    version->verdict = g_strdup(verdict);
    version->efi = json_object_object_get_ex(object, "efi", &efi) && json_object_get_boolean(efi);
    return version;
}

static gboolean read_card(json_object *object, VvRomCard *card)
{
    json_object *identity, *roms;

    if (!json_object_object_get_ex(object, "identity", &identity) ||
        !json_object_object_get_ex(object, "roms", &roms) || !json_object_is_type(roms, json_type_array))
        return FALSE;
    card->identity = read_identity(identity);
    card->name = g_strdup(is_shown(text_of(object, "name")) ? text_of(object, "name") : "unknown");
    card->versions = g_ptr_array_new_with_free_func((GDestroyNotify)vv_rom_version_free);
    for (gsize i = 0; i < json_object_array_length(roms); i++) {
        VvRomVersion *version = read_version(json_object_array_get_idx(roms, i));
        if (!version)
            return FALSE;
        g_ptr_array_add(card->versions, version);
    }
    return card->identity != NULL;
}

/* NULL without an error: the folder has no manifest, so it is none of ours, or was not finished. */
static VvRomCard *load_card(const char *store, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(store, folder, MANIFEST, NULL), *text = NULL;
    g_autoptr(VvRomCard) card = g_new0(VvRomCard, 1);
    g_autoptr(GError) problem = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &problem)) {
        if (!g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT) &&
            !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path, problem->message);
        return NULL;
    }
    json_object *object = length < MANIFEST_MAX ? json_tokener_parse(text) : NULL;
    gboolean ok = object && read_card(object, card);
    json_object_put(object);
    card->folder = g_strdup(folder);
    if (ok)
        return g_steal_pointer(&card);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s is not a manifest of ROMs, or is damaged", path);
    return NULL;
}

static int compare_cards(gconstpointer a, gconstpointer b)
{
    return strcmp((*(VvRomCard *const *)a)->folder, (*(VvRomCard *const *)b)->folder);
}

GPtrArray *vv_manifest_load(const char *store, GError **error)
{
    g_autoptr(GPtrArray) cards = g_ptr_array_new_with_free_func((GDestroyNotify)vv_rom_card_free);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) dir = g_dir_open(store, 0, &problem);

    if (problem && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", store, problem->message);
        return NULL;
    }
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        GError *trouble = NULL;
        VvRomCard *card = load_card(store, name, &trouble);
        if (card)
            g_ptr_array_add(cards, card);
        if (trouble) {
            g_propagate_error(error, trouble);
            return NULL;
        }
    }
    g_ptr_array_sort(cards, compare_cards);
    return g_steal_pointer(&cards);
}
