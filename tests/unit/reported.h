/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"
#include "launcher/report.h"

/* A report about a fake host, on a date that does not change. */
typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvReport *report;
    GPtrArray *entries, *domains, *cards, *notes; /* for the report, which takes them */
} Reported;

/* tests/hosts/NAME.host, or else the text of a machine. */
Reported *reported_load(const char *name);
Reported *reported_new(const char *machine);
void reported_free(Reported *reported);

/* Before the report is made: a domain with these devices ("0000:17:00.0 0000:17:00.1"). */
void reported_add_domain(Reported *reported, const char *name, VvDomainState state, const char *addresses);
/* …an entry of the journal; `domain` NULL: taken by hand. */
void reported_add_entry(Reported *reported, const char *address, const char *domain);
void reported_add_note(Reported *reported, const char *note);

/* Makes it, once. Owned by `reported`. */
VvReport *reported_make(Reported *reported);

/* The host of tests/hosts with VMs on it: what people look at. */
Reported *reported_server(void);
