"""A cluster of real processes on this machine: one metadata server, three chunk servers or more,
three replicas, and one disk of it served over NBD on a Unix socket.

Everything lies in one folder. The processes end with the benchmark, even if that is killed.
"""
import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

NAME = 'bench'
REPLICAS = 3
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl
WAIT_SECONDS = 60


class BenchError(Exception):
    """What keeps a benchmark from running; told without a trace."""


def end_with_parent():
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)


def free_address():
    """An address of 127.0.0.0/8 where both ports of a metadata server are free."""
    while True:
        address = f'127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}'
        try:
            for port in (2510, 2511):
                with socket.socket() as probe:
                    probe.bind((address, port))
            return address
        except OSError:
            continue


class Cluster:
    """Made by start(); `processes` are its programs by name, for whoever measures them."""

    def __init__(self, folder, programs, chunk_servers=REPLICAS):
        self.folder = folder
        self.chunk_servers = chunk_servers
        self.programs = programs
        self.processes = {}
        self.environment = dict(os.environ, CAIRN_ROOT=str(folder / 'root'), LC_ALL='C')

    def run(self, program, *arguments, text=''):
        """Runs one command of the cluster to its end and returns what it printed."""
        ended = subprocess.run([self.programs / program, *arguments], cwd=self.folder, input=text,
                               env=self.environment, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=WAIT_SECONDS, check=False)
        if ended.returncode != 0:
            raise BenchError(f'{program} {" ".join(arguments)}: {ended.stdout.strip()}')
        return ended.stdout

    def vstorage(self, *arguments, text=''):
        return self.run('vstorage', '-c', NAME, *arguments, text=text)

    def launch(self, name, program, *arguments):
        """A program that stays. Out of reach of the terminal's signals: stop() ends it."""
        with open(self.folder / f'{name}.out', 'wb') as out, \
                open(self.folder / f'{name}.log', 'wb') as log:
            self.processes[name] = subprocess.Popen(
                [self.programs / program, *arguments], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True,
                preexec_fn=end_with_parent)

    def wait_until(self, what, condition):
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            self.check_running()
            if time.monotonic() > end:
                raise BenchError(f'waited {WAIT_SECONDS} s in vain: {what}')
            time.sleep(0.05)

    def check_running(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = (self.folder / f'{name}.log').read_text(errors='replace')
                raise BenchError(f'{name} ended with status {process.returncode}:\n{log[-2000:]}')

    def start(self):
        """The servers, without a disk."""
        address = free_address()
        self.vstorage('make-mds', '-I', '-a', address, '-r', str(self.folder / 'mds'), '-P',
                      text='bench\n')
        self.launch('mds', 'mdsd', '-c', NAME, '-r', str(self.folder / 'mds'))
        self.wait_until('the metadata server answers', lambda: self.status() is not None)
        for number in range(1, self.chunk_servers + 1):
            self.add_chunk_server(number)
        self.wait_until('the chunk servers are active', self.all_active)
        self.vstorage('set-attr', '-R', '-p', '/', f'replicas={REPLICAS}', 'failure-domain=disk')
        self.vstorage('set-config', 'gen.do_punch_hole=1')

    def add_chunk_server(self, number):
        repository = str(self.folder / f'cs{number}')
        self.vstorage('make-cs', '-r', repository)
        self.launch(f'cs{number}', 'csd', '-c', NAME, '-r', repository)

    def lose(self, name):
        """One of them is killed, for good, and its repository goes: others need the space."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        shutil.rmtree(self.folder / name)

    def status(self):
        try:
            return json.loads(self.vstorage('stat', '--json'))
        except (BenchError, ValueError):
            return None

    def all_active(self):
        status = self.status()
        return status is not None and self.chunk_servers == sum(
            server['state'] == 'active' for server in status['chunk_servers'])

    def serve_disk(self, size):
        """Makes a disk and serves it; returns its address for NBD clients that run in `folder`."""
        self.run('cairn', 'mkdisk', '-c', NAME, '/disk', str(size))
        self.launch('nbd', 'cairn', 'nbd', 'serve', '-c', NAME, '/disk', '--unix', 'nbd.sock')
        ready = self.folder / 'nbd.out'
        self.wait_until('the disk is served', lambda: 'ready' in ready.read_text().split('\n'))
        return 'nbd+unix:///disk?socket=nbd.sock'

    def journal_sizes(self):
        return [(self.folder / f'cs{number}' / 'journal').stat().st_size
                for number in range(1, self.chunk_servers + 1)]

    def stop(self):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        self.processes = {}
        # What killed chunk servers leave to their next start, which never comes.
        name = str(self.folder).replace('%', '%25').replace('/', '%2F')
        for left in pathlib.Path('/dev/shm').glob(f'cairn%{name}%*'):
            left.unlink()
