/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"
#include "random-vm.h"

#include "domains/domread.h"

#define VMS 10000

/* Half of the functions have been seen on a host, which gives some of them marks. */
static void identify_some(VvVm *vm, GRand *random)
{
    static const guint32 classes[] = {0x030000, 0x038000, 0x030200, 0x040300, 0x0c0330, 0x010802, 0x010700};

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++) {
            VvIdentity *identity;

            if (random_one_in(random, 2))
                continue;
            identify(vm, i, f, classes[g_rand_int_range(random, 0, G_N_ELEMENTS(classes))]);
            identity = g_array_index(card->functions, VvVmFunction, f).identity;
            identity->dsn = random_flag(random) ? g_rand_int(random) : 0;
            identity->serial = random_flag(random) ? g_strdup("S4 <\"'&>]]>") : NULL;
            identity->mac = random_flag(random) ? g_strdup("52:54:00:12:34:56") : NULL;
        }
    }
    for (guint i = 0; i < vm->usbs->len; i++) {
        VvVmUsb *usb = vm->usbs->pdata[i];

        usb->device = usb->bus ? (guint)g_rand_int_range(random, 1, 128) : 0;
    }
}

static VvVm *resolved(guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    VvVm *vm = random_vm(seed, FALSE);
    GError *error = NULL;

    if (!vv_vm_resolve(vm, NULL, &error))
        fail_msg("seed %u: %s", seed, error->message);
    identify_some(vm, random);
    g_rand_free(random);
    return vm;
}

static void assert_identity(const VvIdentity *found, const VvIdentity *wanted)
{
    assert_int_equal(found != NULL, wanted != NULL);
    if (!wanted)
        return;
    assert_int_equal(vv_address_key(found->address), vv_address_key(wanted->address));
    assert_int_equal(found->vendor, wanted->vendor);
    assert_int_equal(found->device, wanted->device);
    assert_int_equal(found->subsystem_vendor, wanted->subsystem_vendor);
    assert_int_equal(found->subsystem_device, wanted->subsystem_device);
    assert_int_equal(found->class_code, wanted->class_code);
    assert_text(found->serial, wanted->serial);
    assert_text(found->mac, wanted->mac);
    assert_true(found->dsn == wanted->dsn);
}

static void assert_whole_card(const VvDomainDevice *read, const VvVmDevice *card, gboolean first)
{
    static const VvVmIds own = {-1, -1, -1, -1};
    const VvVmIds *ids = first ? &card->ids : &own;

    assert_int_equal(read->x_vga, first && card->x_vga);
    assert_int_equal(read->igd_opregion, first && card->igd_opregion);
    assert_int_equal(read->ids.vendor, ids->vendor);
    assert_int_equal(read->ids.device, ids->device);
    assert_int_equal(read->ids.subsystem_vendor, ids->subsystem_vendor);
    assert_int_equal(read->ids.subsystem_device, ids->subsystem_device);
    assert_int_equal(read->rom_none, g_str_equal(card->rom, "none"));
    assert_text(read->rom_file, first && *card->rom == '/' ? card->rom : NULL);
    assert_int_equal(read->rombar, card->rombar || read->rom_none);
    if (card->boot == VV_BOOT_NO)
        assert_int_equal(read->boot, 0);
    if (first && card->boot > 0)
        assert_int_equal(read->boot, card->boot);
}

