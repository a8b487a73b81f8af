/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "launcher/report-json.h"
#include "launcher/report-markdown.h"
#include "launcher/rom-manifest.h"
#include "reported.h"
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OLDER_HASH "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in\n%s", part, text);
}

/* The part of the document about one function. */
static char *section(const char *text, const char *address)
{
    g_autofree char *title = g_strdup_printf("\n### %s ", address);
    const char *start = strstr(text, title), *end = start ? strstr(start + 4, "\n### ") : NULL;

    assert_non_null(start);
    return end ? g_strndup(start, (gsize)(end - start)) : g_strdup(start);
}

static VvRomVersion *version(const char *date, const char *hash)
{
    VvRomVersion *rom = g_new0(VvRomVersion, 1);

    *rom = (VvRomVersion){.file = g_strconcat(date, ".rom", NULL),
                          .date = g_strdup(date),
                          .last_seen = g_strdup(date),
                          .source = VV_ROM_SOURCE_SYSFS,
                          .size = 65536,
                          .sha256 = g_strdup(hash),
                          .verdict = g_strdup("good")};
    return rom;
}

static void add_roms(Reported *reported, const char *address)
{
    VvRomCard *card = vv_rom_card_new(reported->host, vv_host_find(reported->host, address_of(address)));

    g_ptr_array_add(card->versions, version("2026-01-02T03:04:05Z", OLDER_HASH));
    g_ptr_array_add(card->versions, version("2026-11-20T03:04:05Z", HASH));
    g_ptr_array_add(reported->cards, card);
}

static void test_server(void **state)
{
    Reported *reported = reported_server();
    add_roms(reported, "0000:17:00.0");
    fake_host_put(reported->fake, "sys/class/iommu/dmar0/x", "");
    fake_host_put(reported->fake, "proc/cmdline", "quiet intel_iommu=on\n");
    g_autofree char *text = vv_report_markdown(reported_make(reported));
    g_autofree char *again = vv_report_markdown(reported->report);

    assert_string_equal(text, again);
    assert_has(text, "# PCI devices of kvm7\n\nWritten 2026-11-21T12:00:00Z by virt-vfio ");
    assert_has(text, "- Machine: Dell Inc. PowerEdge R750\n");
    assert_has(text, "- Command line: `quiet intel_iommu=on`\n");
    assert_has(text, "- IOMMU: Intel VT-d, 1 unit\n");
    assert_has(text, "| win11        | running | 0000:17:00.0, 0000:17:00.1");
    assert_has_not(text, "What is missing here");

    g_autofree char *gpu = section(text, "0000:17:00.0");
    assert_has(gpu, "- Ids: 10de:2684, subsystem 10de:16f3, class 030000\n");
    assert_has(gpu, "- IOMMU group: 16, with 0000:17:00.1\n");
    assert_has(gpu, "- Driver: `vfio-pci`\n");
    assert_has(gpu, "- Listed by VM: win11 (running)\n- Listed by VM: gaming-linux (off)\n");
    assert_has(gpu, "- Journal: taken, for win11, from no driver\n");
    assert_has(gpu,
               "- Behind: 0000:16:02.0\n- Slot: 1\n- Link: 2.5 GT/s x16, of 16.0 GT/s x16\n- NUMA node: 0\n");
    assert_has(gpu, "- Reset: flr bus\n");
    assert_has(gpu,
               "- ROM: backup of 2026-11-20T03:04:05Z, from sysfs, 65536 bytes, good, sha256 `" HASH "`\n");
    assert_has_not(gpu, OLDER_HASH);
    /* The twin is another card. */
    g_autofree char *twin = section(text, "0000:18:00.0");
    assert_has_not(twin, HASH);
    assert_has(twin, "- ROM: has a ROM BAR; no backup is known\n");
    g_autofree char *pf = section(text, "0000:31:00.0"), *vf = section(text, "0000:31:02.3");
    assert_has(pf, "- SR-IOV: 8 of 64 VFs\n");
    assert_has(vf, "- VF of: 0000:31:00.0\n");
    assert_has(vf, "- Listed by VM: opnsense (running)\n");
    reported_free(reported);
}

