/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/ini.h"
#include "domains/vmfile.h"

/* What the keys of a section have to be to one another, and to the sections before it; one each, called when
 * all keys of the section were read. Errors as vv_ini_set_error(). */
gboolean vv_vmfile_check_vm(const VvVm *vm, const VvIni *ini, const VvIniSection *section, GError **error);
gboolean vv_vmfile_check_device(const VvVm *vm, const VvVmDevice *device, const VvIni *ini,
                                const VvIniSection *section, GError **error);
gboolean vv_vmfile_check_network(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                                 GError **error);

/* Fills in format and bus where they were not given. */
gboolean vv_vmfile_finish_disk(VvVmDisk *disk, const VvIni *ini, const VvIniSection *section, GError **error);
