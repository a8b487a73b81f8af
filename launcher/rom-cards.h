/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "launcher/rom-manifest.h"

/* What `rom backup` and `rom verify` share: cards one after the other, and a line for each. */

/* What became of one card. */
typedef struct {
    VvAddress address;     /* of the card now, or, when it is absent, when it was read */
    const char *state;     /* static: "saved", "unchanged", "changed", "refused", "failed", "absent", … */
    char *folder;          /* in the store; NULL: none */
    char *detail;          /* a sentence without full stop; NULL: nothing to add */
    VvRomVersion *version; /* of a card that is in the store; not owned. NULL: none */
} VvRomResult;

GPtrArray *vv_rom_results_new(void);
VvRomResult *vv_rom_results_add(GPtrArray *results, VvAddress address, const char *state,
                                const VvRomCard *card);

/* "refused" when the host or a guest is using it, "failed" for everything else; takes the problem. */
void vv_rom_results_add_error(GPtrArray *results, const VvDevice *device, const VvRomCard *card,
                              GError *problem);

/* True when any result has that state. */
gboolean vv_rom_results_have(const GPtrArray *results, const char *state);

/* As lines, or {"store","verdict","cards":[{"address","state","folder","detail","rom"}]}. */
void vv_rom_results_print(const VvContext *context, const char *store, const char *verdict,
                          const GPtrArray *results);

/* The functions of this host (VvDevice *, owned by the host) with something to read a ROM from. */
GPtrArray *vv_rom_devices(VvContext *context);
