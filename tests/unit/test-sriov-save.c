/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/sriov-save.h"

#include <unistd.h>

#define PF "0000:01:00.0"
#define PF_MAC "02:1a:b0:00:01:00"
#define MACHINE                                                                                              \
    "drivers igbvf\n" PF " class=020000 id=8086:10c9 driver=igb group=1 sriov=7/2\n"                         \
    "0000:01:10.0 class=020000 id=8086:10ca physfn=" PF " group=2\n"                                         \
    "0000:01:10.1 class=020000 id=8086:10ca physfn=" PF " group=3\n"
#define MARK "# Made by 'virt-vfio sriov save " PF "'; 'virt-vfio sriov forget " PF "' takes it away.\n"

typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvPf *pf;
    GArray *infos;
} Machine;

static void look(Machine *m)
{
    g_clear_pointer(&m->pf, vv_pf_free);
    g_clear_pointer(&m->host, vv_host_free);
    m->host = fake_host_scan(m->fake);
    m->pf = vv_pf_read(m->host, vv_host_find(m->host, address_of(PF)), NULL, NULL, NULL);
}

static void open_machine(Machine *m, const char *library)
{
    VvVfInfo infos[] = {{.index = 0}, {.index = 1}};

    *m = (Machine){.fake = fake_host_new(MACHINE), .infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo))};
    if (library)
        fake_host_put(m->fake, library, "");
    fake_host_put(m->fake, "sys/devices/pci0000:00/" PF "/net/eth0/mtu", "1500\n");
    fake_host_put(m->fake, "sys/class/net/eth0/ifindex", "3\n");
    fake_host_put(m->fake, "sys/class/net/eth0/addr_assign_type", "0\n");
    fake_host_put(m->fake, "sys/class/net/eth0/address", PF_MAC "\n");
    assert_true(vv_vf_settings_from_text(
        "mac=52:54:00:00:00:07 vlan=5 qos=3 trust=on spoofchk=off rate=0,0 link=auto", &infos[0].settings,
        NULL));
    assert_true(vv_vf_settings_from_text(
        "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=disable", &infos[1].settings,
        NULL));
    g_array_append_vals(m->infos, infos, 2);
    look(m);
}

static void close_machine(Machine *m)
{
    vv_pf_free(m->pf);
    vv_host_free(m->host);
    g_array_unref(m->infos);
    fake_host_free(m->fake);
}

static GPtrArray *save(Machine *m)
{
    GError *error = NULL;
    g_autofree char *remark = NULL;
    GPtrArray *files =
        vv_sriov_save(vv_host_sysfs(m->host), m->pf, m->infos, "/usr/sbin/virt-vfio", &remark, &error);

    assert_fine(error);
    assert_null(remark);
    return files;
}

static const char *text(const GPtrArray *files, const char *suffix)
{
    for (guint i = 0; i < files->len; i++) {
        const VvSriovFile *file = files->pdata[i];
        if (g_str_has_suffix(file->path, suffix))
            return file->text;
    }
    fail_msg("there is no %s", suffix);
    return NULL;
}

#define MATCH MARK "[Match]\nProperty=VIRT_VFIO_SRIOV=" PF "\nPermanentMACAddress=" PF_MAC "\n\n[Link]\n"
#define OFF_RULE                                                                                             \
    "ACTION==\"add\", SUBSYSTEM==\"net\", KERNELS==\"" PF "\", ATTR{device/sriov_drivers_autoprobe}=\"0\"\n"
#define PROPERTY_RULE                                                                                        \
    "ACTION!=\"remove\", SUBSYSTEM==\"net\", KERNELS==\"" PF "\", ENV{VIRT_VFIO_SRIOV}=\"" PF "\"\n"

