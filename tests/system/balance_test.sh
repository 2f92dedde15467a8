#!/bin/bash
# A chunk server is added to two that hold everything, under load: it gets its share, nothing is
# lost, and then nothing moves any more.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"
source "$source_root/tests/system/disks_lib.sh"

for i in 1 2 3; do make_disk $i 2400; done
make_cluster 1
for i in 1 2; do add_chunk_server_on $i; done
wait_for "two chunk servers are active" cs_active 2
check "attributes" vstorage set-attr -p / replicas=2 failure-domain=disk
check "a disk" cairn mkdisk /disk 2G
serve_disk nbd /disk
for i in 0 1 2 3 4 5 6 7; do
    check "written in chunk $i" io "write -P $((i + 1)) $((i * 256))M 80M"
done
check "flushed" io flush

replicas() { stat_value "sum(x['replicas'] for x in s['chunk_servers'] if x['id'] == $1)"; }
check "all is on two" [ "$(replicas 1025) $(replicas 1026)" = "8 8" ]
start_load 128m 30
add_chunk_server_on 3
wait_for "a third one is active" cs_active 3
has_its_share() { [ "$(replicas 1027)" -ge 3 ]; }
wait_for "replicas move there" has_its_share
check "the load went on, and read nothing wrong" load_succeeds
wait_for "all is healthy" all_healthy
even() { [ "$(stat_value "s['recovery']['running']")" = 0 ] && has_its_share; }
wait_for "it ends" even
placed() { cairn map /disk --json | python3 -c "import json, sys
print([sorted(r['cs'] for r in c['replicas']) for c in json.load(sys.stdin)['chunks']])"; }
before=$(placed)
check "about evenly" [ "$(replicas 1027)" -le 6 ]
check "two replicas of each chunk" [ "$(stat_value "s['chunk_replicas']")" = 16 ]
for i in 0 1 2 3 4 5 6 7; do
    check "read in chunk $i" io "read -P $((i + 1)) $((i * 256))M 80M"
done
check "nothing moves to and fro" [ "$(placed)" = "$before" ]
check "no event tells of recovery" fails bash -c "vstorage get-event | grep 'Replication started'"
finish
