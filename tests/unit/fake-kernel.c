/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host-internal.h"

#include "vfio/group.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define DEVICES "sys/bus/pci/devices/"
#define DRIVERS "sys/bus/pci/drivers/"
#define CONSOLE "sys/class/vtconsole/vtcon1/bind"

static void note_violation(FakeHost *fake, const char *what, const char *path, const char *text)
{
    if (!*fake->shared->violation)
        snprintf(fake->shared->violation, sizeof fake->shared->violation, "%s: %s <- '%s'", what, path, text);
}

static gboolean driver_exists(const FakeHost *fake, const char *driver)
{
    g_autofree char *path = g_strconcat(fake->root, "/" DRIVERS, driver, NULL);

    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

static gboolean is_plugged(const FakeHost *fake, const char *address)
{
    g_autofree char *path = g_strconcat(fake->root, "/" DEVICES, address, NULL);

    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

static gboolean console_is_bound(const FakeHost *fake)
{
    g_autofree char *path = fake_below(fake, CONSOLE);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && *text == '1';
}

/* drivers/pci/pci-driver.c, pci_match_device: an override decides alone, else the id table. */
static gboolean matches(const FakeHost *fake, const char *address, const char *driver)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    g_autofree char *override = fake_host_override(fake, address);

    if (strcmp(override, "(null)") != 0)
        return strcmp(override, driver) == 0;
    return g_strcmp0(device->native, driver) == 0;
}

static void write_power(FakeHost *fake, const char *address, const char *text)
{
    g_autofree char *path = fake_below(fake, DEVICES "%s/power/control", address);
    g_autofree char *line = g_strdup_printf("%s\n", text);

    if (g_file_test(path, G_FILE_TEST_EXISTS))
        fake_put_attribute(fake, address, "power/control", line);
}

static int probe(FakeHost *fake, const char *address, const char *driver)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);

    if (vv_driver_is_vfio(driver) && (!device->has_group || !device->is_endpoint))
        return EINVAL;
    fake_host_bind(fake, address, driver);
    if (vv_driver_is_vfio(driver)) /* vfio_pci_core_register_device: pm_runtime_allow */
        write_power(fake, address, "auto");
    else if (device->masters)
        fake_set_config_word(fake, address, 4, fake_config_word(fake, address, 4) | 4);
    return 0;
}

/* drivers/base/bus.c, bind_store, and drivers/base/dd.c, device_driver_attach. */
static int write_bind(FakeHost *fake, const char *driver, const char *address)
{
    if (!driver_exists(fake, driver))
        return ENOENT;
    if (!is_plugged(fake, address) || !matches(fake, address, driver))
        return ENODEV;
    g_autofree char *now = fake_host_driver(fake, address);
    return now ? EBUSY : probe(fake, address, driver);
}

/* drivers/base/bus.c, unbind_store. */
static int write_unbind(FakeHost *fake, const char *driver, const char *address)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    g_autofree char *now = fake_host_driver(fake, address);

    if (!is_plugged(fake, address) || g_strcmp0(now, driver) != 0)
        return ENODEV;
    if (device && device->console && !vv_driver_is_vfio(driver) && console_is_bound(fake))
        note_violation(fake, "a display goes under the text console", driver, address);
    fake_host_bind(fake, address, NULL);
    if (vv_driver_is_vfio(driver)) /* vfio_pci_core_unregister_device: pm_runtime_forbid */
        write_power(fake, address, "on");
    return 0;
}

/* drivers/base/bus.c, drivers_probe_store: what the probe says is lost. */
static int write_probe(FakeHost *fake, const char *address)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);

    if (!is_plugged(fake, address))
        return ENODEV;
    g_autofree char *now = fake_host_driver(fake, address);
    g_autofree char *override = fake_host_override(fake, address);
    const char *driver = strcmp(override, "(null)") != 0 ? override : device->native;
    if (!now && driver && driver_exists(fake, driver))
        probe(fake, address, driver);
    return 0;
}

/* drivers/base/driver.c, driver_set_override: up to the first newline; nothing clears it. */
static int write_override(FakeHost *fake, const char *address, const char *text)
{
    gsize length = strcspn(text, "\n");

    if (!*text)
        note_violation(fake, "an empty write never reaches the kernel", "driver_override", text);
    g_autofree char *value = g_strndup(text, length);
    fake_host_set_override(fake, address, length ? value : NULL);
    return 0;
}

