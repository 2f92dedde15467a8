# What the verbs of ./dev share: installing what is missing, building, and counting tests.
# Sourced by ./dev, which has made the root of the project the current folder.

# Debian 12 packages by what needs them. docs/dependencies.md says why each is here.
declare -A packages=(
    [build]="clang-19 lld-19 cmake ninja-build ccache pkg-config liburing-dev libxxhash-dev
             libsodium-dev libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev"
    [sanitize]="libclang-rt-19-dev llvm-19"
    [script]="python3"
    [lint]="clang-tidy-19 clang-format-19 mandoc"
    [client]="qemu-utils fio libnbd-bin iproute2"
    [system]="systemd-container e2fsprogs"
)

jobs=${JOBS:-$(nproc)}
logs=build/log
passed=0
failed=0

export PYTHONDONTWRITEBYTECODE=1
symbolizer=/usr/lib/llvm-19/bin/llvm-symbolizer
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_init_order=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1}
export ASAN_SYMBOLIZER_PATH=$symbolizer TSAN_SYMBOLIZER_PATH=$symbolizer
export UBSAN_SYMBOLIZER_PATH=$symbolizer

die() {
    echo "./dev $verb: $1" >&2
    exit "${2:-1}"
}

# need GROUP...: installs the packages of these groups that are missing. Where all are there,
# nothing is contacted and root is not needed.
need() {
    local group package wanted=() missing=() as_root=()
    for group in "$@"; do
        for package in ${packages[$group]}; do wanted+=("$package"); done
    done
    command -v dpkg-query >/dev/null ||
        die "needs Debian 12, whose packages it installs; here install by hand: ${wanted[*]}"
    local present
    local format=' ${db:Status-Status}:${Package} '
    present=$(dpkg-query -W -f "$format" "${wanted[@]}" 2>/dev/null) || true
    for package in "${wanted[@]}"; do
        [[ $present == *" installed:$package "* ]] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and neither root nor sudo is here;
  as root, run: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
        [ -t 0 ] || as_root=(sudo -n)
    fi
    mkdir -p "$logs"
    echo "install: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300
        -o Acquire::Retries=3)
    if ! { "${as_root[@]}" "${apt[@]}" update &&
        "${as_root[@]}" "${apt[@]}" install --no-install-recommends "${missing[@]}"; } \
        >"$logs/install.log" 2>&1; then
        tail -n 15 "$logs/install.log" >&2
        die "apt-get could not install the packages above; see $logs/install.log and the sources in
  /etc/apt (Debian 12 with bookworm and bookworm-updates has them all), then run this again"
    fi
}

# step NAME COMMAND...: runs the command with its output in build/log/NAME.log, prints one line when
# it succeeds, and what went wrong when it fails.
step() {
    local name=$1 started=$SECONDS log
    shift
    log=$logs/${name//[^a-z0-9]/-}.log
    mkdir -p "$logs"
    if "$@" >"$log" 2>&1 </dev/null; then
        echo "$name: ok ($((SECONDS - started)) s)"
    else
        echo "$name: failed ($((SECONDS - started)) s)"
        relevant_lines "$log" | sed 's/^/    /'
        echo "    (all of it: $log)"
        return 1
    fi
}

# From the first failed command of ninja or the first error on; else the end.
relevant_lines() {
    local first
    first=$(grep -nE -m 1 '^FAILED: |^CMake Error| error: ' "$1" | cut -d : -f 1 || true)
    if [ -n "$first" ]; then
        tail -n "+$first" "$1" | grep -vE '^(/usr/bin/)?(ccache|clang)[^ ]* .{200}' | head -n 60
    else
        tail -n 40 "$1"
    fi
}

# build PRESET [TARGET...]: configures and builds into build/PRESET, on a terminal with progress.
build() {
    local preset=$1 started=$SECONDS
    shift
    step "configure $preset" cmake --preset "$preset" >"$logs/step" || {
        cat "$logs/step"
        return 1
    }
    if [ -t 1 ]; then
        ninja -C "build/$preset" -j "$jobs" "$@" || return 1
        echo "build $preset: ok ($((SECONDS - started)) s)"
    else
        step "build $preset" ninja -C "build/$preset" -j "$jobs" --quiet "$@"
    fi
}

# build_counted PRESET [TARGET...]: a build that fails counts as one failed test and ends the verb.
build_counted() {
    build "$@" && return 0
    failed=$((failed + 1))
    finish
}

# counted COMMAND...: runs a command whose last line is "N passed, N failed", shows what it prints
# before that, and adds its numbers to ours. One that ends otherwise counts as one failed test.
counted() {
    local log status=0 line
    log=$(mktemp "$logs/counted.XXXXXX")
    { "$@" 2>&1 </dev/null || echo "exit status $?"; } | tee "$log" |
        grep --line-buffered -vE '^([0-9]+ passed, [0-9]+ failed|exit status [0-9]+)$' || true
    line=$(tail -n 1 "$log")
    if [[ $line =~ ^exit\ status\ ([0-9]+)$ ]]; then
        status=${BASH_REMATCH[1]}
        line=$(tail -n 2 "$log" | head -n 1)
    fi
    rm "$log"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        [ "$status" = 0 ] || [ "${BASH_REMATCH[2]}" != 0 ] || {
            echo "$*: exit status $status although nothing failed"
            failed=$((failed + 1))
        }
    else
        echo "$*: ended without its count, exit status $status"
        failed=$((failed + 1))
    fi
}

# Prints the line that machines read, and ends.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# seeds PRESET COUNT: that many runs of the simulator, where it exists.
seeds() {
    local simulator=build/$1/bin/cairn-sim
    [ -x "$simulator" ] || return 0
    echo "simulator: $2 seeds, $1 build"
    counted "$simulator" --seeds "$2"
}

# broken_rules PRESET COUNT: every rule of the system broken on purpose must be noticed within that
# many seeds; each is a test.
broken_rules() {
    local simulator=build/$1/bin/cairn-sim
    echo "simulator: every rule broken, $2 seeds at most, $1 build"
    counted count_caught "$simulator" --broken all --seeds "$2"
}

count_caught() {
    "$@" | sed -E 's/^([0-9]+) caught, ([0-9]+) survived$/\1 passed, \2 failed/'
}

# same_traces PRESET COUNT: that build simulates so many seeds as the release build does, event by
# event.
same_traces() {
    local seed ours theirs
    build_counted release cairn-sim
    for ((seed = 1; seed <= $2; seed++)); do
        ours=$("build/$1/bin/cairn-sim" --seed "$seed" | tail -n 1)
        theirs=$(build/release/bin/cairn-sim --seed "$seed" | tail -n 1)
        if [ "$ours" = "$theirs" ]; then
            passed=$((passed + 1))
        else
            echo "seed $seed differs between builds: $1: $ours; release: $theirs"
            failed=$((failed + 1))
        fi
    done
    echo "simulator: $2 seeds compared, $1 build with release build"
}
mkdir -p "$logs"
