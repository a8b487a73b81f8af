/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libvirt-vms.h"
#include "native.h"

#include "domains/domread.h"

#include <json-c/json.h>

#define RANDOM_VMS 100

/* What QEMU is started with, in the end: the VMs, their XML, and the arguments that libvirt makes of it. */
typedef struct {
    GPtrArray *vms, *xmls, *arguments, *problems;
} Native;

static Native native;

static void add(VvVm *vm, gboolean kvm)
{
    g_autofree char *xml = build_text(vm, kvm);

    g_ptr_array_add(native.vms, vm);
    g_ptr_array_add(native.xmls, native_xml(xml));
}

static VvVm *special(const char *text)
{
    VvVm *vm = load(text);

    identify_all(vm, 0x030000);
    return vm;
}

enum { WINDOWS, SHARED, SPECIALS };

static int set_up(void **state)
{
    g_autoptr(GPtrArray) all = examples();
    g_autofree char *why = NULL;

    native.vms = g_ptr_array_new_with_free_func((GDestroyNotify)vv_vm_free);
    native.xmls = g_ptr_array_new_with_free_func(g_free);
    add(special("[vm]\nname = w\nmemory = 4G\nos = windows11\n[device gpu]\nhost = 01:00.0;01:00.1\n"
                "x-vga = yes\nrom = /r.rom\nvendor-id = 0x1002\n"),
        TRUE);
    add(special(VM "[share s]\npath = /srv\n"), FALSE);
    while (all->len)
        add(g_ptr_array_steal_index(all, 0), FALSE);
    for (guint32 seed = 0; seed < RANDOM_VMS; seed++) {
        VvVm *vm = random_known_vm(seed);

        /* Names that nobody has. */
        g_clear_pointer(&vm->cpu, g_free);
        g_clear_pointer(&vm->emulator, g_free);
        g_clear_pointer(&vm->machine, g_free);
        /* The driver's own process has no hugetlbfs. */
        g_free(vm->hugepages);
        vm->hugepages = g_strdup("none");
        /* QEMU 7.2 ends at 288 CPUs, and this host has the nodes it has. */
        vm->cpus = 4;
        vm->sockets = vm->dies = vm->cores = vm->threads = 0;
        g_free(vm->pinning);
        vm->pinning = g_strdup("none");
        g_free(vm->numa);
        vm->numa = g_strdup("none");
        add(vm, FALSE);
    }
    native.arguments = native_arguments(native.xmls, &native.problems, &why);
    if (!native.arguments && g_getenv("CI"))
        fail_msg("CI has to have libvirt's QEMU driver: %s", why);
    if (!native.arguments)
        print_message("skipped: %s\n", why);
    return 0;
}

static int tear_down(void **state)
{
    g_ptr_array_unref(native.vms);
    g_ptr_array_unref(native.xmls);
    g_clear_pointer(&native.arguments, g_ptr_array_unref);
    g_clear_pointer(&native.problems, g_ptr_array_unref);
    xmlCleanupParser();
    return 0;
}

/* The -device arguments, parsed; for json_object_put(). */
static json_object *devices_of(char **arguments)
{
    json_object *all = json_object_new_array();

    for (char **word = arguments; *word; word++)
        if (g_str_equal(*word, "-device") && word[1] && *word[1] == '{')
            json_object_array_add(all, json_tokener_parse(word[1]));
    return all;
}

static json_object *field(json_object *device, const char *name)
{
    json_object *value = NULL;

    return json_object_object_get_ex(device, name, &value) ? value : NULL;
}

static const char *text_of(json_object *device, const char *name)
{
    json_object *value = field(device, name);

    return value ? json_object_get_string(value) : NULL;
}

static json_object *find(json_object *devices, const char *name, const char *value)
{
    for (gsize i = 0; i < json_object_array_length(devices); i++) {
        json_object *device = json_object_array_get_idx(devices, i);

        if (g_strcmp0(text_of(device, name), value) == 0)
            return device;
    }
    return NULL;
}

static void assert_id(json_object *device, const char *name, gint wanted)
{
    json_object *value = field(device, name);

    assert_int_equal(value != NULL, wanted >= 0);
    if (value)
        assert_int_equal(json_object_get_int(value), wanted);
}

static void assert_rom(json_object *device, const VvDomainDevice *read)
{
    json_object *rombar = field(device, "rombar");

    assert_text(text_of(device, "romfile"), read->rom_none ? "" : read->rom_file);
    assert_int_equal(rombar != NULL, !read->rombar);
    assert_true(!rombar || json_object_get_int(rombar) == 0);
}

