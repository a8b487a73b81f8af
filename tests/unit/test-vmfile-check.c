/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-refused.h"

static void test_bad_together(void **state)
{
    static const Case cases[] = {
        {VM "cpus = 4\ntopology = cores=3", "] topology: ", "3 CPUs, and cpus = 4"},
        {VM "cpus = 256", "] cpus: ", "viommu = intel"},
        {VM "viommu = virtio\ncpus = 256", "] cpus: ", "viommu = intel"},
        {VM "cpus = 4\npinning = 0-2", "] pinning: ", "names 3"},
        {VM "accel = tcg\ncpu = host,+aes", "] cpu: ", "write max"},
        {"[vm]\nname = a\nmemory = 1025M\nhugepages = 2M", "] hugepages: ", "multiple of 2M"},
        {"[vm]\nname = a\nmemory = 1536M\nhugepages = 1G", "] hugepages: ", "multiple of 1G"},
        {VM "firmware = bios\nnvram = /n", "] nvram: ", "bios"},
        {VM "os = windows11\nfirmware = bios", "] firmware: ", "os = windows"},
        {VM "os = windows11\ntpm = 1.2", "] tpm: ", "2.0"},
        {VM GPU "guest-address = 00:00", "] guest-address: ", "chipset"},
        {VM GPU "guest-address = 00:1f", "] guest-address: ", "chipset"},
        {VM GPU "guest-address = 03:01", "] guest-address: ", "03:00"},
        {VM GPU "guest-address = 81:00", "] guest-address: ", "go up to 80"},
        {VM GPU "functions = separate\nguest-address = 01:00", "] guest-address: ", "several"},
        {VM GPU "guest-address = 05:00\n" GPU2 "guest-address = 05:00.0",
         "] guest-address: ", "[device gpu]"},
        {VM GPU "boot = 2\n" GPU2 "boot = 2", "] boot: ", "[device gpu]"},
        {VM GPU "boot = 2\n[disk d]\npath = /x.raw\nboot = 2", "] boot: ", "[device gpu]"},
        {DISK "boot = 1\n[network n]\nbridge = b\nboot = 1", "] boot: ", "[disk d]"},
        {VM "[usb a]\nhost = 046d:c52b\n[usb b]\nhost = 046D:C52B", "] host: ", "by port"},
        {VM "[usb a]\nhost = 1-4\n[usb b]\nhost = 1-4", "] host: ", "[usb a]"},
        {VM "[disk d]", "] path: ", "missing"},
        {VM "[disk d]\ncdrom = yes\nformat = raw", "] format: ", "without path"},
        {VM "[disk d]\ncdrom = yes\nssd = yes", "] ssd: ", "CD-ROM"},
        {VM "[disk d]\ncdrom = yes\ndiscard = yes", "] discard: ", "CD-ROM"},
        {DISK "bus = sata\niothread = yes", "] iothread: ", "virtio and scsi"},
        {DISK "ssd = yes", "] ssd: ", "sata and scsi"},
        {DISK "bus = sata\nreadonly = yes", "] readonly: ", "sata"},
        {DISK "serial = 123456789012345678901", "] serial: ", "20"},
        {DISK "bus = scsi\nserial = 1234567890123456789012345678901234567", "] serial: ", "36"},
        {DISK "[disk e]\nformat = raw\npath = /x.raw", "] path: ", "[disk d]"},
        {NET "bridge = b\ntrust = yes", "] trust: ", "vf"},
        {NET "user = yes\nvlan = 5", "] vlan: ", "none"},
        {NET "user = yes\nqueues = 2", "] queues: ", "one"},
        {NET "user = yes\nmtu = 1400", "] mtu: ", "user-mode"},
        {VF "model = virtio", "] model: ", "real hardware"},
        {VF "queues = 2", "] queues: ", "real hardware"},
        {VF "mtu = 1400", "] mtu: ", "real hardware"},
        {VF "link = up", "] link: ", "auto"},
        {BR "link = auto", "] link: ", "up or down"},
        {BR "qos = 3", "] qos: ", "only a vf"},
        {BR "spoofchk = no", "] spoofchk: ", "only a vf"},
        {BR "rate = 100", "] rate: ", "only a vf"},
        {BR "teaming = n", "] teaming: ", "only a vf"},
        {VF "qos = 3", "] qos: ", "vlan"},
        {VF "teaming = m", "] teaming: ", "no [network m]"},
        {VF "teaming = n", "] teaming: ", "emulated card"},
        {BR "model = e1000e\n[network v]\nvf = 06:10.0\nteaming = n", "] teaming: ", "virtio"},
        {BR "mac = 52:54:00:00:00:02\n[network v]\nvf = 06:10.0\nteaming = n\nmac = 52:54:00:00:00:01",
         "] mac: ", "[network n]"},
        {BR "[network w]\nvf = 06:10.0\nteaming = n\n[network v]\nvf = 06:10.1\nteaming = n",
         "] teaming: ", "stands in for [network w]"},
        {VM "[network m.m]\nbridge = b\n[network m_m]\nbridge = b\n[network w]\nvf = 06:10.1\nteaming = m.m\n"
            "[network v]\nvf = 06:10.2\nteaming = m_m",
         "] teaming: ", "the same to libvirt"},
        {VM "[network n]\nvf = 06:00.0/3\n[network m]\nvf = 0000:06:00.0/3", "] vf: ", "[network n]"},
        {VM "[network m]\nvf = 0000:06:00.0/3\n[device d]\nvf = 06:00.0/3", "] vf: ", "[network m]"},
        {VM "[device d]\nhost = 06:00.0\nvf = 06:00.0", "] vf: ", "host"},
        {VM "[device d]", "] host: ", "missing"},
        {VM "[device x]\nhost = 06:10\n[network n]\nvf = 06:10.0", "] vf: ", "[device x]"},
        {BR "model = e1000e\nqueues = 2", "] queues: ", "only virtio"},
        {BR "mac = 52:54:00:00:00:01\n[network m]\nbridge = b\nmac = 52:54:00:00:00:01",
         "] mac: ", "[network n]"},
        {SHOW "port = 5900", "] port: ", "listen"},
        {SHOW "graphics = none\nlisten = ::1", "] listen: ", "none"},
        {SHOW "listen = ::1\nport = 5899", "] port: ", "5900 to"},
        {SHOW "graphics = vnc\nvideo = none", "] video: ", "nothing to show"},
        {VM "[sound]\nmodel = none\nbackend = alsa", "] backend: ", "model = none"},
        {VM "[sound]\nmodel = ich9\nbackend = spice", "] backend: ", "graphics = spice"},
        {VM "[share a]\npath = /a\n[share b]\npath = /b\ntag = a", "] tag: ", "[share a]"},
    };

    refused(cases, G_N_ELEMENTS(cases));
}

