#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the option ROMs of Debian packages header by header, and prints what is in them as tests/unit/rom-table.tsv:
rom-table.py >rom-table.tsv

It shares nothing with the parser that is judged by the table: no line of code, and another way of going about it. It
looks for every 55 AA at a multiple of 512 that points to a "PCIR", and only then asks whether the lengths lead from one
to the next. An empty verdict column would mean that it does not know; it never prints one.

Columns: package, version, path, size, sha256, verdict, problem ("-": none), x64 EFI image at ("-": none), legacy image
with a good sum at ("-": none), images: OFFSET:LENGTH:TYPE:VENDOR:DEVICE:CLASS:SUM:MACHINE:LAST, joined by a blank."""
import glob
import hashlib
import os
import subprocess

FOLDERS = ['/usr/share/seabios', '/usr/lib/ipxe/qemu', '/usr/share/qemu']
NAMES = ['*.rom', '*.bin']


def word(data, at):
    return int.from_bytes(data[at:at + 2], 'little')


def headers(data):
    """Every place where an image could begin."""
    for at in range(0, len(data), 512):
        pcir = at + word(data, at + 0x18)
        if data[at:at + 2] == b'\x55\xaa' and pcir > at and data[pcir:pcir + 4] == b'PCIR':
            yield at, pcir


def image(data, at, pcir):
    length = word(data, pcir + 0x10) * 512
    kind = data[pcir + 0x14]
    total = 'good' if sum(data[at:at + length]) % 256 == 0 else 'wrong'
    return {
        'at': at, 'length': length, 'type': kind, 'vendor': word(data, pcir + 4), 'device': word(data, pcir + 6),
        'class': int.from_bytes(data[pcir + 0x0d:pcir + 0x10], 'little'), 'sum': total if kind == 0 else '-',
        'machine': word(data, at + 0x0a) if kind == 3 else 0, 'last': data[pcir + 0x15] >> 7,
        'counted': data[at + 2] * 512,
    }


def judge(data, images):
    """Verdict and problem. Only what these packages need: anything else stops the script."""
    if data[:2] != b'\x55\xaa':
        if images:
            raise SystemExit('an image that does not begin the file: teach me')
        return 'bad', 'no-signature'
    if not images or images[0]['at'] != 0:
        pointer = word(data, 0x18)
        return 'bad', 'pcir-outside' if pointer + 0x18 > len(data) else 'no-pcir'
    reach = 0
    for one in images:
        if one['at'] < reach:
            continue  # inside of another: data that looks like a header
        if one['at'] != reach or one['sum'] == 'wrong':
            raise SystemExit('a gap or a wrong sum: teach me')
        reach += one['length']
    chain = [one for one in images if one['last']]
    if not chain or chain[0]['at'] + chain[0]['length'] != len(data) or reach != len(data):
        raise SystemExit('the chain is not the file: teach me')
    return 'good', '-'


def row(path):
    with open(path, 'rb') as file:
        data = file.read()
    package = subprocess.run(['dpkg', '-S', path], capture_output=True, text=True, check=True).stdout.split(':')[0]
    version = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], capture_output=True, text=True,
                             check=True).stdout
    images = [image(data, at, pcir) for at, pcir in headers(data)]
    verdict, problem = judge(data, images)
    listed = images if verdict == 'good' else []
    efi = [hex(one['at']) for one in listed if one['type'] == 3 and one['machine'] == 0x8664]
    legacy = [hex(one['at']) for one in listed
              if one['type'] == 0 and sum(data[one['at']:one['at'] + one['counted']]) % 256 == 0 and one['counted']]
    text = ' '.join('{at:#x}:{length}:{type}:{vendor:04x}:{device:04x}:{class:06x}:{sum}:{machine:04x}:{last}'.format(**one)
                    for one in listed)
    return [package, version, path, str(len(data)), hashlib.sha256(data).hexdigest(), verdict, problem,
            (efi or ['-'])[0], (legacy or ['-'])[0], text or '-']


def main():
    paths = {path for folder in FOLDERS for name in NAMES for path in glob.glob(f'{folder}/{name}')}
    print('# SPDX-License-Identifier: GPL-2.0-or-later')
    print('# Written by rom-table.py, which says what the columns are.')
    for path in sorted(paths):
        if not os.path.islink(path):
            print('\t'.join(row(path)))


main()
