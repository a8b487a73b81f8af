/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "domains/xml.h"

/* The parts of reading a domain. All errors are VV_ERROR_FAILED and say the line. */
gboolean vv_domread_bad(const xmlNode *node, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A number as libvirt reads it (virXMLPropUInt with base 0): 0x1f, 31, 037. Untouched when there is none. */
gboolean vv_domread_number(const xmlNode *node, const char *name, guint64 max, guint64 *ret, GError **error);

/* <address domain= bus= slot= function=>. FALSE without an error: it is not there. */
gboolean vv_domread_address(const xmlNode *node, VvAddress *ret, GError **error);

/* The name in <alias>, which we show and compare; NULL: none. */
gboolean vv_domread_alias(const xmlNode *node, char **ret, GError **error);

gboolean vv_domread_usb(VvDomain *domain, const xmlNode *hostdev, GError **error);
/* A child of <devices>, if it gives the guest a real PCI device. */
gboolean vv_domread_device(VvDomain *domain, const xmlNode *node, GError **error);
/* qemu:override and our metadata, once the devices are known. */
gboolean vv_domread_overrides(VvDomain *domain, const xmlNode *root, GError **error);
gboolean vv_domread_own(VvDomain *domain, const xmlNode *own, GError **error);

/* Of our own elements: which PF a VF is of, and what that is to enforce for it. */
gboolean vv_domread_parent(const xmlNode *node, VvDomainDevice *device, GError **error);
gboolean vv_domread_vf(const xmlNode *node, VvDomainDevice *device, GError **error);
