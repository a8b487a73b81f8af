/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#include "domains/ini.h"
#include "vfio/error.h"

#include <string.h>

static gboolean read_key(const VvIni *ini, const VvIniSection *section, const VvIniKey *key,
                         VvHookConfig *config, GError **error)
{
    static const char *const keys[] = {"domains", NULL};

    if (strcmp(key->name, "domains") != 0) {
        g_autofree char *hint = vv_did_you_mean(key->name, keys);
        vv_ini_set_error(error, ini, section, key->name, "unknown key%s", hint);
        return FALSE;
    }
    config->all = strcmp(key->value, "all") == 0;
    if (config->all || strcmp(key->value, "marked") == 0)
        return TRUE;
    vv_ini_set_error(error, ini, section, key->name,
                     "it is 'marked' (domains that virt-vfio made or adopted) or 'all'");
    return FALSE;
}

gboolean vv_hook_config_load(const char *root, VvHookConfig *config, GError **error)
{
    g_autofree char *path =
        g_build_filename(root ? root : "/", VV_SYSCONFDIR "/virt-vfio/virt-vfio.conf", NULL);
    gsize length = 0;

    *config = (VvHookConfig){0};
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    g_autofree char *text = vv_ini_read_file(path, &length, error);
    g_autoptr(VvIni) ini = text ? vv_ini_parse(path, text, length, error) : NULL;
    if (!ini)
        return FALSE;
    for (guint i = 0; i < ini->sections->len; i++) {
        const VvIniSection *section = ini->sections->pdata[i];
        if (strcmp(section->type, "hook") != 0 || section->name) {
            vv_ini_set_error(error, ini, section, NULL, "unknown section (there is [hook])");
            return FALSE;
        }
        for (guint k = 0; k < section->keys->len; k++)
            if (!read_key(ini, section, section->keys->pdata[k], config, error))
                return FALSE;
    }
    return TRUE;
}
