/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline-internal.h"

#include <string.h>

/* What is not named here has one value, or none. From Documentation/admin-guide/kernel-parameters.txt;
 * rd.driver.*: dracut.cmdline(7); modules_load: systemd-modules-load.service(8); modprobe.blacklist:
 * modprobe(8). */
static const struct {
    const char *key;
    VvCmdlineStyle style;
} styles[] = {
    {"pci", VV_CMDLINE_LIST},
    {"iommu", VV_CMDLINE_LIST},
    {"intel_iommu", VV_CMDLINE_LIST},
    {"amd_iommu", VV_CMDLINE_LIST},
    {"initcall_blacklist", VV_CMDLINE_LIST},
    {"modprobe.blacklist", VV_CMDLINE_LIST},
    {"modules_load", VV_CMDLINE_LIST},
    {"rd.modules_load", VV_CMDLINE_LIST},
    {"rd.driver.pre", VV_CMDLINE_LIST},
    {"rd.driver.post", VV_CMDLINE_LIST},
    {"rd.driver.blacklist", VV_CMDLINE_LIST},
    {"module_blacklist", VV_CMDLINE_LAST_LIST},
    {"vfio-pci.ids", VV_CMDLINE_LAST_LIST},
    {"hugepages", VV_CMDLINE_EACH},
    {"hugepagesz", VV_CMDLINE_EACH},
    {"console", VV_CMDLINE_EACH},
    {"earlycon", VV_CMDLINE_EACH},
    {"video", VV_CMDLINE_EACH},
    {"memmap", VV_CMDLINE_EACH},
};

GArray *vv_cmdline_words(const char *line, gsize *ret_stop)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(VvCmdlineWord));
    gsize at = 0, stop = G_MAXSIZE;

    for (;;) {
        gboolean quoted = FALSE;

        while (g_ascii_isspace(line[at]))
            at++;
        VvCmdlineWord word = {.start = at};
        if (!line[at])
            break;
        for (; line[at] && (quoted || !g_ascii_isspace(line[at])); at++)
            quoted ^= line[at] == '"';
        word.end = at;
        word.open = quoted;
        gboolean is_stop = word.end - word.start == 2 && strncmp(line + word.start, "--", 2) == 0;
        if (is_stop || word.open)
            stop = word.start;
        if (is_stop)
            break;
        g_array_append_val(words, word);
    }
    if (ret_stop)
        *ret_stop = stop;
    return words;
}

GPtrArray *vv_cmdline_parse(const char *line)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    gsize offset = 0, stop = G_MAXSIZE;

    /* "--" ends the kernel's words, not the line; behind it all is init's, quoted in the same way. */
    do {
        g_autoptr(GArray) words = vv_cmdline_words(line + offset, &stop);
        gboolean open = FALSE;
        for (guint i = 0; i < words->len; i++) {
            VvCmdlineWord word = g_array_index(words, VvCmdlineWord, i);
            g_ptr_array_add(texts, g_strndup(line + offset + word.start, word.end - word.start));
            open = word.open;
        }
        if (stop == G_MAXSIZE || open)
            break;
        g_ptr_array_add(texts, g_strdup("--"));
        offset += stop + 2;
    } while (line[offset]);
    return texts;
}

gboolean vv_cmdline_same_key(const char *a, const char *b)
{
    a += *a == '"';
    b += *b == '"';
    for (; *a && *a != '=' && *b && *b != '='; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return FALSE;
    return (!*a || *a == '=') && (!*b || *b == '=');
}

const char *vv_cmdline_word_value(const char *word)
{
    const char *equals = strchr(word, '=');

    return equals ? equals + 1 : NULL;
}

VvCmdlineStyle vv_cmdline_style(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(styles); i++)
        if (vv_cmdline_same_key(styles[i].key, word))
            return styles[i].style;
    return VV_CMDLINE_ONE;
}

/* The kernel's words as texts. */
static GPtrArray *kernel_words(const char *line)
{
    g_autoptr(GArray) words = vv_cmdline_words(line, NULL);
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < words->len; i++) {
        VvCmdlineWord word = g_array_index(words, VvCmdlineWord, i);
        g_ptr_array_add(texts, g_strndup(line + word.start, word.end - word.start));
    }
    return texts;
}

static gboolean same_word(const char *a, const char *b)
{
    return vv_cmdline_same_key(a, b) && g_strcmp0(vv_cmdline_word_value(a), vv_cmdline_word_value(b)) == 0;
}

/* Is the item in the words of this key that count? */
static gboolean has_item(const GPtrArray *words, const char *key, const char *item, gboolean only_last)
{
    for (guint i = words->len; i-- > 0;) {
        const char *word = words->pdata[i], *value = vv_cmdline_word_value(word);
        if (!vv_cmdline_same_key(word, key))
            continue;
        g_auto(GStrv) items = g_strsplit(value ? value : "", ",", -1);
        if (g_strv_contains((const char *const *)items, item))
            return TRUE;
        if (only_last)
            return FALSE;
    }
    return FALSE;
}

static gboolean has_list(const GPtrArray *words, const char *wanted, gboolean only_last)
{
    const char *value = vv_cmdline_word_value(wanted);
    g_auto(GStrv) items = g_strsplit(value ? value : "", ",", -1);

    for (char **item = items; *item; item++)
        if (!has_item(words, wanted, *item, only_last))
            return FALSE;
    return TRUE;
}

static gboolean has_sequence(const GPtrArray *words, const GPtrArray *wanted)
{
    for (guint i = 0; i + wanted->len <= words->len; i++) {
        guint same = 0;
        while (same < wanted->len && same_word(words->pdata[i + same], wanted->pdata[same]))
            same++;
        if (same == wanted->len)
            return TRUE;
    }
    return FALSE;
}

gboolean vv_cmdline_has(const char *line, const char *word)
{
    g_autoptr(GPtrArray) words = kernel_words(line), wanted = vv_cmdline_parse(word);
    VvCmdlineStyle style = vv_cmdline_style(word);

    if (wanted->len != 1 || style == VV_CMDLINE_EACH || !vv_cmdline_word_value(word))
        return has_sequence(words, wanted);
    if (style != VV_CMDLINE_ONE)
        return has_list(words, word, style == VV_CMDLINE_LAST_LIST);
    for (guint i = words->len; i-- > 0;)
        if (vv_cmdline_same_key(words->pdata[i], word))
            return same_word(words->pdata[i], word);
    return FALSE;
}

char *vv_cmdline_value(const char *line, const char *key)
{
    g_autoptr(GPtrArray) words = kernel_words(line);

    for (guint i = words->len; i-- > 0;) {
        const char *word = words->pdata[i];
        if (!vv_cmdline_same_key(word, key))
            continue;
        const char *value = vv_cmdline_word_value(word);
        g_autofree char *text = g_strdup(value ? value : "");
        gsize length = strlen(text);
        if (length && text[length - 1] == '"' && (*text == '"' || *word == '"'))
            text[--length] = '\0';
        return g_strdup(*text == '"' ? text + 1 : text);
    }
    return NULL;
}
