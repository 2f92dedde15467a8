#!/bin/bash
# Chunk servers come and go in a loop under load: added, drained, killed and started again, killed
# for good and dropped. Nothing is lost, and no request fails. CHURN_SECONDS says for how long.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

seconds=${CHURN_SECONDS:-45}
patience=180
seed=${CHURN_SEED:-$RANDOM}
RANDOM=$seed
echo "$seconds s, CHURN_SEED=$seed"

make_cluster 1
add_chunk_servers 4
check "attributes" vstorage set-attr -R -p / replicas=3 failure-domain=disk
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
for at in 0 256M 512M 768M; do check "written at $at" io "write -P 7 $at 8M"; done
check "flushed" io "flush"

start load fio --ioengine=nbd --uri="$uri" --rw=randwrite --bs=4k --iodepth=8 --size=48m \
    --io_size=64g --time_based --runtime="$seconds" --verify=crc32c --verify_fatal=1 \
    --verify_backlog=1024 --output=load.fio --name=one --offset=32m --name=two --offset=544m

active=(1 2 3 4)
newest=4

add_one() {
    newest=$((newest + 1))
    check "CS#$((1024 + newest)) is made" vstorage make-cs -r "$work/cs$newest"
    start_cs $newest
    active+=($newest)
    wait_for "it is active" cs_active ${#active[@]}
}
forget_one() { # forget_one PLACE: in the list of those that are active
    rm -r "${work:?}/cs${active[$1]}"
    unset "active[$1]"
    active=("${active[@]}")
}
known() { [ "$(stat_value "any(x['id'] == $1 for x in s['chunk_servers'])")" = True ]; }
drain_one() {
    local place=$1 cs=${active[$1]}
    check "CS#$((1024 + cs)) is drained" vstorage rm-cs --wait $((1024 + cs))
    ended() { ! kill -0 "${started[cs$cs]}" 2>/dev/null; }
    wait_for "its daemon ends" ended
    forget_one "$place"
}
restart_one() {
    local cs=${active[$1]}
    stop "cs$cs" KILL 2>/dev/null
    sleep "0.$((RANDOM % 10))"
    start_cs "$cs"
    wait_for "CS#$((1024 + cs)) is back after a kill" grep -q 'is registered' "cs$cs.err"
}
lose_one() {
    local place=$1 cs=${active[$1]}
    silent() { counts chunk_servers "x['id'] == $((1024 + cs)) and x['state'] != 'active'" 1; }
    gone() { counts chunk_servers "x['id'] == $((1024 + cs))" 0; }
    stop "cs$cs" KILL 2>/dev/null
    wait_for "CS#$((1024 + cs)) is silent" silent
    # Nothing is lost with it: it must not ask.
    check "it is dropped" vstorage rm-cs -f $((1024 + cs))
    wait_for "it is forgotten" gone
    forget_one "$place"
}

rounds=0
until=$((SECONDS + seconds))
while [ $SECONDS -lt $until ]; do
    [ ${#active[@]} -ge 6 ] || add_one
    place=$((RANDOM % ${#active[@]}))
    case $((RANDOM % 3)) in
    0) drain_one $place ;;
    1) restart_one $place ;;
    2)
        # One at a time: a second loss could be one too many.
        wait_for "all is healthy before a loss" all_healthy
        lose_one $place
        ;;
    esac
    while [ ${#active[@]} -lt 4 ]; do add_one; done
    rounds=$((rounds + 1))
done
echo "$rounds rounds"
check "the load went on, and read nothing wrong" load_succeeds
wait_for "all is healthy" all_healthy
for at in 0 256M 512M 768M; do check "read at $at" io "read -P 7 $at 8M"; done
finish
