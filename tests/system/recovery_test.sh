#!/bin/bash
# A chunk server dies for good under load: what it held is made anew on the others. Raising and
# lowering the number of replicas does as it says.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 4
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "a short time-out" vstorage set-config mds.wd.offline_tout=7s
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
for at in 0 256M 512M 768M; do check "written at $at" io "write -P 7 $at 1M"; done
check "flushed" io "flush"

map_value() { # map_value EXPRESSION, of the chunks `c`
    cairn map /disk --json | python3 -c "import json, sys
c = json.load(sys.stdin)['chunks']; print($1)"
}
replicas_on() { # replicas_on CS: of the disk's chunks
    map_value "sum(r['cs'] == $1 for x in c for r in x['replicas'])"
}
whole() { # whole COUNT: every chunk has so many replicas, and all are in sync
    [ "$(map_value "len(c) == 4 and all(len(x['replicas']) == $1 and
        all(r['state'] == 'in sync' for r in x['replicas']) for x in c)")" = True ]
}
check "two replicas of each chunk" whole 2

victim=1025
check "the victim holds some" [ "$(replicas_on $victim)" -gt 0 ]
start_load 64m 40
loaded() { [ "$(map_value "sum(x['open_for_writing'] for x in c)")" -gt 0 ]; }
wait_for "the load writes" loaded
stop cs1 KILL
wait_for "it is declared lost" has_event "CS#$victim .*is marked as offline"
elsewhere() { whole 2 && [ "$(replicas_on $victim)" = 0 ]; }
wait_for "what it held stands on the others" elsewhere
check "the load went on, and read nothing wrong" load_succeeds
check "an event tells of the start" has_event 'Replication started, [0-9]* chunks are queued'
check "and one of the end" has_event 'Replication completed'
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 1M"; done

# What it held is of no use when it comes back: it goes.
start_cs 1
wait_for "it is back" cs_active 4
no_files_left() { [ -z "$(find "$work/cs1/chunks" -name '*.chunk')" ]; }
wait_for "and has deleted what nobody needs" no_files_left

# Other norms.
check "three replicas" vstorage set-attr -R -p / replicas=3
wait_for "three of each" whole 3
check "one replica" vstorage set-attr -R -p / replicas=1
wait_for "one of each" whole 1
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 1M"; done

# Another tier: replicas move there while the disk is written.
for i in 5 6; do
    check "a server of tier 1" vstorage make-cs -r "$work/cs$i" -t 1
    start_cs $i
done
wait_for "they are active" cs_active 6
check "two replicas of tier 1" vstorage set-attr -R -p / replicas=2 tier=1
check "written meanwhile" io "write -P 9 300M 8M" "flush"
in_tier() {
    whole 2 && [ "$(map_value "all(r['cs'] >= 1029 for x in c for r in x['replicas'])")" = True ]
}
wait_for "all stand there" in_tier
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 1M"; done
check "and what was written" io "read -P 9 300M 8M"
finish
