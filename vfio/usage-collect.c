/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/child.h"
#include "vfio/usage-internal.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 7

/* What the child is asked. */
typedef struct {
    VvUsage *usage;
    const GPtrArray *devices;
} Question;

/* One reason in one line, fields between tabs: what people read may hold any character, so it is escaped. */
static void append_line(GString *text, const VvReason *reason)
{
    char address[VV_ADDRESS_TEXT];
    g_autofree char *detail = g_strescape(reason->detail, NULL);
    g_autofree char *remedy = reason->remedy ? g_strescape(reason->remedy, NULL) : g_strdup("");

    g_string_append_printf(text, "%s\t%d\t%d\t%d\t%s\t%s\t%s\n", reason->code, (int)reason->severity,
                           reason->can_allow, reason->pid, vv_address_format(reason->address, address),
                           detail, remedy);
}

static void answer(GString *text, gpointer data)
{
    const Question *question = data;
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);

    for (guint i = 0; i < question->devices->len; i++)
        vv_usage_check(question->usage, question->devices->pdata[i], reasons);
    for (guint i = 0; i < reasons->len; i++)
        append_line(text, reasons->pdata[i]);
}

/* NULL for a line that the child did not write so. */
static VvReason *reason_of_line(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", FIELDS);
    VvAddress address;

    if (g_strv_length(fields) != FIELDS || !vv_address_parse(fields[4], &address, NULL))
        return NULL;
    g_autofree char *detail = g_strcompress(fields[5]);
    g_autofree char *remedy = g_strcompress(fields[6]);
    VvReason *reason = vv_reason_new(vv_reason_code(fields[0]), (VvSeverity)(*fields[1] - '0'), address,
                                     *fields[2] == '1', *remedy ? remedy : NULL, "%s", detail);

    reason->pid = atoi(fields[3]);
    return reason;
}

static gboolean take_answer(const char *text, GPtrArray *reasons)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; line[0] && line[1]; line++) {
        VvReason *reason = reason_of_line(*line);
        if (!reason)
            return FALSE;
        g_ptr_array_add(reasons, reason);
    }
    return TRUE;
}

void vv_usage_collect(VvUsage *usage, const GPtrArray *devices, guint deadline_ms, GPtrArray *reasons)
{
    Question question = {usage, devices};
    g_autoptr(GString) text = g_string_new(NULL);
    guint before = reasons->len;

    if (devices->len == 0 ||
        (vv_child_ask(vv_host_sysfs(usage->host), answer, &question, deadline_ms, text) &&
         take_answer(text->str, reasons)))
        return;
    g_ptr_array_set_size(reasons, (int)before);
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        g_ptr_array_add(reasons, vv_reason_new("stuck", VV_SEVERITY_BLOCK, device->address, TRUE,
                                               "look at the kernel log for a driver that hangs",
                                               "this host does not answer what it uses the device for"));
    }
}
