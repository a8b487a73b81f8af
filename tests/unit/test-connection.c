/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/connection.h"

#include <unistd.h>

/* libvirt's test driver: a hypervisor inside the library, which needs no daemon and starts nothing. All
 * connections to "default" see the same domains; one named "test" runs from the beginning. */
#define URI "test:///default"
#define XML(name, uuid)                                                                                      \
    "<domain type='test'><name>" name "</name>" uuid "<memory>8192</memory><vcpu>1</vcpu>"                   \
    "<os><type>hvm</type></os></domain>"

static VvConnection *connection;

static int set_up(void **state)
{
    g_autoptr(GError) error = NULL;

    connection = vv_connection_open(URI, &error);
    if (!connection)
        print_error("%s\n", error->message);
    /* Without libvirt the tests are skipped; with it they have to work. */
    return connection || g_error_matches(error, VV_ERROR, VV_ERROR_NOT_READY) ? 0 : -1;
}

static int tear_down(void **state)
{
    vv_connection_close(connection);
    return 0;
}

static void need_libvirt(void)
{
    if (!connection)
        skip();
}

static VvDomainState state_of(const char *domain)
{
    VvDomainState state = VV_DOMAIN_CRASHED;

    assert_true(vv_connection_state(connection, domain, &state, NULL));
    return state;
}

static void test_open_fails(void **state)
{
    g_autoptr(GError) error = NULL;

    need_libvirt();
    assert_null(vv_connection_open("qemu+unix:///system?socket=/nonexistent/socket", &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_NOT_READY));
    assert_non_null(strstr(error->message, "systemctl start libvirtd"));
}

static void test_define(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uuid = NULL, *again = NULL, *found = NULL, *xml = NULL;
    g_autofree char *same = NULL;

    need_libvirt();
    assert_null(vv_connection_uuid(connection, "b"));
    uuid = vv_connection_define(connection, XML("b", ""), &error);
    assert_non_null(uuid);
    assert_true(g_uuid_string_is_valid(uuid));
    found = vv_connection_uuid(connection, "b");
    assert_string_equal(found, uuid);
    /* The same name needs the same uuid. */
    assert_null(vv_connection_define(connection, XML("b", ""), &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
    g_clear_error(&error);
    same = g_strdup_printf(XML("b", "<uuid>%s</uuid>"), uuid);
    again = vv_connection_define(connection, same, &error);
    assert_string_equal(again, uuid);
    xml = vv_connection_domain_xml(connection, "b", &error);
    assert_non_null(strstr(xml, "<name>b</name>"));
    g_clear_pointer(&xml, g_free);
    xml = vv_connection_domain_xml(connection, uuid, &error);
    assert_non_null(strstr(xml, uuid));
}

static void test_define_validates(void **state)
{
    g_autoptr(GError) error = NULL;

    need_libvirt();
    assert_null(vv_connection_define(connection, XML("c", "<memroy>1</memroy>"), &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
    assert_null(strchr(error->message, '\n'));
    g_clear_error(&error);
    assert_null(vv_connection_define(connection, "<domain", &error));
    assert_non_null(error);
}

static void test_absent(void **state)
{
    g_autoptr(GError) error = NULL;
    VvDomainState ignored;

    need_libvirt();
    assert_null(vv_connection_domain_xml(connection, "nobody", &error));
    assert_non_null(strstr(error->message, "nobody"));
    g_clear_error(&error);
    assert_false(vv_connection_state(connection, "nobody", &ignored, &error));
    g_clear_error(&error);
    assert_false(vv_connection_start(connection, "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11", &error));
    g_clear_error(&error);
    assert_false(vv_connection_wait_off(connection, "nobody", 0, -1, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
}

static void test_list(void **state)
{
    g_autoptr(GPtrArray) list = NULL;
    gboolean seen = FALSE;

    need_libvirt();
    list = vv_connection_list(connection, NULL);
    assert_non_null(list);
    for (guint i = 0; i < list->len; i++) {
        const VvDomainInfo *info = list->pdata[i];

        assert_true(g_uuid_string_is_valid(info->uuid));
        assert_non_null(strstr(info->xml, info->name));
        seen |= g_str_equal(info->name, "test") && info->state == VV_DOMAIN_RUNNING;
        assert_true(i == 0 || strcmp(((VvDomainInfo *)list->pdata[i - 1])->name, info->name) < 0);
    }
    assert_true(seen);
}

static void test_start_and_stop(void **state)
{
    g_autofree char *uuid = NULL;
    g_autoptr(GError) error = NULL;

    need_libvirt();
    uuid = vv_connection_define(connection, XML("s", ""), NULL);
    assert_int_equal(state_of("s"), VV_DOMAIN_OFF);
    assert_true(vv_connection_start(connection, "s", NULL));
    assert_int_equal(state_of(uuid), VV_DOMAIN_RUNNING);
    assert_false(vv_connection_start(connection, "s", &error));
    assert_non_null(strstr(error->message, "s cannot be started: "));
    assert_true(vv_connection_shutdown(connection, "s", NULL));
    assert_int_equal(state_of("s"), VV_DOMAIN_OFF);
    assert_true(vv_connection_start(connection, "s", NULL));
    assert_true(vv_connection_destroy(connection, "s", NULL));
    assert_int_equal(state_of("s"), VV_DOMAIN_OFF);
}

static void test_wait_ends_early(void **state)
{
    g_autoptr(GError) error = NULL;
    gint64 start = g_get_monotonic_time();
    int pipe_fds[2];

    need_libvirt();
    assert_false(vv_connection_wait_off(connection, "test", 0, -1, &error));
    assert_null(error);
    assert_false(vv_connection_wait_off(connection, "test", 50, -1, &error));
    assert_null(error);
    assert_true(g_get_monotonic_time() - start >= 50000);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    assert_false(vv_connection_wait_off(connection, "test", -1, pipe_fds[0], &error));
    assert_null(error);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static gpointer destroy_later(gpointer name)
{
    g_autoptr(VvConnection) other = vv_connection_open(URI, NULL);

    g_usleep(100000);
    return GINT_TO_POINTER(vv_connection_destroy(other, name, NULL));
}

static void test_wait(void **state)
{
    g_autofree char *uuid = NULL;
    g_autoptr(GError) error = NULL;
    GThread *thread;

    need_libvirt();
    uuid = vv_connection_define(connection, XML("w", ""), NULL);
    assert_true(vv_connection_wait_off(connection, "w", -1, -1, &error)); /* it is not running */
    for (int round = 0; round < 3; round++) {
        assert_true(vv_connection_start(connection, "w", NULL));
        thread = g_thread_new("stop", destroy_later, "w");
        assert_true(vv_connection_wait_off(connection, round ? "w" : uuid, 20000, -1, &error));
        assert_null(error);
        assert_true(GPOINTER_TO_INT(g_thread_join(thread)));
        assert_int_equal(state_of("w"), VV_DOMAIN_OFF);
    }
}

static void test_names(void **state)
{
    assert_string_equal(vv_domain_state_name(VV_DOMAIN_OFF), "off");
    assert_string_equal(vv_domain_state_name(VV_DOMAIN_CRASHED), "crashed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_fails),
        cmocka_unit_test(test_define),
        cmocka_unit_test(test_define_validates),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_wait_ends_early),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("connection", tests, set_up, tear_down);
}
