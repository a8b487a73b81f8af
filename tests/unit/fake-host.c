/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host-internal.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
/* fork() copies the tables of all memory, and what AddressSanitizer holds back of freed memory grows and
 * grows: ten thousand forks would take minutes. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=5";
}
#endif

char *fake_below(const FakeHost *fake, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *path = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return g_build_filename(fake->root, path, NULL);
}

void fake_host_put(FakeHost *fake, const char *path, const char *text)
{
    g_autofree char *full = fake_below(fake, "%s", path);
    g_autofree char *folder = g_path_get_dirname(full);
    gsize length = strlen(text);

    g_mkdir_with_parents(folder, 0755);
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, length) != (gssize)length)
        g_error("fake host: cannot write %s", full);
    close(fd);
}

void fake_put_attribute(FakeHost *fake, const char *address, const char *attribute, const char *text)
{
    g_autofree char *path = g_strdup_printf(FAKE_DEVICES "/%s/%s", address, attribute);

    fake_host_put(fake, path, text);
}

void fake_add_link(const FakeHost *fake, const char *target, const char *path)
{
    g_autofree char *full = fake_below(fake, "%s", path);
    g_autofree char *folder = g_path_get_dirname(full);

    g_mkdir_with_parents(folder, 0755);
    if (symlink(target, full) != 0)
        g_error("fake host: cannot link %s", full);
}

void fake_add_driver(FakeHost *fake, const char *driver)
{
    for (const char *const *name = (const char *const[]){"bind", "unbind", "new_id", NULL}; *name; name++) {
        g_autofree char *path = g_strdup_printf(FAKE_DRIVERS "/%s/%s", driver, *name);
        fake_host_put(fake, path, "");
    }
}

void fake_host_unregister(FakeHost *fake, const char *driver)
{
    for (const char *const *name = (const char *const[]){"bind", "unbind", "new_id", NULL}; *name; name++) {
        g_autofree char *path = fake_below(fake, FAKE_DRIVERS "/%s/%s", driver, *name);
        unlink(path);
    }
    g_autofree char *folder = fake_below(fake, FAKE_DRIVERS "/%s", driver);
    if (rmdir(folder) != 0)
        g_error("fake host: %s is not there or still holds something", driver);
}

char *fake_host_driver(const FakeHost *fake, const char *address)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/driver", address);
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}

char *fake_host_override(const FakeHost *fake, const char *address)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/driver_override", address);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text ? g_strchomp(text) : g_strdup("(no file)");
}

void fake_host_set_override(FakeHost *fake, const char *address, const char *override)
{
    g_autofree char *text = g_strdup_printf("%s\n", override ? override : "(null)");

    fake_put_attribute(fake, address, "driver_override", text);
}

/* The DRIVER line of uevent comes and goes with the link. */
static void set_uevent_driver(FakeHost *fake, const char *address, const char *driver)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/uevent", address);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    const char *rest = g_str_has_prefix(text, "DRIVER=") ? strchr(text, '\n') + 1 : text;
    g_autofree char *changed =
        g_strdup_printf("%s%s%s%s", driver ? "DRIVER=" : "", driver ? driver : "", driver ? "\n" : "", rest);
    fake_put_attribute(fake, address, "uevent", changed);
}

void fake_host_bind(FakeHost *fake, const char *address, const char *driver)
{
    g_autofree char *link = fake_below(fake, FAKE_DEVICES "/%s/driver", address);
    g_autofree char *before = fake_host_driver(fake, address);

    if (before) {
        g_autofree char *back = fake_below(fake, FAKE_DRIVERS "/%s/%s", before, address);
        unlink(back);
        unlink(link);
    }
    if (driver) {
        g_autofree char *target = g_strdup_printf("../../../bus/pci/drivers/%s", driver);
        g_autofree char *path = g_strdup_printf(FAKE_DEVICES "/%s/driver", address);
        g_autofree char *back_target = g_strdup_printf("../../../../devices/pci0000:00/%s", address);
        g_autofree char *back = g_strdup_printf(FAKE_DRIVERS "/%s/%s", driver, address);
        fake_add_link(fake, target, path);
        fake_add_link(fake, back_target, back);
    }
    set_uevent_driver(fake, address, driver);
}

guint fake_config_word(const FakeHost *fake, const char *address, guint offset)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/config", address);
    g_autofree char *config = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &config, &length, NULL) || offset + 2 > length)
        return 0;
    return (guint8)config[offset] | (guint)(guint8)config[offset + 1] << 8;
}

void fake_set_config_word(FakeHost *fake, const char *address, guint offset, guint value)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/config", address);
    const guint8 bytes[2] = {(guint8)value, (guint8)(value >> 8)};
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || pwrite(fd, bytes, 2, (off_t)offset) != 2)
        g_error("fake host: cannot write %s", path);
    close(fd);
}

void fake_host_kill_device(FakeHost *fake, const char *address, gboolean until_reset)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/config", address);
    g_autofree char *saved = fake_below(fake, FAKE_DEVICES "/%s/config.alive", address);
    char ones[64];

    memset(ones, 0xff, sizeof ones);
    if (until_reset && rename(path, saved) != 0)
        g_error("fake host: cannot rename %s", path);
    if (!g_file_set_contents(path, ones, sizeof ones, NULL))
        g_error("fake host: cannot write %s", path);
}

