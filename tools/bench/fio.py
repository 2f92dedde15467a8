"""One run of fio against a target: the disk of a cluster, or a plain file beside it."""
import dataclasses
import json
import signal
import subprocess

from cluster import BenchError, end_with_parent

# Longer than any run here: only a hang reaches it.
RUN_SECONDS_MAX = 900


@dataclasses.dataclass
class Outcome:
    operations: int
    bytes: int
    seconds: float
    median_us: float  # how long one took
    slow_us: float    # and the slowest of a hundred; of reads or writes, which are slower


@dataclasses.dataclass
class Target:
    """Where fio works, and how a job on it is made direct, or durable after each write."""
    arguments: list
    direct: list
    each_durable: list


def nbd_target(uri):
    # What NBD takes is direct anyhow: no page cache is in front of it.
    return Target(['--ioengine=nbd', f'--uri={uri}'], [], ['--fsync=1'])


def file_target(path):
    return Target([f'--filename={path}'], ['--direct=1', '--ioengine=libaio'],
                  ['--ioengine=psync', '--fdatasync=1'])


def command_of(target, size, job, durable=False):
    return ['fio', '--name=job', '--thread', f'--size={size}', '--output-format=json',
            *target.arguments, *(target.each_durable if durable else target.direct), *job]


def outcome_of(command, status, output, errors):
    # Messages may stand before the report.
    start = output.find('{')
    if status != 0 or start < 0:
        raise BenchError(f'{" ".join(command)}: {(errors + output).strip()}')
    result = json.loads(output[start:])['jobs'][0]
    if result['error'] != 0:
        raise BenchError(f'{" ".join(command)}: error {result["error"]}')
    kinds = [kind for kind in (result['read'], result['write']) if kind['total_ios']]
    done = kinds[0] if kinds else result['read']
    if done['total_ios'] == 0 or done['runtime'] == 0:
        raise BenchError(f'{" ".join(command)}: nothing was done')
    slow_us = max(kind['clat_ns']['percentile']['99.000000'] for kind in kinds) / 1000
    return Outcome(done['total_ios'], done['io_bytes'], done['runtime'] / 1000,
                   done['clat_ns']['percentile']['50.000000'] / 1000, slow_us)


def run(target, folder, size, job, durable=False):
    """Runs the job, a list of fio's arguments, over a target of that size."""
    command = command_of(target, size, job, durable)
    ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=RUN_SECONDS_MAX, check=False,
                           preexec_fn=end_with_parent)
    return outcome_of(command, ended.returncode, ended.stdout, ended.stderr)


class Running:
    """A job that goes on until end()."""

    def __init__(self, target, folder, size, job):
        self.command = command_of(target, size, job)
        self.process = subprocess.Popen(self.command, cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=end_with_parent)

    def end(self):
        # It reports what it did until then, and ends well.
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=RUN_SECONDS_MAX)
        return outcome_of(self.command, 0, output, errors)
