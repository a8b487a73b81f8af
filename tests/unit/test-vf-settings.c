/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vf-messages.h"
#include "vfio/vf-netlink.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static void assert_round(const char *in, const char *out)
{
    VvVfSettings settings;
    GError *error = NULL;

    if (!vv_vf_settings_from_text(in, &settings, &error))
        fail_msg("%s: %s", in, error->message);
    g_autofree char *text = vv_vf_settings_to_text(&settings);
    assert_text(text, out);
}

static void test_words(void **state)
{
    static const char *const bad[] = {
        "mac=52:54:00:01:02",
        "mac=53:54:00:01:02:03",
        "mac=52-54-00-01-02-03",
        "mac=52:54:00:01:02:0g",
        "mac=",
        "vlan=4095",
        "vlan=-1",
        "vlan=",
        "qos=8",
        "proto=ipx",
        "trust=yes",
        "spoofchk=1",
        "rate=10,20",
        "rate=10,2,3",
        "rate=x",
        "rate=",
        "link=up",
        "speed=1",
        "mac",
    };

    assert_round("", "");
    assert_round("mac=52:54:00:AB:cd:0f", "mac=52:54:00:ab:cd:0f");
    assert_round("vlan=5", "vlan=5 qos=0");
    assert_round("vlan=4094 qos=7 proto=802.1AD", "vlan=4094 qos=7 proto=802.1ad");
    assert_round("proto=802.1q vlan=1", "vlan=1 qos=0");
    assert_round("link=disable rate=100 spoofchk=off trust=on",
                 "trust=on spoofchk=off rate=100,0 link=disable");
    assert_round("rate=0,5", "rate=0,5");
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        VvVfSettings settings = {.fields = 77};
        GError *error = NULL;
        if (vv_vf_settings_from_text(bad[i], &settings, &error))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(error->code, VV_ERROR_USAGE);
        assert_int_equal(settings.fields, 77);
        g_error_free(error);
    }
}

static guint differ(const char *now, const char *wanted)
{
    VvVfSettings a, b;

    assert_true(vv_vf_settings_from_text(now, &a, NULL));
    assert_true(vv_vf_settings_from_text(wanted, &b, NULL));
    return vv_vf_settings_differ(&a, &b);
}

static void test_differ(void **state)
{
    const char *all = "mac=52:54:00:00:00:01 vlan=5 qos=1 trust=on spoofchk=on rate=10,1 link=enable";

    assert_int_equal(differ(all, all), 0);
    assert_int_equal(differ(all, ""), 0);
    assert_int_equal(differ("", all),
                     VV_VF_MAC | VV_VF_VLAN | VV_VF_TRUST | VV_VF_SPOOFCHK | VV_VF_RATE | VV_VF_LINK);
    assert_int_equal(differ(all, "mac=52:54:00:00:00:02"), VV_VF_MAC);
    assert_int_equal(differ(all, "vlan=5 qos=2"), VV_VF_VLAN);
    assert_int_equal(differ(all, "vlan=5 qos=1 proto=802.1ad"), VV_VF_VLAN);
    assert_int_equal(differ("vlan=0", "vlan=0 proto=802.1ad"), 0);
    assert_int_equal(differ(all, "rate=10,0 trust=off"), VV_VF_RATE | VV_VF_TRUST);
    assert_int_equal(differ("trust=off", "trust=off spoofchk=off"), VV_VF_SPOOFCHK);
}

/* What a kernel 6.12 with igb said of three VFs; see vf-messages.h. */
static void test_recorded(void **state)
{
    static const char *const expected[] = {
        "mac=52:54:00:00:00:07 vlan=5 qos=3 trust=on spoofchk=off rate=0,0 link=auto",
        "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=100,0 link=auto",
        "mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=auto",
    };
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
    g_autofree guint8 *message = g_memdup2(igb_message, sizeof igb_message);

    assert_int_equal(vv_vf_decode((struct nlmsghdr *)(gpointer)message, infos), 0);
    assert_int_equal(infos->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < infos->len; i++) {
        const VvVfInfo *info = &g_array_index(infos, VvVfInfo, i);
        g_autofree char *text = vv_vf_settings_to_text(&info->settings);
        assert_int_equal(info->index, i);
        assert_text(text, expected[i]);
        assert_true(info->has_statistics);
    }
    assert_ptr_equal(vv_vf_info_find(infos, 1), &g_array_index(infos, VvVfInfo, 1));
    assert_null(vv_vf_info_find(infos, 3));
}

