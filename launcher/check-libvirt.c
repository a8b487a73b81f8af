/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/needs.h"
#include "hooks/install.h"
#include "launcher/check.h"

#include <stdio.h>
#include <string.h>

static const char *uri_of(const VvContext *context)
{
    return context->uri ? context->uri : "qemu:///system";
}

/* Nobody asks the running system's libvirt about a recorded machine. */
static gboolean is_recorded(const VvContext *context)
{
    return context->sysroot && !context->uri;
}

static void check_connection(VvContext *context, GPtrArray *rows)
{
    g_autoptr(GError) problem = NULL;
    VvReadyRow *row;

    if (is_recorded(context)) {
        vv_ready_add(rows, "libvirt", VV_READY_INFO, "not asked: this is a recorded machine");
    } else if (vv_context_connection(context, &problem)) {
        vv_ready_add(rows, "libvirt", VV_READY_PASS, "%s answers, and lets this user in", uri_of(context));
    } else {
        /* The message of vv_connection_open() says after a semicolon what to do. */
        g_auto(GStrv) parts = g_strsplit(problem->message, "; ", 2);
        row = vv_ready_add(rows, "libvirt", VV_READY_FAIL, "%s", parts[0]);
        row->remedy = g_strdup(parts[1] ? parts[1] : "install libvirt, and start its daemon");
    }
}

/* "Max locked memory  8388608  8388608  bytes" (proc_pid_limits(5)): bytes of the hard limit, G_MAXUINT64
 * where there is none. */
static guint64 locked_limit(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read(sysfs, "proc/self/limits");
    const char *line = text ? strstr(text, "Max locked memory") : NULL;
    g_auto(GStrv) words = g_strsplit(line ? line : "", "\n", 2);
    char unit[32] = "", soft[32] = "", hard[32] = "";

    if (!words[0] || sscanf(words[0], "Max locked memory %31s %31s %31s", soft, hard, unit) != 3)
        return 0;
    return strcmp(hard, "unlimited") == 0 ? G_MAXUINT64 : g_ascii_strtoull(hard, NULL, 10);
}

/* libvirt's daemon raises QEMU's limit itself, for which it needs CAP_SYS_RESOURCE (src/util/virprocess.c,
 * virProcessSetMaxMemLock). The file that takes it away: new string, NULL: none. */
static char *hardened_unit(const VvSysfs *sysfs)
{
    static const char *const folders[] = {"etc/systemd/system/libvirtd.service.d",
                                          "etc/systemd/system/virtqemud.service.d"};

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folders[i]);
        for (guint j = 0; names && j < names->len; j++) {
            g_autofree char *path = g_build_filename(folders[i], names->pdata[j], NULL);
            g_autofree char *text = vv_sysfs_read_all(sysfs, path, 1 << 16);
            const char *bound = text ? strstr(text, "CapabilityBoundingSet=") : NULL;
            if (bound && !strstr(bound, "CAP_SYS_RESOURCE") && !strstr(bound, "CapabilityBoundingSet=~"))
                return g_steal_pointer(&path);
        }
    }
    return NULL;
}

static void check_memlock(VvContext *context, const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *unit = hardened_unit(ready->sysfs);
    VvReadyRow *row;

    if (strstr(uri_of(context), "/session")) {
        guint64 limit = locked_limit(ready->sysfs);
        if (limit == G_MAXUINT64) {
            vv_ready_add(rows, "memlock", VV_READY_PASS, "this user may lock any memory (/proc/self/limits)");
            return;
        }
        row = vv_ready_add(rows, "memlock", VV_READY_WARN,
                           "this user may lock %" G_GUINT64_FORMAT
                           " MiB (/proc/self/limits); a guest with devices "
                           "locks all of its memory",
                           limit >> 20);
        row->remedy = g_strdup("use qemu:///system, or raise memlock in /etc/security/limits.d");
    } else if (unit) {
        row = vv_ready_add(rows, "memlock", VV_READY_WARN,
                           "libvirt may not raise QEMU's limit of locked memory (/%s)", unit);
        row->remedy = g_strdup(
            "add CAP_SYS_RESOURCE to its CapabilityBoundingSet, or LimitMEMLOCK=infinity to the unit");
    } else
        vv_ready_add(rows, "memlock", VV_READY_PASS,
                     "libvirt raises the limit of locked memory for guests by itself");
}

static void check_hook(VvContext *context, const VvReadyHost *ready, GPtrArray *rows)
{
    g_autoptr(VvHookStatus) status = vv_hook_status(context->sysroot, ready->sysfs);
    VvReadyRow *row;

    if (vv_hook_is_live(status)) {
        vv_ready_add(rows, "hook", VV_READY_PASS, "libvirt calls it: devices come back by themselves (%s)",
                     status->link);
        return;
    }
    row = vv_ready_add(rows, "hook", VV_READY_WARN, "%s: %s",
                       status->foreign                    ? "something else is in its place"
                       : !status->target                  ? "not installed"
                       : status->confined                 ? "may not be run"
                       : status->seen == VV_HOOK_NOT_SEEN ? "not seen by the running libvirt"
                                                          : "of another version, or broken",
                       status->link);
    row->remedy = g_strdup(!status->target    ? "virt-vfio hook install; without it 'start' wants --wait"
                           : status->confined ? status->confined
                                              : "'virt-vfio hook status' says what to do");
}

static void check_firmware(const VvReadyHost *ready, GPtrArray *rows)
{
    const char *folder = vv_guest_firmware_folder(ready->sysfs);
    VvReadyRow *row;

    if (folder) {
        vv_ready_add(rows, "firmware", VV_READY_PASS, "there is UEFI for guests (/%s)", folder);
        return;
    }
    row = vv_ready_add(rows, "firmware", VV_READY_WARN, "no UEFI for guests (/usr/share/qemu/firmware)");
    row->remedy = g_strdup("install OVMF (ovmf, edk2-ovmf); guests with a BIOS do without");
}

void vv_check_libvirt(VvContext *context, const VvReadyHost *ready, gboolean guest, GPtrArray *rows)
{
    check_connection(context, rows);
    check_memlock(context, ready, rows);
    check_hook(context, ready, rows);
    if (!guest)
        check_firmware(ready, rows);
}
