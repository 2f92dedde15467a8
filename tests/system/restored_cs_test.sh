#!/bin/bash
# A chunk server comes back from a copy of its repository: of its last stop, and of yesterday, which
# is refused however often it is started. Then one whose disk is not mounted.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=3 failure-domain=disk
check "a disk" cairn mkdisk /disk 64M
serve_disk nbd /disk
check "written" io "write -P 1 0 4M" "flush"

# Byte for byte what there was at the last stop is the repository.
check "CS#1025 stops" stop cs1
cp -a cs1 copy
rm -rf cs1
mv copy cs1
start_cs 1
wait_for "the copy of the last stop works" cs_active 3
wait_for "and is in sync" all_healthy
check_equal "nothing was refused" 0 "$(vstorage get-event | grep -c 'was refused')"

# Yesterday's, after the server has gone on.
check "CS#1025 stops" stop cs1
cp -a cs1 yesterday
start_cs 1
wait_for "the original goes on" cs_active 3
wait_for "it is in sync" all_healthy
check "more is written" io "write -P 2 0 4M" "write -P 3 4M 4M" "flush"
check "CS#1025 stops" stop cs1
mv cs1 original
cp -a yesterday cs1
ended() { ! is_running cs1; }
told='CS#1025 was refused: its repository .* is an old copy'
events() { [ "$(vstorage get-event | grep -c "$told")" = "$1" ]; }
for attempt in 1 2 3 4 5; do
    start_cs 1
    wait_for "start $attempt of the old copy ends" ended
    status=0
    stop cs1 || status=$?
    check_equal "start $attempt of the old copy is refused for good" 78 "$status"
    check "and says how to mend it" grep -q 'is an old copy.*vstorage rm-cs -f 1025' cs1.err
    wait_for "an event for each" events "$attempt"
    check "what was written is read" io "read -P 2 0 4M" "read -P 3 4M 4M"
done

# The original is as good as ever.
mv cs1 copy
mv original cs1
start_cs 1
wait_for "the original works" cs_active 3
wait_for "and is in sync" all_healthy
check "the disk goes on" io "write -P 4 8M 1M" "flush" "read -P 2 0 4M"

# Without it: the command that was named.
check "CS#1025 stops" stop cs1
rm -rf cs1
mv copy cs1
start_cs 1
wait_for "the copy ends once more" ended
status=0
stop cs1 || status=$?
check_equal "for good" 78 "$status"
# Its former start is counted on for some seconds more.
wait_for "it counts as silent" cs_active 2
check "the command that was named" vstorage rm-cs -f 1025
rm -rf cs1
check "a new one in its place" vstorage make-cs -r "$work/cs1"
start_cs 1
wait_for "it is active" cs_active 3
wait_for "and holds everything" all_healthy
check "the disk is what was written" io "read -P 2 0 4M" "read -P 3 4M 4M" "read -P 4 8M 1M"

# The list of starts is no small matter: without it nothing is believed.
check "a server stops" stop cs2
mv cs2/starts starts
check "without its list of starts it does not start" \
    refuses '/cs2/starts: .*; remove this chunk server' csd -c stor1 -r "$work/cs2"
mv starts cs2/starts
start_cs 2
wait_for "with it, it does" cs_active 3

# A repository that is not there.
mkdir mount-point
check "an empty directory is refused" \
    refuses 'is no repository of a chunk server.*is its disk mounted' \
    csd -c stor1 -r "$work/mount-point"
check_equal "and left empty" "" "$(ls -A mount-point)"
check "so is none at all" refuses 'is its disk mounted' csd -c stor1 -r "$work/nowhere"
check "and none is made" [ ! -e nowhere ]
finish
