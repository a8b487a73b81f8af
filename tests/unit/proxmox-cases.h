/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

#include "domains/proxmox.h"

/* The configurations in tests/unit/proxmox: NAME.conf, and beside it NAME.ini and NAME.report as they have to
 * come out. All are read with storage.cfg, pci.cfg and the node pve1, unless their name is here. */
static const struct {
    const char *name;
    gboolean alone;   /* with neither storage.cfg nor pci.cfg */
    gboolean no_node; /* without a node */
    gboolean pending;
} special_cases[] = {
    {"windows-gaming-alone", .alone = TRUE},
    {"igd-mapping-alone", .alone = TRUE},
    {"cluster-mapping-no-node", .no_node = TRUE},
    {"nas-hba-pending", .pending = TRUE},
};

static inline char *case_path(const char *name, const char *ending)
{
    g_autofree char *file = g_strconcat(name, ending, NULL);

    return g_build_filename(g_getenv("SOURCE_ROOT") ? g_getenv("SOURCE_ROOT") : ".", "tests/unit/proxmox",
                            file, NULL);
}

static inline char *case_text(const char *name, const char *ending)
{
    g_autofree char *path = case_path(name, ending);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("%s cannot be read", path);
    return text;
}

static inline gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted names without ".conf". */
static inline GPtrArray *case_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = case_path("", "");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(".conf")));
    g_ptr_array_sort(names, compare_names);
    return names;
}

static inline VvProxmoxText text_of(const char *path, const char *text)
{
    return (VvProxmoxText){.path = path, .text = text, .length = text ? strlen(text) : 0};
}

static inline VvProxmoxImport *import_case(const char *name)
{
    g_autofree char *config = case_text(name, ".conf"), *file = g_strconcat(name, ".conf", NULL);
    g_autofree char *storage = case_text("storage", ".cfg"), *mapping = case_text("pci", ".cfg");
    VvProxmoxSource source = {.config = text_of(file, config),
                              .storage = text_of("storage.cfg", storage),
                              .mapping = text_of("pci.cfg", mapping),
                              .node = "pve1"};
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(special_cases); i++) {
        if (!g_str_equal(special_cases[i].name, name))
            continue;
        if (special_cases[i].alone)
            source.storage.text = source.mapping.text = NULL;
        if (special_cases[i].no_node)
            source.node = NULL;
        source.pending = special_cases[i].pending;
    }
    VvProxmoxImport *import = vv_proxmox_import(&source, &error);
    assert_fine(error);
    assert_non_null(import);
    return import;
}

/* A line for each row: "12 dropped scsi0 size: sentence". */
static inline char *report_of(const VvProxmoxImport *import)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < import->rows->len; i++) {
        const VvProxmoxRow *row = import->rows->pdata[i];

        g_string_append_printf(text, "%u %s %s%s%s: %s\n", row->line, vv_proxmox_verdict_name(row->verdict),
                               row->key, row->option ? " " : "", row->option ? row->option : "", row->detail);
    }
    return g_string_free(text, FALSE);
}
