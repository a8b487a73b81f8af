/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sriov.h"
#include "vfio/vf-settings.h"

/* VFs that are there again after a reboot, with their settings, by what the system has for it:
 *
 * - udev's link files, where the PF is a network card and systemd is 251 or newer, which made them do that
 *   (systemd.link(5), [SR-IOV]); they have no key for a rate. A rule goes with it, which keeps host drivers
 *   off the new VFs;
 * - else a unit that runs this program, wanted by the PF's device as soon as it is ready for that.
 *
 * Only one link file counts for an interface, the first by name that matches (systemd.link(5)), so ours
 * repeats what the one says that counts now, with what is dropped in beside it, or the interface would lose
 * its name.
 *
 * Both are for this card in this place: another network card that comes to have its address has another
 * permanent MAC, and gets nothing; and the card in another place gets nothing before it is saved there, as
 * VM files and the rule name it by its address. Cards without a MAC are known by address and driver only. */

/* One file of ours, as it is and as it is to be. */
typedef struct {
    char *path;   /* below the root: "etc/systemd/network/…" */
    char *before; /* its text; NULL: it is not there */
    char *text;   /* NULL: it is not to be there */
} VvSriovFile;

/* The files that make the PF what it is now. `infos` (VvVfInfo; NULL: no settings) as the driver tells them;
 * `program` is what the unit runs, an absolute path. *ret_remark: what these files cannot do, or who else may
 * interfere; new string, NULL: nothing. Array of VvSriovFile *, owned by the caller; those that are not
 * wanted have no text. VV_ERROR_REFUSED where there is nothing to keep; VV_ERROR_NOT_READY says what is
 * missing. */
GPtrArray *vv_sriov_save(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos, const char *program,
                         char **ret_remark, GError **error);

/* The same files, none of which is wanted: for a PF that need not even be there. */
GPtrArray *vv_sriov_forget(const VvSysfs *sysfs, VvAddress address);

gboolean vv_sriov_file_differs(const VvSriovFile *file);

/* Writes and removes what differs, each atomically. VV_ERROR_FAILED names the file; VV_ERROR_NOT_READY: only
 * root may. */
gboolean vv_sriov_write_files(const VvSysfs *sysfs, const GPtrArray *files, GError **error);

/* The version of the systemd that is installed below the root, from the name of its library
 * (libsystemd-shared-252.so); 0: there is none. */
guint vv_systemd_version(const VvSysfs *sysfs);
