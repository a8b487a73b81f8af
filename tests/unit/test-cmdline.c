/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vfio/boot/cmdline.h"

/* Words with one blank between. */
static char **words(const char *text)
{
    return *text ? g_strsplit(text, " ", -1) : g_new0(char *, 1);
}

static void check_parse(const char *line, const char *wanted)
{
    g_autoptr(GPtrArray) parsed = vv_cmdline_parse(line);

    g_ptr_array_add(parsed, NULL);
    g_autofree char *joined = g_strjoinv("|", (char **)parsed->pdata);
    assert_string_equal(joined, wanted);
}

static void test_parse(void **state)
{
    check_parse("", "");
    check_parse(" \n", "");
    check_parse("quiet", "quiet");
    check_parse("  a\tb\n", "a|b");
    check_parse("x=\"1 2\" \"y=3 4\" z=a\"b c\"d", "x=\"1 2\"|\"y=3 4\"|z=a\"b c\"d");
    check_parse("a -- b \"c d\"", "a|--|b|\"c d\"");
    check_parse("a x=\"no end -- b", "a|x=\"no end -- b");
    check_parse("--", "--");
    check_parse("---", "---");
}

static void test_has(void **state)
{
    assert_true(vv_cmdline_has("a intel_iommu=on b", "intel_iommu=on"));
    assert_true(vv_cmdline_has("intel-iommu=on", "intel_iommu=on"));
    assert_true(vv_cmdline_has("intel_iommu=sm_on,on", "intel_iommu=on"));
    assert_false(vv_cmdline_has("intel_iommu=sm_on", "intel_iommu=on"));
    assert_false(vv_cmdline_has("xintel_iommu=on", "intel_iommu=on"));
    assert_false(vv_cmdline_has("intel_iommu=on2", "intel_iommu=on"));
    assert_true(vv_cmdline_has("quiet", "quiet"));
    assert_false(vv_cmdline_has("quiet=1", "quiet"));
    /* What is init's is not the kernel's. */
    assert_false(vv_cmdline_has("a -- quiet", "quiet"));
    /* The last one counts. */
    assert_false(vv_cmdline_has("isolcpus=2 isolcpus=3", "isolcpus=2"));
    assert_true(vv_cmdline_has("vfio_pci.ids=1:2,3:4", "vfio-pci.ids=3:4"));
    assert_false(vv_cmdline_has("vfio-pci.ids=1:2 vfio-pci.ids=3:4", "vfio-pci.ids=1:2"));
    assert_true(
        vv_cmdline_has("hugepagesz=2M hugepages=4 hugepagesz=1G hugepages=1", "hugepagesz=2M hugepages=4"));
    assert_false(vv_cmdline_has("hugepagesz=2M hugepages=4 hugepagesz=1G", "hugepagesz=1G hugepages=4"));
}

static void check_value(const char *line, const char *key, const char *wanted)
{
    g_autofree char *value = vv_cmdline_value(line, key);

    assert_text(value, wanted);
}

static void test_value(void **state)
{
    check_value("a=1 a=2", "a", "2");
    check_value("a=1 b", "b", "");
    check_value("a=1", "b", NULL);
    check_value("vfio_pci.ids=1:2", "vfio-pci.ids", "1:2");
    check_value("x=\"1 2\" y", "x", "1 2");
    check_value("\"x=1 2\"", "x", "1 2");
    check_value("x=a=b", "x", "a=b");
}

/* What is made of it, what is noted, and that the note leads back. */
static void check(const char *line, const char *wanted, const char *merged, const char *added,
                  const char *replaced)
{
    g_auto(GStrv) want = words(wanted), a = NULL, r = NULL;
    g_autofree char *made = vv_cmdline_merge(line, (const char *const *)want, &a, &r);
    g_autofree char *back = vv_cmdline_unmerge(made, (const char *const *)a, (const char *const *)r);
    g_autofree char *all_added = g_strjoinv("|", a), *all_replaced = g_strjoinv("|", r);

    assert_string_equal(made, merged);
    assert_string_equal(all_added, added);
    assert_string_equal(all_replaced, replaced);
    assert_string_equal(back, line);
}

