#!/bin/bash
# Disks that fill up: all of them, and one while the others have space. A write that finds no space
# fails with that, nothing acknowledged before is lost, and writes work again once there is space.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"
source "$source_root/tests/system/disks_lib.sh"

for i in 1 2 3; do make_disk $i 420; done
make_cluster 1
for i in 1 2 3; do add_chunk_server_on $i; done
wait_for "three chunk servers are active" cs_active 3
attributes() { vstorage set-attr -p / "replicas=$1" failure-domain=disk >set.out || finish; }

# writes FROM TO: a MiB after the other, each with a pattern of its own; `written` is those that
# were acknowledged.
writes() {
    local i commands=()
    for ((i = $1; i < $2; i++)); do commands+=(-c "write -P $((i % 250 + 1)) ${i}M 1M"); done
    timeout 60 qemu-io -f raw "${commands[@]}" "$uri" >writes.out 2>&1
    mapfile -t written < <(sed -n 's/^wrote 1048576\/1048576 bytes at offset //p' writes.out)
}
# They hold what was written.
reads() { # reads OFFSET...
    local offset commands=()
    for offset; do
        commands+=("read -P $((offset / 1048576 % 250 + 1)) $offset 1M")
    done
    io "${commands[@]}"
}
ran_out_of_space() {
    grep -q 'No space left on device' writes.out &&
        ! grep -E 'failed' writes.out | grep -v 'No space left on device'
}

# All are full.
attributes 3
head -c 30M /dev/urandom >filler.img
check "a file that will make room, on all of them" cairn put filler.img /filler
attributes 2
check "mkdisk" cairn mkdisk /disk 1G
serve_disk nbd /disk
writes 0 250
check "the cluster fills up: no space left on device" ran_out_of_space
acknowledged=("${written[@]}")
check "but not before some was written" [ "${#acknowledged[@]}" -gt 30 ]
check "what was acknowledged can be flushed" io flush
check "and is there" reads "${acknowledged[@]}"
check "overwriting needs no space" io "write -P 99 0 1M" flush "read -P 99 0 1M"
check "the servers run on" cs_active 3
check "stat says FULL" bash -c 'vstorage stat | grep -q "^Space: \[FULL\]"'
check "put says so" says "have room: free or add space" cairn put filler.img /more
check "an event tells" has_event "Failed to allocate 2 replicas for '/(disk|more)'"
for i in 1 2 3; do check_fails "put again" cairn put filler.img "/more$i"; done
sleep 1
told() { [ "$(vstorage get-event | grep -c "Failed to allocate 2 replicas")" = 1 ]; }
check "once, however often it is tried" told
check "rm makes room" cairn rm /filler
goes_on() { io "write -P 77 300M 1M" flush "read -P 77 300M 1M"; }
wait_for "and writes go on" goes_on
wait_for "an event tells that it is over" has_event "Chunks with 2 replicas can be allocated again"
check "what was written before is there" reads "${acknowledged[@]:1}"
check "the disk's server stops" stop nbd
check "all is removed" cairn rm /disk
is_empty() { [ "$(df --output=used -BM disk1 | tail -n 1 | tr -dc 0-9)" -lt 50 ]; }
wait_for "the space is free again" is_empty

# One is full. Whoever needs it runs out of space; the others do not.
# All but a little, of what a chunk server leaves free, too.
fill_disk() {
    local available
    available=$(df --output=avail -BM "disk$1" | tail -n 1 | tr -dc 0-9)
    fallocate -l "$((available - 16))M" "disk$1/ballast"
}
attributes 2:2
check "three disks" bash -c 'for i in 1 2 3; do cairn mkdisk "/disk$i" 64M || exit 1; done'
for i in 1 2 3; do
    serve_disk "nbd$i" "/disk$i"
    uris[i]=$uri
    check "written" io "write -P 1 0 1M" flush
done
fill_disk 1
on_full=0
for i in 1 2 3; do
    uri=${uris[i]}
    writes 1 9
    if cairn map "/disk$i" | grep -q 'CS#1025 in sync'; then
        on_full=$((on_full + 1))
        check "disk $i, on the full server: no space left on device" ran_out_of_space
        stop "nbd$i"
        # Each replica alone gives the same answer: the write is there, or it is not.
        for other in 2 3; do stop "cs$other"; done
        for other in 2 3; do start_cs "$other"; done
        wait_for "the servers are back" cs_active 3
        wait_for "the replicas agree" all_healthy
        check "disk $i is read" cairn get "/disk$i" all.img
        stop cs1
        check "disk $i without the full server" cairn get "/disk$i" without.img
        start_cs 1
        wait_for "it is back" cs_active 3
        check "is the same" cmp all.img without.img
    else
        check "disk $i, on the others: written" [ "${#written[@]}" = 8 ]
        check "and read" reads "${written[@]}"
    fi
done
check "some were on the full server, some not" [ "$on_full" -gt 0 ]
check "new files go to the others" cairn put filler.img /new
check "and are whole" bash -c 'cairn get /new got.img && cmp filler.img got.img'
rm disk1/ballast

# Hardly a byte is left on one, in the midst of writing.
attributes 3
for i in 1 2 3; do [ -z "${started[nbd$i]:-}" ] || stop "nbd$i"; done
check "rm" cairn rm /new /disk1 /disk2 /disk3
wait_for "the space is free again" is_empty
check "mkdisk" cairn mkdisk /middle 128M
serve_disk nbd /middle
first() { writes 0 8 && [ "${#written[@]}" = 8 ]; }
wait_for "it is written" first
writes_on() { writes 8 60 && printf '%s\n' "${written[@]}" >written.out; }
start load writes_on
sleep 0.1
head -c 1G /dev/zero >disk1/ballast 2>/dev/null
check "it is full" [ "$(df --output=avail disk1 | tail -n 1 | tr -dc 0-9)" -lt 16 ]
wait "$(pid_of load)"
unset 'started[load]'
mapfile -t written <written.out
check "what was acknowledged is there" reads "${written[@]}"
check "stat says which is full" bash -c 'vstorage stat | grep -qE "^1025 active +[^ ]+ +0B"'
check_fails "its server stops with what it could not place in the journal" stop cs1
check "it says so" grep -q 'disk1/cs is full: what could not be placed stays' cs1.err
check "it does not start without room" refuses 'disk1/cs.*free space on this disk' \
    csd -c stor1 -r "$work/disk1/cs"
check "the disk goes on" io "write -P 55 0 1M" flush "read -P 55 0 1M"
rm disk1/ballast
start_cs 1
wait_for "with room it starts" cs_active 3
wait_for "and has its replicas again" all_healthy
check "nothing is lost" reads "${written[@]}"
finish
