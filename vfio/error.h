/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The one error domain of the project. The code of an error is the exit code of the program, so that no
 * layer in between has to translate. Messages say what happened, to which device, and what to do next. */
#define VV_ERROR (vv_error_quark())
GQuark vv_error_quark(void);

typedef enum {
    VV_ERROR_FAILED = 1,    /* something was tried and did not work */
    VV_ERROR_USAGE = 2,     /* wrong words on the command line, or a bad VM file */
    VV_ERROR_REFUSED = 3,   /* the plan says no; nothing was changed */
    VV_ERROR_NOT_READY = 4, /* this host lacks something: root, vfio, libvirt */
} VvError;
