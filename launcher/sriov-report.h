/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "vfio/nvme-virt.h"
#include "vfio/sriov.h"
#include "vfio/vf-settings.h"

#include <json-c/json.h>

/* Shared by sriov-report*.c and verb-sriov-list.c: a PF with what its driver or its drive tells. */
typedef struct {
    const VvPf *pf;
    GArray *infos;       /* VvVfInfo; NULL: none to tell */
    GArray *controllers; /* VvNvmeSecondary; NULL: none to tell */
} VvPfReport;

/* NULL: the drive tells of none for this VF. */
const VvNvmeSecondary *vv_pf_report_controller(const VvPfReport *report, guint vf);

/* One member of "pfs", new. */
json_object *vv_pf_report_json(VvContext *context, const VvPfReport *report);

/* A line and, where there are VFs, a table, on standard output. */
void vv_pf_report_print(VvContext *context, const VvPfReport *report);
