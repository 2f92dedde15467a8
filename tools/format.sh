#!/usr/bin/env bash
# Formats every C++ file with clang-format; with --check only says which would change.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -d '' files < <(find src -name '*.h' -print0 -o -name '*.cc' -print0 | sort -z)
if [ "${1:-}" != --check ]; then
    clang-format-19 -i "${files[@]}"
    exit
fi
list=$(printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -n 40 clang-format-19 --dry-run --ferror-limit=1 2>&1 |
    sed -n 's/^\([^: ]*\):[0-9]*:[0-9]*: warning: code should be clang-formatted.*/\1/p' | sort -u)
if [ -n "$list" ]; then
    sed 's/$/: not formatted; .\/dev fmt formats it/' <<<"$list"
    echo "0 passed, 1 failed"
    exit 1
fi
echo "format: ${#files[@]} files"
echo "1 passed, 0 failed"
