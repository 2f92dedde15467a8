#!/bin/bash
# A disk that becomes read-only: by hand before its server starts, and under it while it works, as
# the kernel does with a file system that it found damaged. Only that server ends, and says why; the
# others go on; writable again, it comes back and all is healthy.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"
source "$source_root/tests/system/disks_lib.sh"

for i in 1 2 3; do make_disk $i 400; done
make_cluster 1
for i in 1 2 3; do add_chunk_server_on $i; done
wait_for "three chunk servers are active" cs_active 3
vstorage set-attr -p / replicas=3 failure-domain=disk >set.out || finish
vstorage set-config mds.wd.offline_tout=600s >set.out || finish
check "mkdisk" cairn mkdisk /disk 64M
serve_disk nbd /disk
check "written" io "write -P 1 0 4M" flush

# Under a running server.
ended() { ! is_running "$1"; }
fail_disk 2
check "a write goes on without it" io "write -P 2 4M 4M" flush "read -P 2 4M 4M" "read -P 1 0 4M"
wait_for "the server of the disk ends" ended cs2
status=0
stop cs2 || status=$?
check_equal "by itself, with an error" 1 "$status"
check "which says what and where" \
    grep -E 'ERROR cs: .*disk2/cs.*(ead-only|not permitted|I/O)' cs2.err
wait_for "the other servers run on" cs_active 2
check "reads go on" io "read -P 1 0 4M" "read -P 2 4M 4M"

# At the start.
check "the disk can be used again" repair_disk 2
read_only 2
check "a chunk server does not start on a read-only disk" \
    refuses 'disk2/cs.*ead-only' csd -c stor1 -r "$work/disk2/cs"
check "make-cs neither" says 'ead-only' vstorage make-cs -r "$work/disk2/another"
writable 2
start_cs 2
wait_for "writable again, it starts" cs_active 3
wait_for "all replicas are in sync" all_healthy
for i in 1 3; do stop "cs$i"; done
vstorage set-attr -p /disk replicas=3:1 >set.out
check "it alone has everything" io "read -P 1 0 4M" "read -P 2 4M 4M"
for i in 1 3; do start_cs "$i"; done
wait_for "all are back" cs_active 3
check "the disk goes on" io "write -P 3 8M 4M" flush "read -P 3 8M 4M"

check "the disk's server stops" stop nbd

# Metadata servers: a small disk is warned of, a read-only one and a port that is taken are told.
make_small() {
    vstorage -c stor1 make-mds -a "${mds_address[2]}" -r "$work/disk1/mds" >small.out 2>&1
}
mds_address[2]=$(free_address)
check "make-mds on a small disk goes on" make_small
check "and warns of less than 10 GB" \
    grep -E 'warning: .*/disk1/mds has .* free; .* at least 10 ?GB' small.out
stop cs1
read_only 1
check "a metadata server does not start on a read-only disk" \
    refuses 'disk1/mds.*ead-only.*make it writable, then start it again' \
    mdsd -c stor1 -r "$work/disk1/mds"
writable 1
taken=${mds_address[2]}
start listener python3 -c "import socket, time
s = socket.create_server(('$taken', 2510))
print('ready', flush=True)
time.sleep(60)"
wait_for "somebody has the port" grep -q ready listener.out
check "a metadata server whose port is taken does not start" \
    refuses "$taken:2510.*in use" mdsd -c stor1 -r "$work/disk1/mds"
check "a chunk server neither" \
    refuses "$taken:2510.*in use" csd -c stor1 -r "$work/disk1/cs" -a "$taken:2510"
finish
