/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-texts.h"

#include "domains/ini.h"

/* Every key that takes more than words and numbers. */
static const struct {
    const char *before, *section, *key;
    const char *begin; /* so that it is a path */
} keys[] = {
    {"[vm]\nmemory = 1G\n", "[vm]", "name", ""},
    {VM, "[vm]", "uuid", ""},
    {VM, "[vm]", "description", ""},
    {VM, "[vm]", "os", ""},
    {VM, "[vm]", "topology", ""},
    {VM, "[vm]", "cpu", ""},
    {VM, "[vm]", "machine", ""},
    {VM, "[vm]", "nvram", "/"},
    {VM, "[vm]", "pinning", ""},
    {VM, "[vm]", "numa", ""},
    {VM, "[vm]", "mmio", ""},
    {VM, "[vm]", "kernel", "/"},
    {VM "kernel = /k\n", "[vm]", "initrd", "/"},
    {VM "kernel = /k\n", "[vm]", "cmdline", ""},
    {VM, "[vm]", "serial-log", "/"},
    {VM, "[vm]", "emulator", "/"},
    {VM, "[vm]", "display-manager", ""},
    {VM, "[vm]", "stop-services", ""},
    {VM "[device gpu]\n", "[device gpu]", "host", ""},
    {VM GPU, "[device gpu]", "rom", "/"},
    {VM GPU, "[device gpu]", "allow", ""},
    {VM GPU, "[device gpu]", "reset", ""},
    {VM GPU, "[device gpu]", "guest-address", ""},
    {VM GPU, "[device gpu]", "vendor-id", ""},
    {VM "[usb u]\n", "[usb u]", "host", ""},
    {VM "[disk d]\nformat = raw\n", "[disk d]", "path", "/"},
    {VM "[disk d]\npath = /x.raw\nbus = scsi\n", "[disk d]", "serial", ""},
    {VM "[network n]\n", "[network n]", "bridge", ""},
    {VM "[network n]\n", "[network n]", "network", ""},
    {VM "[network n]\n", "[network n]", "vf", ""},
    {VM "[network n]\nbridge = b\n", "[network n]", "mac", ""},
    {VM "[display]\n", "[display]", "listen", ""},
    {VM "[share s]\n", "[share s]", "path", "/"},
    {VM "[share s]\npath = /s\n", "[share s]", "tag", ""},
};

/* Which of them takes any text, besides commas, slashes and line breaks as said. */
static gboolean takes(const char *key, const char *section, const char *text)
{
    static const char *const any[] = {"description", "nvram",      "kernel",   "initrd",
                                      "cmdline",     "serial-log", "emulator", NULL};
    gboolean no_break = !strchr(text, '\n');

    /* Harmless letters of the schema's. */
    if ((g_str_equal(key, "serial") && g_str_equal(text, "a b")) ||
        (g_str_equal(key, "bridge") && text[0] == '\\' && no_break))
        return TRUE;

    if (g_strv_contains(any, key))
        return no_break || g_str_equal(key, "description");
    if (g_str_equal(key, "path") || g_str_equal(key, "rom"))
        return no_break && (g_str_has_prefix(section, "[disk") || !strchr(text, ','));
    return g_str_equal(key, "network") && no_break && !strchr(text, '/') && strlen(text) <= 250;
}

/* The text of one key, as the writer prints it for the VM that was read. */
static gboolean is_in(const VvVm *vm, const char *key, const char *value)
{
    g_autofree char *text = vv_vm_write(vm);
    g_autoptr(GString) line = g_string_new("\n");

    g_string_append_printf(line, "%s = ", key);
    vv_ini_append_value(line, value);
    g_string_append_c(line, '\n');
    return strstr(text, line->str) != NULL;
}

/* It stays what it is or is refused at its line: nothing in it becomes a key, a section or a comment. */
static void try(gsize index, const char *hostile)
{
    g_autofree char *value = g_strconcat(keys[index].begin, hostile, NULL);
    g_autoptr(GString) text = g_string_new(keys[index].before);
    g_autofree char *place = g_strdup_printf("%s %s: ", keys[index].section, keys[index].key);
    GError *error = NULL;
    g_autoptr(VvVm) vm = NULL;

    g_string_append_printf(text, "%s = ", keys[index].key);
    vv_ini_append_value(text, value);
    g_string_append_c(text, '\n');
    vm = parse(text->str, NULL, &error);
    if (!vm) {
        if (takes(keys[index].key, keys[index].section, value))
            fail_msg("refused: %s", error->message);
        assert_problem(error, VV_ERROR_USAGE, place);
        return;
    }
    if (!takes(keys[index].key, keys[index].section, value))
        fail_msg("%s takes '%.100s'", place, value);
    assert_int_equal(vm->devices->len, strstr(keys[index].before, "[device") != NULL);
    assert_true(is_in(vm, keys[index].key, value));
}

