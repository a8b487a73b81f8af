/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/connection-internal.h"
#include "vfio/error.h"

/* Waiting has a connection of its own. One that was opened with an event loop registered tells the daemon
 * that it answers keepalives, and the daemon drops it when it does not for 30 s (keepalive_interval,
 * keepalive_count in libvirtd.conf): taking devices can last longer than that, with nobody in the loop.
 */
typedef struct {
    const VvLibvirt *libvirt;
    virConnectPtr connect;
    virDomainPtr domain;
    gboolean stopped, lost, cancelled, expired;
    int event, cancel_watch, timer; /* -1: none */
} Wait;

static int on_lifecycle(virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
    Wait *wait = data;

    (void)connect;
    (void)domain;
    (void)detail;
    wait->stopped |= event == VIR_DOMAIN_EVENT_STOPPED;
    return 0;
}

static void on_close(virConnectPtr connect, int reason, void *data)
{
    Wait *wait = data;

    (void)connect;
    (void)reason;
    wait->lost = TRUE;
}

static void on_cancel(int watch, int fd, int events, void *data)
{
    Wait *wait = data;

    (void)watch;
    (void)fd;
    (void)events;
    wait->cancelled = TRUE;
}

static void on_timeout(int timer, void *data)
{
    Wait *wait = data;

    (void)timer;
    wait->expired = TRUE;
}

/* Seconds between two signs of life, and how many may be missing. */
enum { KEEPALIVE_SECONDS = 5, KEEPALIVE_COUNT = 5 };

static gboolean begin(Wait *wait, const char *uri, const char *domain, GError **error)
{
    static gboolean has_loop;
    const VvLibvirt *libvirt = wait->libvirt;

    has_loop = has_loop || libvirt->EventRegisterDefaultImpl() == 0;
    if (!has_loop) {
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt has no event loop");
        return FALSE;
    }
    wait->connect = vv_libvirt_open(libvirt, uri, error);
    if (!wait->connect)
        return FALSE;
    /* Drivers inside this process, like the test driver, have nothing to keep alive and say so. */
    libvirt->ConnectSetKeepAlive(wait->connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    libvirt->ConnectRegisterCloseCallback(wait->connect, on_close, wait, NULL);
    wait->domain = vv_libvirt_domain(libvirt, wait->connect, domain, error);
    if (!wait->domain)
        return FALSE;
    wait->event =
        libvirt->ConnectDomainEventRegisterAny(wait->connect, wait->domain, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                               VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), wait, NULL);
    if (wait->event < 0)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt does not tell when %s stops", domain);
    return wait->event >= 0;
}

static void end(Wait *wait)
{
    const VvLibvirt *libvirt = wait->libvirt;

    if (wait->cancel_watch >= 0)
        libvirt->EventRemoveHandle(wait->cancel_watch);
    if (wait->timer >= 0)
        libvirt->EventRemoveTimeout(wait->timer);
    if (wait->event >= 0)
        libvirt->ConnectDomainEventDeregisterAny(wait->connect, wait->event);
    if (wait->domain)
        libvirt->DomainFree(wait->domain);
    if (!wait->connect)
        return;
    libvirt->ConnectUnregisterCloseCallback(wait->connect, on_close);
    libvirt->ConnectClose(wait->connect);
}

/* 1: running, 0: off, or gone altogether; -1: cannot be told. */
static int is_active(const Wait *wait)
{
    int active = wait->libvirt->DomainIsActive(wait->domain);
    const virError *problem = active < 0 ? wait->libvirt->GetLastError() : NULL;

    return problem && problem->code == VIR_ERR_NO_DOMAIN ? 0 : active;
}

static gboolean run(Wait *wait, const char *domain, int timeout_ms, int cancel_fd, GError **error)
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
    while (!wait->stopped && !wait->lost && !wait->cancelled && !wait->expired)
        if (libvirt->EventRunDefaultImpl() < 0) {
            vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "waiting for %s", domain);
            return FALSE;
        }
    if (wait->lost && !wait->stopped)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "the connection to libvirt was lost while waiting for %s; it may still be running",
                    domain);
    return wait->stopped;
}

gboolean vv_connection_wait_off(VvConnection *connection, const char *domain, int timeout_ms, int cancel_fd,
                                GError **error)
{
    Wait wait = {.libvirt = connection->libvirt, .event = -1, .cancel_watch = -1, .timer = -1};
    gboolean off =
        begin(&wait, connection->uri, domain, error) && run(&wait, domain, timeout_ms, cancel_fd, error);

    end(&wait);
    return off;
}
