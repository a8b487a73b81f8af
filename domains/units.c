/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/units.h"

#include <string.h>

/* The path in systemd's own hierarchy, or in the only one (cgroups(7)): a part of `text`. */
static char *find_path(char **lines)
{
    char *found = NULL;

    for (; *lines; lines++) {
        char *first = strchr(*lines, ':'), *path = first ? strchr(first + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (strcmp(first + 1, "name=systemd") == 0)
            return path;
        if (strcmp(*lines, "0:") == 0)
            found = path;
    }
    return found;
}

/* Slices first, then the unit (cg_path_get_unit() of systemd's src/basic/cgroup-util.c). What is below that
 * is the unit's own affair, and what is above it would be another manager, in a container. */
char *vv_unit_of_process(const VvSysfs *sysfs, int pid)
{
    g_autofree char *file = g_strdup_printf("proc/%d/cgroup", pid);
    g_autofree char *text = vv_sysfs_read_all(sysfs, file, 64 * 1024);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    const char *path = find_path(lines);
    g_auto(GStrv) parts = g_strsplit(path && *path ? path + 1 : "", "/", -1);
    char **part = parts;

    while (*part && g_str_has_suffix(*part, ".slice"))
        part++;
    /* An underscore keeps a name apart from the kernel's files (cg_escape()). */
    const char *unit = *part && **part == '_' ? *part + 1 : *part;
    if (!unit || !(g_str_has_suffix(unit, ".service") || g_str_has_suffix(unit, ".scope")))
        return NULL;
    return g_strdup(unit);
}

/* The value of a line "KEY=VALUE" of one of logind's files: new string or NULL. */
static char *read_value(const char *text, const char *key)
{
    gsize length = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == '=')
            return g_strndup(line + length + 1, strcspn(line + length + 1, "\n"));
    }
    return NULL;
}

/* One that a display manager opened; startx on a text console has been logged in to by "login". */
static gboolean is_graphical(const char *text)
{
    g_autofree char *type = read_value(text, "TYPE"), *service = read_value(text, "SERVICE");

    return type && g_strv_contains((const char *const[]){"x11", "wayland", "mir", NULL}, type) &&
           g_strcmp0(service, "login") != 0;
}

/* Is there a graphical session with this id, or of this user; NULL: any. */
static gboolean has_session(const VvSysfs *sysfs, const char *id, const char *uid)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "run/systemd/sessions");

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename("run/systemd/sessions", names->pdata[i], NULL);
        g_autofree char *text = vv_sysfs_read(sysfs, path);
        g_autofree char *owner = text ? read_value(text, "UID") : NULL;
        if (text && is_graphical(text) && (!id || strcmp(id, names->pdata[i]) == 0) &&
            (!uid || g_strcmp0(uid, owner) == 0))
            return TRUE;
    }
    return FALSE;
}

/* "2" of session-2.scope: new string or NULL. */
static char *between(const char *unit, const char *prefix, const char *suffix)
{
    if (!g_str_has_prefix(unit, prefix) || !g_str_has_suffix(unit, suffix) ||
        strlen(unit) < strlen(prefix) + strlen(suffix))
        return NULL;
    return g_strndup(unit + strlen(prefix), strlen(unit) - strlen(prefix) - strlen(suffix));
}

gboolean vv_unit_is_of_display(const VvSysfs *sysfs, const char *unit)
{
    g_autofree char *own = vv_sysfs_link_name(sysfs, "etc/systemd/system/" VV_DISPLAY_MANAGER);
    g_autofree char *session = between(unit, "session-", ".scope");
    g_autofree char *user = between(unit, "user@", ".service");

    if (strcmp(unit, VV_DISPLAY_MANAGER) == 0 || g_strcmp0(unit, own) == 0)
        return TRUE;
    if (strcmp(unit, "systemd-logind.service") == 0 || strcmp(unit, "init.scope") == 0)
        return has_session(sysfs, NULL, NULL);
    return (session && has_session(sysfs, session, NULL)) || (user && has_session(sysfs, NULL, user));
}
