/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline-internal.h"

#include <string.h>

/* A word of the line, or one that is added. */
typedef struct {
    char *was; /* NULL: added */
    char *is;
    gsize start, end; /* of `was` */
} Piece;

static void piece_free(gpointer data)
{
    Piece *piece = data;

    g_free(piece->was);
    g_free(piece->is);
    g_free(piece);
}

/* What cannot be overruled by a later word: it has to go (arch/x86/kernel/pci-dma.c, iommu_setup;
 * drivers/iommu/amd/init.c, parse_amd_iommu_options; drivers/iommu/intel/iommu.c, intel_iommu_setup). */
static const struct {
    const char *wanted, *key, *item;
} contraries[] = {
    {"intel_iommu=on", "intel_iommu", "off"},
    {"iommu=pt", "iommu", "off"},
    {"iommu=pt", "iommu", "nopt"},
    {"iommu=pt", "amd_iommu", "off"},
    {"iommu=pt", "iommu.passthrough", "0"},
    {"iommu=pt", "iommu.passthrough", "off"},
};

static void take(char **where, char *text)
{
    g_free(*where);
    *where = text;
}

static GPtrArray *split(const char *line)
{
    g_autoptr(GArray) words = vv_cmdline_words(line, NULL);
    GPtrArray *pieces = g_ptr_array_new_with_free_func(piece_free);

    for (guint i = 0; i < words->len; i++) {
        VvCmdlineWord word = g_array_index(words, VvCmdlineWord, i);
        if (word.open)
            break;
        Piece *piece = g_new0(Piece, 1);
        piece->start = word.start;
        piece->end = word.end;
        piece->was = g_strndup(line + word.start, word.end - word.start);
        piece->is = g_strdup(piece->was);
        g_ptr_array_add(pieces, piece);
    }
    return pieces;
}

static void append(GPtrArray *pieces, const char *text)
{
    Piece *piece = g_new0(Piece, 1);

    piece->is = g_strdup(text);
    g_ptr_array_add(pieces, piece);
}

static char *join(const GPtrArray *pieces)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < pieces->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", ((Piece *)pieces->pdata[i])->is);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static Piece *last_of(const GPtrArray *pieces, const char *word)
{
    for (guint i = pieces->len; i-- > 0;) {
        Piece *piece = pieces->pdata[i];
        if (vv_cmdline_same_key(piece->is, word))
            return piece;
    }
    return NULL;
}

/* "intel_iommu=off,sm_on" -> "intel_iommu=on,sm_on"; "amd_iommu=off,fullflush" -> "amd_iommu=fullflush
 * iommu=pt". NULL: it does not say the contrary. */
static char *corrected(const char *word, const char *wanted, const char *key, const char *item)
{
    const char *value = vv_cmdline_word_value(word);
    g_autoptr(GString) rest = g_string_new(NULL);
    gboolean found = FALSE, same_key = vv_cmdline_same_key(wanted, key);

    if (!value || !vv_cmdline_same_key(word, key))
        return NULL;
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    for (char **i = items; *i; i++) {
        const char *text = *i;
        if (strcmp(text, item) == 0) {
            found = TRUE;
            if (!same_key)
                continue;
            text = vv_cmdline_word_value(wanted);
        }
        g_string_append_printf(rest, "%s%s", rest->len ? "," : "", text);
    }
    if (!found)
        return NULL;
    if (!rest->len)
        return g_strdup(wanted);
    return g_strdup_printf("%.*s%s%s%s", (int)(value - word), word, rest->str, same_key ? "" : " ",
                           same_key ? "" : wanted);
}

static void correct(GPtrArray *pieces, const char *wanted)
{
    for (guint c = 0; c < G_N_ELEMENTS(contraries); c++) {
        if (strcmp(contraries[c].wanted, wanted) != 0)
            continue;
        for (guint i = 0; i < pieces->len; i++) {
            Piece *piece = pieces->pdata[i];
            char *text = corrected(piece->is, wanted, contraries[c].key, contraries[c].item);
            if (text)
                take(&piece->is, text);
        }
    }
}

