/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/setup-show.h"

#include "launcher/diff.h"
#include "launcher/present.h"
#include "vfio/boot/status.h"

#include <string.h>

static char *command_of(const VvSetupStep *step)
{
    return vv_setup_command_text((const char *const *)step->argv);
}

static char *diff_of(const VvSetupStep *step)
{
    return vv_diff(step->before ? step->path : "/dev/null", step->after ? step->path : "/dev/null",
                   step->before ? step->before : "", step->after ? step->after : "");
}

static json_object *json_words(char **words)
{
    json_object *array = words ? json_object_new_array() : NULL;

    for (char **word = words; word && *word; word++)
        json_object_array_add(array, vv_json_text(*word));
    return array;
}

static json_object *json_step(const VvSetupStep *step, const char *state)
{
    json_object *object = json_object_new_object();
    g_autofree char *diff = step->before || step->after ? diff_of(step) : NULL;

    json_object_object_add(object, "what", vv_json_text(step->what == VV_SETUP_FILE ? "file" : "run"));
    json_object_object_add(object, "path", vv_json_text(step->path));
    json_object_object_add(object, "diff", vv_json_text(diff));
    json_object_object_add(object, "argv", json_words(step->argv));
    json_object_object_add(object, "why", vv_json_text(step->why));
    json_object_object_add(object, "state", vv_json_text(state));
    return object;
}

static json_object *json_head(const VvBootStack *stack, const char *verdict)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "verdict", vv_json_text(verdict));
    json_object_object_add(object, "stack", vv_json_text(stack->name));
    json_object_object_add(object, "evidence", vv_json_text(stack->evidence));
    json_object_object_add(object, "distribution", vv_json_text(stack->distribution));
    json_object_object_add(object, "initramfs", vv_json_text(stack->initramfs_name));
    return object;
}

static void print_json_plan(const VvBootStack *stack, const VvSetupPlan *plan, const char *verdict,
                            const char *state)
{
    json_object *object = json_head(stack, verdict), *steps = json_object_new_array(),
                *notes = json_object_new_array();

    for (guint i = 0; i < plan->steps->len; i++)
        json_object_array_add(steps, json_step(plan->steps->pdata[i], state));
    for (guint i = 0; i < plan->notes->len; i++)
        json_object_array_add(notes, vv_json_text(plan->notes->pdata[i]));
    json_object_object_add(object, "steps", steps);
    json_object_object_add(object, "notes", notes);
    json_object_object_add(object, "snippet", vv_json_text(plan->snippet));
    vv_json_print(object);
}

static void print_head(const VvBootStack *stack)
{
    printf("%s: %s; initramfs by %s\n", stack->distribution, stack->name, stack->initramfs_name);
    printf("  because %s\n", stack->evidence);
}

static void print_diff(const VvContext *context, const char *diff)
{
    g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);

    for (char **line = lines; *line && (line[0][0] || line[1]); line++) {
        const char *colour = !context->colour ? NULL : **line == '+' ? "32" : **line == '-' ? "31" : NULL;
        if (colour)
            printf("    \033[%sm%s\033[0m\n", colour, *line);
        else
            printf("    %s\n", *line);
    }
}

static void print_step(const VvContext *context, const VvSetupStep *step)
{
    if (step->what == VV_SETUP_RUN) {
        g_autofree char *line = command_of(step);
        printf("\nrun %s\n    %s\n", line, step->why);
        return;
    }
    g_autofree char *diff = diff_of(step);
    printf("\n%s %s\n    %s\n",
           !step->before ? "new"
           : step->after ? "change"
                         : "remove",
           step->path, step->why);
    print_diff(context, diff);
}

void vv_setup_print_notes(const VvSetupPlan *plan)
{
    for (guint i = 0; i < plan->notes->len; i++)
        printf("%s! %s\n", i ? "" : "\n", (const char *)plan->notes->pdata[i]);
}

void vv_setup_show_plan(const VvContext *context, const VvBootStack *stack, const VvSetupPlan *plan,
                        const char *verdict, const char *state)
{
    if (context->json) {
        print_json_plan(stack, plan, verdict, state);
        return;
    }
    print_head(stack);
    for (guint i = 0; i < plan->steps->len; i++)
        print_step(context, plan->steps->pdata[i]);
    if (plan->snippet)
        printf("\n%s%s", plan->snippet, g_str_has_suffix(plan->snippet, "\n") ? "" : "\n");
    vv_setup_print_notes(plan);
}

char *vv_setup_wants_text(const VvSetupWants *wants)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

    if (wants->iommu)
        g_ptr_array_add(parts, g_strdup("the IOMMU"));
    if (wants->modules)
        g_ptr_array_add(parts, g_strdup("VFIO's modules from boot on"));
    if (wants->hugepage_kib)
        g_ptr_array_add(parts, g_strdup_printf("%u huge pages of %s", wants->hugepages,
                                               wants->hugepage_kib == 2048 ? "2 MiB" : "1 GiB"));
    for (guint i = 0; i < wants->reserve->len; i++)
        g_ptr_array_add(
            parts, g_strdup_printf("%s for VFIO", ((const VvReserve *)wants->reserve->pdata[i])->address));
    if (wants->isolate_cpus)
        g_ptr_array_add(parts, g_strdup_printf("CPUs %s for guests", wants->isolate_cpus));
    g_ptr_array_add(parts, NULL);
    return parts->len == 1 ? g_strdup("nothing") : g_strjoinv(", ", (char **)parts->pdata);
}

