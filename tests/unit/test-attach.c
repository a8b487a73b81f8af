/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain-files.h"

#include "domains/attach.h"
#include "domains/connection.h"
#include "domains/xml.h"

#define GPU                                                                                                  \
    "0000:01:00.0;0000:01:00.1,x-vga=1,romfile=card.rom,name=first,allow=display-active,vendor-id=0x10de"
#define NVME "0000:02:00.0,rombar=off"

static VvAttach *card_of(const char *word)
{
    GError *error = NULL;
    VvAttach *attach = vv_attach_parse(word, &error);

    assert_fine(error);
    vv_attach_resolve(attach, NULL, &error);
    assert_fine(error);
    return attach;
}

static char *attach_to(const char *xml, const char *word)
{
    g_autoptr(VvAttach) attach = card_of(word);
    GError *error = NULL;
    char *text = vv_attach_edit(attach, xml, NULL, NULL, &error);

    assert_fine(error);
    return text;
}

static char *detach_from(const char *xml, const char *what)
{
    g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    GError *error = NULL;
    char *text = vv_detach_edit(xml, what, functions, &error);

    assert_fine(error);
    assert_true(functions->len > 0);
    return text;
}

static void refused(const char *xml, const char *word, const char *why)
{
    g_autoptr(VvAttach) attach = card_of(word);
    GError *error = NULL;
    char *text = vv_attach_edit(attach, xml, NULL, NULL, &error);

    if (text)
        fail_msg("%s was attached:\n%s", word, text);
    assert_problem(error, VV_ERROR_REFUSED, why);
}

static gboolean is_refused(const char *path)
{
    return strstr(path, "/refused-") != NULL;
}

/* No two devices at one guest address, and no function without a function 0. */
static void check_addresses(const char *path, const char *xml)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, strlen(xml), NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const xmlNode *devices = vv_xml_child(xmlDocGetRootElement(doc), "devices", NULL);
    GHashTableIter iter;
    gpointer key;

    for (const xmlNode *node = devices->children; node; node = node->next) {
        const xmlNode *address = node->type == XML_ELEMENT_NODE ? vv_xml_child(node, "address", NULL) : NULL;
        g_autofree char *bus = NULL, *slot = NULL, *function = NULL;

        if (!address || !vv_xml_has(address, "type", "pci"))
            continue;
        bus = vv_xml_get(address, "bus");
        slot = vv_xml_get(address, "slot");
        function = vv_xml_get(address, "function");
        if (!g_hash_table_add(seen, g_strdup_printf("%lu:%lu.%lu", strtoul(bus, NULL, 0),
                                                    strtoul(slot, NULL, 0), strtoul(function, NULL, 0))))
            fail_msg("%s: two devices at guest %s:%s.%s", path, bus, slot, function);
    }
    g_hash_table_iter_init(&iter, seen);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autofree char *zero = g_strdup(key);

        zero[strlen(zero) - 1] = '0';
        /* Parts of the chipsets, whose function 0 is in no XML. */
        if (!g_hash_table_contains(seen, zero) && !g_str_has_prefix(key, "0:31.") &&
            !g_str_has_prefix(key, "0:1."))
            fail_msg("%s: nothing at function 0 of guest %s", path, (const char *)key);
    }
}

static void check_content(const char *path, const char *xml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), &error);
    guint found = 0;

    assert_fine(error);
    assert_true(domain->ours);
    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];

        if (!vv_address_same_slot(device->host, address_of("01:00.0")))
            continue;
        found++;
        assert_text(device->card, "first");
        assert_false(device->managed);
        assert_text(device->rom_file, device->host.function ? NULL : "/usr/share/kvm/card.rom");
    }
    assert_int_equal(found, 2);
    assert_true(g_strv_contains((const char *const *)domain->allow, "display-active=0000:01:00.1"));
    assert_non_null(strstr(xml, "'x-vga'"));
    assert_non_null(strstr(xml, "name='x-pci-vendor-id' type='unsigned' value='4318'"));
    check_addresses(path, xml);
}