/* The items of `wanted` that are not there go behind those that are. */
static char *united(const char *word, const char *wanted)
{
    const char *value = vv_cmdline_word_value(word);
    g_auto(GStrv) items = g_strsplit(vv_cmdline_word_value(wanted), ",", -1);
    g_auto(GStrv) there = g_strsplit(value ? value : "", ",", -1);
    g_autoptr(GString) text = g_string_new(word);

    if (!value)
        g_string_append_c(text, '=');
    for (char **item = items; *item; item++)
        if (!g_strv_contains((const char *const *)there, *item))
            g_string_append_printf(text, "%s%s", g_str_has_suffix(text->str, "=") ? "" : ",", *item);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add(GPtrArray *pieces, const char *wanted)
{
    g_autofree char *line = join(pieces);
    VvCmdlineStyle style = vv_cmdline_style(wanted);
    Piece *last = last_of(pieces, wanted);

    if (vv_cmdline_has(line, wanted))
        return;
    if (!last || style == VV_CMDLINE_EACH || !vv_cmdline_word_value(wanted) || strchr(last->is, '"') ||
        strchr(last->is, ' '))
        append(pieces, wanted);
    else
        take(&last->is, style == VV_CMDLINE_ONE ? g_strdup(wanted) : united(last->is, wanted));
}

static guint64 bytes(const char *size)
{
    char *end;
    guint64 number = g_ascii_strtoull(size, &end, 0);
    const char *unit = *end ? strchr("kmgt", g_ascii_tolower(*end)) : NULL;

    return unit ? number << (10 * (unit - "kmgt" + 1)) : number;
}

/* x86: arch/x86/include/asm/page_types.h, HPAGE_SHIFT. */
static char *default_size(const GPtrArray *pieces)
{
    g_autofree char *line = join(pieces);
    char *size = vv_cmdline_value(line, "default_hugepagesz");

    return size ? size : g_strdup("2M");
}

/* hugepages= without a size before it counts pages of the default size. When that changes, it must not. */
static void keep_bare_hugepages(GPtrArray *pieces, const char *new_size)
{
    g_autofree char *old = default_size(pieces);

    if (bytes(old) == bytes(new_size))
        return;
    for (guint i = 0; i < pieces->len; i++) {
        Piece *piece = pieces->pdata[i];
        if (vv_cmdline_same_key(piece->is, "hugepagesz"))
            return;
        if (vv_cmdline_same_key(piece->is, "hugepages"))
            take(&piece->is, g_strdup_printf("hugepagesz=%s %s", old, piece->is));
    }
}

/* The two words belong together: of an equal size that is there already, only the number changes. */
static void add_hugepages(GPtrArray *pieces, const char *size, const char *pages)
{
    g_autofree char *both = g_strdup_printf("%s %s", size, pages), *now = default_size(pieces);
    guint64 wanted = bytes(vv_cmdline_word_value(size));

    for (guint i = 0; i < pieces->len; i++) {
        Piece *piece = pieces->pdata[i], *next = i + 1 < pieces->len ? pieces->pdata[i + 1] : NULL;
        if (strchr(piece->is, ' '))
            continue;
        if (vv_cmdline_same_key(piece->is, "hugepagesz") && vv_cmdline_word_value(piece->is)) {
            take(&now, g_strdup(vv_cmdline_word_value(piece->is)));
            if (bytes(now) != wanted)
                continue;
            if (next && vv_cmdline_same_key(next->is, "hugepages"))
                take(&next->is, g_strdup(pages));
            else
                take(&piece->is, g_steal_pointer(&both));
            return;
        }
        if (vv_cmdline_same_key(piece->is, "hugepages") && bytes(now) == wanted) {
            take(&piece->is, g_strdup(pages));
            return;
        }
    }
    g_autofree char *line = join(pieces);
    if (!vv_cmdline_has(line, both))
        append(pieces, both);
}

static void merge_all(GPtrArray *pieces, const char *const *wanted)
{
    for (; *wanted; wanted++) {
        const char *value = vv_cmdline_word_value(*wanted);

        if (value && vv_cmdline_same_key(*wanted, "hugepagesz") && wanted[1] &&
            vv_cmdline_same_key(wanted[1], "hugepages")) {
            add_hugepages(pieces, wanted[0], wanted[1]);
            wanted++;
            continue;
        }
        if (value && vv_cmdline_same_key(*wanted, "default_hugepagesz"))
            keep_bare_hugepages(pieces, value);
        add(pieces, *wanted);
    }
}

/* New words go behind the last one of the kernel's: before blanks at the end (a line's newline), "--", and a
 * quote that never ends. */
static char *render(const char *line, const GPtrArray *pieces)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gsize done = 0, stop;
    g_autoptr(GArray) words = vv_cmdline_words(line, &stop);
    gboolean any = FALSE;

    for (guint i = 0; i < pieces->len; i++) {
        const Piece *piece = pieces->pdata[i];
        if (piece->was) {
            g_string_append_len(text, line + done, (gssize)(piece->start - done));
            done = piece->end;
        } else if (!any && stop != G_MAXSIZE) {
            g_string_append_len(text, line + done, (gssize)(stop - done));
            g_string_append_printf(text, "%s ", piece->is);
            done = stop;
            continue;
        } else if (any) {
            g_string_append_c(text, ' ');
        }
        g_string_append(text, piece->is);
        any = TRUE;
    }
    g_string_append(text, line + done);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* `all`: from the first one that changed on, those that did not are noted as well, so that there is no doubt
 * which of several equal words was replaced. */
static void note(const GPtrArray *pieces, gboolean all, GStrvBuilder *added, GStrvBuilder *replaced)
{
    gboolean begun = FALSE;

    for (guint i = 0; i < pieces->len; i++) {
        const Piece *piece = pieces->pdata[i];
        gboolean changed = piece->was && strcmp(piece->was, piece->is) != 0;
        begun |= changed;
        if (piece->was && !changed && !(all && begun))
            continue;
        g_strv_builder_add(added, piece->is);
        if (piece->was)
            g_strv_builder_add(replaced, piece->was);
    }
}

static char *finish(const char *line, const GPtrArray *pieces, char ***ret_added, char ***ret_replaced)
{
    char *merged = render(line, pieces);
    g_auto(GStrv) added = NULL, replaced = NULL;

    for (int all = 0; all < 2; all++) {
        g_autoptr(GStrvBuilder) a = g_strv_builder_new(), r = g_strv_builder_new();
        note(pieces, all, a, r);
        g_strfreev(added);
        g_strfreev(replaced);
        added = g_strv_builder_end(a);
        replaced = g_strv_builder_end(r);
        g_autofree char *back =
            vv_cmdline_unmerge(merged, (const char *const *)added, (const char *const *)replaced);
        if (strcmp(back, line) == 0)
            break;
    }
    if (ret_added)
        *ret_added = g_steal_pointer(&added);
    if (ret_replaced)
        *ret_replaced = g_steal_pointer(&replaced);
    return merged;
}

char *vv_cmdline_merge(const char *line, const char *const *wanted, char ***ret_added, char ***ret_replaced)
{
    g_autoptr(GPtrArray) pieces = split(line);

    for (const char *const *word = wanted; *word; word++)
        correct(pieces, *word);
    merge_all(pieces, wanted);
    return finish(line, pieces, ret_added, ret_replaced);
}

char *vv_cmdline_correct(const char *line, const char *const *wanted, char ***ret_added, char ***ret_replaced)
{
    g_autoptr(GPtrArray) pieces = split(line);

    for (; *wanted; wanted++) {
        Piece *last = last_of(pieces, *wanted);
        correct(pieces, *wanted);
        if (last && vv_cmdline_style(*wanted) == VV_CMDLINE_ONE && vv_cmdline_word_value(*wanted) &&
            !strchr(last->is, ' '))
            take(&last->is, g_strdup(*wanted));
    }
    return finish(line, pieces, ret_added, ret_replaced);
}
