#!/usr/bin/env python3
"""Runs the system tests: every executable tests/system/*_test.sh and *_test.py, one after another.

Each gets an empty working folder, the programs of the build in PATH, and the root of the project in
CAIRN_SOURCE. It passes by exit status 0; one that ends with "N passed, N failed" is counted so. Its
output is kept in the results folder of the build and shown when it fails.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

COUNT = re.compile(r'^(\d+) passed, (\d+) failed$')


def run(script, build, log, timeout_seconds):
    """Runs one script with its output in the log; returns (passed, failed, how it ended)."""
    source = pathlib.Path(__file__).absolute().parent.parent
    environment = dict(os.environ, CAIRN_SOURCE=str(source),
                       PATH=f"{build / 'bin'}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory(prefix='cairn-test.') as folder, open(log, 'wb') as output:
        # A process group of its own, so that whatever a script leaves running ends with it.
        child = subprocess.Popen([script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=output, stderr=output, start_new_session=True)
        try:
            status = child.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            status = f'still running after {timeout_seconds} s'
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
    last = log.read_text(errors='replace').rstrip().rsplit('\n', 1)[-1]
    count = COUNT.match(last)
    passed, failed = map(int, count.groups()) if count else (int(status == 0), int(status != 0))
    if status != 0 and failed == 0:
        failed = 1
    return passed, failed, status


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--only', default='', metavar='PART', help='only names with PART in them')
    parser.add_argument('--timeout', type=int, default=600, metavar='SECONDS')
    options = parser.parse_args()
    # Told to end, end the running script too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('told to end'))
    build = options.build.absolute()
    results = build / 'results'
    results.mkdir(parents=True, exist_ok=True)

    folder = pathlib.Path(__file__).absolute().parent.parent / 'tests' / 'system'
    scripts = sorted(path for path in folder.glob('*_test.*')
                     if path.suffix in ('.sh', '.py') and options.only in path.name)
    passed = failed = 0
    for script in scripts:
        started = time.monotonic()
        log = results / f'system-{script.stem}.log'
        script_passed, script_failed, status = run(script, build, log, options.timeout)
        passed += script_passed
        failed += script_failed
        print(f'system {script.stem}: {script_passed} passed, {script_failed} failed '
              f'({time.monotonic() - started:.1f} s)', flush=True)
        if script_failed:
            print(f'  exit status {status}; its last lines:')
            lines = log.read_text(errors='replace').splitlines()
            print('\n'.join('    ' + line for line in lines[-60:]))
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
