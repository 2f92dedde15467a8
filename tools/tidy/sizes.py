"""Functions of 70 lines, files of 500 (tests 1,000), lines of 100 columns.

tools/tidy_ratchet.txt lists what is longer, with its length: that may shrink and never grow.
"""
import re

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
TEST_LINES_MAX = 1000
COLUMNS_MAX = 100
RATCHET = 'tools/tidy_ratchet.txt'
MEASURED = ('.cc', '.h', '.sh', '.py', '.cmake')

TYPE_OR_NAMESPACE = re.compile(r'\b(namespace|class|struct|union|enum|extern)\b')


def functions(file):
    """(name, first line, last line) of each function of a file; lambdas count where they stand."""
    code = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', lambda found: re.sub(r'[^\n]', ' ', found.group(0)),
                  file.code, flags=re.MULTILINE)
    scopes = []  # of 'open' (namespace, type), ('function', where its head starts), 'inner'
    head_start = 0
    for match in re.finditer(r'[{};]', code):
        position, mark = match.start(), match.group(0)
        inside = bool(scopes) and scopes[-1] != 'open'
        if mark == '{':
            head = code[head_start:position]
            if inside:
                scopes.append('inner')
            elif is_function_head(head):
                scopes.append(('function', head_start, head))
            else:
                scopes.append('open')
                head_start = position + 1
        elif mark == '}' and scopes:
            scope = scopes.pop()
            if scope == 'inner':
                continue
            if scope != 'open':
                _, start, head = scope
                if code[position + 1:].lstrip()[:1] in ('{', ','):
                    continue  # an initialiser, as in `: size_{size} {`: the body comes after it
                first = start + len(head) - len(head.lstrip())
                yield name_of(head), file.line_at(first), file.line_at(position)
            head_start = position + 1
        elif mark == ';' and not inside:
            head_start = position + 1


def is_function_head(head):
    """Whether a brace after this text, at namespace or class level, opens a function."""
    head = re.sub(r'\balignas\s*\([^()]*(\([^()]*\))?[^()]*\)|\[\[.*?\]\]', '', head)
    if '(' not in head:
        return False
    before = re.sub(r'\btemplate\s*<.*>', '', head[:head.index('(')], flags=re.DOTALL)
    before = re.sub(r'\bextern\s*"\s*"', '', before)
    return not TYPE_OR_NAMESPACE.search(before)


def name_of(head):
    before = head[:head.index('(')].rstrip()
    if re.search(r'\bTEST(_F|_P)?$', before):
        inside = head[head.index('(') + 1:]
        return re.sub(r'\s*,\s*', '.', inside[:inside.index(')')].strip())
    name = re.search(r'(operator\s*\S+|[\w:~]+)$', before)
    return re.sub(r'\s+', '', name.group(1)) if name else 'lambda'


def measure(tree):
    """(kind, path, name) -> (file, lines, limit, first line) of everything that has a limit.

    Of overloads, which share their name, the longest counts.
    """
    longest = {}
    for file in tree.files:
        if not file.name.endswith(MEASURED):
            continue
        is_test = file.name.endswith(('_test.cc', '_test.py'))
        limit = TEST_LINES_MAX if is_test else FILE_LINES_MAX
        longest[('file', file.path, '')] = (file, len(file.lines), limit, 1)
        for name, first, last in functions(file) if file.is_cpp else ():
            key, lines = ('function', file.path, name), last - first + 1
            if key not in longest or lines > longest[key][1]:
                longest[key] = (file, lines, FUNCTION_LINES_MAX, first)
    return longest


def read_ratchet(tree):
    """(kind, path, name) -> (allowed length, line in the ratchet file)."""
    allowed = {}
    file = tree.by_path.get(RATCHET)
    for number, line in enumerate(file.lines if file else [], 1):
        words = line.split()
        if words and not line.startswith('#'):
            name = words[2] if words[0] == 'function' else ''
            allowed[(words[0], words[1], name)] = (int(words[-1]), number)
    return allowed


def check_lengths(tree):
    ratchet = read_ratchet(tree)
    measured = measure(tree)
    for key, (file, lines, limit, first) in measured.items():
        allowed = max(limit, ratchet[key][0]) if key in ratchet else limit
        if lines > allowed:
            what = f'{key[0]} {key[2]}'.strip()
            yield file.finding(first, f'{what} has {lines} lines, {allowed} are allowed: find the '
                                      'part of it that has a name of its own')
    for key, (allowed, number) in ratchet.items():
        _, lines, limit, _ = measured.get(key, (None, 0, 0, 0))
        if lines < allowed:
            advice = f'lower its number to {lines}' if lines > limit else 'remove its line'
            what = ' '.join(key).strip()
            yield tree.by_path[RATCHET].finding(number, f'{what} shrank: {advice}')


def check_columns(tree):
    for file in tree.files:
        if file.name.endswith(MEASURED) or file.path == 'dev':
            for number, line in enumerate(file.lines, 1):
                if len(line) > COLUMNS_MAX:
                    yield file.finding(number, f'{len(line)} columns, {COLUMNS_MAX} are allowed')


RULES = [
    ('length', check_lengths),
    ('columns', check_columns),
]
