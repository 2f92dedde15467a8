#!/bin/bash
# What nobody reads is looked at all the same: bytes flipped in blocks, tables and headers are found
# and put right, deleted chunk files are noticed under the running server, and their replicas made
# anew. Then every byte is the one that was written.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"

# As wait_for, on a machine that is busy: copies and rounds take their time there.
wait_long() { patience=120 wait_for "$@"; }

rot() { "$source_root/tests/system/rot.py" "$@"; }

make_cluster 1
add_chunk_servers 3
check "attributes" vstorage set-attr -R -p / replicas=3 failure-domain=disk
check "it is told how many chunks to verify" vstorage set-config mds.wd.verify_chunks=600
check_equal "and keeps it" mds.wd.verify_chunks=600 \
    "$(vstorage get-config mds.wd.verify_chunks | tail -n 1)"
check "a disk" cairn mkdisk /disk 1G
serve_disk nbd /disk
for at in 0 256M 512M 768M; do check "written at $at" io "write -P 7 $at 2M"; done
check "flushed" io flush
# It stays idle from here on.
check "the disk's server stops" stop nbd
restart_all() {
    local i
    for i in 1 2 3; do stop "cs$i"; done
    for i in 1 2 3; do start_cs "$i"; done
    wait_for "all are back" cs_active 3
}
restart_all # what was written is in place now

cs_sum() { stat_value "sum(x['$1'] for x in s['chunk_servers'])"; } # cs_sum COUNTER
verified_more() { [ "$(cs_sum verified_chunks)" -ge "$1" ]; }
# A whole round from now on, and a second one that has nothing more to find.
a_round() { wait_long "all chunks are verified" verified_more $(($(cs_sum verified_chunks) + 28)); }
file_of() { # file_of SERVER INDEX: the chunk file of the disk's chunk there
    cairn map /disk --json | python3 -c "import json, sys
c = json.load(sys.stdin)['chunks'][$2]['chunk']
print('$work/cs$1/chunks/%02x/%016x.chunk' % (c & 255, c))"
}
whole() {
    [ "$(cairn map /disk --json | python3 -c "import json, sys
c = json.load(sys.stdin)['chunks']
print(len(c) == 4 and all(len(x['replicas']) == 3 and
    all(r['state'] == 'in sync' for r in x['replicas']) for x in c))")" = True ]
}
check "three replicas of each chunk" whole
a_round
check_equal "nothing is bad" 0 "$(cs_sum bad_blocks)"
check_equal "nothing is written again" 0 "$(cs_sum rewritten)"
check "replicas are compared" [ "$(stat_value "s['digests_compared']")" -ge 4 ]
check_equal "and equal" 0 "$(stat_value "s['digests_differed']")"

# Blocks, tables and headers, each on another server, of chunks that nobody reads.
# Behind the headers, which count how often they are written.
same_content() { cmp -i 8192 "$1" "$2"; }
flip_and_wait() { # flip_and_wait SERVER INDEX WHAT
    local file before
    file=$(file_of "$1" "$2")
    cp --sparse=always "$file" before.chunk
    rot "$file" "$3" >rot.out || finish
    check_fails "$3 of chunk $2 is flipped on CS $1" same_file "$file" before.chunk
    wait_long "$3 on CS $1 is put right" put_right "$file"
    check "$3 on CS $1: an event tells of it" \
        has_event "CS#$((1024 + $1)) has reported hard error on .*/cs$1/chunks/"
}
same_file() { cmp "$1" "$2"; }
# A checkpoint brings it to its place, some time after the repair.
put_right() { same_content "$1" before.chunk && cmp -n 4096 -i 4096:0 "$1" "$1"; }
flip_and_wait 1 0 block:0
flip_and_wait 2 1 block:511
flip_and_wait 3 2 table:0
flip_and_wait 1 3 table:400
flip_and_wait 2 2 header:0
flip_and_wait 3 3 header:1
# A table that is nowhere in memory.
stop cs2
file=$(file_of 2 0)
cp --sparse=always "$file" before.chunk
rot "$file" table:300 >rot.out || finish
start_cs 2
wait_for "CS 2 is back" cs_active 3
nothing_bad_in_a_round() { # what is still bad is counted again
    local before
    before=$(cs_sum bad_blocks)
    a_round
    [ "$(cs_sum bad_blocks)" = "$before" ]
}
wait_for "its table is noticed" grep -q 'table page 1 is lost' cs2.err
wait_long "its blocks are filled" nothing_bad_in_a_round
# What was filled in is in place after a stop in order.
stop cs2
check "its table is put right" put_right "$file"
start_cs 2
wait_for "CS 2 is back" cs_active 3

# A file, and a whole directory, deleted under the running server. The nodes that are left are other
# ones, so that what stands there is made anew.
inode() { stat -c %i "$1"; }
remade() { [ -e "$1" ] && [ "$(inode "$1")" != "$2" ] && whole; }
file=$(file_of 1 1)
exec 9<"$file" # its number is not given to another one meanwhile
old=$(inode "$file")
rm "$file"
wait_long "a deleted file is made anew" remade "$file" "$old"
exec 9<&-
check "an event tells of it" has_event "CS#1025 has reported hard error on $file"
file=$(file_of 3 2)
exec 9<"$file"
old=$(inode "$file")
rm -r "$(dirname "$file")"
wait_long "a deleted directory is made anew" remade "$file" "$old"
exec 9<&-
check "all servers go on" cs_active 3

# Written after its file was deleted: that replica is lost, the server is not.
stop cs2
start_cs 2
wait_for "CS 2 is back" cs_active 3
file=$(file_of 2 3)
exec 9<"$file"
old=$(inode "$file")
rm "$file"
serve_disk nbd /disk
check "a write goes on" io "write -P 8 769M 1M" flush
wait_long "and the replica is made anew" remade "$file" "$old"
exec 9<&-
check "the server did not end" is_running cs2
vstorage set-config mds.wd.verify_chunks=600 >set.out

# fio verifies under scrubbing, and then each server alone is asked for everything.
check "fio verifies what it writes" fio_verify --offset=32m --size=64m --io_size=64m
for at in 0 256M 512M; do check "read at $at" io "read -P 7 $at 2M"; done
check "read at 768M" io "read -P 7 768M 1M" "read -P 8 769M 1M"
check "the disk's server stops" stop nbd
bad=$(cs_sum bad_blocks)
a_round
check_equal "a last round finds nothing" "$bad" "$(cs_sum bad_blocks)"
check "all replicas are in sync" whole
check_equal "no replica ever differed" 0 "$(stat_value "s['digests_differed']")"
for keep in 1 2 3; do
    for i in 1 2 3; do [ $i = $keep ] || stop "cs$i" KILL 2>/dev/null; done
    serve_disk "nbd$keep" /disk
    for at in 0 256M 512M; do check "CS $keep alone, at $at" io "read -P 7 $at 2M"; done
    check "CS $keep alone, at 768M" io "read -P 7 768M 1M" "read -P 8 769M 1M"
    check "its server stops" stop "nbd$keep"
    for i in 1 2 3; do [ $i = $keep ] || start_cs "$i"; done
    wait_for "all are back" cs_active 3
    wait_long "and in sync" whole
done
finish
