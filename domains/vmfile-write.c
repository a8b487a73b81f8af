/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-keys.h"

/* The section as it would be if only what other defaults follow from were given. */
static gpointer defaults_like(VvVm *scratch, const VvVmSection *section, gconstpointer object)
{
    /* Each structure that has a NAME begins with it. */
    gpointer defaults = section->add ? section->add(scratch, *(char *const *)object)
                                     : vv_vm_section_object(scratch, section, 0);

    if (section->complete)
        section->complete(defaults, object, NULL);
    return defaults;
}

static void write_section(GString *text, VvVm *scratch, const VvVmSection *section, gconstpointer object)
{
    gpointer defaults = defaults_like(scratch, section, object);
    g_autoptr(GString) keys = g_string_new(NULL);

    for (const VvVmKey *key = section->keys; key->name; key++) {
        g_autofree char *value = key->value->write(key->value, (const char *)object + key->offset);
        g_autofree char *usual = key->value->write(key->value, (const char *)defaults + key->offset);

        if (!value || g_strcmp0(value, usual) == 0)
            continue;
        g_string_append_printf(keys, "%s = ", key->name);
        vv_ini_append_value(keys, value);
        g_string_append_c(keys, '\n');
    }
    if (!section->add && !keys->len)
        return;
    g_string_append_printf(text, "%s[%s%s%s]\n%s", text->len ? "\n" : "", section->type,
                           section->add ? " " : "", section->add ? *(char *const *)object : "", keys->str);
}

char *vv_vm_write(const VvVm *vm)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(VvVm) scratch = vv_vm_new(NULL);

    for (const VvVmSection *section = vv_vm_sections; section->type; section++) {
        gpointer object;

        for (guint i = 0; (object = vv_vm_section_object(vm, section, i)); i++)
            write_section(text, scratch, section, object);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
