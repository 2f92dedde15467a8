#!/usr/bin/env python3
"""Runs the commands of README.md and docs/*.md as they stand there.

A fenced block is marked with where it runs; every document begins with hosts of its own:

    ```sh host=1,2             on these hosts, one after the other (10.0.0.1, 10.0.0.2)
    ```sh host=demo            in a checkout, on a machine without a network
    ```sh host=3 background    until the document ends; "ready" is awaited
    ```console host=1          `$ command` and what it prints; what differs by run may differ,
                               "..." stands for any lines, or for the end of one
    ```console host=1 eventually     the same, within a minute
    ```console host=1 status=1       the last command ends with this status
    ```sh not-run="why"        is not run

Passwords are typed where a command asks for them.
"""
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

import namespace_hosts

SOURCE = pathlib.Path(os.environ.get('CAIRN_SOURCE')
                      or pathlib.Path(__file__).resolve().parent.parent.parent)
PASSWORD = 'correct-horse'
STAND_INS = '/stand-in'
NOT_RUN_MAX = 6
BLOCK_SECONDS = 120
EVENTUALLY_SECONDS = 60

passed = failed = 0


def tell(name, problem=''):
    global passed, failed
    if problem:
        failed += 1
        print(f'FAILED  {name}')
        print('\n'.join('        ' + line for line in problem.splitlines()))
    else:
        passed += 1
        print(f'ok      {name}')
    sys.stdout.flush()
    return not problem


@dataclasses.dataclass
class Block:
    place: str
    language: str
    marks: dict
    text: str

    @property
    def hosts(self):
        return self.marks.get('host', '').split(',')


def blocks_of(path):
    blocks = []
    lines = path.read_text().splitlines()
    number = 0
    while number < len(lines):
        opening = re.fullmatch(r'```(.*)', lines[number])
        number += 1
        if not opening:
            continue
        first = number
        while lines[number] != '```':
            number += 1
        words = shlex.split(opening.group(1))
        marks = dict(word.partition('=')[::2] for word in words[1:])
        blocks.append(Block(f'{path.relative_to(SOURCE)}:{first}', words[0] if words else '', marks,
                            '\n'.join(lines[first:number]) + '\n'))
        number += 1
    return blocks


def check_marks(blocks):
    """Every block is either run or says why not, and few are not."""
    problems = []
    for block in blocks:
        runs = bool(block.marks.get('host'))
        if block.language not in ('sh', 'console') or runs == bool(block.marks.get('not-run')):
            problems.append(f'{block.place}: is neither run nor marked not-run="why"')
        unknown = set(block.marks) - {'host', 'not-run', 'background', 'eventually', 'status'}
        if unknown:
            problems.append(f'{block.place}: unknown mark {sorted(unknown)}')
    not_run = [block for block in blocks if 'not-run' in block.marks]
    if len(not_run) > NOT_RUN_MAX:
        problems.append(f'{len(not_run)} blocks are not run, {NOT_RUN_MAX} at most should be')
    tell('every block of commands is run, or says why not', '\n'.join(problems))
    for block in not_run:
        print(f'not run: {block.place}: {block.marks["not-run"]}')


# What differs from run to run, and what stands in its place: sizes, rates, percentages, times,
# numbers of servers' replicas in any order, ids of chunks.
VARIABLE = [(r'\d\d-\d\d-\d\d \d\d:\d\d:\d\d', 'TIME'), (r'\d+ *ops/s', 'N ops/s'),
            (r'\d[\d.]*[KMGTP]?B\b', 'SIZE'), (r'\d+(\.\d+)?%', 'N%'), (r'\d+/(s|\d+)', 'N'),
            (r'\d+\.\d+(?![.\d]|:)', 'N'), (r'\b\d+m\b', 'Nm'), (r'\d+ min\b', 'N min'),
            (r'\b(CS|MDS)#\d+', r'\1'), (r'^( *\d+) +\d+ +(\d+) (?=[a-z]+[, ])', r'\1 CHUNK \2 '),
            (r'^[M ] +(\d+) avail', r'MDS \1 avail'), (r'\s+', ' ')]


def normal(line):
    for pattern, stand_in in VARIABLE:
        line = re.sub(pattern, stand_in, line)
    return line.strip()


def matches(expected, actual):
    """Whether these lines fit; "..." stands for any number of them."""
    if not expected:
        return not actual
    if expected[0] == '...':
        return any(matches(expected[1:], actual[at:]) for at in range(len(actual) + 1))
    if not actual:
        return False
    wanted, got = normal(expected[0]), normal(actual[0])
    fits = got.startswith(wanted[:-3]) if wanted.endswith('...') else got == wanted
    return fits and matches(expected[1:], actual[1:])


