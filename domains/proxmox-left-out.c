/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <stddef.h>
#include <string.h>

/* Why a section is a comment, in the order of the VM file that is made. */
typedef struct {
    char *header;        /* "[disk scsi0]" */
    const char *missing; /* "path" */
    char *why;           /* with the line of the source in front */
} LeftOut;

static void left_out_free(gpointer data)
{
    LeftOut *left_out = data;

    g_free(left_out->header);
    g_free(left_out->why);
    g_free(left_out);
}

static const char *type_at(gsize offset)
{
    static const struct {
        gsize offset;
        const char *type;
    } types[] = {{offsetof(VvVm, devices), "device"},
                 {offsetof(VvVm, usbs), "usb"},
                 {offsetof(VvVm, disks), "disk"},
                 {offsetof(VvVm, shares), "share"}};
    gsize i = 0;

    while (types[i].offset != offset)
        i++;
    return types[i].type;
}

void vv_pve_leave_out(VvPve *pve, const VvPveKey *key, gsize offset, const char *missing, const char *format,
                      ...)
{
    GPtrArray *from = G_STRUCT_MEMBER(GPtrArray *, pve->vm, offset);
    GPtrArray *to = G_STRUCT_MEMBER(GPtrArray *, pve->left_out_vm, offset);
    gpointer object = g_ptr_array_steal_index(from, from->len - 1);
    LeftOut *left_out = g_new0(LeftOut, 1);
    g_autofree char *why = NULL;
    va_list arguments;

    va_start(arguments, format);
    why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(to, object);
    /* Each structure that has a NAME begins with it. */
    left_out->header = g_strdup_printf("[%s %s]", type_at(offset), *(char *const *)object);
    left_out->missing = missing;
    left_out->why = g_strdup_printf("Line %u, %s: %s", key->line, key->name, why);
    if (!pve->left_out)
        pve->left_out = g_ptr_array_new_with_free_func(left_out_free);
    g_ptr_array_add(pve->left_out, left_out);
    vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "%s; its section is a comment in the VM file", why);
}

static void append(GString *text, const LeftOut *left_out, const char *written)
{
    const char *section = strstr(written, left_out->header);
    g_auto(GStrv) lines = g_strsplit(section ? section : left_out->header, "\n", -1);
    /* A tab is the only control character that can be in a source, and a VM file refuses it. */
    g_autofree char *why = g_strdelimit(g_strdup(left_out->why), "\t", ' ');

    g_string_append_printf(text, "\n# %s\n#%s\n#%s =\n", why, left_out->header, left_out->missing);
    for (char **line = lines + 1; *line && **line; line++)
        g_string_append_printf(text, "#%s\n", *line);
}

char *vv_pve_left_out_text(VvPve *pve)
{
    g_autofree char *written = vv_vm_write(pve->left_out_vm);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; pve->left_out && i < pve->left_out->len; i++)
        append(text, pve->left_out->pdata[i], written);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
