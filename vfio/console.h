/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* The text consoles of this host that a display draws. A console that is bound to a frame buffer holds on to
 * it, and a driver that goes while they are bound has to tear them out; unbound before, and bound again when
 * the driver is back, they show text again (Documentation/fb/fbcon.rst, "unbinding" and "rebinding"). */

/* The number N of the frame buffer /sys/class/graphics/fbN that the consoles draw on: the first one, unless
 * fbcon=map: says else. -1: none. */
int vv_console_framebuffer(const VvSysfs *sysfs);

/* The virtual terminals' drivers (names in /sys/class/vtconsole, with blanks between) that draw on the frame
 * buffer of `device`: its own, or the firmware's, which lies on the boot display. New string; NULL: none. */
char *vv_console_of(const VvSysfs *sysfs, const VvDevice *device);

/* Binds or unbinds these drivers; what is so already, or not there any more, is passed over. An errno, or 0.
 */
int vv_console_bind(const VvSysfs *sysfs, const char *names, gboolean bound);
