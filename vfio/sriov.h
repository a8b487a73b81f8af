/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"

/* SR-IOV: a physical function (PF) and its virtual functions (VF). The rules are those of drivers/pci/iov.c
 * and of Documentation/PCI/pci-iov-howto.rst. */

/* The owner of a VF whose group is open, when nobody else says who that is. */
#define VV_VF_PROGRAM "a running program"

/* One VF, by its number in the PF: virtfnN. */
typedef struct {
    guint index;
    VvAddress address;
    VvDevice *device; /* owned by the host; NULL: the link leads to what is not there any more */
    char *interface;  /* of the host, on this VF; NULL: none */
    char *owner;      /* "domain win11", "manual", who has its group open; NULL: nobody */
    gboolean in_use;  /* it must not go: in the journal, claimed, or its group is open */
} VvVf;

typedef struct {
    VvDevice *device; /* owned by the host */
    guint total;      /* sriov_totalvfs: what the driver allows now */
    guint enabled;    /* sriov_numvfs */
    int autoprobe;    /* sriov_drivers_autoprobe: 0, 1; -1: before 4.12, where VFs always get a driver */
    guint offset;     /* routing id of the first VF less the PF's; 0: unknown */
    guint stride;     /* between two VFs; 0: unknown */
    char *interface;  /* of the host, on the PF itself; NULL: none, or it is in another namespace */
    GPtrArray *vfs;   /* VvVf *, by index */
} VvPf;

/* The host must outlive it. Who has a VF is known from the journal's `entries` (VvEntry *), from libvirt's
 * domains, `claims` (VvClaim *), both may be NULL, and from open groups. VV_ERROR_REFUSED says that the
 * function is no PF. */
VvPf *vv_pf_read(VvHost *host, VvDevice *device, const GPtrArray *entries, const GPtrArray *claims,
                 GError **error);
void vv_pf_free(VvPf *pf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPf, vv_pf_free)

/* All PFs of the host (VvPf *) by ascending address, owned by the caller. */
GPtrArray *vv_pf_list(VvHost *host, const GPtrArray *entries, const GPtrArray *claims);

/* The PF that a word names: an address, or the name of a network interface on it. A VF, or its interface,
 * names itself, not its PF: VV_ERROR_REFUSED says so, and that there is no such function. */
VvDevice *vv_pf_find(VvHost *host, const char *word, GError **error);

/* NULL: it has no VF of that number. */
const VvVf *vv_pf_vf(const VvPf *pf, guint index);

/* The VF that a pool gives out next: the first that nobody has and that the host does not use (driverless, or
 * with a driver whose interface is down; on vfio-pci with a closed group). *ret_why (may be NULL) gets, when
 * there is none, why: new string. */
const VvVf *vv_pf_free_vf(const VvSysfs *sysfs, const VvPf *pf, char **ret_why);

/* Who has a VF that is in use, as the end of a sentence: "taken for domain a", "taken by hand", "held by a
 * running program". New string. */
char *vv_vf_taken(const VvVf *vf);

/* Why a VF is not free in that sense, "taken for domain a": new string; NULL: it is. */
char *vv_vf_why_not(const VvSysfs *sysfs, const VvVf *vf);

/* The function's network interface: of several the PF's own, not a VF's representor (phys_port_name). New
 * string; NULL: it has none here. */
char *vv_pci_interface(const VvSysfs *sysfs, VvAddress address);

/* The PF of a VF, and the VF's number there, from its physfn and virtfnN links. FALSE: it is no VF. */
gboolean vv_vf_parent(const VvSysfs *sysfs, VvAddress vf, VvAddress *ret_pf, guint *ret_index);

/* A plan to have `count` VFs. Another number than there is takes away all that are there first, because the
 * kernel goes from one number to another only through 0: `sriov-parent` asks for consent to that (once for
 * the PF, and for each VF that has a driver), and each VF's usage is checked as when it is taken. A VF in a
 * guest, claimed or in the journal is `claimed`, which nothing lifts. VV_ERROR_USAGE: more than the card has;
 * VV_ERROR_REFUSED: it has none to give, or its driver allows none now. */
VvPlan *vv_plan_sriov(VvHost *host, const VvJournal *journal, VvDevice *device, guint count,
                      const VvPlanOptions *options, GError **error);

/* Does it: note (vfio/sriov-note.h) -> autoprobe off -> 0, where VFs are there -> count -> autoprobe as
 * before -> note removed, the writes in a disposable child under the locks of all groups concerned, with
 * twice the stage deadline of `options` and 100 ms for each VF. VFs get no host driver. When the number
 * cannot be had, the one before is restored. NVMe: each VF's controller gets an equal share of the flexible
 * resources and is brought online (vfio/nvme-virt.h). *ret_enabled (may be NULL): what the driver really
 * enabled, which may be less; *ret_remark (may be NULL): what else there is to know, a new string, or NULL.
 * The host is to be scanned anew afterwards. VV_ERROR_FAILED says what the kernel says, and what to do. */
gboolean vv_sriov_set(VvHost *host, VvJournal *journal, VvPlan *plan, guint count,
                      const VvHandoverOptions *options, guint *ret_enabled, char **ret_remark,
                      GError **error);

/* What a program that was killed left of vv_sriov_set(): autoprobe is put back, and where it died between two
 * numbers, the number before. PFs that were put in order go to *ret_done (VvAddress; may be NULL); the host
 * is to be scanned anew then. FALSE: one could not be, and keeps its note. */
gboolean vv_sriov_recover(const VvHost *host, VvJournal *journal, const VvHandoverOptions *options,
                          GArray *ret_done, GError **error);
