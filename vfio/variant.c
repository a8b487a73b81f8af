/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/variant.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIAS_LINE "alias vfio_pci:"
#define NAME_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-"
/* The kernel's MODULE_NAME_LEN with its NUL, on 64 bits (include/linux/moduleparam.h). */
#define NAME_SIZE 56
/* The file has 1.4 MB in Debian 12; this only keeps an odd one from taking all memory. */
#define FILE_LIMIT (64 << 20)

typedef struct {
    char *pattern; /* what follows "vfio_pci:" */
    char *module;
} Alias;

static void alias_free(gpointer data)
{
    Alias *alias = data;

    g_free(alias->pattern);
    g_free(alias->module);
    g_free(alias);
}

/* `line` begins behind ALIAS_LINE. The module's name becomes a part of paths. */
static void take_line(GPtrArray *aliases, const char *line)
{
    gsize pattern = strcspn(line, " \t\n");
    gsize gap = strspn(line + pattern, " \t");
    const char *name = line + pattern + gap;
    gsize length = strspn(name, NAME_CHARACTERS);

    if (!gap || !length || length >= NAME_SIZE || (name[length] && name[length] != '\n'))
        return;
    Alias *alias = g_new(Alias, 1);
    alias->pattern = g_strndup(line, pattern);
    alias->module = g_strndup(name, length);
    g_ptr_array_add(aliases, alias);
}

static GPtrArray *read_aliases(const VvSysfs *sysfs, const char *path)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, path, FILE_LIMIT);
    GPtrArray *aliases = g_ptr_array_new_with_free_func(alias_free);

    for (const char *found = text; found && (found = strstr(found, ALIAS_LINE)); found += strlen(ALIAS_LINE))
        if (found == text || found[-1] == '\n')
            take_line(aliases, found + strlen(ALIAS_LINE));
    return aliases;
}

/* A kernel package that is updated replaces the file. NULL: there is none. */
static char *file_identity(const VvSysfs *sysfs, const char *path)
{
    struct stat status;
    int fd = vv_sysfs_open(sysfs, path, O_RDONLY);

    if (fd < 0)
        return NULL;
    int result = fstat(fd, &status);
    close(fd);
    return result != 0 ? NULL
                       : g_strdup_printf("%ju:%ju %jd %jd.%09ld", (uintmax_t)status.st_dev,
                                         (uintmax_t)status.st_ino, (intmax_t)status.st_size,
                                         (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/* Every device asks, and nearly all of a megabyte is about something else: it is read once. NULL: the kernel
 * has no modules. */
static const GPtrArray *known_aliases(const VvSysfs *sysfs)
{
    static char *known_identity;
    static GPtrArray *known;
    g_autofree char *release = vv_sysfs_read(sysfs, "proc/sys/kernel/osrelease");

    if (!release || strchr(release, '/'))
        return NULL;
    g_autofree char *path = g_strdup_printf("lib/modules/%s/modules.alias", release);
    g_autofree char *identity = file_identity(sysfs, path);
    if (!identity)
        return NULL;
    if (g_strcmp0(identity, known_identity) != 0) {
        g_clear_pointer(&known, g_ptr_array_unref);
        known = read_aliases(sysfs, path);
        g_free(known_identity);
        known_identity = g_steal_pointer(&identity);
    }
    return known;
}

/* The fields of a PCI alias, in file2alias' order. Each is all wildcard or all digits, and these are upper
 * case where the names are lower case. */
static const char *const fields[] = {"v", "d", "sv", "sd", "bc", "sc", "i"};

/* How many fields of the pattern are wildcards; -1 when it does not fit the alias. */
static int count_wildcards(const char *pattern, const char *alias)
{
    int count = 0;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gsize name = strlen(fields[i]);
        if (strncmp(pattern, fields[i], name) != 0 || strncmp(alias, fields[i], name) != 0)
            return -1;
        pattern += name;
        alias += name;
        gsize digits = strspn(alias, G_CSET_DIGITS "ABCDEF");
        if (*pattern == '*') {
            count++;
            pattern++;
        } else {
            if (strncmp(pattern, alias, digits) != 0)
                return -1;
            pattern += digits;
        }
        alias += digits;
    }
    return *pattern || *alias ? -1 : count;
}

char *vv_variant_module(const VvSysfs *sysfs, const char *modalias)
{
    const char *best = VV_VFIO_MODULE;
    int fewest = G_N_ELEMENTS(fields);
    const GPtrArray *aliases = modalias && g_str_has_prefix(modalias, "pci:") ? known_aliases(sysfs) : NULL;

    for (guint i = 0; aliases && i < aliases->len; i++) {
        const Alias *alias = aliases->pdata[i];
        int count = count_wildcards(alias->pattern, modalias + strlen("pci:"));
        if (count < 0 || count >= fewest || vv_module_is_blacklisted(sysfs, alias->module))
            continue;
        fewest = count;
        best = alias->module;
    }
    return g_strdup(best);
}
