/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/override.h"

#include "vfio/child.h"

#include <string.h>

typedef struct {
    const VvSysfs *sysfs;
    const GPtrArray *devices;
} Question;

char *vv_override_read(const VvSysfs *sysfs, const char *path)
{
    char *value = vv_sysfs_read(sysfs, path);

    if (value && (!*value || strcmp(value, "(null)") == 0))
        g_clear_pointer(&value, g_free);
    return value;
}

/* Two lines for each device that has one; neither can have a newline in it (driver_set_override). */
static void answer(GString *text, gpointer data)
{
    const Question *question = data;

    for (guint i = 0; i < question->devices->len; i++) {
        const VvDevice *device = question->devices->pdata[i];
        g_autofree char *path = vv_device_path(device, "driver_override");
        g_autofree char *override = vv_override_read(question->sysfs, path);
        if (override)
            g_string_append_printf(text, "%s\n%s\n", device->text, override);
    }
}

GHashTable *vv_overrides_ask(const VvSysfs *sysfs, const GPtrArray *devices, guint deadline_ms)
{
    Question question = {sysfs, devices};
    g_autoptr(GString) text = g_string_new(NULL);

    if (!vv_child_ask(sysfs, answer, &question, deadline_ms, text))
        return NULL;
    GHashTable *overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    for (char **line = lines; line[0] && line[1]; line += 2)
        g_hash_table_replace(overrides, g_strdup(line[0]), g_strdup(line[1]));
    return overrides;
}
