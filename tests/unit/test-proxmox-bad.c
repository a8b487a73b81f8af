/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/proxmox.h"

static VvProxmoxImport *import_of(const char *config, gsize length, const char *storage, const char *mapping,
                                  GError **error)
{
    const VvProxmoxSource source = {
        .config = {.path = "x.conf", .text = config, .length = length},
        .storage = {.path = "storage.cfg", .text = storage, .length = storage ? strlen(storage) : 0},
        .mapping = {.path = "pci.cfg", .text = mapping, .length = mapping ? strlen(mapping) : 0},
    };

    return vv_proxmox_import(&source, error);
}

static void bad(const char *config, const char *storage, const char *mapping, const char *place,
                const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvProxmoxImport) import = import_of(config, strlen(config), storage, mapping, &error);

    if (import)
        fail_msg("taken:\n%s", config);
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
    if (!g_str_has_prefix(error->message, place) || !strstr(error->message, words))
        fail_msg("\"%s\" does not begin with \"%s\" or has no \"%s\"", error->message, place, words);
}

/* Each behind two lines that are sound. */
static void test_values(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"cores: 0", "cores: '0' is not a number from 1 to 1024"},
        {"cores: many", "cores: 'many'"},
        {"cores: -1", "cores: '-1'"},
        {"cores: 99999999999999999999", "cores: "},
        {"vcpus: +2", "vcpus: '+2'"},
        {"sockets: 600\ncores: 2", "1024 is the most"},
        {"name: a b", "name: 'a b'"},
        {"ostype: beos", "ostype: 'beos'"},
        {"arch: aarch64", "arch: 'aarch64'"},
        {"machine: virt", "machine: 'virt' is for ARM"},
        {"machine: pc-q35-<x>", "machine: "},
        {"machine: toaster", "machine: 'toaster'"},
        {"machine: q35,viommu=amd", "viommu: 'amd' is none of intel, virtio"},
        {"bios: coreboot", "bios: 'coreboot'"},
        {"balloon: -5", "balloon: '-5'"},
        {"memory: 15,current=16", "memory: current is there twice"},
        {"memory: 15", "memory: current: '15'"},
        {"onboot: maybe", "onboot: 'maybe'"},
        {"kvm: 2", "kvm: '2'"},
        {"numa: x", "numa: 'x'"},
        {"numa0: cpus=a", "numa0: cpus: 'a'"},
        {"numa0: memory=1", "numa0: cpus is missing"},
        {"numa0: cpus=0,hostnodes=9999", "numa0: hostnodes: '9999'"},
        {"hugepages: 4", "hugepages: '4'"},
        {"affinity: 7-3", "affinity: "},
        {"affinity: 0,0", "affinity: "},
        {"cpu: host,flags=aes", "cpu: flags: 'aes'"},
        {"cpu: host,flags=+a<b", "cpu: flags: "},
        {"cpu: a b", "cpu: 'a b'"},
        {"cpu: host,hidden=perhaps", "cpu: hidden: 'perhaps'"},
        {"cpu: host,kvm64", "cpu: cputype is there twice"},
        {"efidisk0: efitype=4m", "efidisk0: names no volume"},
        {"efidisk0: a:b,efitype=8m", "efitype: '8m' is none of 2m, 4m"},
        {"tpmstate0: a:b,version=v3.0", "version: 'v3.0'"},
        {"smbios1: uuid=1234", "smbios1: uuid: "},
        {"smbios1: 1234", "smbios1: '1234' is not of the form option=value"},
        {"vmgenid: 1234", "vmgenid: "},
        {"hostpci0: 0000:01:00.8", "hostpci0: "},
        {"hostpci0: pcie=1", "hostpci0: needs either host or mapping"},
        {"hostpci0: 01:00,mapping=a", "hostpci0: needs either host or mapping"},
        {"hostpci0: 01:00.0;01:00.0", "hostpci0: names a function twice"},
        {"hostpci0: 01:00;01:00.1", "hostpci0: names a function twice"},
        {"hostpci0: 01:00,romfile=../../etc/shadow", "hostpci0: romfile: "},
        {"hostpci0: 01:00,romfile=..", "hostpci0: romfile: "},
        {"hostpci0: 01:00,romfile=a\tb", "hostpci0: romfile: "},
        {"hostpci0: 01:00,vendor-id=0x12345", "vendor-id: '0x12345'"},
        {"hostpci0: 01:00,driver=nvidia", "driver: 'nvidia'"},
        {"hostpci0: 01:00,pcie=1,pcie=0", "hostpci0: pcie is there twice"},
        {"hostpci0: 01:00,pcie=", "hostpci0: pcie has no value"},
        {"hostpci0: 01:00,=1", "hostpci0: '=1' is not of the form"},
        {"usb0: 1234", "usb0: host: '1234'"},
        {"usb0: host=1-", "usb0: host: '1-'"},
        {"usb0: host=0-1", "usb0: host: "},
        {"usb0: host=1-1.2.3.4.5.6.7", "usb0: host: "},
        {"usb0: host=1-01", "usb0: host: "},
        {"usb0: host=12345:1", "usb0: host: "},
        {"usb0: usb3=1", "usb0: needs either"},
        {"scsi0: cache=none", "scsi0: names no volume"},
        {"scsi0: a:b,volume=c:d", "scsi0: file and volume are the same"},
        {"scsi0: a:b,cache=lots", "cache: 'lots'"},
        {"scsi0: a:b,discard=off", "discard: 'off'"},
        {"scsi0: a:b,ssd=maybe", "ssd: 'maybe'"},
        {"scsi0: a:b,media=tape", "media: 'tape'"},
        {"scsi0: a:b,format=tar", "format: 'tar'"},
        {"scsi0: a:b,serial=%ff", "serial: not UTF-8"},
        {"ide2: none,media=cdrom\ncdrom: none", "cdrom: is another word for ide2"},
        {"net0: bridge=vmbr0", "net0: no model"},
        {"net0: ne3k=BC:24:11:00:00:01", "net0: no model"},
        {"net0: virtio=BC:24:11", "net0: 'BC:24:11'"},
        {"net0: virtio=01:00:5e:00:00:01", "net0: '01:00:5e:00:00:01' is a group address"},
        {"net0: virtio,bridge=a/b", "net0: 'a/b'"},
        {"net0: virtio,bridge=b,tag=4095", "tag: '4095'"},
        {"net0: virtio=BC:24:11:00:00:01,model=e1000", "net0: more than one model"},
        {"net0: virtio=BC:24:11:00:00:01,e1000=BC:24:11:00:00:02", "net0: more than one model"},
        {"vga: gtx", "vga: 'gtx'"},
        {"audio0: driver=none", "audio0: device is missing"},
        {"serial0: tcp", "serial0: 'tcp'"},
        {"ivshmem: name=a", "ivshmem: size is missing"},
        {"virtiofs0: cache=auto", "virtiofs0: names no folder"},
        {"scsihw: adaptec", "scsihw: 'adaptec'"},
        {"boot: xyz", "boot: 'xyz'"},
        {"boot: cdncd", "boot: 'cdncd'"},
        {"args: -name 'unfinished", "args: its quotes"},
        {"description: %ff", "description: not UTF-8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("tags: a\nstartup: 1\n%s\n", cases[i].line);
        g_autofree char *place = g_strdup_printf("x.conf:%u: ", strchr(cases[i].line, '\n') ? 4 : 3);

        bad(text, NULL, NULL, place, cases[i].words);
    }
}

