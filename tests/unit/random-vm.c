/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random-vm.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

gboolean random_one_in(GRand *random, guint n)
{
    return g_rand_int_range(random, 0, (gint32)n) == 0;
}

gboolean random_flag(GRand *random)
{
    return random_one_in(random, 4);
}

const char *random_word(GRand *random, const char *const *words)
{
    return words[g_rand_int_range(random, 0, (gint32)g_strv_length((char **)words))];
}

char *random_text(GRand *random, gsize length)
{
    static const char *const pieces[] = {"<",
                                         ">",
                                         "&",
                                         "\"",
                                         "'",
                                         ",",
                                         ",,",
                                         ";",
                                         "#",
                                         " #",
                                         " ;",
                                         "=",
                                         " = ",
                                         "[",
                                         "]",
                                         "[vm]",
                                         "\\",
                                         "\\n",
                                         "\\\"",
                                         "/",
                                         "../",
                                         "..",
                                         "%",
                                         "%s",
                                         "%n",
                                         "$(reboot)",
                                         "`",
                                         "|",
                                         "]]>",
                                         "<!--",
                                         "-->",
                                         "&amp;",
                                         "&#0;",
                                         "<![CDATA[",
                                         "</domain>",
                                         "\xc3\xa4",
                                         "\xe6\x97\xa5\xe6\x9c\xac",
                                         "\xf0\x9f\x96\xa5",
                                         "\xe2\x80\xae",
                                         "\xef\xbb\xbf",
                                         "a",
                                         "b",
                                         "Z",
                                         "0",
                                         "9",
                                         " ",
                                         "  ",
                                         "-",
                                         "--",
                                         "-device ",
                                         ".",
                                         ":",
                                         "_",
                                         "{\"a\":1}",
                                         "id=0,file=/etc/shadow"};
    g_autoptr(GString) text = g_string_new(NULL);
    gsize wanted = random_one_in(random, 40) ? length : MIN(length, (gsize)g_rand_int_range(random, 1, 30));

    for (;;) {
        const char *piece = pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))];

        if (text->len + strlen(piece) > wanted)
            break;
        g_string_append(text, piece);
    }
    if (!text->len)
        g_string_append_c(text, 'x');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *random_path(GRand *random, const char *without, const char *ending)
{
    g_autofree char *text = random_text(random, 4000);

    return g_strconcat("/", g_strdelimit(text, without, '_'), ending, NULL);
}