class Stage:
    """The hosts of one document, and how blocks run on them."""

    def __init__(self, network, build, folder):
        self.network = network
        self.build = build
        self.folder = folder
        self.hosts = {}
        self.background = []

    def host(self, name):
        if name not in self.hosts:
            self.hosts[name] = self.make_demo() if name == 'demo' else self.make_host(name)
        return self.hosts[name]

    def make_host(self, name):
        host = self.network.add_host(f'host{name}', f'10.0.0.{name}', keeps=[SOURCE, self.build])
        systemctl = SOURCE / 'tests/system/systemctl_stand_in.py'
        host.put(f'{STAND_INS}/systemctl', systemctl.read_text(), 0o755)
        # Installs what ./dev install would, without building it once more.
        install = f'cmake --install {shlex.quote(str(self.build))} --prefix /usr >/dev/null'
        host.put('/checkout/dev', f'#!/bin/sh\n[ "$*" = install ] && {install}\n', 0o755)
        return host, '/checkout'

    def make_demo(self):
        """Sees the checkout, but for the demo cluster that may run in it."""
        own = self.folder / 'demo-folder'
        own.mkdir()
        (SOURCE / '.demo').mkdir(exist_ok=True)
        host = self.network.add_host('demo', keeps=[SOURCE], hides={SOURCE / '.demo': own})
        return host, str(SOURCE)

    def command(self, name, text):
        host, folder = self.host(name)
        folders = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
        home = os.environ.get('HOME', '/root') if name == 'demo' else '/tmp'
        environment = [f'PATH={STAND_INS}:{folders}', f'HOME={home}',
                       'LC_ALL=C.UTF-8', 'TERM=dumb', 'PYTHONDONTWRITEBYTECODE=1']
        return host.command('env', '-i', *environment, 'bash', '-euo', 'pipefail', '-c', text,
                            folder=folder)

    def run_typed(self, name, text):
        """Runs a script at a terminal, on which passwords are typed; (status, output)."""
        ours, theirs = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        child = subprocess.Popen(self.command(name, text), stdin=theirs, stdout=theirs,
                                 stderr=theirs, preexec_fn=take_terminal, close_fds=True)
        os.close(theirs)
        os.set_blocking(ours, False)
        output = b''
        answered = 0
        deadline = time.monotonic() + BLOCK_SECONDS
        while time.monotonic() < deadline:
            ended = child.poll() is not None
            with contextlib.suppress(OSError):
                while more := os.read(ours, 65536):
                    output += more
            prompts = len(re.findall(rb'password for cluster: |repeat it: ', output))
            if prompts > answered:
                os.write(ours, PASSWORD.encode() + b'\n')
                answered += 1
            if ended:
                break
            time.sleep(0.02)
        else:
            os.killpg(child.pid, signal.SIGKILL)
            output += f'\nstill running after {BLOCK_SECONDS} s'.encode()
        child.wait()
        os.close(ours)
        return child.returncode, output.decode(errors='replace').replace('\r\n', '\n')

    def run_script(self, block):
        for name in block.hosts:
            status, output = self.run_typed(name, block.text)
            problem = f'exit status {status}\n{output}' if status != 0 else ''
            if not tell(f'{block.place} on {self.host(name)[0].name}', problem):
                return False
        return True

    def run_in_background(self, block):
        (name,) = block.hosts
        log = self.folder / f'background-{len(self.background)}'
        with open(log, 'wb') as output:
            child = subprocess.Popen(self.command(name, 'exec ' + block.text),
                                     stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.background.append(child)

        def is_ready():
            return 'ready' in log.read_text().splitlines()

        with contextlib.suppress(AssertionError):
            namespace_hosts.wait_until(lambda: is_ready() or child.poll() is not None, 'ready')
        problem = '' if is_ready() else f'it is not ready\n{log.read_text()}'
        return tell(f'{block.place} in the background', problem)

    def run_console(self, block):
        deadline = time.monotonic() + (EVENTUALLY_SECONDS if 'eventually' in block.marks else 0)
        problem = self.compare_console(block)
        while problem and time.monotonic() < deadline:
            time.sleep(0.5)
            problem = self.compare_console(block)
        return tell(block.place, problem)

    def compare_console(self, block):
        (name,) = block.hosts
        steps = re.split(r'^\$ ', block.text, flags=re.MULTILINE)
        assert steps[0] == '', block.place
        for number, step in enumerate(steps[1:], 1):
            command, *expected = step.rstrip('\n').split('\n')
            done = subprocess.run(self.command(name, command), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=BLOCK_SECONDS)
            last = number == len(steps) - 1
            status = int(block.marks.get('status', 0)) if last else 0
            if done.returncode != status or not matches(expected, done.stdout.splitlines()):
                wanted = '\n'.join(normal(line) for line in expected)
                got = '\n'.join(normal(line) for line in done.stdout.splitlines())
                return (f'$ {command}\nexit status {done.returncode}, prints\n{done.stdout}\n'
                        f'-- to be compared with\n{wanted}\n-- it is\n{got}')
        return ''

    def run(self, block):
        if 'background' in block.marks:
            return self.run_in_background(block)
        return self.run_script(block) if block.language == 'sh' else self.run_console(block)


def run_document(path, blocks, build, folder):
    folder.mkdir()
    with namespace_hosts.Network(folder) as network:
        stage = Stage(network, build, folder)
        for block in blocks:
            if 'not-run' in block.marks:
                continue
            if not stage.run(block):
                print(f'the rest of {path.name} needs this: it is not run')
                return


def main():
    programs = pathlib.Path(shutil.which('vstorage') or SOURCE / 'build/release/bin/vstorage')
    build = programs.resolve().parent.parent
    documents = [SOURCE / 'README.md', *sorted((SOURCE / 'docs').glob('*.md'))]
    blocks = {path: blocks_of(path) for path in documents}
    check_marks([block for path in documents for block in blocks[path]])
    if not namespace_hosts.is_possible():
        print('skipped: no namespaces here')
        return
    with tempfile.TemporaryDirectory(prefix='cairn-docs.') as folder:
        for path in documents:
            if any('host' in block.marks for block in blocks[path]):
                run_document(path, blocks[path], build, pathlib.Path(folder) / path.stem)


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('told to end'))
    main()
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed else 0)
