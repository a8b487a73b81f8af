/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A machine as text becomes files and links. */

static void add_uevent(FakeHost *fake, const char *address, guint class_code, const guint id[4])
{
    g_autofree char *text =
        g_strdup_printf("PCI_CLASS=%04X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
                        "PCI_SLOT_NAME=%s\nMODALIAS=pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n",
                        class_code, id[0], id[1], id[2], id[3], address, id[0], id[1], id[2], id[3],
                        class_code >> 16, class_code >> 8 & 0xff, class_code & 0xff);

    fake_put_attribute(fake, address, "uevent", text);
    fake_put_attribute(fake, address, "modalias", strstr(text, "pci:v"));
}

/* Bit 7 (multifunction) is set as a trap for readers that forget it. */
static void add_config(FakeHost *fake, const char *address, const guint id[4], guint header)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/config", address);
    guint8 config[64] = {(guint8)id[0], (guint8)(id[0] >> 8), (guint8)id[1], (guint8)(id[1] >> 8)};

    config[0x0e] = (guint8)(header | 0x80);
    if (!g_file_set_contents(path, (char *)config, sizeof config, NULL))
        g_error("fake host: cannot write %s", path);
}

static void add_group(FakeHost *fake, const char *address, const char *group)
{
    const char *number = g_str_has_prefix(group, "noiommu:") ? strchr(group, ':') + 1 : group;
    g_autofree char *target = g_strdup_printf("../../../kernel/iommu_groups/%s", number);
    g_autofree char *path = g_strdup_printf(FAKE_DEVICES "/%s/iommu_group", address);
    g_autofree char *back_target = g_strdup_printf("../../../../devices/pci0000:00/%s", address);
    g_autofree char *back = g_strdup_printf("sys/kernel/iommu_groups/%s/devices/%s", number, address);

    fake_add_link(fake, target, path);
    fake_add_link(fake, back_target, back);
    if (number != group) {
        g_autofree char *name = g_strdup_printf("sys/kernel/iommu_groups/%s/name", number);
        fake_host_put(fake, name, "vfio-noiommu\n");
    }
}

static void add_sriov(FakeHost *fake, const char *address, const char *value)
{
    g_auto(GStrv) numbers = g_strsplit(value, "/", 2);

    fake_put_attribute(fake, address, "sriov_totalvfs", numbers[0]);
    fake_put_attribute(fake, address, "sriov_numvfs", numbers[1]);
    fake_put_attribute(fake, address, "sriov_drivers_autoprobe", "1\n");
}

static void add_physfn(FakeHost *fake, const char *address, const char *parent)
{
    g_autofree char *target = g_strdup_printf("../%s", parent);
    g_autofree char *path = g_strdup_printf(FAKE_DEVICES "/%s/physfn", address);
    g_autofree char *back_target = g_strdup_printf("../%s", address);

    fake_add_link(fake, target, path);
    for (guint i = 0; i < 64; i++) {
        g_autofree char *back = g_strdup_printf(FAKE_DEVICES "/%s/virtfn%u", parent, i);
        g_autofree char *full = fake_below(fake, "%s", back);
        if (g_file_test(full, G_FILE_TEST_IS_SYMLINK))
            continue;
        fake_add_link(fake, back_target, back);
        return;
    }
}

static void add_reset(FakeHost *fake, const char *address, const char *value)
{
    g_autofree char *methods = g_strdup_printf("%s\n", value);

    fake_put_attribute(fake, address, "reset", "");
    if (strcmp(value, "old") != 0)
        fake_put_attribute(fake, address, "reset_method", g_strdelimit(methods, ",", ' '));
}

/* Whoever is in the slot has the same: bus and device number (drivers/pci/slot.c). */
static void add_slot(FakeHost *fake, const char *address, const char *number)
{
    g_autofree char *place = g_strndup(address, strlen(address) - 2);
    g_autofree char *line = g_strconcat(place, "\n", NULL);
    g_autofree char *address_path = g_strdup_printf("sys/bus/pci/slots/%s/address", number);
    g_autofree char *power_path = g_strdup_printf("sys/bus/pci/slots/%s/power", number);

    fake_host_put(fake, address_path, line);
    fake_host_put(fake, power_path, "1\n");
}

static void put_line(FakeHost *fake, const char *address, const char *attribute, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s\n", value);

    fake_put_attribute(fake, address, attribute, line);
}

