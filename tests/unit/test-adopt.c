/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain-files.h"
#include "fake-host.h"

#include "domains/attach.h"
#include "launcher/undo.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define MACHINE                                                                                              \
    "0000:0b:00.0 class=030000 id=10de:1b80 sub=1458:3702\n"                                                 \
    "0000:0b:00.1 class=040300 id=10de:0fbb sub=1458:3703\n"                                                 \
    "0000:0c:00.0 class=020000 id=8086:10d3 sub=8086:0000\n"                                                 \
    "0000:03:10.2 class=020000 id=8086:10ca sub=8086:0000\n"                                                 \
    "0000:05:00.0 class=010802 id=144d:a808 sub=144d:a801\n"

static FakeHost *fake;
static VvHost *host;
static GPtrArray *notes;

static int set_up(void **state)
{
    fake = fake_host_new(MACHINE);
    host = fake_host_scan(fake);
    notes = g_ptr_array_new_with_free_func(g_free);
    return 0;
}

static int tear_down(void **state)
{
    g_ptr_array_unref(notes);
    vv_host_free(host);
    fake_host_free(fake);
    return 0;
}

static char *adopt(const char *xml, gboolean one_slot)
{
    const VvAdoptOptions options = {.one_slot = one_slot};
    GError *error = NULL;
    char *text = vv_adopt_edit(xml, host, &options, notes, &error);

    assert_fine(error);
    return text;
}

static const VvDomainDevice *device(const VvDomain *domain, const char *address)
{
    for (guint i = 0; i < domain->devices->len; i++)
        if (vv_address_equal(((const VvDomainDevice *)domain->devices->pdata[i])->host, address_of(address)))
            return domain->devices->pdata[i];
    fail_msg("no %s in the domain", address);
    return NULL;
}

static guint count(const char *text, const char *word)
{
    guint found = 0;

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        found++;
    return found;
}

static void test_adopt(void **state)
{
    g_autofree char *xml = domain_text("managed-gpu-scattered"), *adopted = adopt(xml, FALSE);
    g_autofree char *again = adopt(adopted, FALSE), *without = NULL, *before = NULL;
    g_autoptr(VvDomain) domain = vv_domain_read(adopted, strlen(adopted), NULL);
    const VvDomainDevice *gpu = device(domain, "0b:00.0"), *audio = device(domain, "0b:00.1");
    g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(VvAddress));

    assert_true(domain->ours);
    assert_false(gpu->managed || audio->managed);
    assert_text(gpu->card, "gpu");
    assert_text(audio->card, "gpu");
    assert_int_equal(gpu->identity->device, 0x1b80);
    assert_int_equal(audio->identity->device, 0x0fbb);
    assert_non_null(strstr(adopted, "rom='/usr/share/vgabios/card.rom'"));
    assert_int_equal(notes->len, 0);
    assert_string_equal(again, adopted);
    /* But for these, nothing is another: taken out, both are the same again. */
    without = vv_detach_edit(adopted, "gpu", functions, NULL);
    g_array_set_size(functions, 0);
    before = vv_detach_edit(xml, "0b:00", functions, NULL);
    assert_string_equal(without, before);
}

static void test_one_slot(void **state)
{
    g_autofree char *xml = domain_text("managed-gpu-scattered"), *printed = NULL, *same = NULL;
    g_autofree char *adopted = adopt(xml, TRUE), *again = adopt(adopted, TRUE);
    g_autoptr(VvDomain) domain = vv_domain_read(adopted, strlen(adopted), NULL);

    assert_int_equal(domain->devices->len, 2);
    assert_int_equal(count(adopted, "slot='0x00' function='0x0' multifunction='on'/>\n    </hostdev>"), 1);
    assert_int_equal(count(adopted, "slot='0x00' function='0x1'/>\n    </hostdev>"), 1);
    assert_string_equal(again, adopted);
    /* Without guest addresses there is nothing to join. */
    printed = domain_text("managed-gpu-scattered-printed");
    same = adopt(printed, TRUE);
    assert_int_equal(notes->len, 1);
    assert_non_null(strstr(notes->pdata[0], "0000:0b:00 stays in several guest slots"));
    assert_int_equal(count(same, "managed=\"no\""), 2);
}

