#!/bin/bash
# One metadata server and three chunk servers as real processes: the commands, a disk over NBD,
# chunk servers that die under load, and what is said where something is wrong.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 3
check "attributes are set, as the documents print it" vstorage set-attr -R -p /failure-domain=disk
check "and in the usual way" vstorage -c stor1 set-attr -R -p / replicas=2
check "parameters are set" vstorage set-config mds.wd.offline_tout=10s gen.do_punch_hole=1

# What is shown.
vstorage get-attr /vstorage/stor1 >attr.out
check_equal "get-attr says who answered first" "connected to MDS#1" "$(head -n 1 attr.out)"
check_equal "and which file" "File: '/vstorage/stor1'" "$(sed -n 2p attr.out)"
check_equal "a norm of 2 has a minimum of 1" replicas=2:1 "$(grep ^replicas= attr.out)"
check_equal "failure domain" failure-domain=disk "$(grep failure attr.out)"
check_equal "get-config" "connected to MDS#1 mds.wd.offline_tout=10s" \
    "$(vstorage get-config mds.wd.offline_tout | tr '\n' ' ' | sed 's/ $//')"
size='[0-9.]+[KMGTP]?B'
vstorage stat >stat.out
cat stat.out
check_equal "stat says who answered" "connected to MDS#1" "$(sed -n 1p stat.out)"
check_equal "stat: the cluster" "Cluster 'stor1': healthy" "$(sed -n 2p stat.out)"
check "stat: space" \
    grep -qE "^Space: \[OK\] allocatable $size of $size, free $size of $size\$" stat.out
check "stat: MDS nodes" grep -qE '^MDS nodes: 1 of 1, epoch uptime: [0-9]+ min$' stat.out
check "stat: CS nodes" grep -qx 'CS nodes: 3 of 3 (3 avail, 0 inactive, 0 offline)' stat.out
check "stat: replication" grep -qx 'Replication: 2 norm, 1 limit' stat.out
check "stat: IO" \
    grep -qE "^IO:      read +$size/s \( *[0-9]+ops/s\), write +$size/s \( *[0-9]+ops/s\)\$" stat.out
check "stat: table of metadata servers" \
    grep -qE '^MDSID +STATUS +%CTIME +COMMITS +%CPU +MEM +UPTIME +HOST$' stat.out
check "stat: the master is marked" grep -qE '^M +1 avail ' stat.out
check "stat: table of chunk servers" grep -qE \
    '^CSID +STATUS +SPACE +AVAIL +REPLICAS +UNIQUE +IOWAIT +IOLAT\(ms\) +QDEPTH +HOST$' stat.out
check_equal "stat: three of them" 3 "$(grep -cE '^10(25|26|27) active ' stat.out)"
vstorage get-event >events.out
check "events have time, system, severity, text" grep -qE \
    '^[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} JRN INF MDS#1 at [0-9.]+:2510 became master$' events.out
check "an event for changed parameters" \
    has_event 'MDS INF Global configuration updated by request from'
check_equal "list-services -C" \
    3 "$(vstorage list-services -C | grep -cE "^CS#10(25|26|27) +stor1 +$work/cs[123] ")"
check_equal "list-services -M" 1 "$(vstorage list-services -M | grep -c "^MDS#1 .* $work/mds1 ")"
check "JSON of every command that shows" \
    bash -c 'for c in stat get-event get-config list-services version \
    "get-attr -p /"; do vstorage $c --json | python3 -m json.tool >/dev/null || exit 1; done'

# Files.
head -c 20000000 /dev/urandom >random.img
check "a directory" cairn mkdir -p /a/b
check "put" cairn put random.img /a/b/random
check "get" cairn get /a/b/random copy.img
check "what was put is got" cmp random.img copy.img
check_equal "ls" "b/" "$(cairn ls /a)"
check_equal "its size" \
    20000000 "$(cairn ls --json /a/b | sed -n 's/.*"size": //p')"
check "put again, shorter" \
    bash -c 'head -c 5000 random.img >short.img && cairn put short.img /a/b/random'
check "and got" bash -c 'cairn get /a/b/random copy.img && cmp short.img copy.img'
check "map" \
    bash -c 'cairn map /a/b/random | grep -qE "healthy +CS#[0-9]+ in sync; CS#[0-9]+ in sync$"'
check "a directory that is not empty stays" says 'not empty' cairn rm /a
check "rm -r" cairn rm -r /a
check_equal "is gone" "" "$(cairn ls /)"

# A disk.
check "mkdisk" cairn mkdisk /disk 256M
serve_disk nbd /disk
check_equal "its size" $((256 << 20)) "$(nbdinfo --size "$uri")"
check "what is written is read" \
    io "write -P 7 1M 256k" "flush" "read -P 7 1M 256k" "read -P 0 100M 1M"
check "small pieces" io "write -P 1 0 16k" "write -P 2 1000 10000" "read -P 1 0 1000" \
    "read -P 2 1000 10000" "read -P 1 11000 5384"
check "trim and zeroes" \
    io "write -P 4 8M 8M" "discard 10M 1M" "write -z 12M 1M" "read -P 0 12M 1M" "read -P 4 13M 3M"
