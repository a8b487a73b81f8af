#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a 32-bit register in BAR 0 of a function that no driver of the host has, and writes it before if told to:
register.py ADDRESS OFFSET [VALUE]. What a reset has cleared shows that there was one."""

import mmap
import os
import struct
import sys

folder = f"/sys/bus/pci/devices/{sys.argv[1]}"
offset = int(sys.argv[2], 0)
with open(f"{folder}/config", "r+b", buffering=0) as config:
    config.seek(4)
    command = struct.unpack("<H", config.read(2))[0]
    config.seek(4)
    config.write(struct.pack("<H", command | 2))  # memory space, command register bit 1
bar = os.open(f"{folder}/resource0", os.O_RDWR)
with mmap.mmap(bar, mmap.PAGESIZE) as memory:
    if len(sys.argv) > 3:
        memory[offset : offset + 4] = struct.pack("<I", int(sys.argv[3], 0))
    print(hex(struct.unpack("<I", memory[offset : offset + 4])[0]))
