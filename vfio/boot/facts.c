/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include "vfio/boot/cmdline.h"
#include "vfio/boot/shellvar.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOADER_VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define FILE_LIMIT (1 << 20)
/* The largest program that is searched: bootc has some 30 MiB. */
#define PROGRAM_LIMIT (128 << 20)

char *vv_boot_read(const VvSysfs *sysfs, const char *path)
{
    return vv_sysfs_read_all(sysfs, path, FILE_LIMIT);
}

gboolean vv_boot_contains(const VvSysfs *sysfs, const char *path, const char *text)
{
    g_autofree char *page = g_malloc(65536 + 64);
    gsize kept = 0, length = strlen(text), total = 0;
    gboolean found = FALSE;
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);

    if (fd < 0 || length > 64)
        return FALSE;
    for (gssize got; !found && total < PROGRAM_LIMIT && (got = read(fd, page + kept, 65536)) > 0;) {
        gsize have = kept + (gsize)got;
        found = memmem(page, have, text, length) != NULL;
        /* The text can stand across two reads. */
        kept = MIN(have, length - 1);
        memmove(page, page + have - kept, kept);
        total += (gsize)got;
    }
    close(fd);
    return found;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *vv_boot_names(const VvSysfs *sysfs, const char *folder, const char *suffix)
{
    g_autoptr(GPtrArray) all = vv_sysfs_list(sysfs, folder);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; all && i < all->len; i++)
        if (g_str_has_suffix(all->pdata[i], suffix) && *(char *)all->pdata[i] != '.')
            g_ptr_array_add(names, g_strdup(all->pdata[i]));
    g_ptr_array_sort(names, by_name);
    return names;
}

const char *vv_boot_first(const VvSysfs *sysfs, const char *const *paths)
{
    for (; *paths; paths++)
        if (vv_sysfs_exists(sysfs, *paths))
            return *paths;
    return NULL;
}

char *vv_efi_loader_variable(const VvSysfs *sysfs, const char *name)
{
    g_autofree char *path = g_strdup_printf("sys/firmware/efi/efivars/%s-" LOADER_VENDOR, name);
    guint8 bytes[1024];
    g_autofree gunichar2 *units = g_new0(gunichar2, sizeof bytes / 2 + 1);
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);

    if (fd < 0)
        return NULL;
    gssize length = read(fd, bytes, sizeof bytes);
    close(fd);
    for (gssize i = 4; i + 1 < length; i += 2)
        units[(i - 4) / 2] = (gunichar2)(bytes[i] | bytes[i + 1] << 8);
    return length > 4 ? g_utf16_to_utf8(units, -1, NULL, NULL, NULL) : NULL;
}

static void read_release(VvBootFacts *facts)
{
    g_autofree char *text = vv_boot_read(facts->sysfs, "etc/os-release");

    if (!text)
        text = vv_boot_read(facts->sysfs, "usr/lib/os-release");
    facts->id = vv_shell_value(text, "ID");
    facts->like = vv_shell_value(text, "ID_LIKE");
    if (!facts->id)
        facts->id = g_strdup("");
    if (!facts->like)
        facts->like = g_strdup("");
}

void vv_boot_facts_read(VvBootFacts *facts, const VvSysfs *sysfs)
{
    facts->sysfs = sysfs;
    read_release(facts);
    facts->loader = vv_efi_loader_variable(sysfs, "LoaderInfo");
    facts->stub = vv_efi_loader_variable(sysfs, "StubInfo");
    facts->selected = vv_efi_loader_variable(sysfs, "LoaderEntrySelected");
    facts->running = vv_sysfs_read(sysfs, "proc/cmdline");
    if (!facts->running)
        facts->running = g_strdup("");
    facts->efi = vv_sysfs_exists(sysfs, "sys/firmware/efi");
    g_autoptr(GPtrArray) variables = vv_sysfs_list(sysfs, "sys/firmware/efi/efivars");
    facts->variables = variables && variables->len > 0;
    g_autofree char *image = vv_cmdline_value(facts->running, "BOOT_IMAGE");
    facts->from_grub = image != NULL;
    facts->entries = vv_boot_entries(sysfs, &facts->entries_folder, &facts->entries_closed);
}

void vv_boot_facts_clear(VvBootFacts *facts)
{
    g_free(facts->id);
    g_free(facts->like);
    g_free(facts->loader);
    g_free(facts->stub);
    g_free(facts->selected);
    g_free(facts->running);
    g_free(facts->entries_folder);
    g_clear_pointer(&facts->entries, g_ptr_array_unref);
}
