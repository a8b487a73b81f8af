/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"

/* Why a plan is refused, or what its reader should know. The codes are a contract: scripts match on them. */
typedef enum {
    VV_SEVERITY_BLOCK, /* refused unless allowed */
    VV_SEVERITY_WARN,
    VV_SEVERITY_INFO,
} VvSeverity;

typedef struct {
    const char *code; /* static: "group-shared" */
    VvSeverity severity;
    VvAddress address;
    char *detail;       /* a sentence without full stop, naming what is affected */
    char *remedy;       /* what to do about it; NULL: nothing to add */
    int pid;            /* of the process that is in the way; 0: it is none, or not known */
    gboolean can_allow; /* --allow CODE=ADDRESS lifts it */
    gboolean allowed;   /* …and it was given: no longer in the way */
} VvReason;

VvReason *vv_reason_new(const char *code, VvSeverity severity, VvAddress address, gboolean can_allow,
                        const char *remedy, const char *detail_format, ...) G_GNUC_PRINTF(6, 7);
void vv_reason_free(VvReason *reason);

const char *vv_severity_name(VvSeverity severity);

/* "--allow CODE=ADDRESS", or NULL where nothing can lift the reason: new string. */
char *vv_reason_allow_words(const VvReason *reason);

/* The static text of a code; "stuck" for one that nobody knows. */
const char *vv_reason_code(const char *code);

/* Is `code` one of the codes of the design? For checking --allow and `allow =`. */
gboolean vv_reason_code_known(const char *code);

/* Does any word of `allow` (NULL-terminated, "CODE" or "CODE=ADDRESS") lift this reason? */
gboolean vv_reason_is_allowed(const VvReason *reason, const char *const *allow);
