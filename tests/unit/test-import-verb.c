/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <json-c/json.h>
#include <sys/wait.h>

/* The verb import, as it is called. It touches no device. */

static char *out, *err;

#define CONFIG "#our%3A note\nmemory: 1024\nname: a\nscsi0: local:1/vm-1-disk-0.qcow2,backup=0\nholodeck: 1\n"
#define STORAGE "dir: local\n\tpath /var/lib/vz\n"

static void put(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *get(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

/* Runs "virt-vfio WORDS" in the folder. */
static int run(const char *words)
{
    g_autofree char *line = g_strdup_printf("%s %s", VV_PROGRAM, words);
    g_auto(GStrv) arguments = NULL;
    int status;

    g_clear_pointer(&out, g_free);
    g_clear_pointer(&err, g_free);
    assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
    assert_true(
        g_spawn_sync(folder, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, NULL));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void refused(const char *words, int code, const char *part)
{
    int is = run(words);

    if (is != code || !strstr(err, part) || *out)
        fail_msg("%s: exit code %d, expected %d and \"%s\":\n%s%s", words, is, code, part, out, err);
}

/* The file goes to one stream and the report to the other, so that the file can be redirected. */
static void test_streams(void **state)
{
    put("1.conf", CONFIG);
    put("storage.cfg", STORAGE);
    assert_int_equal(run("import 1.conf --storage storage.cfg"), 0);
    assert_non_null(strstr(out, "path = /var/lib/vz/images/1/vm-1-disk-0.qcow2\n"));
    assert_non_null(strstr(out, "description = our: note\n"));
    assert_null(strstr(out, "holodeck"));
    assert_non_null(strstr(err, "   4  dropped     scsi0 backup: "));
    assert_non_null(strstr(err, "   5  unknown     holodeck: "));
    assert_non_null(strstr(err, "   -  translated  bios: "));
    assert_non_null(strstr(err, ", 0 pending, 1 unknown\n"));
}

static void test_output(void **state)
{
    put("1.conf", CONFIG);
    assert_int_equal(run("import 1.conf -o a.ini"), 0);
    assert_text(out, "");
    g_autofree char *first = get("a.ini");
    assert_non_null(strstr(first, "#[disk scsi0]\n#path =\n"));
    put("a.ini", "mine");
    refused("import 1.conf -o a.ini", VV_ERROR_FAILED, "a.ini exists");
    g_autofree char *kept = get("a.ini");
    assert_text(kept, "mine");
    assert_int_equal(run("import 1.conf -o a.ini --replace"), 0);
    g_autofree char *second = get("a.ini");
    assert_text(second, first);
    refused("import 1.conf --replace", VV_ERROR_USAGE, "-o FILE");
}

/* What was written is a VM file for the other verbs. */
static void test_next_verb(void **state)
{
    put("1.conf", CONFIG);
    put("storage.cfg", STORAGE);
    assert_int_equal(run("import 1.conf --storage storage.cfg -o a.ini"), 0);
    assert_int_equal(run("xml a.ini"), 0);
    assert_non_null(strstr(out, "<name>a</name>"));
    assert_non_null(strstr(out, "/var/lib/vz/images/1/vm-1-disk-0.qcow2"));
}

static void test_json(void **state)
{
    json_object *file, *report, *first;

    put("1.conf", CONFIG);
    assert_int_equal(run("import 1.conf --json"), 0);
    assert_text(err, "");
    json_object *object = json_tokener_parse(out);
    assert_non_null(object);
    assert_true(json_object_object_get_ex(object, "file", &file));
    assert_non_null(strstr(json_object_get_string(file), "[vm]\nname = a\n"));
    assert_true(json_object_object_get_ex(object, "report", &report));
    assert_true(json_object_array_length(report) > 5);
    first = json_object_array_get_idx(report, 0);
    for (const char *const *name = (const char *const[]){"line", "key", "option", "verdict", "detail", NULL};
         *name; name++)
        assert_true(json_object_object_get_ex(first, *name, NULL));
    json_object_put(object);
}

static void test_refused(void **state)
{
    put("1.conf", CONFIG);
    put("bad.conf", "memory: 1024\nmemory: 512\n");
    put("bad.cfg", "\tx\n");
    put("ct.conf", "memory: 512\nrootfs: local:1\n");
    refused("import none.conf", VV_ERROR_USAGE, "none.conf: cannot be read");
    refused("import bad.conf", VV_ERROR_USAGE, "bad.conf:2: memory: is there twice");
    refused("import bad.conf -o x.ini", VV_ERROR_USAGE, "bad.conf:2: ");
    g_autofree char *nothing = get("x.ini");
    assert_null(nothing);
    refused("import ct.conf", VV_ERROR_USAGE, "ct.conf:2: this is the configuration of a container");
    refused("import 1.conf --storage bad.cfg", VV_ERROR_USAGE, "bad.cfg:1: ");
    refused("import 1.conf --mapping none.cfg", VV_ERROR_USAGE, "none.cfg: cannot be read");
    refused("import", VV_ERROR_USAGE, "an argument is missing");
}

static int forget(void **state)
{
    g_clear_pointer(&out, g_free);
    g_clear_pointer(&err, g_free);
    return tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_streams, set_up, forget),
        cmocka_unit_test_setup_teardown(test_output, set_up, forget),
        cmocka_unit_test_setup_teardown(test_next_verb, set_up, forget),
        cmocka_unit_test_setup_teardown(test_json, set_up, forget),
        cmocka_unit_test_setup_teardown(test_refused, set_up, forget),
    };

    return cmocka_run_group_tests_name("import-verb", tests, NULL, NULL);
}
