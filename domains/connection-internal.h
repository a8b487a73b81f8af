/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/connection.h"
#include "domains/libvirt-api.h"

struct VvConnection {
    const VvLibvirt *libvirt;
    virConnectPtr connect;
    char *uri;
};
