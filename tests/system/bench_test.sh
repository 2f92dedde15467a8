#!/usr/bin/env bash
# ./dev bench --quick: every claim gets a number, and nothing is left behind.
source "$(dirname "$0")/lib.sh"

dev=$source_root/dev
folder=$source_root/build/bench

# has_claim NAME: exactly one line, with a ratio above zero and the verdict that follows from it.
has_claim() {
    local line
    line=$(grep -E "^claim $1 [0-9]+\.[0-9]{2} goal [0-9]+\.[0-9]{2} (ok|short)$" bench.out) &&
        [ "$(wc -l <<<"$line")" = 1 ] &&
        awk '{exit !($3 > 0 && $5 > 0 && ($6 == "ok") == ($3 >= $5))}' <<<"$line"
}
# has_row TITLE: in the table, with no number missing: unit, ours, local, ratio, four of CPU.
has_row() {
    local rate='[0-9,]*[1-9][0-9,]*'
    grep -E "^$1 +(op|MiB)/s +$rate +$rate +[0-9]+\.[0-9]{2}( +[0-9.]+){4}$" bench.out
}
processes_of() { # of that folder
    grep -lszx "CAIRN_ROOT=$folder/root" /proc/[0-9]*/environ
}

check "all benchmarks run" eval '"$dev" bench --quick >bench.out 2>bench.err </dev/null'
for title in "4 KiB random read, QD32" "4 KiB random write, QD32, sustained" \
    "4 KiB random write, QD32, burst" "4 KiB random write \+ flush, QD1" \
    "1 MiB sequential write, QD8" "1 MiB sequential read, QD8"; do
    check "a row: $title" has_row "$title"
done
for name in random-read random-write random-write-burst write-flush sequential-write \
    sequential-read idle-cpu-mdsd idle-cpu-csd idle-cpu-cairn idle-memory-mdsd idle-memory-csd \
    idle-memory-cairn simulator-cpu simulator-speed catalogue-memory catalogue-load \
    repair-begins repair-rate repair-latency; do
    check "a claim: $name" has_claim "$name"
done
check_equal "no other claims" 19 "$(grep -c '^claim ' bench.out)"
check "its folder is gone" [ ! -e "$folder" ]

check "one alone" eval '"$dev" bench --quick random-read >bench.out </dev/null'
check_equal "prints its claim only" "random-read" "$(awk '/^claim / {print $2}' bench.out)"
check_fails "an unknown one is refused" "$dev" bench nonsense

start victim "$dev" bench --quick
wait_for "it is at work" grep -q "^random-read" victim.out
check "processes are at work" [ -n "$(processes_of)" ]
stop victim INT
check_equal "it can be interrupted" 130 $?
check "its folder is gone then, too" [ ! -e "$folder" ]
check_equal "and its processes" "" "$(processes_of)"

finish