/* The lines of these are not the last. */
static void test_missing(void **state)
{
    static const char *const texts[][2] = {
        {VM "[usb u]\n", "x.ini:4: [usb u] host: missing"},
        {VM "[share s]\n", "x.ini:4: [share s] path: missing"},
        {VM "[shmem s]\n", "x.ini:4: [shmem s] size: missing"},
        {VM "[sound]\nbackend = alsa\n", "x.ini:4: [sound] model: missing"},
        {NET "user = no\n", "x.ini:4: [network n]: needs bridge"},
        {VM "[share a234567890123456789012345678901234567]\npath = /s\n", "] tag: missing"},
        {NET "bridge = b\nnetwork = n\nuser = yes\n", "x.ini:5: [network n] bridge: network is given too"},
        {NET "user = yes\nvf = 06:10.0\n", "x.ini:5: [network n] user: vf is given too"},
        {VM "topology = cores=1024,dies=1024,threads=1024,sockets=1024\ncpus = 4\n",
         "x.ini:4: [vm] topology: that makes 1099511627776 CPUs"},
        {VM "topology = cores=1024,dies=1024,threads=1024,sockets=1024\n", "[vm] topology: that makes"},
        {VM "topology = sockets=2,cores=1024\nviommu = intel\n",
         "x.ini:4: [vm] topology: that makes 2048 CPUs"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        GError *error = NULL;

        assert_null(parse(texts[i][0], NULL, &error));
        assert_problem(error, VV_ERROR_USAGE, texts[i][1]);
    }
}

static char *many(const char *format, guint count)
{
    GString *text = g_string_new(VM);

    for (guint i = 0; i < count; i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        g_auto(GStrv) parts = g_strsplit(format, "@", -1);
        g_autofree char *one = g_strjoinv(number, parts);

        g_string_append(text, one);
    }
    return g_string_free(text, FALSE);
}

static void test_too_many(void **state)
{
    static const struct {
        const char *section;
        guint most;
        const char *words;
    } cases[] = {
        {"[device a@]\nhost = 01:00.0\n", 128, "more than 128 cards"},
        {"[device a@]\nhost = 01:00.0;01:00.1\nfunctions = separate\n", 64, "more than 128 cards"},
        {"[usb a@]\nhost = 1-1@\n", 14, "USB devices"},
        {"[disk a@]\npath = /@.raw\nbus = usb\n", 14, "USB devices"},
        {"[disk a@]\npath = /@.raw\nbus = sata\n", 24, "bus = sata"},
        {"[disk a@]\npath = /@.raw\nbus = scsi\n", 256, "257 disks"},
        {"[disk a@]\npath = /@.raw\n", 200, "201 PCI devices"},
        {"[network a@]\nbridge = b\n", 200, "201 PCI devices"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *most = many(cases[i].section, cases[i].most);
        g_autofree char *more = many(cases[i].section, cases[i].most + 1);
        GError *error = NULL;

        vv_vm_free(good(most));
        assert_null(parse(more, NULL, &error));
        assert_problem(error, VV_ERROR_USAGE, cases[i].words);
    }
}

static void test_fine_together(void **state)
{
    static const char *const texts[] = {
        VM "os = windows11\ntpm = none\n",
        VM "os = windows\nfirmware = bios\ntpm = 1.2\n",
        VM "cpus = 256\nviommu = intel\n",
        VM "cpus = 2\npinning = 0-7\n",
        VM GPU "boot = no\n" GPU2 "boot = no\n",
        VM GPU "guest-address = 00:02\n" GPU2 "guest-address = 02:00\n",
        DISK "readonly = yes\n[disk e]\npath = /x.raw\nreadonly = yes\n",
        SHOW "graphics = spice\nvideo = none\nlisten = ::1\nport = 1024\n",
        NET "user = yes\nqueues = 1\n",
        VM "[sound]\nmodel = ich9\nbackend = spice\n[display]\ngraphics = spice\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        vv_vm_free(good(texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_together),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_fine_together),
    };

    return cmocka_run_group_tests_name("vmfile-check", tests, NULL, NULL);
}
