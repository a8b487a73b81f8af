/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"

/* A machine with a device of each kind, all free, to which a test adds what makes one of them used. */
#define GPU "0000:01:00.0"
#define AUDIO "0000:01:00.1"
#define NVME "0000:02:00.0"
#define NVME2 "0000:03:00.0"
#define HBA "0000:04:00.0"
#define NIC "0000:05:00.0"
#define VF "0000:05:10.0"
#define USB "0000:06:00.0"
#define USB2 "0000:07:00.0"
#define SERIAL "0000:08:00.0"
#define IGPU "0000:00:02.0"
#define TAKEN "0000:09:00.0"

FakeHost *usage_machine_new(void);

/* Something of a class ("net", "input"), below a folder of the device tree like NVME "/nvme/nvme0". */
void usage_add(FakeHost *fake, const char *class, const char *name, const char *place);
/* The same with a path below sys/devices. */
void usage_add_at(FakeHost *fake, const char *class, const char *name, const char *path);
/* A block or character device with its number, node and DEVNAME; the place as above. */
void usage_add_block(FakeHost *fake, const char *number, const char *place);
void usage_add_virtual_block(FakeHost *fake, const char *number, const char *path);
void usage_add_char(FakeHost *fake, const char *number, const char *devname, const char *place);
/* "sda" is held by "dm-0". */
void usage_hold(FakeHost *fake, const char *number, const char *holder);
void usage_link(FakeHost *fake, const char *path, const char *target);
/* An attribute of what is known by a link: its folder, then the name. */
#define usage_put fake_host_put
/* A process with these open files (NULL-terminated), in our own namespaces or in those with these numbers. */
void usage_add_process(FakeHost *fake, int pid, const char *name, const char *mount_namespace, ...);

/* What is said of the function, one line each: "disk-mounted block /dev/sda is mounted on / (ext4)". */
char *usage_of(FakeHost *fake, const char *address);
/* The same, when others (a selector's words) go with it. */
char *usage_of_with(FakeHost *fake, const char *address, const char *leaving);
void assert_usage(FakeHost *fake, const char *address, const char *lines);
