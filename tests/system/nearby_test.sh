#!/bin/bash
# Programs of one host talk over Unix sockets, also after a server was killed and came back, and
# over TCP where the socket is not theirs. That hosts talk over TCP, hosts_test.sh shows.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"

# Every chunk server is met by its metadata server or by the disk's client, and never over TCP.
chunk_servers_are_near() {
    local servers
    servers=$(stat_value "' '.join(c['address'] for c in s['chunk_servers'])")
    # shellcheck disable=SC2086
    "$source_root/tests/system/ways.py" $servers >ways.out
    cat ways.out
    [ "$(grep -cE ' short=[1-9][0-9]* tcp=0$' ways.out)" = 3 ]
}
metadata_server_is() { # metadata_server_is PATTERN
    "$source_root/tests/system/ways.py" "${mds_address[1]}:2511" | tee ways.out
    grep -qE "$1" ways.out
}

make_cluster 1
add_chunk_servers 3
vstorage set-attr -p / replicas=3 failure-domain=disk >set.out || finish
check "mkdisk" cairn mkdisk /disk 64M
serve_disk nbd /disk
check "written and read" io "write -P 1 0 4M" flush "read -P 1 0 4M"
check "chunk servers are met by the short way" chunk_servers_are_near
check "the metadata server, too" metadata_server_is 'short=[4-9] tcp=0$'

stop cs1 KILL 2>killed.out
check "written without it" io "write -P 2 0 4M" flush
start_cs 1
wait_for "it is back" cs_active 3
wait_for "and in sync" all_healthy
check "read" io "read -P 2 0 4M" "write -P 3 0 1M" flush
wait_for "all are met by the short way again" chunk_servers_are_near

# It comes back at its former address, where it may have to wait for its own name.
stop mds1 KILL 2>killed.out
start_mds 1
wait_for "it is the master" answers
wait_for "it is met by the short way again" metadata_server_is 'short=[4-9] tcp=0$'

# A program of another user takes its name: nobody trusts that, everything goes over TCP.
if [ "$(id -u)" = 0 ]; then
    stop mds1
    start squatter python3 -c "
import os, signal, socket
os.setuid(65534)
taken = socket.socket(socket.AF_UNIX)
taken.bind('\0cairn/${mds_address[1]}:2511')
taken.listen()
print('taken', flush=True)
signal.pause()"
    wait_for "the name is taken" grep -qx taken squatter.out
    start_mds 1
    wait_for "it is the master" answers
    wait_for "it is met over TCP" metadata_server_is 'short=0 tcp=[4-9]$'
    wait_for "all chunk servers are active" cs_active 3
    check "read and written" io "read -P 3 0 1M" "write -P 4 0 1M" flush "read -P 4 0 1M"
    stop squatter KILL 2>killed.out
fi
for i in 1 2 3; do check "chunk server $i stops" stop "cs$i"; done
finish
