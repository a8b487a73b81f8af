/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/redefine.h"

#include "launcher/diff.h"
#include "launcher/undo.h"
#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

VvStored *vv_stored_read(VvContext *context, const char *name, GError **error)
{
    VvConnection *connection = vv_context_connection(context, error);
    g_autoptr(VvStored) stored = g_new0(VvStored, 1);
    GError *problem = NULL;

    if (!connection)
        return NULL;
    if (!vv_connection_is_stored(connection, name, &problem)) {
        if (problem)
            g_propagate_error(error, problem);
        else
            g_set_error(
                error, VV_ERROR, VV_ERROR_REFUSED,
                "domain %s is transient: libvirt forgets it when it stops, so there is nothing to edit",
                name);
        return NULL;
    }
    stored->xml = vv_connection_whole_xml(connection, name, error);
    stored->domain = stored->xml ? vv_domain_read(stored->xml, strlen(stored->xml), error) : NULL;
    if (!stored->domain)
        return NULL;
    stored->live = vv_connection_live_xml(connection, name, &problem);
    if (!problem)
        return g_steal_pointer(&stored);
    g_propagate_error(error, problem);
    return NULL;
}

void vv_stored_free(VvStored *stored)
{
    if (!stored)
        return;
    g_free(stored->xml);
    g_free(stored->live);
    vv_domain_free(stored->domain);
    g_free(stored);
}

/* A terminal's scroll-back is no place for the password of a display. */
static char *without_passwords(const char *xml)
{
    g_autoptr(GRegex) regex =
        g_regex_new("(\\spasswd\\s*=\\s*)(\"[^\"]*\"|'[^']*')", G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);

    return g_regex_replace(regex, xml, -1, 0, "\\1'...'", 0, NULL);
}

gboolean vv_show_change(const VvStored *stored, const char *after)
{
    g_autofree char *from = without_passwords(stored->xml), *to = without_passwords(after);
    g_autofree char *name = g_strconcat(stored->domain->name, ".xml", NULL);
    g_autofree char *diff = vv_diff(name, name, from, to);

    fputs(diff, stdout);
    return strcmp(stored->xml, after) != 0;
}

gboolean vv_redefine(VvContext *context, const VvStored *stored, const char *after, GError **error)
{
    VvConnection *connection = vv_context_connection(context, error);
    const char *id = stored->domain->uuid;
    g_autofree char *uuid = NULL, *now = NULL;
    g_autoptr(GError) problem = NULL;

    if (!connection || !vv_undo_keep(VV_UNDO_FOLDER, id, stored->xml, NULL, error))
        return FALSE;
    uuid = vv_connection_define(connection, after, error);
    now = uuid ? vv_connection_whole_xml(connection, id, NULL) : NULL;
    if (uuid && !vv_undo_keep(VV_UNDO_FOLDER, id, stored->xml, now, &problem))
        fprintf(stderr, "virt-vfio: note: %s\n", problem->message);
    return uuid != NULL;
}
