/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/config.h"

/* How far the change of one device's driver has come, in the order in which it goes. */
typedef enum {
    VV_STAGE_CHECK, /* on the way back: does it answer, is bus mastering off */
    VV_STAGE_RESET, /* writing 1 to `reset` */
    VV_STAGE_OVERRIDE,
    VV_STAGE_POWER, /* writing d3cold_allowed or power/control */
    VV_STAGE_UNBIND,
    VV_STAGE_BIND,
    VV_STAGE_VERIFY,  /* reading the driver link back */
    VV_STAGE_CONSOLE, /* text consoles: before the unbind, or after the bind */
    VV_STAGE_DONE,
} VvStage;

/* What is to be. */
typedef struct {
    VvAddress address;
    char *driver;        /* bound at the end; NULL: none */
    char *fallback;      /* bound instead when the driver does not take the device; NULL: nothing is */
    char *override;      /* driver_override at the end; NULL: none */
    char *power_control; /* power/control at the end, "on" or "auto"; NULL: as it is */
    char *d3cold;        /* d3cold_allowed at the end, "0" or "1"; NULL: as it is */
    char *consoles;      /* vtconsoles to unbind before, or (check) to bind after; NULL: none */
    gboolean reset;      /* reset it before anything else */
    gboolean check;    /* it comes from VFIO: it must answer and do no DMA before a host driver has it, and a
                          host driver that somebody else has bound meanwhile keeps it */
    gboolean no_reset; /* check: not even when it does not answer */
    gboolean stay;     /* check only; the drivers stay as they are, unless a host driver has it already */
} VvChange;

typedef struct {
    VvStage stage;       /* VV_STAGE_DONE, or where it failed */
    int error;           /* errno, 0: done */
    VvConfigState state; /* of the check; with anything but quiet or unknown it was not given back */
    gboolean stayed;     /* as the change wanted it */
} VvChangeResult;

/* Told before each stage that may block; `data` is the caller's. */
typedef void (*VvStageFn)(VvStage stage, gpointer data);

/* Does it, writing only what differs from what sysfs shows. May block for ever (a driver's remove or probe):
 * call it in a child. driver_override decides who may bind (drivers/pci/pci-driver.c, pci_match_device);
 * drivers/X/bind hands back what the probe said, which drivers_probe throws away (drivers/base/bus.c). */
VvChangeResult vv_driver_change(const VvSysfs *sysfs, const VvChange *change, VvStageFn tell, gpointer data);

/* TRUE for drivers that must not be bound or unbound twice at the same time (NULL: none). */
gboolean vv_driver_goes_alone(const char *driver);
