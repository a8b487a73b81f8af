/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/values.h"
#include "domains/vmfile.h"

#include <string.h>

/* 0 for an unknown suffix. */
static guint64 kib_of_suffix(const char *suffix)
{
    static const struct {
        char letter;
        guint64 kib;
    } units[] = {{'K', 1}, {'M', 1 << 10}, {'G', 1 << 20}, {'T', 1 << 30}};

    if (!*suffix)
        return 1 << 10;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_ascii_toupper(*suffix) == units[i].letter &&
            (!suffix[1] || g_ascii_strcasecmp(suffix + 1, "B") == 0 ||
             g_ascii_strcasecmp(suffix + 1, "iB") == 0))
            return units[i].kib;
    return 0;
}

gboolean vv_size_parse(const char *text, guint64 *ret_kib)
{
    guint64 number = 0, unit, kib;
    const char *c = text;

    for (; g_ascii_isdigit(*c); c++)
        if (!g_uint64_checked_mul(&number, number, 10) ||
            !g_uint64_checked_add(&number, number, (guint64)g_ascii_digit_value(*c)))
            return FALSE;
    if (c == text || !number)
        return FALSE;
    while (*c == ' ')
        c++;
    unit = kib_of_suffix(c);
    if (!unit || !g_uint64_checked_mul(&kib, number, unit))
        return FALSE;
    *ret_kib = kib;
    return TRUE;
}

/* The shortest text of a size: "16G", "1536M", "3K". */
static char *size_text(guint64 kib)
{
    static const char units[] = "KMGT";
    guint unit = 0;

    for (; unit < 3 && kib % 1024 == 0; unit++)
        kib /= 1024;
    return g_strdup_printf("%" G_GUINT64_FORMAT "%c", kib, units[unit]);
}

static gboolean check_size(const VvValue *value, const char *text, guint64 *ret, GError **error)
{
    g_autofree char *min = size_text(value->min), *max = size_text(value->max);
    guint64 kib;

    if (!vv_size_parse(text, &kib))
        return vv_value_wrong(error, "'%s' is not a size like 512M or 16G", text);
    if (kib < value->min || kib > value->max)
        return vv_value_wrong(error, "'%s' is not between %s and %s", text, min, max);
    *ret = kib;
    return TRUE;
}

static gboolean read_size(const VvValue *value, const char *text, gpointer field, GError **error)
{
    return check_size(value, text, field, error);
}

static char *write_size(const VvValue *value, gconstpointer field)
{
    const guint64 *kib = field;

    (void)value;
    return *kib ? size_text(*kib) : NULL;
}

/* 1 PiB: more than any host has, and far from where libvirt's own sums overflow. */
const VvValue vv_value_memory = {read_size, write_size, NULL, 1 << 10, G_GUINT64_CONSTANT(1) << 40};

static gboolean read_shmem(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint64 kib;

    if (!check_size(value, text, &kib, error))
        return FALSE;
    if (kib & (kib - 1))
        return vv_value_wrong(error, "'%s' is not a power of two, which a PCI BAR has to be", text);
    *(guint64 *)field = kib;
    return TRUE;
}

/* It is a PCI BAR of the guest's. */
const VvValue vv_value_shmem = {read_shmem, write_size, NULL, 1 << 10, 1 << 26};

static gboolean read_mmio(const VvValue *value, const char *text, gpointer field, GError **error)
{
    guint64 kib;

    if (!g_str_equal(text, "auto") && !check_size(value, text, &kib, error))
        return FALSE;
    return vv_value_set(field, g_strdup(text));
}

const VvValue vv_value_mmio = {read_mmio, vv_value_write_text, NULL, 1 << 20, G_GUINT64_CONSTANT(1) << 36};

static const struct {
    const char *word; /* the first of an os and version is the one that is written */
    VvOs os;
    guint version;
} systems[] = {
    {"linux", VV_OS_LINUX, 0},        {"windows", VV_OS_WINDOWS, 0}, {"windows10", VV_OS_WINDOWS, 10},
    {"windows11", VV_OS_WINDOWS, 11}, {"freebsd", VV_OS_FREEBSD, 0}, {"opnsense", VV_OS_FREEBSD, 0},
    {"other", VV_OS_OTHER, 0},
};

static gboolean read_os(const VvValue *value, const char *text, gpointer field, GError **error)
{
    const char *words[G_N_ELEMENTS(systems) + 1] = {0};
    VvVm *vm = field;
    guint which;

    (void)value;
    for (gsize i = 0; i < G_N_ELEMENTS(systems); i++)
        words[i] = systems[i].word;
    if (!vv_value_word(text, words, &which, error))
        return FALSE;
    vm->os = systems[which].os;
    vm->os_version = systems[which].version;
    return TRUE;
}

static char *write_os(const VvValue *value, gconstpointer field)
{
    const VvVm *vm = field;

    (void)value;
    for (gsize i = 0; i < G_N_ELEMENTS(systems); i++)
        if (systems[i].os == vm->os && systems[i].version == vm->os_version)
            return g_strdup(systems[i].word);
    return NULL;
}

const VvValue vv_value_os = {read_os, write_os, NULL, 0, 0};

static const char *const topology_words[] = {"sockets", "dies", "cores", "threads", NULL};

/* One part, such as "cores=4"; each once. */
static gboolean read_part(const char *part, guint *parts, GError **error)
{
    const char *equals = strchr(part, '=');
    g_autofree char *word = g_strndup(part, equals ? (gsize)(equals - part) : 0);
    guint64 number;
    guint which;

    g_strstrip(word);
    if (!equals || !vv_value_word(word, topology_words, &which, NULL))
        return vv_value_wrong(error, "'%s': written as in sockets=1,dies=1,cores=4,threads=2", part);
    if (parts[which])
        return vv_value_wrong(error, "%s is there twice", word);
    while (*++equals == ' ')
        ;
    if (!g_ascii_string_to_unsigned(equals, 10, 1, 1024, &number, NULL))
        return vv_value_wrong(error, "%s = '%s' is not a number from 1 to 1024", word, equals);
    parts[which] = (guint)number;
    return TRUE;
}

static gboolean read_topology(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    guint parts[4] = {0};
    VvVm *vm = field;

    (void)value;
    for (char **word = words; *word; word++)
        if (!read_part(g_strstrip(*word), parts, error))
            return FALSE;
    vm->sockets = MAX(parts[0], 1);
    vm->dies = MAX(parts[1], 1);
    vm->cores = MAX(parts[2], 1);
    vm->threads = MAX(parts[3], 1);
    return TRUE;
}

static char *write_topology(const VvValue *value, gconstpointer field)
{
    const VvVm *vm = field;

    (void)value;
    if (!vm->sockets)
        return NULL;
    return g_strdup_printf("sockets=%u,dies=%u,cores=%u,threads=%u", vm->sockets, vm->dies, vm->cores,
                           vm->threads);
}

const VvValue vv_value_topology = {read_topology, write_topology, NULL, 0, 0};