static void test_merge(void **state)
{
    check("", "a=1", "a=1", "a=1", "");
    check("\n", "a=1 b", "a=1 b\n", "a=1|b", "");
    check("quiet\n", "a=1", "quiet a=1\n", "a=1", "");
    check("quiet", "", "quiet", "", "");
    check("quiet  splash \n", "quiet splash", "quiet  splash \n", "", "");
    check("quiet intel_iommu=off splash", "intel_iommu=on iommu=pt", "quiet intel_iommu=on splash iommu=pt",
          "intel_iommu=on|iommu=pt", "intel_iommu=off");
    check("intel_iommu=sm_on", "intel_iommu=on", "intel_iommu=sm_on,on", "intel_iommu=sm_on,on",
          "intel_iommu=sm_on");
    check("intel_iommu=off,sm_on", "intel_iommu=on", "intel_iommu=on,sm_on", "intel_iommu=on,sm_on",
          "intel_iommu=off,sm_on");
    check("amd_iommu=off q", "iommu=pt", "iommu=pt q", "iommu=pt", "amd_iommu=off");
    check("amd_iommu=off,fullflush q", "iommu=pt", "amd_iommu=fullflush iommu=pt q",
          "amd_iommu=fullflush iommu=pt", "amd_iommu=off,fullflush");
    check("iommu=soft,nopt", "iommu=pt", "iommu=soft,pt", "iommu=soft,pt", "iommu=soft,nopt");
    check("isolcpus=1", "isolcpus=2-3", "isolcpus=2-3", "isolcpus=2-3", "isolcpus=1");
    check("pci=noaer q", "pci=noats", "pci=noaer,noats q", "pci=noaer,noats", "pci=noaer");
    check("vfio_pci.ids=1:2", "vfio-pci.ids=1:2,3:4", "vfio_pci.ids=1:2,3:4", "vfio_pci.ids=1:2,3:4",
          "vfio_pci.ids=1:2");
    check("a -- b", "c", "a c -- b", "c", "");
    check("-- b", "c d", "c d -- b", "c|d", "");
    check("x=\"open", "c", "c x=\"open", "c", "");
    check("a x=\"open ", "c d", "a c d x=\"open ", "c|d", "");
    check("console=tty0 console=ttyS0", "console=ttyS1", "console=tty0 console=ttyS0 console=ttyS1",
          "console=ttyS1", "");
}

/* Both words equal after the change: which was it? */
static void test_equal_words(void **state)
{
    check("intel_iommu=off intel_iommu=on q", "intel_iommu=on", "intel_iommu=on intel_iommu=on q",
          "intel_iommu=on|intel_iommu=on|q", "intel_iommu=off|intel_iommu=on|q");
    check("amd_iommu=off iommu=pt", "iommu=pt", "iommu=pt iommu=pt", "iommu=pt|iommu=pt",
          "amd_iommu=off|iommu=pt");
}

#define GIGANTIC "default_hugepagesz=1G hugepagesz=1G hugepages=4"

static void test_hugepages(void **state)
{
    check("q", GIGANTIC, "q " GIGANTIC, "default_hugepagesz=1G|hugepagesz=1G hugepages=4", "");
    check(GIGANTIC, GIGANTIC, GIGANTIC, "", "");
    check("default_hugepagesz=1G hugepagesz=1G hugepages=2", GIGANTIC, GIGANTIC, "hugepages=4",
          "hugepages=2");
    check("hugepagesz=2M hugepages=512", GIGANTIC,
          "hugepagesz=2M hugepages=512 default_hugepagesz=1G hugepagesz=1G hugepages=4",
          "default_hugepagesz=1G|hugepagesz=1G hugepages=4", "");
    /* Of the default size, which is another one from now on. */
    check("hugepages=512 q", GIGANTIC, "hugepagesz=2M hugepages=512 q " GIGANTIC,
          "hugepagesz=2M hugepages=512|default_hugepagesz=1G|hugepagesz=1G hugepages=4", "hugepages=512");
    check("default_hugepagesz=1G hugepages=2", GIGANTIC, "default_hugepagesz=1G hugepages=4", "hugepages=4",
          "hugepages=2");
    check("hugepagesz=1024M q", GIGANTIC, "hugepagesz=1G hugepages=4 q default_hugepagesz=1G",
          "hugepagesz=1G hugepages=4|default_hugepagesz=1G", "hugepagesz=1024M");
}

static void test_correct(void **state)
{
    const char *const wanted[] = {"intel_iommu=on", "iommu=pt", NULL};
    g_auto(GStrv) added = NULL, replaced = NULL;
    g_autofree char *line = vv_cmdline_correct("quiet iommu=off", wanted, &added, &replaced);

    assert_string_equal(line, "quiet iommu=pt");
    assert_string_equal(added[0], "iommu=pt");
    assert_null(added[1]);
    assert_string_equal(replaced[0], "iommu=off");
}

/* Somebody edited the line since. */
static void test_unmerge_edited(void **state)
{
    const char *const added[] = {"intel_iommu=on", "iommu=pt", NULL}, *const replaced[] = {"intel_iommu=off",
                                                                                           NULL};
    g_autofree char *moved = vv_cmdline_unmerge("iommu=pt new intel_iommu=on", added, replaced);
    g_autofree char *gone = vv_cmdline_unmerge("other", added, replaced);
    g_autofree char *none = vv_cmdline_unmerge("a iommu=pt -- iommu=pt", added, NULL);

    assert_string_equal(moved, "new intel_iommu=off");
    assert_string_equal(gone, "other");
    assert_string_equal(none, "a -- iommu=pt");
}

