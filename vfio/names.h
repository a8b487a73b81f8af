/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* What people call devices, from pci.ids, never from the network. */
typedef struct VvNames VvNames;

/* Reads nothing yet. `devices` (VvDevice *) are those whose names will be asked for; they must outlive it. */
VvNames *vv_names_new(const GPtrArray *devices);
void vv_names_free(VvNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvNames, vv_names_free)

/* "NVIDIA Corporation GP104 [GeForce GTX 1080]"; with ids in hexadecimal for what is unknown. The same words
 * as lspci's. Owned by `names`. */
const char *vv_names_get(VvNames *names, const VvDevice *device);

/* Where the ids are read from: libpci's own file unless this is called before the first question. */
void vv_names_set_file(VvNames *names, const char *path);