/* VFs as interfaces, drives as disks: each has its own place for managed. */
static void test_other_elements(void **state)
{
    g_autofree char *vf = domain_text("vf-interface"), *nvme = domain_text("nvme-disk");
    g_autofree char *with_vf = adopt(vf, FALSE), *with_nvme = adopt(nvme, FALSE);
    g_autoptr(VvDomain) first = vv_domain_read(with_vf, strlen(with_vf), NULL);
    g_autoptr(VvDomain) second = vv_domain_read(with_nvme, strlen(with_nvme), NULL);

    assert_int_equal(count(vf, "managed='yes'"), 1);
    assert_int_equal(count(with_vf, "managed='yes'"), 0);
    assert_text(device(first, "03:10.2")->card, "nic");
    assert_int_equal(count(nvme, "managed='yes'"), 1);
    assert_int_equal(count(with_nvme, "managed='yes'"), 0);
    assert_text(device(second, "05:00.0")->card, "nvme");
}

static void test_nothing_to_adopt(void **state)
{
    static const char *const names[] = {"debian12-virtinst4", "ours-defined", "mdev-vgpu", "hand-ragged",
                                        "scsi-hostdev"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *xml = domain_text(names[i]), *same = adopt(xml, TRUE);

        assert_string_equal(same, xml);
    }
}

/* A card that is not plugged in now is adopted by its address alone. */
static void test_absent(void **state)
{
    g_autofree char *xml = domain_text("managed-gpu-scattered"), *adopted = NULL;
    g_autoptr(VvDomain) domain = NULL;

    vv_host_free(host);
    fake_host_unplug(fake, "0000:0b:00.0");
    fake_host_unplug(fake, "0000:0b:00.1");
    host = fake_host_scan(fake);
    adopted = adopt(xml, FALSE);
    domain = vv_domain_read(adopted, strlen(adopted), NULL);
    assert_text(device(domain, "0b:00.0")->card, "other");
    assert_null(device(domain, "0b:00.0")->identity);
    assert_int_equal(notes->len, 1);
    assert_non_null(strstr(notes->pdata[0], "0000:0b:00.0"));
}

static void test_refused(void **state)
{
    const VvAdoptOptions options = {0};
    g_autofree char *arm = domain_text("refused-aarch64");
    GError *error = NULL;

    assert_null(vv_adopt_edit(arm, host, &options, notes, &error));
    assert_problem(error, VV_ERROR_REFUSED, "architecture");
    error = NULL;
    assert_null(vv_adopt_edit("<domain", host, &options, notes, &error));
    assert_problem(error, VV_ERROR_FAILED, "line");
}

#define UUID "5d3c0e3a-4f0b-4d51-9a43-31d6a4a3bb01"

static void test_undo(void **state)
{
    g_autofree char *folder = g_build_filename(fake_host_root(fake), "undo", NULL);
    g_autofree char *path = g_build_filename(folder, UUID, NULL), *text = NULL;
    GError *error = NULL;
    gboolean unchanged = FALSE;
    struct stat status;

    assert_null(vv_undo_read(folder, UUID, "now", &unchanged, &error));
    assert_problem(error, VV_ERROR_FAILED, "nothing to undo");
    error = NULL;
    assert_true(vv_undo_keep(folder, UUID, "before\nof it", "after", &error));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    text = vv_undo_read(folder, UUID, "after", &unchanged, &error);
    assert_text(text, "before\nof it");
    assert_true(unchanged);
    g_free(text);
    text = vv_undo_read(folder, UUID, "something else", &unchanged, &error);
    assert_text(text, "before\nof it");
    assert_false(unchanged);
    g_free(text);
    /* Killed in between: it is not known what the domain was left as. */
    assert_true(vv_undo_keep(folder, UUID, "before", NULL, &error));
    text = vv_undo_read(folder, UUID, "after", &unchanged, &error);
    assert_text(text, "before");
    assert_false(unchanged);

    assert_false(vv_undo_keep(folder, "../../etc/passwd", "x", NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "no uuid");
    error = NULL;
    assert_true(g_file_set_contents(path, "no line end", -1, NULL));
    assert_null(vv_undo_read(folder, UUID, "now", &unchanged, &error));
    assert_problem(error, VV_ERROR_FAILED, "is not what virt-vfio wrote");
    error = NULL;
    assert_false(vv_undo_keep("/proc/undo", UUID, "x", NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "/proc/undo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adopt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_elements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_adopt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_undo, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
