/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/connection-internal.h"
#include "vfio/error.h"

#include <string.h>

static int on_lifecycle(virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
    VvWait *wait = data;

    (void)connect;
    (void)domain;
    (void)detail;
    wait->stopped |= event == VIR_DOMAIN_EVENT_STOPPED;
    return 0;
}

static void on_removed(virConnectPtr connect, virDomainPtr domain, const char *alias, void *data)
{
    VvWait *wait = data;

    (void)connect;
    (void)domain;
    wait->removed |= wait->alias && strcmp(alias, wait->alias) == 0;
}

static void on_refused(virConnectPtr connect, virDomainPtr domain, const char *alias, void *data)
{
    VvWait *wait = data;

    (void)connect;
    (void)domain;
    wait->refused |= wait->alias && strcmp(alias, wait->alias) == 0;
}

static void on_close(virConnectPtr connect, int reason, void *data)
{
    VvWait *wait = data;

    (void)connect;
    (void)reason;
    wait->lost = TRUE;
}

static void on_cancel(int watch, int fd, int events, void *data)
{
    VvWait *wait = data;

    (void)watch;
    (void)fd;
    (void)events;
    wait->cancelled = TRUE;
}

static void on_timeout(int timer, void *data)
{
    VvWait *wait = data;

    (void)timer;
    wait->expired = TRUE;
}

/* Seconds between two signs of life, and how many may be missing. */
enum { KEEPALIVE_SECONDS = 5, KEEPALIVE_COUNT = 5 };

static gboolean await_event(VvWait *wait, int index, int event, virConnectDomainEventGenericCallback callback,
                            const char *domain, GError **error)
{
    wait->events[index] = wait->libvirt->ConnectDomainEventRegisterAny(wait->connect, wait->domain, event,
                                                                       callback, wait, NULL);
    if (wait->events[index] < 0)
        vv_libvirt_set_error(wait->libvirt, error, VV_ERROR_FAILED, "libvirt does not tell of %s's events",
                             domain);
    return wait->events[index] >= 0;
}

gboolean vv_wait_begin(VvWait *wait, VvConnection *connection, const char *domain, GError **error)
{
    static gboolean has_loop;
    const VvLibvirt *libvirt = wait->libvirt = connection->libvirt;

    wait->events[0] = wait->events[1] = wait->events[2] = wait->cancel_watch = wait->timer = -1;
    has_loop = has_loop || libvirt->EventRegisterDefaultImpl() == 0;
    if (!has_loop) {
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt has no event loop");
        return FALSE;
    }
    wait->connect = vv_libvirt_open(libvirt, connection->uri, error);
    if (!wait->connect)
        return FALSE;
    /* Drivers inside this process, like the test driver, have nothing to keep alive and say so. */
    libvirt->ConnectSetKeepAlive(wait->connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    libvirt->ConnectRegisterCloseCallback(wait->connect, on_close, wait, NULL);
    wait->domain = vv_libvirt_domain(libvirt, wait->connect, domain, error);
    if (!wait->domain || !await_event(wait, 0, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                      VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), domain, error))
        return FALSE;
    return !wait->alias || (await_event(wait, 1, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                                        VIR_DOMAIN_EVENT_CALLBACK(on_removed), domain, error) &&
                            await_event(wait, 2, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
                                        VIR_DOMAIN_EVENT_CALLBACK(on_refused), domain, error));
}

void vv_wait_end(VvWait *wait)
{
    const VvLibvirt *libvirt = wait->libvirt;

    if (wait->cancel_watch >= 0)
        libvirt->EventRemoveHandle(wait->cancel_watch);
    if (wait->timer >= 0)
        libvirt->EventRemoveTimeout(wait->timer);
    for (gsize i = 0; i < G_N_ELEMENTS(wait->events); i++)
        if (wait->events[i] >= 0)
            libvirt->ConnectDomainEventDeregisterAny(wait->connect, wait->events[i]);
    if (wait->domain)
        libvirt->DomainFree(wait->domain);
    if (!wait->connect)
        return;
    libvirt->ConnectUnregisterCloseCallback(wait->connect, on_close);
    libvirt->ConnectClose(wait->connect);
}

/* 1: running, 0: off, or gone altogether; -1: cannot be told. */
static int is_active(const VvWait *wait)
{
    int active = wait->libvirt->DomainIsActive(wait->domain);
    const virError *problem = active < 0 ? wait->libvirt->GetLastError() : NULL;

    return problem && problem->code == VIR_ERR_NO_DOMAIN ? 0 : active;
}

gboolean vv_wait_run(VvWait *wait, const char *domain, int timeout_ms, int cancel_fd, GError **error)
{
    const VvLibvirt *libvirt = wait->libvirt;
    /* After the event was asked for: a stop before it is seen here, a stop after it in the loop. */
    int active = is_active(wait);

    if (active < 0)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s: its state cannot be read", domain);
    if (active <= 0)
        return active == 0;
    if (cancel_fd >= 0)
        wait->cancel_watch = libvirt->EventAddHandle(
            cancel_fd, VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_HANGUP, on_cancel, wait, NULL);
    if (timeout_ms >= 0)
        wait->timer = libvirt->EventAddTimeout(timeout_ms, on_timeout, wait, NULL);
    while (!wait->stopped && !wait->lost && !wait->cancelled && !wait->expired && !wait->removed &&
           !wait->refused)
        if (libvirt->EventRunDefaultImpl() < 0) {
            vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "waiting for %s", domain);
            return FALSE;
        }
    if (wait->lost && !wait->stopped && !wait->removed)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "the connection to libvirt was lost while waiting for %s; it may still be running",
                    domain);
    return wait->stopped || wait->removed;
}

gboolean vv_connection_wait_off(VvConnection *connection, const char *domain, int timeout_ms, int cancel_fd,
                                GError **error)
{
    VvWait wait = {0};
    gboolean off = vv_wait_begin(&wait, connection, domain, error) &&
                   vv_wait_run(&wait, domain, timeout_ms, cancel_fd, error);

    vv_wait_end(&wait);
    return off;
}
