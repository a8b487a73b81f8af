/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The first processor is enough. */
static char *read_cpuinfo(const VvSysfs *sysfs)
{
    return vv_sysfs_read_all(sysfs, "proc/cpuinfo", 16384);
}

/* Is the word in the first line "flags" of /proc/cpuinfo? */
static gboolean has_flag(const char *cpuinfo, const char *flag)
{
    const char *line = cpuinfo ? strstr(cpuinfo, "\nflags") : NULL;
    const char *end = line ? strchr(line + 1, '\n') : NULL;
    gsize length = strlen(flag);

    if (!line)
        return FALSE;
    for (const char *found = line; (found = strstr(found + 1, flag)) && (!end || found < end);)
        if (found[-1] == ' ' && (found[length] == ' ' || found[length] == '\n' || !found[length]))
            return TRUE;
    return FALSE;
}

gboolean vv_ready_is_virtual(const VvSysfs *sysfs)
{
    g_autofree char *cpuinfo = read_cpuinfo(sysfs);

    return has_flag(cpuinfo, "hypervisor");
}

/* What systemd(1), podman and Docker leave for programs to see that they are in a container: new string. */
char *vv_ready_container(const VvSysfs *sysfs)
{
    g_autofree char *space = vv_sysfs_link_target(sysfs, "proc/self/ns/pid");

    /* Disk images made from a container's keep its marks. In the first namespace of processes
     * (include/linux/proc_ns.h, PROC_PID_INIT_INO) there is none. */
    if (g_strcmp0(space, "pid:[4026531836]") == 0)
        return NULL;
    char *name = vv_sysfs_read(sysfs, "run/systemd/container");

    if (name)
        return g_strstrip(name);
    if (vv_sysfs_exists(sysfs, "run/.containerenv"))
        return g_strdup("podman");
    return vv_sysfs_exists(sysfs, ".dockerenv") ? g_strdup("docker") : NULL;
}

/* Linux takes the flag vmx away when the firmware has switched it off and locked that
 * (arch/x86/kernel/cpu/feat_ctl.c), so a flag that is not there is no proof that the CPU cannot. */
static void check_cpu(const VvReadyHost *ready, const char *cpuinfo, GPtrArray *rows)
{
    gboolean vmx = has_flag(cpuinfo, "vmx"), svm = has_flag(cpuinfo, "svm");
    gboolean guest = vv_ready_is_virtual(ready->sysfs);
    VvReadyRow *row;

    if (vmx || svm) {
        vv_ready_add(rows, "cpu", VV_READY_PASS, "%s is on (%s in /proc/cpuinfo)", vmx ? "VT-x" : "AMD-V",
                     vmx ? "vmx" : "svm");
        return;
    }
    if (!cpuinfo || !*cpuinfo) {
        row = vv_ready_add(rows, "cpu", VV_READY_FAIL, "/proc/cpuinfo cannot be read");
        row->remedy = g_strdup("look whether /proc is mounted");
        return;
    }
    row = vv_ready_add(rows, "cpu", VV_READY_FAIL, "neither vmx nor svm in /proc/cpuinfo");
    row->remedy =
        g_strdup(guest ? "switch on nested virtualisation in the hypervisor that runs this host"
                 : ready->topology->vendor == VV_CPU_AMD ? "switch on SVM Mode (AMD-V) in the firmware setup"
                 : ready->topology->vendor == VV_CPU_INTEL
                     ? "switch on Intel Virtualization Technology (VT-x) in the firmware setup"
                     : "switch on virtualisation in the firmware setup, if this CPU has it");
}

static const char *kvm_module(const VvReadyHost *ready)
{
    return ready->topology->vendor == VV_CPU_AMD ? "kvm_amd" : "kvm_intel";
}

/* libvirt's QEMU runs as another user, so that this one may not open it is no fault. */
static void check_kvm(const VvReadyHost *ready, GPtrArray *rows)
{
    const char *module = kvm_module(ready);
    VvReadyRow *row;
    int fd;

    if (!vv_sysfs_exists(ready->sysfs, "dev/kvm")) {
        row = vv_ready_add(rows, "kvm", VV_READY_FAIL, "there is no /dev/kvm");
        row->remedy = g_strdup_printf("load %s (modprobe %s); where it says \"not supported\", see cpu",
                                      module, module);
        return;
    }
    if (!vv_sysfs_is_live(ready->sysfs)) {
        vv_ready_add(rows, "kvm", VV_READY_PASS, "/dev/kvm is there");
        return;
    }
    fd = vv_sysfs_open(ready->sysfs, "dev/kvm", O_RDWR);
    if (fd >= 0) {
        close(fd);
        vv_ready_add(rows, "kvm", VV_READY_PASS, "/dev/kvm opens");
    } else if (errno == EACCES || errno == EPERM) {
        row = vv_ready_add(rows, "kvm", VV_READY_INFO,
                           "/dev/kvm is closed to this user; libvirt's own QEMU is not affected");
        row->remedy = g_strdup("for qemu:///session only: put yourself into the group kvm");
        row->root = g_strdup("whether /dev/kvm works");
    } else {
        row = vv_ready_add(rows, "kvm", VV_READY_FAIL, "/dev/kvm does not open: %s", g_strerror(errno));
        row->remedy = g_strdup_printf("load %s (modprobe %s), and look at the kernel log", module, module);
    }
}

static void check_nested(const VvReadyHost *ready, GPtrArray *rows)
{
    static const char *const files[] = {"sys/module/kvm_intel/parameters/nested",
                                        "sys/module/kvm_amd/parameters/nested"};

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = vv_sysfs_read(ready->sysfs, files[i]);

        if (text) {
            vv_ready_add(rows, "nested", VV_READY_INFO, "guests %s run guests of their own (/%s)",
                         *text == 'Y' || *text == '1' ? "can" : "cannot", files[i]);
            return;
        }
    }
    vv_ready_add(rows, "nested", VV_READY_INFO, "not known: no KVM module is loaded");
}

static void check_machine(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *container = vv_ready_container(ready->sysfs);
    g_autofree char *maker = vv_sysfs_read(ready->sysfs, "sys/class/dmi/id/sys_vendor");
    VvReadyRow *row;

    if (container) {
        row = vv_ready_add(rows, "machine", VV_READY_WARN, "this is a container (%s), not the host itself",
                           container);
        row->remedy = g_strdup("run virt-vfio on the host: drivers and /dev/vfio are the host's");
    } else if (vv_ready_is_virtual(ready->sysfs)) {
        row = vv_ready_add(rows, "machine", VV_READY_INFO, "this host is a virtual machine itself%s%s%s",
                           maker ? " (" : "", maker ? g_strstrip(maker) : "", maker ? ")" : "");
        row->remedy =
            g_strdup("it can give away only what its own hypervisor gave it, behind a virtual IOMMU");
    } else
        vv_ready_add(rows, "machine", VV_READY_PASS, "no virtual machine, no container");
}

void vv_ready_check_processor(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *cpuinfo = read_cpuinfo(ready->sysfs);

    check_cpu(ready, cpuinfo, rows);
    check_kvm(ready, rows);
    check_nested(ready, rows);
    check_machine(ready, rows);
}
