#!/bin/bash
# What long-lived programs and killed commands leave behind: servers follow the list of metadata
# servers, an NBD server ends though the cluster is away, a killed command blocks nobody for long.
# And the ports of metadata servers are compared.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"

make_cluster 1
add_chunk_servers 2
list=root/etc/vstorage/clusters/stor1/bs.list
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "a disk" cairn mkdisk /disk 64M
serve_disk nbd /disk
check "written" io "write -P 7 0 1M" flush
check_equal "the key is its owner's alone" 600 \
    "$(stat -c %a root/etc/vstorage/clusters/stor1/auth_digest.key)"

# A killed command: others get the file once its lease has run out, which is short.
truncate -s 4G big.img
start put cairn put big.img /big
held() { cairn map /big | grep -q '^lease: exclusive'; }
wait_for "the file is held by a command" held
stop put KILL
echo small >small.img
taken_over() { cairn put small.img /big; }
began=$SECONDS
wait_for "another takes it" taken_over
check "soon" [ $((SECONDS - began)) -le 20 ]

# Every metadata server that the programs were started with goes away, one by one.
new_port=$(free_port)
mds_address[2]=$(free_address)
check "a metadata server on other ports is told of" bash -c "
    vstorage -c stor1 make-mds -a ${mds_address[2]}:$new_port -r $work/mds2 2>&1 | grep -q \
    'the ports must be the same on all MDS servers of a cluster: this one has $new_port'"
start_mds 2
wait_for "it takes part" mds_voting 2
mds_address[3]=$(free_address)
vstorage -c stor1 make-mds -a "${mds_address[3]}" -r "$work/mds3" >make.out || finish
start_mds 3
wait_for "a third one, too" mds_voting 3
# Nothing but the daemons may keep the list now.
echo "${mds_address[1]}:2510" >$list
list_is_full() { [ "$(wc -l <$list)" = 3 ]; }
wait_for "the daemons write down what the master says" list_is_full

# Now a server learns of its cluster from the list alone: the master that it knows is gone for good.
master=$(master_mds)
cp $list full.list
for i in 1 2 3; do [ "$i" = "$master" ] || others+=("$i"); done
check "the disk goes on" io "write -P 8 1M 1M" flush
stop "mds$master" KILL
wait_for "another is the master" answers
wait_for "the chunk servers have found it" cs_active 2
check "the disk goes on" io "write -P 9 2M 1M" flush "read -P 7 0 1M" "read -P 8 1M 1M"

# Nobody answers: the NBD server is told to end, with something that it cannot flush.
for i in "${others[@]}"; do stop "mds$i" KILL; done
for i in 1 2; do stop "cs$i" KILL; done
start stuck qemu-io -f raw -c "write -P 1 3M 64k" "$uri"
sleep 0.5
began=$SECONDS
status=0
stop nbd || status=$?
check "the NBD server ends within a bound" [ $((SECONDS - began)) -le 15 ]
check_equal "and says that it failed" 1 $status
check "what, and why" grep -E 'cairn: .*/disk.*told to stop' nbd.err
finish
