/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

/* One volume on its way to a path. */
typedef struct {
    const VvPveBlock *storage;
    const char *volume; /* behind "STORAGE:" */
    const char **format;
    char **why;
} Lookup;

static char *G_GNUC_PRINTF(2, 3) no_path(char **ret_why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    *ret_why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return NULL;
}

/* Never by looking into it: vmfile-check.c says why. */
static const char *format_of(const char *name)
{
    static const char *const raw[] = {".raw", ".img", ".iso"};

    if (g_str_has_suffix(name, ".qcow2"))
        return "qcow2";
    for (gsize i = 0; i < G_N_ELEMENTS(raw); i++)
        if (g_str_has_suffix(name, raw[i]))
            return "raw";
    return NULL;
}

static const char *last_part(const char *volume)
{
    const char *slash = strrchr(volume, '/');

    return slash ? slash + 1 : volume;
}

/* content-dirs: "images=vm/disks,iso=isos", below the storage's folder (pvesm(1)). */
static char *content_folder(const VvPveBlock *storage, const char *type, const char *standard)
{
    const char *given = vv_pve_block_value(storage, "content-dirs");
    g_auto(GStrv) parts = g_strsplit(given ? given : "", ",", 64);

    for (char **part = parts; *part; part++) {
        const char *equals = strchr(*part, '=');

        if (equals && strlen(type) == (gsize)(equals - *part) && g_str_has_prefix(*part, type))
            return g_strdup(equals + 1);
    }
    return g_strdup(standard);
}

/* "100/vm-100-disk-0.qcow2"; of a linked clone "100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2", whose own
 * file is named by the last two parts. */
static char *image_in_folder(const Lookup *lookup, const char *root, gboolean btrfs)
{
    g_autofree char *folder = content_folder(lookup->storage, "images", "images");
    g_auto(GStrv) parts = g_strsplit(lookup->volume, "/", -1);
    guint count = g_strv_length(parts);
    const char *name = count ? parts[count - 1] : "";

    if (count != 2 && count != 4)
        return no_path(lookup->why, "'%s' is not how a volume in a folder is called", lookup->volume);
    *lookup->format = format_of(name);
    /* BTRFS: a raw image is a subvolume with the one file disk.raw in it. */
    if (btrfs && g_str_has_suffix(name, ".raw")) {
        g_autofree char *stem = g_strndup(name, strlen(name) - 4);

        return g_build_filename(root, folder, parts[count - 2], stem, "disk.raw", NULL);
    }
    return g_build_filename(root, folder, parts[count - 2], name, NULL);
}

static char *path_in_folder(const Lookup *lookup, const char *root, gboolean btrfs)
{
    static const struct {
        const char *prefix, *type, *folder;
    } contents[] = {{"iso/", "iso", "template/iso"},
                    {"snippets/", "snippets", "snippets"},
                    {"import/", "import", "import"}};

    for (gsize i = 0; i < G_N_ELEMENTS(contents); i++)
        if (g_str_has_prefix(lookup->volume, contents[i].prefix)) {
            g_autofree char *folder = content_folder(lookup->storage, contents[i].type, contents[i].folder);

            *lookup->format = format_of(lookup->volume);
            return g_build_filename(root, folder, lookup->volume + strlen(contents[i].prefix), NULL);
        }
    return image_in_folder(lookup, root, btrfs);
}

static char *path_of_folder(const Lookup *lookup)
{
    const char *root = vv_pve_block_value(lookup->storage, "path");
    gboolean mounted =
        strcmp(lookup->storage->type, "dir") != 0 && strcmp(lookup->storage->type, "btrfs") != 0;
    /* Where Proxmox mounts what it mounts itself (pvesm(1)). */
    g_autofree char *mount = g_strconcat("/mnt/pve/", lookup->storage->id, NULL);

    if (!root && mounted)
        root = mount;
    if (!root || *root != '/')
        return no_path(lookup->why, "the storage %s has no path", lookup->storage->id);
    return path_in_folder(lookup, root, g_str_equal(lookup->storage->type, "btrfs"));
}