/* Every order of taking out, by name and by address. */
static void test_round_trips(void **state)
{
    g_autoptr(GPtrArray) files = domain_files();
    guint tried = 0;

    for (guint i = 0; i < files->len; i++) {
        g_autofree char *xml = file_text(files->pdata[i]), *one = NULL, *both = NULL, *again = NULL;
        g_autofree char *second = NULL, *first = NULL, *none = NULL;

        if (is_refused(files->pdata[i]))
            continue;
        tried++;
        one = attach_to(xml, GPU);
        check_content(files->pdata[i], one);
        both = attach_to(one, NVME);
        check_content(files->pdata[i], both);
        again = detach_from(both, "02:00.0");
        assert_string_equal(again, one);
        first = detach_from(one, "01:00");
        assert_string_equal(first, xml);
        second = detach_from(both, "first");
        none = detach_from(second, "other");
        assert_string_equal(none, xml);
    }
    assert_true(tried >= 25);
}

/* What a line of the original says is still there, in the same order. */
static void test_all_else_stays(void **state)
{
    g_autoptr(GPtrArray) files = domain_files();

    for (guint i = 0; i < files->len; i++) {
        g_autofree char *xml = file_text(files->pdata[i]), *with = NULL;
        g_auto(GStrv) lines = g_strsplit(xml, "\n", -1);
        const char *at;
        guint missing = 0;

        if (is_refused(files->pdata[i]) || strstr(files->pdata[i], "one-line") ||
            strstr(files->pdata[i], "minimal"))
            continue;
        with = attach_to(xml, GPU);
        at = with;
        for (char **line = lines; *line; line++) {
            const char *found = strstr(at, *line);

            if (found)
                at = found + strlen(*line);
            else
                missing++;
        }
        /* An element in one line that gets its first child, and our own element, which notes that. */
        if (missing > 3)
            fail_msg("%s: %u lines are not what they were:\n%s", (const char *)files->pdata[i], missing,
                     with);
    }
}

static void test_refused_domains(void **state)
{
    g_autofree char *arm = domain_text("refused-aarch64"), *micro = domain_text("refused-microvm");
    g_autofree char *xen = domain_text("refused-xen"), *ours = domain_text("ours-defined");
    g_autofree char *scattered = domain_text("managed-gpu-scattered");
    g_autofree char *old = domain_text("win7-i440fx-virtinst21"), *q35 = domain_text("debian12-virtinst4");
    g_autofree char *ordered = domain_text("boot-order");

    refused(arm, NVME, "architecture");
    refused(micro, NVME, "neither q35 nor i440fx");
    refused(xen, NVME, "QEMU");
    refused(ours, "0c:00.0", "0000:0c:00.0 is in the domain already");
    refused(ours, "0d:00.0,name=nic", "a device 'nic' already");
    refused(scattered, "0b:00.2", "same card");
    refused(old, "02:00.0,pcie=1", "q35");
    refused(q35, "02:00.0,legacy-igd=1", "i440fx");
    refused(old, "02:00.0,legacy-igd=1", "slot 00:02");
    refused(q35, "02:00.0,boot=1", "<boot dev=");
    refused(ordered, "02:00.0,boot=1", "boot order 1");
}

static gboolean has_guest(const char *xml, const char *guest, const char *host)
{
    g_autofree char *pattern = g_strdup_printf(
        "<hostdev(?:(?!</hostdev>).)*bus='0x%.2s' slot='0x%.2s' function='0x%s'(?:(?!</hostdev>)"
        ".)*<address [^>]*bus='0x%.2s' slot='0x%.2s' function='0x%s'",
        host, host + 3, host + 6, guest, guest + 3, guest + 6);

    return g_regex_match_simple(pattern, xml, G_REGEX_DOTALL, 0);
}

