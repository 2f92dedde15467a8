#!/bin/bash
# Disks that are full, beside those of chunk servers: the only metadata server's, that of the logs
# and that of the cluster's files of a host. Nothing that was acknowledged is lost, what cannot be
# done waits, and all goes on once there is room.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"
source "$source_root/tests/system/disks_lib.sh"

# All but so many MiB.
fill() { # fill DISK MIB
    local available
    available=$(df --output=avail -BM "disk$1" | tail -n 1 | tr -dc 0-9)
    fallocate -l "$((available - $2))M" "disk$1/ballast"
}
make_room() { rm "disk$1/ballast"; }

make_disk 1 160
mkdir disk1/mds && ln -s "$work/disk1/mds" mds1
make_cluster 1
for i in 2 3; do mkdir "disk$i" && mount -t tmpfs -o size=1m logs "disk$i" || exit 1; done
# Chunk servers on plain folders, one of which logs to a disk of its own.
start_cs() {
    if [ "$1" = 3 ]; then
        start cs3 bash -c "exec csd -c stor1 -r '$work/cs3' 2>>disk2/cs3.err"
    else
        start "cs$1" csd -c stor1 -r "$work/cs$1"
    fi
}
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "mkdisk" cairn mkdisk /disk 64M
serve_disk nbd /disk
check "written" io "write -P 7 0 4M" flush

# The disk of the logs is full, and so is the one with the list of metadata servers.
cp -r root disk3/root
ballast() { head -c 2M /dev/zero >"disk$1/ballast" 2>/dev/null; true; }
ballast 2
ballast 3
check "not a byte fits" bash -c '! echo more >disk2/more'
stop cs3
start_cs 3
wait_for "a chunk server starts all the same" cs_active 3
check "the disk goes on" io "write -P 8 4M 4M" flush "read -P 8 4M 4M"
check "commands do without their folder's disk" \
    env CAIRN_ROOT="$work/disk3/root" vstorage -c stor1 stat
make_room 2
stop cs3
start_cs 3
wait_for "it is back" cs_active 3
check "and logs again" grep -q 'CS#' disk2/cs3.err
rm disk3/ballast

# The metadata server's disk: nothing but one segment fits, as soon as its spare one is gone.
check "the metadata server stops" stop mds1
fill 1 2
start_mds 1
wait_for "it starts" mds_available 1
check "the event comes ahead of need" \
    has_event "MDS#1 .* has no space for more of its log in $work/mds1"
check "the log says so" grep -q 'no new segment of the log can be made ready' mds1.err
waits() { grep -q 'waits until there is space in' mds1.err; }
# Until the last segment is full.
change_names() { # change_names NUMBER
    while ! waits; do
        timeout 20 cairn mkdir "/made$1" && timeout 20 cairn rm "/made$1"
    done
} >/dev/null 2>&1
for i in 1 2 3 4; do start "changes$i" change_names "$i"; done
patience=400 wait_for "its log is full" waits
check "it runs" is_running mds1
check "reads of the metadata go on" vstorage stat
check "a disk is read" io "read -P 7 0 4M" "read -P 8 4M 4M"
for i in 1 2 3 4; do wait "$(pid_of "changes$i")"; done
# Its chunk is not marked open for writing any more, after so long.
start late qemu-io -f raw -c "write -P 9 8M 4M" -c flush "$uri"
check "a command does not wait for ever" says 'no answer' cairn mkdir /late
check "a guest does" is_running late
make_room 1
has_room() { grep -q 'there is space for the metadata log of MDS#1 again' mds1.err; }
wait_for "it goes on by itself" has_room
ends_well() { wait "$(pid_of late)" || { cat late.out late.err; false; }; }
check "what waited is done" ends_well
unset 'started[late]'
check "the event that it is over" has_event "MDS#1 .* has space for its log again"
check "told once" [ "$(vstorage get-event | grep -c 'has no space for more of its log')" = 1 ]
check "what was written is there" io "read -P 9 8M 4M" "read -P 8 4M 4M" "read -P 7 0 4M"
check "mkdir" cairn mkdir /later

# A start that finds no room says so, ends, and succeeds once there is room.
stop mds1 KILL
fill 1 2
start_mds 1
wait_for "the room of its spare segment serves one start" mds_available 1
stop mds1 KILL
check "no start without room" refuses "mds1.*[Nn]o space.*free space on this disk" \
    mdsd -c stor1 -r "$work/mds1"
make_room 1
start_mds 1
wait_for "with room it starts" mds_available 1
wait_for "the chunk servers find it" cs_active 3
check "nothing is lost" bash -c "cairn ls / | grep -q later"
check "nor of the data" io "read -P 9 8M 4M" "read -P 8 4M 4M" "read -P 7 0 4M"
finish