static char *path_of_lvm(const Lookup *lookup)
{
    const char *group = vv_pve_block_value(lookup->storage, "vgname");

    if (!group || !*group || strchr(lookup->volume, '/'))
        return no_path(lookup->why,
                       group ? "'%s' is not the name of a logical volume" : "%s: its storage has no vgname",
                       lookup->volume);
    *lookup->format = g_str_has_suffix(lookup->volume, ".qcow2") ? "qcow2" : "raw";
    return g_strdup_printf("/dev/%s/%s", group, lookup->volume);
}

static char *path_of_zfs(const Lookup *lookup)
{
    const char *pool = vv_pve_block_value(lookup->storage, "pool");

    if (!pool || !*pool)
        return no_path(lookup->why, "the storage %s has no pool", lookup->storage->id);
    *lookup->format = "raw";
    return g_strdup_printf("/dev/zvol/%s/%s", pool, last_part(lookup->volume));
}

static char *path_of_rbd(const Lookup *lookup)
{
    const char *pool = vv_pve_block_value(lookup->storage, "pool");

    return no_path(
        lookup->why,
        "it is a Ceph image, which has a path only while it is mapped: 'rbd map %s/%s' prints it; map it at "
        "each boot (rbdmap(8)) and write that path",
        pool ? pool : "rbd", last_part(lookup->volume));
}

static char *path_of_iscsi(const Lookup *lookup)
{
    const char *portal = vv_pve_block_value(lookup->storage, "portal");

    return no_path(
        lookup->why,
        "it is a LUN of an iSCSI target, which has a path only while this host is logged in: 'iscsiadm -m "
        "node -p %s --login', then write the path that appears in /dev/disk/by-id",
        portal ? portal : "PORTAL");
}

static const struct {
    const char *type;
    char *(*path)(const Lookup *lookup);
} storage_types[] = {
    {"dir", path_of_folder},    {"nfs", path_of_folder},   {"cifs", path_of_folder},
    {"cephfs", path_of_folder}, {"btrfs", path_of_folder}, {"glusterfs", path_of_folder},
    {"lvm", path_of_lvm},       {"lvmthin", path_of_lvm},  {"zfspool", path_of_zfs},
    {"rbd", path_of_rbd},       {"iscsi", path_of_iscsi},  {"iscsidirect", path_of_iscsi},
    {"zfs", path_of_iscsi},
};

/* ".." would lead out of the storage, into any file of the host. */
static gboolean is_plain(const char *volume)
{
    g_auto(GStrv) parts = g_strsplit(volume, "/", -1);

    for (char **part = parts; *part; part++)
        if (!**part || g_str_equal(*part, ".") || g_str_equal(*part, ".."))
            return FALSE;
    return *volume != '\0';
}

char *vv_pve_volume_path(VvPve *pve, const char *volume, const char **ret_format, char **ret_why)
{
    const char *colon = strchr(volume, ':');
    g_autofree char *id = colon ? g_strndup(volume, (gsize)(colon - volume)) : NULL;
    Lookup lookup = {.volume = colon ? colon + 1 : "", .format = ret_format, .why = ret_why};

    *ret_format = NULL;
    if (*volume == '/') {
        *ret_format = g_str_has_prefix(volume, "/dev/") && !g_str_has_prefix(volume, "/dev/shm/")
                          ? "raw"
                          : format_of(volume);
        return g_strdup(volume);
    }
    if (!id || !*id || !is_plain(lookup.volume))
        return no_path(ret_why, "'%s' is not the name of a volume", volume);
    if (!pve->storage)
        return no_path(
            ret_why,
            "where the storage %s is stands in /etc/pve/storage.cfg of the Proxmox host; import again with "
            "--storage, or write the path",
            id);
    lookup.storage = g_hash_table_lookup(pve->storage->blocks, id);
    if (!lookup.storage)
        return no_path(ret_why, "%s has no storage %s", pve->storage->path, id);
    for (gsize i = 0; i < G_N_ELEMENTS(storage_types); i++)
        if (g_strcmp0(lookup.storage->type, storage_types[i].type) == 0)
            return storage_types[i].path(&lookup);
    return no_path(ret_why, "its storage %s is of the type %s, whose volumes have no path that is known", id,
                   lookup.storage->type ? lookup.storage->type : "(none)");
}
