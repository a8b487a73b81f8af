/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

#include "domains/capabilities.h"

/* tests/unit/capabilities/NAME.xml; each file says where it comes from. */
static inline VvCapabilities *load_capabilities(const char *name)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *file = g_strconcat(name, ".xml", NULL), *text = NULL;
    g_autofree char *path = g_build_filename(source ? source : ".", "tests/unit/capabilities", file, NULL);
    g_autoptr(GError) error = NULL;
    VvCapabilities *capabilities;
    gsize length;

    assert_true(g_file_get_contents(path, &text, &length, NULL));
    capabilities = vv_capabilities_read(text, length, &error);
    assert_fine(error);
    return capabilities;
}
