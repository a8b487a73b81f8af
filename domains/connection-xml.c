/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/connection-internal.h"
#include "vfio/error.h"

#include <stdlib.h>

static char *read_xml(VvConnection *connection, const char *name, unsigned flags, GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    char *xml = domain ? libvirt->DomainGetXMLDesc(domain, flags) : NULL, *copy;

    if (!domain)
        return NULL;
    if (!xml)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s: its XML cannot be read", name);
    libvirt->DomainFree(domain);
    copy = g_strdup(xml);
    free(xml);
    return copy;
}

char *vv_connection_domain_xml(VvConnection *connection, const char *domain, GError **error)
{
    return read_xml(connection, domain, VIR_DOMAIN_XML_INACTIVE, error);
}

char *vv_connection_whole_xml(VvConnection *connection, const char *domain, GError **error)
{
    return read_xml(connection, domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE, error);
}

/* -1: it cannot be told. */
static int ask(VvConnection *connection, const char *name, int (*question)(virDomainPtr), GError **error)
{
    const VvLibvirt *libvirt = connection->libvirt;
    virDomainPtr domain = vv_libvirt_domain(libvirt, connection->connect, name, error);
    int answer = domain ? question(domain) : -1;

    if (domain && answer < 0)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s: its state cannot be read", name);
    if (domain)
        libvirt->DomainFree(domain);
    return answer;
}

char *vv_connection_live_xml(VvConnection *connection, const char *domain, GError **error)
{
    int active = ask(connection, domain, connection->libvirt->DomainIsActive, error);

    return active == 1 ? read_xml(connection, domain, 0, error) : NULL;
}

gboolean vv_connection_is_stored(VvConnection *connection, const char *domain, GError **error)
{
    return ask(connection, domain, connection->libvirt->DomainIsPersistent, error) == 1;
}
