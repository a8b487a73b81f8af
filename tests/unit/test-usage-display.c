/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "usage-machine.h"

#define KEYS "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n"
#define BUTTONS "70000 0 0 0 0\n"
#define HDMI "card1-HDMI-A-1"
#define EDP "card0-eDP-1"

static int set_up(void **state)
{
    *state = usage_machine_new();
    usage_add(*state, "drm", "card0", IGPU "/drm/card0");
    usage_add(*state, "drm", EDP, IGPU "/drm/card0/" EDP);
    usage_add(*state, "drm", "card1", GPU "/drm/card1");
    usage_add(*state, "drm", HDMI, GPU "/drm/card1/" HDMI);
    usage_add(*state, "drm", "renderD128", GPU "/drm/renderD128");
    usage_put(*state, "sys/class/drm/" HDMI "/status", "disconnected\n");
    usage_put(*state, "sys/class/drm/" HDMI "/enabled", "disabled\n");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void light(FakeHost *fake, const char *connector)
{
    g_autofree char *status = g_strdup_printf("sys/class/drm/%s/status", connector);
    g_autofree char *enabled = g_strdup_printf("sys/class/drm/%s/enabled", connector);

    usage_put(fake, status, "connected\n");
    usage_put(fake, enabled, "enabled\n");
}

static void set_boot(FakeHost *fake)
{
    usage_put(fake, "sys/bus/pci/devices/" GPU "/boot_vga", "1\n");
}

static void test_dark(void **state)
{
    assert_usage(*state, GPU, "");
    usage_put(*state, "sys/class/drm/" HDMI "/status", "connected\n");
    assert_usage(*state, GPU, "");
    light(*state, EDP);
    assert_usage(*state, GPU, "");
}

static void test_lit(void **state)
{
    light(*state, HDMI);
    assert_usage(*state, GPU,
                 "display-active warn HDMI-A-1 is the only lit screen of this host; it will go dark\n");
    light(*state, EDP);
    assert_usage(*state, GPU, "display-active warn HDMI-A-1 is a lit screen; it will go dark\n");
    usage_add(*state, "drm", "card1-DP-1", GPU "/drm/card1/card1-DP-1");
    light(*state, "card1-DP-1");
    assert_usage(*state, GPU, "display-active warn DP-1 and HDMI-A-1 are lit screens; they will go dark\n");
}

static void test_boot(void **state)
{
    static const char blocked[] =
        "display-boot block this host boots with it as its display, and no other card has a lit screen\n";

    set_boot(*state);
    assert_usage(*state, GPU, blocked);
    assert_usage(*state, IGPU, "");
    /* The firmware's frame buffer is this card's. */
    usage_add_at(*state, "drm", "card2-Unknown-1", "platform/simple-framebuffer.0/drm/card2/card2-Unknown-1");
    light(*state, "card2-Unknown-1");
    assert_usage(*state, GPU, blocked);
    light(*state, EDP);
    assert_usage(*state, GPU, "display-boot warn this host boots with it as its display\n");
    g_autofree char *both = usage_of_with(*state, GPU, GPU ";" IGPU);
    assert_text(both, blocked);
}

static void test_console(void **state)
{
    static const char said[] = "display-active warn the text console of this host is drawn by it\n";

    usage_add(*state, "graphics", "fb0", GPU "/graphics/fb0");
    usage_add(*state, "graphics", "fb1", IGPU "/graphics/fb1");
    usage_add_at(*state, "graphics", "fbcon", "virtual/graphics/fbcon");
    usage_add_at(*state, "vtconsole", "vtcon0", "virtual/vtconsole/vtcon0");
    usage_add_at(*state, "vtconsole", "vtcon1", "virtual/vtconsole/vtcon1");
    usage_put(*state, "sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
    usage_put(*state, "sys/class/vtconsole/vtcon0/bind", "1\n");
    usage_put(*state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
    usage_put(*state, "sys/class/vtconsole/vtcon1/bind", "0\n");
    assert_usage(*state, GPU, "");
    usage_put(*state, "sys/class/vtconsole/vtcon1/bind", "1\n");
    assert_usage(*state, GPU, said);
    assert_usage(*state, IGPU, "");
}

static void test_firmware_console(void **state)
{
    usage_add_at(*state, "graphics", "fb0", "platform/efi-framebuffer.0/graphics/fb0");
    usage_add_at(*state, "vtconsole", "vtcon1", "virtual/vtconsole/vtcon1");
    usage_put(*state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
    usage_put(*state, "sys/class/vtconsole/vtcon1/bind", "1\n");
    assert_usage(*state, GPU, "");
    set_boot(*state);
    g_autofree char *said = usage_of(*state, GPU);
    assert_non_null(strstr(said, "display-active warn the text console"));
    assert_usage(*state, IGPU, "");
}

static void add_input(FakeHost *fake, const char *name, const char *path, const char *label,
                      gboolean is_keyboard)
{
    const struct {
        const char *file, *text;
    } files[] = {{"name", label},
                 {"capabilities/key", is_keyboard ? KEYS : BUTTONS},
                 {"capabilities/rel", is_keyboard ? "0\n" : "943\n"},
                 {"capabilities/abs", "0\n"}};

    usage_add_at(fake, "input", name, path);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *file = g_strdup_printf("sys/class/input/%s/%s", name, files[i].file);
        usage_put(fake, file, files[i].text);
    }
}

#define USB_INPUT(usb, n) "pci0000:00/" usb "/usb1/1-1/1-1:1.0/0003:0627:0001.0001/input/input" n

static void test_last_input(void **state)
{
    static const char keyboard[] = "input-last block the last keyboard of this host hangs on it (Model M)\n";

    add_input(*state, "input3", USB_INPUT(USB, "3"), "Model M\n", TRUE);
    usage_add_at(*state, "input", "event3", USB_INPUT(USB, "3") "/event3");
    assert_usage(*state, USB, keyboard);
    assert_usage(*state, USB2, "");
    add_input(*state, "input4", USB_INPUT(USB, "4"), "Another\n", TRUE);
    assert_usage(*state, USB, keyboard);
    /* What a program made up is not one. */
    add_input(*state, "input5", "virtual/input/input5", "ydotool\n", TRUE);
    assert_usage(*state, USB, keyboard);
    add_input(*state, "input6", USB_INPUT(USB2, "6"), "Spare\n", TRUE);
    assert_usage(*state, USB, "");
    g_autofree char *both = usage_of_with(*state, USB, USB ";" USB2);
    assert_text(both, keyboard);
    add_input(*state, "input1", "platform/i8042/serio0/input/input1", "AT\n", TRUE);
    both = (g_free(both), usage_of_with(*state, USB, USB ";" USB2));
    assert_text(both, "");
    add_input(*state, "input7", USB_INPUT(USB, "7"), "Mouse\n", FALSE);
    assert_usage(*state, USB, "input-last warn the last mouse of this host hangs on it (Mouse)\n");
}

/* They come through the adapter, wherever that is, and the device tree does not say so. */
static void test_bluetooth(void **state)
{
    add_input(*state, "input8", "virtual/misc/uhid/0005:046D:B342.0007/input/input8", "K380\n", TRUE);
    assert_usage(*state, USB, "");
    usage_add(*state, "bluetooth", "hci0", USB "/usb1/1-3/1-3:1.0/bluetooth/hci0");
    assert_usage(*state, USB, "input-last block the last keyboard of this host hangs on it (K380)\n");
    add_input(*state, "input3", USB_INPUT(USB2, "3"), "Model M\n", TRUE);
    assert_usage(*state, USB, "");
    /* The other controller has a keyboard, but goes too. */
    g_autofree char *both = usage_of_with(*state, USB, USB ";" USB2);
    assert_text(both, "input-last block the last keyboard of this host hangs on it (K380)\n");
    assert_usage(*state, USB2, "");
}

static void test_console_port(void **state)
{
    usage_add(*state, "tty", "ttyS4", SERIAL "/" SERIAL ":0/" SERIAL ":0.0/tty/ttyS4");
    usage_add_at(*state, "tty", "tty0", "virtual/tty/tty0");
    usage_put(*state, "sys/class/tty/console/active", "tty0\n");
    assert_usage(*state, SERIAL, "");
    usage_put(*state, "sys/class/tty/console/active", "tty0 ttyS4\n");
    assert_usage(*state, SERIAL, "input-last block the kernel's console ttyS4 is a port of it\n");
}

static void test_tpm(void **state)
{
    usage_add(*state, "tpm", "tpm0", SERIAL "/spi0/spi0.0/tpm/tpm0");
    assert_usage(*state, SERIAL, "tpm-last block this host's TPM is behind it, which may unlock its disks\n");
    usage_add_at(*state, "tpm", "tpm1", "platform/MSFT0101:00/tpm/tpm1");
    assert_usage(*state, SERIAL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_boot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_console, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_firmware_console, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bluetooth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_console_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tpm, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
