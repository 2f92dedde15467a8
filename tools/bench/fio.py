"""One run of fio against a target: the disk of a cluster, or a plain file beside it."""
import dataclasses
import json
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


def run(target, folder, size, job, durable=False):
    """Runs the job, a list of fio's arguments, over a target of that size."""
    command = ['fio', '--name=job', '--thread', f'--size={size}', '--output-format=json',
               *target.arguments, *(target.each_durable if durable else target.direct), *job]
    ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=RUN_SECONDS_MAX, check=False,
                           preexec_fn=end_with_parent)
    # Messages may stand before the report.
    start = ended.stdout.find('{')
    if ended.returncode != 0 or start < 0:
        raise BenchError(f'{" ".join(command)}: {(ended.stderr + ended.stdout).strip()}')
    result = json.loads(ended.stdout[start:])['jobs'][0]
    if result['error'] != 0:
        raise BenchError(f'{" ".join(command)}: error {result["error"]}')
    done = result['read'] if result['read']['total_ios'] else result['write']
    if done['total_ios'] == 0 or done['runtime'] == 0:
        raise BenchError(f'{" ".join(command)}: nothing was done')
    return Outcome(done['total_ios'], done['io_bytes'], done['runtime'] / 1000,
                   done['clat_ns']['percentile']['50.000000'] / 1000)
