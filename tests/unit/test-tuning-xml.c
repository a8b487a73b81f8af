/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capability-texts.h"
#include "domxml-asks.h"
#include "tuned.h"

#include "domains/connection.h"

/* What a tuning becomes in the XML; and that libvirt takes it. */

static VvConnection *connection;

static int set_up(void **state)
{
    connection = vv_connection_open("test:///default", NULL);
    return load_schema(state);
}

static int clean_up(void **state)
{
    vv_connection_close(connection);
    return free_schema(state);
}

/* libvirt's test driver parses and checks as the others do, but has a type of its own. */
static void define_it(const char *xml)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uuid = NULL;
    const char *type = strstr(xml, " type=\"");
    g_autofree char *head = g_strndup(xml, (gsize)(type - xml));
    g_autofree char *text = g_strconcat(head, " type=\"test\"", strchr(type + 7, '"') + 1, NULL);

    if (!connection)
        return;
    uuid = vv_connection_define(connection, text, &error);
    if (error)
        print_error("%s\n", xml);
    assert_fine(error);
}

static xmlDoc *make(const Tuned *t, gboolean define)
{
    static guint count;
    g_autofree char *xml = NULL;

    /* The test driver wants names of their own. */
    g_free(t->vm->name);
    t->vm->name = g_strdup_printf("vm%u", count++);
    xml = vv_domain_xml_build(t->vm, t->tuning);
    if (define)
        define_it(xml);
    return validate(xml);
}

static void test_windows(void **state)
{
    Tuned t = place(&fake_server, GPU(1));
    g_autoptr(VvCapabilities) capabilities = load_capabilities("libvirt-11.3-qemu-10.0");
    xmlDoc *doc;

    t.topology->apicv = TRUE;
    t.topology->vendor = VV_CPU_AMD;
    tune(&t, "memory = 32G\ncpus = 8\nos = windows\nlatency = yes\nhide-kvm = yes\nfirmware = uefi-secure\n",
         CARD "[disk d]\npath = /d.qcow2\n[share s]\npath = /srv\n", NULL, capabilities);
    doc = make(&t, TRUE);
    expect(doc, "/domain/os/type/@machine", "pc-q35-10.0");
    expect(doc, "/domain/os/@firmware", "efi");
    expect(doc, "count(//firmware/feature[@enabled='yes'])", "2");
    expect(doc, "count(//hyperv/*[@state='on'])", "14");
    expect(doc, "//hyperv/@mode", "custom");
    expect(doc, "//hyperv/spinlocks/@retries", "8191");
    expect(doc, "//hyperv/stimer/direct/@state", "on");
    expect(doc, "//hyperv/avic/@state", "on");
    expect(doc, "//hyperv/vendor_id/@value", "none");
    expect(doc, "//kvm/hidden/@state", "on");
    expect(doc, "//kvm/hint-dedicated/@state", "on");
    expect(doc, "//pmu/@state", "off");
    expect(doc, "//smm/@state", "on");
    expect(doc, "//vmport/@state", "off");
    expect(doc, "//ioapic/@driver", "kvm");
    expect(doc, "//timer[@name='hypervclock']/@present", "yes");
    expect(doc, "//timer[@name='hpet']/@present", "no");
    expect(doc, "//timer[@name='pit']/@tickpolicy", "delay");
    expect(doc, "//clock/@offset", "localtime");
    expect(doc, "/domain/cpu/@mode", "host-passthrough");
    expect(doc, "/domain/cpu/@migratable", "off");
    expect(doc, "/domain/cpu/topology/@cores", "4");
    expect(doc, "/domain/cpu/topology/@threads", "2");
    expect(doc, "/domain/cpu/cache/@mode", "passthrough");
    expect(doc, "/domain/cpu/maxphysaddr/@mode", "passthrough");
    expect(doc, "/domain/cpu/feature[@name='topoext']/@policy", "require");
    expect(doc, "//hugepages/page/@size", "1048576");
    expect(doc, "//hugepages/page/@unit", "KiB");
    expect(doc, "//memoryBacking/source/@type", "memfd");
    expect(doc, "//memoryBacking/access/@mode", "shared");
    expect(doc, "//memoryBacking/allocation/@mode", "immediate");
    expect(doc, "//memoryBacking/allocation/@threads", "8");
    expect(doc, "/domain/iothreads", "1");
    expect(doc, "count(//vcpupin)", "8");
    expect(doc, "//vcpupin[@vcpu='1']/@cpuset", "48");
    expect(doc, "//emulatorpin/@cpuset", "20-31,52-63");
    expect(doc, "//iothreadpin[@iothread='1']/@cpuset", "20-31,52-63");
    expect(doc, "//numatune/memory/@nodeset", "1");
    expect(doc, "//numatune/memory/@mode", "strict");
    expect(doc, "count(//q:commandline)", "0");
    xmlFreeDoc(doc);
    done(&t);
}

