/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The only part that speaks to libvirt (connection.c, connection-wait.c, libvirt-api.c). libvirt.so is loaded
 * when a connection is opened and not at program start: half of the verbs do without, and loading it costs
 * more than binding a device does. */
typedef struct VvConnection VvConnection;

typedef enum {
    VV_DOMAIN_OFF,
    VV_DOMAIN_RUNNING,
    VV_DOMAIN_PAUSED,
    VV_DOMAIN_STOPPING,
    VV_DOMAIN_CRASHED,
} VvDomainState;

/* One domain of the host. */
typedef struct {
    char *name;
    char *uuid;
    VvDomainState state;
    char *xml; /* live XML of an active domain, else the stored one */
} VvDomainInfo;

/* uri: NULL is qemu:///system. VV_ERROR_NOT_READY when libvirt is not installed or its daemon does not
 * answer; the message says which, and what to start. */
VvConnection *vv_connection_open(const char *uri, GError **error);
void vv_connection_close(VvConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvConnection, vv_connection_close)

/* What this libvirt and QEMU can do for a machine type (NULL: the newest q35) with KVM or without, as XML for
 * vv_capabilities_read(); `emulator` NULL: libvirt's choice. New string; NULL with VV_ERROR_NOT_READY where
 * they cannot run such a guest at all. */
char *vv_connection_capabilities(VvConnection *connection, const char *emulator, const char *machine,
                                 gboolean kvm, GError **error);

/* Defines or redefines, validating against libvirt's schema. A domain of that name with another uuid is
 * replaced only if the XML carries the same uuid. New string (the uuid), or NULL. */
char *vv_connection_define(VvConnection *connection, const char *xml, GError **error);

/* The uuid of the domain of that name, new string; NULL when there is none. To redefine a domain from a VM
 * file without a uuid, put this into the VM (VvVm.uuid) before the XML is built: libvirt takes a definition
 * of the same name for a change only under the same uuid. */
char *vv_connection_uuid(VvConnection *connection, const char *name);

/* The domain by name or uuid. The stored (inactive) XML; new string; NULL with VV_ERROR_FAILED if there is
 * none. Without the passwords: see vv_connection_whole_xml(). */
char *vv_connection_domain_xml(VvConnection *connection, const char *domain, GError **error);

/* Does it start with the host? FALSE too where there is no such domain. */
gboolean vv_connection_get_autostart(VvConnection *connection, const char *domain);
gboolean vv_connection_set_autostart(VvConnection *connection, const char *domain, gboolean on,
                                     GError **error);

/* All domains (VvDomainInfo *), sorted by name, owned by the caller. */
GPtrArray *vv_connection_list(VvConnection *connection, GError **error);
void vv_domain_info_free(VvDomainInfo *info);

gboolean vv_connection_state(VvConnection *connection, const char *domain, VvDomainState *ret,
                             GError **error);
gboolean vv_connection_start(VvConnection *connection, const char *domain, GError **error);
/* Starts it without a single instruction run, and lets it run. */
gboolean vv_connection_start_paused(VvConnection *connection, const char *domain, GError **error);
gboolean vv_connection_resume(VvConnection *connection, const char *domain, GError **error);
/* Asks the guest politely (ACPI power button or agent, as libvirt chooses); returns at once. */
gboolean vv_connection_shutdown(VvConnection *connection, const char *domain, GError **error);
/* Pulls the plug. */
gboolean vv_connection_destroy(VvConnection *connection, const char *domain, GError **error);

/* Waits until the domain is off, for `timeout_ms` at most (-1: for ever) or until `cancel_fd` (-1: none) is
 * readable. Returns TRUE when it is off; FALSE without error on time-out or cancel; FALSE with an error when
 * the connection was lost. Waits for libvirt's STOPPED event, which comes after libvirt's own clean-up, and
 * checks the state before it waits, so that no event is missed. */
gboolean vv_connection_wait_off(VvConnection *connection, const char *domain, int timeout_ms, int cancel_fd,
                                GError **error);

/* The stored XML as the one who wants to define it again needs it: with passwords. New string. Needs more
 * than a read-only connection. */
char *vv_connection_whole_xml(VvConnection *connection, const char *domain, GError **error);
/* The XML of the running guest: new string; NULL without an error: it does not run. */
char *vv_connection_live_xml(VvConnection *connection, const char *domain, GError **error);
/* Will it still be there when it has stopped? FALSE with an error: it cannot be told. */
gboolean vv_connection_is_stored(VvConnection *connection, const char *domain, GError **error);

/* Plugs a device (its XML) into the running guest. Nothing is stored. */
gboolean vv_connection_attach(VvConnection *connection, const char *domain, const char *device,
                              GError **error);
/* Asks the guest to let go of a device and waits until QEMU has removed it, for `timeout_ms` at most or until
 * `cancel_fd` (-1: none) is readable. `alias` is the device's in the live XML. TRUE when it is gone, also
 * because the guest stopped; FALSE without an error on time-out or cancel: the guest may still let go. */
gboolean vv_connection_detach(VvConnection *connection, const char *domain, const char *device,
                              const char *alias, int timeout_ms, int cancel_fd, GError **error);

const char *vv_domain_state_name(VvDomainState state);
/* Has it a guest that may hold devices? */
gboolean vv_domain_state_is_on(VvDomainState state);