/* Its root port, its slot and function, and all that the file says of it. */
static void assert_device(json_object *devices, const VvDomainDevice *read, gboolean several)
{
    g_autofree char *bus =
        read->guest_address.bus ? g_strdup_printf("pci.%u", read->guest_address.bus) : NULL;
    g_autofree char *at = g_strdup_printf(read->guest_address.function ? "0x%x.0x%x" : "0x%x",
                                          read->guest_address.slot, read->guest_address.function);
    char host[VV_ADDRESS_TEXT];
    json_object *device = find(devices, "host", vv_address_format(read->host, host));
    json_object *port = bus ? find(devices, "id", bus) : NULL;

    assert_non_null(device);
    assert_text(text_of(device, "driver"), "vfio-pci");
    assert_text(text_of(device, "bus"), bus ? bus : "pcie.0");
    assert_text(text_of(device, "addr"), at);
    assert_int_equal(field(device, "multifunction") != NULL, several && read->guest_address.function == 0);
    if (bus) {
        assert_non_null(port);
        assert_text(text_of(port, "driver"), "pcie-root-port");
        assert_text(text_of(port, "bus"), "pcie.0");
    }
    assert_rom(device, read);
    assert_text(text_of(device, "x-vga"), read->x_vga ? "true" : NULL);
    assert_text(text_of(device, "x-igd-opregion"), read->igd_opregion ? "true" : NULL);
    assert_id(device, "bootindex", read->boot ? (gint)read->boot : -1);
    assert_id(device, "x-pci-vendor-id", read->ids.vendor);
    assert_id(device, "x-pci-device-id", read->ids.device);
    assert_id(device, "x-pci-sub-vendor-id", read->ids.subsystem_vendor);
    assert_id(device, "x-pci-sub-device-id", read->ids.subsystem_device);
}

/* Four ports have nothing behind them: what libvirt placed itself took the ports that were meant for it. The
 * interfaces were taken out, so theirs are empty too. */
static void assert_spare(json_object *devices)
{
    guint empty = 0;

    for (gsize i = 0; i < json_object_array_length(devices); i++) {
        json_object *port = json_object_array_get_idx(devices, i);

        if (g_strcmp0(text_of(port, "driver"), "pcie-root-port") == 0)
            empty += find(devices, "bus", text_of(port, "id")) ? 0 : 1;
    }
    assert_in_range(empty, 4, 100);
}

static gboolean in_several(const VvVm *vm, const VvDomainDevice *read)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        if (g_strcmp0(card->name, read->card) == 0)
            return card->functions->len > 1 && card->layout != VV_LAYOUT_SEPARATE;
    }
    return FALSE;
}

static void assert_native(guint index)
{
    const VvVm *vm = native.vms->pdata[index];
    const char *xml = native.xmls->pdata[index];
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), NULL);
    json_object *devices;

    devices = devices_of(native.arguments->pdata[index]);
    for (guint i = 0; i < domain->devices->len; i++)
        assert_device(devices, domain->devices->pdata[i], in_several(vm, domain->devices->pdata[i]));
    assert_spare(devices);
    json_object_put(devices);
}

static void test_devices(void **state)
{
    guint failed = 0;

    if (!native.arguments)
        skip();
    for (guint i = 0; i < native.vms->len; i++) {
        const char *problem = native.problems->pdata[i];

        failed += problem ? 1 : 0;
        if (problem)
            print_error("VM %u: %s\n", i, problem);
    }
    assert_int_equal(failed, 0);
    for (guint i = 0; i < native.vms->len; i++)
        assert_native(i);
}

static const char *after(guint index, const char *option, const char *start)
{
    for (char **word = native.arguments->pdata[index]; *word && word[1]; word++)
        if (g_str_equal(*word, option) && g_str_has_prefix(word[1], start))
            return word[1];
    fail_msg("%s %s… is not there", option, start);
    return NULL;
}

static void test_windows(void **state)
{
    static const char *const flags[] = {"hv-relaxed=on", "hv-vapic=on",   "hv-spinlocks=0x1fff",
                                        "hv-vpindex=on", "hv-synic=on",   "hv-stimer=on",
                                        "hv-time=on",    "hv-runtime=on", "hv-reset=on"};
    const char *cpu;

    if (!native.arguments)
        skip();
    cpu = after(WINDOWS, "-cpu", "");
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        if (!strstr(cpu, flags[i]))
            fail_msg("no %s in %s", flags[i], cpu);
    assert_non_null(strstr(after(WINDOWS, "-machine", "pc-q35"), "smm=on"));
    assert_non_null(after(WINDOWS, "-rtc", "base=localtime"));
    after(WINDOWS, "-global", "driver=cfi.pflash01,property=secure,value=on");
}

static void test_memory(void **state)
{
    if (!native.arguments)
        skip();
    assert_non_null(after(WINDOWS, "-m", "4096"));
    /* virtiofsd maps the guest's memory. */
    assert_non_null(
        strstr(after(SHARED, "-object", "{\"qom-type\":\"memory-backend-memfd\""), "\"share\":true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests_name("domxml-native", tests, set_up, tear_down);
}
