/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/ready/ready.h"

/* The rows of vv_ready_check(), one function for what belongs together. Each adds its rows and fails never:
 * what cannot be read is said in a row. */
void vv_ready_check_processor(const VvReadyHost *ready, GPtrArray *rows); /* cpu kvm nested machine */
void vv_ready_check_iommu(const VvReadyHost *ready, GPtrArray *rows);     /* acpi iommu mode */
void vv_ready_check_remap(const VvReadyHost *ready, GPtrArray *rows);     /* remap */
void vv_ready_check_groups(const VvReadyHost *ready, GPtrArray *rows);    /* groups */
void vv_ready_check_kernel(const VvReadyHost *ready, GPtrArray *rows);    /* kconfig */
void vv_ready_check_modules(const VvReadyHost *ready, GPtrArray *rows);   /* modules */
void vv_ready_check_security(const VvReadyHost *ready, GPtrArray *rows);  /* lockdown uefi lsm */
void vv_ready_check_memory(const VvReadyHost *ready, GPtrArray *rows);    /* huge */
void vv_ready_check_bars(const VvReadyHost *ready, GPtrArray *rows);      /* bars above4g rebar */
void vv_ready_check_display(const VvReadyHost *ready, GPtrArray *rows);   /* fb */
void vv_ready_check_power(const VvReadyHost *ready, GPtrArray *rows);     /* governor power */
void vv_ready_check_owners(const VvReadyHost *ready, GPtrArray *rows);    /* owners */
void vv_ready_check_setup(const VvReadyHost *ready, GPtrArray *rows);     /* setup */

/* --- what they share */

/* What makes an argument effective on this stack: a tool that takes arguments is given it. New string, ""
 * where nothing has to be run. */
char *vv_ready_command(const VvBootStack *stack, const char *argument);

/* The remedy "boot with ARGUMENT": where it goes on this boot stack, what makes it effective, and the words
 * of `setup` that do both (NULL: setup does not). New string. */
char *vv_ready_boot_with(const VvReadyHost *ready, const char *argument, const char *setup);
/* The same for an argument that is in the way; `setup` replaces it by its opposite. */
char *vv_ready_boot_without(const VvReadyHost *ready, const char *argument, const char *setup);

/* "2 cards", "1 card": new string. */
char *vv_ready_count(guint count, const char *noun);

/* Is it a function that people give to guests, and no part of the chipset? */
gboolean vv_ready_is_passable(const VvDevice *device);

/* Is this host a virtual machine itself? */
gboolean vv_ready_is_virtual(const VvSysfs *sysfs);
/* What kind of container this runs in: new string; NULL: none. */
char *vv_ready_container(const VvSysfs *sysfs);

/* uname -r of the running kernel: new string; NULL: not shown. */
char *vv_ready_release(const VvSysfs *sysfs);

/* The configuration of the running kernel, from /boot, its modules' folder or /proc/config.gz: new string,
 * and the file in *ret_path (new string). NULL: none can be read. */
char *vv_ready_kernel_config(const VvSysfs *sysfs, char **ret_path);
/* 'y', 'm', or 'n' for what is not set. `option` without CONFIG_. */
char vv_ready_kernel_option(const char *config, const char *option);

/* Lines of the kernel's log in which `part` stands, "DMAR-IR" (char *): NULL where it may not be read. */
GPtrArray *vv_ready_kernel_log(const VvSysfs *sysfs, const char *part);
