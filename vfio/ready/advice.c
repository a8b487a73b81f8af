/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/advice.h"
#include "vfio/ready/ready-internal.h"

/* The order matters: what is listed somewhere is judged when everything has been read. */

static void id_free(gpointer data)
{
    VvReadyAdviceId *id = data;

    g_free(id->path);
    g_free(id);
}

static void ban_free(gpointer data)
{
    VvReadyAdviceBan *ban = data;

    g_free(ban->path);
    g_free(ban->module);
    g_free(ban);
}

static void begin(VvReadyAdvice *advice, const VvReadyHost *ready, GPtrArray *rows)
{
    advice->ready = ready;
    advice->rows = rows;
    advice->cmdline = vv_sysfs_read(ready->sysfs, "proc/cmdline");
    if (!advice->cmdline)
        advice->cmdline = g_strdup("");
    advice->ids = g_ptr_array_new_with_free_func(id_free);
    advice->bans = g_ptr_array_new_with_free_func(ban_free);
    advice->held = g_ptr_array_new_with_free_func(g_free);
    advice->inputs = g_ptr_array_new_with_free_func(g_free);
    advice->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    advice->wrong = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    advice->assigned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void end(VvReadyAdvice *advice)
{
    g_free(advice->cmdline);
    g_ptr_array_unref(advice->ids);
    g_ptr_array_unref(advice->bans);
    g_ptr_array_unref(advice->held);
    g_ptr_array_unref(advice->inputs);
    g_hash_table_unref(advice->files);
    g_hash_table_unref(advice->wrong);
    g_hash_table_unref(advice->assigned);
}

static void look(VvReadyAdvice *advice)
{
    g_autoptr(GPtrArray) lines = vv_boot_lines(advice->ready->sysfs, advice->ready->stack);

    vv_ready_advice_modprobe(advice);
    vv_ready_advice_modules(advice);
    vv_ready_advice_initramfs(advice);
    vv_ready_advice_grub(advice);
    vv_ready_advice_kernel(advice, lines);
    vv_ready_advice_scripts(advice);
    vv_ready_advice_sysctl(advice);
    vv_ready_advice_judge_ids(advice);
    vv_ready_advice_judge_bans(advice);
    vv_ready_advice_judge_images(advice);
    vv_ready_advice_running(advice, lines);
}

void vv_ready_advice(const VvReadyHost *ready, GPtrArray *rows)
{
    VvReadyAdvice advice = {0};
    guint before = rows->len;

    begin(&advice, ready, rows);
    look(&advice);
    if (rows->len == before) {
        g_autofree char *files = vv_ready_count(g_hash_table_size(advice.files), "file");
        VvReadyRow *row =
            vv_ready_add(rows, "advice", VV_READY_PASS,
                         "nothing wrong in %s of modprobe.d, module lists, boot configuration, units and "
                         "scripts",
                         files);
        if (!ready->is_root)
            row->root = g_strdup("files that are closed to others");
    }
    end(&advice);
}
