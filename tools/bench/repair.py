"""Repair: how soon it begins, how fast it is beside a plain copy, and what clients notice of it.

Four chunk servers with three replicas each. One is killed while nobody asks for anything, then, on
what that left, another under a client's load.
"""
import dataclasses
import statistics
import threading
import time

import fio
from claims import Claim, budget_claim, table
from cluster import BenchError

MIB = 1 << 20
BEGIN_SECONDS_BUDGET = 10
RATE_GOAL = 0.5
LATENCY_FACTOR_BUDGET = 2.0
OFFLINE_SECONDS = 10
CHUNK_SERVERS = 4
LIMIT_SECONDS = 300


@dataclasses.dataclass
class Sizes:
    disk: int
    quiet_seconds: int  # of the client's load without repair
    rounds: int


FULL = Sizes(disk=4096 * MIB, quiet_seconds=10, rounds=3)
QUICK = Sizes(disk=512 * MIB, quiet_seconds=2, rounds=1)

# A client that is not at its limit: it leaves something to spare.
LOAD = ['--rw=randrw', '--rwmixread=70', '--bs=4k', '--iodepth=4', '--rate_iops=700,300',
        '--time_based']


class Repair:
    """All of it, in a cluster of its own."""

    def __init__(self, cluster, sizes, say):
        self.cluster = cluster
        self.sizes = sizes
        self.say = say
        self.next_server = CHUNK_SERVERS + 1
        self.begin_seconds = []
        self.rates, self.load_rates, self.copy_rates = [], [], []  # bytes a second
        self.quiet_us, self.repair_us = [], []    # 99th percentiles of reads and writes together
        self.target = fio.nbd_target(cluster.serve_disk(sizes.disk))
        fio.run(self.target, cluster.folder, sizes.disk,
                ['--rw=write', '--bs=1m', '--iodepth=8', '--end_fsync=1'])
        for turn in range(sizes.rounds):
            self.measure_rate()
            self.measure_latency()
            say(f'repair {turn + 1}/{sizes.rounds}: began after {self.begin_seconds[-1]:.1f} s, '
                f'{self.rates[-1] / MIB:.0f} MiB/s, a copy {self.copy_rates[-1] / MIB:.0f}, '
                f'99th percentile {self.quiet_us[-1]:.0f} us, {self.repair_us[-1]:.0f} meanwhile')

    def server_number(self, name):
        repository = str(self.cluster.folder / name)
        return next(server['id'] for server in self.status()['chunk_servers']
                    if server['repository'] == repository)

    def status(self):
        status = self.cluster.status()
        if status is None:
            raise BenchError('the cluster does not answer')
        return status

    def is_whole(self):
        status = self.status()
        return status['chunk_states']['healthy'] == status['chunks']

    def lose_one(self):
        """Kills a chunk server; returns when it is declared lost: what was copied before, and
        when that was."""
        name = min((name for name in self.cluster.processes if name.startswith('cs')),
                   key=lambda name: int(name.removeprefix('cs')))
        number = self.server_number(name)
        self.cluster.lose(name)
        while True:
            status = self.status()
            state = next(s['state'] for s in status['chunk_servers'] if s['id'] == number)
            if state not in ('active', 'inactive'):
                return number, copied(status), time.monotonic()
            time.sleep(0.1)

    def watch(self, before, lost_at):
        """Follows a repair to its end: how long it took to begin, and how many bytes a second it
        copied then."""
        begun, already = None, 0
        while time.monotonic() < lost_at + LIMIT_SECONDS:
            now, bytes_copied = time.monotonic(), copied(self.status()) - before
            if begun is None and bytes_copied > 0:
                begun, already = now, bytes_copied
            if begun is not None and self.is_whole():
                # A small one is over before it can be asked for twice.
                since, rest = (begun, bytes_copied - already) if bytes_copied > already else (
                    lost_at, bytes_copied)
                return begun - lost_at, rest / (now - since)
            # Asking more often would take the cores from whoever is measured.
            time.sleep(0.1 if begun is None else 0.5)
        raise BenchError('the repair does not come to an end')

    def replace(self, lost):
        """Takes the lost one off the list, and adds an empty one."""
        self.cluster.vstorage('rm-cs', '-f', str(lost), text='yes\n')
        self.cluster.add_chunk_server(self.next_server)
        self.next_server += 1

    def measure_rate(self):
        lost, before, lost_at = self.lose_one()
        begin, rate = self.watch(before, lost_at)
        self.begin_seconds.append(begin)
        self.rates.append(rate)
        self.copy_rates.append(self.plain_copy())
        self.replace(lost)

    def plain_copy(self):
        """Bytes a second that one file is read and another written with, both at once."""
        size = self.sizes.disk // 2
        rates = []
        source = fio.file_target(self.cluster.folder / 'source.img')
        target = fio.file_target(self.cluster.folder / 'target.img')
        write = ['--rw=write', '--bs=1m', '--iodepth=4']
        for file in (source, target):
            fio.run(file, self.cluster.folder, size, write)
        writer = threading.Thread(target=lambda: rates.append(
            fio.run(target, self.cluster.folder, size, write)))
        writer.start()
        rates.append(fio.run(source, self.cluster.folder, size,
                             ['--rw=read', '--bs=1m', '--iodepth=4']))
        writer.join()
        return min(outcome.bytes / outcome.seconds for outcome in rates)

    def measure_latency(self):
        quiet = fio.run(self.target, self.cluster.folder, self.sizes.disk,
                        [*LOAD, f'--runtime={self.sizes.quiet_seconds}'])
        lost, before, lost_at = self.lose_one()
        load = fio.Running(self.target, self.cluster.folder, self.sizes.disk,
                           [*LOAD, f'--runtime={LIMIT_SECONDS}'])
        try:
            begin, rate = self.watch(before, lost_at)
        finally:
            meanwhile = load.end()
        self.begin_seconds.append(begin)
        self.load_rates.append(rate)
        self.quiet_us.append(quiet.slow_us)
        self.repair_us.append(meanwhile.slow_us)
        self.replace(lost)

    def report(self):
        def of(values, scale=1):
            return f'{statistics.median(values) / scale:,.1f}'
        return table([
            ['repair', 'began after s', 'MiB/s', 'a plain copy', 'MiB/s under load',
             'client p99 us', 'meanwhile'],
            ['', of(self.begin_seconds), of(self.rates, MIB), of(self.copy_rates, MIB),
             of(self.load_rates, MIB), of(self.quiet_us), of(self.repair_us)]])

    def claims(self):
        rate = statistics.median(self.rates) / statistics.median(self.copy_rates)
        factor = statistics.median(self.repair_us) / statistics.median(self.quiet_us)
        return [budget_claim('repair-begins', max(self.begin_seconds), BEGIN_SECONDS_BUDGET),
                Claim('repair-rate', rate, RATE_GOAL),
                budget_claim('repair-latency', factor, LATENCY_FACTOR_BUDGET)]


def copied(status):
    """Bytes that chunk servers have written for repair so far."""
    return sum(server['repair_write_bytes'] for server in status['chunk_servers'])