static void assert_function(const VvDomainDevice *read, const VvVmDevice *card, guint index)
{
    const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, index);
    gboolean separate = card->layout == VV_LAYOUT_SEPARATE;

    assert_int_equal(vv_address_key(read->host), vv_address_key(function->host));
    assert_text(read->card, card->name);
    assert_false(read->managed || read->unassigned || read->interface);
    assert_true(read->has_guest_address);
    assert_int_equal(read->guest_address.segment, 0);
    assert_int_equal(read->guest_address.function, separate ? 0 : function->guest_function);
    if (card->has_guest_address) {
        assert_int_equal(read->guest_address.bus, card->guest_address.bus);
        assert_int_equal(read->guest_address.slot, card->guest_address.slot);
    } else {
        assert_int_not_equal(read->guest_address.bus, 0);
        assert_int_equal(read->guest_address.slot, 0);
    }
    assert_text(read->reset, card->reset);
    assert_int_equal(read->quarantine, card->quarantine);
    assert_identity(read->identity, function->identity);
    assert_whole_card(read, card, separate ? index == 0 : function->guest_function == 0);
}

/* All functions of a card in one slot, with a function 0 in it; or each alone. */
static void assert_together(const VvVmDevice *card, const VvDomainDevice *const *read)
{
    gboolean zero = FALSE;

    for (guint f = 0; f < card->functions->len; f++) {
        zero |= read[f]->guest_address.function == 0;
        if (f && card->layout != VV_LAYOUT_SEPARATE)
            assert_true(vv_address_same_slot(read[f]->guest_address, read[0]->guest_address));
        if (f && card->layout == VV_LAYOUT_SEPARATE)
            assert_int_not_equal(read[f]->guest_address.bus, read[0]->guest_address.bus);
    }
    assert_true(zero);
}

static void assert_wanted(const VvVfSettings *wanted, const VvVmNetwork *network)
{
    g_autofree char *text = vv_vf_settings_to_text(wanted);
    g_autofree char *rate = g_strdup_printf("rate=%s", network->rate);
    gint trust = wanted->fields & VV_VF_TRUST ? wanted->trust : -1;
    gint spoofchk = wanted->fields & VV_VF_SPOOFCHK ? wanted->spoofchk : -1;

    assert_int_equal(trust, network->trust);
    assert_int_equal(spoofchk, network->spoofchk);
    assert_int_equal(wanted->fields & VV_VF_LINK ? (gint)wanted->link : -1, network->vf_link);
    assert_true(!(wanted->fields & VV_VF_RATE) == !network->rate);
    assert_true(!network->rate || strstr(text, rate));
    assert_int_equal(wanted->vlan, network->vlan);
    assert_int_equal(wanted->qos, network->qos);
}

static void assert_vf(const VvDomainDevice *read, const VvVmNetwork *network)
{
    assert_true(read->interface);
    assert_int_equal(vv_address_key(read->host), vv_address_key(network->vf.address));
    assert_text(read->card, network->name);
    assert_text(read->mac, network->mac);
    assert_int_equal(read->vlan, network->vlan);
    assert_wanted(&read->wanted, network);
    assert_true(!read->team == !network->teaming);
    assert_int_equal(read->boot, network->boot > 0 ? network->boot : 0);
    assert_true(read->has_guest_address && read->guest_address.bus);
    assert_int_equal(read->guest_address.slot, 0);
    assert_int_equal(read->guest_address.function, 0);
}

static void assert_usbs(const VvDomain *domain, const VvVm *vm)
{
    assert_int_equal(domain->usbs->len, vm->usbs->len);
    for (guint i = 0; i < vm->usbs->len; i++) {
        const VvVmUsb *usb = vm->usbs->pdata[i];
        const VvDomainUsb *read = domain->usbs->pdata[i];
        g_autofree char *port = usb->bus ? g_strdup_printf("%u-%s", usb->bus, usb->port) : NULL;

        assert_text(read->name, usb->name);
        assert_int_equal(read->optional, usb->optional);
        assert_int_equal(read->vendor, usb->bus ? -1 : usb->vendor);
        assert_int_equal(read->product, usb->bus ? -1 : usb->product);
        assert_int_equal(read->bus, usb->bus);
        assert_int_equal(read->device, usb->device);
        assert_text(read->port, port);
    }
}