static void test_texts(void **state)
{
    static const char *const texts[] = {"<",
                                        "&",
                                        "'",
                                        "\"",
                                        "\"a",
                                        "a\"",
                                        "<>&\"'",
                                        "]]>",
                                        "<!--",
                                        "&lt;",
                                        "&#0;",
                                        ",",
                                        "a,b",
                                        ",readonly=off",
                                        ";",
                                        "a ; b",
                                        "a # b",
                                        "#",
                                        "\\",
                                        "\\n",
                                        "a\nb",
                                        "a\n[device x]\nhost = 02:00",
                                        "\n",
                                        "=",
                                        "a = b",
                                        "[vm]",
                                        "]",
                                        "%s%n",
                                        "$(reboot)",
                                        "`reboot`",
                                        "a b",
                                        " a",
                                        "a ",
                                        "../../etc/shadow",
                                        "\xc3\xa4",
                                        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                        "\xf0\x9f\x96\xa5",
                                        "\xe2\x80\xae",
                                        "\xef\xbb\xbf",
                                        "e\xcc\x81"};

    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
        for (gsize t = 0; t < G_N_ELEMENTS(texts); t++)
            try(k, texts[t]);
}

/* 10,000 characters: text keeps them all, paths end at the kernel's limit, all else is refused. */
static void test_long(void **state)
{
    g_autofree char *ascii = g_strnfill(10000, 'a');
    g_autoptr(GString) wide = g_string_new(NULL);

    for (int i = 0; i < 10000; i++)
        g_string_append(wide, "\xe2\x82\xac");
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *const values[] = {ascii, wide->str};

        for (gsize v = 0; v < G_N_ELEMENTS(values); v++) {
            g_autofree char *text =
                g_strdup_printf("%s%s = %s%s\n", keys[i].before, keys[i].key, keys[i].begin, values[v]);
            gboolean any = g_str_equal(keys[i].key, "description") || g_str_equal(keys[i].key, "cmdline");
            g_autoptr(GError) error = NULL;
            g_autoptr(VvVm) vm = parse(text, NULL, &error);

            if (!vm != !any)
                fail_msg("%s %s", keys[i].key, vm ? "takes it" : "refuses it");
            assert_true(!vm || is_in(vm, keys[i].key, values[v]));
        }
    }
}

static void test_control(void **state)
{
    static const char *const texts[] = {"a\tb",  "a\033[2Jb",     "a\rb",
                                        "a\x7f", "a\xc2\x85",     "a\xef\xbf\xbf",
                                        "a\xff", "a\xed\xa0\x80", "a\xc0\x80"};

    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
        for (gsize t = 0; t < G_N_ELEMENTS(texts); t++) {
            g_autofree char *plain =
                g_strdup_printf("%s%s = %s%s\n", keys[k].before, keys[k].key, keys[k].begin, texts[t]);
            g_autofree char *quoted =
                g_strdup_printf("%s%s = \"%s%s\"\n", keys[k].before, keys[k].key, keys[k].begin, texts[t]);
            g_autoptr(GError) first = NULL, second = NULL;

            assert_null(parse(plain, NULL, &first));
            assert_null(parse(quoted, NULL, &second));
            assert_true(g_utf8_validate(first->message, -1, NULL) && !vv_has_control(first->message));
            assert_true(g_utf8_validate(second->message, -1, NULL) && !vv_has_control(second->message));
        }
}

static void test_section_names(void **state)
{
    static const char *const names[] = {"a/b", "../a",     "..",  "<a>", "a&b", "a\"b",
                                        "a,b", "\xc3\xa4", "a;b", "a=b", "a$b", "a\tb c"};
    static const char *const types[] = {"device", "usb", "disk", "network", "share", "shmem"};
    g_autofree char *longest = g_strnfill(10000, 'a');

    for (gsize t = 0; t < G_N_ELEMENTS(types); t++)
        for (gsize n = 0; n <= G_N_ELEMENTS(names); n++) {
            g_autofree char *text =
                g_strdup_printf(VM "[%s %s]\n", types[t], n < G_N_ELEMENTS(names) ? names[n] : longest);
            GError *error = NULL;

            assert_null(parse(text, NULL, &error));
            assert_problem(error, VV_ERROR_USAGE, "x.ini:4: ");
        }
}

/* A --set is taken at its word: no quotes, no comments, and no line break. */
static void test_settings(void **state)
{
    static const char *const good_settings[] = {"vm.description= \"a\" # b ; c ", NULL};
    static const char *const bad_settings[] = {"vm.description=a\n[device x]", NULL};
    GError *error = NULL;
    g_autoptr(VvVm) vm = parse(VM, good_settings, &error);

    assert_fine(error);
    assert_string_equal(vm->description, "\"a\" # b ; c");
    assert_null(parse(VM, bad_settings, &error));
    assert_problem(error, VV_ERROR_USAGE, "setting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_long),     cmocka_unit_test(test_control),
        cmocka_unit_test(test_section_names), cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests_name("vmfile-hostile", tests, NULL, NULL);
}
