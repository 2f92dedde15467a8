"""Includes go down only, in the order of src/LAYERS, and a file includes its own header first."""
import re


def order_of_layers(tree):
    """Layer name -> position, 0 at the bottom."""
    layers = tree.by_path['src/LAYERS'].lines if 'src/LAYERS' in tree.by_path else []
    names = [line.strip() for line in layers if re.match(r'[a-z]', line)]
    return {name: position for position, name in enumerate(names)}


def check_layers(tree):
    """A folder includes only itself and folders above it in src/LAYERS."""
    order = order_of_layers(tree)
    for file in tree.cpp:
        if file.layer not in order:
            yield file.finding(1, f"the folder '{file.layer}' is not listed in src/LAYERS")
            continue
        for line, included in file.includes():
            if included.startswith('<'):
                continue
            layer = included.split('/')[0]
            if f'src/{included}' not in tree.by_path:
                yield file.finding(line, f'"{included}" is not a file under src/')
            elif order.get(layer, len(order)) > order[file.layer]:
                yield file.finding(line, f"'{file.layer}' includes upward: '{layer}' stands later "
                                         'in src/LAYERS')


def check_fronts(tree):
    """A protocol of src/front never uses another one."""
    for file in tree.cpp:
        own = file.path.split('/')[2:-1]
        if file.layer != 'front' or not own:
            continue
        for line, included in file.includes():
            parts = included.split('/')
            if parts[0] == 'front' and len(parts) > 2 and parts[1] != own[0]:
                yield file.finding(line, f"'front/{own[0]}' includes 'front/{parts[1]}': move what "
                                         'both need below them')


def check_own_header_first(tree):
    """foo.cc includes foo.h before anything else, which proves that foo.h compiles alone."""
    for file in tree.cpp:
        header = file.path[:-3] + '.h'
        if file.is_header or header not in tree.by_path:
            continue
        includes = list(file.includes())
        if not includes or f'src/{includes[0][1]}' != header:
            line = includes[0][0] if includes else 1
            yield file.finding(line, f'the first include is not "{header[4:]}"')


RULES = [
    ('layers', check_layers),
    ('fronts', check_fronts),
    ('own-header-first', check_own_header_first),
]
