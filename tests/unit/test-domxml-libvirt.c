/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libvirt-vms.h"

#include "domains/domread.h"

#define RANDOM_VMS 100

static virConnectPtr connection;

/* libvirt's test driver keeps all domains in memory, and says yes to their start. */
static int open_test_driver(void **state)
{
    virSetErrorFunc(NULL, say_nothing);
    connection = virConnectOpen("test:///default");
    return connection ? load_schema(state) : -1;
}

static int close_test_driver(void **state)
{
    virConnectClose(connection);
    return free_schema(state);
}

static guint functions(const VvVm *vm)
{
    guint count = 0;

    for (guint i = 0; i < vm->devices->len; i++)
        count += ((const VvVmDevice *)vm->devices->pdata[i])->functions->len;
    for (guint i = 0; i < vm->networks->len; i++)
        count += ((const VvVmNetwork *)vm->networks->pdata[i])->vf.word ? 1 : 0;
    return count;
}

/* What libvirt gives back is what it was given: nothing vanished, nothing moved. The test driver does not
 * know QEMU's namespace; test-domxml-native.c has x-vga. */
static void assert_kept(virDomainPtr domain, const VvVm *vm, const char *xml)
{
    char *text = virDomainGetXMLDesc(domain, 0);
    GError *error = NULL;
    g_autoptr(VvDomain) before = vv_domain_read(xml, strlen(xml), &error);
    g_autoptr(VvDomain) after = text ? vv_domain_read(text, strlen(text), &error) : NULL;

    assert_fine(error);
    assert_non_null(after);
    assert_true(after->ours);
    assert_int_equal(before->devices->len, functions(vm));
    assert_int_equal(after->devices->len, before->devices->len);
    assert_int_equal(after->usbs->len, vm->usbs->len);
    for (guint i = 0; i < after->devices->len; i++) {
        const VvDomainDevice *one = before->devices->pdata[i], *two = after->devices->pdata[i];

        assert_int_equal(vv_address_key(one->host), vv_address_key(two->host));
        assert_int_equal(vv_address_key(one->guest_address), vv_address_key(two->guest_address));
        assert_text(one->rom_file, two->rom_file);
        assert_int_equal(one->boot, two->boot);
        assert_text(one->card, two->card);
    }
    free(text);
}

static void run(const VvVm *vm, gboolean kvm, const char *what)
{
    g_autofree char *xml = build_text(vm, kvm);
    virDomainPtr domain = virDomainDefineXMLFlags(connection, xml, VIR_DOMAIN_DEFINE_VALIDATE);

    if (!domain)
        fail_msg("%s is not defined: %s\n%s", what, libvirt_says(), xml);
    if (virDomainCreate(domain) < 0)
        fail_msg("%s does not start: %s\n%s", what, libvirt_says(), xml);
    assert_kept(domain, vm, xml);
    assert_int_equal(virDomainDestroy(domain), 0);
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
}

static void test_examples(void **state)
{
    g_autoptr(GPtrArray) all = examples();

    /* One for each use, and the plain one. */
    assert_in_range(all->len, 12, 100);
    for (guint i = 0; i < all->len; i++) {
        VvVm *vm = all->pdata[i];

        xmlFreeDoc(build(vm, TRUE));
        run(vm, TRUE, vm->path);
        run(vm, FALSE, vm->path);
        identify_all(vm, 0x030000);
        run(vm, TRUE, vm->path);
    }
}

static void test_random(void **state)
{
    for (guint32 seed = 0; seed < RANDOM_VMS; seed++) {
        g_autoptr(VvVm) vm = random_known_vm(seed);
        g_autofree char *what = g_strdup_printf("seed %u", seed);

        run(vm, seed & 1, what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests_name("domxml-libvirt", tests, open_test_driver, close_test_driver);
}
