/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-texts.h"

/* `words` must all be in the message: file, section and key are a promise. */
static void bad_with(const char *text, const char *const *settings, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = parse(text, settings, &error);

    if (vm)
        print_error("taken:\n%s\n", text);
    assert_null(vm);
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
    for (; *words; words++) {
        if (!strstr(error->message, *words))
            print_error("no '%s' in: %s\n", *words, error->message);
        assert_non_null(strstr(error->message, *words));
    }
}

#define BAD(text, ...) bad_with(text, NULL, (const char *const[]){"x.ini", __VA_ARGS__, NULL})
#define BAD_SETTING(setting, ...)                                                                            \
    bad_with(VM GPU, (const char *const[]){setting, NULL}, (const char *const[]){__VA_ARGS__, NULL})

/* Each line is put into its section alone, where it is the first fault. */
static void test_bad_values(void **state)
{
    static const struct {
        const char *before, *section, *key, *value;
    } cases[] = {
        {"[vm]\nmemory = 1G\n", "[vm]", "name", "a b"},
        {"[vm]\nmemory = 1G\n", "[vm]", "name", "../x"},
        {"[vm]\nmemory = 1G\n", "[vm]", "name", ".."},
        {"[vm]\nmemory = 1G\n", "[vm]", "name", "\xc3\xa4"},
        {"[vm]\nmemory = 1G\n", "[vm]", "name",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {VM, "[vm]", "uuid", "6f1c1bd0"},
        {VM, "[vm]", "os", "win"},
        {"[vm]\nname = a\n", "[vm]", "memory", "much"},
        {"[vm]\nname = a\n", "[vm]", "memory", "0"},
        {"[vm]\nname = a\n", "[vm]", "memory", "-1G"},
        {"[vm]\nname = a\n", "[vm]", "memory", "16X"},
        {"[vm]\nname = a\n", "[vm]", "memory", "1K"},
        {"[vm]\nname = a\n", "[vm]", "memory", "1025T"},
        {"[vm]\nname = a\n", "[vm]", "memory", "99999999999999999999G"},
        {VM, "[vm]", "cpu", "host,aes"},
        {VM, "[vm]", "cpu", "qemu64,"},
        {VM, "[vm]", "cpus", "0"},
        {VM, "[vm]", "cpus", "1025"},
        {VM, "[vm]", "cpus", "two"},
        {VM, "[vm]", "cpus", "+2"},
        {VM, "[vm]", "firmware", "ovmf"},
        {VM, "[vm]", "accel", "hvf"},
        {VM, "[vm]", "kernel", "vmlinuz"},
        {VM "kernel = /k\n", "[vm]", "initrd", "./i"},
        {VM, "[vm]", "initrd", "/i"},
        {VM, "[vm]", "cmdline", "quiet"},
        {VM, "[vm]", "serial-log", "log"},
        {VM, "[vm]", "emulator", "qemu"},
        {VM "[device gpu]\n", "[device gpu]", "host", "1"},
        {VM "[device gpu]\n", "[device gpu]", "host", "01:00.8"},
        {VM "[device gpu]\n", "[device gpu]", "host", "01:00.0,01:00.1"},
        {VM "[device gpu]\n", "[device gpu]", "host", "01:00.0;"},
        {VM "[device gpu]\n", "[device gpu]", "host", "01:00.0 ;01:00.1"},
        {VM "[device gpu]\n", "[device gpu]", "host", "01:00.0 ; 01:00.1"},
        {VM GPU, "[device gpu]", "x-vga", "maybe"},
        {VM GPU, "[device gpu]", "rom", "card.rom"},
        {VM GPU, "[device gpu]", "rom", "/a,b.rom"},
        {VM GPU, "[device gpu]", "rombar", "2"},
        {VM GPU, "[device gpu]", "allow", "everything"},
        {VM GPU, "[device gpu]", "allow", "disk-mounted=01:00"},
        {VM GPU, "[device gpu]", "allow", "disk-mounted=01:00.1"},
        {VM "[disk d]\n", "[disk d]", "path", "x.qcow2"},
        {VM "[disk d]\npath = /x\n", "[disk d]", "format", "vmdk"},
        {VM "[disk d]\npath = /x.raw\n", "[disk d]", "bus", "ide"},
        {VM "[disk d]\npath = /x.iso\ncdrom = yes\n", "[disk d]", "bus", "virtio"},
        {VM "[disk d]\npath = /x.iso\n", "[disk d]", "cdrom", "dvd"},
        {VM "[network n]\n", "[network n]", "bridge", "a/b"},
        {VM "[network n]\n", "[network n]", "bridge", "sixteen-letters-"},
        {VM "[network n]\nbridge = b\n", "[network n]", "mac", "52:54:00:12:34"},
        {VM "[network n]\nbridge = b\n", "[network n]", "mac", "52:54:00:12:34:5g"},
        {VM "[network n]\nbridge = b\n", "[network n]", "mac", "53:54:00:12:34:56"},
        {VM "[network n]\nbridge = b\n", "[network n]", "model", "ne2k"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("%s%s = %s\n", cases[i].before, cases[i].key, cases[i].value);
        g_autofree char *place = g_strdup_printf("%s %s: ", cases[i].section, cases[i].key);
        guint line = 0;
        g_autofree char *at = NULL;

        for (const char *c = text; *c; c++)
            line += *c == '\n';
        at = g_strdup_printf("x.ini:%u: ", line);
        BAD(text, at, place);
    }
}

static void test_unknown(void **state)
{
    BAD(VM "memroy = 1G\n", "x.ini:4: [vm] memroy: unknown key; did you mean memory?");
    BAD(VM GPU "x-vgaa = yes\n", "x.ini:6: [device gpu] x-vgaa: unknown key; did you mean x-vga?");
    BAD(VM GPU "x_vga = yes\n", "[device gpu] x_vga: ", "did you mean x-vga?");
    BAD(VM GPU "romfile = /a\n", "[device gpu] romfile: ", "did you mean rom?");
    BAD(VM GPU "hots = 1\n", "did you mean host?");
    BAD(VM "qwertz = 1\n", "[vm] qwertz: unknown key");
    BAD(VM "host = 01:00\n", "[vm] host: unknown key");
    BAD(VM "[devcie gpu]\nhost = 01:00\n", "x.ini:4: [devcie gpu]: unknown section; did you mean device?");
    BAD(VM "[snapshot x]\n", "x.ini:4: [snapshot x]: unknown section", "[disk NAME]");
}

static void test_sections(void **state)
{
    BAD("", "[vm]: missing");
    BAD(GPU, "[vm]: missing");
    BAD("[vm]\n", "x.ini:1: [vm] name: missing");
    BAD("[vm]\nname = a\n", "[vm] memory: missing");
    BAD(VM "[device gpu]\nx-vga = yes\n", "x.ini:4: [device gpu] host: missing");
    BAD(VM "[device gpu]\n", "[device gpu] host: missing");
    BAD(VM "[disk d]\n", "[disk d] path: missing");
    BAD(VM "[network n]\n", "[network n]: ", "bridge", "network");
    BAD(VM "[network n]\nbridge = b\nnetwork = n\n", "[network n] bridge: ", "only one");
    BAD(VM "[disk d]\npath = /x\n", "[disk d] format: missing");
    BAD(VM "[disk d]\npath = /dev/shm/x\n", "[disk d] format: missing");
    BAD(VM "[device]\nhost = 01:00\n", "x.ini:4: [device]: which one?");
    BAD("[vm a]\nmemory = 1G\n", "[vm a]: ", "name = a");
    BAD(VM "[device a/b]\n", "x.ini:4: ");
    BAD(VM "[device a b]\n", "x.ini:4: ");
    BAD(VM "[device gpu\n", "x.ini:4: ");
    BAD(VM "[device gpu] host\n", "x.ini:4: ");
    BAD(VM "[]\n", "x.ini:4: ");
    BAD("name = a\n", "x.ini:1: name: ", "[vm]");
    BAD(VM "quiet\n", "x.ini:4: ", "key = value");
    BAD(VM "= 3\n", "x.ini:4: ");
    BAD(VM "cpus =\n", "x.ini:4: [vm] cpus: has no value");
    BAD(VM "cpus = ; three\n", "x.ini:4: [vm] cpus: has no value");
}

static void test_duplicates(void **state)
{
    BAD(VM "name = b\n", "x.ini:4: [vm] name: ", "first on line 2");
    BAD(VM GPU "\nhost = 01:00.1\n", "x.ini:7: [device gpu] host: ", "first on line 5");
    BAD(VM GPU "[device gpu]\nhost = 02:00\n", "x.ini:6: [device gpu]: ", "first on line 4");
    BAD(VM GPU "[device  gpu]\n", "x.ini:6: [device gpu]: ");
    BAD(VM "[vm]\n", "x.ini:4: [vm]: ", "first on line 1");
    BAD(VM "[device a.b]\nhost = 01:00\n[device a_b]\nhost = 02:00\n", "[device a_b]: ", "[device a.b]");
    /* One name for things of different kinds is fine. */
    g_autoptr(VvVm) vm = good(VM GPU "[disk gpu]\npath = /x.raw\n");

    assert_int_equal(vm->disks->len, 1);
}

static void test_two_x_vga(void **state)
{
    BAD(VM GPU "x-vga = yes\n[device other]\nhost = 02:00\nx-vga = on\n",
        "x.ini:9: [device other] x-vga: ", "[device gpu]");
    g_autoptr(VvVm) vm = good(VM GPU "x-vga = yes\n[device other]\nhost = 02:00\nx-vga = no\n");

    assert_true(card(vm, 0)->x_vga);
}

static void test_not_text(void **state)
{
    static const char nul[] = "[vm]\nname = a\0b\nmemory = 1G\n";
    g_autoptr(GError) error = NULL;

    BAD("[vm]\nname = \xff\n", "UTF-8");
    BAD("[vm]\nname = a\033[2J\n", "x.ini:2: ", "control character");
    BAD("[vm]\nname = a\x7f\n", "x.ini:2: ", "control character");
    BAD("[vm]\nname = a\xc2\x9b\n", "x.ini:2: ", "control character");
    BAD(VM "cmdline = a\xef\xbf\xbe\n", "x.ini:4: ", "control character");
    BAD(VM "cmdline = a\tb\n", "x.ini:4: ", "control character");
    assert_null(vv_vm_parse("x.ini", nul, sizeof nul - 1, NULL, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
}

static void test_settings(void **state)
{
    BAD_SETTING("vm.memory=lots", "x.ini: [vm] memory (overridden): ");
    BAD_SETTING("device.gpu.hots=1", "x.ini: [device gpu] hots (overridden): unknown key");
    BAD_SETTING("device.b.x-vga=yes", "x.ini: [device b] host: missing");
    BAD_SETTING("devcie.gpu.host=01:00", "'devcie.gpu.host=01:00'", "devcie", "did you mean device?");
    BAD_SETTING("memory=1G", "'memory=1G'", "vm.memory=4G");
    BAD_SETTING("vm.memory", "'vm.memory'");
    BAD_SETTING("vm.memory=", "memory", "missing");
    BAD_SETTING("vm.cmdlime=", "'vm.cmdlime='", "not in the file");
    BAD_SETTING("device.b.host=", "'device.b.host='", "not in the file");
    BAD_SETTING("vm.x.memory=1G", "'vm.x.memory=1G'");
    BAD_SETTING("device.host=01:00", "'device.host=01:00'");
    BAD_SETTING("device..host=01:00", "'device..host=01:00'");
    BAD_SETTING("device.gpu.=1", "'device.gpu.=1'");
    BAD_SETTING(".gpu.host=1", "'.gpu.host=1'");
    BAD_SETTING("=", "'='");
    BAD_SETTING("", "''");
    BAD_SETTING("vm.cmdline=a\nb", "setting");
    BAD_SETTING("vm.cmdline=\xff", "setting");
}

/* Nothing that is cut off or garbled may crash; the sanitizers watch. */
static void test_hostile(void **state)
{
    static const char text[] = VM GPU "x-vga = yes ; c\nallow = claimed=01:00.0\n[disk d]\npath = /x.raw\n"
                                      "[network n]\nbridge = b\nmac = 52:54:00:12:34:56\n";
    guint32 random = 1;

    for (gsize length = 0; length <= sizeof text - 1; length++)
        vv_vm_free(vv_vm_parse("x.ini", text, length, NULL, NULL));
    for (int i = 0; i < 20000; i++) {
        g_autofree char *copy = g_memdup2(text, sizeof text);

        for (int changes = 0; changes < 3; changes++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % (sizeof text - 1)] = "[]=;#\n. \0:,/\xff-0a"[(random >> 4) & 15];
        }
        vv_vm_free(vv_vm_parse("x.ini", copy, sizeof text - 1, NULL, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_values), cmocka_unit_test(test_unknown),   cmocka_unit_test(test_sections),
        cmocka_unit_test(test_duplicates), cmocka_unit_test(test_two_x_vga), cmocka_unit_test(test_not_text),
        cmocka_unit_test(test_settings),   cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests_name("vmfile-bad", tests, NULL, NULL);
}