/* Every function is in the table, in a section of its own, and in the table of groups. */
static void test_every_function(void **state)
{
    static const char *const hosts[] = {"laptop-3", "intel-desktop", "amd-desktop", "server-sriov",
                                        "server-60"};

    for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
        Reported *reported = reported_load(hosts[i]);
        g_autofree char *text = vv_report_markdown(reported_make(reported));
        const GPtrArray *devices = vv_host_devices(reported->host);
        for (guint j = 0; j < devices->len; j++) {
            const VvDevice *device = devices->pdata[j];
            g_autofree char *row = g_strdup_printf("\n| %s ", device->text);
            g_autofree char *part = section(text, device->text);
            g_autofree char *member = g_strdup_printf(" %s (%s)", device->text, vv_kind_name(device->kind));
            assert_has(text, row);
            if (device->group >= 0)
                assert_has(text, member);
        }
        reported_free(reported);
    }
}

/* All rows of a table have the same width, and as many cells. */
static void check_tables(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        guint bars = 0, before = 0;
        if (**line != '|' || line == lines || *line[-1] != '|')
            continue;
        for (const char *at = *line; *at; at++)
            bars += *at == '|' && (at == *line || at[-1] != '\\');
        for (const char *at = line[-1]; *at; at++)
            before += *at == '|' && (at == line[-1] || at[-1] != '\\');
        if (bars != before)
            fail_msg("\"%s\" has %u bars, the row before %u", *line, bars, before);
    }
}

static void test_hostile(void **state)
{
    static const char *const texts[] = {"a|b`c`d|",
                                        "<script>alert(1)</script>",
                                        "![x](http://example.org) [y](z)",
                                        "**bold** _it_ ~~no~~ # head",
                                        "line\nbreak\r\n# Heading\n| x |",
                                        "\xff\xfe",
                                        "&lt; \\| \\",
                                        "\xe2\x80\xae"
                                        "abc"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        Reported *reported = reported_load("laptop-3");
        reported_add_domain(reported, "vm", VV_DOMAIN_OFF, "0000:01:00.0 0000:7f:00.0");
        reported_add_entry(reported, "0000:02:00.0", texts[i]);
        reported_add_note(reported, texts[i]);
        VvDomainInfo *info = reported->domains->pdata[0];
        g_free(info->name);
        info->name = g_strdup(texts[i]);
        VvReport *report = reported_make(reported);
        g_free(report->machine->command_line);
        report->machine->command_line = g_strdup(texts[i]);
        ((VvReportDevice *)report->devices->pdata[0])->name = texts[i];
        g_autofree char *text = vv_report_markdown(report), *json = vv_report_json(report);
        assert_true(g_utf8_validate(text, -1, NULL));
        check_tables(text);
        assert_has_not(text, "\n# Heading");
        assert_has_not(text, "- <script>");
        assert_has_not(text, "| <script>");
        assert_has_not(text, "- ![x](");
        assert_has_not(text, "| ![x](");
        assert_has_not(text, "- **bold");
        assert_has_not(text, "| **bold");
        assert_has(text, "0000:7f:00.0 (not there)");
        json_object *object = json_tokener_parse(json);
        assert_non_null(object);
        json_object_put(object);
        reported_free(reported);
    }
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *is;
    } texts[] = {
        {"snd_hda_intel", "snd_hda_intel"},
        {"NVIDIA GP104 [GeForce GTX 1080]", "NVIDIA GP104 [GeForce GTX 1080]"},
        {"a|b", "a\\|b"},
        {"_x_", "\\_x\\_"},
        {"2*3", "2\\*3"},
        {"AT&T", "AT\\&T"},
        {"R & D", "R & D"},
        {"[a](b)", "[a\\](b)"},
        {"C#", "C#"},
        {"\\", "\\\\"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *is = vv_markdown_text(texts[i].text);
        assert_string_equal(is, texts[i].is);
    }
    g_autofree char *plain = vv_markdown_code("quiet"), *quotes = vv_markdown_code("a``b`");
    assert_string_equal(plain, "`quiet`");
    assert_string_equal(quotes, "``` a``b` ```");
}