/* Whatever a driver says: this program's own words can carry it from the child that asks, and in a note. */
static void assert_sayable(const GArray *infos)
{
    for (guint i = 0; i < infos->len; i++) {
        const VvVfSettings *said = &g_array_index(infos, VvVfInfo, i).settings;
        g_autofree char *text = vv_vf_settings_to_text(said);
        VvVfSettings heard;
        if (!vv_vf_settings_from_text(text, &heard, NULL))
            fail_msg("'%s' is not understood", text);
        assert_int_equal(heard.fields, said->fields);
        assert_int_equal(vv_vf_settings_differ(said, &heard), 0);
    }
}

/* As mlx4 (ConnectX-3) tells of a VF that is in no VLAN, and what no driver should. */
static void test_sober(void **state)
{
    VvVfSettings s = {.fields = VV_VF_VLAN | VV_VF_MAC | VV_VF_RATE | VV_VF_TRUST,
                      .vlan = 4095,
                      .proto = 0x8100,
                      .mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                      .qos = 8,
                      .max_rate = 100,
                      .min_rate = 200,
                      .trust = TRUE};

    vv_vf_settings_sober(&s);
    g_autofree char *text = vv_vf_settings_to_text(&s);
    assert_text(text, "vlan=0 qos=0 trust=on rate=100,0");
    s.max_rate = G_MAXUINT32;
    s.vlan = 4094;
    s.qos = 7;
    s.min_rate = 5;
    vv_vf_settings_sober(&s);
    g_autofree char *other = vv_vf_settings_to_text(&s);
    assert_text(other, "vlan=4094 qos=7 trust=on rate=0,5");
}

static void test_copy(void **state)
{
    VvVfSettings to, from, some = {0};

    assert_true(vv_vf_settings_from_text("mac=52:54:00:00:00:01 vlan=5 trust=on", &to, NULL));
    assert_true(vv_vf_settings_from_text(
        "mac=52:54:00:00:00:02 vlan=6 qos=1 proto=802.1ad trust=off spoofchk=on rate=7,3 link=disable", &from,
        NULL));
    vv_vf_settings_copy(&some, &from, G_MAXUINT);
    assert_int_equal(vv_vf_settings_differ(&from, &some), 0);
    assert_int_equal(some.fields, from.fields);
    vv_vf_settings_copy(&to, &from, VV_VF_VLAN | VV_VF_RATE);
    g_autofree char *text = vv_vf_settings_to_text(&to);
    assert_text(text, "mac=52:54:00:00:00:01 vlan=6 qos=1 proto=802.1ad trust=on rate=7,3");
    /* What it does not have is not copied. */
    some = (VvVfSettings){0};
    vv_vf_settings_copy(&some, &to, VV_VF_LINK | VV_VF_SPOOFCHK);
    assert_int_equal(some.fields, 0);
}

/* Cut anywhere, or with a byte changed, it must not be read beyond its end. */
static void test_hostile(void **state)
{
    for (guint at = 0; at < sizeof igb_message; at++) {
        g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
        guint length = MAX(at, (guint)sizeof(struct nlmsghdr));
        g_autofree guint8 *cut = g_memdup2(igb_message, length);
        ((struct nlmsghdr *)(gpointer)cut)->nlmsg_len = length;
        vv_vf_decode((struct nlmsghdr *)(gpointer)cut, infos);
        assert_sayable(infos);
        g_autofree guint8 *bent = g_memdup2(igb_message, sizeof igb_message);
        if (at >= sizeof(struct nlmsghdr))
            bent[at] ^= 0xff;
        vv_vf_decode((struct nlmsghdr *)(gpointer)bent, infos);
        assert_sayable(infos);
    }
}

static const guint8 *sent(struct nl_msg *message, int type, gsize size)
{
    struct nlmsghdr *header = nlmsg_hdr(message);
    struct nlattr *list = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
    struct nlattr *info = nla_find(nla_data(list), nla_len(list), IFLA_VF_INFO);
    struct nlattr *attribute = nla_find(nla_data(info), nla_len(info), type);

    assert_int_equal(header->nlmsg_type, RTM_SETLINK);
    assert_int_equal(((struct ifinfomsg *)nlmsg_data(header))->ifi_index, 7);
    assert_non_null(attribute);
    assert_int_equal(nla_len(attribute), (int)size);
    return nla_data(attribute);
}

#define SENT(message, type, structure)                                                                       \
    ((const structure *)(gconstpointer)sent(message, type, sizeof(structure)))