/* power/control and d3cold_allowed, when they are there. */
static int write_setting(FakeHost *fake, const char *path, const char *address, const char *attribute,
                         const char *text)
{
    g_autofree char *full = g_strconcat(fake->root, "/", path, NULL);
    g_autofree char *line = g_strdup_printf("%s\n", text);

    if (!g_file_test(full, G_FILE_TEST_EXISTS))
        return ENOENT;
    fake_put_attribute(fake, address, attribute, line);
    return 0;
}

/* "4=0002", as vv_sysfs_write_word() says it. Only the command register's bus master bit may change. */
static int write_config(FakeHost *fake, const char *address, const char *text)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    guint offset, value;

    if (sscanf(text, "%x=%x", &offset, &value) != 2 || offset != 4 ||
        (fake_config_word(fake, address, 4) ^ value) & ~4U)
        note_violation(fake, "only bus mastering may be written", "config", text);
    if (!device->stuck_master)
        fake_set_config_word(fake, address, 4, value);
    return 0;
}

void fake_probe_native(FakeHost *fake, const char *address)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);

    fake_host_set_override(fake, address, NULL);
    if (device->native && driver_exists(fake, device->native))
        probe(fake, address, device->native);
}

static int write_console(FakeHost *fake, const char *text)
{
    g_autofree char *line = g_strdup_printf("%s\n", text);

    fake_host_put(fake, CONSOLE, line);
    return 0;
}

static int react(FakeHost *fake, const char *path, const char *text)
{
    int error;

    if (fake_reset_write(fake, path, text, &error) || fake_sriov_write(fake, path, text, &error))
        return error;
    g_auto(GStrv) part = g_strsplit(path, "/", -1); /* sys bus pci devices ADDRESS … */
    guint parts = g_strv_length(part);

    if (strcmp(path, CONSOLE) == 0)
        return write_console(fake, text);
    if (strcmp(path, "sys/bus/pci/drivers_probe") == 0)
        return write_probe(fake, text);
    if (g_str_has_prefix(path, DRIVERS) && parts == 6 && strcmp(part[5], "bind") == 0)
        return write_bind(fake, part[4], text);
    if (g_str_has_prefix(path, DRIVERS) && parts == 6 && strcmp(part[5], "unbind") == 0)
        return driver_exists(fake, part[4]) ? write_unbind(fake, part[4], text) : ENOENT;
    if (g_str_has_prefix(path, DEVICES) && !is_plugged(fake, part[4]))
        return ENOENT;
    if (g_str_has_prefix(path, DEVICES) && parts == 6 && strcmp(part[5], "driver_override") == 0)
        return write_override(fake, part[4], text);
    if (g_str_has_prefix(path, DEVICES) && parts == 6 && strcmp(part[5], "d3cold_allowed") == 0)
        return write_setting(fake, path, part[4], part[5], text);
    if (g_str_has_prefix(path, DEVICES) && g_str_has_suffix(path, "/power/control"))
        return write_setting(fake, path, part[4], "power/control", text);
    if (g_str_has_prefix(path, DEVICES) && parts == 6 && strcmp(part[5], "config") == 0)
        return write_config(fake, part[4], text);
    if (g_str_has_prefix(path, DEVICES) && g_str_has_suffix(path, "/driver/unbind")) {
        g_autofree char *now = fake_host_driver(fake, part[4]);
        return now ? write_unbind(fake, now, text) : ENOENT;
    }
    note_violation(fake, "nobody should write here", path, text);
    return EACCES;
}

static const char *find_console(const FakeHost *fake)
{
    GHashTableIter iter;
    gpointer address, device;

    g_hash_table_iter_init(&iter, fake->devices);
    while (g_hash_table_iter_next(&iter, &address, &device))
        if (((const FakeDevice *)device)->console)
            return address;
    return "";
}

/* The function that a write is about: the console's, in the path, or for a driver's files what is written. */
static const char *subject(const FakeHost *fake, const char *path, const char *text,
                           char address[static VV_ADDRESS_TEXT])
{
    if (strcmp(path, CONSOLE) == 0)
        return find_console(fake);
    if (!g_str_has_prefix(path, DEVICES))
        return text;
    g_strlcpy(address, path + strlen(DEVICES), VV_ADDRESS_TEXT);
    address[strcspn(address, "/")] = '\0';
    return address;
}

