/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/status.h"

#include "vfio/boot/cmdline.h"

#include <string.h>

#define FILE_MAX (1024 * 1024)

/* The last step that changed this file. */
static const VvLedgerStep *last_of(const VvLedger *ledger, const VvLedgerStep *entry)
{
    for (guint i = ledger->steps->len; i > 0; i--) {
        const VvLedgerStep *other = ledger->steps->pdata[i - 1];
        if (other->step->what == VV_SETUP_FILE && strcmp(other->step->path, entry->step->path) == 0)
            return other;
    }
    return entry;
}

static const char *file_state(const VvSysfs *sysfs, const VvLedgerStep *entry)
{
    g_auto(VvRootFile) now = {0};

    if (!vv_root_read(sysfs, entry->step->path, &now, NULL))
        return "unreadable";
    g_autofree char *sum = vv_ledger_sum(now.text);
    if (g_strcmp0(sum, entry->after_sum) == 0)
        return "in place";
    if (entry->progress == VV_LEDGER_PENDING && g_strcmp0(sum, entry->before_sum) == 0)
        return "pending";
    if (!now.text)
        return "removed";
    for (char **word = entry->step->added; word && *word; word++)
        if (!strstr(now.text, *word))
            return "lost";
    return "edited";
}

const char *vv_setup_step_state(const VvSysfs *sysfs, const VvLedger *ledger, const VvLedgerStep *entry)
{
    static const char *const names[] = {"pending", "started", "done", "undone"};

    return entry->step->what == VV_SETUP_RUN || entry->progress == VV_LEDGER_UNDONE
               ? names[entry->progress]
               : file_state(sysfs, last_of(ledger, entry));
}

/* Seconds since 1970 (proc_stat(5)); 0: not known. */
static gint64 boot_time(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/stat", FILE_MAX);
    const char *line = text ? strstr(text, "\nbtime ") : NULL;

    return line ? g_ascii_strtoll(line + strlen("\nbtime "), NULL, 10) : 0;
}

VvBooted vv_setup_booted(const VvSysfs *sysfs, const VvLedger *ledger)
{
    g_autofree char *boot_id = vv_sysfs_read(sysfs, "proc/sys/kernel/random/boot_id");

    if (boot_id && ledger->boot_id)
        return strcmp(boot_id, ledger->boot_id) == 0 ? VV_BOOTED_BEFORE : VV_BOOTED_SINCE;
    gint64 booted = boot_time(sysfs);
    return !booted ? VV_BOOTED_UNKNOWN : booted < ledger->changed_at ? VV_BOOTED_BEFORE : VV_BOOTED_SINCE;
}

char **vv_setup_not_running(const VvSysfs *sysfs, const char *const *arguments)
{
    g_autofree char *line = vv_sysfs_read_all(sysfs, "proc/cmdline", FILE_MAX);
    g_autoptr(GPtrArray) missing = g_ptr_array_new();

    if (!line)
        return NULL;
    for (; arguments && *arguments; arguments++)
        if (!vv_cmdline_has(g_strchomp(line), *arguments))
            g_ptr_array_add(missing, g_strdup(*arguments));
    g_ptr_array_add(missing, NULL);
    return (char **)g_ptr_array_steal(missing, NULL);
}
