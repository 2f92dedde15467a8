#!/bin/bash
# Chunk servers are taken out of a cluster under load: drained, kept after all, dropped by force.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
for at in 0 256M 512M 768M; do check "written at $at" io "write -P 7 $at 8M"; done
check "flushed" io "flush"

replicas() { stat_value "sum(x['replicas'] for x in s['chunk_servers'] if x['id'] == $1)"; }
known() { [ "$(stat_value "any(x['id'] == $1 for x in s['chunk_servers'])")" = True ]; }
unknown() { ! known "$1"; }

check_fails "without a number" vstorage rm-cs
vstorage rm-cs --help >help.out
for option in --wait -f --cancel; do check "$option is told of" grep -q -- "$option" help.out; done
check "one that nobody knows" says 'CS#7 is not known' vstorage rm-cs 7
check "nothing to cancel" says 'CS#1025 is not being removed' vstorage rm-cs --cancel 1025
check "not by force while it is active" says 'is active: remove it without -f' \
    vstorage rm-cs -f 1025

start_load 64m 30
victim=1026
check "it holds replicas" [ "$(replicas $victim)" -gt 0 ]
check "it is removed" vstorage rm-cs --wait $victim
check "nobody knows it any more" unknown $victim
check "an event tells of the end" has_event "CS#$victim was removed"
stopped() { ! kill -0 "${started[cs2]}" 2>/dev/null; }
wait_for "its daemon ends by itself" stopped
check "and says why" grep -q "knows no CS#$victim" cs2.err
check "it is off the list of services" fails grep -q "cs $victim" \
    root/etc/vstorage/clusters/stor1/services
check "the load went on, and read nothing wrong" load_succeeds
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 8M"; done
wait_for "all is healthy" all_healthy

# Two are left, and two replicas are wanted.
check "not more than the replicas allow" says 'add chunk servers, or lower replicas' \
    vstorage rm-cs 1025
check "a new one" vstorage make-cs -r "$work/cs4"
start_cs 4
wait_for "it is active" cs_active 3

# Called off. The copies wait for the time-out of a silent server, so that it takes a while.
check "slowly" vstorage set-config mds.wd.repair_rate=1
check "it begins" vstorage rm-cs 1025
value_of() { # value_of CS NAME
    stat_value "[x['$2'] for x in s['chunk_servers'] if x['id'] == $1][0]"
}
removal() { [ "$(value_of 1025 removal)" = "$1" ]; }
check "it is listed as dropped" removal True
check "and still active" cs_active 3
check "it is called off" vstorage rm-cs --cancel 1025
check "it stays" removal False
check "as fast as may be" vstorage set-config mds.wd.repair_rate=0
# The copy that was on its way is one too many, and goes before the next scan of all chunks.
patience=30 wait_for "all is healthy again" all_healthy

# By force: what others hold is made anew, what nobody else holds is asked about.
check "one replica" vstorage set-attr -R -p / replicas=1
single() { [ "$(stat_value "s['chunk_replicas']")" = "$(stat_value "s['chunks']")" ]; }
wait_for "one of each" single
unique=$(stat_value "max((x['replicas'], x['id']) for x in s['chunk_servers'])[1]")
stop "cs$((unique - 1024))" KILL
inactive() { [ "$(value_of "$1" state)" != active ]; }
wait_for "it is silent" inactive "$unique"
forced() { echo "$1" | vstorage rm-cs -f "$unique" >forced.out 2>forced.err; }
check "nothing is forgotten unless somebody agrees" fails forced no
check "it says how much it is" grep -qE '^[1-9][0-9]* chunks have their only replica' forced.err
check "it is still known" known "$unique"
check "agreed" forced yes
check "an event tells what is lost" has_event "CS#$unique was dropped by force"
lost_parts() {
    local at errors=0
    for at in 0 256M 512M 768M; do
        timeout 30 qemu-io -f raw -c "read -P 7 $at 1M" "$uri" 2>&1 |
            grep -q 'Input/output error' && errors=$((errors + 1))
    done
    echo "$errors chunks are lost"
    [ "$errors" -gt 0 ]
}
check "reading what is lost fails at once" lost_parts
stop nbd TERM
check "the disk is removed" cairn rm /disk
wait_for "then it is forgotten" unknown "$unique"
finish