static void test_lines(void **state)
{
    bad("", NULL, NULL, "x.conf: ", "no 'key: value'");
    bad("# only words\n", NULL, NULL, "x.conf: ", "no 'key: value'");
    bad("cores: 1\ncores 2\n", NULL, NULL, "x.conf:2: ", "key: value");
    bad("cores: 1\n cores: 2\n", NULL, NULL, "x.conf:2: ", "key: value");
    bad("Cores: 1\n", NULL, NULL, "x.conf:1: ", "key: value");
    bad("cores:\n", NULL, NULL, "x.conf:1: ", "cores: has no value");
    bad("cores: 1\r\nmemory: 512\r\ncores: 2\r\n", NULL, NULL,
        "x.conf:3: ", "cores: is there twice, first on line 1");
    bad("cores: 1\n[a]\ncores: 1\n[a]\n", NULL, NULL, "x.conf:4: ", "[a] is there twice, first on line 2");
    bad("cores: 1\n[a\n", NULL, NULL, "x.conf:2: ", "section");
    bad("cores: 1\n[]\n", NULL, NULL, "x.conf:2: ", "section");
    bad("cores: 1\n[a] b\n", NULL, NULL, "x.conf:2: ", "section");
    bad("cores: 1\n[a]\nrubbish\n", NULL, NULL, "x.conf:3: ", "key: value");
    bad("cores: 1\nname: a\033[2J\n", NULL, NULL, "x.conf:2: ", "control character");
    bad("cores: 1\nname: \xff\n", NULL, NULL, "x.conf:2: ", "UTF-8");
    bad("#%ff\ncores: 1\n", NULL, NULL, "x.conf:1: ", "description");
    bad("cores: 1\nname: a\rb\n", NULL, NULL, "x.conf:2: ", "control character");
    /* C1, which some terminals act on */
    bad("cores: 1\nname: a\xc2\x9b\n", NULL, NULL, "x.conf:2: ", "control character");
}

