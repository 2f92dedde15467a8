#!/usr/bin/env python3
"""Runs the unit tests of the tools (tools/*_test.py); the last line is "N passed, N failed"."""
import pathlib
import sys
import unittest


def main():
    tools = pathlib.Path(__file__).parent
    suite = unittest.defaultTestLoader.discover(str(tools), pattern='*_test.py')
    result = unittest.TestResult()
    suite.run(result)
    broken = result.failures + result.errors
    for test, trace in broken:
        print(f'  {test.id()}')
        print('\n'.join('    ' + line for line in trace.splitlines()))
    print(f'unit tools: {result.testsRun - len(broken)} passed, {len(broken)} failed')
    print(f'{result.testsRun - len(broken)} passed, {len(broken)} failed')
    return 1 if broken or not result.testsRun else 0


if __name__ == '__main__':
    sys.exit(main())