static guint count_entries(const FakeHost *fake)
{
    g_autofree char *path = g_build_filename(fake->root, "run/virt-vfio/devices", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    guint count = 0;

    for (const char *name; folder && (name = g_dir_read_name(folder));)
        count += !g_str_has_suffix(name, ".new");
    return count;
}

static void check_journal(FakeHost *fake, const char *address, guint number, const char *path,
                          const char *text)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    g_autofree char *file = g_build_filename(fake->root, "run/virt-vfio/devices", address, NULL);
    g_autofree char *content = NULL;

    if (number == 1 && fake->entries_at_first_write && count_entries(fake) != fake->entries_at_first_write)
        note_violation(fake, "a write before all entries are in the journal", path, text);
    if (!g_file_get_contents(file, &content, NULL, NULL)) {
        note_violation(fake, "a write without a journal entry", path, text);
        return;
    }
    g_autofree char *line =
        g_strdup_printf("\ndriver=%s\n", device && device->initial ? device->initial : "");
    if (device && device->initial ? !strstr(content, line) : strstr(content, "\ndriver=") != NULL)
        note_violation(fake, "the journal entry does not say which driver was before", path, text);
}

static const FakeFault *find_fault(FakeHost *fake, const char *path, const char *address, guint number)
{
    for (guint i = 0; i < fake->fault_count; i++) {
        const FakeFault *fault = &fake->faults[i];
        if (fault->at ? fault->at != number
                      : (fault->suffix && !g_str_has_suffix(path, fault->suffix)) ||
                            (fault->address && strcmp(fault->address, address) != 0))
            continue;
        guint hit = __atomic_add_fetch(&fake->shared->hits[i], 1, __ATOMIC_SEQ_CST);
        if (!fault->times || hit <= fault->times)
            return fault;
    }
    return NULL;
}