static void test_places(void **state)
{
    g_autofree char *q35 = domain_text("debian12-virtinst4"), *in_port = attach_to(q35, GPU);
    g_autofree char *full = domain_text("hand-comments"), *one = attach_to(full, "02:00.0");
    g_autofree char *two = attach_to(one, "03:00.0"), *back = NULL, *back2 = NULL;
    g_autofree char *old = domain_text("win7-i440fx-virtinst21"),
                    *in_slot = attach_to(old, "02:00.1;02:00.0");
    g_autofree char *igd = domain_text("hand-blank-metadata"),
                    *in_igd = attach_to(igd, "00:02.0,legacy-igd=1");

    /* The first free port; both functions in one slot. */
    assert_null(strstr(in_port, " reset='auto' port='"));
    assert_non_null(strstr(in_port, "multifunction='on'"));
    /* The only port, then a new one, which goes with the card, but not while something else is in it. */
    assert_true(has_guest(one, "01:00.0", "02:00.0"));
    assert_true(has_guest(two, "02:00.0", "03:00.0"));
    assert_non_null(strstr(two, "<controller type='pci' index='2' model='pcie-root-port'/>"));
    assert_non_null(strstr(two, "port='2'/>"));
    back = detach_from(two, "03:00.0");
    assert_string_equal(back, one);
    back2 = detach_from(two, "02:00.0");
    assert_non_null(strstr(back2, "index='2'"));
    assert_true(has_guest(in_slot, "00:06.1", "02:00.1"));
    assert_true(has_guest(in_slot, "00:06.0", "02:00.0"));
    assert_true(has_guest(in_igd, "00:02.0", "00:02.0"));
}

static void test_detach_refused(void **state)
{
    g_autofree char *q35 = domain_text("debian12-virtinst4"), *with = attach_to(q35, GPU), *rest = NULL;
    g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    GError *error = NULL;

    assert_null(vv_detach_edit(with, "01:00.0", functions, &error));
    assert_problem(error, VV_ERROR_REFUSED, "0000:01:00.1 lies in the same guest slot");
    error = NULL;
    g_array_set_size(functions, 0);
    assert_null(vv_detach_edit(with, "nobody", functions, &error));
    assert_problem(error, VV_ERROR_REFUSED, "no device nobody");
    error = NULL;
    assert_null(vv_detach_edit(with, "09:00.0", functions, &error));
    assert_problem(error, VV_ERROR_REFUSED, "no device 09:00.0");
    /* The other way round is possible. */
    rest = detach_from(with, "01:00.1");
    assert_non_null(strstr(rest, "name='first'"));
}

/* What we did not put in goes as well, and nothing but that. */
static void test_detach_foreign(void **state)
{
    g_autofree char *scattered = domain_text("managed-gpu-scattered"),
                    *without = detach_from(scattered, "0b:00");
    g_autofree char *set = domain_text("existing-override"), *bare = detach_from(set, "0b:00.0");
    g_autofree char *vf = domain_text("vf-interface"), *no_vf = detach_from(vf, "03:10.2");

    assert_null(strstr(without, "<hostdev"));
    assert_non_null(strstr(without, "<memballoon"));
    assert_null(strstr(bare, "qemu:device"));
    assert_non_null(strstr(bare, "qemu:override"));
    assert_null(strstr(no_vf, "type='hostdev'"));
    assert_non_null(strstr(no_vf, "type='network'"));
}

static void bad_word(const char *word, const char *why)
{
    GError *error = NULL;
    VvAttach *attach = vv_attach_parse(word, &error);

    if (attach)
        fail_msg("%s was taken", word);
    assert_problem(error, VV_ERROR_USAGE, why);
}

