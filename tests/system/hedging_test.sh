#!/bin/bash
# A chunk server is stopped in its tracks while a disk is read: no read waits long, none fails.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=3 failure-domain=disk
check "a disk" cairn mkdisk /disk 128M
serve_disk nbd /disk
check "written" io "write -P 7 0 64M" "flush"

start load fio --name=load --ioengine=nbd --uri="$uri" --rw=randread --bs=4k --iodepth=8 \
    --size=64m --time_based --runtime=24 --output-format=json --output=load.json
sleep 4
# Each in turn, so that whichever was preferred is among them.
for i in 1 2 3; do
    kill -STOP "$(pid_of "cs$i")"
    sleep 4
    kill -CONT "$(pid_of "cs$i")"
    sleep 2
done
check "the load ends well" stop load CONT
longest() { python3 -c '
import json
job = json.load(open("load.json"))["jobs"][0]
print(job["error"], job["read"]["total_ios"], job["read"]["clat_ns"]["max"] // 1000000)'; }
read -r errors reads longest_ms < <(longest)
echo "        $reads reads, the longest took $longest_ms ms"
check_equal "no error" 0 "$errors"
check "reads went on" [ "$reads" -gt 5000 ]
check "none waited for the stopped server" [ "$longest_ms" -lt 2000 ]
check "what is read is right" io "read -P 7 0 64M"
finish