static void test_encode(void **state)
{
    VvVfSettings s;
    struct nl_msg *message;

    assert_true(vv_vf_settings_from_text(
        "mac=52:54:00:00:00:07 vlan=5 qos=3 trust=on spoofchk=off rate=100,20 link=disable", &s, NULL));
    message = vv_vf_encode(7, 2, VV_VF_MAC, &s);
    assert_int_equal(SENT(message, IFLA_VF_MAC, struct ifla_vf_mac)->vf, 2);
    assert_memory_equal(SENT(message, IFLA_VF_MAC, struct ifla_vf_mac)->mac, s.mac, 6);
    nlmsg_free(message);
    message = vv_vf_encode(7, 2, VV_VF_VLAN, &s);
    assert_int_equal(SENT(message, IFLA_VF_VLAN, struct ifla_vf_vlan)->vlan, 5);
    assert_int_equal(SENT(message, IFLA_VF_VLAN, struct ifla_vf_vlan)->qos, 3);
    nlmsg_free(message);
    message = vv_vf_encode(7, 2, VV_VF_RATE, &s);
    assert_int_equal(SENT(message, IFLA_VF_RATE, struct ifla_vf_rate)->max_tx_rate, 100);
    assert_int_equal(SENT(message, IFLA_VF_RATE, struct ifla_vf_rate)->min_tx_rate, 20);
    nlmsg_free(message);
    message = vv_vf_encode(7, 2, VV_VF_TRUST, &s);
    assert_int_equal(SENT(message, IFLA_VF_TRUST, struct ifla_vf_trust)->setting, 1);
    nlmsg_free(message);
    message = vv_vf_encode(7, 2, VV_VF_SPOOFCHK, &s);
    assert_int_equal(SENT(message, IFLA_VF_SPOOFCHK, struct ifla_vf_spoofchk)->setting, 0);
    nlmsg_free(message);
    message = vv_vf_encode(7, 2, VV_VF_LINK, &s);
    assert_int_equal(SENT(message, IFLA_VF_LINK_STATE, struct ifla_vf_link_state)->link_state,
                     IFLA_VF_LINK_STATE_DISABLE);
    nlmsg_free(message);
}

/* The outer VLAN has a list, as iproute2 sends it. */
static void test_encode_outer(void **state)
{
    VvVfSettings s;

    assert_true(vv_vf_settings_from_text("vlan=9 proto=802.1ad", &s, NULL));
    struct nl_msg *message = vv_vf_encode(7, 1, VV_VF_VLAN, &s);
    struct nlattr *list = nlmsg_find_attr(nlmsg_hdr(message), sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
    struct nlattr *info = nla_find(nla_data(list), nla_len(list), IFLA_VF_INFO);
    struct nlattr *vlans = nla_find(nla_data(info), nla_len(info), IFLA_VF_VLAN_LIST);
    struct nlattr *one = nla_find(nla_data(vlans), nla_len(vlans), IFLA_VF_VLAN_INFO);
    const struct ifla_vf_vlan_info *vlan = nla_data(one);
    assert_int_equal(vlan->vlan, 9);
    assert_int_equal(GUINT16_FROM_BE(vlan->vlan_proto), 0x88a8);
    nlmsg_free(message);
}

/* A recorded machine, and an interface that is not there: words, and nothing is asked of this host. */
static void test_unreachable(void **state)
{
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("vf-settings.XXXXXX", NULL);
    g_autoptr(VvSysfs) recorded = vv_sysfs_new(folder, NULL), running = vv_sysfs_new(NULL, NULL);
    VvVfSettings before, wanted = {.fields = VV_VF_TRUST};

    assert_null(vv_vf_settings_read(recorded, "eth0", 1000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "recorded machine");
    assert_null(vv_vf_settings_read(running, "no-such-nic", 20000, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no-such-nic");
    assert_false(vv_vf_settings_apply(running, "no-such-nic", 0, &wanted, 20000, &before, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no-such-nic: VF 0");
    assert_int_equal(before.fields, 0);
    /* The loopback has no VFs. */
    assert_false(vv_vf_settings_apply(running, "lo", 0, &wanted, 20000, &before, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "no virtual function of that number");
    g_autoptr(GArray) infos = vv_vf_settings_read(running, "lo", 20000, &error);
    assert_fine(error);
    assert_int_equal(infos->len, 0);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),       cmocka_unit_test(test_differ),
        cmocka_unit_test(test_sober),       cmocka_unit_test(test_copy),
        cmocka_unit_test(test_recorded),    cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_encode),      cmocka_unit_test(test_encode_outer),
        cmocka_unit_test(test_unreachable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
