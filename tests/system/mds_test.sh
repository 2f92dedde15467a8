#!/bin/bash
# Three metadata servers: the master is killed under load, one is removed, one joins anew.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 3
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "a disk" cairn mkdisk /disk 128M
serve_disk nbd /disk
check "written" io "write -P 7 0 4M" "flush"

start_load 16m 30
sleep 2
for round in 1 2; do
    master=$(master_mds)
    stop "mds$master" KILL
    began=$SECONDS
    wait_for "another one is the master" answers
    check "a master within 5 s and a little" [ $((SECONDS - began)) -le 7 ]
    check "another one than before" [ "$(master_mds)" != "$master" ]
    wait_for "the chunk servers have found it" cs_active 3
    start_mds "$master"
    wait_for "all three take part" mds_available 3
done
check "the load went on, and read nothing wrong" load_succeeds
check "data of before is there" io "read -P 7 0 4M"
check "an event tells of the master" \
    bash -c '[ "$(vstorage get-event | grep -c "became master")" -ge 3 ]'

# Two of three gone: everything waits, and goes on.
master=$(master_mds)
others=()
for i in 1 2 3; do [ "$i" = "$master" ] || others+=("$i"); done
for i in "${others[@]}"; do stop "mds$i" KILL; done
check "without a majority nothing is said" says 'no master' vstorage stat
for i in "${others[@]}"; do start_mds "$i"; done
wait_for "they are back" mds_available 3
check "and the disk goes on" io "write -P 8 1M 1M" "flush" "read -P 8 1M 1M"

# A server is replaced.
gone=${others[0]}
stop "mds$gone" KILL
check "rm-mds" vstorage rm-mds "$gone"
check_equal "two are left" 2 "$(stat_value "len(s['metadata_servers'])")"
check_fails "it is off the list of services" \
    bash -c "vstorage list-services -M | grep -q 'MDS#$gone '"
check "and removing it once more harms nothing" vstorage rm-mds "$gone"
start_mds "$gone"
has_ended() { ! is_running "mds$gone"; }
wait_for "started again it ends" has_ended
status=0
stop "mds$gone" || status=$?
check_equal "for good" 78 "$status"
check "and says why" grep -q "was removed from cluster stor1" "mds$gone.err"
mds_address[4]=$(free_address)
check "make-mds" vstorage make-mds -a "${mds_address[4]}" -r "$work/mds4"
start_mds 4
wait_for "the new one takes part" mds_available 3
check_equal "it has a number of its own" \
    4 "$(stat_value "max(m['id'] for m in s['metadata_servers'])")"
check "bs.list follows" grep -q "${mds_address[4]}" root/etc/vstorage/clusters/stor1/bs.list
for i in 1 2 3 4; do
    [ "$i" = "$gone" ] || check "MDS $i stops cleanly" stop "mds$i"
done
finish