static void test_words(void **state)
{
    g_autoptr(VvAttach) attach = card_of(
        "01:00.0,pcie=1,x-vga=on,rombar=0,romfile=/a.rom,vendor-id=0x10DE,device-id=0x1b80,"
        "sub-vendor-id=0x0000,sub-device-id=0xffff,allow=disk-mounted;claimed=0000:01:00.0,reset=flr;bus,"
        "quarantine=yes,boot=3,name=my.gpu");
    GError *error = NULL;

    assert_true(attach->pcie && attach->card->x_vga && !attach->card->rombar && attach->card->quarantine);
    assert_text(attach->card->rom, "/a.rom");
    assert_text(attach->card->reset, "flr bus");
    assert_text(attach->card->name, "my.gpu");
    assert_int_equal(attach->card->boot, 3);
    assert_int_equal(attach->card->ids.vendor, 0x10de);
    assert_int_equal(attach->card->ids.device, 0x1b80);
    assert_int_equal(attach->card->ids.subsystem_vendor, 0);
    assert_int_equal(attach->card->ids.subsystem_device, 0xffff);
    vv_attach_free(g_steal_pointer(&attach));
    attach = card_of("host=01:00.0");
    assert_int_equal(attach->card->ids.vendor, -1);
    assert_true(attach->card->rombar);

    bad_word("", "address of a device");
    bad_word("x-vga=1", "address of a device");
    bad_word("01:00.0,", "nothing between");
    bad_word("01:00.0,x_vga=1", "did you mean x-vga");
    bad_word("01:00.0,x-vga=1,x-vga=1", "twice");
    bad_word("01:00.0,02:00.0", "twice");
    bad_word("01:00.0,x-vga=maybe", "neither yes nor no");
    bad_word("01:00.8", "01:00.8");
    bad_word("01:00.0,romfile=", "no value");
    bad_word("01:00.0,vendor-id=xyz", "0x10de");
    bad_word("01:00.0,vendor-id=0x10de5", "0x10de");
    bad_word("01:00.0,allow=nonsense", "nonsense");
    bad_word("01:00.0,reset=hard", "hard");
    bad_word("01:00.0,reset=auto;flr", "reset: ");
    bad_word("01:00.0,reset=flr;flr", "twice");
    bad_word("01:00.0,boot=0", "boot");
    bad_word("01:00.0,name=a b", "name");
    bad_word("01:00.0,mdev=nvidia-63", "mediated");
    bad_word("mapping=gpu", "mapping");
    bad_word("01:00.0/2", "by its own address");
    bad_word("host=enp1s0/2", "'virt-vfio sriov list'");
    bad_word("vf=01:00.0", "pools of them are for VM files");
    bad_word("01:00.0,driver=keep", "vfio-pci");
    bad_word("01:00.0,name=\xff", "UTF-8");
    vv_attach_free(g_steal_pointer(&attach));
    attach = vv_attach_parse("01:00.0,allow=claimed=0000:02:00.0", NULL);
    assert_false(vv_attach_resolve(attach, NULL, &error));
    assert_problem(error, VV_ERROR_USAGE, "0000:02:00.0 is not a function of this card");
}

/* Hostile values become text, never markup. */
static void test_hostile_words(void **state)
{
    g_autofree char *xml = domain_text("hand-one-line");
    g_autofree char *with = attach_to(xml, "01:00.0,romfile=/a'\"<&>.rom"), *without = NULL;
    g_autoptr(VvDomain) domain = vv_domain_read(with, strlen(with), NULL);

    assert_text(((const VvDomainDevice *)domain->devices->pdata[0])->rom_file, "/a'\"<&>.rom");
    without = detach_from(with, "01:00.0");
    assert_string_equal(without, xml);
    bad_word("01:00.0,romfile=/a\nb", "control character");
}