static guint count_text(const char *text, const char *part)
{
    guint count = 0;

    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* No address and no boot order twice, no bus without its port, and ports to spare. */
static void assert_apart(const VvDomain *domain, const char *xml)
{
    g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL), orders = g_hash_table_new(NULL, NULL);
    guint ports = count_text(xml, "\"pcie-root-port\"");

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *read = domain->devices->pdata[i];
        gpointer place = GUINT_TO_POINTER(1 + (guint)vv_address_key(read->guest_address));

        assert_true(g_hash_table_add(places, place));
        assert_true(!read->boot || g_hash_table_add(orders, GUINT_TO_POINTER(read->boot)));
        assert_in_range(read->guest_address.bus, 0, ports - 4);
    }
}

static void assert_allow(const VvDomain *domain, const VvVm *vm)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) wanted = NULL;
    char text[VV_ADDRESS_TEXT];

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (char **word = card->allow; *word; word++)
            for (guint f = 0; f < card->functions->len; f++) {
                g_autofree char *full = NULL;

                vv_address_format(g_array_index(card->functions, VvVmFunction, f).host, text);
                full = strchr(*word, '=') ? g_strdup(*word) : g_strconcat(*word, "=", text, NULL);
                if (g_str_has_suffix(full, text))
                    g_strv_builder_add(builder, full);
            }
    }
    wanted = g_strv_builder_end(builder);
    assert_true(g_strv_equal((const char *const *)domain->allow, (const char *const *)wanted));
}

static void assert_services(const VvDomain *domain, const VvVm *vm)
{
    g_autofree char *services = g_strjoinv(" ", domain->stop_services);

    assert_int_equal(domain->stop_display_manager, vm->stop_display_manager);
    assert_text(services, vm->stop_services ? vm->stop_services : "");
}

static void assert_read_back(const VvDomain *domain, const VvVm *vm)
{
    const VvDomainDevice *const *read;
    guint vfs = 0, count = 0;

    /* Networks come before the cards in the document. */
    for (guint i = 0; i < vm->networks->len; i++)
        if (((const VvVmNetwork *)vm->networks->pdata[i])->vf.word)
            assert_vf(domain->devices->pdata[vfs++], vm->networks->pdata[i]);
    read = (const VvDomainDevice *const *)(domain->devices->pdata) + vfs;
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        assert_true(vfs + count + card->functions->len <= domain->devices->len);
        for (guint f = 0; f < card->functions->len; f++)
            assert_function(read[count + f], card, f);
        assert_together(card, read + count);
        count += card->functions->len;
    }
    assert_int_equal(domain->devices->len, vfs + count);
    assert_usbs(domain, vm);
    assert_services(domain, vm);
    assert_allow(domain, vm);
}

/* read(build(vm)) = vm in everything that plan, start, attach and the hook go by. */
static void test_read_back(void **state)
{
    for (guint32 seed = 0; seed < VMS; seed++) {
        g_autoptr(VvVm) vm = resolved(seed);
        g_autofree char *xml = build_text(vm, seed & 1);
        GError *error = NULL;
        g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), &error);

        if (!domain)
            fail_msg("seed %u: %s", seed, error->message);
        assert_text(domain->name, vm->name);
        assert_text(domain->uuid, vm->uuid);
        assert_true(domain->ours);
        assert_read_back(domain, vm);
        assert_apart(domain, xml);
    }
}

/* Slower than reading; so not each. */
static void test_schema(void **state)
{
    for (guint32 seed = 0; schema && seed < VMS; seed += 100) {
        g_autoptr(VvVm) vm = resolved(seed);

        /* libvirt 9.0 has not yet heard of it. */
        if (g_strcmp0(vm->sound.model, "virtio") == 0)
            *stpcpy(vm->sound.model, "ich9") = '\0';
        xmlFreeDoc(build(vm, seed & 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_schema),
    };

    return cmocka_run_group_tests_name("domxml-random", tests, load_schema, free_schema);
}