check "another writer is refused" says 'held by' cairn nbd serve -c stor1 /disk --unix other.sock
check "a reader, too" says 'held by' cairn get /disk got.img
check "fio verifies" fio_verify --offset=128m --size=64m --io_size=32m
check "resize is refused while it is served" says 'held by' cairn resize /disk 512M

# Chunk servers die under load.
start_load 64m 30
sleep 2
for i in 1 2 3; do
    stop "cs$i" KILL
    sleep 1
    start_cs "$i"
    wait_for "CS $i is back" cs_active 3
    wait_for "all replicas are in sync" all_healthy
done
check "load went on over three kills, and read nothing wrong" load_succeeds
check "data of before is there" io "read -P 7 1M 256k" "read -P 4 13M 3M"

# One stays away.
stop cs2 KILL
is_offline() { vstorage stat | grep -q '^1026 offline '; }
check "I/O goes on without it" io "write -P 5 2M 1M" "flush" "read -P 5 2M 1M"
wait_for "it is offline" is_offline
check "stat counts it" \
    bash -c 'vstorage stat | grep -qE "^CS nodes: 2 of 3 \(2 avail, 0 inactive, 1 offline\)$"'
check "an event tells" has_event \
    'MDS WRN CS#1026 has not registered during the last [0-9]+ sec and is marked as offline'
start_cs 2
wait_for "it is back" cs_active 3
wait_for "all replicas are in sync" all_healthy
check "stopped on SIGTERM, a chunk server ends cleanly" stop cs3
start_cs 3
wait_for "it is back" cs_active 3

# The metadata server dies, and comes back.
stop mds1 KILL
start_mds 1
wait_for "the metadata server answers" answers
wait_for "the chunk servers have found it" cs_active 3
check "the disk goes on" io "write -P 6 3M 1M" "flush" "read -P 6 3M 1M" "read -P 5 2M 1M"

# The NBD server dies: its next life takes over at once.
stop nbd KILL
rm -f nbd.sock
serve_disk nbd /disk
check "a killed server takes over from itself" \
    io "read -P 6 3M 1M" "write -P 9 4M 64k" "read -P 9 4M 64k"
check "the NBD server stops cleanly" stop nbd
check "resize" cairn resize /disk 512M
check "not smaller by accident" says 'shrink' cairn resize /disk 1M
check "nobody holds it" bash -c 'cairn map /disk | grep -qx "lease: nobody"'

# What is said where something is wrong.
check "unknown cluster" says "not authenticated in cluster 'nothing'" vstorage -c nothing stat
check "a name that is none" says 'not a cluster name' vstorage -c 'bad!name' stat
said_elsewhere() { # said_elsewhere WORDS PASSWORD: by auth-node of a host that is new
    CAIRN_ROOT=$work/other vstorage -c stor1 auth-node -b "${mds_address[1]}" -P \
        <<<"$2" >elsewhere.out 2>&1
    cat elsewhere.out
    grep -q "$1" elsewhere.out
}
check "wrong password" said_elsewhere 'wrong password' wrong
check "no key after it" [ ! -e other/etc/vstorage/clusters/stor1/auth_digest.key ]
check "the right one" said_elsewhere 'is authenticated' "$password"
check "another host sees the same" \
    bash -c "CAIRN_ROOT=$work/other vstorage stat | grep -q \"^Cluster 'stor1'\""
check "the key is for root alone" \
    [ "$(stat -c %a other/etc/vstorage/clusters/stor1/auth_digest.key)" = 600 ]
check "port in use" \
    says 'in use' vstorage -c more make-mds -I -a "${mds_address[1]}" -r "$work/more" -P
check "directory in use" says 'not empty\|already' vstorage make-cs -r "$work/cs1"
check "five replicas are wanted" vstorage set-attr -R -p / replicas=5
check "too few chunk servers" says '5 replicas are wanted' cairn put short.img /five
registered=' since only 3 chunk servers are registered'
check "an event tells that, too" \
    has_event "MDS WRN Failed to allocate 5 replicas for '/five' by request from <[0-9.:]+>$registered"
check "a repository that is in use" says 'in use\|busy\|open' csd -c stor1 -r "$work/cs1"
check "not supported yet" says 'not supported yet' vstorage top
check "journals are not, either" \
    says 'not supported yet' vstorage make-cs -r "$work/cs9" -j /tmp -s 10
check "an unknown parameter lists the known ones" \
    says 'mds.wd.offline_tout' vstorage set-config no.such=1
check "encoding" says 'not supported yet' vstorage set-attr -p / encoding=3+2
usage() { vstorage make-cs >usage.out 2>&1; [ $? = 2 ] && grep -q -- '-r DIR' usage.out; }
check "a wrong command line shows the usage" usage

# Two clusters on one host.
other_address=$(free_address)
check "a second cluster" \
    bash -c "vstorage -c stor2 make-mds -I -a $other_address -r $work/mds9 -P <<<other"
check "now the name is needed" says 'stor1, stor2' vstorage stat
check "chunk servers stop cleanly" stop cs1
check "and metadata servers" stop mds1
check "a repository of another cluster" says 'cluster' csd -c stor2 -r "$work/cs1" -a 127.0.0.1
check "for a metadata server, too" says 'cluster' mdsd -c stor2 -r "$work/mds1"
check "without a metadata server" says 'no master' vstorage -c stor1 stat

finish