static void set(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static char *uuid(GRand *random)
{
    return g_strdup_printf("%08x-%04x-4%03x-a%03x-%08x%04x", g_rand_int(random),
                           g_rand_int_range(random, 0, 0x10000), g_rand_int_range(random, 0, 0x1000),
                           g_rand_int_range(random, 0, 0x1000), g_rand_int(random),
                           g_rand_int_range(random, 0, 0x10000));
}

/* Its product is the number of CPUs; half of the time none is said. */
static void random_cpus(VvVm *vm, GRand *random)
{
    guint parts[4];

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        parts[i] = (guint)g_rand_int_range(random, 1, i == 2 ? 17 : 3);
    vm->cpus = parts[0] * parts[1] * parts[2] * parts[3];
    if (random_flag(random)) {
        vm->sockets = parts[0];
        vm->dies = parts[1];
        vm->cores = parts[2];
        vm->threads = parts[3];
    }
    if (random_one_in(random, 50)) {
        set(&vm->viommu, "intel");
        vm->cpus = vm->sockets ? vm->cpus : 1024;
    }
    if (random_flag(random)) {
        g_free(vm->pinning);
        vm->pinning = random_flag(random) ? g_strdup("none") : g_strdup_printf("4095,8-%u", 8 + vm->cpus);
    }
    if (random_flag(random))
        set(&vm->cpu, random_word(random, WORDS("max", "qemu64,-cx16,+aes", "EPYC-Rome", "Skylake_1.2-v3")));
    if (random_flag(random))
        vm->hide_kvm = TRUE;
    if (random_flag(random))
        vm->latency = TRUE;
}

static void random_system(VvVm *vm, GRand *random)
{
    static const VvOs systems[] = {VV_OS_LINUX, VV_OS_WINDOWS, VV_OS_FREEBSD, VV_OS_OTHER};
    gboolean eleven;

    vm->os = systems[g_rand_int_range(random, 0, 4)];
    if (vm->os == VV_OS_WINDOWS)
        vm->os_version = (const guint[]){0, 10, 11}[g_rand_int_range(random, 0, 3)];
    eleven = vm->os_version == 11;
    vm->firmware = (VvFirmware)g_rand_int_range(random, 0, eleven ? 2 : 3);
    if (vm->firmware != VV_FIRMWARE_BIOS && random_flag(random))
        vm->nvram = random_path(random, "", "");
    if (random_flag(random))
        set(&vm->tpm, random_word(random, eleven ? WORDS("none", "2.0") : WORDS("none", "1.2", "2.0")));
    if (random_flag(random))
        set(&vm->machine, random_word(random, WORDS("q35", "pc-q35-7.2", "pc-q35-noble")));
    if (g_str_equal(vm->viommu, "none") && random_flag(random))
        set(&vm->viommu, random_word(random, WORDS("intel", "virtio")));
    vm->accel = (VvAccel)g_rand_int_range(random, 0, 3);
    if (random_flag(random)) {
        vm->kernel = random_path(random, "", "");
        vm->initrd = random_flag(random) ? random_path(random, "", ".img") : NULL;
        vm->cmdline = random_flag(random) ? random_text(random, 10000) : NULL;
    }
}

static void random_memory(VvVm *vm, GRand *random)
{
    static const guint64 units[] = {1, 1 << 10, 1 << 11, 1 << 20, 1 << 30};
    guint64 unit = units[g_rand_int_range(random, 0, G_N_ELEMENTS(units))];
    guint64 times = (guint64)g_rand_int_range(random, 1, unit > 1 ? 1000 : 1 << 20);

    vm->memory_kib = MAX(unit * times, 1 << 10);
    if (random_flag(random))
        set(&vm->hugepages, vm->memory_kib % (1 << 20) == 0   ? "1G"
                            : vm->memory_kib % (1 << 11) == 0 ? "2M"
                                                              : "none");
    if (random_flag(random))
        set(&vm->numa, random_word(random, WORDS("none", "0", "0-1,3", "1023")));
    if (random_flag(random))
        set(&vm->mmio, random_word(random, WORDS("64G", "1T", "1048576K")));
}

static void random_names(VvVm *vm, GRand *random)
{
    vm->name = random_one_in(random, 10) ? g_strnfill(64, 'n') : g_strdup_printf("vm.%u", g_rand_int(random));
    vm->uuid = random_flag(random) ? uuid(random) : NULL;
    vm->vmgenid = random_flag(random) ? uuid(random) : NULL;
    if (random_flag(random)) {
        g_autofree char *first = random_text(random, 10000), *second = random_text(random, 100);

        vm->description = g_strconcat(first, random_flag(random) ? "\n" : " ", second, NULL);
    }
    vm->autostart = random_flag(random);
    vm->stop_display_manager = random_flag(random);
    if (random_flag(random))
        vm->stop_services =
            g_strdup(random_word(random, WORDS("nvidia-persistenced.service", "a.service b@c-d_e.service",
                                               "x\\x2dy:1.2.service")));
    vm->serial_log = random_flag(random) ? random_path(random, "", ".log") : NULL;
    vm->emulator = random_flag(random) ? random_path(random, "", "") : NULL;
}

VvVm *random_vm(guint32 seed, gboolean whole_slots)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    VvVm *vm = vv_vm_new("x.ini");

    random_names(vm, random);
    random_cpus(vm, random);
    random_system(vm, random);
    random_memory(vm, random);
    random_devices(vm, random, whole_slots);
    random_others(vm, random);
    return vm;
}
