/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-systemd.h"

#include "test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

/* What test and manager tell each other lies in files: units/NAME has the pid and the delay. */
struct FakeSystemd {
    char *root, *folder;
    pid_t bus, manager;
};

static char *path_of(const FakeSystemd *fake, const char *kind, const char *name)
{
    g_autofree char *file = g_strdup_printf("%s-%s", kind, name);

    return g_build_filename(fake->folder, file, NULL);
}

static const char *const faults[] = {"stays", "fails", "ending", "immortal"};

static gboolean has_fault(const FakeSystemd *fake, const char *unit, FakeUnitFault fault)
{
    g_autofree char *path = path_of(fake, faults[fault], unit);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void write_log(const FakeSystemd *fake, const char *what, const char *unit)
{
    g_autofree char *path = g_build_filename(fake->folder, "log", NULL);
    FILE *file = fopen(path, "ae");

    fprintf(file, "%s %s; ", what, unit);
    fclose(file);
}

/* In a process of its own, because the job is over before that. */
static void end_process(const FakeSystemd *fake, const char *unit)
{
    g_autofree char *path = path_of(fake, "unit", unit), *text = NULL;
    int pid = 0;
    guint late_ms = 0;

    if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%d %u", &pid, &late_ms) != 2 || !pid)
        return;
    g_autofree char *from = g_strdup_printf("%s/proc/%d", fake->root, pid);
    g_autofree char *to = g_strdup_printf("%s/ended-%d", fake->root, pid);
    if (late_ms == 0)
        g_rename(from, to);
    else if (fork() == 0) {
        g_usleep(late_ms * 1000);
        g_rename(from, to);
        _exit(0);
    }
}

static int answer(sd_bus_message *message, FakeSystemd *fake, gboolean stops, sd_bus_error *error)
{
    static guint32 id;
    const char *unit, *mode;
    g_autofree char *job = g_strdup_printf(PATH "/job/%u", ++id);
    sd_bus *bus = sd_bus_message_get_bus(message);

    if (sd_bus_message_read(message, "ss", &unit, &mode) < 0 || strcmp(mode, "replace") != 0)
        return -EINVAL;
    g_autofree char *path = path_of(fake, "unit", unit);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not loaded.", unit);
    write_log(fake, stops ? "stop" : "start", unit);
    if (!stops && has_fault(fake, unit, FAKE_UNIT_ENDING))
        return sd_bus_error_set(error, "org.freedesktop.systemd1.TransactionIsDestructive", "going down");
    sd_bus_reply_method_return(message, "o", job);
    if (stops && has_fault(fake, unit, FAKE_UNIT_STAYS))
        return 1;
    if (stops && !has_fault(fake, unit, FAKE_UNIT_IMMORTAL))
        end_process(fake, unit);
    sd_bus_emit_signal(bus, PATH, MANAGER, "JobRemoved", "uoss", id, job, unit,
                       !stops && has_fault(fake, unit, FAKE_UNIT_FAILS) ? "failed" : "done");
    return 1;
}

static int on_stop(sd_bus_message *message, void *data, sd_bus_error *error)
{
    return answer(message, data, TRUE, error);
}

static int on_start(sd_bus_message *message, void *data, sd_bus_error *error)
{
    return answer(message, data, FALSE, error);
}

static int on_subscribe(sd_bus_message *message, void *data, sd_bus_error *error)
{
    return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("StopUnit", "ss", "o", on_stop, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StartUnit", "ss", "o", on_start, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
    SD_BUS_VTABLE_END,
};

static void run_manager(FakeSystemd *fake)
{
    sd_bus *bus = NULL;

    signal(SIGCHLD, SIG_IGN);
    if (sd_bus_open_system(&bus) < 0 ||
        sd_bus_add_object_vtable(bus, NULL, PATH, MANAGER, methods, fake) < 0 ||
        sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0)
        _exit(1);
    g_autofree char *ready = g_build_filename(fake->folder, "ready", NULL);
    g_file_set_contents(ready, "", 0, NULL);
    for (int result = 0; result >= 0;)
        if ((result = sd_bus_process(bus, NULL)) == 0)
            result = sd_bus_wait(bus, UINT64_MAX);
    _exit(0);
}

static gboolean wait_for(const FakeSystemd *fake, const char *name)
{
    g_autofree char *path = g_build_filename(fake->folder, name, NULL);

    for (guint i = 0; i < 500 && !g_file_test(path, G_FILE_TEST_EXISTS); i++)
        g_usleep(20000);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void start_bus(FakeSystemd *fake, const char *program)
{
    g_autofree char *config = g_build_filename(fake->folder, "bus.conf", NULL);
    g_autofree char *argument = g_strconcat("--config-file=", config, NULL);
    g_autofree char *address = g_strdup_printf("unix:path=%s/bus", fake->folder);
    g_autofree char *text = g_strdup_printf(
        "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><policy context='default'>"
        "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>",
        address);

    assert_true(g_file_set_contents(config, text, -1, NULL));
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
    fake->bus = fork();
    if (fake->bus == 0) {
        execl(program, program, argument, "--nofork", "--nopidfile", NULL);
        _exit(127);
    }
    assert_true(wait_for(fake, "bus"));
}

FakeSystemd *fake_systemd_new(const char *root)
{
    g_autofree char *program = g_find_program_in_path("dbus-daemon");
    if (!program)
        return NULL;

    FakeSystemd *fake = g_new0(FakeSystemd, 1);
    fake->root = g_strdup(root);
    fake->folder = g_dir_make_tmp("virt-vfio-bus-XXXXXX", NULL);
    assert_non_null(fake->folder);
    start_bus(fake, program);
    fake->manager = fork();
    if (fake->manager == 0)
        run_manager(fake);
    assert_true(wait_for(fake, "ready"));
    return fake;
}

static void end(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

void fake_systemd_kill(FakeSystemd *fake)
{
    end(&fake->manager);
    end(&fake->bus);
}

void fake_systemd_free(FakeSystemd *fake)
{
    g_autoptr(GDir) folder = g_dir_open(fake->folder, 0, NULL);

    fake_systemd_kill(fake);
    g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    for (const char *name; (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(fake->folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fake->folder);
    g_free(fake->folder);
    g_free(fake->root);
    g_free(fake);
}

void fake_systemd_add(FakeSystemd *fake, const char *unit, int pid, guint late_ms)
{
    g_autofree char *path = path_of(fake, "unit", unit);
    g_autofree char *text = g_strdup_printf("%d %u", pid, late_ms);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

void fake_systemd_inject(FakeSystemd *fake, const char *unit, FakeUnitFault fault, gboolean on)
{
    g_autofree char *path = path_of(fake, faults[fault], unit);

    if (on)
        assert_true(g_file_set_contents(path, "", 0, NULL));
    else
        g_unlink(path);
}

char *fake_systemd_log(FakeSystemd *fake)
{
    g_autofree char *path = g_build_filename(fake->folder, "log", NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_unlink(path);
    return text;
}
