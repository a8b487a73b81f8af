/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vmfile-texts.h"

#define DISK VM "[disk d]\npath = /x.raw\n"
#define NET VM "[network n]\n"
#define BR VM "[network n]\nbridge = b\n"
#define VF VM "[network n]\nvf = 06:10.0\n"
#define SHOW VM "[display]\n"
#define GPU2 "[device other]\nhost = 02:00.0\n"

/* What comes last is refused, at its own line, and the message holds `words`. */
typedef struct {
    const char *text, *key, *words;
} Case;

static inline void refused(const Case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *text = g_strconcat(cases[i].text, "\n", NULL);
        g_autofree char *place = NULL;
        guint line = 0;
        GError *error = NULL;
        g_autoptr(VvVm) vm = parse(text, NULL, &error);

        if (vm)
            fail_msg("taken:\n%s", text);
        for (const char *c = text; *c; c++)
            line += *c == '\n';
        place = g_strdup_printf("x.ini:%u: [", line);
        if (!strstr(error->message, place) || !strstr(error->message, cases[i].key) ||
            !strstr(error->message, cases[i].words))
            fail_msg("no '%s', '%s' or '%s' in: %s", place, cases[i].key, cases[i].words, error->message);
        g_error_free(error);
    }
}
