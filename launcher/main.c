/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/command.h"
#include "launcher/recovery.h"
#include "launcher/services.h"
#include "vfio/error.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(FILE *out)
{
    fprintf(out, "Usage: virt-vfio [OPTION…] VERB [ARGUMENT…]\n\n"
                 "Starts virtual machines with real PCI devices, and gives every device back.\n\n");
    for (const VvCommand *command = vv_commands; command->name; command++)
        fprintf(out, "  %-12s %s%*s %s\n", command->name, command->arguments,
                (int)(22 - g_utf8_strlen(command->arguments, -1)), "", command->help);
    fprintf(out, "\nOptions for every verb:\n"
                 "  --json          print JSON (verbs that report)\n"
                 "  --dry-run       show the plan and stop (verbs that change something)\n"
                 "  --sysroot DIR   look at a recorded machine below DIR instead of this one\n"
                 "  --connect URI   which libvirt (default qemu:///system)\n"
                 "  --help          this text; after a verb, that verb's options\n"
                 "  --version\n\n"
                 "Exit codes: 0 done, 1 failed, 2 usage, 3 refused by the plan, 4 host not ready.\n"
                 "See virt-vfio(1) and virt-vfio-vm(5).\n");
}

static gboolean takes_value(const char *option)
{
    return strcmp(option, "--sysroot") == 0 || strcmp(option, "--connect") == 0;
}

/* The index of the first word that is no option and no option's value; argc when there is none. */
static int next_word(int argc, char **argv, int from)
{
    int i = from;

    while (i < argc && argv[i][0] == '-')
        i += takes_value(argv[i]) ? 2 : 1;
    return MIN(i, argc);
}

static void remove_word(int *argc, char **argv, int index)
{
    memmove(argv + index, argv + index + 1, (gsize)(*argc - index) * sizeof *argv);
    (*argc)--;
}

/* Finds the verb ("list", or "rom" and "dump") and takes its words out of argv. */
static const VvCommand *find_command(int *argc, char **argv)
{
    int first = next_word(*argc, argv, 1);
    if (first == *argc)
        return NULL;
    int second = next_word(*argc, argv, first + 1);
    g_autofree char *two = second < *argc ? g_strdup_printf("%s %s", argv[first], argv[second]) : NULL;

    for (const VvCommand *command = vv_commands; command->name; command++) {
        gboolean is_two = two && strcmp(command->name, two) == 0;
        if (!is_two && strcmp(command->name, argv[first]) != 0)
            continue;
        if (is_two)
            remove_word(argc, argv, second);
        remove_word(argc, argv, first);
        return command;
    }
    return NULL;
}

static gboolean parse_options(VvContext *context, const VvCommand *command, int *argc, char ***argv,
                              GError **error)
{
    const GOptionEntry common[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &context->json, "Print JSON", NULL},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &context->dry_run, "Show the plan and stop", NULL},
        {"sysroot", 0, 0, G_OPTION_ARG_FILENAME, &context->sysroot, "Look at a recorded machine", "DIR"},
        {"connect", 0, 0, G_OPTION_ARG_STRING, &context->uri, "Which libvirt", "URI"},
        {0},
    };
    const GOptionEntry hand_over[] = {
        {"deadline", 0, 0, G_OPTION_ARG_INT, &context->deadline,
         "How long a driver may take to let go of a device, or to take it (default 15)", "SECONDS"},
        {"reset-deadline", 0, 0, G_OPTION_ARG_INT, &context->reset_deadline,
         "How long a device may take to reset (default 70)", "SECONDS"},
        {"parallel", 0, 0, G_OPTION_ARG_INT, &context->parallel,
         "How many devices move side by side (default and most 16)", "N"},
        {0},
    };
    g_autofree char *usage = g_strdup_printf("%s %s", command->name, command->arguments);
    g_autoptr(GOptionContext) options = g_option_context_new(usage);
    g_autoptr(GError) problem = NULL;

    g_option_context_set_summary(options, command->help);
    g_option_context_add_main_entries(options, common, NULL);
    if (command->needs & VV_HANDS_OVER)
        g_option_context_add_main_entries(options, hand_over, NULL);
    if (command->options)
        g_option_context_add_main_entries(options, command->options, NULL);
    if (g_option_context_parse(options, argc, argv, &problem))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: %s; see 'virt-vfio %s --help'", command->name,
                problem->message, command->name);
    return FALSE;
}

