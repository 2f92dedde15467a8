#!/bin/bash
# The disk of a chunk server fails: the server is removed while the disk is still there, the disk is
# replaced, and a new server is made on it. And a server whose disk is not mounted.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"
source "$(dirname "$0")/disks_lib.sh"

make_cluster 1
for i in 1 2 3; do
    make_disk "$i" 700
    add_chunk_server_on "$i"
done
wait_for "they are active" cs_active 3
check "attributes" vstorage set-attr -R -p / replicas=3:2 failure-domain=disk
check "a disk" cairn mkdisk /disk 128M
serve_disk nbd /disk
check "written" io "write -P 1 0 8M" "flush"

fail_disk 2
check "what is written goes on" io "write -P 2 8M 8M" "flush"
ended() { ! is_running cs2; }
wait_for "the server of the failed disk ends" ended
stop cs2
wait_for "it counts as silent" cs_active 2
check "it is removed, with its disk still there" vstorage rm-cs -f 1026
umount disk2
rm -rf disk2 image2
make_disk 2 700
add_chunk_server_on 2
wait_for "a new one on the new disk is active" cs_active 3
wait_for "all replicas are in sync" all_healthy
check "the disk is what was written" io "read -P 1 0 8M" "read -P 2 8M 8M"
check_equal "the cluster is healthy" healthy "$(stat_value "s['status']")"

# Its disk is not there after a start of the host: the mount point is, and somebody made the folder.
check "a server stops" stop cs3
umount disk3
mkdir disk3/cs
check "without its disk it is refused" \
    refuses 'is no repository of a chunk server.*is its disk mounted' \
    csd -c stor1 -r "$work/disk3/cs"
check_equal "and nothing is made there" "" "$(ls -A disk3/cs)"
check "the others serve" io "read -P 1 0 8M" "write -P 3 16M 1M" "flush"
rmdir disk3/cs
mount -o loop image3 disk3
start_cs 3
wait_for "with it, it is back" cs_active 3
wait_for "all replicas are in sync" all_healthy
check "the disk is what was written" io "read -P 2 8M 8M" "read -P 3 16M 1M"
finish
