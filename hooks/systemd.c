/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/systemd.h"

#include "vfio/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SERVICE "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

/* Every function of libsystemd that is called, without "sd_bus_". */
#define FUNCTIONS(F)                                                                                         \
    F(open_system)                                                                                           \
    F(flush_close_unref)                                                                                     \
    F(set_method_call_timeout)                                                                               \
    F(match_signal)                                                                                          \
    F(call_method)                                                                                           \
    F(message_read)                                                                                          \
    F(message_unref)                                                                                         \
    F(error_free)                                                                                            \
    F(process)                                                                                               \
    F(wait)

#define POINTER(name) __typeof__(sd_bus_##name) *name;
typedef struct {
    FUNCTIONS(POINTER)
} Api;
#undef POINTER

struct VvSystemd {
    const Api *api;
    sd_bus *bus;
    GHashTable *removed; /* path of a job that has ended -> its result */
};

static gboolean load(Api *api, GError **error)
{
    void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "systemd is not on this host (%s)", dlerror());
        return FALSE;
    }
#define LOAD(name)                                                                                           \
    api->name = (__typeof__(sd_bus_##name) *)dlsym(library, "sd_bus_" #name);                                \
    if (!api->name) {                                                                                        \
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,                                                     \
                    "this systemd is too old: it has no sd_bus_" #name);                                     \
        dlclose(library);                                                                                    \
        return FALSE;                                                                                        \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    return TRUE;
}

static const Api *get_api(GError **error)
{
    static Api table;
    static gboolean loaded;

    loaded = loaded || load(&table, error);
    return loaded ? &table : NULL;
}

static int on_removed(sd_bus_message *message, void *data, sd_bus_error *error G_GNUC_UNUSED)
{
    VvSystemd *systemd = data;
    const char *path, *unit, *result;
    guint32 id;

    if (systemd->api->message_read(message, "uoss", &id, &path, &unit, &result) >= 0)
        g_hash_table_replace(systemd->removed, g_strdup(path), g_strdup(result));
    return 0;
}

VvSystemd *vv_systemd_open(GError **error)
{
    const Api *api = get_api(error);
    g_autoptr(VvSystemd) systemd = g_new0(VvSystemd, 1);
    sd_bus_error problem = SD_BUS_ERROR_NULL;

    systemd->api = api;
    if (!api)
        return NULL;
    systemd->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int result = api->open_system(&systemd->bus);
    if (result >= 0)
        result =
            api->match_signal(systemd->bus, NULL, SERVICE, PATH, MANAGER, "JobRemoved", on_removed, systemd);
    /* Without a subscriber the manager keeps its signals to itself. */
    if (result >= 0)
        result = api->call_method(systemd->bus, SERVICE, PATH, MANAGER, "Subscribe", &problem, NULL, "");
    if (result < 0)
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "systemd does not answer on the system bus: %s",
                    problem.message ? problem.message : g_strerror(-result));
    api->error_free(&problem);
    return result < 0 ? NULL : g_steal_pointer(&systemd);
}

void vv_systemd_close(VvSystemd *systemd)
{
    if (!systemd)
        return;
    if (systemd->bus)
        systemd->api->flush_close_unref(systemd->bus);
    if (systemd->removed)
        g_hash_table_unref(systemd->removed);
    g_free(systemd);
}

static guint64 left_of(gint64 deadline)
{
    return (guint64)MAX(deadline - g_get_monotonic_time(), 0);
}

/* Queues a job for the unit; its path as a new string. *ret_ending: the host goes down, and takes no others.
 */
static char *queue(VvSystemd *systemd, const char *method, const char *unit, gint64 deadline,
                   gboolean *ret_ending, GError **error)
{
    const Api *api = systemd->api;
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *path;
    char *job = NULL;

    api->set_method_call_timeout(systemd->bus, MAX(left_of(deadline), G_USEC_PER_SEC));
    int result = api->call_method(systemd->bus, SERVICE, PATH, MANAGER, method, &problem, &reply, "ss", unit,
                                  "replace");
    if (result >= 0)
        result = api->message_read(reply, "o", &path);
    if (result >= 0)
        job = g_strdup(path);
    *ret_ending = g_strcmp0(problem.name, SERVICE ".TransactionIsDestructive") == 0;
    if (result < 0)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "systemd refuses %s for %s: %s", method, unit,
                    problem.message ? problem.message : g_strerror(-result));
    api->message_unref(reply);
    api->error_free(&problem);
    return job;
}

/* What became of a job: "done", "failed", "timeout" …; NULL: it goes on. Owned by `systemd`. */
static const char *await(VvSystemd *systemd, const char *job, gint64 deadline, GError **error)
{
    const char *ended = NULL;

    while (!ended) {
        int result = systemd->api->process(systemd->bus, NULL);
        ended = g_hash_table_lookup(systemd->removed, job);
        if (ended || (result == 0 && left_of(deadline) == 0))
            break;
        if (result == 0)
            result = systemd->api->wait(systemd->bus, left_of(deadline));
        if (result < 0 && result != -EINTR) {
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "systemd does not answer any more: %s",
                        g_strerror(-result));
            break;
        }
    }
    return ended;
}

gboolean vv_systemd_stop(VvSystemd *systemd, const char *unit, gint64 deadline, GError **error)
{
    gint64 before = g_get_monotonic_time();
    GError *problem = NULL;
    gboolean ending;
    g_autofree char *job = queue(systemd, "StopUnit", unit, deadline, &ending, &problem);
    const char *ended = job ? await(systemd, job, deadline, &problem) : NULL;

    if (g_strcmp0(ended, "done") == 0)
        return TRUE;
    if (problem)
        g_propagate_error(error, problem);
    else if (ended)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s does not stop: systemd says \"%s\"", unit, ended);
    else
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s has not stopped within %.0f s", unit,
                    (double)(g_get_monotonic_time() - before) / G_USEC_PER_SEC);
    return FALSE;
}

gboolean vv_systemd_start(VvSystemd *systemd, const char *unit, gint64 deadline, GError **error)
{
    GError *problem = NULL;
    gboolean ending;
    g_autofree char *job = queue(systemd, "StartUnit", unit, deadline, &ending, &problem);
    const char *ended = job ? await(systemd, job, deadline, &problem) : NULL;

    if (ending || (!ended && !problem) || g_strcmp0(ended, "done") == 0) {
        g_clear_error(&problem);
        return TRUE;
    }
    if (problem)
        g_propagate_error(error, problem);
    else
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s does not start: systemd says \"%s\"; see 'systemctl status %s'", unit, ended, unit);
    return FALSE;
}
