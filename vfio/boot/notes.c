/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/boot/cmdline.h"
#include "vfio/topology.h"

#include <string.h>
#include <unistd.h>

/* crypttab(5), systemd-cryptenroll(1): a key that the TPM gives out only for the same measurements. */
static void note_tpm(VvSetupMaker *maker)
{
    g_autofree char *text = vv_boot_read(maker->sysfs, "etc/crypttab");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++)
        if (*g_strchug(*line) != '#' && strstr(*line, "tpm2-device")) {
            vv_maker_note(
                maker,
                "/etc/crypttab unlocks a disk by the TPM: new kernel arguments or a new initramfs can change "
                "what the TPM measures, and then the disk asks for its passphrase; have it at hand");
            return;
        }
}

/* UEFI specification, 3.3: one byte behind the attributes. */
static gboolean has_secure_boot(const VvSysfs *sysfs)
{
    guint8 bytes[5] = {0};
    int fd =
        vv_sysfs_open(sysfs, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 0);
    gssize length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        close(fd);
    return length == sizeof bytes && bytes[4] == 1;
}

static void note_secure_boot(VvSetupMaker *maker)
{
    gboolean uki =
        maker->stack->kind == VV_BOOT_UKI_MKINITCPIO || maker->stack->kind == VV_BOOT_UKI_KERNEL_INSTALL;

    if (uki && has_secure_boot(maker->sysfs))
        vv_maker_note(maker, "Secure Boot is on, and the arguments are inside the kernel image: it must be "
                             "signed anew when it "
                             "is made (sbctl's hook, or keys in /etc/kernel/uki.conf)");
}

static void note_hugepages(VvSetupMaker *maker)
{
    VvTopology *topology = vv_topology_read(maker->sysfs);
    guint64 wanted = maker->wants->hugepage_kib * maker->wants->hugepages, memory = 0;

    for (guint i = 0; i < topology->nodes->len; i++)
        memory += ((VvNode *)topology->nodes->pdata[i])->memory_kib;
    vv_topology_free(topology);
    if (memory && wanted > memory / 4 * 3)
        vv_maker_note(maker,
                      "huge pages of %.1f GiB are more than three quarters of this host's %.1f GiB of "
                      "memory: it may not "
                      "boot, or kill programs for want of memory",
                      (double)wanted / (1 << 20), (double)memory / (1 << 20));
}

/* Arguments are only ever added to files that are not ours alone. */
static void note_other_pages(VvSetupMaker *maker)
{
    g_autoptr(GPtrArray) lines = vv_boot_lines(maker->sysfs, maker->stack);

    for (guint i = 0; maker->wants->hugepages && maker->wants->hugepage_kib == 2048 && i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (!line->effective || line->generated || !vv_cmdline_has(line->arguments, "default_hugepagesz=1G"))
            continue;
        vv_maker_note(
            maker,
            "%s, line %u, has default_hugepagesz=1G: vm.nr_hugepages counts pages of that size. For "
            "pages of 2 MiB take its huge pages out (virt-vfio setup --undo if setup put them there)",
            line->path, line->line);
        return;
    }
}

void vv_maker_notes(VvSetupMaker *maker)
{
    if (maker->plan->steps->len) {
        note_tpm(maker);
        note_secure_boot(maker);
    }
    note_hugepages(maker);
    note_other_pages(maker);
    if (maker->wants->isolate_cpus)
        vv_maker_note(
            maker,
            "CPUs that are isolated at boot are lost for the host even when no guest runs; the hook in "
            "examples/hooks.d/cpu-isolation isolates them for as long as the guest runs, without a reboot");
}