static G_GNUC_NORETURN void hang(FakeHost *fake)
{
    /* Should the test die, so does this one. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fake->shared->hanging = getpid();
    sleep(60);
    _exit(1);
}

static G_GNUC_NORETURN void kill_program(void)
{
    fake_real_kill(getppid(), SIGKILL);
    _exit(1);
}

static void block_journal(const FakeHost *fake, const char *address)
{
    g_autofree char *path = fake_below(fake, "run/virt-vfio/devices/%s.new", address);

    g_mkdir_with_parents(path, 0700);
}

static int react_with_fault(FakeHost *fake, const FakeFault *fault, const char *path, const char *text,
                            const char *address)
{
    int error = 0;

    switch (fault->action) {
    case FAKE_HANG:
        hang(fake);
    case FAKE_DIE:
        _exit(1);
    case FAKE_KILL_BEFORE:
        kill_program();
    case FAKE_KILL_AFTER:
        react(fake, path, text);
        kill_program();
    case FAKE_UNPLUG:
        fake_host_unplug(fake, address);
        return react(fake, path, text);
    case FAKE_NO_JOURNAL:
        block_journal(fake, address);
        return react(fake, path, text);
    case FAKE_FAIL_AFTER:
        error = react(fake, path, text);
        return error ? error : fault->error;
    case FAKE_FAIL:
        break;
    }
    return fault->error;
}

static void wait_for_others(FakeHost *fake)
{
    FakeShared *shared = fake->shared;
    gint64 deadline = g_get_monotonic_time() + (gint64)fake->gather_ms * 1000;

    while (fake->gather && !__atomic_load_n(&shared->gathered, __ATOMIC_SEQ_CST)) {
        if (__atomic_load_n(&shared->running, __ATOMIC_SEQ_CST) >= fake->gather ||
            g_get_monotonic_time() >= deadline)
            __atomic_store_n(&shared->gathered, TRUE, __ATOMIC_SEQ_CST);
        else
            g_usleep(1000);
    }
}

/* A process that is killed while it writes to sysfs dies when the kernel has done the write, and not in the
 * middle of it: its program's death has to wait so long. Returns what to give to let_it_die(). */
static pid_t outlive_program(int *ret_signal)
{
    pid_t program = getppid();

    prctl(PR_GET_PDEATHSIG, ret_signal);
    prctl(PR_SET_PDEATHSIG, 0);
    return program;
}

static void let_it_die(pid_t program, int death_signal)
{
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (death_signal && getppid() != program)
        fake_real_kill(getpid(), SIGKILL);
}

static int write_whole(const char *path, const char *text, gpointer data)
{
    FakeHost *fake = data;
    FakeShared *shared = fake->shared;
    char buffer[VV_ADDRESS_TEXT];
    const char *address = subject(fake, path, text, buffer);
    guint number = __atomic_add_fetch(&shared->writes, 1, __ATOMIC_SEQ_CST);
    int running = __atomic_add_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);

    int most = __atomic_load_n(&shared->most_running, __ATOMIC_SEQ_CST);
    while (most < running && !__atomic_compare_exchange_n(&shared->most_running, &most, running, FALSE,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
    if (number <= FAKE_LOG)
        snprintf(shared->log[number - 1], sizeof shared->log[0], "%s %s", path, text);
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    /* Ports and slots are nobody's. */
    if (fake->require_journal && device && device->is_endpoint && !fake_sriov_is_noted(fake, path, address))
        check_journal(fake, address, number, path, text);
    wait_for_others(fake);
    const FakeFault *fault = find_fault(fake, path, address, number);
    int error = fault ? react_with_fault(fake, fault, path, text, address) : react(fake, path, text);
    __atomic_sub_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
    return error;
}

int fake_kernel_write(const char *path, const char *text, gpointer data)
{
    int death_signal;
    pid_t program = outlive_program(&death_signal);
    int error = write_whole(path, text, data);

    let_it_die(program, death_signal);
    return error;
}

void fake_host_inject(FakeHost *fake, const FakeFault *fault)
{
    fake->shared->writes = 0;
    memset(fake->shared->hits, 0, sizeof fake->shared->hits);
    fake->shared->running = fake->shared->most_running = 0;
    fake->shared->hanging = 0;
    if (!fault)
        fake->fault_count = 0;
    else if (fake->fault_count < FAKE_FAULTS)
        fake->faults[fake->fault_count++] = *fault;
    else
        g_error("fake host: too many faults");
}

void fake_host_gather(FakeHost *fake, int count, guint ms)
{
    fake->gather = count;
    fake->gather_ms = ms;
    fake->shared->gathered = FALSE;
}

void fake_host_require_journal(FakeHost *fake, guint entries_at_first_write)
{
    fake->require_journal = TRUE;
    fake->entries_at_first_write = entries_at_first_write;
}

guint fake_host_writes(const FakeHost *fake)
{
    return fake->shared->writes;
}

const char *fake_host_write(const FakeHost *fake, guint n)
{
    return n < MIN(fake->shared->writes, FAKE_LOG) ? fake->shared->log[n] : "(no such write)";
}

int fake_host_most_parallel(const FakeHost *fake)
{
    return fake->shared->most_running;
}

pid_t fake_host_hanging(const FakeHost *fake)
{
    return fake->shared->hanging;
}

const char *fake_host_violation(const FakeHost *fake)
{
    return *fake->shared->violation ? fake->shared->violation : NULL;
}

/* The linker sends calls of kill(), _exit(), fsync() and vv_group_in_use() here (meson.build, --wrap). */
gboolean fake_unkillable;
guint fake_exit_ms, fake_fsync_fails_at;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
G_GNUC_NORETURN void __real__exit(int status);
G_GNUC_NORETURN void __wrap__exit(int status);
int __real_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal);
gboolean __real_vv_group_in_use(const VvSysfs *sysfs, int group);
gboolean __wrap_vv_group_in_use(const VvSysfs *sysfs, int group);

int fake_real_kill(pid_t pid, int signal)
{
    return __real_kill(pid, signal);
}

int __wrap_kill(pid_t pid, int signal)
{
    return fake_unkillable && signal == SIGKILL ? 0 : __real_kill(pid, signal);
}

int __wrap_fsync(int fd)
{
    if (fake_fsync_fails_at == 0 || --fake_fsync_fails_at > 0)
        return __real_fsync(fd);
    errno = EIO;
    return -1;
}

void __wrap__exit(int status)
{
    g_usleep(fake_exit_ms * 1000UL);
    __real__exit(status);
}

gboolean __wrap_vv_group_in_use(const VvSysfs *sysfs, int group)
{
    g_autofree char *path = g_strdup_printf("dev/vfio/%d.held", group);

    return vv_sysfs_exists(sysfs, path) || __real_vv_group_in_use(sysfs, group);
}
