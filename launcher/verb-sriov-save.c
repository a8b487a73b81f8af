/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/diff.h"
#include "launcher/sriov.h"
#include "vfio/error.h"
#include "vfio/sriov-save.h"
#include "vfio/vf-lease.h"

#include <stdio.h>
#include <unistd.h>

static gboolean apply;

const GOptionEntry vv_sriov_save_options[] = {
    {"apply", 0, 0, G_OPTION_ARG_NONE, &apply, "Write the files; without it they are only shown", NULL},
    {0},
};

static gboolean check_options(const VvContext *context, GError **error)
{
    if (!apply || (!context->sysroot && geteuid() == 0))
        return TRUE;
    if (context->sysroot)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "--apply changes the running machine, and not a recorded one");
    else
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "--apply needs root; nothing was changed");
    return FALSE;
}

/* TRUE when there is anything to be changed. */
static gboolean print_diffs(const GPtrArray *files)
{
    gboolean any = FALSE;

    for (guint i = 0; i < files->len; i++) {
        const VvSriovFile *file = files->pdata[i];
        g_autofree char *path = g_strconcat("/", file->path, NULL);
        g_autofree char *diff = vv_diff(file->before ? path : "/dev/null", file->text ? path : "/dev/null",
                                        file->before ? file->before : "", file->text ? file->text : "");
        fputs(diff, stdout);
        any = any || vv_sriov_file_differs(file);
    }
    return any;
}

/* `verb` is for the command that would do it. */
static int finish(VvContext *context, const GPtrArray *files, const char *verb, const char *word,
                  const char *done, GError **error)
{
    if (!print_diffs(files)) {
        puts("Nothing has to be changed.");
        return 0;
    }
    if (!apply) {
        printf("\nNothing was changed yet: virt-vfio sriov %s %s --apply\n", verb, word);
        return 0;
    }
    if (!vv_sriov_write_files(context->sysfs, files, error))
        return VV_ERROR_FAILED;
    printf("\n%s\n", done);
    return 0;
}

int vv_verb_sriov_save(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvPf) pf = check_options(context, error) ? vv_context_pf(context, words[0], error) : NULL;
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL), *remark = NULL;
    GError *problem = NULL;
    g_autoptr(GArray) infos = pf ? vv_context_vf_infos(context, pf, &problem) : NULL;
    g_autoptr(GPtrArray) files = NULL;

    /* Not what a guest has: it brings that along each time. */
    if (infos)
        vv_vf_leases_discount(vv_context_journal(context), pf->device->address, infos);
    if (problem)
        g_propagate_error(error, problem);
    else if (pf)
        files = vv_sriov_save(context->sysfs, pf, infos, program ? program : "virt-vfio", &remark, error);
    if (!files)
        return VV_ERROR_FAILED;
    if (remark)
        fprintf(stderr, "virt-vfio: %s\n", remark);
    return finish(context, files, "save", words[0], "Kept: it is so after each reboot.", error);
}

int vv_verb_sriov_forget(VvContext *context, char **words, GError **error)
{
    VvAddress address;

    if (!check_options(context, error) || !vv_context_sysfs(context, error))
        return VV_ERROR_FAILED;
    /* A card that is gone can be forgotten by its address. */
    if (!vv_address_parse(words[0], &address, NULL)) {
        VvHost *host = vv_context_host(context, error);
        const VvDevice *device = host ? vv_pf_find(host, words[0], error) : NULL;
        if (!device)
            return VV_ERROR_FAILED;
        address = device->address;
    }
    g_autoptr(GPtrArray) files = vv_sriov_forget(context->sysfs, address);
    return finish(context, files, "forget", words[0],
                  "Forgotten: the card keeps what it has until the next reboot.", error);
}
