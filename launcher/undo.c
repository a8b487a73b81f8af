/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/undo.h"

#include "vfio/error.h"

#include <string.h>

/* The first line of the file is this of the XML after the change. */
static char *checksum(const char *xml)
{
    return xml ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, xml, -1) : g_strdup("unknown");
}

static char *path_of(const char *folder, const char *uuid, GError **error)
{
    if (g_uuid_string_is_valid(uuid))
        return g_build_filename(folder, uuid, NULL);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "'%s' is no uuid of a domain", uuid);
    return NULL;
}

gboolean vv_undo_keep(const char *folder, const char *uuid, const char *before, const char *after,
                      GError **error)
{
    g_autofree char *path = path_of(folder, uuid, error), *sum = checksum(after);
    g_autofree char *text = g_strconcat(sum, "\n", before, NULL);
    g_autoptr(GError) problem = NULL;

    if (!path)
        return FALSE;
    g_mkdir_with_parents(folder, 0700);
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 0600, &problem))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "what the domain was cannot be kept for undo: %s",
                problem->message);
    return FALSE;
}

char *vv_undo_read(const char *folder, const char *uuid, const char *now, gboolean *ret_unchanged,
                   GError **error)
{
    g_autofree char *path = path_of(folder, uuid, error), *sum = checksum(now), *text = NULL;
    g_autoptr(GError) problem = NULL;
    const char *line;

    if (!path)
        return NULL;
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                        "virt-vfio has not changed this domain, so there is nothing to undo");
        else
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s", problem->message);
        return NULL;
    }
    line = strchr(text, '\n');
    if (!line) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s is not what virt-vfio wrote", path);
        return NULL;
    }
    *ret_unchanged = (gsize)(line - text) == strlen(sum) && strncmp(text, sum, strlen(sum)) == 0;
    return g_strdup(line + 1);
}