#define SECTIONS                                                                                             \
    "SR-IOVVirtualFunctions=2\n\n[SR-IOV]\nVirtualFunction=0\nMACAddress=52:54:00:00:00:07\nVLANId=5\n"      \
    "QualityOfService=3\nVLANProtocol=802.1Q\nTrust=yes\nMACSpoofCheck=no\n\n[SR-IOV]\nVirtualFunction=1\n"  \
    "MACSpoofCheck=yes\nLinkState=no\n"

static void test_link(void **state)
{
    Machine m;

    open_machine(&m, "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so");
    g_autoptr(GPtrArray) files = save(&m);
    assert_text(text(files, ".link"), MATCH "NamePolicy=keep kernel database onboard slot path\n"
                                            "AlternativeNamesPolicy=database onboard slot path\n"
                                            "MACAddressPolicy=persistent\n" SECTIONS);
    assert_text(text(files, ".rules"), MARK OFF_RULE PROPERTY_RULE);
    assert_null(text(files, ".service"));
    close_machine(&m);
}

/* What counts for the interface now goes on counting: its name, its wake-up … */
static void test_present_link(void **state)
{
    Machine m;

    open_machine(&m, "usr/lib/systemd/libsystemd-shared-254.4-1.fc39.so");
    fake_host_put(m.fake, "run/udev/data/n3",
                  "I:1\nE:ID_NET_DRIVER=igb\nE:ID_NET_LINK_FILE=/etc/systemd/network/10-lan.link\nE:X=1\n");
    fake_host_put(
        m.fake, "etc/systemd/network/10-lan.link",
        "[Match]\nMACAddress=aa:bb\n\n[Link]\n# ours\nName=lan\nWakeOnLan=magic\nSR-IOVVirtualFunctions=7\n"
        "[SR-IOV]\nVirtualFunction=6\n");
    fake_host_bind(m.fake, "0000:01:10.1", "igbvf");
    look(&m);
    g_autoptr(GPtrArray) files = save(&m);
    assert_text(text(files, ".link"), MATCH "Name=lan\nWakeOnLan=magic\n" SECTIONS);
    /* One has a host driver, so all may. */
    assert_text(text(files, ".rules"), MARK PROPERTY_RULE);
    close_machine(&m);
}

