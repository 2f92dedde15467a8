#!/bin/bash
# What chunk servers have acknowledged and not flushed outlives them: they are killed under load,
# and each write is on one of them alone.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 2
check "one replica of each chunk" vstorage set-attr -R -p / replicas=1 failure-domain=disk
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
memory() { find /dev/shm -name "cairn%*${work##*/}%2Fcs$1%2Fjournal" | grep -q .; }
check "its writes are held in memory" memory 1
check "those of the other, too" memory 2

said() { grep -q "$1" "$2" || { cat "$2"; return 1; }; }
start_load 64m 30
for round in 1 2 3; do
    for server in 1 2; do
        sleep 1
        stop "cs$server" KILL
        check "$round: its memory outlives it" memory "$server"
        rm "cs$server.err"  # what the killed one said
        start_cs "$server"
        wait_for "it is there again" grep -q "is registered" "cs$server.err"
        check "$round: it lost nothing" said "starts clean" "cs$server.err"
    done
done
check "the load read what it had written" load_succeeds

stop nbd
stop cs1
stop cs2
check_fails "after a stop in order nothing is left of it" memory '*'

# What belongs to a repository that is gone goes when another chunk server starts.
start_cs 2
wait_for "one is there again" cs_active 1
stop cs2 KILL
check "its memory stays" memory 2
mv cs2 gone
start_cs 1
wait_for "the other is there again" cs_active 1
check_fails "and is removed then" memory 2
stop cs1
finish
