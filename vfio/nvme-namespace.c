/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/nvme-admin.h"

#include "vfio/error.h"
#include "vfio/seam.h"

#include <stdlib.h>

/* Which namespaces a controller shows (NVM Express Base Specification 2.0, 5.17.2 and 5.20). */

#define ADMIN_ATTACHMENT 0x15
#define CNS_ALLOCATED 0x10
#define CNS_ATTACHED 0x12
#define LIST_NAMESPACES (VV_NVME_PAGE / 4)
#define LIST_CONTROLLERS (VV_NVME_PAGE / 2 - 1)

typedef enum { ATTACH = 0, DETACH = 1 } Selection;

static void add_number(char **list, guint32 nsid)
{
    char *longer = g_strdup_printf("%s%s%u", *list ? *list : "", *list && **list ? "," : "", nsid);

    g_free(*list);
    *list = longer;
}

/* A controller list: how many, then their numbers. */
static gboolean lists(const guint8 *page, guint16 controller)
{
    guint count = MIN(vv_nvme_le16(page), LIST_CONTROLLERS);

    for (guint i = 1; i <= count; i++)
        if (vv_nvme_le16(page + 2 * i) == controller)
            return TRUE;
    return FALSE;
}

static int read_attached(int fd, guint32 nsid, GArray *secondaries)
{
    g_autofree guint8 *page = g_malloc(VV_NVME_PAGE);
    int error = vv_nvme_identify(fd, CNS_ATTACHED, 0, nsid, page);

    for (guint i = 0; !error && i < secondaries->len; i++) {
        VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        if (lists(page, secondary->id))
            add_number(&secondary->namespaces, nsid);
    }
    return error;
}

static void set_all(GArray *secondaries, const char *namespaces)
{
    for (guint i = 0; i < secondaries->len; i++) {
        VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        g_free(secondary->namespaces);
        secondary->namespaces = g_strdup(namespaces);
    }
}

/* One list of numbers above *last, ended by 0 if it is shorter; *last is 0 after the last one. */
static int read_some(int fd, guint32 *last, GArray *secondaries)
{
    g_autofree guint8 *page = g_malloc(VV_NVME_PAGE);
    int error = vv_nvme_identify(fd, CNS_ALLOCATED, 0, *last, page);

    for (guint i = 0; !error && i < LIST_NAMESPACES; i++) {
        guint32 nsid = vv_nvme_le32(page + 4 * i);
        if (nsid <= *last) {
            *last = 0;
            return 0;
        }
        *last = nsid;
        error = read_attached(fd, nsid, secondaries);
    }
    return error;
}

int vv_nvme_read_namespaces(int fd, GArray *secondaries)
{
    guint32 last = 0;
    int error;

    set_all(secondaries, "");
    do
        error = read_some(fd, &last, secondaries);
    while (!error && last);
    if (error)
        set_all(secondaries, NULL);
    return error > VV_NVME_STATUS ? 0 : error;
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

    return x < y ? -1 : x > y;
}

static gboolean parse_numbers(const char *text, GArray *numbers)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);

    for (char **word = words; *word; word++) {
        guint64 number;
        /* The last number means all of them. */
        if (!g_ascii_string_to_unsigned(*word, 10, 1, G_MAXUINT32 - 1, &number, NULL))
            return FALSE;
        guint32 nsid = (guint32)number;
        g_array_append_val(numbers, nsid);
    }
    return numbers->len > 0;
}

char *vv_nvme_namespaces_parse(const char *text, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    char *list = g_strdup("");
    guint32 last = 0;

    if (!g_str_equal(text, "none") && !parse_numbers(text, numbers)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "'%s' is no list of namespaces, like 1 or 1,3 or none",
                    text);
        g_clear_pointer(&list, g_free);
    }
    g_array_sort(numbers, compare_numbers);
    for (guint i = 0; list && i < numbers->len; i++) {
        guint32 nsid = g_array_index(numbers, guint32, i);
        if (nsid != last)
            add_number(&list, nsid);
        last = nsid;
    }
    return list;
}

static int select_one(int fd, const VvNvmeSecondary *secondary, Selection selection, const char *nsid)
{
    g_autofree guint8 *page = g_malloc0(VV_NVME_PAGE);
    struct nvme_admin_cmd admin = {
        .opcode = ADMIN_ATTACHMENT, .nsid = (guint32)strtoul(nsid, NULL, 10), .cdw10 = selection};
    int error = vv_seam_step();

    page[0] = 1;
    page[2] = (guint8)(secondary->id & 0xff);
    page[3] = (guint8)(secondary->id >> 8);
    return error ? error : vv_nvme_command(fd, &admin, page, VV_NVME_PAGE);
}

/* Of those in `list`, the ones that are not in `other`; *done counts them in this order. */
static int select_each(int fd, const VvNvmeSecondary *secondary, Selection selection, const char *list,
                       const char *other, guint *done)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1), others = g_strsplit(other, ",", -1);
    int error = 0;

    for (char **word = words; !error && *word; word++) {
        if (g_strv_contains((const char *const *)others, *word))
            continue;
        error = select_one(fd, secondary, selection, *word);
        *done += error ? 0 : 1;
    }
    return error;
}

/* The first `count` of them, the other way round. Only what was done: a drive need not be able to refuse the
 * rest. */
static void undo(int fd, const VvNvmeSecondary *secondary, Selection selection, const char *list,
                 const char *other, guint count)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1), others = g_strsplit(other, ",", -1);

    for (char **word = words; *word && count; word++) {
        if (g_strv_contains((const char *const *)others, *word))
            continue;
        select_one(fd, secondary, selection == ATTACH ? DETACH : ATTACH, *word);
        count--;
    }
}

int vv_nvme_attach(int fd, const VvNvmeSecondary *secondary, const char *wanted)
{
    const char *before = secondary->namespaces;
    guint detached = 0, attached = 0;
    /* Fewer first: no guest ever sees both. */
    int error = select_each(fd, secondary, DETACH, before, wanted, &detached);

    if (!error)
        error = select_each(fd, secondary, ATTACH, wanted, before, &attached);
    if (error) {
        undo(fd, secondary, ATTACH, wanted, before, attached);
        undo(fd, secondary, DETACH, before, wanted, detached);
    }
    return error;
}
