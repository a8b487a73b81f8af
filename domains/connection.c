/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/connection.h"

#include "domains/connection-internal.h"
#include "vfio/error.h"

#include <stdlib.h>
#include <string.h>

VvConnection *vv_connection_open(const char *uri, GError **error)
{
    const VvLibvirt *libvirt = vv_libvirt(error);
    VvConnection *connection;
    virConnectPtr connect;

    if (!libvirt)
        return NULL;
    uri = uri ? uri : "qemu:///system";
    connect = vv_libvirt_open(libvirt, uri, error);
    if (!connect)
        return NULL;
    connection = g_new0(VvConnection, 1);
    connection->libvirt = libvirt;
    connection->connect = connect;
    connection->uri = g_strdup(uri);
    return connection;
}

void vv_connection_close(VvConnection *connection)
{
    if (!connection)
        return;
    connection->libvirt->ConnectClose(connection->connect);
    g_free(connection->uri);
    g_free(connection);
}

/* libvirt's strings come from malloc(), like GLib's; copied all the same, for they are freed by free(). */
static char *take(char *text)
{
    char *copy = g_strdup(text);

    free(text);
    return copy;
}

char *vv_connection_capabilities(VvConnection *connection, const char *emulator, const char *machine,
                                 gboolean kvm, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    char *xml = libvirt->ConnectGetDomainCapabilities(connection->connect, emulator, "x86_64",
                                                      machine ? machine : "q35", kvm ? "kvm" : "qemu", 0);

    if (!xml)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_NOT_READY, "libvirt has no %s for %s",
                             kvm ? "KVM" : "QEMU", machine ? machine : "q35");
    return take(xml);
}

static char *uuid_of(VvConnection *connection, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    return connection->libvirt->DomainGetUUIDString(domain, uuid) == 0 ? g_strdup(uuid) : NULL;
}

char *vv_connection_define(VvConnection *connection, const char *xml, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = libvirt->DomainDefineXMLFlags(connection->connect, xml, VIR_DOMAIN_DEFINE_VALIDATE);
    char *uuid;

    if (!domain) {
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt does not take the domain");
        return NULL;
    }
    uuid = uuid_of(connection, domain);
    if (!uuid)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt does not tell the domain's uuid");
    libvirt->DomainFree(domain);
    return uuid;
}

char *vv_connection_uuid(VvConnection *connection, const char *name)
{
    virDomainPtr domain = connection->libvirt->DomainLookupByName(connection->connect, name);
    char *uuid = domain ? uuid_of(connection, domain) : NULL;

    if (domain)
        connection->libvirt->DomainFree(domain);
    return uuid;
}

gboolean vv_connection_get_autostart(VvConnection *connection, const char *name)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, NULL);
    int on = 0;

    if (!domain)
        return FALSE;
    if (libvirt->DomainGetAutostart(domain, &on) != 0)
        on = 0;
    libvirt->DomainFree(domain);
    return on != 0;
}

gboolean vv_connection_set_autostart(VvConnection *connection, const char *name, gboolean on, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    gboolean good;

    if (!domain)
        return FALSE;
    good = libvirt->DomainSetAutostart(domain, on) == 0;
    if (!good)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s: its autostart cannot be set", name);
    libvirt->DomainFree(domain);
    return good;
}

static VvDomainState state_from_libvirt(int state)
{
    switch (state) {
    case VIR_DOMAIN_NOSTATE:
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return VV_DOMAIN_RUNNING;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
        return VV_DOMAIN_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
        return VV_DOMAIN_STOPPING;
    case VIR_DOMAIN_CRASHED:
        return VV_DOMAIN_CRASHED;
    default:
        return VV_DOMAIN_OFF;
    }
}

const char *vv_domain_state_name(VvDomainState state)
{
    static const char *const names[] = {"off", "running", "paused", "stopping", "crashed"};

    return names[state];
}

gboolean vv_domain_state_is_on(VvDomainState state)
{
    return state != VV_DOMAIN_OFF && state != VV_DOMAIN_CRASHED;
}

void vv_domain_info_free(VvDomainInfo *info)
{
    if (!info)
        return;
    g_free(info->name);
    g_free(info->uuid);
    g_free(info->xml);
    g_free(info);
}

/* NULL when the domain vanished since it was listed: then it is no longer a domain of this host. */
static VvDomainInfo *read_info(VvConnection *connection, virDomainPtr domain)
{
    const VvLibvirt *libvirt = connection->libvirt;
    int state = 0;
    VvDomainInfo *info;
    char *xml;

    if (libvirt->DomainGetState(domain, &state, NULL, 0) < 0)
        return NULL;
    xml = libvirt->DomainGetXMLDesc(domain, 0);
    if (!xml)
        return NULL;
    info = g_new0(VvDomainInfo, 1);
    info->name = g_strdup(libvirt->DomainGetName(domain));
    info->uuid = uuid_of(connection, domain);
    info->state = state_from_libvirt(state);
    info->xml = take(xml);
    return info;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(VvDomainInfo *const *)a)->name, (*(VvDomainInfo *const *)b)->name);
}

GPtrArray *vv_connection_list(VvConnection *connection, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)vv_domain_info_free);
    virDomainPtr *domains = NULL;
    int count = libvirt->ConnectListAllDomains(connection->connect, &domains, 0);

    if (count < 0) {
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "libvirt's domains cannot be listed");
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        VvDomainInfo *info = read_info(connection, domains[i]);

        if (info)
            g_ptr_array_add(list, info);
        libvirt->DomainFree(domains[i]);
    }
    free(domains);
    g_ptr_array_sort(list, compare_names);
    return g_steal_pointer(&list);
}

gboolean vv_connection_state(VvConnection *connection, const char *name, VvDomainState *ret, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    gboolean good;
    int state = 0;

    if (!domain)
        return FALSE;
    good = libvirt->DomainGetState(domain, &state, NULL, 0) == 0;
    if (good)
        *ret = state_from_libvirt(state);
    else
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s: its state cannot be read", name);
    libvirt->DomainFree(domain);
    return good;
}

static gboolean act(VvConnection *connection, const char *name, int (*action)(virDomainPtr), const char *what,
                    GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    gboolean good;

    if (!domain)
        return FALSE;
    good = action(domain) == 0;
    if (!good)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s cannot be %s", name, what);
    libvirt->DomainFree(domain);
    return good;
}

gboolean vv_connection_start(VvConnection *connection, const char *domain, GError **error)
{
    return act(connection, domain, connection->libvirt->DomainCreate, "started", error);
}

static int create_paused(virDomainPtr domain)
{
    return vv_libvirt(NULL)->DomainCreateWithFlags(domain, VIR_DOMAIN_START_PAUSED);
}

gboolean vv_connection_start_paused(VvConnection *connection, const char *domain, GError **error)
{
    return act(connection, domain, create_paused, "started", error);
}

gboolean vv_connection_resume(VvConnection *connection, const char *domain, GError **error)
{
    return act(connection, domain, connection->libvirt->DomainResume, "resumed", error);
}

gboolean vv_connection_shutdown(VvConnection *connection, const char *domain, GError **error)
{
    return act(connection, domain, connection->libvirt->DomainShutdown, "shut down", error);
}

gboolean vv_connection_destroy(VvConnection *connection, const char *domain, GError **error)
{
    return act(connection, domain, connection->libvirt->DomainDestroy, "stopped", error);
}
