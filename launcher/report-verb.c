/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-verb.h"

#include "launcher/json.h"
#include "launcher/picture.h"
#include "launcher/present.h"
#include "launcher/report-json.h"
#include "launcher/report-markdown.h"
#include "launcher/rom-manifest.h"
#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_note(GPtrArray *notes, const char *what, const GError *problem)
{
    gsize length = strlen(problem->message);
    gboolean ends = length && strchr(".?!", problem->message[length - 1]);

    g_ptr_array_add(notes, g_strdup_printf("%s: %s%s", what, problem->message, ends ? "" : "."));
}

/* NULL: libvirt does not answer, or is not this machine's. */
static GPtrArray *ask_libvirt(VvContext *context, GPtrArray *notes)
{
    g_autoptr(GError) problem = NULL;

    if (context->sysroot && !context->uri) {
        g_ptr_array_add(notes, g_strdup("A recorded machine: libvirt was not asked which VM lists what."));
        return NULL;
    }
    VvConnection *connection = vv_context_connection(context, &problem);
    GPtrArray *domains = connection ? vv_connection_list(connection, &problem) : NULL;
    if (!domains)
        add_note(notes, "Which VM lists what is not known", problem);
    return domains;
}

/* What is closed to others is said once for all. */
static void add_rights(VvContext *context, GPtrArray *notes)
{
    if (!context->sysroot && geteuid() != 0)
        g_ptr_array_add(notes,
                        g_strdup("Written without root: device serial numbers (DSN), the machine's serial "
                                 "number, ROM backups and the journal may be missing."));
}

static gboolean is_refused(const VvContext *context, const GError *problem)
{
    return !context->sysroot && geteuid() != 0 && strstr(problem->message, g_strerror(EACCES));
}

static VvReport *make_report(VvContext *context, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    if (!host)
        return NULL;

    VvReportSources sources = {.host = host, .notes = g_ptr_array_new_with_free_func(g_free)};
    g_autofree char *store = g_build_filename(context->sysroot ? context->sysroot : "/", VV_ROM_STORE, NULL);
    g_autoptr(GError) no_journal = NULL, no_store = NULL;

    add_rights(context, sources.notes);
    sources.domains = ask_libvirt(context, sources.notes);
    sources.entries = vv_journal_list(vv_context_journal(context), &no_journal);
    if (no_journal && !is_refused(context, no_journal))
        add_note(sources.notes, "Who has taken what is not known", no_journal);
    sources.cards = vv_manifest_load(store, &no_store);
    if (no_store && !is_refused(context, no_store))
        add_note(sources.notes, "ROM backups are not listed", no_store);
    return vv_report_new(&sources);
}

static gboolean fail(const char *file, const char *why, GError **error)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s", file, why);
    return FALSE;
}

/* A file is replaced as a whole. Devices, pipes and the like are nothing to replace. */
static gboolean write_file(const char *file, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(file), *target = NULL;
    struct stat status;

    if (strcmp(file, "-") == 0) {
        fputs(text, stdout);
        return fflush(stdout) == 0 || fail("standard output", g_strerror(errno), error);
    }
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
        return fail(file, "its folder is not there; make it first", error);
    if (stat(file, &status) == 0) {
        if (!S_ISREG(status.st_mode))
            return fail(file, "it is no regular file; \"-\" is standard output", error);
        /* A link stays, and what it leads to is replaced. */
        char *real = realpath(file, NULL);
        target = g_strdup(real);
        free(real);
    }
    return vv_durable_write(target ? target : file, text, strlen(text)) ||
           fail(file, g_strerror(errno), error);
}

static gboolean write_report(const VvContext *context, const VvReport *report, const char *file,
                             GError **error)
{
    g_autofree char *text = context->json ? vv_report_json(report) : vv_report_markdown(report);

    return write_file(file ? file : "-", text, error);
}

/* Standard output belongs to one of the two, or to neither. */
static void tell(const VvReport *report, const char *file)
{
    char devices[40], groups[40];

    if (file && strcmp(file, "-") != 0)
        fprintf(stderr, "%s: %s in %s\n", file, vv_count(report->devices->len, "function", devices),
                vv_count(vv_host_groups(report->host)->len, "IOMMU group", groups));
}

static gboolean is_output(const char *file)
{
    return !file || strcmp(file, "-") == 0;
}

static gboolean check_words(const VvContext *context, const VvReportWords *words, GError **error)
{
    const char *problem = NULL;

    if (context->json && !words->report)
        problem = "--picture makes SVG; --json goes with --report";
    else if (words->report && words->picture && is_output(words->report_file) && is_output(words->picture))
        problem = "--report and --picture cannot both go to standard output; name a file for one of them";
    if (problem)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "list: %s", problem);
    return !problem;
}

int vv_list_report(VvContext *context, const VvReportWords *words, GError **error)
{
    if (!check_words(context, words, error))
        return VV_ERROR_USAGE;
    g_autoptr(VvReport) report = make_report(context, error);
    if (!report)
        return VV_ERROR_FAILED;
    if (words->report && !write_report(context, report, words->report_file, error))
        return VV_ERROR_FAILED;
    if (words->report)
        tell(report, words->report_file);
    if (!words->picture)
        return 0;
    g_autofree char *picture = vv_picture_draw(report);
    if (!write_file(words->picture, picture, error))
        return VV_ERROR_FAILED;
    tell(report, words->picture);
    return 0;
}