/* "8.0x4" or "8.0x4/16.0x16": now, and at most. */
static void add_link_state(FakeHost *fake, const char *address, const char *value)
{
    g_auto(GStrv) states = g_strsplit(value, "/", 2);
    static const char *const names[] = {"current", "max"};

    for (guint i = 0; i < 2; i++) {
        g_auto(GStrv) numbers = g_strsplit(states[i] && states[1] ? states[i] : states[0], "x", 2);
        g_autofree char *speed_name = g_strconcat(names[i], "_link_speed", NULL);
        g_autofree char *width_name = g_strconcat(names[i], "_link_width", NULL);
        g_autofree char *speed = g_strconcat(numbers[0], " GT/s PCIe", NULL);
        put_line(fake, address, speed_name, speed);
        put_line(fake, address, width_name, numbers[1]);
    }
}

/* fb0 belongs to the function, and vtcon1 draws on it. */
static void add_console(FakeHost *fake, const char *address)
{
    g_autofree char *target = g_strdup_printf("../../devices/pci0000:00/%s/graphics/fb0", address);

    fake_add_link(fake, target, "sys/class/graphics/fb0");
    fake_host_put(fake, "sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
    fake_host_put(fake, "sys/class/vtconsole/vtcon0/bind", "0\n");
    fake_host_put(fake, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
    fake_host_put(fake, "sys/class/vtconsole/vtcon1/bind", "1\n");
}

/* One key=value of a device's line. Returns FALSE for a word that is not known. */
static gboolean add_attribute(FakeHost *fake, const char *address, const char *key, const char *value)
{
    if (strcmp(key, "group") == 0)
        add_group(fake, address, value);
    else if (strcmp(key, "override") == 0)
        fake_host_set_override(fake, address, value);
    else if (strcmp(key, "numa") == 0)
        fake_put_attribute(fake, address, "numa_node", value);
    else if (strcmp(key, "console") == 0)
        add_console(fake, address);
    else if (strcmp(key, "rom") == 0)
        fake_put_attribute(fake, address, "rom", "");
    else if (strcmp(key, "bootvga") == 0)
        fake_put_attribute(fake, address, "boot_vga", value);
    else if (strcmp(key, "reset") == 0)
        add_reset(fake, address, value);
    else if (strcmp(key, "sriov") == 0)
        add_sriov(fake, address, value);
    else if (strcmp(key, "physfn") == 0)
        add_physfn(fake, address, value);
    else if (strcmp(key, "slot") == 0)
        add_slot(fake, address, value);
    else if (strcmp(key, "subordinate") == 0)
        fake_put_attribute(fake, address, "reset_subordinate", "");
    else if (strcmp(key, "power") == 0)
        put_line(fake, address, "power/control", value);
    else if (strcmp(key, "link") == 0)
        add_link_state(fake, address, value);
    else if (strcmp(key, "label") == 0)
        put_line(fake, address, "label", value);
    else if (strcmp(key, "d3cold") == 0)
        put_line(fake, address, "d3cold_allowed", value);
    else
        return strcmp(key, "class") == 0 || strcmp(key, "id") == 0 || strcmp(key, "sub") == 0 ||
               strcmp(key, "driver") == 0 || strcmp(key, "native") == 0 || strcmp(key, "header") == 0 ||
               strcmp(key, "behind") == 0 || strcmp(key, "fails") == 0 || strcmp(key, "kills") == 0 ||
               strcmp(key, "busmaster") == 0;
    return TRUE;
}

static const char *find_word(char **words, const char *key)
{
    for (; *words; words++)
        if (g_str_has_prefix(*words, key) && (*words)[strlen(key)] == '=')
            return *words + strlen(key) + 1;
    return NULL;
}

/* "pci0000:16" for "0000:16:02.0": new string. All root buses are one folder. */
static char *add_root_bus(FakeHost *fake, const char *address, const char *folder)
{
    g_autofree char *bus = g_strndup(address, strlen(address) - strlen(":00.0"));
    g_autofree char *name = g_strconcat("pci", bus, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *full = fake_below(fake, "%s", path);

    if (!g_file_test(full, G_FILE_TEST_EXISTS) && strcmp(folder, "sys/devices") == 0)
        fake_add_link(fake, "pci0000:00", path);
    return g_steal_pointer(&name);
}

/* The name on the bus says where the device sits in the tree; the folder itself is flat. */
static void add_name(FakeHost *fake, const char *address, const char *bridge)
{
    g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s", address);
    g_autofree char *target = NULL;

    if (bridge) {
        g_autofree char *above = fake_below(fake, "sys/bus/pci/devices/%s", bridge);
        g_autofree char *place = g_file_read_link(above, NULL);
        g_autofree char *folder = g_strdup_printf(FAKE_DEVICES "/%s", bridge);
        /* A segment of its own (VMD) starts with a root bus of its own. */
        gboolean same = strcspn(address, ":") == strcspn(bridge, ":") &&
                        strncmp(address, bridge, strcspn(address, ":")) == 0;
        g_autofree char *bus = same ? g_strdup(".") : add_root_bus(fake, address, folder);
        g_autofree char *inside =
            same ? g_build_filename(folder, address, NULL) : g_build_filename(folder, bus, address, NULL);
        g_autofree char *flat = g_strdup_printf(same ? "../%s" : "../../%s", address);
        if (!place)
            g_error("fake host: %s is behind %s, which must come first", address, bridge);
        fake_add_link(fake, flat, inside);
        target = same ? g_build_filename(place, address, NULL) : g_build_filename(place, bus, address, NULL);
    } else {
        g_autofree char *bus = add_root_bus(fake, address, "sys/devices");
        target = g_strdup_printf("../../../devices/%s/%s", bus, address);
    }
    fake_add_link(fake, target, path);
}

static void add_device(FakeHost *fake, char **words)
{
    const char *address = words[0], *driver = find_word(words, "driver"),
               *native = find_word(words, "native");
    const char *class_text = find_word(words, "class"), *id_text = find_word(words, "id");
    const char *sub = find_word(words, "sub"), *header_text = find_word(words, "header");
    guint id[4] = {0};

    if (!class_text || !id_text || sscanf(id_text, "%x:%x", &id[0], &id[1]) != 2 ||
        (sub && sscanf(sub, "%x:%x", &id[2], &id[3]) != 2))
        g_error("fake host: %s needs class= and id=", address);
    guint class_code = (guint)strtoul(class_text, NULL, 16);
    guint header = header_text ? (guint)atoi(header_text) : class_code >> 8 == 0x0604;
    add_uevent(fake, address, class_code, id);
    if (g_strcmp0(header_text, "none") != 0)
        add_config(fake, address, id, header);
    fake_host_set_override(fake, address, NULL);
    for (char **word = words + 1; *word; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);
        if (!add_attribute(fake, address, pair[0], pair[1] ? pair[1] : ""))
            g_error("fake host: %s has an unknown word '%s'", address, *word);
    }

    if (!native && driver && !vv_driver_is_vfio(driver) && strcmp(driver, "pci-stub") != 0)
        native = driver;
    FakeDevice *device = g_new0(FakeDevice, 1);
    const char *master = find_word(words, "busmaster");
    *device = (FakeDevice){g_strdup(native),
                           g_strdup(driver),
                           find_word(words, "group") != NULL,
                           header == 0,
                           master != NULL,
                           g_strcmp0(master, "stuck") == 0,
                           find_word(words, "console") != NULL,
                           NULL,
                           NULL,
                           NULL};
    const char *methods = find_word(words, "reset");
    device->methods = g_strdelimit(g_strdup(methods ? methods : ""), ",", ' ');
    device->fails = g_strdup(find_word(words, "fails"));
    device->kills = g_strdup(find_word(words, "kills"));
    if (master && driver)
        fake_set_config_word(fake, address, 4, 4);
    g_hash_table_replace(fake->devices, g_strdup(address), device);

    add_name(fake, address, find_word(words, "behind"));
    if (native)
        fake_add_driver(fake, native);
    if (driver) {
        fake_add_driver(fake, driver);
        fake_host_bind(fake, address, driver);
    }
}

void fake_host_add(FakeHost *fake, const char *machine)
{
    g_auto(GStrv) lines = g_strsplit(machine, "\n", -1);

    for (char **line = lines; *line; line++) {
        char *comment = strchr(*line, '#');
        if (comment)
            *comment = '\0';
        g_autoptr(GPtrArray) words = g_ptr_array_new();
        for (char *save = NULL, *word = strtok_r(*line, " \t", &save); word;
             word = strtok_r(NULL, " \t", &save))
            g_ptr_array_add(words, word);
        g_ptr_array_add(words, NULL);
        if (words->len > 1 && strcmp(words->pdata[0], "drivers") == 0)
            for (guint i = 1; words->pdata[i]; i++)
                fake_add_driver(fake, words->pdata[i]);
        else if (words->len > 1)
            add_device(fake, (char **)words->pdata);
    }
}

FakeHost *fake_host_load(const char *name)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *file = g_strdup_printf("%s.host", name);
    g_autofree char *path = g_build_filename(source ? source : ".", "tests", "hosts", file, NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        g_error("fake host: cannot read %s", path);
    return fake_host_new(text);
}
