/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-parse.h"

#include <string.h>

void vv_pve_key_free(gpointer data)
{
    VvPveKey *key = data;

    g_free(key->name);
    g_free(key->value);
    g_free(key);
}

static void section_free(gpointer data)
{
    VvPveSection *section = data;

    if (!section)
        return;
    g_free(section->name);
    g_ptr_array_unref(section->keys);
    g_free(section);
}

static VvPveSection *section_new(const char *name, guint line)
{
    VvPveSection *section = g_new0(VvPveSection, 1);

    section->name = g_strdup(name);
    section->line = line;
    section->keys = g_ptr_array_new_with_free_func(vv_pve_key_free);
    return section;
}

void vv_pve_file_free(VvPveFile *file)
{
    if (!file)
        return;
    g_free(file->path);
    g_free(file->description);
    section_free(file->main);
    g_ptr_array_unref(file->sections);
    g_free(file);
}

VvPveKey *vv_pve_key(const VvPveSection *section, const char *name)
{
    for (guint i = 0; i < section->keys->len; i++) {
        VvPveKey *key = section->keys->pdata[i];

        if (g_str_equal(key->name, name))
            return key;
    }
    return NULL;
}

typedef struct {
    VvPveFile *file;
    VvPveSection *section;
    GHashTable *names; /* of the keys of this section: name -> line */
    GString *description;
    guint line;
} Scan;

/* What only containers have (pct.conf(5)). */
static gboolean is_of_container(const char *line)
{
    static const char *const words[] = {
        "lxc.", "rootfs:", "unprivileged:", "hostname:", "features:", "swap:", "cmode:", "mp0:"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(line, words[i]))
            return TRUE;
    return FALSE;
}

static void scan_comment(Scan *scan, const char *text)
{
    /* vzdump writes where each drive was into the copy of the configuration in a backup. */
    if (g_str_has_prefix(text, "qmdump#") || g_str_has_prefix(text, "vzdump#")) {
        if (!scan->file->backup_line)
            scan->file->backup_line = scan->line;
        return;
    }
    if (scan->section != scan->file->main)
        return;
    if (!scan->file->description_line)
        scan->file->description_line = scan->line;
    g_string_append(scan->description, text);
    g_string_append_c(scan->description, '\n');
}

static gboolean scan_section(Scan *scan, const char *text, GError **error)
{
    const char *end = strchr(text, ']');
    g_autofree char *name = end ? g_strndup(text + 1, (gsize)(end - text - 1)) : NULL;

    if (!end || end[1] || !*name)
        return vv_pve_error_at(error, scan->file->path, scan->line,
                               "a section is written [PENDING] or [SNAPSHOT]");
    for (guint i = 0; i < scan->file->sections->len; i++) {
        const VvPveSection *before = scan->file->sections->pdata[i];

        if (g_str_equal(before->name, name))
            return vv_pve_error_at(error, scan->file->path, scan->line,
                                   "[%s] is there twice, first on line %u", name, before->line);
    }
    /* Looking through them for each new one must stay quick. */
    if (scan->file->sections->len >= 1000)
        return vv_pve_error_at(error, scan->file->path, scan->line, "more than 1000 sections");
    scan->section = section_new(name, scan->line);
    g_ptr_array_add(scan->file->sections, scan->section);
    g_hash_table_remove_all(scan->names);
    return TRUE;
}

static gboolean scan_key(Scan *scan, char *text, GError **error)
{
    gsize length = strspn(text, G_CSET_a_2_z "_-");
    VvPveKey *key;
    guint before;

    length += strspn(text + length, G_CSET_DIGITS);
    if (!g_ascii_islower(*text) || text[length] != ':')
        return vv_pve_error_at(error, scan->file->path, scan->line, "not a line of the form 'key: value'");
    text[length] = '\0';
    if (!*g_strstrip(text + length + 1))
        return vv_pve_error_at(error, scan->file->path, scan->line, "%s: has no value", text);
    before = GPOINTER_TO_UINT(g_hash_table_lookup(scan->names, text));
    if (before)
        return vv_pve_error_at(error, scan->file->path, scan->line, "%s: is there twice, first on line %u",
                               text, before);
    key = g_new0(VvPveKey, 1);
    key->line = scan->line;
    key->name = g_strdup(text);
    key->value = g_strdup(text + length + 1);
    g_ptr_array_add(scan->section->keys, key);
    g_hash_table_insert(scan->names, key->name, GUINT_TO_POINTER(scan->line));
    return TRUE;
}

static gboolean scan_line(Scan *scan, char *text, GError **error)
{
    gboolean first = !scan->section->keys->len && !scan->file->sections->len;

    if (*text == '#') {
        scan_comment(scan, g_strchomp(text) + 1);
        return TRUE;
    }
    if (!*g_strchomp(text))
        return TRUE;
    if (first && (*text == '{' || *text == '<'))
        return vv_pve_error_at(
            error, scan->file->path, scan->line,
            *text == '{' ? "this is JSON; import reads the file /etc/pve/qemu-server/VMID.conf itself, "
                           "or what 'qm config VMID' prints"
                         : "this is XML; import reads Proxmox VE configurations, and libvirt domains "
                           "need no import: virt-vfio attach");
    if (is_of_container(text) && scan->section == scan->file->main)
        return vv_pve_error_at(error, scan->file->path, scan->line,
                               "this is the configuration of a container (LXC), not of a virtual machine; "
                               "containers use the host's kernel and its drivers");
    return *text == '[' ? scan_section(scan, text, error) : scan_key(scan, text, error);
}

VvPveFile *vv_pve_parse(const char *path, const char *text, gsize length, GError **error)
{
    g_autoptr(VvPveFile) file = NULL;
    g_autoptr(GString) description = g_string_new(NULL);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    Scan scan = {.names = names, .description = description, .line = 1};

    if (!vv_pve_check_text(path, text, length, error))
        return NULL;
    file = g_new0(VvPveFile, 1);
    file->path = g_strdup(path);
    file->main = section_new(NULL, 0);
    file->sections = g_ptr_array_new_with_free_func(section_free);
    scan.file = file;
    scan.section = file->main;
    for (const char *start = text, *end = text + length; start < end; scan.line++) {
        const char *stop = memchr(start, '\n', (gsize)(end - start));
        g_autofree char *line = g_strndup(start, (gsize)((stop ? stop : end) - start));

        if (!scan_line(&scan, line, error))
            return NULL;
        start = stop ? stop + 1 : end;
    }
    if (description->len) {
        file->description = g_strndup(description->str, description->len - 1);
        if (!vv_pve_decode(file->description)) {
            vv_pve_error_at(error, path, file->description_line, "the description is not UTF-8");
            return NULL;
        }
    }
    return g_steal_pointer(&file);
}
