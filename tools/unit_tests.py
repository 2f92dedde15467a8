#!/usr/bin/env python3
"""Runs the unit test programs of a build folder and counts the tests in them.

One line for each program; for each failure its name and message. The last line is
"N passed, N failed". A program that crashes, hangs or leaks counts as one more failure.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time


def programs(build):
    """The commands that CMake registered as tests, by name."""
    listing = subprocess.run(['ctest', '--show-only=json-v1'], cwd=build, check=True,
                             capture_output=True, text=True)
    tests = json.loads(listing.stdout)['tests']
    return {test['name']: test['command'] for test in tests if 'command' in test}


def run(name, command, results, timeout_seconds):
    """Runs one program; returns (lines to print, passed, failed)."""
    report = results / f'{name}.json'
    report.unlink(missing_ok=True)
    started = time.monotonic()
    try:
        ended = subprocess.run(command + [f'--gtest_output=json:{report}', '--gtest_color=no'],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=timeout_seconds, check=False)
        output, status = ended.stdout.decode(errors='replace'), ended.returncode
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b'').decode(errors='replace')
        status = f'still running after {timeout_seconds} s'
    (results / f'{name}.log').write_text(output)

    lines, passed, failed, skipped = read_report(report)
    if status != 0 and failed == 0:
        failed += 1
        lines.append(f'  {name}: exit status {status}; its last lines:')
        lines += ['    ' + line for line in output.splitlines()[-40:]]
    seconds = time.monotonic() - started
    skips = f', {skipped} skipped' if skipped else ''
    summary = f'unit {name}: {passed} passed, {failed} failed{skips} ({seconds:.1f} s)'
    return [summary] + lines, passed, failed


def read_report(report):
    """Reads GoogleTest's report; there is none when the program crashed."""
    lines, passed, failed, skipped = [], 0, 0, 0
    suites = json.loads(report.read_text())['testsuites'] if report.exists() else []
    for suite in suites:
        for test in suite['testsuite']:
            if test['result'] == 'SKIPPED':
                skipped += 1
            elif 'failures' in test:
                failed += 1
                lines.append(f"  {suite['name']}.{test['name']}")
                for failure in test['failures']:
                    lines += ['    ' + line for line in failure['failure'].splitlines()[:30]]
            elif test['result'] == 'COMPLETED' and test['status'] == 'RUN':
                passed += 1
    return lines, passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--timeout', type=int, default=600, metavar='SECONDS')
    options = parser.parse_args()
    results = options.build.absolute() / 'results'
    results.mkdir(exist_ok=True)

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(run, name, command, results, options.timeout)
                for name, command in programs(options.build).items()]
        for done in runs:
            lines, run_passed, run_failed = done.result()
            print('\n'.join(lines), flush=True)
            passed += run_passed
            failed += run_failed
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
