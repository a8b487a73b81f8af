/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage-machine.h"

#include "fake-host-internal.h"
#include "test.h"
#include "vfio/usage.h"

static const char machine[] =
    "drivers vfio-pci\n" IGPU " class=030000 id=8086:3e98 driver=i915 group=1 bootvga=0\n" GPU
    " class=030000 id=10de:1e84 driver=nouveau group=2 bootvga=0 reset=flr\n" AUDIO
    " class=040300 id=10de:10f8 driver=snd_hda_intel group=2\n" NVME
    " class=010802 id=144d:a808 driver=nvme group=3\n" NVME2
    " class=010802 id=144d:a808 driver=nvme group=4\n" HBA
    " class=010700 id=1000:0072 driver=mpt3sas group=5\n" NIC
    " class=020000 id=8086:1521 driver=igb group=6 sriov=7/0\n" VF
    " class=020000 id=8086:1520 driver=igbvf group=7 physfn=" NIC "\n" USB
    " class=0c0330 id=1b73:1100 driver=xhci_hcd group=8\n" USB2
    " class=0c0330 id=1b73:1100 driver=xhci_hcd group=9\n" SERIAL
    " class=070002 id=1415:c158 driver=serial group=10\n" TAKEN
    " class=010802 id=144d:a808 driver=vfio-pci group=11\n";

FakeHost *usage_machine_new(void)
{
    FakeHost *fake = fake_host_new(machine);

    fake_host_put(fake, "proc/self/mountinfo", "22 1 0:5 / / rw - tmpfs tmpfs rw\n");
    fake_add_link(fake, "mnt:[1]", "proc/self/ns/mnt");
    fake_host_put(fake, "proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return fake;
}

void usage_link(FakeHost *fake, const char *path, const char *target)
{
    fake_add_link(fake, target, path);
}

void usage_add_at(FakeHost *fake, const char *class, const char *name, const char *path)
{
    g_autofree char *folder = g_strdup_printf("sys/devices/%s", path);
    g_autofree char *full = fake_below(fake, "%s", folder);
    g_autofree char *link = g_strdup_printf("sys/class/%s/%s", class, name);
    g_autofree char *target = g_strdup_printf("../../devices/%s", path);

    g_mkdir_with_parents(full, 0755);
    fake_add_link(fake, target, link);
}

void usage_add(FakeHost *fake, const char *class, const char *name, const char *place)
{
    g_autofree char *path = g_strdup_printf("pci0000:00/%s", place);

    usage_add_at(fake, class, name, path);
}

static void add_numbered(FakeHost *fake, const char *kind, const char *number, const char *path,
                         const char *devname)
{
    g_autofree char *uevent = g_strdup_printf("sys/devices/%s/uevent", path);
    g_autofree char *text = g_strdup_printf("MAJOR=0\nDEVNAME=%s\n", devname);
    g_autofree char *link = g_strdup_printf("sys/dev/%s/%s", kind, number);
    g_autofree char *target = g_strdup_printf("../../devices/%s", path);

    fake_host_put(fake, uevent, text);
    fake_add_link(fake, target, link);
}

void usage_add_virtual_block(FakeHost *fake, const char *number, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    add_numbered(fake, "block", number, path, name);
}

void usage_add_block(FakeHost *fake, const char *number, const char *place)
{
    g_autofree char *path = g_strdup_printf("pci0000:00/%s", place);

    usage_add_virtual_block(fake, number, path);
}

void usage_add_char(FakeHost *fake, const char *number, const char *devname, const char *place)
{
    g_autofree char *path = g_strdup_printf("pci0000:00/%s", place);

    add_numbered(fake, "char", number, path, devname);
}

void usage_hold(FakeHost *fake, const char *number, const char *holder)
{
    g_autofree char *path = g_strdup_printf("sys/dev/block/%s/holders/%s", number, holder);

    fake_host_put(fake, path, "");
}

void usage_add_process(FakeHost *fake, int pid, const char *name, const char *mount_namespace, ...)
{
    g_autofree char *comm = g_strdup_printf("proc/%d/comm", pid);
    g_autofree char *line = g_strdup_printf("%s\n", name);
    g_autofree char *namespace = g_strdup_printf("proc/%d/ns/mnt", pid);
    va_list files;
    int number = 0;

    fake_host_put(fake, comm, line);
    fake_add_link(fake, mount_namespace ? mount_namespace : "mnt:[1]", namespace);
    va_start(files, mount_namespace);
    for (const char *file; (file = va_arg(files, const char *));) {
        g_autofree char *link = g_strdup_printf("proc/%d/fd/%d", pid, number++);
        fake_add_link(fake, file, link);
    }
    va_end(files);
}

char *usage_of_with(FakeHost *fake, const char *address, const char *leaving)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GString *text = g_string_new(NULL);

    if (leaving) {
        assert_true(vv_selector_parse(leaving, selectors, NULL));
        for (guint i = 0; i < selectors->len; i++)
            vv_host_select(host, g_array_index(selectors, VvSelector, i), others);
        vv_usage_set_leaving(usage, others);
    }
    vv_usage_check(usage, vv_host_find(host, address_of(address)), reasons);
    for (guint i = 0; i < reasons->len; i++) {
        const VvReason *reason = reasons->pdata[i];
        assert_true(vv_reason_code_known(reason->code));
        assert_true(vv_address_equal(reason->address, address_of(address)));
        assert_false(g_str_has_suffix(reason->detail, "."));
        assert_true(reason->severity != VV_SEVERITY_BLOCK || (reason->remedy && *reason->remedy));
        g_string_append_printf(text, "%s %s %s\n", reason->code, vv_severity_name(reason->severity),
                               reason->detail);
    }
    return g_string_free(text, FALSE);
}

char *usage_of(FakeHost *fake, const char *address)
{
    return usage_of_with(fake, address, NULL);
}

void assert_usage(FakeHost *fake, const char *address, const char *lines)
{
    g_autofree char *found = usage_of(fake, address);

    assert_text(found, lines);
}
