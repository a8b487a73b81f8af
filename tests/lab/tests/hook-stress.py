# SPDX-License-Identifier: GPL-2.0-or-later
"""Several clients start and stop domains at random that want overlapping devices: hook-stress.py SECONDS SEED CLIENTS
FILE, one line "DOMAIN ADDRESS..." for each domain in FILE. After each step, in which every client has done one thing,
what libvirt, the journal and sysfs say must be the same. Prints what it did; exit code 1 with the first contradiction."""
import os
import random
import subprocess
import sys
import threading
import time

JOURNAL = '/run/virt-vfio/devices'
PCI = '/sys/bus/pci/devices'
# At least so many steps, and so many starts that went well.
ENOUGH = 5
ANSWER_SECONDS = 2
# What may keep a domain from starting or stopping: that it runs or not, or that somebody has its device.
EXPECTED = ('already active', 'is not running', 'claimed', 'another virt-vfio works on', 'running already',
            'paused already', 'is already running')
# And what a start says that another client stops meanwhile.
RACED = ('no longer running', 'process exited while connecting to monitor', 'has stopped')


class Virsh:
    """One virsh that stays: each start of it takes a second on this machine."""

    def __init__(self):
        self.process = subprocess.Popen(['virsh', '-q'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def ask(self, words):
        # virsh prints what it reads, too; the quotes are in that only. Its echo ends no line, but an empty one does.
        self.process.stdin.write(f'{words}\necho "e""nd-of-answer"\n\n')
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if 'end-of-answer' in line.replace('"e""nd-of-answer"', ''):
                return '\n'.join(lines)
            if 'virsh #' not in line:
                lines.append(line.strip())
        raise SystemExit(f'virsh has ended: {lines}')


def own_program(*words):
    done = subprocess.run(['virt-vfio', *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return '' if done.returncode == 0 else f'error: {done.stdout}'


def driver(address):
    try:
        return os.path.basename(os.readlink(f'{PCI}/{address}/driver'))
    except FileNotFoundError:
        return None


class Stress:
    def __init__(self, seed, clients, path):
        self.random = random.Random(seed)
        with open(path, encoding='utf-8') as lines:
            self.domains = {name: devices for name, *devices in map(str.split, lines)}
        self.home = {device: driver(device) for devices in self.domains.values() for device in devices}
        self.shells = [Virsh() for _ in range(clients)]
        self.asker = Virsh()
        self.counts = {'started': 0, 'stopped': 0, 'lost': 0, 'steps': 0, 'slowest answer, ms': 0}
        self.uuids = {}
        for name in self.domains:
            self.uuids[self.asker.ask(f'domuuid {name}')] = name

    def act(self, shell, kind, name, said):
        if kind == 'virsh start':
            answer = shell.ask(f'start {name}')
        elif kind == 'virsh destroy':
            answer = shell.ask(f'destroy {name}')
        elif kind == 'start':
            answer = own_program('start', name)
        else:
            answer = own_program('stop', '--force', '--timeout', '1', name)
        said.append((kind, name, answer))

    def step(self):
        """What each client did, after all have done it."""
        said, threads = [], []
        for shell in self.shells:
            kind = self.random.choices(('virsh start', 'virsh destroy', 'start', 'stop'), (5, 4, 1, 1))[0]
            name = self.random.choice(list(self.domains))
            threads.append(threading.Thread(target=self.act, args=(shell, kind, name, said)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stopped = [name for kind, name, _ in said if 'start' not in kind]
        for kind, name, answer in said:
            wrong = 'error:' in answer or 'cannot have' in answer
            expected = EXPECTED + RACED if name in stopped else EXPECTED
            if wrong and not any(text in answer for text in expected):
                return f'{kind} {name}: {answer}'
            self.counts['lost' if wrong else 'started' if 'start' in kind else 'stopped'] += 1
        self.counts['steps'] += 1
        return self.contradiction()

    def is_enough(self):
        return self.counts['steps'] >= ENOUGH and self.counts['started'] >= ENOUGH

    def contradiction(self):
        before = time.monotonic()
        running = set(self.asker.ask('list --name').split())
        took = time.monotonic() - before
        self.counts['slowest answer, ms'] = max(self.counts['slowest answer, ms'], int(took * 1000))
        if took > ANSWER_SECONDS:
            return f'libvirtd took {took:.1f} s to answer'
        entries = {}
        for address in os.listdir(JOURNAL) if os.path.isdir(JOURNAL) else []:
            with open(f'{JOURNAL}/{address}', encoding='utf-8') as lines:
                entries[address] = dict(line.rstrip('\n').split('=', 1) for line in lines if '=' in line)
        wanted = {device: name for name in running for device in self.domains[name]}
        if sum(len(self.domains[name]) for name in running) != len(wanted):
            return f'two domains have one device: {sorted(running)}'
        for device, home in self.home.items():
            entry, name = entries.pop(device, None), wanted.get(device)
            if name and (not entry or entry['state'] != 'taken' or self.uuids.get(entry['owner']) != name):
                return f'{device} is with {name}, but the journal says {entry}'
            if not name and entry:
                return f'nobody runs with {device}, but the journal says {entry}'
            if driver(device) != ('vfio-pci' if name else home):
                return f'{device} of {name} is on {driver(device)}; at home it is on {home}'
        return f'the journal has more: {entries}' if entries else None


def main():
    seconds, seed, clients = map(int, sys.argv[1:4])
    stress = Stress(seed, clients, sys.argv[4])
    end = time.monotonic() + seconds
    trouble = None
    # A machine that is busy gets more time, not less to do.
    while not trouble and (time.monotonic() < end or not stress.is_enough()):
        trouble = stress.step()
    for name in stress.domains:
        stress.asker.ask(f'destroy {name}')
    trouble = trouble or stress.contradiction()
    print(', '.join(f'{count} {what}' for what, count in stress.counts.items()))
    if trouble:
        print(trouble)
        raise SystemExit(1)


main()
