#!/usr/bin/env python3
"""Runs clang-tidy on every source file, and compiles alone the headers that no source file proves.

    tools/compiler_lint.py BUILD [PATH...]

A file is looked at again only when it, a header it includes, the checks or the compiler changed;
what was found clean is remembered in ~/.cache/cairn-lint, for all checkouts. The last line is
"N passed, N failed".
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

CLANG_TIDY, COMPILER = 'clang-tidy-19', 'clang++-19'
# A test ends when it fails: of it, only what makes it lie is looked at, and how it names things.
TEST_CHECKS = ('-*,bugprone-use-after-move,bugprone-unused-raii,bugprone-assert-side-effect,'
               'cppcoreguidelines-avoid-capturing-lambda-coroutines,misc-coroutine-hostile-raii,'
               'readability-identifier-naming')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
DIAGNOSTIC = re.compile(r'^\S+:\d+:\d+: (?:error|warning): ')
REMEMBERED_DAYS = 30


class Project:
    """The sources, which files each includes, and how each is compiled."""

    def __init__(self, build):
        self.root = pathlib.Path(__file__).absolute().parent.parent
        self.build = build
        self.texts = {path.relative_to(self.root).as_posix(): path.read_text()
                      for path in (self.root / 'src').rglob('*') if path.suffix in ('.h', '.cc')}
        self.commands = {os.path.relpath(entry['file'], self.root): entry for entry in
                         json.loads((build / 'compile_commands.json').read_text())}

    def sources(self):
        return sorted(path for path in self.texts if path.endswith('.cc'))

    def unproven_headers(self):
        """Headers without a .cc of their name; tidy sees to it that others are included first."""
        return sorted(path for path in self.texts
                      if path.endswith('.h') and path[:-2] + '.cc' not in self.texts)

    def closure(self, path):
        """The file and all files of the project that it includes, directly or not."""
        found, waiting = set(), [path]
        while waiting:
            one = waiting.pop()
            if one in found or one not in self.texts:
                continue
            found.add(one)
            waiting += ['src/' + name for name in INCLUDE.findall(self.texts[one])]
        return sorted(found)

    def flags(self, path):
        """The compiler flags of a file, or of a neighbour in its layer, without files."""
        entry = self.commands.get(path)
        if not entry:
            layer = path.split('/')[1]
            neighbours = [name for name in self.commands if name.startswith(f'src/{layer}/')]
            entry = self.commands[sorted(neighbours or self.commands)[0]]
        words = shlex.split(entry['command'])
        words = words[1 + next(i for i, word in enumerate(words) if 'clang++' in word):]
        return words[:words.index('-o')]


class Memory:
    """Which inputs were found clean, by the hash of all that matters to the answer."""

    def __init__(self):
        home = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
        self.folder = pathlib.Path(home) / 'cairn-lint'
        self.folder.mkdir(parents=True, exist_ok=True)
        oldest = time.time() - REMEMBERED_DAYS * 86400
        for stamp in self.folder.iterdir():
            if stamp.stat().st_mtime < oldest:
                stamp.unlink(missing_ok=True)

    def knows(self, key):
        stamp = self.folder / key
        if stamp.exists():
            stamp.touch()
            return True
        return False

    def remember(self, key):
        (self.folder / key).touch()


def hash_of(project, path, settings):
    summary = hashlib.sha256('\0'.join(settings).replace(str(project.root), '').encode())
    for name in project.closure(path):
        summary.update(f'\0{name}\0{project.texts[name]}'.encode())
    return summary.hexdigest()


def run(project, command):
    ended = subprocess.run(command, cwd=project.build, stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def tidy_command(project, path):
    checks = [f'--checks={TEST_CHECKS}'] if path.endswith('_test.cc') else []
    return [CLANG_TIDY, '--quiet', *checks, str(project.root / path), '--', *project.flags(path)]


def header_command(project, path):
    # Included from an empty file, so that what is unused in it is not reported.
    return [COMPILER, *project.flags(path), '-fsyntax-only', '-x', 'c++', '/dev/null',
            '-include', str(project.root / path)]


def blocks(project, output):
    """Splits what a compiler said into one text for each diagnostic, with paths from the root."""
    block = []
    for line in output.replace(f'{project.root}/', '').splitlines():
        if DIAGNOSTIC.match(line) and block:
            yield '\n'.join(block)
            block = []
        if block or DIAGNOSTIC.match(line):
            block.append('  ' + line)
    if block:
        yield '\n'.join(block)


def look(name, project, memory, commands, settings):
    """Runs the commands of the files not known to be clean; prints the findings, each once."""
    started = time.monotonic()
    keys = {path: hash_of(project, path, [*settings, *command])
            for path, command in commands.items()}
    fresh = [path for path in commands if not memory.knows(keys[path])]
    # Large ones first, so that the last minute is not spent on one of them alone.
    fresh.sort(key=lambda path: -sum(len(project.texts[one]) for one in project.closure(path)))
    said, dirty = {}, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda path: run(project, commands[path]), fresh)
        for path, (status, output, errors) in zip(fresh, answers):
            if status == 0:
                memory.remember(keys[path])
                continue
            dirty += 1
            found = list(blocks(project, output)) or list(blocks(project, errors)) \
                or [f'  {path}: exit status {status}\n{output}{errors}']
            for block in found:
                said.setdefault(block)
    print('\n'.join(list(said)[:50]) + '\n' if said else '', end='')
    if len(said) > 50:
        print(f'  and {len(said) - 50} more')
    seconds = time.monotonic() - started
    print(f'{name}: {len(commands)} files, {len(fresh)} of them looked at, {dirty} to mend '
          f'({seconds:.0f} s)', flush=True)
    return dirty == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('paths', nargs='*', help='only these source files')
    options = parser.parse_args()
    project = Project(options.build.absolute())
    memory = Memory()
    versions = [run(project, [tool, '--version'])[1] for tool in (CLANG_TIDY, COMPILER)]
    configuration = (project.root / '.clang-tidy').read_text()

    headers = {path: header_command(project, path) for path in project.unproven_headers()}
    sources = {path: tidy_command(project, path) for path in project.sources()
               if not options.paths or path in options.paths}
    results = [look('headers compile alone', project, memory, headers, versions),
               look('clang-tidy', project, memory, sources, [*versions, configuration])]
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    return 1 if False in results else 0


if __name__ == '__main__':
    sys.exit(main())
