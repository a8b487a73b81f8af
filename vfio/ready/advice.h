/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/ready/ready.h"

/* What the files of vv_ready_advice() share. Nothing outside of vfio/ready/advice*.c includes this, but their
 * tests. */

/* Where a sentence of advice points: "/etc/modprobe.d/vfio.conf", line 3. */
typedef struct {
    const char *path; /* relative to the root, as VvSysfs takes it */
    guint line;       /* from 1; 0: the file as a whole */
} VvReadyAdvicePlace;

/* One id that vfio-pci is told to take. Owned by the VvReadyAdvice. */
typedef struct {
    char *path;
    guint line;
    guint vendor, device, subvendor, subdevice; /* G_MAXUINT: any */
    guint class_code, class_mask;
} VvReadyAdviceId;

/* A driver that is kept from loading. */
typedef struct {
    char *path;
    guint line;
    char *module;
} VvReadyAdviceBan;

typedef struct {
    const VvReadyHost *ready;
    GPtrArray *rows;
    char *cmdline;     /* /proc/cmdline; "" when it cannot be read */
    GHashTable *files; /* char *: paths that were read */
    guint in_file;     /* findings in the present one */
    GPtrArray *ids;    /* VvReadyAdviceId */
    GPtrArray *bans;   /* VvReadyAdviceBan */
    GPtrArray *held;   /* char *: modules that wait for vfio-pci by a softdep */
    gboolean early;    /* the initramfs loads vfio-pci by itself */
    gboolean hooked;   /* mkinitcpio copies modprobe.d (hook modconf), or is not what makes the initramfs */
    GHashTable *assigned; /* GRUB's variables so far: char * -> char * */
    GHashTable *wrong;    /* char *: arguments of the kernel that there is advice against */
    GPtrArray *inputs;    /* char *: files whose content is copied into an initramfs and that speak of vfio */
} VvReadyAdvice;

/* Appends a row "advice": "/PATH, line N: what is wrong"; at most 20 in one file. `remedy` (the correction in
 * exact words) is taken. */
void vv_ready_advice_add(VvReadyAdvice *advice, VvReadyAdvicePlace place, VvReadyVerdict verdict,
                         char *remedy, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* A word of a file as it can be shown to people: printable, at most 60 characters. New string. */
char *vv_ready_advice_shown(const char *word);

/* Reads a text file for advice, up to a megabyte; NULL when it is not there. Counts it, and begins its
 * findings. */
char *vv_ready_advice_read(VvReadyAdvice *advice, const char *path);

/* One line of a text. `backslash`: one that ends in a backslash goes on in the next. */
typedef void (*VvReadyAdviceLineFn)(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line);

/* Calls `visit` with each line that is not empty and does not begin with one of `comments`, without blanks at
 * both ends. */
void vv_ready_advice_lines(VvReadyAdvice *advice, const char *path, const char *text, const char *comments,
                           gboolean backslash, VvReadyAdviceLineFn visit);

/* The words of a line between blanks, without empty ones; owned by the caller. */
char **vv_ready_advice_words(const char *line);

/* The files NAME.conf that count of such folders ("modprobe.d"): of two with one name that of the first
 * folder, in the order /etc, /run, /usr/local/lib, /usr/lib, /lib (modprobe.d(5), modules-load.d(5),
 * sysctl.d(5)). Paths, sorted by name; owned by the caller. Files in /etc that speak of vfio and have another
 * ending are advised against. */
GPtrArray *vv_ready_advice_conf_files(VvReadyAdvice *advice, const char *folder, const char *ending);

/* Is the running kernel at least MAJOR.MINOR? FALSE when it does not say. */
gboolean vv_ready_advice_kernel_is(const VvReadyAdvice *advice, guint major, guint minor);

/* "ids=10de:1b80,10de:10f0" without "ids=". */
void vv_ready_advice_add_ids(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *list);
void vv_ready_advice_add_ban(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module);
void vv_ready_advice_add_held(VvReadyAdvice *advice, const char *module);
void vv_ready_advice_add_input(VvReadyAdvice *advice, const char *path);

/* One parameter of a module, from modprobe.d or the kernel's command line. */
void vv_ready_advice_parameter(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module,
                               const char *parameter);

/* A module's name in a list that is loaded at boot. */
void vv_ready_advice_listed(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module);

/* A driver that takes every graphics card of its vendor as soon as it is loaded. */
gboolean vv_ready_advice_is_graphics(const char *module);

/* The parts. Each reads its files. */
void vv_ready_advice_modprobe(VvReadyAdvice *advice);
void vv_ready_advice_modules(VvReadyAdvice *advice);
void vv_ready_advice_initramfs(VvReadyAdvice *advice);
void vv_ready_advice_scripts(VvReadyAdvice *advice);
void vv_ready_advice_sysctl(VvReadyAdvice *advice);
void vv_ready_advice_grub(VvReadyAdvice *advice);
/* lines: VvBootLine, of vv_boot_lines(). */
void vv_ready_advice_kernel(VvReadyAdvice *advice, const GPtrArray *lines);
void vv_ready_advice_running(VvReadyAdvice *advice, const GPtrArray *lines);

/* Is this an argument of the kernel that passing devices through is about? */
gboolean vv_ready_advice_is_ours(const char *word);

/* What was gathered before, against the devices of this host. */
void vv_ready_advice_judge_ids(VvReadyAdvice *advice);
void vv_ready_advice_judge_bans(VvReadyAdvice *advice);
void vv_ready_advice_judge_images(VvReadyAdvice *advice);

/* What rebuilds the initramfs of every kernel: "update-initramfs -u -k all". Static. */
const char *vv_ready_advice_rebuild(const VvReadyAdvice *advice);
