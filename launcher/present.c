/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/present.h"

#include "domains/domplan-services.h"

#include <string.h>
#include <unistd.h>

const char *vv_mark(const VvContext *context, VvMark which, char text[static 24])
{
    static const struct {
        const char *utf8, *ascii, *colour;
    } marks[] = {
        [VV_MARK_DONE] = {"✔", "+", "32"},
        [VV_MARK_FAILED] = {"✘", "x", "31"},
        [VV_MARK_WARN] = {"!", "!", "33"},
        [VV_MARK_INFO] = {"·", "-", "2"},
    };
    const char *sign = context->utf8 ? marks[which].utf8 : marks[which].ascii;

    if (context->colour)
        g_snprintf(text, 24, "\033[%sm%s\033[0m", marks[which].colour, sign);
    else
        g_strlcpy(text, sign, 24);
    return text;
}

const char *vv_duration(gint64 us, char text[static 16])
{
    if (us < 999500)
        g_snprintf(text, 16, "%.0f ms", (double)us / 1e3);
    else
        g_snprintf(text, 16, "%.1f s", (double)us / 1e6);
    return text;
}

const char *vv_count(guint count, const char *noun, char text[static 40])
{
    g_snprintf(text, 40, "%u %s%s", count, noun, count == 1 ? "" : "s");
    return text;
}

void vv_print_progress(const VvContext *context, const char *what, gint64 us, gboolean failed,
                       const char *note)
{
    char sign[24], time[16];

    if (context->json)
        return;
    printf("  %s %-32s %9s%s%s\n", vv_mark(context, failed ? VV_MARK_FAILED : VV_MARK_DONE, sign), what,
           vv_duration(us, time), note ? "  " : "", note ? note : "");
    fflush(stdout);
}

void vv_progress_step(const VvStep *step, gpointer data)
{
    char address[VV_ADDRESS_TEXT];
    g_autofree char *what = g_strdup_printf(strcmp(step->what, "bind") == 0    ? "%s to vfio-pci"
                                            : strcmp(step->what, "reset") == 0 ? "%s reset"
                                            : strcmp(step->what, "sriov") == 0 ? "%s virtual functions"
                                                                               : "%s back to its host",
                                            vv_address_format(step->address, address));

    vv_print_progress(data, what, step->us, step->failed, step->failed ? "failed" : NULL);
}

void vv_print_gone(const VvContext *context, const VvPlan *plan)
{
    for (guint i = 0; !context->json && i < plan->devices->len; i++) {
        const VvPlanDevice *device = plan->devices->pdata[i];
        char text[VV_ADDRESS_TEXT];
        if (strcmp(device->state, "gone") == 0)
            printf("  %s is gone from this host, and with that off the books%s%s\n",
                   vv_address_format(device->address, text), device->lost ? ": " : "",
                   device->lost ? device->lost : "");
    }
}

struct libscols_table *vv_new_table(FILE *out)
{
    struct libscols_table *table = scols_new_table();

    scols_table_set_stream(table, out);
    /* Into a file or a pipe: as wide as a good terminal, or a card with a long name would push all else away.
     */
    if (!isatty(fileno(out))) {
        scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
        scols_table_set_termwidth(table, 132);
    }
    return table;
}

/* Hidden until a device has one. */
#define MARK_COLUMN 3

static struct libscols_table *plan_table(FILE *out)
{
    struct libscols_table *table = vv_new_table(out);

    scols_table_enable_noheadings(table, 1);
    scols_table_set_column_separator(table, "  ");
    for (int i = 0; i < 7; i++)
        scols_table_new_column(table, "", 0,
                               i == 2             ? SCOLS_FL_TRUNC
                               : i == MARK_COLUMN ? SCOLS_FL_HIDDEN
                                                  : 0);
    return table;
}

