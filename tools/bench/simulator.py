"""The simulator's speed: CPU of a seed, and simulated seconds in a second of one core."""
import re
import resource
import subprocess

from claims import Claim, budget_claim, table
from cluster import BenchError, end_with_parent

CPU_SECONDS_BUDGET = 0.5
SPEED_GOAL = 100
TOLD = re.compile(r'^(\d+) runs, (\d+) s simulated$', re.MULTILINE)


class Simulator:
    """One batch of seeds. It may fail seeds: how fast it does so is all that is asked here."""

    def __init__(self, programs, seeds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run([programs / 'cairn-sim', '--seeds', str(seeds)],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=600, check=False, preexec_fn=end_with_parent)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = TOLD.search(ended.stdout)
        if told is None:
            raise BenchError(f'cairn-sim: {(ended.stdout + ended.stderr)[-2000:]}')
        self.runs = int(told.group(1))
        self.simulated = int(told.group(2))
        self.cpu_seconds = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    def report(self):
        return table([['simulator', 'runs', 'CPU s a run', 'simulated s a run',
                       'simulated s in a CPU second'],
                      ['', str(self.runs), f'{self.cpu_seconds / self.runs:.3f}',
                       f'{self.simulated / self.runs:.0f}',
                       f'{self.simulated / self.cpu_seconds:,.0f}']])

    def claims(self):
        return [budget_claim('simulator-cpu', self.cpu_seconds / self.runs, CPU_SECONDS_BUDGET),
                Claim('simulator-speed', self.simulated / self.cpu_seconds, SPEED_GOAL)]
