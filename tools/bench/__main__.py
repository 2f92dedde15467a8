"""Measures what is promised, beside a peer or a limit of the same run.

    python3 tools/bench [--quick] [NAME...]

Needs the release build. Everything lies in build/bench while it runs, and is gone afterwards.
"""
import argparse
import fcntl
import pathlib
import shutil
import signal
import sys

import catalogue
import disk
import idle
import processes
import repair
import simulator
from cluster import BenchError, Cluster

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DISK_NAMES = [benchmark.name for benchmark in disk.BENCHMARKS]
OWN_CLUSTER = ['repair']
WITHOUT_CLUSTER = ['simulator', 'catalogue']
NAMES = [*DISK_NAMES, 'idle', 'repair', *WITHOUT_CLUSTER]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line):
    print(line, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='./dev bench', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Measures what is promised, beside a peer or a limit of the same run.',
        epilog='benchmarks: ' + ', '.join(NAMES) + '\n\nA claim is ok when its ratio reaches its '
        'goal. Of a budget the ratio says\nhow often what was used fits into it.')
    parser.add_argument('--quick', action='store_true',
                        help='short runs that show that all works; their numbers judge nothing')
    parser.add_argument('names', nargs='*', metavar='NAME', help='only these (default: all)')
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in NAMES:
            parser.error(f"there is no benchmark '{name}': {', '.join(NAMES)}")
    options.names = options.names or NAMES
    return options


def prepare_folder():
    """An empty folder that only this run uses; keep what is returned open."""
    folder = ROOT / 'build' / 'bench'
    folder.mkdir(parents=True, exist_ok=True)
    # Beside it, since the folder comes and goes. Two at once would measure each other.
    lock = open(ROOT / 'build' / 'bench.lock', 'w', encoding='utf-8')
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another ./dev bench to end')
        fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder, lock


def check_space(folder, sizes):
    # Three replicas and a local file, three journals, and what chunk servers leave free.
    needed = 4 * sizes.disk + (3 << 30)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(f'{folder} needs {needed >> 30} GiB of free space and has {free >> 30}')


def run_disks(cluster, sizes, names):
    bench = disk.DiskBench(cluster, sizes, say)
    say(f'disk: {sizes.disk >> 20} MiB, 3 replicas, 3 chunk servers; journals: '
        f'{bench.journal >> 20} MiB each')
    bench.prepare()
    others = processes.Others(cluster.processes)
    series = [bench.run(benchmark) for benchmark in disk.BENCHMARKS if benchmark.name in names]
    # The kernel's own threads and interrupts are in it: a few percent are always there.
    if series:
        say(f'meanwhile others used {others.share() * 100:.0f} % of the cores')
    return series


def run_cluster(folder, sizes, options):
    """The benchmarks that need a cluster: lines of their reports, and claims."""
    lines, claims = [], []
    check_space(folder, sizes)
    cluster = Cluster(folder, ROOT / 'build' / 'release' / 'bin')
    try:
        cluster.start()
        series = run_disks(cluster, sizes, options.names)
        if series:
            lines += disk.report(series) + ['']
            claims += [one.claim() for one in series]
        if 'idle' in options.names:
            if not options.quick:
                processes.wait_idle(cluster.processes, disk.EMPTIED_SECONDS)
            measured = idle.Idle(cluster, 2 if options.quick else 20)
            lines += measured.report() + ['']
            claims += measured.claims()
    finally:
        cluster.stop()
    return lines, claims


def run_repair(folder, options):
    cluster = Cluster(folder, ROOT / 'build' / 'release' / 'bin', repair.CHUNK_SERVERS)
    try:
        cluster.start()
        cluster.vstorage('set-config', f'mds.wd.offline_tout={repair.OFFLINE_SECONDS}')
        measured = repair.Repair(cluster, repair.QUICK if options.quick else repair.FULL, say)
        return [*measured.report(), ''], measured.claims()
    finally:
        cluster.stop()


def run(options):
    sizes = disk.QUICK if options.quick else disk.FULL
    folder, lock = prepare_folder()
    lines, claims = [], []
    try:
        if not set(options.names) <= {*WITHOUT_CLUSTER, *OWN_CLUSTER}:
            lines, claims = run_cluster(folder, sizes, options)
        if 'repair' in options.names:
            (folder / 'repair').mkdir()
            more_lines, more_claims = run_repair(folder / 'repair', options)
            lines += more_lines
            claims += more_claims
        if 'simulator' in options.names:
            measured = simulator.Simulator(ROOT / 'build' / 'release' / 'bin',
                                           5 if options.quick else 60)
            lines += measured.report() + ['']
            claims += measured.claims()
        if 'catalogue' in options.names:
            measured = catalogue.Catalogue(
                ROOT / 'build' / 'release',
                catalogue.QUICK_CHUNKS if options.quick else catalogue.CHUNKS)
            lines += measured.report() + ['']
            claims += measured.claims()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
    say('')
    for line in lines:
        say(line)
    for claim in claims:
        say(claim.line())


def interrupted(number, _frame):
    # Once is enough: what follows is the way out.
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    say('interrupted; cleaning up')
    sys.exit(128 + number)


def main(arguments):
    options = parse(arguments)
    # Also where the caller's shell had it ignored, as for what runs in the background.
    for number in ENDING:
        signal.signal(number, interrupted)
    try:
        run(options)
    except BenchError as error:
        print(f'./dev bench: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
