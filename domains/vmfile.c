/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile.h"

#include "domains/vmfile-check.h"
#include "domains/vmfile-keys.h"
#include "vfio/error.h"

#include <string.h>

static gboolean unknown_key(const VvIni *ini, const VvIniSection *section, const char *name,
                            const VvVmKey *keys, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;

    for (; keys->name; keys++)
        g_ptr_array_add(names, (gpointer)keys->name);
    g_ptr_array_add(names, NULL);
    hint = vv_did_you_mean(name, (const char *const *)names->pdata);
    vv_ini_set_error(error, ini, section, name, "unknown key%s", hint);
    return FALSE;
}

static gboolean read_key(const VvIni *ini, const VvIniSection *section, const VvIniKey *given,
                         const VvVmKey *keys, gpointer object, GError **error)
{
    const VvVmKey *key = keys;
    g_autoptr(GError) problem = NULL;

    while (key->name && !g_str_equal(key->name, given->name))
        key++;
    if (!key->name)
        return unknown_key(ini, section, given->name, keys, error);
    if (key->value != &vv_value_description && strchr(given->value, '\n'))
        vv_value_wrong(&problem, "there is a line break in the value");
    else if (key->value->read(key->value, given->value, G_STRUCT_MEMBER_P(object, key->offset), &problem))
        return TRUE;
    vv_ini_set_error(error, ini, section, given->name, "%s", problem->message);
    return FALSE;
}

/* Reads a section's keys into `object`: each known, each readable, none that is required left out. */
static gboolean fill(const VvIni *ini, const VvIniSection *section, const VvVmKey *keys, gpointer object,
                     GError **error)
{
    for (guint i = 0; i < section->keys->len; i++)
        if (!read_key(ini, section, section->keys->pdata[i], keys, object, error))
            return FALSE;
    for (const VvVmKey *key = keys; key->name; key++)
        if (key->missing && !vv_ini_key(section, key->name)) {
            vv_ini_set_error(error, ini, section, key->name, "missing; %s", key->missing);
            return FALSE;
        }
    return TRUE;
}

static gboolean unknown_section(const VvIni *ini, const VvIniSection *section, GError **error)
{
    g_autoptr(GPtrArray) types = g_ptr_array_new();
    g_autoptr(GString) list = g_string_new(NULL);
    g_autofree char *hint = NULL;

    for (const VvVmSection *known = vv_vm_sections; known->type; known++) {
        g_ptr_array_add(types, (gpointer)known->type);
        g_string_append_printf(list, "%s[%s%s]", list->len ? ", " : "", known->type,
                               known->add ? " NAME" : "");
    }
    g_ptr_array_add(types, NULL);
    hint = vv_did_you_mean(section->type, (const char *const *)types->pdata);
    vv_ini_set_error(error, ini, section, NULL, "unknown section%s (there are %s)", hint, list->str);
    return FALSE;
}

static gboolean check_name(const VvIni *ini, const VvIniSection *section, gboolean named, GError **error)
{
    if (named == (section->name != NULL))
        return TRUE;
    if (named)
        vv_ini_set_error(error, ini, section, NULL, "which one? Give it a name, as in [%s NAME]",
                         section->type);
    else if (g_str_equal(section->type, "vm"))
        vv_ini_set_error(error, ini, section, NULL, "[vm] has no name behind it; write name = %s below it",
                         section->name);
    else
        vv_ini_set_error(error, ini, section, NULL, "there is one, so it has no name behind it");
    return FALSE;
}

static gboolean load_section(VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error)
{
    const VvVmSection *known = vv_vm_sections;
    gpointer object;

    while (known->type && !g_str_equal(known->type, section->type))
        known++;
    if (!known->type)
        return unknown_section(ini, section, error);
    if (!check_name(ini, section, known->add != NULL, error))
        return FALSE;
    object = known->add ? known->add(vm, section->name) : vv_vm_section_object(vm, known, 0);
    if (!fill(ini, section, known->keys, object, error))
        return FALSE;
    if (known->complete)
        known->complete(object, object, section);
    return !known->check || known->check(vm, object, ini, section, error);
}

static VvVm *vm_from_ini(const VvIni *ini, GError **error)
{
    g_autoptr(VvVm) vm = vv_vm_new(ini->path);

    for (guint i = 0; i < ini->sections->len; i++)
        if (!load_section(vm, ini, ini->sections->pdata[i], error))
            return NULL;
    if (!vv_ini_section(ini, "vm", NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "%s: [vm]: missing; every VM file has this section, with name and memory in it",
                    ini->path);
        return NULL;
    }
    return vv_vmfile_check_whole(vm, ini, error) ? g_steal_pointer(&vm) : NULL;
}

static gboolean override_all(VvIni *ini, const char *const *settings, GError **error)
{
    g_autoptr(GPtrArray) plain = g_ptr_array_new(), named = g_ptr_array_new();

    for (const VvVmSection *known = vv_vm_sections; known->type; known++)
        g_ptr_array_add(known->add ? named : plain, (gpointer)known->type);
    g_ptr_array_add(plain, NULL);
    g_ptr_array_add(named, NULL);
    for (; settings && *settings; settings++)
        if (!vv_ini_override(ini, *settings, (const char *const *)plain->pdata,
                             (const char *const *)named->pdata, error))
            return FALSE;
    return TRUE;
}

VvVm *vv_vm_parse(const char *path, const char *text, gsize length, const char *const *settings,
                  GError **error)
{
    g_autoptr(VvIni) ini = vv_ini_parse(path, text, length, error);

    return ini && override_all(ini, settings, error) ? vm_from_ini(ini, error) : NULL;
}

static VvIni *read_ini(const char *path, GError **error)
{
    gsize length = 0;
    g_autofree char *text = vv_ini_read_file(path, &length, error);

    return text ? vv_ini_parse(path, text, length, error) : NULL;
}

/* One level, so there is no circle and no order to think about. */
static gboolean add_template(VvIni *ini, GError **error)
{
    VvIniSection *vm = vv_ini_section(ini, "vm", NULL);
    VvIniKey *key = vm ? vv_ini_key(vm, "template") : NULL;
    g_autofree char *folder = g_path_get_dirname(ini->path);
    g_autoptr(GError) problem = NULL;
    g_autofree char *path = NULL;
    g_autoptr(VvIni) base = NULL;

    if (!key)
        return TRUE;
    path = g_path_is_absolute(key->value) ? g_strdup(key->value) : g_build_filename(folder, key->value, NULL);
    base = read_ini(path, &problem);
    if (!base) {
        vv_ini_set_error(error, ini, vm, "template", "%s", problem->message);
        return FALSE;
    }
    g_ptr_array_remove(vm->keys, key);
    vv_ini_add_base(ini, base);
    return TRUE;
}

VvVm *vv_vm_load(const char *path, const char *const *settings, GError **error)
{
    g_autoptr(VvIni) ini = read_ini(path, error);

    if (!ini || !override_all(ini, settings, error) || !add_template(ini, error))
        return NULL;
    return vm_from_ini(ini, error);
}
