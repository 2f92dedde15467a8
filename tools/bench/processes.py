"""What processes used, from /proc."""
import os
import pathlib
import resource
import time

TICK_SECONDS = 1 / os.sysconf('SC_CLK_TCK')
# The programs of a cluster, by the names that cluster.py gives its processes.
PROGRAMS = {'mdsd': ('mds',), 'csd': ('cs1', 'cs2', 'cs3'), 'cairn': ('nbd',)}


def cpu_seconds(pid):
    """User and system time of all threads of a process so far."""
    # The name, in brackets, may hold anything; what follows are numbers. proc(5) counts from 1.
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[14 - 3]) + int(fields[15 - 3])) * TICK_SECONDS


def machine_cpu_seconds():
    """Busy time of all cores so far: of programs, kernel and interrupts."""
    user, nice, system, _idle, _iowait, irq, softirq = map(
        int, pathlib.Path('/proc/stat').read_text().split('\n', 1)[0].split()[1:8])
    return (user + nice + system + irq + softirq) * TICK_SECONDS


class Others:
    """What is not ours and had cores of this machine meanwhile: it falsifies what is measured.

    Ours are the given processes, and those that have ended."""

    def __init__(self, processes):
        self.processes = processes
        self.started = time.monotonic()
        self.before = self.used()

    def used(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = sum(cpu_of(self.processes).values()) + ended.ru_utime + ended.ru_stime
        return machine_cpu_seconds() - ours

    def share(self):
        passed = time.monotonic() - self.started
        return max(self.used() - self.before, 0) / passed / os.cpu_count()


def memory_bytes(pid):
    """What of a process is in memory now."""
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024
    raise ValueError(f'process {pid} has no memory')


def cpu_of(processes):
    """CPU seconds so far, by name of the process."""
    return {name: cpu_seconds(process.pid) for name, process in processes.items()}


def by_program(values):
    """Sums what is known by process up by program."""
    return {program: sum(values[name] for name in names)
            for program, names in PROGRAMS.items()}


def wait_idle(processes, seconds, limit_seconds=120):
    """Until the processes together have used next to nothing for so long; False if they never do.

    What they put off (applying, checkpoints) is done then, and in nobody's way.
    """
    step = 1.0
    share_max = 0.06  # five daemons that each count a tick now and then are at rest
    now = time.monotonic()
    end = now + limit_seconds
    idle_since = now
    before = sum(cpu_of(processes).values())
    while now < idle_since + seconds:
        if now > end:
            return False
        time.sleep(step)
        after = sum(cpu_of(processes).values())
        now = time.monotonic()
        if after - before > share_max * step:
            idle_since = now
        before = after
    return True
