/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/usage.h"
#include "vfio/words.h"

/* Shared by usage*.c only. Facts about the whole machine are read when the first check asks, and kept. */

/* Something of the device tree: `name` in a class ("eth0"), or "259:2" below sys/dev/{block,char}; `place` is
 * where it sits: "../../devices/pci0000:00/0000:00:1d.0/0000:04:00.0/nvme/nvme0/nvme0n1". */
typedef struct {
    char *name, *place;
    const char *base; /* last component of the place: "nvme0n1" */
} VvNode;

typedef struct {
    char *target, *type, *source;
    char *root;    /* the part of the file system that is mounted: "/", or "net:[4026532281]" */
    char *options; /* of the file system */
    char *number;  /* "259:2", or "0:45" for those without a device of their own */
    char *whose;   /* NULL: seen from our own mount namespace; else "dockerd (pid 812)" */
} VvMount;

typedef struct {
    char *source;
    gboolean is_file;
} VvSwap;

/* A device node that a process holds open. Numbers are 0:0 on a recorded machine. */
typedef struct {
    gboolean is_block;
    guint major, minor;
    char *path; /* as the process calls it: "/dev/dri/card0" */
    int pid;
    char *who; /* "Xorg (pid 812)" */
} VvOpen;

typedef struct VvStorage VvStorage;
typedef struct VvNetwork VvNetwork;

struct VvUsage {
    const VvHost *host;
    const VvSysfs *sysfs;
    const GPtrArray *leaving; /* VvDevice, NULL: only the one that is asked about */
    GHashTable *folders;      /* "sys/class/net" -> GPtrArray of VvNode */
    GHashTable *subsystems;   /* place of an NVMe subsystem -> GPtrArray of its controllers' places */
    GPtrArray *processes;     /* int */
    GPtrArray *opens;         /* VvOpen */
    GPtrArray *mounts;        /* VvMount */
    GPtrArray *swaps;         /* VvSwap */
    VvStorage *storage;
    VvNetwork *network;
};

/* The links in a folder, sorted by place. Never NULL; owned by the usage. */
const GPtrArray *vv_usage_nodes(VvUsage *usage, const char *folder);

/* Is this part of the device tree lost with the function? What is below it at any depth, and the heads of
 * NVMe namespaces that are reached through it. */
gboolean vv_usage_is_behind(VvUsage *usage, const VvDevice *device, const char *place);

/* Does it stay, when `device` and all others of the plan are taken? */
gboolean vv_usage_stays(VvUsage *usage, const VvDevice *device, const char *place);

/* Appends a reason that can be allowed. */
void vv_usage_add(GPtrArray *reasons, const char *code, VvSeverity severity, const VvDevice *device,
                  const char *remedy, const char *detail_format, ...) G_GNUC_PRINTF(6, 7);

/* "Xorg (pid 812)": new string. */
char *vv_usage_process_name(VvUsage *usage, int pid);
/* The numbers of all processes but our own (GINT_TO_POINTER). */
const GPtrArray *vv_usage_processes(VvUsage *usage);
/* Device nodes that any process holds open (VvOpen *). */
const GPtrArray *vv_usage_opens(VvUsage *usage);
/* Who holds this node ("226:0", "dri/card0") open: words like "Xorg (pid 812)", each once; to be freed. */
GPtrArray *vv_usage_openers(VvUsage *usage, gboolean is_block, const char *number, const char *devname);
/* What DEVNAME of sys/dev/{block,char}/NUMBER/uevent says: new string or NULL. */
char *vv_usage_devname(VvUsage *usage, gboolean is_block, const char *number);

/* All mounts of all mount namespaces (each device at each place once), and what is swapped to. */
const GPtrArray *vv_usage_mounts(VvUsage *usage);
const GPtrArray *vv_usage_swaps(VvUsage *usage);
void vv_mount_free(gpointer mount);
void vv_swap_free(gpointer swap);

/* Block devices (VvNode * of sys/dev/block) and what lies on them; usage-storage.c. */
VvStorage *vv_usage_storage(VvUsage *usage);
/* "nvme0n1p2" -> its node, or NULL. */
const VvNode *vv_storage_find(VvUsage *usage, const char *name);
gboolean vv_storage_is_partition(const VvNode *part, const VvNode *disk);
/* Adds the loop devices whose file is this device or lies on it. */
void vv_storage_add_loops(VvUsage *usage, const VvNode *node, GPtrArray *nodes);
/* What is stacked on it: partitions of what holds it, dm, md, bcache, loop devices, at any height. Itself
 * comes first, its own partitions are not in it. To be freed. */
GPtrArray *vv_storage_above(VvUsage *usage, const VvNode *node);
/* The part of that which lies on it directly. To be freed. */
GPtrArray *vv_storage_holders(VvUsage *usage, const VvNode *node);
/* VvMount *, or NULL: it is not mounted. */
const GPtrArray *vv_storage_mounts(VvUsage *usage, const VvNode *node);
/* VvSwap *, or NULL. */
const GPtrArray *vv_storage_swaps(VvUsage *usage, const VvNode *node);
/* The uuid of the mounted btrfs it is a part of, or NULL. */
const char *vv_storage_btrfs(VvUsage *usage, const VvNode *node);
/* "/dev/mapper/vg0-home": new string. */
char *vv_storage_name(VvUsage *usage, const VvNode *node);
/* "the LVM volume /dev/mapper/vg0-home", and how to get rid of it: new strings. */
char *vv_storage_describe(VvUsage *usage, const VvNode *node, char **ret_remedy);
/* A file of its folder in sysfs: new string or NULL. */
char *vv_storage_attribute(VvUsage *usage, const VvNode *node, const char *attribute);

/* What is written on a block device; usage-signature.c. */
typedef struct {
    char *type;  /* "ext4", "LVM2_member" as blkid calls it */
    char *label; /* NULL: none */
} VvSignature;

/* NULL when there is none, or it cannot be read. */
VvSignature *vv_usage_signature(VvUsage *usage, const VvNode *node);
void vv_signature_free(VvSignature *signature);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSignature, vv_signature_free)
/* Does somebody (a file system, the kernel's RAID, a program) claim it for itself? FALSE where that cannot be
 * asked. */
gboolean vv_usage_is_exclusive(VvUsage *usage, const VvNode *node);

void vv_usage_check_disks(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);
void vv_usage_check_network(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);
void vv_usage_check_display(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);
void vv_usage_check_processes(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);
void vv_usage_check_input(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);
void vv_usage_check_claims(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);

void vv_storage_free(VvStorage *storage);
void vv_network_free(VvNetwork *network);
