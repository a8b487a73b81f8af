/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"
#include "domains/proxmox.h"
#include "launcher/command.h"
#include "launcher/json.h"
#include "vfio/error.h"
#include "vfio/rom.h"

#include <stdio.h>
#include <string.h>

static char *storage, *mapping, *node, *output;
static gboolean pending, replace;

const GOptionEntry vv_import_options[] = {
    {"storage", 0, 0, G_OPTION_ARG_FILENAME, &storage, "Proxmox's storage.cfg: where the disks are", "FILE"},
    {"mapping", 0, 0, G_OPTION_ARG_FILENAME, &mapping, "Proxmox's mapping/pci.cfg: what mapping= means",
     "FILE"},
    {"node", 0, 0, G_OPTION_ARG_STRING, &node, "Whose devices a mapping means", "NAME"},
    {"pending", 0, 0, G_OPTION_ARG_NONE, &pending, "Apply what Proxmox would apply at the next start", NULL},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write the VM file (standard output)",
     "FILE"},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {0},
};

/* Owned by the caller through *ret_text. */
static gboolean read_text(const char *path, VvProxmoxText *text, char **ret_text, GError **error)
{
    if (!path)
        return TRUE;
    text->path = path;
    text->text = *ret_text = vv_ini_read_file(path, &text->length, error);
    return text->text != NULL;
}

static void print_rows(const GPtrArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        const VvProxmoxRow *row = rows->pdata[i];
        g_autofree char *line = row->line ? g_strdup_printf("%u", row->line) : g_strdup("-");

        fprintf(stderr, "%4s  %-10s  %s%s%s: %s\n", line, vv_proxmox_verdict_name(row->verdict), row->key,
                row->option ? " " : "", row->option ? row->option : "", row->detail);
    }
}

static void print_summary(const GPtrArray *rows)
{
    guint counts[VV_PROXMOX_UNKNOWN + 1] = {0};

    for (guint i = 0; i < rows->len; i++)
        counts[((const VvProxmoxRow *)rows->pdata[i])->verdict]++;
    fprintf(stderr, "%u kept, %u translated, %u dropped, %u pending, %u unknown\n", counts[VV_PROXMOX_KEPT],
            counts[VV_PROXMOX_TRANSLATED], counts[VV_PROXMOX_DROPPED], counts[VV_PROXMOX_PENDING],
            counts[VV_PROXMOX_UNKNOWN]);
}

static void print_json(const VvProxmoxImport *import)
{
    json_object *object = json_object_new_object(), *rows = json_object_new_array();

    for (guint i = 0; i < import->rows->len; i++) {
        const VvProxmoxRow *row = import->rows->pdata[i];
        json_object *line = json_object_new_object();

        json_object_object_add(line, "line", row->line ? json_object_new_int64(row->line) : NULL);
        json_object_object_add(line, "key", vv_json_text(row->key));
        json_object_object_add(line, "option", vv_json_text(row->option));
        json_object_object_add(line, "verdict", vv_json_text(vv_proxmox_verdict_name(row->verdict)));
        json_object_object_add(line, "detail", vv_json_text(row->detail));
        json_object_array_add(rows, line);
    }
    json_object_object_add(object, "name", vv_json_text(import->vm->name));
    json_object_object_add(object, "output", vv_json_text(output));
    json_object_object_add(object, "file", vv_json_text(import->text));
    json_object_object_add(object, "report", rows);
    vv_json_print(object);
}

static gboolean write_output(const char *text, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));

    return !output || vv_rom_write_file(output, bytes, replace, error);
}

int vv_verb_import(VvContext *context, char **words, GError **error)
{
    g_autofree char *config_text = NULL, *storage_text = NULL, *mapping_text = NULL;
    VvProxmoxSource source = {.node = node, .pending = pending};

    if (replace && !output) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "import: --replace is of no use without -o FILE");
        return VV_ERROR_USAGE;
    }
    if (!read_text(words[0], &source.config, &config_text, error) ||
        !read_text(storage, &source.storage, &storage_text, error) ||
        !read_text(mapping, &source.mapping, &mapping_text, error))
        return VV_ERROR_USAGE;
    g_autoptr(VvProxmoxImport) import = vv_proxmox_import(&source, error);
    if (!import)
        return VV_ERROR_USAGE;
    if (!write_output(import->text, error))
        return VV_ERROR_FAILED;
    if (context->json) {
        print_json(import);
        return 0;
    }
    if (!output)
        fputs(import->text, stdout);
    fflush(stdout); /* before the report where both are one terminal */
    print_rows(import->rows);
    print_summary(import->rows);
    return 0;
}
