"""What a file must have and must not have in it, whatever it says."""
import re

HEADER_COMMENT_LINES_MAX = 30
FILE_BYTES_MAX = 256 * 1024
# The words are put together here, so that this file does not trip over itself.
MARKERS = re.compile(r'\b(' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK')) + r')\b')
MACHINE_PATHS = re.compile(r'(?<![\w.\-})])/(' + '|'.join(('work', 'root', 'home', 'farm')) + ')/')
MAKING_WORDS = re.compile(
    r'\b(' + '|'.join(('sub-?' 'agent', 'this ' 'session', 'language ' 'model', 'L' 'LM',
                       'Cla' 'ude', 'Chat' 'GPT')) + r')\b', re.IGNORECASE)
GENERATED = re.compile(r'\.(o|a|so|pyc|gcda|gcno|orig|rej|swp|log|tmp|core)$|(^|/)(core|a\.out)$')
# Bytes that tests compare with, or feed to a parser.
BINARY_FOLDERS = re.compile(r'(^|/)(golden|testdata)/|^tests/fuzz/')


def check_markers(tree):
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            match = MARKERS.search(line)
            if match:
                yield file.finding(number, f"'{match.group(0)}': finish it, or write an issue")


def check_making(tree):
    """The project speaks of itself, not of a machine or of how it was made."""
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            match = MACHINE_PATHS.search(line) or MAKING_WORDS.search(line)
            if match:
                yield file.finding(number, f"'{match.group(0)}' speaks of one machine, or of how "
                                           'the work was done')


def check_binaries(tree):
    for file in tree.files:
        if GENERATED.search(file.path):
            yield file.finding(1, 'looks generated: it does not belong in the tree')
        elif file.is_binary and not BINARY_FOLDERS.search(file.path):
            yield file.finding(1, 'is binary: only golden/, testdata/ and tests/fuzz/ hold such')
        elif file.size > FILE_BYTES_MAX:
            yield file.finding(1, f'has {file.size} bytes, {FILE_BYTES_MAX} are allowed')


def check_headers(tree):
    """A header says what it is for, is included once, and opens no namespace for its readers."""
    using = re.compile(r'\busing\s+namespace\b')
    for file in tree.cpp:
        if not file.is_header:
            continue
        comment = 0
        while comment < len(file.lines) and file.lines[comment].startswith('//'):
            comment += 1
        if comment == 0:
            yield file.finding(1, 'opens without a comment that says what it is for, who owns it '
                                  'and what it never does')
        elif comment > HEADER_COMMENT_LINES_MAX:
            yield file.finding(1, f'opens with {comment} lines of comment, at most '
                                  f'{HEADER_COMMENT_LINES_MAX}: explain the rest where it is done')
        if '#pragma once' not in file.lines:
            yield file.finding(1, 'has no #pragma once')
        for line, _ in file.matches(using):
            yield file.finding(line, 'using namespace in a header changes what its readers mean')


def check_whitespace(tree):
    for file in tree.files:
        if not file.text or BINARY_FOLDERS.search(file.path) or file.path == 'LICENSE':
            continue
        for number, line in enumerate(file.lines, 1):
            if line.endswith((' ', '\t', '\r')):
                yield file.finding(number, 'ends in white space')
            elif '\t' in line and (file.is_cpp or file.name.endswith('.py')):
                yield file.finding(number, 'has a tab')
        if not file.text.endswith('\n'):
            yield file.finding(len(file.lines), 'does not end with a newline')


def check_disabled_tests(tree):
    pattern = re.compile(r'\bDISABLED_\w*|\b(EXPECT|ASSERT)_TRUE\(\s*true\s*\)|\bSUCCEED\s*\(')
    for file in tree.cpp:
        for line, match in file.matches(pattern):
            yield file.finding(line, f"'{match.group(0)}': a test that cannot fail tests nothing")


RULES = [
    ('markers', check_markers),
    ('making', check_making),
    ('binaries', check_binaries),
    ('headers', check_headers),
    ('whitespace', check_whitespace),
    ('disabled-tests', check_disabled_tests),
]