static gboolean check_words(const VvCommand *command, char **words, GError **error)
{
    guint count = g_strv_length(words);

    if (count >= command->min_words && count <= command->max_words)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: %s; usage: virt-vfio %s %s", command->name,
                count < command->min_words ? "an argument is missing" : "too many arguments", command->name,
                command->arguments);
    return FALSE;
}

static gboolean check_number(const char *name, int value, int most, GError **error)
{
    if (value >= 0 && value <= most)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "--%s %d: it is 1 to %d", name, value, most);
    return FALSE;
}

static gboolean check_limits(const VvContext *context, GError **error)
{
    return check_number("parallel", context->parallel, 16, error) &&
           check_number("deadline", context->deadline, 3600, error) &&
           check_number("reset-deadline", context->reset_deadline, 3600, error);
}

static gboolean check_needs(const VvContext *context, const VvCommand *command, GError **error)
{
    if (context->json && !(command->needs & VV_HAS_JSON)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s has no --json", command->name);
        return FALSE;
    }
    if (context->dry_run && !(command->needs & VV_HAS_DRY_RUN)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s has no --dry-run", command->name);
        return FALSE;
    }
    if (context->dry_run)
        return TRUE;
    if (context->sysroot && command->needs & VV_CHANGES) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "%s changes the running machine; with --sysroot it takes --dry-run only", command->name);
        return FALSE;
    }
    if (command->needs & VV_NEEDS_ROOT && geteuid() != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "%s needs root; nothing was changed%s",
                    command->name, command->needs & VV_HAS_DRY_RUN ? " (--dry-run does without)" : "");
        return FALSE;
    }
    return TRUE;
}

static void context_clear(VvContext *context)
{
    g_clear_pointer(&context->connection, vv_connection_close);
    g_clear_pointer(&context->journal, vv_journal_free);
    g_clear_pointer(&context->host, vv_host_free);
    g_clear_pointer(&context->sysfs, vv_sysfs_free);
    g_free(context->sysroot);
    g_free(context->uri);
    g_array_unref(context->recovered);
    if (context->signal_fd >= 0)
        close(context->signal_fd);
}

static int run_command(const VvCommand *command, int argc, char **argv)
{
    VvContext context = {.signal_fd = -1, .recovered = g_array_new(FALSE, FALSE, sizeof(VvAddress))};
    g_autoptr(GError) error = NULL;
    int result = VV_ERROR_FAILED;

    if (parse_options(&context, command, &argc, &argv, &error) && check_words(command, argv + 1, &error) &&
        check_limits(&context, &error) && check_needs(&context, command, &error)) {
        context.colour = isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR");
        context.utf8 = g_get_charset(NULL);
        if (command->needs & VV_CHANGES)
            vv_context_hold_signals(&context);
        if (command->needs & VV_CHANGES && !context.dry_run && command->run != vv_verb_recover)
            vv_context_recover(&context);
        result = command->run(&context, argv + 1, &error);
        if (command->needs & VV_CHANGES && !context.dry_run &&
            !vv_context_start_services(&context, command->run == vv_verb_recover) && result == 0)
            result = VV_ERROR_FAILED;
    }
    context_clear(&context);
    fflush(stdout);
    if (error) {
        fprintf(stderr, "virt-vfio: %s\n", error->message);
        result = error->domain == VV_ERROR ? error->code : VV_ERROR_FAILED;
    }
    return result;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* what the terminal can show; numbers and dates look the same everywhere */
    const VvCommand *command = find_command(&argc, argv);
    if (command)
        return run_command(command, argc, argv);

    int first = next_word(argc, argv, 1);
    if (first < argc) {
        fprintf(stderr, "virt-vfio: there is no verb '%s'; %s\n", argv[first],
                strcmp(argv[first], "rom") == 0     ? "did you mean 'rom dump' or 'rom check'?"
                : strcmp(argv[first], "sriov") == 0 ? "did you mean 'sriov list' or 'sriov set'?"
                                                    : "see 'virt-vfio --help'");
        return VV_ERROR_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0)
            return puts("virt-vfio " VV_VERSION) < 0;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(stdout);
            return 0;
        }
    }
    print_help(stderr);
    return VV_ERROR_USAGE;
}
