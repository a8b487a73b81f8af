/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-state.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Where links and files are that may change: the devices, those of VFs that are off (fake-sriov.c), and what
 * is noted of them. */
static const char *const folders[] = {
    "sys/devices", "sys/bus/pci/devices",   "sys/bus/pci/drivers", "sys/class/vtconsole",
    "parked",      "run/virt-vfio/devices", "run/virt-vfio/sriov", "run/virt-vfio/vfs"};

struct FakeState {
    GTree *paths; /* path below the root -> "L" and a link's target, "F" and a file's content, "D" */
};

static int compare_paths(gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
    return strcmp(a, b);
}

static GBytes *new_item(char kind, const char *content, gsize length)
{
    char *bytes = g_malloc(length + 1);

    bytes[0] = kind;
    if (length)
        memcpy(bytes + 1, content, length);
    return g_bytes_new_take(bytes, length + 1);
}

static void save_file(GTree *paths, int folder, const char *name, char *path)
{
    char content[4096];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    gssize length = fd >= 0 ? read(fd, content, sizeof content) : -1;

    if (length < 0)
        g_error("fake host: cannot read %s", path);
    close(fd);
    g_tree_insert(paths, path, new_item('F', content, (gsize)length));
}

static void save_link(GTree *paths, int folder, const char *name, char *path)
{
    char target[4096];
    gssize length = readlinkat(folder, name, target, sizeof target);

    if (length < 0)
        g_error("fake host: cannot read %s", path);
    g_tree_insert(paths, path, new_item('L', target, (gsize)length));
}

/* With few system calls, because a sweep does it thousands of times. */
static void save_folder(GTree *paths, int parent, const char *name, const char *path)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;

    if (!folder)
        return; /* not yet */
    g_tree_insert(paths, g_strdup(path), new_item('D', NULL, 0));
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *inner = g_strconcat(path, "/", entry->d_name, NULL);
        if (entry->d_type == DT_LNK)
            save_link(paths, fd, entry->d_name, inner);
        else if (entry->d_type == DT_REG)
            save_file(paths, fd, entry->d_name, inner);
        else {
            save_folder(paths, fd, entry->d_name, inner);
            g_free(inner);
        }
    }
    closedir(folder);
}

FakeState *fake_state_save(const FakeHost *fake)
{
    FakeState *state = g_new0(FakeState, 1);
    int root = open(fake_host_root(fake), O_PATH | O_DIRECTORY | O_CLOEXEC);

    state->paths = g_tree_new_full(compare_paths, NULL, g_free, (GDestroyNotify)g_bytes_unref);
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
        save_folder(state->paths, root, folders[i], folders[i]);
    close(root);
    return state;
}

void fake_state_free(FakeState *state)
{
    if (!state)
        return;
    g_tree_destroy(state->paths);
    g_free(state);
}

/* Two states, and the machine that goes from one to the other. */
typedef struct {
    const char *root;
    const FakeState *now, *wanted;
} Restore;

static gboolean remove_other(gpointer path, gpointer item, gpointer data)
{
    const Restore *restore = data;
    const GBytes *wanted = g_tree_lookup(restore->wanted->paths, path);
    g_autofree char *full = g_build_filename(restore->root, path, NULL);

    if (*(const char *)g_bytes_get_data(item, NULL) != 'D' && (!wanted || !g_bytes_equal(item, wanted)))
        g_assert_no_errno(unlink(full));
    return FALSE;
}

static gboolean put_missing(gpointer path, gpointer item, gpointer data)
{
    const Restore *restore = data;
    const GBytes *now = g_tree_lookup(restore->now->paths, path);
    g_autofree char *full = g_build_filename(restore->root, path, NULL);
    gsize length;
    const char *bytes = g_bytes_get_data(item, &length);

    if (now && g_bytes_equal(item, now))
        return FALSE;
    if (*bytes == 'D')
        g_assert_no_errno(g_mkdir_with_parents(full, 0755));
    else if (*bytes == 'L') {
        g_autofree char *target = g_strndup(bytes + 1, length - 1);
        g_assert_no_errno(symlink(target, full));
    } else if (!g_file_set_contents_full(full, bytes + 1, (gssize)length - 1, G_FILE_SET_CONTENTS_NONE, 0644,
                                         NULL))
        g_error("fake host: cannot write %s", full);
    return FALSE;
}

void fake_state_restore(FakeHost *fake, const FakeState *state)
{
    g_autoptr(FakeState) now = fake_state_save(fake);
    Restore restore = {fake_host_root(fake), now, state};

    g_tree_foreach(now->paths, remove_other, &restore);
    g_tree_foreach(state->paths, put_missing, &restore);
}

/* What is written, and which processes were seen in it. */
typedef struct {
    GString *text;
    GPtrArray *processes;
} Writing;

/* "pid=812" becomes "process first"; the time when it began goes with it, and the time of taking at all. */
static void write_line(Writing *writing, const char *line)
{
    static const char *const names[] = {"first", "second", "third", "fourth", "fifth", "sixth"};
    guint index;

    if (g_str_has_prefix(line, "since=") || g_str_has_prefix(line, "started="))
        return;
    if (!g_str_has_prefix(line, "pid=")) {
        g_string_append_printf(writing->text, "%s\n", line);
        return;
    }
    if (!g_ptr_array_find_with_equal_func(writing->processes, line, g_str_equal, &index)) {
        index = writing->processes->len;
        g_ptr_array_add(writing->processes, g_strdup(line));
    }
    g_assert_cmpuint(index, <, G_N_ELEMENTS(names));
    g_string_append_printf(writing->text, "process %s\n", names[index]);
}

static gboolean write_item(gpointer path, gpointer item, gpointer data)
{
    Writing *writing = data;
    gsize length;
    const char *bytes = g_bytes_get_data(item, &length);
    g_autofree char *content = g_strndup(bytes, length);

    g_string_append_printf(writing->text, "%s ", (const char *)path);
    if (g_str_has_suffix(path, "/config")) {
        g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, item);
        g_string_append_printf(writing->text, "%s\n", hash);
        return FALSE;
    }
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    for (char **line = lines; *line; line++)
        write_line(writing, *line);
    return FALSE;
}

char *fake_state_text(const FakeState *state)
{
    g_autoptr(GPtrArray) processes = g_ptr_array_new_with_free_func(g_free);
    Writing writing = {g_string_new(NULL), processes};

    g_tree_foreach(state->paths, write_item, &writing);
    return g_string_free(writing.text, FALSE);
}
