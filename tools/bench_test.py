"""What tools/bench computes and prints, and what it reads from /proc."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / 'bench'))

import claims
import disk
import processes


class Claims(unittest.TestCase):
    def test_is_ok_when_the_ratio_reaches_the_goal(self):
        self.assertEqual(claims.Claim('x', 0.6, 0.6).line(), 'claim x 0.60 goal 0.60 ok')
        self.assertEqual(claims.Claim('x', 0.59, 0.6).line(), 'claim x 0.59 goal 0.60 short')

    def test_never_contradicts_what_it_prints(self):
        self.assertEqual(claims.Claim('x', 0.5996, 0.6).line(), 'claim x 0.60 goal 0.60 ok')

    def test_a_budget_is_a_ratio_too(self):
        self.assertEqual(claims.budget_claim('x', 2, 8).line(), 'claim x 4.00 goal 1.00 ok')
        self.assertEqual(claims.budget_claim('x', 16, 8).line(), 'claim x 0.50 goal 1.00 short')

    def test_medians_shrug_off_one_bad_run(self):
        self.assertEqual(claims.ratio_of_medians([5, 1, 6], [10, 11, 2]), 0.5)

    def test_a_table_lines_up(self):
        self.assertEqual(claims.table([['', 'ours'], ['read', '1']]), ['      ours', 'read     1'])


class Disk(unittest.TestCase):
    def test_sustained_is_more_than_four_times_all_journals(self):
        journal = 256 << 20
        benchmark = next(b for b in disk.BENCHMARKS if b.name == 'random-write')
        amount = int(benchmark.length(disk.FULL, journal)[0].removeprefix('--io_size='))
        self.assertGreater(amount, 4 * 3 * journal)
        self.assertLess(amount, disk.FULL.disk)

    def test_a_burst_fits_into_a_journal(self):
        journal = 256 << 20
        benchmark = next(b for b in disk.BENCHMARKS if b.name == 'random-write-burst')
        amount = int(benchmark.length(disk.FULL, journal)[0].removeprefix('--io_size='))
        self.assertLess(amount, journal)


class Processes(unittest.TestCase):
    def test_cpu_of_a_process_with_an_odd_name(self):
        before = processes.cpu_seconds(os.getpid())
        while processes.cpu_seconds(os.getpid()) < before + 0.05:
            pass
        name = pathlib.Path('/proc/self/comm')
        kept = name.read_text()
        try:
            name.write_text('a) b (c 1 2')
            self.assertGreaterEqual(processes.cpu_seconds(os.getpid()), before + 0.05)
        finally:
            name.write_text(kept)

    def test_memory(self):
        self.assertGreater(processes.memory_bytes(os.getpid()), 1 << 20)

    def test_others_are_those_that_are_not_ours(self):
        spinner = subprocess.Popen(['sh', '-c', 'while :; do :; done'])
        try:
            mine, not_mine = processes.Others({'s': spinner}), processes.Others({})
            before = processes.cpu_seconds(spinner.pid)
            while processes.cpu_seconds(spinner.pid) < before + 0.5:
                pass
            self.assertGreater(not_mine.used() - not_mine.before,
                               mine.used() - mine.before + 0.3)
        finally:
            spinner.kill()
            spinner.wait()

    def test_a_sleeper_is_idle_and_a_spinner_is_not(self):
        sleeper = subprocess.Popen(['sleep', '60'])
        spinner = subprocess.Popen(['sh', '-c', 'while :; do :; done'])
        try:
            self.assertTrue(processes.wait_idle({'s': sleeper}, 0.5, 20))
            self.assertFalse(processes.wait_idle({'s': spinner}, 0.6, 2))
        finally:
            for child in (sleeper, spinner):
                child.kill()
                child.wait()


if __name__ == '__main__':
    unittest.main()
