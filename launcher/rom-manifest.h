/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/rom-store.h"

#include <json-c/json.h>

/* DIR/CARD/manifest.json, of mode 0600: what vfio/rom-store.h works with, as JSON. Fields may be added, never
 * renamed: {"version","name","identity":{"address","vendor","device","subsystem_vendor","subsystem_device",
 * "class","serial","mac","dsn"},"roms":[{"file","date","last_seen","source","size","sha256","verdict","efi"}]}
 */

/* All cards (VvRomCard *) of a store by folder: an empty array where there is no store. A manifest that
 * cannot be understood is an error, not an omission. */
GPtrArray *vv_manifest_load(const char *store, GError **error);

/* Replaces the card's manifest atomically. */
gboolean vv_manifest_save(const char *store, const VvRomCard *card, GError **error);

/* One ROM of a manifest: new reference. */
json_object *vv_manifest_version(const VvRomVersion *version);
