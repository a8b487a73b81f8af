/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* QEMU's arguments as libvirt would make them of each domain XML (char *), by its QEMU driver in a process of
 * its own that has no daemon, keeps its files in a scratch folder, and runs as nobody where this one is root.
 * A strv (char **) for each, or NULL with the reason in `problems` (char *) at the same index. NULL, and the
 * reason in *ret_why, where there is no such driver: no QEMU, or no libvirt-daemon-driver-qemu. */
GPtrArray *native_arguments(const GPtrArray *xmls, GPtrArray **ret_problems, char **ret_why);

/* The XML without what this driver cannot convert where nobody runs it: interfaces (libvirt 9.0 makes the tap
 * device), USB devices by ids (it looks for them), virtiofs, a TPM without swtpm, KVM. New string. */
char *native_xml(const char *xml);
