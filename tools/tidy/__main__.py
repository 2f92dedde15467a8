"""Checks the sources against the rules of CONTRIBUTING.md that a compiler does not know.

    python3 tools/tidy [ROOT]

Prints each finding as PATH:LINE: RULE: what is wrong. Each rule counts as one test; the last line
is "N passed, N failed".
"""
import pathlib
import sys

import banned
import documents
import layers
import sizes
import text
from tree import Tree

RULES = layers.RULES + banned.RULES + sizes.RULES + text.RULES + documents.RULES


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent.parent)
    tree = Tree(root)
    failed = 0
    for name, rule in RULES:
        findings = sorted(rule(tree))
        for finding in findings:
            print(f'{finding.path}:{finding.line}: {name}: {finding.message}')
        failed += bool(findings)
    print(f'tidy: {len(RULES)} rules over {len(tree.files)} files')
    print(f'{len(RULES) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
