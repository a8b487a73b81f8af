#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what a hot reset of a function reaches, as the kernel says it: hot-reset.py ADDRESS, which VFIO must have.

Empty when there is no such reset. Asks VFIO_DEVICE_GET_PCI_HOT_RESET_INFO (include/uapi/linux/vfio.h) and resets
nothing.
"""

import errno
import fcntl
import os
import struct
import sys

BASE = 0x3B64
CHECK_IOMMU, SET_IOMMU, SET_CONTAINER, GET_DEVICE, HOT_RESET_INFO = (BASE + n for n in (1, 2, 4, 6, 12))
TYPE1 = 1
ROOM = 64

address = sys.argv[1]
number = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{address}/iommu_group"))
container = os.open("/dev/vfio/vfio", os.O_RDWR)
group = os.open(f"/dev/vfio/{number}", os.O_RDWR)
fcntl.ioctl(group, SET_CONTAINER, struct.pack("i", container))
fcntl.ioctl(container, SET_IOMMU, TYPE1)
device = fcntl.ioctl(group, GET_DEVICE, bytearray(address.encode() + b"\0"))
info = bytearray(struct.pack("III", 12 + 8 * ROOM, 0, 0) + bytes(8 * ROOM))
try:
    fcntl.ioctl(device, HOT_RESET_INFO, info)
except OSError as error:
    if error.errno != errno.ENODEV:
        raise
    sys.exit(0)
count = struct.unpack_from("I", info, 8)[0]
for n in range(count):
    _, segment, bus, devfn = struct.unpack_from("IHBB", info, 12 + 8 * n)
    print(f"{segment:04x}:{bus:02x}:{devfn >> 3:02x}.{devfn & 7}")
