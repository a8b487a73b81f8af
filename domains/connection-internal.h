/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/connection.h"
#include "domains/libvirt-api.h"

struct VvConnection {
    const VvLibvirt *libvirt;
    virConnectPtr connect;
    char *uri;
};

/* Waiting has a connection of its own. One that was opened with an event loop registered tells the daemon
 * that it answers keepalives, and the daemon drops it when it does not for 30 s (keepalive_interval,
 * keepalive_count in libvirtd.conf): taking devices can last longer than that, with nobody in the loop. */
typedef struct {
    const VvLibvirt *libvirt;
    virConnectPtr connect;
    virDomainPtr domain;
    const char *alias; /* of the device whose removal is awaited; NULL: the domain's stop is */
    gboolean stopped, lost, cancelled, expired;
    gboolean removed, refused;          /* the device */
    int events[3], cancel_watch, timer; /* -1: none */
} VvWait;

/* Call vv_wait_end() after it, successful or not. */
gboolean vv_wait_begin(VvWait *wait, VvConnection *connection, const char *domain, GError **error);

/* Until what is awaited has come (TRUE), the time is over, or `cancel_fd` is readable. */
gboolean vv_wait_run(VvWait *wait, const char *domain, int timeout_ms, int cancel_fd, GError **error);
void vv_wait_end(VvWait *wait);
