"""Idle budgets: what daemons use that have nothing to do (cluster.md: under 1 % of a core and under
64 MiB each). Measured after whatever load was there before."""
import time

import processes
from claims import budget_claim, table

CPU_SHARE_BUDGET = 0.01
MEMORY_BUDGET = 64 << 20


class Idle:
    """What each process used over some seconds."""

    def __init__(self, cluster, seconds):
        before = processes.cpu_of(cluster.processes)
        started = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - started
        after = processes.cpu_of(cluster.processes)
        # Less than a tick of the kernel's clock is not seen, and counts as one.
        self.cpu_share = {name: max(after[name] - before[name], processes.TICK_SECONDS) / passed
                          for name in after}
        self.memory = {name: processes.memory_bytes(process.pid)
                       for name, process in cluster.processes.items()}
        cluster.check_running()

    def report(self):
        return table([['idle', 'CPU, % of a core', 'memory, MiB']] + [
            [name, f'{share * 100:.2f}', f'{self.memory[name] / (1 << 20):.1f}']
            for name, share in self.cpu_share.items()])

    def claims(self):
        """One for each program and budget; of several processes the worst counts."""
        claims = []
        for program, names in processes.PROGRAMS.items():
            names = [name for name in names if name in self.memory]
            claims.append(budget_claim(f'idle-cpu-{program}',
                                       max(self.cpu_share[name] for name in names),
                                       CPU_SHARE_BUDGET))
            claims.append(budget_claim(f'idle-memory-{program}',
                                       max(self.memory[name] for name in names), MEMORY_BUDGET))
        return claims
