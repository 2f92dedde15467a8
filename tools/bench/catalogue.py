"""The catalogue's budgets with ten million chunks: memory of a replica, and the time to load it."""
import os
import re
import subprocess

from claims import budget_claim, table
from cluster import BenchError, end_with_parent

CHUNKS = 10_000_000
QUICK_CHUNKS = 500_000
BYTES_BUDGET = 100
LOAD_SECONDS_BUDGET = 20
TESTS = ('AReplicaTakesAtMost100Bytes', 'WritesASnapshot', 'LoadsASnapshot')
BYTES = re.compile(r'^(\d+) bytes a chunk with one replica, (\d+) with three$', re.MULTILINE)
TIME = re.compile(r'OK \] SizeTest\.(\w+) \((\d+) ms\)')


class Catalogue:
    """One run of the tests that fill a catalogue, write its snapshot and load that."""

    def __init__(self, build, chunks):
        self.chunks = chunks
        ended = subprocess.run(
            [build / 'meta_test', '--gtest_filter=' + ':'.join(f'SizeTest.{one}' for one in TESTS)],
            env=dict(os.environ, CAIRN_CHUNKS=str(chunks)), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=900, check=False, preexec_fn=end_with_parent)
        told = BYTES.search(ended.stdout)
        times = {name: int(ms) / 1000 for name, ms in TIME.findall(ended.stdout)}
        if ended.returncode != 0 or told is None or set(times) != set(TESTS):
            raise BenchError(f'meta_test: {(ended.stdout + ended.stderr)[-2000:]}')
        self.single, self.triple = map(int, told.groups())
        self.write_seconds = times['WritesASnapshot']
        self.load_seconds = times['LoadsASnapshot']

    def report(self):
        return table([['catalogue', 'chunks', 'bytes with one replica', 'with three',
                       'snapshot written s', 'loaded s'],
                      ['', f'{self.chunks:,}', str(self.single), str(self.triple),
                       f'{self.write_seconds:.1f}', f'{self.load_seconds:.1f}']])

    def claims(self):
        # A smaller catalogue must load in as much less time.
        budget = LOAD_SECONDS_BUDGET * self.chunks / CHUNKS
        return [budget_claim('catalogue-memory', max(self.single, self.triple / 3), BYTES_BUDGET),
                budget_claim('catalogue-load', self.load_seconds, budget)]
