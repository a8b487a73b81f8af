/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More virtual functions than the kernel's answer has room for. */
#include "test.h"

#include "vf-messages.h"
#include "vfio/vf-netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>

/* What the kernel says of many VFs, made of what it said of one: IFLA_NUM_VF and the list, whose length keeps
 * 16 bits (nla_nest_end), and an attribute behind it. New memory. */
static struct nlmsghdr *many(guint count, gboolean statistics)
{
    const struct nlattr *list =
        nlmsg_find_attr((struct nlmsghdr *)(gpointer)igb_message, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
    const struct nlattr *one = nla_data(list);
    /* The statistics come last. */
    const struct nlattr *stats = nla_find(nla_data(one), nla_len(one), IFLA_VF_STATS);
    gsize size = statistics ? one->nla_len : (gsize)((const guint8 *)stats - (const guint8 *)one);
    gsize head = NLMSG_HDRLEN + sizeof(struct ifinfomsg), length = head + 12 + count * size + 8;
    guint8 *bytes = g_malloc0(length), *at = bytes + head;
    struct nlmsghdr *message = (gpointer)bytes;

    memcpy(bytes, igb_message, head);
    message->nlmsg_len = (guint32)length;
    *(struct nlattr *)(gpointer)at = (struct nlattr){8, IFLA_NUM_VF};
    *(guint32 *)(gpointer)(at + 4) = count;
    *(struct nlattr *)(gpointer)(at + 8) = (struct nlattr){(guint16)(4 + count * size), IFLA_VFINFO_LIST};
    at += 12;
    for (guint i = 0; i < count; i++, at += size) {
        memcpy(at, one, size);
        ((struct nlattr *)(gpointer)at)->nla_len = (guint16)size;
        *(guint32 *)(gpointer)(at + 8) = i; /* of IFLA_VF_MAC, which comes first */
    }
    *(struct nlattr *)(gpointer)at = (struct nlattr){8, IFLA_XDP};
    return message;
}

static guint read_many(guint count, gboolean statistics, int expected)
{
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));
    g_autofree struct nlmsghdr *message = many(count, statistics);

    assert_int_equal(vv_vf_decode(message, infos), expected);
    for (guint i = 0; !expected && i < infos->len; i++) {
        assert_int_equal(g_array_index(infos, VvVfInfo, i).index, i);
        assert_int_equal(g_array_index(infos, VvVfInfo, i).has_statistics, statistics);
    }
    return infos->len;
}

/* As many as fit are read; of more, a length that wrapped is noticed wherever it makes the list end: before
 * its first VF, within one, and exactly behind one. */
static void test_many(void **state)
{
    assert_int_equal(read_many(221, TRUE, 0), 221);
    assert_int_equal(read_many(256, FALSE, 0), 256);
    assert_int_equal(read_many(334, FALSE, 0), 334);
    for (guint count = 222; count <= 700; count++)
        read_many(count, TRUE, EMSGSIZE);
    for (guint count = 335; count <= 1100; count++)
        read_many(count, FALSE, EMSGSIZE);
    /* 16384 × 196 is 49 × 65536: the list seems to be empty. */
    assert_int_equal(read_many(16384, FALSE, EMSGSIZE), 0);
    assert_int_equal(read_many(8193, TRUE, EMSGSIZE), 1);
}

/* The kernel's side of one question after the other, for vv_vf_ask(). */
static struct {
    guint count, asked[2], questions;
    gboolean obeys; /* without statistics where none are wanted */
    int (*take)(struct nl_msg *message, void *data);
    void *data;
} kernel;

int __wrap_nl_connect(struct nl_sock *socket, int protocol);
int __wrap_nl_socket_modify_cb(struct nl_sock *socket, enum nl_cb_type type, enum nl_cb_kind kind,
                               nl_recvmsg_msg_cb_t take, void *data);
int __wrap_nl_send_auto(struct nl_sock *socket, struct nl_msg *message);
int __wrap_nl_wait_for_ack(struct nl_sock *socket);

int __wrap_nl_connect(struct nl_sock *socket, int protocol)
{
    return 0;
}

int __wrap_nl_socket_modify_cb(struct nl_sock *socket, enum nl_cb_type type, enum nl_cb_kind kind,
                               nl_recvmsg_msg_cb_t take, void *data)
{
    kernel.take = take;
    kernel.data = data;
    return 0;
}

int __wrap_nl_send_auto(struct nl_sock *socket, struct nl_msg *message)
{
    struct nlattr *mask = nlmsg_find_attr(nlmsg_hdr(message), sizeof(struct ifinfomsg), IFLA_EXT_MASK);

    assert_true(kernel.questions < G_N_ELEMENTS(kernel.asked));
    kernel.asked[kernel.questions++] = nla_get_u32(mask);
    return 1;
}

int __wrap_nl_wait_for_ack(struct nl_sock *socket)
{
    gboolean skip = kernel.asked[kernel.questions - 1] & RTEXT_FILTER_SKIP_STATS;
    g_autofree struct nlmsghdr *answer = many(kernel.count, !(kernel.obeys && skip));
    struct nl_msg *message = nlmsg_convert(answer);

    kernel.take(message, kernel.data);
    nlmsg_free(message);
    return 0;
}

/* How many VFs are told of, after so many questions. */
static void assert_asks(guint count, gboolean statistics, gboolean obeys, int expected, guint questions)
{
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(VvVfInfo));

    kernel = (__typeof__(kernel)){.count = count, .obeys = obeys};
    assert_int_equal(vv_vf_ask(7, statistics, infos), expected);
    assert_int_equal(kernel.questions, questions);
    if (!expected)
        assert_int_equal(infos->len, count);
    for (guint i = 0; !expected && i < infos->len; i++)
        assert_int_equal(g_array_index(infos, VvVfInfo, i).index, i);
}

/* Statistics are left out where they do not fit, and the question is asked once more for that only. */
static void test_ask(void **state)
{
    assert_asks(7, TRUE, TRUE, 0, 1);
    assert_int_equal(kernel.asked[0], RTEXT_FILTER_VF);
    assert_asks(256, TRUE, TRUE, 0, 2);
    assert_int_equal(kernel.asked[0], RTEXT_FILTER_VF);
    assert_int_equal(kernel.asked[1], RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
    assert_asks(256, FALSE, TRUE, 0, 1);
    assert_asks(400, TRUE, TRUE, EMSGSIZE, 2);
    assert_asks(400, FALSE, TRUE, EMSGSIZE, 1);
    assert_asks(256, TRUE, FALSE, EMSGSIZE, 2); /* before Linux 6.5 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
