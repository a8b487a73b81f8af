/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-quirk.h"

#include <string.h>

#define KERNEL "drivers/pci/quirks.c"
#define VENDOR_RESET "vendor-reset, src/device-db.h"

#define ONE(v, d, m, w, s)                                                                                   \
    {                                                                                                        \
        .vendor = v, .device = d, .mask = 0xffff, .method = m, .why = w, .source = s                         \
    }

#define NO_FLR(v, d) ONE(v, d, "flr", "a function level reset makes it hang", KERNEL ", quirk_no_flr")
#define NO_BUS(v, d, w) ONE(v, d, "bus", w, KERNEL ", quirk_no_bus_reset")
#define NO_PM(v, d) ONE(v, d, "pm", "going through D3 does not reset it", KERNEL ", quirk_no_pm_reset")
#define SLOW(v, d)                                                                                           \
    {                                                                                                        \
        .vendor = v, .device = d, .mask = 0xffff, .method = "flr",                                           \
        .source = KERNEL ", delay_250ms_after_flr", .settle_ms = 250                                         \
    }
#define WANTS_VENDOR(d)                                                                                      \
    ONE(0x1002, d, NULL,                                                                                     \
        "no standard reset brings this card back; the module vendor-reset can (load it before the card is "  \
        "reset for the first time, and its method device_specific comes first)",                             \
        VENDOR_RESET)

