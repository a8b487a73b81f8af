#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet frames for tests of NICs: sends them, and says which arrive where, and with which VLAN tag.

frames.py send IF DST SRC TAG TEXT [DST SRC TAG TEXT]...
    sends one frame for each four words; TAG is - or VLAN[/PRIORITY], written into the frame itself
frames.py listen IF...
    says "listening", then for each frame that came in: IF DST SRC TAG TEXT

Only frames of the EtherType for local experiments (IEEE 802, clause 9.2.4: 88-B5) are sent and heard.
"""
import select
import socket
import struct
import sys

ETHERTYPE = 0x88B5
VLAN = 0x8100
SHORTEST = 60  # without the checksum
ETH_P_ALL = 3
# include/uapi/linux/if_packet.h: struct tpacket_auxdata carries the tag that the kernel or the card took off the frame.
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
AUXDATA = struct.Struct("=IIIHHHH")
TP_STATUS_VLAN_VALID = 1 << 4


def send(interface, words):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        for destination, source, tag, text in zip(*[iter(words)] * 4):
            frame = bytes.fromhex((destination + source).replace(":", ""))
            if tag != "-":
                vlan, _, priority = tag.partition("/")
                frame += struct.pack(">HH", VLAN, int(priority or 0) << 13 | int(vlan))
            frame += struct.pack(">H", ETHERTYPE) + text.encode()
            out.send(frame.ljust(SHORTEST, b"\0"))


def tag_taken_off(ancillary):
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, _ = AUXDATA.unpack(data[: AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                return tci
    return None


def heard(interface, frame, tci):
    """The line about a frame, or None when it is none of ours."""
    at = 12
    if tci is None and frame[at : at + 2] == struct.pack(">H", VLAN):
        tci = struct.unpack(">H", frame[at + 2 : at + 4])[0]
        at += 4
    if frame[at : at + 2] != struct.pack(">H", ETHERTYPE):
        return None
    tag = "-" if tci is None else "%d/%d" % (tci & 0xFFF, tci >> 13)
    text = frame[at + 2 :].rstrip(b"\0").decode(errors="replace")
    return " ".join([interface, frame[:6].hex(":"), frame[6:12].hex(":"), tag, text])


def listen(interfaces):
    sockets = {}
    for interface in interfaces:
        one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        one.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        one.bind((interface, 0))
        sockets[one] = interface
    print("listening", flush=True)
    while True:
        for one in select.select(list(sockets), [], [])[0]:
            frame, ancillary, _, (_, _, kind, _, _) = one.recvmsg(65536, 256)
            line = heard(sockets[one], frame, tag_taken_off(ancillary)) if kind != PACKET_OUTGOING else None
            if line:
                print(line, flush=True)


if sys.argv[1:2] == ["send"] and len(sys.argv) > 6 and len(sys.argv) % 4 == 3:
    send(sys.argv[2], sys.argv[3:])
elif sys.argv[1:2] == ["listen"] and len(sys.argv) > 2:
    listen(sys.argv[2:])
else:
    sys.exit(__doc__)
