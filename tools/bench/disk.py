"""The disk benchmarks: the same fio jobs over NBD and on a plain local file, in turn."""
import dataclasses
import statistics

import fio
import processes
from claims import Claim, ratio_of_medians, table

MIB = 1 << 20
GIB = 1 << 30


@dataclasses.dataclass
class Sizes:
    """How much is done: in full, or just enough to see that everything works."""
    rounds: int
    disk: int
    seconds: int  # of the jobs that are limited by time
    # As parts of one journal: what its chunk server certainly holds, and what is more than four
    # times all journals together, so that keeping up is what is measured.
    burst_share: float
    sustained_share: float
    settle: bool  # put-off work ends before the next run


FULL = Sizes(rounds=3, disk=4 * GIB, seconds=10, burst_share=0.5, sustained_share=12.25,
             settle=True)
QUICK = Sizes(rounds=1, disk=64 * MIB, seconds=1, burst_share=1 / 16, sustained_share=1 / 8,
              settle=False)

# Chunk servers apply what is pending after two seconds and empty their journals after thirty.
APPLIED_SECONDS = 3
EMPTIED_SECONDS = 33


@dataclasses.dataclass
class Benchmark:
    name: str
    title: str
    goal: float
    job: list
    amount: str = 'seconds'    # how long it lasts: seconds, burst, sustained, disk (all of it once)
    durable: bool = False      # a flush after each write
    empty_journal: bool = False
    unit_bytes: int = 4096

    def length(self, sizes, journal):
        if self.amount == 'seconds':
            return ['--time_based', f'--runtime={sizes.seconds}']
        total = {'burst': sizes.burst_share * journal, 'sustained': sizes.sustained_share * journal,
                 'disk': sizes.disk}[self.amount]
        # fio covers each block once before it begins again.
        return [f'--io_size={int(total) // MIB * MIB}']


def random_job(kind, depth):
    return [f'--rw=rand{kind}', '--bs=4k', f'--iodepth={depth}']


def sequential_job(kind):
    return [f'--rw={kind}', '--bs=1m', '--iodepth=8']


BENCHMARKS = [
    Benchmark('random-read', '4 KiB random read, QD32', 0.60, random_job('read', 32)),
    Benchmark('random-write', '4 KiB random write, QD32, sustained', 0.18,
              random_job('write', 32), amount='sustained'),
    Benchmark('random-write-burst', '4 KiB random write, QD32, burst', 0.45,
              random_job('write', 32), amount='burst', empty_journal=True),
    Benchmark('write-flush', '4 KiB random write + flush, QD1', 0.25,
              random_job('write', 1), durable=True),
    Benchmark('sequential-write', '1 MiB sequential write, QD8', 0.24, sequential_job('write'),
              amount='disk', unit_bytes=MIB),
    Benchmark('sequential-read', '1 MiB sequential read, QD8', 0.85, sequential_job('read'),
              amount='disk', unit_bytes=MIB),
]


class Series:
    """All runs of one benchmark."""

    def __init__(self, benchmark):
        self.benchmark = benchmark
        self.ours = []   # operations (or MiB) a second
        self.local = []
        self.cpu_us = {program: [] for program in processes.PROGRAMS}  # of an operation

    def row(self):
        def figures(rates):
            spread = f' ({min(rates):,.0f}-{max(rates):,.0f})' if len(rates) > 1 else ''
            return f'{statistics.median(rates):,.0f}{spread}'

        cpu = [statistics.median(values) for values in self.cpu_us.values()]
        unit = 'MiB/s' if self.benchmark.unit_bytes == MIB else 'op/s'
        return [self.benchmark.title, unit, figures(self.ours), figures(self.local),
                f'{ratio_of_medians(self.ours, self.local):.2f}',
                *(f'{value:.1f}' for value in cpu), f'{sum(cpu):.1f}']

    def claim(self):
        return Claim(self.benchmark.name, ratio_of_medians(self.ours, self.local),
                     self.benchmark.goal)


HEAD = ['', 'unit', 'ours', 'local file', 'ratio',
        *(f'{program} us' for program in processes.PROGRAMS), 'all us']


class DiskBench:
    """Runs benchmarks over the cluster's disk and a local file, both written from end to end."""

    def __init__(self, cluster, sizes, say):
        self.cluster = cluster
        self.sizes = sizes
        self.say = say
        self.journal = min(cluster.journal_sizes())
        self.ours = fio.nbd_target(cluster.serve_disk(sizes.disk))
        self.local = fio.file_target(cluster.folder / 'local.img')

    def prepare(self):
        """Writes everything once: space that was only allocated is slower."""
        fill = ['--rw=write', '--bs=1m', '--iodepth=8', '--end_fsync=1']
        for target in (self.local, self.ours):
            fio.run(target, self.cluster.folder, self.sizes.disk, fill)

    def settle(self, seconds):
        if self.sizes.settle and not processes.wait_idle(self.cluster.processes, seconds):
            self.say('the cluster does not come to rest: what follows is disturbed by it')

    def run(self, benchmark):
        series = Series(benchmark)
        for turn in range(self.sizes.rounds):
            job = [*benchmark.job, *benchmark.length(self.sizes, self.journal),
                   f'--randseed={turn + 1}']
            self.settle(EMPTIED_SECONDS if benchmark.empty_journal else APPLIED_SECONDS)
            before = processes.cpu_of(self.cluster.processes)
            outcome = self.run_once(self.ours, benchmark, job)
            after = processes.cpu_of(self.cluster.processes)
            units = outcome.bytes / benchmark.unit_bytes
            series.ours.append(units / outcome.seconds)
            used = {name: after[name] - before[name] for name in after}
            for program, seconds in processes.by_program(used).items():
                series.cpu_us[program].append(seconds / units * 1e6)
            self.settle(APPLIED_SECONDS)
            outcome = self.run_once(self.local, benchmark, job)
            series.local.append(outcome.bytes / benchmark.unit_bytes / outcome.seconds)
            self.say(f'{benchmark.name} {turn + 1}/{self.sizes.rounds}: '
                     f'ours {series.ours[-1]:,.0f}, local {series.local[-1]:,.0f}')
        self.cluster.check_running()
        return series

    def run_once(self, target, benchmark, job):
        return fio.run(target, self.cluster.folder, self.sizes.disk, job, benchmark.durable)


def report(all_series):
    return table([HEAD, *(series.row() for series in all_series)])
