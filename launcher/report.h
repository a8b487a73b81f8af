/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/connection.h"
#include "vfio/entry.h"
#include "vfio/machine.h"
#include "vfio/place.h"
#include "vfio/rom-store.h"

/* All that is known of a host's devices, for `list --report` and `list --picture`: read once, drawn or
 * written by others (report-markdown.h, report-json.h, picture.h). */

/* A domain that lists a device. */
typedef struct {
    const VvDomainInfo *domain; /* owned by the report */
    gboolean on;                /* it has a guest that may hold the device now */
} VvReportUser;

typedef struct {
    VvDevice *device; /* owned by the host */
    const char *name; /* "NVIDIA Corporation GP104 …"; owned by the host */
    const VvTreeNode *node;
    VvIdentity *identity; /* a VF's are those of its PF */
    VvPlace *place;
    const VvEntry *entry;    /* in the journal; NULL: it was not taken */
    GArray *users;           /* VvReportUser, by the domain's name */
    const VvRomVersion *rom; /* the newest backup of its ROM; NULL: none */
    const char *rom_folder;
} VvReportDevice;

typedef struct {
    char *date; /* "2026-11-21T12:40:00Z" */
    VvHost *host;
    VvMachine *machine;
    VvTree *tree;
    GPtrArray *devices;   /* VvReportDevice by ascending address */
    GPtrArray *domains;   /* VvDomainInfo by name: those that list a device of any host */
    GHashTable *hosts_of; /* VvDomainInfo -> GArray of VvAddress, in the domain's order */
    GPtrArray *entries;   /* VvEntry; NULL: the journal could not be read */
    GPtrArray *cards;     /* VvRomCard; NULL: the backups could not be read */
    GPtrArray *notes;     /* char *: what is missing here and why, sentences */
} VvReport;

/* What a report is made from. The arrays may be NULL: not to be had, and `notes` says why; the report takes
 * them all, and the host must outlive it. `date` NULL: now. */
typedef struct {
    const char *date;
    VvHost *host;
    GPtrArray *entries, *domains, *cards, *notes;
} VvReportSources;

VvReport *vv_report_new(const VvReportSources *sources);
void vv_report_free(VvReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvReport, vv_report_free)

/* NULL: there is no such device. */
const VvReportDevice *vv_report_find(const VvReport *report, VvAddress address);

/* Is it taken from the host, in a running guest, or meant for a domain? A VF that is not need not be shown by
 * itself. */
gboolean vv_report_is_claimed(const VvReportDevice *device);

/* "win11 (running)", "taken by hand", "win11 (off), +2": who has it, or would get it. *ret_now: it is theirs
 * now. New string; NULL: nobody. */
char *vv_report_owner(const VvReportDevice *device, gboolean *ret_now);

/* "8.0 GT/s x8, of 16.0 GT/s x16": new string; NULL: it has no link that is known. */
char *vv_report_link(const VvPlace *place);

/* One line of text that is safe to show: valid UTF-8 without control characters. New string. */
char *vv_report_clean(const char *text);
