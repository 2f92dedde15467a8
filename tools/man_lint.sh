#!/bin/bash
# Checks the manual pages in docs/man with mandoc; the last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
for page in docs/man/*; do
    output=$(mandoc -Tlint -Wall "$page" 2>&1) || true
    # Whether the pages that it refers to are installed here says nothing.
    output=$(grep -vE 'referenced manual not found|mandoc.db' <<<"$output") || true
    if [ -n "$output" ]; then
        echo "$output"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "manual pages: $passed passed, $failed failed"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
