/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/attach-internal.h"

/* The functions of one card of the host, as they are in the domain. */
typedef struct {
    VvAddress slot;
    char *name;
    GPtrArray *nodes;  /* xmlNode *, by ascending function */
    gboolean is_known; /* each has a <vv:device> */
} VvAdoptCard;

/* Puts the functions of each card (VvAdoptCard *) into one guest slot; why not, goes to `notes` (char *). */
void vv_adopt_join(VvXmlEdit *edit, const GPtrArray *cards, GPtrArray *notes);