/* So does what was dropped in beside it, in the order of the names; but not beside ours. */
static void test_drop_ins(void **state)
{
    Machine m;

    open_machine(&m, "usr/lib/systemd/libsystemd-shared-252.so");
    fake_host_put(m.fake, "run/udev/data/n3",
                  "I:1\nE:ID_NET_LINK_FILE=/usr/lib/systemd/network/99-default.link\n");
    fake_host_put(m.fake, "usr/lib/systemd/network/99-default.link", "[Link]\nNamePolicy=path\n");
    fake_host_put(m.fake, "usr/lib/systemd/network/99-default.link.d/20-b.conf", "[Link]\nMTUBytes=1400\n");
    fake_host_put(m.fake, "usr/lib/systemd/network/99-default.link.d/10-a.conf", "[Link]\nAlias=hidden\n");
    fake_host_put(m.fake, "etc/systemd/network/99-default.link.d/10-a.conf", "[Link]\nNamePolicy=mac\n");
    fake_host_put(m.fake, "etc/systemd/network/99-default.link.d/README", "[Link]\nAlias=no\n");
    g_autoptr(GPtrArray) files = save(&m);
    assert_text(text(files, ".link"), MATCH "NamePolicy=path\nNamePolicy=mac\nMTUBytes=1400\n" SECTIONS);

    fake_host_put(m.fake, "run/udev/data/n3",
                  "I:1\nE:ID_NET_LINK_FILE=/etc/systemd/network/00-virt-vfio-" PF ".link\n");
    fake_host_put(m.fake, "etc/systemd/network/00-virt-vfio-" PF ".link", text(files, ".link"));
    fake_host_put(m.fake, "etc/systemd/network/00-virt-vfio-" PF ".link.d/own.conf",
                  "[Link]\nMTUBytes=9000\n");
    g_autoptr(GPtrArray) again = save(&m);
    assert_text(text(again, ".link"), text(files, ".link"));

    /* Forgotten, and udev does not know it yet. */
    GError *error = NULL;
    g_autofree char *remark = NULL;
    fake_host_put(m.fake, "run/udev/data/n3", "I:1\nE:ID_NET_LINK_FILE=/etc/systemd/network/gone.link\n");
    assert_null(vv_sriov_save(vv_host_sysfs(m.host), m.pf, m.infos, "x", &remark, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "udevadm trigger --action=change");
    close_machine(&m);
}

#define UNIT                                                                                                 \
    MARK "[Unit]\nDescription=Virtual functions of " PF "\nDocumentation=man:virt-vfio(1)\n"                 \
         "Before=libvirtd.service virtqemud.service\n\n[Service]\n"                                          \
         "Type=oneshot\nTimeoutStartSec=10min\nExecStart=/usr/sbin/virt-vfio sriov set " PF " --vfs 2\n"     \
         "ExecStart=/usr/sbin/virt-vfio sriov vf " PF                                                        \
         " 0 --mac=52:54:00:00:00:07 --vlan=5 --qos=3 --trust=on --spoofchk=off\n"                           \
         "ExecStart=/usr/sbin/virt-vfio sriov vf " PF " 1 --spoofchk=on --link=disable\n%s"

static void assert_unit(const GPtrArray *files, const char *rate)
{
    g_autofree char *unit = g_strdup_printf(UNIT, rate);

    assert_null(text(files, ".link"));
    assert_text(text(files, ".service"), unit);
    assert_text(text(files, ".rules"), MARK "ACTION!=\"remove\", SUBSYSTEM==\"net\", KERNELS==\"" PF
                                            "\", ATTR{address}==\"" PF_MAC "\", TAG+=\"systemd\", "
                                            "ENV{SYSTEMD_WANTS}+=\"virt-vfio-sriov-" PF ".service\"\n");
}

static void test_unit(void **state)
{
    Machine m;

    open_machine(&m, "usr/lib/systemd/libsystemd-shared-250.so");
    g_autoptr(GPtrArray) old = save(&m);
    assert_unit(old, "");
    fake_host_put(m.fake, "lib/systemd/libsystemd-shared-255.so", "");
    VvVfSettings *settings = &g_array_index(m.infos, VvVfInfo, 0).settings;
    settings->max_rate = 200;
    settings->min_rate = 50;
    g_autoptr(GPtrArray) rate = save(&m);
    assert_unit(rate, "ExecStart=/usr/sbin/virt-vfio sriov vf " PF " 0 --rate=200,50 --wait-link=60\n");
    close_machine(&m);
}

/* By what other cards say that they are ready; and what is not kept is said. */
static void test_others(void **state)
{
    static const struct {
        const char *driver, *class_code, *match, *remark;
    } cases[] = {
        {"nvme", "010802", "SUBSYSTEM==\"nvme\", KERNELS==\"" PF "\", ATTR{state}==\"live\"",
         "the host drivers that its virtual functions have now are not kept"},
        {"qat", "0b4000", "SUBSYSTEM==\"pci\", KERNEL==\"" PF "\", DRIVER==\"qat\"",
         "the host drivers that its virtual functions have now are not kept"},
        /* A network card without an interface here. */
        {"igb", "020000", "SUBSYSTEM==\"pci\", KERNEL==\"" PF "\", DRIVER==\"igb\"",
         "only their number is kept; the host drivers"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *machine =
            g_strdup_printf(PF " class=%s id=8086:10c9 driver=%s group=1 sriov=7/1\n"
                               "0000:01:10.0 class=%s id=8086:10ca driver=%s physfn=" PF " group=2\n",
                            cases[i].class_code, cases[i].driver, cases[i].class_code, cases[i].driver);
        Machine m = {.fake = fake_host_new(machine), .infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo))};
        GError *error = NULL;
        g_autofree char *remark = NULL;
        fake_host_put(m.fake, "usr/lib/systemd/libsystemd-shared-252.so", "");
        look(&m);
        g_autoptr(GPtrArray) files =
            vv_sriov_save(vv_host_sysfs(m.host), m.pf, NULL, "/bin/x", &remark, &error);
        assert_fine(error);
        g_autofree char *wanted =
            g_strdup_printf(MARK "ACTION!=\"remove\", %s, TAG+=\"systemd\", "
                                 "ENV{SYSTEMD_WANTS}+=\"virt-vfio-sriov-" PF ".service\"\n",
                            cases[i].match);
        assert_text(text(files, ".rules"), wanted);
        assert_non_null(strstr(remark, cases[i].remark));
        close_machine(&m);
    }
}