static int remove_one(const char *path, const struct stat *status G_GNUC_UNUSED, int flag G_GNUC_UNUSED,
                      struct FTW *where G_GNUC_UNUSED)
{
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fake_host_unplug(FakeHost *fake, const char *address)
{
    g_autofree char *folder = fake_below(fake, FAKE_DEVICES "/%s", address);
    g_autofree char *link = fake_below(fake, "sys/bus/pci/devices/%s", address);

    fake_host_bind(fake, address, NULL);
    unlink(link);
    remove_tree(folder);
}

static void device_free(gpointer data)
{
    FakeDevice *device = data;

    g_free(device->native);
    g_free(device->initial);
    g_free(device->methods);
    g_free(device->fails);
    g_free(device->kills);
    g_free(device);
}

/* Folders of tests that failed, for the end. */
static GPtrArray *left_behind;

static void remove_left_behind(void)
{
    for (guint i = 0; i < left_behind->len; i++)
        remove_tree(left_behind->pdata[i]);
    g_ptr_array_unref(left_behind);
}

FakeHost *fake_host_new(const char *machine)
{
    FakeHost *fake = g_new0(FakeHost, 1);
    /* Memory where there is some: the journal calls fsync a lot. */
    const char *folder = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : g_get_tmp_dir();

    fake->root = g_build_filename(folder, "virt-vfio-test-XXXXXX", NULL);
    if (!g_mkdtemp(fake->root))
        g_error("fake host: no temporary folder in %s", folder);
    if (!left_behind) {
        left_behind = g_ptr_array_new_with_free_func(g_free);
        atexit(remove_left_behind);
    }
    g_ptr_array_add(left_behind, fake->root);
    fake->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, device_free);
    fake->shared =
        mmap(NULL, sizeof *fake->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fake->shared == MAP_FAILED)
        g_error("fake host: no shared memory");
    for (const char *const *name = (const char *const[]){"sys/bus/pci/devices", FAKE_DRIVERS, FAKE_DEVICES,
                                                         "dev/vfio", "proc", "run", NULL};
         *name; name++) {
        g_autofree char *path = fake_below(fake, "%s", *name);
        g_mkdir_with_parents(path, 0755);
    }
    fake_host_put(fake, "sys/bus/pci/drivers_probe", "");
    fake_host_add(fake, machine);

    fake->sysfs = vv_sysfs_new(fake->root, NULL);
    if (!fake->sysfs || vv_sysfs_is_live(fake->sysfs))
        g_error("fake host: this is not a fake");
    vv_sysfs_set_write_hook(fake->sysfs, fake_kernel_write, fake);
    return fake;
}

void fake_host_free(FakeHost *fake)
{
    if (!fake)
        return;
    vv_sysfs_free(fake->sysfs);
    remove_tree(fake->root);
    munmap(fake->shared, sizeof *fake->shared);
    g_hash_table_unref(fake->devices);
    g_ptr_array_remove_fast(left_behind, fake->root); /* frees it */
    g_free(fake);
}

const char *fake_host_root(const FakeHost *fake)
{
    return fake->root;
}

VvSysfs *fake_host_sysfs(FakeHost *fake)
{
    return fake->sysfs;
}

VvHost *fake_host_scan(FakeHost *fake)
{
    g_autoptr(GError) error = NULL;
    VvHost *host = vv_host_scan(fake->sysfs, &error);

    if (!host)
        g_error("fake host: %s", error->message);
    return host;
}

void fake_host_hold_group(FakeHost *fake, int group, gboolean held)
{
    g_autofree char *node = g_strdup_printf("dev/vfio/%d", group), *mark = g_strconcat(node, ".held", NULL);

    for (guint i = 0; i < 2; i++) {
        const char *path = i ? mark : node;
        g_autofree char *full = fake_below(fake, "%s", path);
        if (held)
            fake_host_put(fake, path, "");
        else
            unlink(full);
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void snapshot_into(GString *text, const char *full, const char *name)
{
    g_autofree char *target = g_file_read_link(full, NULL);
    g_autoptr(GDir) folder = target ? NULL : g_dir_open(full, 0, NULL);

    if (target)
        g_string_append_printf(text, "%s -> %s\n", name, target);
    else if (!folder) {
        g_autofree char *content = NULL;
        gsize length = 0;
        g_file_get_contents(full, &content, &length, NULL);
        g_autofree char *escaped = content ? g_strescape(content, NULL) : NULL;
        g_string_append_printf(text, "%s %zu %s\n", name, length, escaped ? escaped : "unreadable");
    } else {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        for (const char *entry; (entry = g_dir_read_name(folder));)
            g_ptr_array_add(names, g_strdup(entry));
        g_ptr_array_sort(names, compare_names);
        g_string_append_printf(text, "%s/\n", name);
        for (guint i = 0; i < names->len; i++) {
            g_autofree char *inner = g_build_filename(full, names->pdata[i], NULL);
            g_autofree char *inner_name = g_strdup_printf("%s/%s", name, (char *)names->pdata[i]);
            snapshot_into(text, inner, inner_name);
        }
    }
}

char *fake_host_snapshot(const FakeHost *fake, const char *path)
{
    g_autofree char *full = fake_below(fake, "%s", path);
    GString *text = g_string_new(NULL);

    snapshot_into(text, full, path);
    return g_string_free(text, FALSE);
}
