#!/bin/bash
# Two of three replicas are lost within a moment, for ever, under load: writes wait until there are
# enough again, nothing is lost, and all is healthy in the end.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

patience=120
make_cluster 1
add_chunk_servers 6
check "attributes" vstorage set-attr -R -p / replicas=3:2 failure-domain=disk
check "a short time-out" vstorage set-config mds.wd.offline_tout=5s
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
for at in 0 256M 512M 768M; do check "written at $at" io "write -P 7 $at 128M"; done
check "flushed" io "flush"
start_load 192m 40

# Its screens are kept: what they show passes within seconds.
watch_screens() { while sleep 0.05; do vstorage stat; vstorage stat --json; done; }
start screens watch_screens

# Two that hold the first chunk.
mapfile -t victims < <(cairn map /disk --json |
    python3 -c "import json, sys
for r in json.load(sys.stdin)['chunks'][0]['replicas'][:2]: print(r['cs'] - 1024)")
check "two servers that share a chunk" [ "${#victims[@]}" = 2 ]
for cs in "${victims[@]}"; do kill -KILL "${started[cs$cs]}"; done
for cs in "${victims[@]}"; do
    stop "cs$cs" KILL 2>/dev/null
    rm -r "${work:?}/cs$cs"
done
blocked() { [ "$(stat_value "s['chunk_states']['blocked'] > 0")" = True ]; }
offline() { counts chunk_servers "x['state'] == 'offline'" 2; }
wait_for "both are declared lost" offline
norm_everywhere() { [ "$(stat_value "s['chunk_states']['healthy'] == s['chunks']")" = True ]; }
wait_for "every chunk has its replicas again" norm_everywhere
stop screens KILL 2>/dev/null
check "the screens showed servers that are away" grep -qE '^CS nodes:.* [12] offline' screens.out
check "and chunks with one replica left" grep -qE '"(urgent|blocked)": [1-9]' screens.out
check "and the repair with its rate" grep -qE '^Recovery:.*[0-9][KMG]?B/s' screens.out
check "the load went on, and read nothing wrong" load_succeeds
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 8M"; done
check "the events tell of it" has_event 'Replication completed'
for cs in "${victims[@]}"; do
    check "CS#$((1024 + cs)) is dropped" vstorage rm-cs -f $((1024 + cs))
done
wait_for "four are left" counts chunk_servers True 4
check "and all is healthy" all_healthy
finish
