/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the XML of a VM with 32 cards takes to build and to read, and how that grows with the cards. */
#include "domains/domread.h"
#include "domains/domxml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static VvVm *vm_with(guint cards)
{
    VvVm *vm = vv_vm_new(NULL);
    g_autoptr(GError) error = NULL;

    vm->name = g_strdup("bench");
    vm->memory_kib = 64 * 1024 * 1024;
    for (guint i = 0; i < cards; i++) {
        g_autofree char *name = g_strdup_printf("card%u", i);
        VvVmDevice *card = vv_vm_add_device(vm, name);

        for (guint f = 0; f < 2; f++) {
            VvSelector selector = {.address = {.bus = (guint8)(1 + i), .function = (guint8)f}};

            g_array_append_val(card->selectors, selector);
        }
    }
    if (!vv_vm_resolve(vm, NULL, &error))
        g_error("%s", error->message);
    return vm;
}

static int compare(const void *a, const void *b)
{
    gint64 one = *(const gint64 *)a, two = *(const gint64 *)b;

    return one < two ? -1 : one > two;
}

/* Medians of `rounds`, in microseconds. */
static void measure(guint cards, guint rounds, gint64 *ret_build, gint64 *ret_read)
{
    g_autoptr(VvVm) vm = vm_with(cards);
    g_autoptr(VvTuning) tuning = vv_tuning_new(vm, TRUE, &(VvTuningHost){0});
    g_autofree gint64 *build = g_new(gint64, rounds), *read = g_new(gint64, rounds);

    for (guint i = 0; i < rounds; i++) {
        gint64 begin = g_get_monotonic_time();
        g_autofree char *xml = vv_domain_xml_build(vm, tuning);
        gint64 built = g_get_monotonic_time();
        g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), NULL);

        if (!domain || domain->devices->len != 2 * cards)
            g_error("not all cards were read back");
        build[i] = built - begin;
        read[i] = g_get_monotonic_time() - built;
    }
    qsort(build, rounds, sizeof *build, compare);
    qsort(read, rounds, sizeof *read, compare);
    *ret_build = build[rounds / 2];
    *ret_read = read[rounds / 2];
}

int main(int argc, char **argv)
{
    static const guint cards[] = {1, 8, 32, 128};
    guint rounds = argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 200;
    gint64 build = 0, read = 0, build_32 = 0;

    printf("cards functions build_us read_us\n");
    for (gsize i = 0; i < G_N_ELEMENTS(cards); i++) {
        measure(cards[i], MAX(rounds, 1), &build, &read);
        printf("%u %u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", cards[i], 2 * cards[i], build, read);
        if (cards[i] == 32)
            build_32 = build;
    }
    return build_32 < 5000 ? 0 : 1;
}
