#!/usr/bin/env python3
"""Manual pages and --help agree: what a program takes stands in its page, and nothing else does.

Of each program and command: every option with what it takes, every positional, every command. The
manual says of an option what follows `.It`, of a command what stands under its `.Ss`.
"""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get('CAIRN_SOURCE')
                      or pathlib.Path(__file__).resolve().parent.parent.parent)
PAGES = sorted((SOURCE / 'docs/man').glob('*.[18]'))

passed = failed = 0


def check(name, problems):
    global passed, failed
    if problems:
        failed += 1
        print(f'FAILED  {name}')
        print('\n'.join('        ' + problem for problem in problems))
    else:
        passed += 1
        print(f'ok      {name}')


def run_help(words):
    done = subprocess.run([*words, '--help'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and not done.stderr, f'{words}: {done.returncode} {done.stderr}'
    return done.stdout


def section_of(text, heading):
    """The lines of a help that stand under this heading."""
    found = re.search(rf'^{heading}:\n((?:  .*\n)*)', text, re.MULTILINE)
    return found.group(1).splitlines() if found else []


class Help:
    """What a --help says, of a program or of one of its commands."""

    def __init__(self, words):
        text = run_help(words)
        self.words = words
        # Option -> what it takes; "-h,--help" are two of the same kind.
        self.options = {}
        for line in section_of(text, 'Options'):
            found = re.match(r'  ((?:-\S+)(?:,-\S+)*)(?: (\S+))?(?: \.\.\.)?(?:  |$)', line)
            assert found, line
            for name in found.group(1).split(','):
                self.options[name] = found.group(2) or ''
        self.positionals = [line.split()[0] for line in section_of(text, 'Positionals')]
        self.commands = [line.split()[0] for line in section_of(text, 'Subcommands')]
        self.about = text.splitlines()[0]

    def all_below(self):
        for command in self.commands:
            below = Help([*self.words, command])
            yield below
            yield from below.all_below()


def plain(macros):
    """The text of mdoc's inline macros, without blanks: "Ar IP Ns Op : Ns Ar PORT" -> IP[:PORT]."""
    text = re.sub(r'\bOp : Ns Ar (\w+)', r'[:\1]', macros)
    text = re.sub(r'\b(Ar|Ns|Cm) ', '', text)
    return text.replace('\\-', '-').replace(' ...', '').replace(' ', '')


class Manual:
    """One page: options and words under the heading of each command, '' for the program itself."""

    def __init__(self, page):
        self.options = {'': {}}
        self.arguments = {'': set()}
        command = ''
        section = ''
        for line in page.read_text().splitlines():
            if line.startswith('.Sh '):
                section, command = line[4:], ''
            elif line.startswith('.Ss '):
                command = line[4:]
                self.options[command] = {}
                self.arguments[command] = set()
            elif line.startswith('.It Fl '):
                for option in line[7:].split(' , '):
                    name, _, takes = option.removeprefix('Fl ').partition(' ')
                    self.options[command]['-' + name.replace('\\-', '-')] = plain(takes)
            elif section == 'COMMANDS' and line.startswith('.Ar '):
                self.arguments[command].add(line[4:].removesuffix(' ...'))
            elif section == 'COMMANDS' and line.startswith('.Op Ar '):
                self.arguments[command].add(line[7:].removesuffix(' ...'))


def compare(told, written, arguments, heading):
    problems = []
    for option, takes in told.options.items():
        if option in ('-h', '--help') and heading:
            continue  # said once, of all commands
        if option not in written:
            problems.append(f'{option} is not in the manual')
        elif written[option] != takes:
            problems.append(f"{option} takes '{takes}', in the manual '{written[option]}'")
    problems += [f'{option} is in the manual only'
                 for option in written if option not in told.options]
    problems += [f'the manual does not name {name}'
                 for name in told.positionals if name not in arguments]
    if len(told.about) < 10:
        problems.append('--help does not say what it is for')
    return problems


def check_program(page):
    program = page.stem
    manual = Manual(page)
    told = Help([program])
    check(f'{program}: its own options',
          compare(told, manual.options[''], manual.arguments[''], ''))
    commands = {' '.join(below.words[1:]): below for below in told.all_below()}
    for name, below in commands.items():
        check(f'{program} {name}: in the manual as in --help',
              compare(below, manual.options[name], manual.arguments[name], name)
              if name in manual.options else ['there is no such heading in the manual'])
    check(f'{program}: the manual describes only commands that there are',
          [name for name in manual.options if name and name not in commands])


def check_wrong_command_lines():
    """A word that is none of ours is named, with what is near; the exit status is 2."""
    for words, says in ((['vstorage', 'statt'], "'statt'; did you mean 'stat'?"),
                        (['cairn', 'nbd', 'serve', '--unx=/a', 'b'], 'did you mean \'--unix\'?'),
                        (['mdsd', '--nothing'], "mdsd: there is no option '--nothing'"),
                        (['csd', '-c', 'a'], 'csd: -r is required'),
                        (['cairn-sim', 'x'], "cairn-sim: 'x' is one argument too many"),
                        (['cairn'], 'cairn: a command is missing')):
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        problems = []
        if done.returncode != 2 or done.stdout or says not in done.stderr.splitlines()[0]:
            problems.append(f'{done.returncode}: {done.stderr}')
        if 'Usage: ' + words[0] not in done.stderr:
            problems.append('it does not show how to use it')
        check('told what is wrong: ' + ' '.join(words), problems)


def check_parameters():
    """The cluster's parameters and their defaults, as set-config knows them."""
    known = dict(re.findall(r'^  ([a-z]+\.[\w.]+)=(\S+)$', run_help(['vstorage', 'set-config']),
                            re.MULTILINE))
    page = (SOURCE / 'docs/man/vstorage.8').read_text()
    section = re.search(r'^\.Sh PARAMETERS\n(.*?)^\.Sh ', page, re.MULTILINE | re.DOTALL).group(1)
    written = {}
    for item in re.split(r'^\.It Ic ', section, flags=re.MULTILINE)[1:]:
        default = re.search(r'^The default is (\S+)\.$', item, re.MULTILINE)
        written[item.split()[0]] = default.group(1) if default else None
    check('vstorage: parameters and their defaults',
          [] if known and known == written else [f'{known}', f'{written}'])


def check_all_have_a_page():
    pages = {path.stem for path in PAGES}
    programs = {path.name.removesuffix('_main.cc').replace('_', '-')
                for layer in ('cli', 'daemon')
                for path in (SOURCE / 'src' / layer).rglob('*_main.cc')}
    check('every program that is installed has a page, and the reverse',
          sorted(programs ^ pages))


check_all_have_a_page()
for each in PAGES:
    check_program(each)
check_parameters()
check_wrong_command_lines()
print(f'{passed} passed, {failed} failed')
sys.exit(1 if failed else 0)
