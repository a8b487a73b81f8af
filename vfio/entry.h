/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/process.h"

/* What the journal keeps of one function that was taken. */
typedef enum {
    VV_STATE_TAKING,
    VV_STATE_TAKEN,
    VV_STATE_RETURNING,
    VV_STATE_STUCK,       /* a worker did not come back; see `note` */
    VV_STATE_QUARANTINED, /* kept on vfio-pci on purpose */
} VvState;

#define VV_OWNER_MANUAL "manual"

typedef struct {
    VvAddress address;
    VvState state;
    char *owner;      /* a domain's uuid, or VV_OWNER_MANUAL */
    char *owner_name; /* the domain's name for people; NULL for manual */
    char *driver;     /* bound before; NULL: none was */
    char *override;   /* driver_override before; NULL: none was */
    char *power;      /* power/control before; NULL: not known */
    char *d3cold;     /* d3cold_allowed before; NULL: not known */
    char *consoles;   /* vtconsoles that it drew, see console.h; NULL: none */
    char *reset;      /* the domain's policy: "auto", "none", or methods; NULL: none was given */
    char *ids;        /* "10de:1b80 1458:3702 030000" of the function; NULL: not known */
    char *place;      /* of a VF: "0000:06:00.0/3" (vfio/vf-lost.h); NULL: it is none */
    char *note;       /* why it is stuck or quarantined, or what went wrong; NULL */
    gint64 since;     /* seconds since the epoch, when it was taken */
    VvProcess by;     /* who took it; stuck: the worker that hangs */
} VvEntry;

VvEntry *vv_entry_new(VvAddress address, const char *owner, const char *owner_name);
void vv_entry_free(VvEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvEntry, vv_entry_free)

const char *vv_state_name(VvState state);

/* The text of the journal's file, a GKeyFile with one section: new string. */
char *vv_entry_to_text(const VvEntry *entry, gsize *ret_length);

/* NULL when the text is no whole entry: half a record of what was before would leave the device with nobody.
 */
VvEntry *vv_entry_from_text(VvAddress address, const char *text, gsize length);
