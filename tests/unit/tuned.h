/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

#include "fake-topology.h"

#include "domains/tuning.h"

#define GPU(numa) "0000:01:00.0 class=030000 id=10de:1e84 group=1 numa=" #numa "\n"
#define SECOND(numa) "0000:02:00.0 class=030000 id=10de:1e84 group=2 numa=" #numa "\n"
#define CARD "[device gpu]\nhost = 01:00.0\n"
#define CARDS CARD "[device other]\nhost = 02:00.0\n"

/* A VM on a fake host. */
typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvTopology *topology;
    VvVm *vm;
    VvTuning *tuning;
} Tuned;

static inline VvVm *vm_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    VvVm *vm = vv_vm_parse("x.ini", text, strlen(text), NULL, &error);

    assert_fine(error);
    return vm;
}

static inline Tuned place(const FakeTopology *shape, const char *machine)
{
    Tuned t = {.fake = fake_host_new(machine)};

    fake_topology_put(t.fake, shape);
    t.host = fake_host_scan(t.fake);
    t.topology = vv_topology_read(fake_host_sysfs(t.fake));
    return t;
}

/* `keys` go into [vm]; `sections` follow. */
static inline void tune(Tuned *t, const char *keys, const char *sections, const VvClaims *claims,
                        const VvCapabilities *capabilities)
{
    g_autofree char *text = g_strconcat("[vm]\nname = a\n", keys, sections, NULL);
    VvTuningHost host = {capabilities, t->topology, t->host, claims};
    g_autoptr(GError) error = NULL;

    vv_vm_free(t->vm);
    vv_tuning_free(t->tuning);
    t->vm = vm_of(text);
    vv_vm_resolve(t->vm, t->host, &error);
    assert_fine(error);
    t->tuning = vv_tuning_new(t->vm, TRUE, &host);
}

static inline void done(Tuned *t)
{
    vv_tuning_free(t->tuning);
    vv_vm_free(t->vm);
    vv_topology_free(t->topology);
    vv_host_free(t->host);
    fake_host_free(t->fake);
}

static inline void expect_pins(const Tuned *t, const char *wanted)
{
    g_autofree char *pins = g_strjoinv(" ", t->tuning->vcpu_cpus);

    assert_string_equal(pins, wanted);
}

static inline void expect_shape(const Tuned *t, guint sockets, guint dies, guint cores, guint threads)
{
    assert_int_equal(t->tuning->sockets, sockets);
    assert_int_equal(t->tuning->dies, dies);
    assert_int_equal(t->tuning->cores, cores);
    assert_int_equal(t->tuning->threads, threads);
}

/* Exactly one note has `part` in it; NULL: there are no notes. */
static inline void expect_note(const Tuned *t, const char *part)
{
    guint found = 0;

    for (guint i = 0; i < t->tuning->notes->len; i++)
        found += part && strstr(t->tuning->notes->pdata[i], part);
    if (part ? found != 1 : t->tuning->notes->len != 0)
        fail_msg("%u notes with \"%s\"; the first of %u is \"%s\"", found, part ? part : "",
                 t->tuning->notes->len, t->tuning->notes->len ? (char *)t->tuning->notes->pdata[0] : "");
}
