#!/usr/bin/env python3
"""What the documents ask of systemctl, on a host that is only namespaces and has no systemd.

It reads the units that are really there, as they were at the last daemon-reload, and does what they
say: ExecStart, Type=notify (a start waits until the service says that it is ready), the Wants of a
target's drop-ins, PartOf. It does not restart what failed.
"""
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

LOADED = pathlib.Path('/run/stand-in/loaded')
PIDS = pathlib.Path('/run/stand-in/pids')
LOGS = pathlib.Path('/run/stand-in/logs')
SOURCES = (pathlib.Path('/usr/lib/systemd/system'), pathlib.Path('/etc/systemd/system'))
START_SECONDS = 60
STOP_SECONDS = 90


def reload():
    shutil.rmtree(LOADED, ignore_errors=True)
    LOADED.mkdir(parents=True)
    for folder in SOURCES:
        for unit in folder.glob('vstorage-*'):
            copy = shutil.copytree if unit.is_dir() else shutil.copy
            copy(unit, LOADED / unit.name)


def values(unit, key):
    """All values of a key, in the unit and its drop-ins."""
    files = [LOADED / unit, *sorted((LOADED / f'{unit}.d').glob('*.conf'))]
    return [value for file in files if file.is_file()
            for value in re.findall(rf'^{key}=(.*)$', file.read_text(), re.MULTILINE)]


def check_loaded(unit):
    if not (LOADED / unit).is_file():
        sys.exit(f'Unit {unit} not found.')


def pid_of(unit):
    """The running process of a service; 0 if there is none."""
    try:
        pid = int((PIDS / unit).read_text())
        state = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
        return 0 if state == 'Z' else pid
    except (FileNotFoundError, ProcessLookupError):
        return 0


def start_service(unit):
    if pid_of(unit):
        return
    (command,) = values(unit, 'ExecStart')
    assert values(unit, 'Type') == ['notify'], unit
    # systemd's escapes: "%%" is "%" and "$$" is "$".
    words = [word.replace('%%', '%').replace('$$', '$') for word in shlex.split(command)]
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = f'/run/stand-in/{unit}.notify'
    pathlib.Path(path).unlink(missing_ok=True)
    ready.bind(path)
    with open(LOGS / unit, 'ab') as log:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/',
                                 start_new_session=True, env={**os.environ, 'NOTIFY_SOCKET': path})
    (PIDS / unit).write_text(str(child.pid))
    ready.settimeout(0.2)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            sys.exit(f'{unit} failed:\n{(LOGS / unit).read_text()}')
        try:
            if b'READY=1' in ready.recv(4096):
                return
        except TimeoutError:
            pass
    sys.exit(f'{unit} is not ready after {START_SECONDS} s:\n{(LOGS / unit).read_text()}')


def stop_service(unit):
    pid = pid_of(unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while pid_of(unit):
        if time.monotonic() > deadline:
            sys.exit(f'{unit} does not stop')
        time.sleep(0.05)


def start(unit):
    check_loaded(unit)
    if unit.endswith('.service'):
        start_service(unit)
    for wanted in values(unit, 'Wants'):
        # Of others, as network-online.target, nothing is known here.
        if wanted.startswith('vstorage-'):
            start(wanted)


def stop(unit):
    check_loaded(unit)
    if unit.endswith('.service'):
        return stop_service(unit)
    for part in LOADED.glob('*.service'):
        if unit in values(part.name, 'PartOf'):
            stop_service(part.name)


def main(verb, *units):
    for folder in (PIDS, LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    if not LOADED.exists():
        reload()
    if verb == 'daemon-reload' and not units:
        reload()
    elif verb == 'start' or (verb == 'enable' and units[0] == '--now'):
        for unit in units[verb == 'enable':]:
            assert verb == 'start' or values(unit, 'WantedBy'), f'{unit} cannot be enabled'
            start(unit)
    elif verb == 'stop':
        for unit in units:
            stop(unit)
    else:
        sys.exit(f'systemctl {verb} {" ".join(units)}: this stand-in does not know that')


if __name__ == '__main__':
    main(*sys.argv[1:])
