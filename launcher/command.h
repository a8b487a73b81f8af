/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/connection.h"
#include "vfio/handover.h"

/* What a verb is given. Opened on demand by the functions below; freed by main. */
typedef struct {
    char *sysroot; /* NULL: the running system */
    char *uri;     /* NULL: qemu:///system */
    gboolean json, dry_run;
    gboolean colour, utf8;                  /* of standard output */
    int parallel, deadline, reset_deadline; /* workers, seconds; 0: the hand-over's own */
    GArray *recovered;                      /* VvAddress: what was brought back before the verb began */
    int signal_fd; /* readable after SIGINT, SIGTERM, SIGHUP; -1 for verbs that change nothing */
    VvSysfs *sysfs;
    VvHost *host;
    VvJournal *journal;
    VvConnection *connection;
    enum { VV_HOOK_UNKNOWN, VV_HOOK_DEAD, VV_HOOK_LIVE } hook; /* libvirt's, once vv_hook_serves() looked */
} VvContext;

/* Returns the exit code; with an error set, main prints it and exits with the error's code. `words` are the
 * arguments behind the verb, NULL-terminated. */
typedef int (*VvVerb)(VvContext *context, char **words, GError **error);

typedef enum {
    VV_NEEDS_NOTHING = 0,
    VV_NEEDS_ROOT = 1 << 0,  /* unless --dry-run */
    VV_CHANGES = 1 << 1,     /* moves devices: not with --sysroot, and signals wait until it is done */
    VV_HAS_DRY_RUN = 1 << 2, /* takes --dry-run */
    VV_HAS_JSON = 1 << 3,    /* takes --json */
    VV_HANDS_OVER = 1 << 4,  /* takes the options of a hand-over */
} VvNeeds;

/* One row makes the help, the parsing and the manual's list. */
typedef struct {
    const char *name;      /* "list", "rom dump" */
    const char *arguments; /* "ADDRESS…" */
    const char *help;      /* one line */
    unsigned needs;        /* VvNeeds */
    guint min_words, max_words;
    VvVerb run;
    const GOptionEntry *options; /* NULL: none of its own */
} VvCommand;

/* Terminated by a row without a name. */
extern const VvCommand vv_commands[];

VvSysfs *vv_context_sysfs(VvContext *context, GError **error);
VvHost *vv_context_host(VvContext *context, GError **error);
VvJournal *vv_context_journal(VvContext *context);
VvConnection *vv_context_connection(VvContext *context, GError **error);
/* How this command line wants devices handed over, with progress for people. */
VvHandoverOptions vv_context_handover(VvContext *context);
/* Forgets the scan: the next vv_context_host() looks again. Frees what the old host owned. */
void vv_context_rescan(VvContext *context);
/* A signal must not end the program between two devices, or two files: verbs that change something finish
 * first, and look at signal_fd where they wait. A reader that went away (SIGPIPE) is no reason to stop
 * either. */
void vv_context_hold_signals(VvContext *context);

int vv_verb_check(VvContext *context, char **words, GError **error);
int vv_verb_list(VvContext *context, char **words, GError **error);
int vv_verb_show(VvContext *context, char **words, GError **error);
int vv_verb_plan(VvContext *context, char **words, GError **error);
int vv_verb_bind(VvContext *context, char **words, GError **error);
int vv_verb_release(VvContext *context, char **words, GError **error);
int vv_verb_reset(VvContext *context, char **words, GError **error);
int vv_verb_rom_dump(VvContext *context, char **words, GError **error);
int vv_verb_rom_backup(VvContext *context, char **words, GError **error);
int vv_verb_rom_verify(VvContext *context, char **words, GError **error);
int vv_verb_rom_check(VvContext *context, char **words, GError **error);
int vv_verb_rom_fix(VvContext *context, char **words, GError **error);
int vv_verb_rom_extract(VvContext *context, char **words, GError **error);
int vv_verb_sriov_list(VvContext *context, char **words, GError **error);
int vv_verb_sriov_set(VvContext *context, char **words, GError **error);
int vv_verb_sriov_vf(VvContext *context, char **words, GError **error);
int vv_verb_sriov_save(VvContext *context, char **words, GError **error);
int vv_verb_sriov_forget(VvContext *context, char **words, GError **error);
int vv_verb_define(VvContext *context, char **words, GError **error);
int vv_verb_import(VvContext *context, char **words, GError **error);
int vv_verb_xml(VvContext *context, char **words, GError **error);
int vv_verb_attach(VvContext *context, char **words, GError **error);
int vv_verb_detach(VvContext *context, char **words, GError **error);
int vv_verb_adopt(VvContext *context, char **words, GError **error);
int vv_verb_undo(VvContext *context, char **words, GError **error);
int vv_verb_start(VvContext *context, char **words, GError **error);
int vv_verb_stop(VvContext *context, char **words, GError **error);
int vv_verb_recover(VvContext *context, char **words, GError **error);
int vv_verb_hook_install(VvContext *context, char **words, GError **error);
int vv_verb_hook_remove(VvContext *context, char **words, GError **error);
int vv_verb_hook_status(VvContext *context, char **words, GError **error);
int vv_verb_status(VvContext *context, char **words, GError **error);
int vv_verb_setup(VvContext *context, char **words, GError **error);

extern const GOptionEntry vv_list_options[], vv_plan_options[], vv_bind_options[], vv_release_options[],
    vv_reset_options[], vv_rom_dump_options[], vv_rom_backup_options[], vv_rom_verify_options[],
    vv_rom_check_options[], vv_rom_fix_options[], vv_rom_extract_options[], vv_import_options[],
    vv_vm_options[], vv_start_options[], vv_stop_options[], vv_attach_options[], vv_detach_options[],
    vv_adopt_options[], vv_undo_options[], vv_setup_options[], vv_sriov_set_options[], vv_sriov_vf_options[],
    vv_sriov_save_options[];
