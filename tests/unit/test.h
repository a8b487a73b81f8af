/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* cmocka wants these four first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "vfio/address.h"
#include "vfio/error.h"

static inline VvAddress address_of(const char *text)
{
    VvAddress address = {0};

    if (!vv_address_parse(text, &address, NULL))
        fail_msg("'%s' is no address", text);
    return address;
}

/* The error is of our domain, has this code and says this; it is freed. */
static inline void assert_problem(GError *error, int code, const char *part)
{
    assert_non_null(error);
    if (error->domain != VV_ERROR || error->code != code || !strstr(error->message, part))
        fail_msg("error %d \"%s\", expected %d with \"%s\"", error->code, error->message, code, part);
    g_error_free(error);
}

static inline void assert_fine(const GError *error)
{
    if (error)
        fail_msg("%s", error->message);
}

/* assert_string_equal does not take NULL. */
static inline void assert_text(const char *a, const char *b)
{
    if (g_strcmp0(a, b) != 0)
        fail_msg("\"%s\" is not \"%s\"", a ? a : "(NULL)", b ? b : "(NULL)");
}