static void test_nul(void **state)
{
    static const char text[] = "cores: 1\nname: a\0b\n";
    GError *error = NULL;

    assert_null(import_of(text, sizeof text - 1, NULL, NULL, &error));
    assert_problem(error, VV_ERROR_USAGE, "x.conf:2: ");
}

static void test_other_files(void **state)
{
    bad("{\"cores\": 1}\n", NULL, NULL, "x.conf:1: ", "this is JSON");
    bad("\n<domain type='kvm'>\n", NULL, NULL, "x.conf:2: ", "this is XML");
    bad("arch: amd64\ncores: 2\nhostname: ct\nrootfs: local:100\n", NULL, NULL,
        "x.conf:3: ", "container (LXC)");
    bad("cores: 2\nlxc.cgroup2.devices.allow: c 226:0 rwm\n", NULL, NULL, "x.conf:2: ", "container (LXC)");
    bad("cores: 2\nunprivileged: 1\n", NULL, NULL, "x.conf:2: ", "container (LXC)");
    bad("[vm]\nname = a\n", NULL, NULL, "x.conf:2: ", "key: value");
}

static void test_tables(void **state)
{
    bad("cores: 1\n", "\tpath /a\n", NULL, "storage.cfg:1: ", "no");
    bad("cores: 1\n", "dir: a\n\tpath /a\ndir: a\n", NULL,
        "storage.cfg:3: ", "a is there twice, first on line 1");
    bad("cores: 1\n", "dir: a b\n", NULL, "storage.cfg:1: ", "TYPE: NAME");
    bad("cores: 1\n", "dir:\n", NULL, "storage.cfg:1: ", "TYPE: NAME");
    bad("cores: 1\n", "dir: a\n\tpath \x1b\n", NULL, "storage.cfg:2: ", "control character");
    bad("cores: 1\n", NULL, "gpu\n\tmap x\ngpu\n", "pci.cfg:3: ", "gpu is there twice");
    bad("cores: 1\n", NULL, "a b\n", "pci.cfg:1: ", "NAME");
    bad("cores: 1\nhostpci0: mapping=g\n", NULL, "g\n\tmap node=a,path=zzz\n", "x.conf:2: ", "hostpci0: ");
}

static char *repeat(const char *before, const char *after, guint count)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "%s%u%s", before, i, after);
    return g_string_free(text, FALSE);
}

/* Nothing is looked for in a list that a file could make long: else this would not end in time. */
static void test_large(void **state)
{
    g_autofree char *keys = repeat("x", ": 1\n", 80000), *sections = repeat("[s", "]\n", 1001);
    g_autofree char *options = repeat(",a", "=1", 100000), *comments = repeat("#", "\n", 100000);
    g_autofree char *section_text = g_strconcat("cores: 1\n", sections, NULL);
    g_autofree char *option_text = g_strconcat("cpu: host", options, NULL);
    g_autofree char *comment_text = g_strconcat(comments, "cores: 1\n", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(VvProxmoxImport) many = import_of(keys, strlen(keys), NULL, NULL, &error);

    assert_fine(error);
    assert_true(many->rows->len >= 80000);
    bad(section_text, NULL, NULL, "x.conf:1002: ", "more than 1000 sections");
    bad(option_text, NULL, NULL, "x.conf:1: ", "more than 256 options");
    g_autoptr(VvProxmoxImport) words = import_of(comment_text, strlen(comment_text), NULL, NULL, &error);
    assert_fine(error);
    assert_null(words->vm->description);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),      cmocka_unit_test(test_lines),  cmocka_unit_test(test_nul),
        cmocka_unit_test(test_other_files), cmocka_unit_test(test_tables), cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests_name("proxmox-bad", tests, NULL, NULL);
}
