#!/bin/bash
# A cluster moves to other addresses, as a runbook would do it; then metadata servers come back from
# copies of their repositories: of their last stop, of yesterday, all from one backup.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 3
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "a disk" cairn mkdisk /disk 128M
serve_disk nbd /disk
check "written" io "write -P 7 0 4M" "flush"

new=()
arguments=()
for i in 1 2 3; do
    new[i]=$(free_address)
    arguments+=(-n "$i@${new[i]}")
done
configure() { vstorage -c stor1 configure-mds -r "$work/mds$1" "${@:2}"; }

check "a server that runs is left alone" says 'runs. Stop it first' configure 1 "${arguments[@]}"
for i in 1 2 3; do check "MDS#$i stops" stop "mds$i"; done
check "all must be named" says 'give one for each of them' configure 1 -n "1@${new[1]}"
check "no others" says 'give one for each' configure 1 "${arguments[@]}" -n 4@127.9.9.9
check "nobody twice" says 'named twice' configure 1 "${arguments[@]}" -n "1@${new[1]}"
check "no address twice" says 'share a port' \
    configure 1 -n "1@${new[1]}" -n "2@${new[1]}:2511" -n "3@${new[3]}"
check "an address is an address" says 'numeric\|address\|IP' configure 1 -n 1@host.example
check "an id is an id" says 'is not ID@IP' configure 1 -n one@127.0.0.1
check "another cluster's repository" \
    says "of cluster 'stor1', not of 'other'" \
    vstorage -c other configure-mds -r "$work/mds1" "${arguments[@]}"
check "what is no repository" says 'is not the identity of a metadata server' \
    vstorage -c stor1 configure-mds -r "$work/cs1" "${arguments[@]}"

for i in 1 2 3; do cp -a "mds$i" "before$i"; done
check "MDS#1" configure 1 "${arguments[@]}"
check_equal "MDS#2, in JSON" "${new[2]}:2510" "$(configure 2 "${arguments[@]}" --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["address"])')"
check "MDS#3" configure 3 "${arguments[@]}"
check "this host's list follows" \
    grep -qx "${new[3]}:2510" root/etc/vstorage/clusters/stor1/bs.list
for i in 1 2 3; do start_mds "$i"; done
wait_for "they vote at their new addresses" mds_available 3
wait_for "stat shows the new addresses" bash -c \
    "[ \"\$(vstorage -c stor1 stat --json | python3 -c 'import json, sys
print(\" \".join(m[\"address\"] for m in json.load(sys.stdin)[\"metadata_servers\"]))')\" = \
    '${new[1]}:2510 ${new[2]}:2510 ${new[3]}:2510' ]"
wait_for "the chunk servers have found them" cs_active 3
check "the disk goes on, with what it held" \
    io "read -P 7 0 4M" "write -P 8 4M 4M" "flush" "read -P 8 4M 4M"
check "an event tells" has_event "MDS#3 has moved to ${new[3]}"
forgotten() { [ ! -e mds1/moving ] && [ ! -e mds2/moving ] && [ ! -e mds3/moving ]; }
wait_for "the plan is carried out" forgotten
check "nobody is left at the old address" bash -c "! ss -ltn | grep -q '${mds_address[1]}:'"

# One that was forgotten says what to do, and harms nobody.
stop mds3
mv mds3 moved3
cp -a before3 mds3
start_mds 3
refused() { ! is_running mds3; }
wait_for "it says that nobody is where it looks" grep -q 'configure-mds' mds3.err
wait_for "the others say who is missing" has_event "MDS#3 .* didn't accept commits"
check "the disk does not notice" io "read -P 7 0 4M" "write -P 9 8M 1M" "flush"
stop mds3 KILL
rm -rf mds3

# The copy of the last stop is as good as the original (MDS-035).
cp -a moved3 mds3
start_mds 3
wait_for "the copy takes part" mds_available 3

# A copy from before what the others have seen is not.
stop mds3
cp -a mds3 old3
start_mds 3
wait_for "it takes part" mds_available 3
check "names are made" bash -c 'for n in a b c made-meanwhile; do cairn mkdir /$n; done'
# It may still be starting: the others count it for some seconds after it was stopped.
wait_for "it has them, too" grep -rq made-meanwhile mds3
stop mds3
rm -rf mds3
mv old3 mds3
start_mds 3
wait_for "an old copy ends" refused
status=0
stop mds3 || status=$?
check_equal "for good" 78 "$status"
check "and says why" grep -q 'is an old copy' mds3.err
check "an event tells" has_event 'MDS#3 .* its repository is an old copy'
check "rm-mds" vstorage rm-mds 3
rm -rf mds3
mds_address[4]=$(free_address)
check "make-mds" vstorage make-mds -a "${mds_address[4]}" -r "$work/mds4"
start_mds 4
wait_for "the new one takes part" mds_available 3
check "with all that was made" cairn ls /made-meanwhile

# All of them from one backup, of a cluster that was stopped in order.
stop nbd
for i in 1 2 3; do stop "cs$i"; done
for i in 1 2 4; do stop "mds$i"; done
for i in 1 2 4; do cp -a "mds$i" "backup$i"; done
for i in 1 2 4; do
    rm -rf "mds$i"
    mv "backup$i" "mds$i"
    start_mds "$i"
done
for i in 1 2 3; do start_cs "$i"; done
wait_for "they are a cluster" mds_available 3
wait_for "with its chunk servers" cs_active 3
serve_disk nbd2 /disk
check "and its data" io "read -P 7 0 4M" "read -P 8 4M 4M" "read -P 9 8M 1M"
finish
