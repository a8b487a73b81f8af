/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"

#define FAKE_DEVICES "sys/devices/pci0000:00"
#define FAKE_DRIVERS "sys/bus/pci/drivers"

#define FAKE_FAULTS 3
#define FAKE_LOG 256

typedef struct {
    char *native;  /* whose id table fits; NULL: nobody's */
    char *initial; /* bound when the machine was made */
    gboolean has_group, is_endpoint;
    gboolean masters, stuck_master; /* busmaster= */
    gboolean console;               /* the text console is on it */
    char *methods;                  /* reset=, with blanks: what reset_method may be set to */
    char *fails, *kills;            /* fails=, kills=: methods, with commas */
} FakeDevice;

/* Shared with the forked workers. */
typedef struct {
    guint writes;
    guint hits[FAKE_FAULTS];
    int running, most_running;
    gboolean gathered;
    pid_t hanging;
    char violation[256];
    char log[FAKE_LOG][160];
} FakeShared;

struct FakeHost {
    char *root;
    VvSysfs *sysfs;
    GHashTable *devices; /* address text -> FakeDevice */
    FakeFault faults[FAKE_FAULTS];
    guint fault_count;
    int gather;
    guint gather_ms;
    gboolean require_journal;
    guint entries_at_first_write;
    FakeShared *shared;
};

/* The VvSysfsWriteFn. */
int fake_kernel_write(const char *path, const char *text, gpointer data);
/* Writes to what a reset is made of; FALSE: it is something else. */
gboolean fake_reset_write(FakeHost *fake, const char *path, const char *text, int *ret_error);
/* The same for the number of VFs and what drives them. */
gboolean fake_sriov_write(FakeHost *fake, const char *path, const char *text, int *ret_error);
/* Is it such a write, and is the note there that it needs? */
gboolean fake_sriov_is_noted(const FakeHost *fake, const char *path, const char *pf);
/* A function that has just been found: its host driver takes it. */
void fake_probe_native(FakeHost *fake, const char *address);
void fake_host_set_override(FakeHost *fake, const char *address, const char *override);

/* A word of its configuration space. */
guint fake_config_word(const FakeHost *fake, const char *address, guint offset);
void fake_set_config_word(FakeHost *fake, const char *address, guint offset, guint value);

/* "ROOT/…": new string. */
char *fake_below(const FakeHost *fake, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fake_put_attribute(FakeHost *fake, const char *address, const char *attribute, const char *text);
void fake_add_link(const FakeHost *fake, const char *target, const char *path);
void fake_add_driver(FakeHost *fake, const char *driver);
