/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A domain as libvirt stores it, made comparable line by line with what vv_domain_xml_build() gave: its
 * elements in the order of those of `built`, without what libvirt adds to every domain by itself (addresses,
 * controllers, input devices, defaults; see the table in compare.c), unless `built` has that too. What is in
 * `stored` and not in `built`, and is not libvirt's own, stays: it would go away if `built` were defined.
 * Both are parsed as XML from a hostile place. New string; NULL with VV_ERROR_FAILED.
 *
 * It is for showing a difference. Whether a domain has changed is for libvirt to say, by its XML before and
 * after. */
char *vv_domain_reduce(const char *stored, const char *built, GError **error);

/* A domain as libvirt stores it, to be compared with itself at another time: libvirt orders the controllers
 * one way when a domain is defined and another when its daemon has read it again. New string, or NULL as
 * above. */
char *vv_domain_sorted(const char *stored, GError **error);
