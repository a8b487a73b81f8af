/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/connection-internal.h"
#include "vfio/error.h"

gboolean vv_connection_attach(VvConnection *connection, const char *name, const char *device, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    gboolean good = domain && libvirt->DomainAttachDeviceFlags(domain, device, VIR_DOMAIN_AFFECT_LIVE) == 0;

    if (domain && !good)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s does not take the device", name);
    if (domain)
        libvirt->DomainFree(domain);
    return good;
}

/* libvirt waits 5 s for the guest by itself, and returns success whether it has let go or not
 * (qemuDomainRemoveDeviceWaitTime in src/qemu/qemu_hotplug.c): only the event says. */
gboolean vv_connection_detach(VvConnection *connection, const char *name, const char *device,
                              const char *alias, int timeout_ms, int cancel_fd, GError **error)
{
    VvWait wait = {.alias = alias};
    gboolean gone = FALSE;

    if (!vv_wait_begin(&wait, connection, name, error))
        goto out;
    if (wait.libvirt->DomainDetachDeviceFlags(wait.domain, device, VIR_DOMAIN_AFFECT_LIVE) < 0) {
        vv_libvirt_set_error(wait.libvirt, error, VV_ERROR_FAILED, "%s does not give up the device", name);
        goto out;
    }
    gone = vv_wait_run(&wait, name, timeout_ms, cancel_fd, error);
    if (wait.refused && !gone)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the guest %s refuses to give up the device", name);
out:
    vv_wait_end(&wait);
    return gone;
}