static void test_cells(void **state)
{
    Tuned t = place(&fake_server, GPU(1));
    xmlDoc *doc;

    tune(&t, "memory = 200G\ncpus = 40\n", CARD, NULL, NULL);
    doc = make(&t, TRUE);
    expect(doc, "count(//cpu/numa/cell)", "2");
    expect(doc, "//cell[@id='1']/@cpus", "20-39");
    expect(doc, "//cell[@id='1']/@memory", "104857600");
    expect(doc, "//cell[@id='1']/@unit", "KiB");
    expect(doc, "//memnode[@cellid='1']/@nodeset", "1");
    expect(doc, "//memnode[@cellid='0']/@nodeset", "0");
    expect(doc, "//numatune/memory/@nodeset", "0-1");
    expect(doc, "/domain/cpu/topology/@sockets", "2");
    xmlFreeDoc(doc);
    done(&t);
}

static void test_window(void **state)
{
    Tuned t = place(&fake_server, GPU(1));
    xmlDoc *doc;

    fake_host_put(t.fake, "sys/bus/pci/devices/0000:01:00.0/resource",
                  "0x0000380000000000 0x0000380fffffffff 0x000000000014220c\n");
    tune(&t, "memory = 8G\n", CARD, NULL, NULL);
    doc = make(&t, TRUE);
    expect(doc, "//q:commandline/q:arg[1]/@value", "-fw_cfg");
    expect(doc, "//q:commandline/q:arg[2]/@value", "name=opt/ovmf/X-PciMmio64Mb,string=131072");
    xmlFreeDoc(doc);
    /* Beside an override, whose namespace it is too. */
    tune(&t, "memory = 8G\n", CARD "x-vga = yes\n", NULL, NULL);
    doc = make(&t, TRUE);
    expect(doc, "count(//q:commandline/q:arg)", "2");
    expect(doc, "count(//q:override)", "1");
    xmlFreeDoc(doc);
    done(&t);
}

static void test_words(void **state)
{
    Tuned t = place(&fake_ryzen, GPU(-1));
    xmlDoc *doc;

    tune(&t,
         "memory = 8G\ncpus = 4\ncpu = host,-topoext,+invtsc\nviommu = intel\nnvram = /n.fd\n"
         "vmgenid = 6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11\ndescription = a <b> & \"c\"\n",
         CARD, NULL, NULL);
    doc = make(&t, TRUE);
    expect(doc, "count(//feature[@name='topoext'])", "1");
    expect(doc, "//cpu/feature[@name='topoext']/@policy", "disable");
    expect(doc, "//cpu/feature[@name='invtsc']/@policy", "require");
    expect(doc, "//ioapic/@driver", "qemu");
    expect(doc, "//nvram", "/n.fd");
    expect(doc, "/domain/genid", "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    expect(doc, "/domain/description", "a <b> & \"c\"");
    xmlFreeDoc(doc);
    done(&t);
}

/* Every kind of guest on every kind of host with every document of capabilities. */
static void test_all(void **state)
{
    const FakeTopology *const shapes[] = {&fake_desktop, &fake_ryzen, &fake_hybrid, &fake_server, &fake_four};
    static const char *const documents[] = {"libvirt-9.0-qemu-7.2-tcg", "libvirt-9.0-qemu-7.2-kvm",
                                            "libvirt-10.0-qemu-8.2", "libvirt-11.3-qemu-10.0",
                                            "libvirt-8.0-qemu-6.2"};
    static const char *const keys[] = {
        "memory = 20G\ncpus = 4\nos = windows\n",
        "memory = 20G\ncpus = 12\nos = windows\nfirmware = uefi-secure\nlatency = yes\n",
        "memory = 40G\ncpus = 10\nos = linux\n",
        "memory = 1G\ncpus = 1\nos = freebsd\nfirmware = bios\n",
        "memory = 2G\ncpus = 3\nos = other\npinning = 1-3\nnuma = 0\nhugepages = 2M\nmmio = 256G\n",
    };

    for (gsize s = 0; s < G_N_ELEMENTS(shapes); s++) {
        Tuned t = place(shapes[s], GPU(0));

        for (gsize d = 0; d < G_N_ELEMENTS(documents); d++) {
            g_autoptr(VvCapabilities) capabilities = load_capabilities(documents[d]);

            for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
                tune(&t, keys[k], CARD "[disk d]\npath = /d.qcow2\n", NULL, capabilities);
                /* libvirt reads its schema anew each time: a tenth of a second. */
                xmlFreeDoc(make(&t, s == 3 && d == 3));
            }
        }
        done(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows), cmocka_unit_test(test_cells), cmocka_unit_test(test_window),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_all),
    };

    return cmocka_run_group_tests_name("tuning-xml", tests, set_up, clean_up);
}