/* Ids in the order of their source. */
static const VvResetQuirk quirks[] = {
    /* Starship and Matisse audio and USB, FCH AHCI; 82579LM and V; MT7922 Wi-Fi (6.14). */
    NO_FLR(0x1022, 0x1487),
    NO_FLR(0x1022, 0x148c),
    NO_FLR(0x1022, 0x149c),
    NO_FLR(0x1022, 0x7901),
    NO_FLR(0x8086, 0x1502),
    NO_FLR(0x8086, 0x1503),
    NO_FLR(0x14c3, 0x0616),
    /* Samsung SM961 and PM961: their own method, which the kernel has since 4.17, switches them off first. */
    ONE(0x144d, 0xa804, "flr", "it may stop answering unless its controller is disabled before",
        KERNEL ", nvme_disable_and_flr"),
    /* Intel DC P3700 and P4510; Solidigm P44 Pro. */
    SLOW(0x8086, 0x0953),
    SLOW(0x8086, 0x0a54),
    SLOW(0x025e, 0xf1ac),
    {.vendor = 0x10de,
     .device = 0x2340,
     .mask = 0xffc0,
     .method = "bus",
     .why = "it does not work any more after a bus reset",
     .source = KERNEL ", quirk_nvidia_no_bus_reset"},
    /* AR9xxx and QCA988x. */
    NO_BUS(0x168c, 0x0030, "after a bus reset it never answers again, and the host may hang"),
    NO_BUS(0x168c, 0x0032, "after a bus reset it never answers again, and the host may hang"),
    NO_BUS(0x168c, 0x003c, "after a bus reset it never answers again, and the host may hang"),
    NO_BUS(0x168c, 0x0033, "after a bus reset it never answers again, and the host may hang"),
    NO_BUS(0x168c, 0x0034, "after a bus reset it never answers again, and the host may hang"),
    NO_BUS(0x168c, 0x003e, "after a bus reset it never answers again, and the host may hang"),
    /* TI KeyStone C667X. */
    NO_BUS(0x104c, 0xb005, "it switches its link off when its bus is reset"),
    {.vendor = 0x1002,
     .class_code = 0x030000,
     .class_mask = 0xffff00,
     .method = "pm",
     .why = "going through D3 does not reset it: picture and memory stay",
     .source = KERNEL ", quirk_no_pm_reset"},
    /* Spectrum 1 to 4. */
    NO_PM(0x15b3, 0xcb84),
    NO_PM(0x15b3, 0xcf6c),
    NO_PM(0x15b3, 0xcf70),
    NO_PM(0x15b3, 0xcf80),
    /* Polaris 10. */
    WANTS_VENDOR(0x67c0),
    WANTS_VENDOR(0x67c1),
    WANTS_VENDOR(0x67c2),
    WANTS_VENDOR(0x67c4),
    WANTS_VENDOR(0x67c7),
    WANTS_VENDOR(0x67d0),
    WANTS_VENDOR(0x67df),
    WANTS_VENDOR(0x67c8),
    WANTS_VENDOR(0x67c9),
    WANTS_VENDOR(0x67ca),
    WANTS_VENDOR(0x67cc),
    WANTS_VENDOR(0x67cf),
    WANTS_VENDOR(0x6fdf),
    /* Polaris 11. */
    WANTS_VENDOR(0x67e0),
    WANTS_VENDOR(0x67e3),
    WANTS_VENDOR(0x67e8),
    WANTS_VENDOR(0x67eb),
    WANTS_VENDOR(0x67ef),
    WANTS_VENDOR(0x67ff),
    WANTS_VENDOR(0x67e1),
    WANTS_VENDOR(0x67e7),
    WANTS_VENDOR(0x67e9),
    /* Polaris 12. */
    WANTS_VENDOR(0x6980),
    WANTS_VENDOR(0x6981),
    WANTS_VENDOR(0x6985),
    WANTS_VENDOR(0x6986),
    WANTS_VENDOR(0x6987),
    WANTS_VENDOR(0x6995),
    WANTS_VENDOR(0x6997),
    WANTS_VENDOR(0x699f),
    /* Vega 10. */
    WANTS_VENDOR(0x6860),
    WANTS_VENDOR(0x6861),
    WANTS_VENDOR(0x6862),
    WANTS_VENDOR(0x6863),
    WANTS_VENDOR(0x6864),
    WANTS_VENDOR(0x6867),
    WANTS_VENDOR(0x6868),
    WANTS_VENDOR(0x6869),
    WANTS_VENDOR(0x686a),
    WANTS_VENDOR(0x686b),
    WANTS_VENDOR(0x686c),
    WANTS_VENDOR(0x686d),
    WANTS_VENDOR(0x686e),
    WANTS_VENDOR(0x686f),
    WANTS_VENDOR(0x687f),
    /* Vega 20. */
    WANTS_VENDOR(0x66a0),
    WANTS_VENDOR(0x66a1),
    WANTS_VENDOR(0x66a2),
    WANTS_VENDOR(0x66a3),
    WANTS_VENDOR(0x66a4),
    WANTS_VENDOR(0x66a7),
    WANTS_VENDOR(0x66af),
    /* Navi 10. */
    WANTS_VENDOR(0x7310),
    WANTS_VENDOR(0x7312),
    WANTS_VENDOR(0x7318),
    WANTS_VENDOR(0x7319),
    WANTS_VENDOR(0x731a),
    WANTS_VENDOR(0x731b),
    WANTS_VENDOR(0x731e),
    WANTS_VENDOR(0x731f),
    /* Navi 14. */
    WANTS_VENDOR(0x7340),
    WANTS_VENDOR(0x7341),
    WANTS_VENDOR(0x7347),
    WANTS_VENDOR(0x734f),
    /* Navi 12. */
    WANTS_VENDOR(0x7360),
    WANTS_VENDOR(0x7362),
    /* Instinct MI100. */
    WANTS_VENDOR(0x738c),
};

static gboolean is_about(const VvResetQuirk *quirk, const VvDevice *device)
{
    return device->vendor == quirk->vendor && (device->device & quirk->mask) == quirk->device &&
           (device->class_code & quirk->class_mask) == quirk->class_code;
}

static const VvResetQuirk *find(const VvDevice *device, const char *method, gboolean settles)
{
    for (gsize i = 0; i < G_N_ELEMENTS(quirks); i++)
        if (is_about(&quirks[i], device) && g_strcmp0(quirks[i].method, method) == 0 &&
            (quirks[i].settle_ms != 0) == settles)
            return &quirks[i];
    return NULL;
}

const VvResetQuirk *vv_reset_quirk_against(const VvDevice *device, const char *method)
{
    return find(device, method, FALSE);
}

guint vv_reset_quirk_settle_ms(const VvDevice *device, const char *method)
{
    const VvResetQuirk *quirk = find(device, method, TRUE);

    return quirk ? quirk->settle_ms : 0;
}

const VvResetQuirk *vv_reset_quirk_note(const VvDevice *device)
{
    return find(device, NULL, FALSE);
}

const VvResetQuirk *vv_reset_quirks(gsize *ret_count)
{
    *ret_count = G_N_ELEMENTS(quirks);
    return quirks;
}