static const char *const vocabulary[] = {
    "quiet",
    "splash",
    "intel_iommu=on",
    "intel_iommu=off",
    "intel_iommu=sm_on",
    "intel_iommu=off,sm_on",
    "iommu=pt",
    "iommu=off",
    "iommu=soft",
    "amd_iommu=off",
    "amd_iommu=fullflush,off",
    "iommu.passthrough=0",
    "pci=noaer",
    "pci=noats,noaer",
    "pci=realloc",
    "vfio-pci.ids=1:2",
    "vfio_pci.ids=3:4",
    "vfio-pci.ids=5:6,1:2",
    "hugepages=2",
    "hugepages=4",
    "hugepagesz=2M",
    "hugepagesz=1G",
    "hugepagesz=1024M",
    "default_hugepagesz=1G",
    "default_hugepagesz=2M",
    "isolcpus=1",
    "isolcpus=2-3",
    "root=UUID=1",
    "x=\"a b\"",
    "\"y=a  b\"",
    "video=efifb:off",
    "video=a",
    "rd.driver.pre=a",
    "pci",
    "intel_iommu",
    "vfio-pci.ids=",
    "--",
    "init=\"",
    "=",
    "ä=1",
    "isolcpus",
};
static const char *const asked[][6] = {
    {"intel_iommu=on", "iommu=pt", NULL},
    {"iommu=pt", NULL},
    {"default_hugepagesz=1G", "hugepagesz=1G", "hugepages=4", NULL},
    {"vfio-pci.ids=1:2,9:9", "rd.driver.pre=vfio-pci", NULL},
    {"isolcpus=2-3", "nohz_full=2-3", "rcu_nocbs=2-3", NULL},
    {"pci=noats", "pci=noaer,nomsi", "quiet", NULL},
};

static char *random_line(GRand *random)
{
    static const char *const blanks[] = {" ", " ", " ", "  ", "\t", " \t ", "\n"};
    int count = g_rand_int_range(random, 0, g_rand_int_range(random, 0, 20) ? 9 : 500);
    g_autoptr(GString) line = g_string_new(NULL);

    for (int i = 0; i < count; i++) {
        if (i || !g_rand_int_range(random, 0, 4))
            g_string_append(line, blanks[g_rand_int_range(random, 0, G_N_ELEMENTS(blanks))]);
        g_string_append(line, vocabulary[g_rand_int_range(random, 0, G_N_ELEMENTS(vocabulary))]);
    }
    if (!g_rand_int_range(random, 0, 3))
        g_string_append(line, blanks[g_rand_int_range(random, 0, G_N_ELEMENTS(blanks))]);
    return g_string_free(g_steal_pointer(&line), FALSE);
}

/* All that was there and was not replaced is there, in its order. */
static void check_nothing_lost(const char *line, const char *merged, char **replaced)
{
    g_autoptr(GPtrArray) before = vv_cmdline_parse(line), after = vv_cmdline_parse(merged);
    guint at = 0;

    for (guint i = 0; i < before->len; i++) {
        if (g_strv_contains((const char *const *)replaced, before->pdata[i]))
            continue;
        while (at < after->len && strcmp(after->pdata[at], before->pdata[i]) != 0)
            at++;
        if (at++ == after->len)
            fail_msg("'%s' of '%s' is lost in '%s'", (char *)before->pdata[i], line, merged);
    }
}

static void test_random(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);

    for (int round = 0; round < 6000; round++) {
        g_autofree char *line = random_line(random);
        const char *const *want = asked[g_rand_int_range(random, 0, G_N_ELEMENTS(asked))];
        g_auto(GStrv) added = NULL, replaced = NULL, again_added = NULL, again_replaced = NULL;
        g_autofree char *merged = vv_cmdline_merge(line, want, &added, &replaced);
        g_autofree char *back =
            vv_cmdline_unmerge(merged, (const char *const *)added, (const char *const *)replaced);
        g_autofree char *again = vv_cmdline_merge(merged, want, &again_added, &again_replaced);

        if (strcmp(back, line) != 0)
            fail_msg("'%s' became '%s' and then '%s'", line, merged, back);
        if (strcmp(again, merged) != 0 || *again_added || *again_replaced)
            fail_msg("'%s' became '%s' and then '%s'", line, merged, again);
        check_nothing_lost(line, merged, replaced);
        for (const char *const *word = want; *word; word++)
            if (!vv_cmdline_has(merged, *word) && !strstr(*word, "hugepages") && !strstr(line, "=\""))
                fail_msg("'%s' is not in '%s'", *word, merged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),       cmocka_unit_test(test_has),
        cmocka_unit_test(test_value),       cmocka_unit_test(test_merge),
        cmocka_unit_test(test_equal_words), cmocka_unit_test(test_hugepages),
        cmocka_unit_test(test_correct),     cmocka_unit_test(test_unmerge_edited),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
