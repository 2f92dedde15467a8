# What the system tests share; sourced, not run:
#
#     source "$(dirname "$0")/lib.sh"
#     start server cairn nbd serve disk.img --unix nbd.sock
#     wait_for "the server is ready" grep -qx ready server.out
#     check "the disk has its size" [ "$(nbdinfo --size "$uri")" = 1048576 ]
#     finish
#
# A test runs in an empty folder of its own, which goes away with it, and everything that it started
# ends with it. A failed check is told and counted, and the test goes on; finish prints the line
# "N passed, N failed".

set -u
export LC_ALL=C

passed=0
failed=0
declare -A started=()

# The programs: those of the runner's build, else of the release build.
source_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
command -v cairn >/dev/null || PATH=$source_root/build/release/bin:$PATH

script=$(realpath "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-system.XXXXXX")
cd "$work" || exit 1

cleanup() {
    local pid
    for pid in "${started[@]}"; do
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    cd / && rm -rf "$work" "/dev/shm/cairn%"*"${work##*/}%"*
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# check NAME COMMAND...: passes if the command succeeds. It runs in this shell, so that it may wait
# for what was started.
check() {
    local name=$1
    shift
    if "$@" >check.log 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name: $*"
        sed 's/^/        /' check.log
    fi
}

# check_fails NAME COMMAND...: passes if the command fails by itself, not by a signal.
check_fails() {
    local name=$1
    shift
    check "$name" fails "$@"
}

fails() {
    local status=0
    "$@" || status=$?
    [ "$status" -gt 0 ] && [ "$status" -lt 128 ]
}

# check_equal NAME EXPECTED ACTUAL
check_equal() {
    check "$1" equal "$2" "$3"
}

equal() {
    [ "$1" = "$2" ] || {
        echo "expected: $1"
        echo "actual:   $2"
        return 1
    }
}

# start NAME COMMAND...: in the background, with its output in NAME.out and NAME.err.
start() {
    local name=$1
    shift
    "$@" >"$name.out" 2>"$name.err" </dev/null &
    started[$name]=$!
}

pid_of() {
    echo "${started[$1]}"
}

is_running() {
    kill -0 "${started[$1]}" 2>/dev/null
}

# stop NAME [SIGNAL]: sends the signal and waits; the status is the program's.
stop() {
    local pid=${started[$1]} status=0
    kill "-${2:-TERM}" "$pid" 2>/dev/null
    wait "$pid" || status=$?
    unset "started[$1]"
    return "$status"
}

# wait_for WHAT COMMAND...: until the command succeeds, at most a minute; ends the test otherwise,
# for nothing after it would make sense.
wait_for() {
    local what=$1 until=$((SECONDS + ${patience:-60}))
    shift
    while [ $SECONDS -lt $until ]; do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.05
    done
    echo "FAILED  waited ${patience:-60} s in vain: $what"
    tail -n 20 ./*.err 2>/dev/null | sed 's/^/        /'
    failed=$((failed + 1))
    finish
}

# A TCP port of 127.0.0.1 on which nobody listens now. Programs that can should rather be given
# port 0 and say which one they took.
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# skip REASON: this machine does not allow what the test needs.
skip() {
    echo "skipped: $1"
    finish
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
