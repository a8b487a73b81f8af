/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* Every libvirt function this program calls, by its name without "vir". */
#define VV_LIBVIRT_FUNCTIONS(F)                                                                              \
    F(ConnectClose)                                                                                          \
    F(ConnectDomainEventDeregisterAny)                                                                       \
    F(ConnectDomainEventRegisterAny)                                                                         \
    F(ConnectGetDomainCapabilities)                                                                          \
    F(ConnectListAllDomains)                                                                                 \
    F(ConnectOpen)                                                                                           \
    F(ConnectRegisterCloseCallback)                                                                          \
    F(ConnectSetKeepAlive)                                                                                   \
    F(ConnectUnregisterCloseCallback)                                                                        \
    F(DomainAttachDeviceFlags)                                                                               \
    F(DomainCreate)                                                                                          \
    F(DomainCreateWithFlags)                                                                                 \
    F(DomainDefineXMLFlags)                                                                                  \
    F(DomainDetachDeviceFlags)                                                                               \
    F(DomainDestroy)                                                                                         \
    F(DomainFree)                                                                                            \
    F(DomainGetAutostart)                                                                                    \
    F(DomainGetName)                                                                                         \
    F(DomainGetState)                                                                                        \
    F(DomainGetUUIDString)                                                                                   \
    F(DomainGetXMLDesc)                                                                                      \
    F(DomainIsActive)                                                                                        \
    F(DomainIsPersistent)                                                                                    \
    F(DomainLookupByName)                                                                                    \
    F(DomainLookupByUUIDString)                                                                              \
    F(DomainResume)                                                                                          \
    F(DomainSetAutostart)                                                                                    \
    F(DomainShutdown)                                                                                        \
    F(EventAddHandle)                                                                                        \
    F(EventAddTimeout)                                                                                       \
    F(EventRegisterDefaultImpl)                                                                              \
    F(EventRemoveHandle)                                                                                     \
    F(EventRemoveTimeout)                                                                                    \
    F(EventRunDefaultImpl)                                                                                   \
    F(GetLastError)                                                                                          \
    F(SetErrorFunc)

#define VV_LIBVIRT_POINTER(name) __typeof__(vir##name) *name;
typedef struct {
    VV_LIBVIRT_FUNCTIONS(VV_LIBVIRT_POINTER)
} VvLibvirt;
#undef VV_LIBVIRT_POINTER

/* The table; loads libvirt.so the first time. NULL with VV_ERROR_NOT_READY where it is not installed. */
const VvLibvirt *vv_libvirt(GError **error);

/* Makes a VV_ERROR with this code of libvirt's last error, after the words of `format`. To be called before
 * anything is freed: virDomainFree() and its like erase the last error. */
void vv_libvirt_set_error(const VvLibvirt *libvirt, GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Opens `uri`; VV_ERROR_NOT_READY says what to start. */
virConnectPtr vv_libvirt_open(const VvLibvirt *libvirt, const char *uri, GError **error);

/* By name, else by uuid. The caller frees it with DomainFree. */
virDomainPtr vv_libvirt_domain(const VvLibvirt *libvirt, virConnectPtr connect, const char *domain,
                               GError **error);