static const char *reboot_word(const VvSysfs *sysfs, const VvLedger *ledger)
{
    static const char *const words[] = {"unknown", "needed", "done"};

    return words[vv_setup_booted(sysfs, ledger)];
}

static void print_json_status(const VvContext *context, const VvBootStack *stack, const VvLedger *ledger,
                              const char *verdict, char **missing)
{
    json_object *object = json_head(stack, verdict), *steps = json_object_new_array();
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ledger->changed_at);
    g_autofree char *date = ledger->exists ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    g_autofree char *wants = ledger->exists ? vv_setup_wants_text(ledger->wants) : NULL;

    for (guint i = 0; i < ledger->steps->len; i++) {
        const VvLedgerStep *entry = ledger->steps->pdata[i];
        json_object_array_add(steps,
                              json_step(entry->step, vv_setup_step_state(context->sysfs, ledger, entry)));
    }
    json_object_object_add(object, "changed_at", vv_json_text(date));
    json_object_object_add(object, "wants", vv_json_text(wants));
    json_object_object_add(object, "reboot",
                           vv_json_text(ledger->exists ? reboot_word(context->sysfs, ledger) : NULL));
    json_object_object_add(object, "missing_arguments", json_words(missing));
    json_object_object_add(object, "steps", steps);
    json_object_object_add(object, "notes", json_object_new_array());
    vv_json_print(object);
}

static void print_status(const VvContext *context, const VvLedger *ledger, char **missing)
{
    static const char *const titles[] = {
        "An apply was interrupted: 'virt-vfio setup --apply' goes on, 'virt-vfio setup --undo' takes back",
        "Set up",
        "An undo was interrupted: 'virt-vfio setup --undo' goes on",
    };
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ledger->changed_at);
    g_autofree char *date = g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
    g_autofree char *wants = vv_setup_wants_text(ledger->wants);
    g_autofree char *arguments = missing ? g_strjoinv(" ", missing) : NULL;
    VvBooted booted = vv_setup_booted(context->sysfs, ledger);

    printf("%s (%s): %s\n\n", titles[ledger->state], date, wants);
    for (guint i = 0; i < ledger->steps->len; i++) {
        const VvLedgerStep *entry = ledger->steps->pdata[i];
        g_autofree char *line = entry->step->argv ? command_of(entry->step) : NULL;
        printf("  %-10s %s\n", vv_setup_step_state(context->sysfs, ledger, entry),
               line ? line : entry->step->path);
    }
    if (booted == VV_BOOTED_BEFORE && ledger->state == VV_LEDGER_APPLIED)
        puts("\nIt waits for a reboot.");
    if (arguments && *arguments)
        printf("\nThe running kernel was started without: %s%s\n", arguments,
               booted == VV_BOOTED_SINCE
                   ? ". It was rebooted since, so what boots was not made from this: see "
                     "'virt-vfio check'"
                   : "");
}

void vv_setup_show_status(const VvContext *context, const VvBootStack *stack, const VvLedger *ledger,
                          const char *const *arguments)
{
    static const char *const verdicts[] = {"applying", "applied", "undoing"};
    g_auto(GStrv) missing = ledger->exists ? vv_setup_not_running(context->sysfs, arguments) : NULL;

    if (context->json)
        print_json_status(context, stack, ledger, ledger->exists ? verdicts[ledger->state] : "none", missing);
    else if (ledger->exists)
        print_status(context, ledger, missing);
    else
        puts("setup has changed nothing on this system.");
}

void vv_setup_show_choices(const VvContext *context, const VvBootStack *stack)
{
    if (context->json) {
        json_object *object = json_head(stack, "nothing");
        json_object_object_add(object, "steps", json_object_new_array());
        json_object_object_add(object, "notes", json_object_new_array());
        vv_json_print(object);
        return;
    }
    print_head(stack);
    if (stack->edit && *stack->edit)
        printf("  kernel arguments go to %s\n", stack->edit);
    if (stack->run && *stack->run)
        printf("  and '%s' makes them effective\n", stack->run);
    puts("\nSay what this host is to have; without --apply nothing is changed:\n\n"
         "  --iommu                 the IOMMU on, pass-through for the host's own devices\n"
         "  --modules               vfio-pci in the initramfs, before graphics drivers\n"
         "  --reserve ADDRESS       a device that no host driver ever touches\n"
         "  --hugepages N[,2M|1G]   memory for guests in huge pages, from boot on\n"
         "  --isolate-cpus LIST     CPUs that the host leaves to guests\n\n"
         "'virt-vfio check' says which of it this host lacks.");
}

void vv_setup_progress(const VvSetupStep *step, gint64 us, gboolean failed, const char *output G_GNUC_UNUSED,
                       gpointer data)
{
    g_autofree char *line = step->argv ? command_of(step) : g_strdup(step->path);

    vv_print_progress(data, line, us, failed, failed ? "failed" : NULL);
}