static const char *text_at(json_object *object, const char *pointer)
{
    json_object *found = NULL;

    if (json_pointer_get(object, pointer, &found) != 0)
        fail_msg("there is no %s", pointer);
    return json_object_get_string(found);
}

static json_object *device_of(json_object *object, const char *address)
{
    json_object *devices = json_object_object_get(object, "devices");

    for (gsize i = 0; i < json_object_array_length(devices); i++) {
        json_object *device = json_object_array_get_idx(devices, i);
        if (strcmp(text_at(device, "/address"), address) == 0)
            return device;
    }
    fail_msg("%s is not there", address);
    return NULL;
}

static void test_json(void **state)
{
    Reported *reported = reported_server();
    add_roms(reported, "0000:17:00.0");
    reported_add_note(reported, "Something is missing.");
    g_autofree char *text = vv_report_json(reported_make(reported));
    json_object *object = json_tokener_parse(text);

    assert_non_null(object);
    assert_text(text_at(object, "/date"), "2026-11-21T12:00:00Z");
    assert_text(text_at(object, "/host/name"), "kvm7");
    assert_text(text_at(object, "/notes/0"), "Something is missing.");
    assert_text(text_at(object, "/domains/0/name"), "win11");
    assert_text(text_at(object, "/domains/0/devices/1"), "0000:17:00.1");
    assert_int_equal(json_object_array_length(json_object_object_get(object, "devices")), 60);
    assert_int_equal(json_object_array_length(json_object_object_get(object, "groups")), 50);
    json_object *gpu = device_of(object, "0000:17:00.0");
    assert_text(text_at(gpu, "/rom_backup/sha256"), HASH);
    assert_text(text_at(gpu, "/used_by/1/domain"), "gaming-linux");
    assert_text(text_at(gpu, "/claimed_by"), "domain win11");
    assert_text(text_at(gpu, "/slot"), "1");
    assert_text(text_at(gpu, "/link/max_speed"), "16.0 GT/s");
    assert_text(text_at(gpu, "/link/max_width"), "16");
    assert_text(text_at(gpu, "/parent"), "0000:16:02.0");
    assert_false(json_object_object_get_ex(gpu, "reasons", NULL));
    assert_text(text_at(device_of(object, "0000:31:02.0"), "/physfn"), "0000:31:00.0");
    assert_text(text_at(device_of(object, "10000:b0:02.0"), "/parent"), "0000:b0:00.5");
    json_object_put(object);
    reported_free(reported);
}

static char *owner_of(const Reported *reported, const char *address, gboolean *ret_now)
{
    return vv_report_owner(vv_report_find(reported->report, address_of(address)), ret_now);
}

static void test_owners(void **state)
{
    Reported *reported = reported_load("intel-desktop");
    reported_add_domain(reported, "a", VV_DOMAIN_OFF, "0000:01:00.0 0000:01:00.0");
    reported_add_domain(reported, "b", VV_DOMAIN_PAUSED, "0000:01:00.0");
    reported_add_domain(reported, "c", VV_DOMAIN_OFF, "0000:02:00.0");
    reported_add_domain(reported, "none", VV_DOMAIN_OFF, "");
    reported_add_domain(reported, "broken", VV_DOMAIN_OFF, "");
    VvDomainInfo *broken = reported->domains->pdata[4];
    broken->xml[strlen(broken->xml) - 1] = '\0';
    reported_add_entry(reported, "0000:02:00.0", NULL);
    reported_add_entry(reported, "0000:03:00.0", "gone");
    ((VvEntry *)reported->entries->pdata[1])->state = VV_STATE_QUARANTINED;
    VvReport *report = reported_make(reported);
    gboolean now[4];
    g_autofree char *gpu = owner_of(reported, "01:00.0", &now[0]),
                    *nvme = owner_of(reported, "02:00.0", &now[1]);
    g_autofree char *kept = owner_of(reported, "03:00.0", &now[2]),
                    *none = owner_of(reported, "00:17.0", &now[3]);

    assert_string_equal(gpu, "b (paused), +1");
    /* A domain that is off has no right to what was taken for somebody else. */
    assert_string_equal(nvme, "taken by hand");
    assert_string_equal(kept, "gone (quarantined)");
    assert_null(none);
    assert_true(now[0] && now[1] && now[2] && !now[3]);
    assert_int_equal(report->domains->len, 3);
    assert_int_equal(report->notes->len, 1);
    assert_has(report->notes->pdata[0], "The domain broken cannot be read");
    reported_free(reported);
}

