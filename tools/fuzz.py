#!/usr/bin/env python3
"""Runs the fuzzers of a build folder for some seconds each; the last line is "N passed, N failed".

What a fuzzer finds interesting is kept in BUILD/corpus/NAME and is where its next run starts. An
input that crashes is kept in BUILD/crashes; once mended, it goes into tests/fuzz/NAME, which every
later run reads first.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

NOISE = re.compile(r'^(#\d+\t|INFO:|\s*NEW_FUNC|stat::)')
EXECUTIONS = re.compile(r'^stat::number_of_executed_units: *(\d+)', re.MULTILINE)


def run(program, build, seconds):
    """Runs one fuzzer; returns (passed, lines to print)."""
    name = program.name
    corpus = build / 'corpus' / name
    corpus.mkdir(parents=True, exist_ok=True)
    crashes = build / 'crashes'
    crashes.mkdir(exist_ok=True)
    kept = pathlib.Path('tests/fuzz') / name
    command = [str(program), f'-max_total_time={seconds}', f'-artifact_prefix={crashes}/{name}-',
               '-timeout=10', '-rss_limit_mb=2048', '-print_final_stats=1', str(corpus)]
    if kept.is_dir():
        command.append(str(kept))
    log = build / 'results' / f'fuzz-{name}.log'
    log.parent.mkdir(exist_ok=True)
    with open(log, 'wb') as output:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(errors='replace')
    executions = EXECUTIONS.search(text)
    count = f'{int(executions.group(1)):,} inputs' if executions else 'no count'
    if status == 0:
        return True, [f'fuzz {name}: ok, {count}, corpus {len(list(corpus.iterdir()))} inputs']
    lines = [f'fuzz {name}: failed, {count}; its last lines:']
    told = [line for line in text.splitlines() if not NOISE.match(line)]
    lines += ['    ' + line for line in told[-40:]]
    for saved in re.findall(r'Test unit written to (\S+)', text):
        lines.append(f'  run it again: {os.path.relpath(program)} {os.path.relpath(saved)}')
    return False, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--seconds', type=int, default=20)
    parser.add_argument('--only', metavar='NAME')
    options = parser.parse_args()
    build = options.build.absolute()

    fuzzers = sorted((build / 'bin').glob('*'))
    if options.only:
        chosen = [fuzzer for fuzzer in fuzzers if fuzzer.name == options.only]
        if not chosen:
            names = ', '.join(fuzzer.name for fuzzer in fuzzers) or 'none yet'
            print(f'there is no fuzzer {options.only}; there are: {names}')
            print('0 passed, 1 failed')
            return 1
        fuzzers = chosen
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, lines in pool.map(lambda fuzzer: run(fuzzer, build, options.seconds), fuzzers):
            print('\n'.join(lines), flush=True)
            passed += good
            failed += not good
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
