/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/names.h"

#include <pci/pci.h>
#include <string.h>

/* libpci makes a hash of all 35,000 names on the first question, which takes longer than everything else that
 * `list` does. So the file is gone through once for the few ids that this machine has; libpci, which also
 * knows of compressed files and of udev's hwdb, is asked for what is left. */
struct VvNames {
    const GPtrArray *devices;
    GHashTable *by_ids; /* ids_of() -> char * */
    struct pci_access *pci;
    gboolean was_asked;
};

static gpointer ids_of(guint vendor, guint device)
{
    return GUINT_TO_POINTER(vendor << 16 | device);
}

static void pci_silent(char *format G_GNUC_UNUSED, ...)
{
}

/* libpci's own handler ends the program with a message; so does this one, but only memory can run out here.
 */
static G_GNUC_NORETURN void pci_fatal(char *format, ...)
{
    g_error("libpci: %s", format);
}

VvNames *vv_names_new(const GPtrArray *devices)
{
    VvNames *names = g_new0(VvNames, 1);

    names->devices = devices;
    names->by_ids = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    /* No pci_init(): that looks for a way to reach the hardware; names need only pci.ids. */
    names->pci = pci_alloc();
    names->pci->error = pci_fatal;
    names->pci->warning = names->pci->debug = pci_silent;
    return names;
}

void vv_names_free(VvNames *names)
{
    if (!names)
        return;
    pci_cleanup(names->pci);
    g_hash_table_unref(names->by_ids);
    g_free(names);
}

void vv_names_set_file(VvNames *names, const char *path)
{
    pci_set_name_list_path(names->pci, g_strdup(path), 1);
}

/* "10de  NVIDIA Corporation": four digits, two spaces. Neither a comment nor a class ("C 03  …") looks so. */
static gboolean parse_line(const char *line, const char *end, guint *ret_id, const char **ret_name)
{
    guint id = 0;

    if (end - line < 7 || line[4] != ' ' || line[5] != ' ')
        return FALSE;
    for (guint i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(line[i]);
        if (digit < 0)
            return FALSE;
        id = id << 4 | (guint)digit;
    }
    *ret_id = id;
    *ret_name = line + 6;
    return TRUE;
}

/* "10de  NVIDIA Corporation" -> "NVIDIA Corporation". */
static char *name_of(const char *name, const char *end)
{
    return g_strchomp(g_strndup(name, (gsize)(end - name)));
}

/* pci.ids: vendors at the start of a line, below each its devices after one tab, below these their subsystems
 * after two. Takes only the vendors and devices that are keys. */
static void read_lines(VvNames *names, GHashTable *vendors, const char *text, const char *end)
{
    gboolean is_wanted = FALSE;
    guint vendor = 0, id;
    const char *name, *line_end;

    for (const char *line = text; line < end; line = line_end + 1) {
        line_end = memchr(line, '\n', (gsize)(end - line));
        if (!line_end)
            line_end = end;
        if (*line == '#' || line == line_end)
            continue;
        if (*line != '\t') {
            is_wanted = parse_line(line, line_end, &id, &name) &&
                        g_hash_table_contains(vendors, GUINT_TO_POINTER(id));
            if (is_wanted)
                g_hash_table_insert(vendors, GUINT_TO_POINTER(vendor = id), name_of(name, line_end));
        } else if (is_wanted && parse_line(line + 1, line_end, &id, &name) &&
                   g_hash_table_contains(names->by_ids, ids_of(vendor, id)))
            g_hash_table_insert(names->by_ids, ids_of(vendor, id), name_of(name, line_end));
    }
}

/* Puts the vendor in front of the device, and what there is in place of what the file does not know. */
static void word_names(VvNames *names, GHashTable *vendors)
{
    GHashTableIter iter;
    gpointer ids, device;

    g_hash_table_iter_init(&iter, names->by_ids);
    while (g_hash_table_iter_next(&iter, &ids, &device)) {
        guint both = GPOINTER_TO_UINT(ids);
        const char *vendor = g_hash_table_lookup(vendors, GUINT_TO_POINTER(both >> 16));
        g_hash_table_iter_replace(&iter,
                                  device   ? g_strdup_printf("%s %s", vendor, (char *)device)
                                  : vendor ? g_strdup_printf("%s Device %04x", vendor, both & 0xffff)
                                           : g_strdup_printf("Device %04x:%04x", both >> 16, both & 0xffff));
    }
}

/* libpci names the compressed file, and takes the plain one where there is no such (lib/names-parse.c,
 * pci_open). */
static GMappedFile *open_file(const char *path)
{
    g_autofree char *plain = g_strdup(path);

    if (g_str_has_suffix(path, ".gz")) {
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return NULL;
        plain[strlen(plain) - strlen(".gz")] = '\0';
    }
    return g_mapped_file_new(plain, FALSE, NULL);
}

static void read_file(VvNames *names, GMappedFile *file)
{
    g_autoptr(GHashTable) vendors = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    const char *text = g_mapped_file_get_contents(file);

    for (guint i = 0; i < names->devices->len; i++) {
        const VvDevice *device = names->devices->pdata[i];
        g_hash_table_insert(vendors, GUINT_TO_POINTER(device->vendor), NULL);
        g_hash_table_insert(names->by_ids, ids_of(device->vendor, device->device), NULL);
    }
    read_lines(names, vendors, text, text + g_mapped_file_get_length(file));
    word_names(names, vendors);
}

const char *vv_names_get(VvNames *names, const VvDevice *device)
{
    char text[256];

    if (!names->was_asked) {
        g_autoptr(GMappedFile) file = open_file(names->pci->id_file_name);
        if (file && g_mapped_file_get_length(file))
            read_file(names, file);
        names->was_asked = TRUE;
    }
    char *name = g_hash_table_lookup(names->by_ids, ids_of(device->vendor, device->device));
    if (!name) {
        name = g_strdup(pci_lookup_name(names->pci, text, sizeof text, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
                                        device->vendor, device->device));
        g_hash_table_insert(names->by_ids, ids_of(device->vendor, device->device), name);
    }
    return name;
}
