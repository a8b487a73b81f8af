/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"
#include "tests/unit/vm-equal.h"
#include "vfio/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* g_error() traps, and libFuzzer keeps the input only of what aborts. */
#define FAIL(...) (fprintf(stderr, __VA_ARGS__), abort())

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Nothing is resolved here, so there is none; identity.c would bring the whole host along. */
void vv_identity_free(VvIdentity *identity)
{
    if (identity)
        FAIL("an identity out of nowhere");
}

/* What a VM file says gets into messages: nothing in them may act on a terminal. */
static void check_error(const GError *error, const char *setting)
{
    if (!g_error_matches(error, VV_ERROR, VV_ERROR_USAGE))
        FAIL("refused without a reason");
    if (!setting && (!g_utf8_validate(error->message, -1, NULL) || vv_has_control(error->message)))
        FAIL("a message that cannot be shown: %s", error->message);
    if (!strstr(error->message, "f.ini") && !g_str_has_prefix(error->message, "setting "))
        FAIL("a message without the file: %s", error->message);
}

static void check_written(const VvVm *vm)
{
    g_autofree char *text = vv_vm_write(vm);
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) again = vv_vm_parse("f.ini", text, strlen(text), NULL, &error);
    g_autofree char *again_text = again ? vv_vm_write(again) : NULL;
    const char *field = again ? vm_difference(vm, again) : NULL;

    if (!again)
        FAIL("what was read and written is refused: %s\n%s", error->message, text);
    if (field)
        FAIL("%s is not what it was:\n%s", field, text);
    if (!g_str_equal(text, again_text))
        FAIL("written differently:\n%s\n%s", text, again_text);
}

static void check(const char *text, gsize size, const char *setting)
{
    const char *const settings[] = {setting, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = vv_vm_parse("f.ini", text, size, settings, &error);

    if (vm)
        check_written(vm);
    else
        check_error(error, setting);
}

/* As it is; and with the first line as a --set. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const char *text = (const char *)data;
    const char *end = memchr(text, '\n', size);
    g_autofree char *setting = g_strndup(text, end ? (gsize)(end - text) : 0);

    check(text, size, NULL);
    if (end)
        check(end + 1, size - (gsize)(end + 1 - text), setting);
    return 0;
}
