/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/boot/cmdline.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

char *vv_maker_text(VvSetupMaker *maker, const char *path)
{
    for (guint i = maker->plan->steps->len; i-- > 0;) {
        const VvSetupStep *step = maker->plan->steps->pdata[i];
        if (step->what == VV_SETUP_FILE && strcmp(step->path, path) == 0)
            return g_strdup(step->after);
    }
    char *text = vv_boot_read(maker->sysfs, path + 1);
    if (!text && errno != ENOENT && errno != ENOTDIR && !maker->error)
        g_set_error(&maker->error, VV_ERROR, VV_ERROR_NOT_READY, "cannot read %s: %s%s", path,
                    g_strerror(errno), errno == EACCES || errno == EPERM ? "; run it as root" : "");
    return text;
}

gboolean vv_maker_whole(VvSetupMaker *maker, const char *path, const char *text, guint mode, const char *why,
                        gboolean *changed)
{
    g_autofree char *before = vv_maker_text(maker, path);

    if (maker->error)
        return FALSE;
    /* Somebody else's file of that name is none of our business. */
    if (!text && before && !strstr(before, VV_SETUP_HEADER))
        return TRUE;
    VvSetupStep *step = vv_setup_plan_file(maker->plan, path, before, text, VV_EDIT_WHOLE, why);
    if (step) {
        step->mode = mode;
        *changed = TRUE;
    }
    return TRUE;
}

gboolean vv_maker_edit(VvSetupMaker *maker, const char *path, VvSetupEdit edit, const char *key,
                       const char *const *wanted, gboolean correct, const char *initial, const char *why,
                       gboolean *changed)
{
    g_autofree char *before = vv_maker_text(maker, path);
    g_auto(GStrv) added = NULL, replaced = NULL;

    if (maker->error || (!before && !initial))
        return !maker->error;
    g_autofree char *after = vv_edit_merge(edit, key, before ? before : initial, wanted, correct, &added,
                                           &replaced, &maker->error);
    if (!after) {
        g_prefix_error(&maker->error, "%s: ", path);
        return FALSE;
    }
    if (!before && !*added)
        return TRUE;
    VvSetupStep *step = vv_setup_plan_file(maker->plan, path, before, after, edit, why);
    if (!step)
        return TRUE;
    step->key = g_strdup(key);
    step->added = g_steal_pointer(&added);
    step->replaced = g_steal_pointer(&replaced);
    *changed = TRUE;
    return TRUE;
}

void vv_maker_note(VvSetupMaker *maker, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(maker->plan->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

char **vv_maker_missing(const VvSetupMaker *maker, const char *line)
{
    g_autoptr(GStrvBuilder) missing = g_strv_builder_new();

    for (char **word = maker->arguments; *word; word++) {
        if (g_str_has_prefix(*word, "hugepagesz=") && word[1]) {
            g_autofree char *both = g_strdup_printf("%s %s", word[0], word[1]);
            if (!vv_cmdline_has(line, both)) {
                g_strv_builder_add(missing, word[0]);
                g_strv_builder_add(missing, word[1]);
            }
            word++;
        } else if (!vv_cmdline_has(line, *word)) {
            g_strv_builder_add(missing, *word);
        }
    }
    return g_strv_builder_end(missing);
}
