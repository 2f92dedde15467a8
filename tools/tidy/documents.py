"""What the documents list is there: files, packages, verbs."""
import posixpath
import re

README_LINES_MAX = 150
OWN_PATH = re.compile(r'`((?:src|docs|tools|tests|cmake|packaging|bench)/[\w./\-]*(?=`)'
                      r'|\./dev [a-z]+)')
LINK = re.compile(r'\]\(([^)#\s]+)(?:#[^)]*)?\)')
NAMED_DOCUMENT = re.compile(r'\bdocs/[\w./\-]+\.md\b')


def paths_named_in(file, line):
    """(as written, path from the root) of every file, folder and verb that a line names."""
    if file.path.endswith('.md'):
        for named in OWN_PATH.findall(line):
            verb = named.startswith('./dev ')
            yield named, f'tools/dev/{named[6:]}.sh' if verb else named.rstrip('/.')
        for target in LINK.findall(line):
            if '://' not in target:
                folder = posixpath.dirname(file.path)
                yield target, posixpath.normpath(posixpath.join(folder, target))
    elif not re.search(r'_test\.\w+$', file.path):
        for named in NAMED_DOCUMENT.findall(line):
            yield named, named


def check_paths(tree):
    """A file, folder or verb that a document names exists; so do documents that code names."""
    folders = {path.rsplit('/', depth)[0] for path in tree.by_path
               for depth in range(1, path.count('/') + 1)}
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            for named, path in paths_named_in(file, line):
                if path not in tree.by_path and path not in folders:
                    yield file.finding(number, f'{named} does not exist')


def packages_of_cmake(tree):
    """(file, line, name in small letters) of what the build looks for outside of the C library."""
    for file in tree.files:
        if not file.path.endswith(('CMakeLists.txt', '.cmake')):
            continue
        for number, line in enumerate(file.lines, 1):
            found = re.match(r'\s*find_package\((\w+)|\s*pkg_check_modules\(.* (\w+)\)', line)
            if found and found.group(1) != 'Threads':
                yield file, number, (found.group(1) or found.group(2)).lower()


def check_dependencies(tree):
    """docs/dependencies.md lists exactly what ./dev installs, and all that CMake looks for."""
    script, document = tree.by_path.get('tools/common.sh'), tree.by_path.get('docs/dependencies.md')
    if not script or not document:
        return
    groups = re.findall(r'^ +\[\w+\]="([^"]*)"', script.text, re.MULTILINE)
    installed = {package for group in groups for package in group.split()}
    listed = {}
    for number, line in enumerate(document.lines, 1):
        if line.startswith('| `'):
            packages = re.findall(r'`([^`]+)`', line.split('|')[1])
            listed.update({package: number for package in packages})
    for package in sorted(installed - set(listed)):
        yield document.finding(1, f'{package}, which tools/common.sh installs, is not listed')
    for file, number, wanted in packages_of_cmake(tree):
        if not any(wanted in package.replace('-', '') for package in listed):
            yield file.finding(number, f'docs/dependencies.md lists no package for {wanted}')
    for package in sorted(set(listed) - installed):
        yield document.finding(listed[package], f'{package} is not installed by tools/common.sh')


def check_readme(tree):
    file = tree.by_path.get('README.md')
    if file and len(file.lines) > README_LINES_MAX:
        yield file.finding(README_LINES_MAX + 1, f'has {len(file.lines)} lines, {README_LINES_MAX} '
                                                 'are allowed')


RULES = [
    ('document-paths', check_paths),
    ('document-dependencies', check_dependencies),
    ('readme-length', check_readme),
]