static void test_live(void **state)
{
    g_autofree char *xml = domain_text("debian12-virtinst4"), *full = domain_text("hand-comments");
    g_autofree char *hostdev = NULL, *after = NULL, *one = attach_to(full, "02:00.0"), *alias = NULL;
    g_autofree char *gpu = attach_to(xml, GPU);
    g_autoptr(VvAttach) nvme = card_of(NVME), two = card_of(GPU), vga = card_of("02:00.0,x-vga=1");
    GError *error = NULL;

    after = vv_attach_edit(nvme, xml, xml, &hostdev, &error);
    assert_fine(error);
    assert_non_null(strstr(hostdev, "<hostdev mode='subsystem' type='pci' managed='no'>"));
    assert_null(strchr(hostdev, '\n'));
    alias = vv_detach_live_alias(after, address_of("02:00.0"), &error);
    assert_text(alias, "ua-other-0");
    assert_null(vv_attach_edit(two, xml, xml, NULL, &error));
    assert_problem(error, VV_ERROR_REFUSED, "single functions");
    error = NULL;
    assert_null(vv_attach_edit(vga, xml, xml, NULL, &error));
    assert_problem(error, VV_ERROR_REFUSED, "x-vga");
    error = NULL;
    vv_attach_free(g_steal_pointer(&nvme));
    nvme = card_of("03:00.0");
    /* The running guest's only port is taken; and ports do not come at run time. */
    assert_null(vv_attach_edit(nvme, full, one, NULL, &error));
    assert_problem(error, VV_ERROR_REFUSED, "no free root port");
    error = NULL;
    assert_null(vv_attach_edit(nvme, xml, "<domain/>", NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "name");
    error = NULL;
    assert_null(vv_detach_live_alias(gpu, address_of("01:00.0"), &error));
    assert_problem(error, VV_ERROR_REFUSED, "other functions");
    error = NULL;
    assert_null(vv_detach_live_alias(xml, address_of("01:00.0"), &error));
    assert_problem(error, VV_ERROR_REFUSED, "does not have 0000:01:00.0");
}

static VvConnection *connection;

static int connect(void **state)
{
    g_autoptr(GError) error = NULL;

    connection = vv_connection_open("test:///default", &error);
    return connection || g_error_matches(error, VV_ERROR, VV_ERROR_NOT_READY) ? 0 : -1;
}

static int disconnect(void **state)
{
    vv_connection_close(connection);
    return 0;
}

/* The test driver knows no other type of domain. */
static char *as_test(const char *xml)
{
    g_autoptr(GRegex) regex = g_regex_new("(<domain\\s+type ?= ?['\"])(kvm|qemu)", 0, 0, NULL);

    return g_regex_replace(regex, xml, -1, 0, "\\1test", 0, NULL);
}

/* All that we make of them is valid by libvirt's schema, if they were before. */
static void test_schema(void **state)
{
    g_autoptr(GPtrArray) files = domain_files();
    guint good = 0;

    if (!connection)
        skip();
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *xml = file_text(files->pdata[i]), *before = as_test(xml), *uuid = NULL;
        g_autofree char *with = NULL, *both = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        /* One without a uuid would be another domain each time. */
        if (is_refused(files->pdata[i]) || !strstr(xml, "<uuid>"))
            continue;
        uuid = vv_connection_define(connection, before, NULL);
        if (!uuid)
            continue;
        with = attach_to(xml, GPU);
        both = attach_to(with, "02:00.0,reset=flr,quarantine=1,allow=disk-mounted");
        after = as_test(both);
        g_free(uuid);
        uuid = vv_connection_define(connection, after, &error);
        if (!uuid)
            fail_msg("%s: %s\n%s", (const char *)files->pdata[i], error->message, both);
        good++;
    }
    print_message("# %u documents are valid\n", good);
    assert_true(good >= 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_all_else_stays),
        cmocka_unit_test(test_refused_domains),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_detach_refused),
        cmocka_unit_test(test_detach_foreign),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_hostile_words),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_schema),
    };

    return cmocka_run_group_tests(tests, connect, disconnect);
}
