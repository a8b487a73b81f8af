/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox.h"
#include "domains/ini.h"
#include "vfio/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* g_error() traps, and libFuzzer keeps the input only of what aborts. */
#define FAIL(...) (fprintf(stderr, __VA_ARGS__), abort())

/* Between the configuration, storage.cfg and mapping/pci.cfg of one input. */
#define BORDER "\n%%\n"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Nothing is resolved here, so there is none; identity.c would bring the whole host along. */
void vv_identity_free(VvIdentity *identity)
{
    if (identity)
        FAIL("an identity out of nowhere");
}

/* What a file says gets into messages: nothing in them may act on a terminal. */
static void check_words(const char *words)
{
    g_autofree char *plain = g_strdelimit(g_strdup(words), "\t", ' ');

    if (!g_utf8_validate(words, -1, NULL) || vv_has_control(plain))
        FAIL("words that cannot be shown: %s", words);
}

static void check_error(const GError *error)
{
    if (!g_error_matches(error, VV_ERROR, VV_ERROR_USAGE))
        FAIL("refused without a reason");
    check_words(error->message);
    if (!g_str_has_prefix(error->message, "f.conf:") && !g_str_has_prefix(error->message, "s.cfg:") &&
        !g_str_has_prefix(error->message, "m.cfg:"))
        FAIL("a message without the file: %s", error->message);
    if (g_str_has_prefix(error->message, "f.conf: a VM file cannot hold"))
        FAIL("translated into what is refused: %s", error->message);
}

static void check_import(const VvProxmoxImport *import)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = vv_vm_parse("f.ini", import->text, strlen(import->text), NULL, &error);
    g_autofree char *text = vv_vm_write(import->vm), *again = vm ? vv_vm_write(vm) : NULL;

    if (!vm)
        FAIL("what was written is refused: %s\n%s", error->message, import->text);
    if (!g_str_equal(text, again))
        FAIL("the text is not the VM:\n%s\n%s", text, again);
    for (guint i = 0; i < import->rows->len; i++) {
        const VvProxmoxRow *row = import->rows->pdata[i];

        check_words(row->key);
        check_words(row->option ? row->option : "");
        check_words(row->detail);
    }
}

static void check(const VvProxmoxSource *source)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvProxmoxImport) import = vv_proxmox_import(source, &error);

    if (import)
        check_import(import);
    else
        check_error(error);
}

/* The part up to the next border; *at is behind it. */
static VvProxmoxText next_part(const char *path, const char **at, const char *end)
{
    const char *start = *at;
    const char *border = start ? memmem(start, (gsize)(end - start), BORDER, strlen(BORDER)) : NULL;

    *at = border ? border + strlen(BORDER) : NULL;
    /* With its line break, which is where the last line ends. */
    return (VvProxmoxText){path, start, start ? (gsize)((border ? border + 1 : end) - start) : 0};
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const char *at = (const char *)data, *end = at + size;
    VvProxmoxSource source = {0};

    source.config = next_part("f.conf", &at, end);
    source.storage = next_part("s.cfg", &at, end);
    source.mapping = next_part("m.cfg", &at, end);
    check(&source);
    source.node = "pve1";
    source.pending = TRUE;
    check(&source);
    return 0;
}
