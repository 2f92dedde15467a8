"""The files that tidy looks at, read once, and what is code in them."""
import bisect
import dataclasses
import fnmatch
import os
import pathlib
import re


@dataclasses.dataclass(order=True, frozen=True)
class Finding:
    """One place that breaks a rule."""
    path: str
    line: int
    message: str


class File:
    """A file by its path from the root; text files have their text, C++ files also their code."""

    def __init__(self, path, content):
        self.path = path
        self.name = path.rsplit('/', 1)[-1]
        self.size = len(content)
        self.is_binary = b'\0' in content[:8192]
        self.text = '' if self.is_binary else content.decode(errors='replace')
        self.lines = self.text.splitlines()
        self.is_cpp = path.startswith('src/') and path.endswith(('.h', '.cc'))
        self.is_header = self.is_cpp and path.endswith('.h')
        self.is_test = self.is_cpp and path.endswith('_test.cc')
        self.is_main = self.is_cpp and path.endswith('_main.cc')
        parts = path.split('/')
        self.layer = parts[1] if self.is_cpp and len(parts) > 2 else ''
        self.code = strip_comments_and_literals(self.text) if self.is_cpp else ''
        self._newlines = [match.start() for match in re.finditer('\n', self.code)]

    def line_at(self, offset):
        """The line number of an offset into code."""
        return bisect.bisect_left(self._newlines, offset) + 1

    def finding(self, line, message):
        return Finding(self.path, line, message)

    def matches(self, pattern):
        """(line, match) for each match of a compiled pattern in the code."""
        return [(self.line_at(match.start()), match) for match in pattern.finditer(self.code)]

    def includes(self):
        """(line, 'x/y.h' or '<y>') for each include."""
        pattern = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|(<[^>]+>))')
        for number, line in enumerate(self.lines, 1):
            match = pattern.match(line)
            if match:
                yield number, match.group(1) or match.group(2)


class Tree:
    """All files of the project except those that .gitignore names."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = [File(path, (self.root / path).read_bytes()) for path in self._walk()]
        self.by_path = {file.path: file for file in self.files}
        self.cpp = [file for file in self.files if file.is_cpp]

    def _walk(self):
        ignored = ['.git']
        if (self.root / '.gitignore').exists():
            lines = (self.root / '.gitignore').read_text().splitlines()
            ignored += [line.strip('/') for line in lines if line and not line.startswith('#')]
        paths = []
        for folder, folders, names in os.walk(self.root):
            kept = [name for name in folders + names
                    if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]
            folders[:] = sorted(set(folders) & set(kept))
            base = pathlib.Path(folder).relative_to(self.root)
            paths += [(base / name).as_posix() for name in names if name in kept]
        return sorted(paths)


LITERAL = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?:u8|u|U|L)?R"(?P<mark>[^(\s"]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def strip_comments_and_literals(text):
    """The text with comments and the insides of literals blanked; offsets and lines stay."""

    def blank(match):
        found = match.group(0)
        if found[0] == '/':
            return re.sub(r'[^\n]', ' ', found)
        quote = found.index(found[-1])
        inside = re.sub(r'[^\n]', ' ', found[quote + 1:-1])
        return found[:quote + 1] + inside + found[-1]

    return LITERAL.sub(blank, text)