static char *said;

/* The program, on the recorded machine. */
static int run(const Reported *reported, const char *words)
{
    g_autofree char *line =
        g_strdup_printf("%s --sysroot %s list %s", VV_PROGRAM, fake_host_root(reported->fake), words);
    g_autofree char *out = NULL, *error = NULL;
    g_auto(GStrv) arguments = NULL;
    int status;

    g_clear_pointer(&said, g_free);
    assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
    assert_true(
        g_spawn_sync(folder, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &error, &status, NULL));
    said = g_strconcat(out, error, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const Reported *reported, const char *words, int code, const char *part)
{
    int is = run(reported, words);

    if (is != code || !strstr(said, part))
        fail_msg("list %s: exit code %d, expected %d and \"%s\":\n%s", words, is, code, part, said);
}

static char *get(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_program(void **state)
{
    Reported *reported = reported_load("laptop-3");
    const char *root = fake_host_root(reported->fake);
    g_autofree char *store = g_build_filename(root, VV_ROM_STORE, NULL);
    g_autoptr(GError) error = NULL;

    add_roms(reported, "0000:00:02.0");
    g_autofree char *card = g_build_filename(store, ((VvRomCard *)reported->cards->pdata[0])->folder, NULL);
    assert_int_equal(g_mkdir_with_parents(card, 0700), 0);
    assert_true(vv_manifest_save(store, reported->cards->pdata[0], &error));
    expect(reported, "--report", 0, "# PCI devices of this host");
    assert_has(said, "sha256 `" HASH "`");
    assert_has(said, "A recorded machine: libvirt was not asked");
    expect(reported, "--report -", 0, "# PCI devices of this host");
    expect(reported, "--report --json", 0, "\"rom_backup\": {");
    expect(reported, "--report out.md", 0, "out.md: 6 functions in 6 IOMMU groups");
    expect(reported, "--picture -", 0, "</svg>");
    expect(reported, "--report=both.md --picture both.svg", 0, "both.svg: 6 functions");
    g_autofree char *markdown = get("both.md"), *svg = get("both.svg");
    assert_has(markdown, "### 0000:00:02.0 gpu");
    assert_has(svg, "id=\"pci-0000-00-02.0\"");
    expect(reported, "--picture", 2, "Missing argument for --picture");
    expect(reported, "--picture x.svg --kind gpu", 2, "--kind");
    expect(reported, "--picture - --json", 2, "--json goes with --report");
    expect(reported, "--picture - --report", 2, "standard output");
    expect(reported, "--report a b", 2, "'b' is no option");
    expect(reported, "--picture none/x.svg", 1, "its folder is not there");
    expect(reported, "--picture /dev/null", 1, "no regular file");
    expect(reported, "--picture .", 1, "no regular file");
    fake_host_put(reported->fake, "var/lib/virt-vfio/roms/x/manifest.json", "{");
    expect(reported, "--report", 0, "ROM backups are not listed: ");
    reported_free(reported);
    g_clear_pointer(&said, g_free);
}

/* A file is replaced; a link to one stays a link. */
static void test_replaces(void **state)
{
    Reported *reported = reported_load("laptop-3");
    g_autofree char *old = g_build_filename(folder, "old.svg", NULL);
    g_autofree char *link = g_build_filename(folder, "link.svg", NULL);
    struct stat status;

    assert_true(g_file_set_contents(old, "old", -1, NULL));
    assert_int_equal(symlink("old.svg", link), 0);
    assert_int_equal(run(reported, "--picture link.svg"), 0);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    g_autofree char *svg = get("old.svg");
    assert_has(svg, "</svg>");
    reported_free(reported);
    g_clear_pointer(&said, g_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_every_function),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_owners),
        cmocka_unit_test_setup_teardown(test_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaces, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