static void test_refusals(void **state)
{
    Machine m;
    GError *error = NULL;
    g_autofree char *remark = NULL;

    open_machine(&m, NULL);
    assert_int_equal(vv_systemd_version(vv_host_sysfs(m.host)), 0);
    assert_null(vv_sriov_save(vv_host_sysfs(m.host), m.pf, m.infos, "x", &remark, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "no systemd");
    fake_host_put(m.fake, "usr/lib/systemd/libsystemd-shared-252.so", "");
    fake_host_put(m.fake, "etc/NetworkManager/system-connections/a.nmconnection",
                  "[ethernet]\n[sriov]\ntotal-vfs=4\n");
    g_autoptr(GPtrArray) files = vv_sriov_save(vv_host_sysfs(m.host), m.pf, m.infos, "x", &remark, &error);
    assert_fine(error);
    assert_non_null(strstr(remark, "NetworkManager"));
    g_clear_pointer(&remark, g_free);
    fake_host_set_vfs(m.fake, PF, 0);
    look(&m);
    assert_null(vv_sriov_save(vv_host_sysfs(m.host), m.pf, NULL, "x", &remark, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "nothing to keep");
    close_machine(&m);
}

/* Written, found unchanged, and taken away again. */
static void test_files(void **state)
{
    Machine m;
    GError *error = NULL;

    open_machine(&m, "usr/lib/systemd/libsystemd-shared-252.so");
    const VvSysfs *sysfs = vv_host_sysfs(m.host);
    g_autoptr(GPtrArray) files = save(&m);
    assert_true(vv_sriov_write_files(sysfs, files, &error));
    g_autoptr(GPtrArray) again = save(&m);
    for (guint i = 0; i < again->len; i++)
        assert_false(vv_sriov_file_differs(again->pdata[i]));
    assert_true(vv_sysfs_exists(sysfs, "etc/systemd/network/00-virt-vfio-" PF ".link"));
    /* A rate: now it takes a unit, and the link file has to go. */
    g_array_index(m.infos, VvVfInfo, 1).settings.max_rate = 10;
    g_autoptr(GPtrArray) unit = save(&m);
    assert_true(vv_sriov_write_files(sysfs, unit, &error));
    assert_false(vv_sysfs_exists(sysfs, "etc/systemd/network/00-virt-vfio-" PF ".link"));
    assert_true(vv_sysfs_exists(sysfs, "etc/systemd/system/virt-vfio-sriov-" PF ".service"));
    g_autoptr(GPtrArray) none = vv_sriov_forget(sysfs, address_of(PF));
    assert_true(vv_sriov_write_files(sysfs, none, &error));
    assert_fine(error);
    assert_false(vv_sysfs_exists(sysfs, "etc/systemd/system/virt-vfio-sriov-" PF ".service"));
    assert_false(vv_sysfs_exists(sysfs, "etc/udev/rules.d/60-virt-vfio-" PF ".rules"));
    close_machine(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link),     cmocka_unit_test(test_present_link), cmocka_unit_test(test_unit),
        cmocka_unit_test(test_drop_ins), cmocka_unit_test(test_others),       cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