static void add_plan_row(VvContext *context, struct libscols_table *table, const VvPlanDevice *planned)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    g_autofree char *address = vv_address_dup(planned->address);
    g_autofree char *first = g_strdup_printf("  %s", address);
    g_autofree char *change =
        g_strdup_printf("%s %s %s", planned->from ? planned->from : "no driver", context->utf8 ? "→" : "->",
                        planned->to ? planned->to : "no driver");

    scols_line_set_data(line, 0, first);
    scols_line_set_data(line, 4, change);
    if (!planned->device)
        return;
    VvDevice *device = planned->device;
    vv_device_read_details(vv_host_sysfs(context->host), device);
    g_autoptr(VvIdentity) identity = vv_identity_read(context->host, device);
    /* With ids alone, twins look the same; what a VF has is its PF's, and does not tell it from others. */
    const char *mark = device->is_virtual ? NULL : identity->serial ? identity->serial : identity->mac;
    g_autofree char *name = g_strdup_printf("%s [%04x:%04x]", vv_host_device_name(context->host, device),
                                            device->vendor, device->device);
    g_autofree char *group = g_strdup_printf("group %d", device->group);
    g_autofree char *methods = g_strjoinv(" ", device->reset_methods);
    g_autofree char *reset =
        *methods ? g_strdup_printf("reset %s", methods) : g_strdup("no reset of its own");
    scols_line_set_data(line, 1, vv_kind_name(device->kind));
    scols_line_set_data(line, 2, name);
    if (mark) {
        scols_line_set_data(line, MARK_COLUMN, mark);
        scols_column_set_flags(scols_table_get_column(table, MARK_COLUMN), 0);
    }
    if (device->group >= 0)
        scols_line_set_data(line, 5, group);
    g_autofree char *alone = g_strdup_printf("%s, for nobody: it only shares the group", reset);
    scols_line_set_data(line, 6, planned->companion ? alone : reset);
}

static void print_reason(const VvContext *context, FILE *out, const VvReason *reason)
{
    char sign[24], address[VV_ADDRESS_TEXT];
    g_autofree char *allow = vv_reason_allow_words(reason);
    VvMark which = reason->severity == VV_SEVERITY_INFO                      ? VV_MARK_INFO
                   : reason->severity == VV_SEVERITY_WARN || reason->allowed ? VV_MARK_WARN
                                                                             : VV_MARK_FAILED;

    fprintf(out, "  %s %-16s %s  %s%s\n", vv_mark(context, which, sign), reason->code,
            vv_address_format(reason->address, address), reason->detail, reason->allowed ? " (allowed)" : "");
    if (reason->allowed || (!reason->remedy && !allow))
        return;
    fprintf(out, "%34s%s%s%s\n", "", reason->remedy ? reason->remedy : "",
            reason->remedy && allow ? ", or say: "
            : allow                 ? "say: "
                                    : "",
            allow ? allow : "");
}

/* Units that are stopped first. */
static void print_stops(const VvContext *context, FILE *out, const VvPlan *plan)
{
    g_auto(GStrv) units = vv_plan_units_to_stop(plan);
    char sign[24];

    for (char **unit = units; vv_plan_ok(plan) && *unit; unit++)
        fprintf(out, "%s  %s %s is stopped first, and started again when the devices are back\n",
                unit == units ? "\n" : "", vv_mark(context, VV_MARK_WARN, sign), *unit);
}

void vv_print_reasons(const VvContext *context, FILE *out, const VvPlan *plan)
{
    guint blocking = 0;
    char count[40];

    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        blocking += reason->severity == VV_SEVERITY_BLOCK && !reason->allowed;
    }
    if (blocking)
        fprintf(out, "\nRefused, %s %s in the way; nothing was changed:\n",
                vv_count(blocking, "thing", count), blocking == 1 ? "is" : "are");
    if (plan->reasons->len)
        fputc('\n', out);
    for (guint i = 0; i < plan->reasons->len; i++)
        print_reason(context, out, plan->reasons->pdata[i]);
}

void vv_print_plan(VvContext *context, FILE *out, const VvPlan *plan, const char *title)
{
    fprintf(out, "%s\n\n", title);
    if (plan->devices->len) {
        struct libscols_table *table = plan_table(out);
        for (guint i = 0; i < plan->devices->len; i++)
            add_plan_row(context, table, plan->devices->pdata[i]);
        scols_print_table(table);
        scols_unref_table(table);
    }
    for (guint i = 0; i < plan->devices->len; i++) {
        const VvPlanDevice *planned = plan->devices->pdata[i];
        char address[VV_ADDRESS_TEXT];
        if (planned->rom)
            fprintf(out, "  %s  ROM: %s\n", vv_address_format(planned->address, address), planned->rom);
    }
    vv_print_reasons(context, out, plan);
    print_stops(context, out, plan);
    fflush(out);
}
