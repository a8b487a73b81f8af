/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/error.h"

GQuark vv_error_quark(void)
{
    return g_quark_from_static_string("vv-error");
}
