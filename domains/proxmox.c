/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include "vfio/error.h"

#include <string.h>

static void row_free(gpointer data)
{
    VvProxmoxRow *row = data;

    g_free(row->key);
    g_free(row->option);
    g_free(row->detail);
    g_free(row);
}

void vv_proxmox_import_free(VvProxmoxImport *import)
{
    if (!import)
        return;
    vv_vm_free(import->vm);
    g_clear_pointer(&import->rows, g_ptr_array_unref);
    g_free(import->text);
    g_free(import);
}

static void pve_clear(VvPve *pve)
{
    vv_pve_file_free(pve->file);
    vv_pve_blocks_free(pve->storage);
    vv_pve_blocks_free(pve->mapping);
    vv_vm_free(pve->vm);
    g_clear_pointer(&pve->rows, g_ptr_array_unref);
    vv_vm_free(pve->left_out_vm);
    g_clear_pointer(&pve->left_out, g_ptr_array_unref);
    g_hash_table_unref(pve->handled);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvPve, pve_clear)

static gboolean read_blocks(const VvProxmoxText *text, VvPveBlocks **ret, GError **error)
{
    if (!text->text)
        return TRUE;
    *ret = vv_pve_blocks_parse(text->path, text->text, text->length, error);
    return *ret != NULL;
}

static gboolean read_source(VvPve *pve, GError **error)
{
    const VvProxmoxText *config = &pve->source->config;

    pve->file = vv_pve_parse(config->path, config->text, config->length, error);
    if (!pve->file || !read_blocks(&pve->source->storage, &pve->storage, error) ||
        !read_blocks(&pve->source->mapping, &pve->mapping, error))
        return FALSE;
    if (pve->file->main->keys->len)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "%s: there is no 'key: value' in it; this is no configuration of Proxmox's", config->path);
    return FALSE;
}

static void say_backup(VvPve *pve)
{
    const VvPveKey lines = {.line = pve->file->backup_line, .name = (char *)"#qmdump"};

    if (lines.line)
        vv_pve_say(pve, &lines, NULL, VV_PROXMOX_DROPPED,
                   "notes of a backup about where its drives were; restore the drives before the VM is "
                   "started here");
}

static gboolean translate(VvPve *pve, GError **error)
{
    if (!vv_pve_apply_pending(pve, error))
        return FALSE;
    say_backup(pve);
    if (pve->file->description)
        vv_pve_description(pve, NULL, pve->file->description, pve->file->description_line);
    vv_pve_machine_default(pve);
    vv_pve_ostype_default(pve);
    vv_pve_memory_default(pve);
    if (!vv_pve_cpus(pve, error) || !vv_pve_handle_keys(pve, error) || !vv_pve_boot(pve, error))
        return FALSE;
    vv_pve_handle_sections(pve);
    vv_pve_windows(pve);
    vv_pve_name_default(pve);
    vv_pve_cpu_default(pve);
    return TRUE;
}

/* By line, and what is said of a key before what is said of its options. */
static gint compare_rows(gconstpointer a, gconstpointer b)
{
    const VvProxmoxRow *first = *(VvProxmoxRow *const *)a, *second = *(VvProxmoxRow *const *)b;

    if (first->line != second->line)
        return first->line > second->line ? 1 : -1;
    return (first->option != NULL) - (second->option != NULL);
}

/* As vv_vm_write() has it, and what it cannot hold behind it. That it can be read again is part of the
 * promise, so it is read again. */
static VvProxmoxImport *finish(VvPve *pve, GError **error)
{
    g_autoptr(VvProxmoxImport) import = g_new0(VvProxmoxImport, 1);
    g_autofree char *text = vv_vm_write(pve->vm), *left_out = vv_pve_left_out_text(pve);
    g_autoptr(GError) problem = NULL;

    import->text = g_strconcat("# From Proxmox VE, by virt-vfio import.\n", text, left_out, NULL);
    import->vm = vv_vm_parse(pve->file->path, import->text, strlen(import->text), NULL, &problem);
    if (!import->vm) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: a VM file cannot hold this machine: %s",
                    pve->file->path,
                    strstr(problem->message, ": [") ? strstr(problem->message, ": [") + 2 : problem->message);
        return NULL;
    }
    g_ptr_array_sort(pve->rows, compare_rows);
    import->rows = g_steal_pointer(&pve->rows);
    return g_steal_pointer(&import);
}

VvProxmoxImport *vv_proxmox_import(const VvProxmoxSource *source, GError **error)
{
    g_auto(VvPve) pve = {
        .source = source,
        .vm = vv_vm_new(NULL),
        .rows = g_ptr_array_new_with_free_func(row_free),
        .left_out_vm = vv_vm_new(NULL),
        .handled = g_hash_table_new(g_str_hash, g_str_equal),
    };

    if (!read_source(&pve, error) || !translate(&pve, error))
        return NULL;
    return finish(&pve, error);
}
