#!/bin/bash
# Bytes that flip on the disks of a cluster of real processes: in a chunk file's content, tables and
# headers, in journals, in the small files, in the metadata log and its snapshot. Each is found and
# told, none is ever served; a server that cannot go on says why and what to do.
source "$(dirname "$0")/lib.sh"
source "$source_root/tests/system/cluster_lib.sh"

rot() { "$source_root/tests/system/rot.py" "$@"; }

make_cluster 3
add_chunk_servers 3
vstorage set-config mds.wd.offline_tout=600s >set.out || exit 1
head -c 13000000 /dev/urandom >known.img

put_known() { # put_known PATH REPLICAS
    vstorage set-attr -p / "replicas=$2" failure-domain=disk >set.out &&
        cairn put known.img "$1" || { echo "cannot put $1"; exit 1; }
}
put_known /one 1
put_known /two 2
put_known /three 3

# Every byte is the one that was written.
whole() { # whole PATH
    rm -f got.img
    cairn get "$1" got.img && cmp known.img got.img
}
all_whole() { whole /one && whole /two && whole /three; }

# The chunk file of PATH on the N-th of its servers; sets `server`, the number of the process, and
# `place`, which 4 MiB of the chunk a reader reads from it, too.
chunk_file() { # chunk_file PATH N
    local chunk cs
    read -r chunk cs place < <(cairn map --json "$1" | python3 -c "import json, sys
c = json.load(sys.stdin)['chunks'][0]
r = c['replicas']
print('%016x' % c['chunk'], r[$2]['cs'], ($2 - c['chunk']) % len(r))")
    server=$((cs - 1024))
    file=$work/cs$server/chunks/${chunk:14}/$chunk.chunk
}
restart_cs() { # restart_cs N...: all of them at the same time
    local i
    for i; do stop "cs$i"; done
    for i; do start_cs "$i"; done
    wait_for "CS $* are back" cs_active 3
}
hard_errors() { vstorage get-event | grep -c "CS#$((1024 + $1)) has reported hard error on"; }
told_of() { # told_of SERVER BEFORE: of that server there are more events than before
    local attempt
    for ((attempt = 0; attempt < 50; attempt++)); do
        [ "$(hard_errors "$1")" -gt "$2" ] && return 0
        sleep 0.1
    done
    vstorage get-event
    return 1
}
csd_refuses() { refuses "$2" csd -c stor1 -r "$work/cs$1"; }
mdsd_refuses() { refuses "$2" mdsd -c stor1 -r "$work/mds$1"; }

# What was put is in place in the chunk files after a stop in order.
restart_cs 1 2 3

# (a) Content, (b) tables: with the servers stopped, and while they run. On each server that has a
# replica it is another block, so that no replica is good as a whole and each must be found out. It
# is in those 4 MiB for which a reader prefers that server (src/client/read_path.cc).
flip_all() { # flip_all PATH block|table FIRST stopped|running
    local path=$1 what=$2 at=$3 how=$4 i
    servers=() files=() before=() places=()
    for ((i = 0; i < $(replicas_of "$path"); i++)); do
        chunk_file "$path" $i
        servers+=("$server") files+=("$file") before+=("$(hard_errors "$server")")
        places+=("$place")
    done
    [ "$how" = running ] || for server in "${servers[@]}"; do stop "cs$server"; done
    for i in "${!files[@]}"; do
        cp --sparse=always "${files[i]}" "good$i"
        rot "${files[i]}" "$what:$((at + 256 * i + 1024 * places[i]))"
    done
    [ "$how" = running ] || for server in "${servers[@]}"; do start_cs "$server"; done
    wait_for "the servers are there" cs_active 3
}
replicas_of() { cairn map --json "$1" | grep -c '"cs":'; }
# From where the blocks begin: versions and the like may have changed in front of it.
content_is_as_before() { cmp -i $((260 * 4096)) "$1" "$2"; }
block=10
for case in "/two stopped" "/two running" "/three running"; do
    read -r path how <<<"$case"
    block=$((block + 20))
    flip_all "$path" block $block "$how" >/dev/null
    check "$path, blocks flipped while $how: what was written is read" whole "$path"
    for i in "${!servers[@]}"; do
        check "server ${servers[i]} has told of it" told_of "${servers[i]}" "${before[i]}"
    done
    restart_cs 1 2 3
    for i in "${!files[@]}"; do
        check "on the disk of server ${servers[i]} it is as before" \
            content_is_as_before "good$i" "${files[i]}"
    done
done
chunk_file /one 0
rot "$file" block:77 >/dev/null
check "without another replica it is an error that says what" \
    says "no replica of chunk [0-9]* holds a valid copy of its block 77" cairn get /one got.img
rot "$file" block:77 >/dev/null
check "its log names block and chunk" \
    grep -qE 'ERROR cs: block 77 of chunk [0-9a-f]{16} does not match its checksum' "cs$server.err"
check "and all is well once the byte is back" whole /one

# A table that is in memory is not read again before the restart.
for case in "/two stopped" "/three running"; do
    read -r path how <<<"$case"
    block=$((block + 20))
    flip_all "$path" table $block "$how" >/dev/null
    check "$path, tables flipped while $how: what was written is read" whole "$path"
    [ "$how" = stopped ] || restart_cs 1 2 3
    check "$path, $how: and again" whole "$path"
    for i in "${!servers[@]}"; do
        check "server ${servers[i]} has told of it" told_of "${servers[i]}" "${before[i]}"
        [ "$how" = running ] || check "its log names file and page" \
            grep -qE 'ERROR cs: .*\.chunk: table page [0-9]+ is lost' "cs${servers[i]}.err"
    done
    restart_cs 1 2 3
    check "$path, $how: on all servers the table is whole again" whole "$path"
    check "no page is lost any more" bash -c '! grep "is lost" cs[123].err'
done
check "all replicas are in sync" all_healthy

# (e) A chunk's header: the second one stands in for the first, and puts it right.
chunk_file /two 0
stop "cs$server"
cp --sparse=always "$file" good
rot "$file" header:0 >/dev/null
start_cs "$server"
wait_for "CS $server is back" cs_active 3
check "a header flipped: what was written is read" whole /two
check "the header is repaired" cmp -n 4096 -i 4096:0 "$file" "$file"
# Both: the replica is lost, and told; the other one serves.
stop "cs$server"
rot "$file" header:0 >/dev/null
rot "$file" header:1 >/dev/null
start_cs "$server"
wait_for "CS $server is back" cs_active 3
check "both headers flipped: what was written is read" whole /two
check "the log names the file" grep -q "ERROR cs: $file cannot be used: " "cs$server.err"
wait_for "a replica is made in its place" all_healthy
nothing_aside() { [ ! -e "$file.damaged" ]; }
wait_for "and what was set aside is gone" nothing_aside
check "what was written is read" whole /two

# (c) The journal, of a server that was killed: what was flushed must be there, so it does not
# start. Writes are short, so that they go through it.
# Flips a byte, and puts it back.
flip() { flipped=$(rot "$1" "$2") || finish; }
unflip() { rot "$1" "at:${flipped##* }" >/dev/null; }
vstorage set-attr -p / replicas=3 >set.out
cairn mkdisk /disk 64M >mkdisk.out
serve_disk nbd /disk
for i in 1 2 3 4; do
    check "written" io "write -P $i ${i}M 32k" flush
done
sleep 0.2
stop cs1 KILL 2>/dev/null
damaged='/journal: group [0-9]+ is damaged, and it had been on stable media; remove this'
for where in 0:head 0:records 0:payload -1:payload; do
    flip cs1/journal "group:$where"
    check "a journal's group, flipped at $where: the server does not start" \
        csd_refuses 1 "$damaged"
    unflip cs1/journal
done
check "the disk is what was written" io "read -P 1 1M 32k" "read -P 4 4M 32k"
flip cs1/journal superblock:0
start_cs 1
wait_for "with one of two superblocks it starts" cs_active 3
wait_for "all replicas are in sync" all_healthy
check "and has what was flushed" io "read -P 1 1M 32k" "read -P 4 4M 32k"

# (e) Small files, and both superblocks: nothing is guessed.
stop cs1
for file in identity state epochs starts; do
    flip "cs1/$file" at:20
    check "flipped $file: the server does not start" \
        csd_refuses 1 "/cs1/$file: .*; remove this chunk server and let its data be rebuilt"
    unflip "cs1/$file"
done
flip cs1/journal superblock:0
offset=${flipped##* }
flip cs1/journal superblock:1
check "both superblocks: it does not start" \
    csd_refuses 1 '/cs1/journal: .*; remove this chunk server and let its data be rebuilt'
unflip cs1/journal
rot cs1/journal "at:$offset" >/dev/null
start_cs 1
wait_for "with all bytes back it starts" cs_active 3
check "the disk is what was written" io "read -P 2 2M 32k" "read -P 3 3M 32k"
check "the disk's server stops" stop nbd
check "and every file is as it was put" all_whole

# (d) The metadata log, (e) its snapshot and identity: the server does not start, the others go on.
id=3
[ "$(master_mds)" != 3 ] || id=2
stop mds$id
log=$(ls mds$id/log.* | tail -n 1)
for what in log:0 log:1 log:-1 at:70; do
    flip "$log" $what
    check "the metadata log, flipped at $what: the server does not start" \
        mdsd_refuses $id "$log: .*rm-mds $id"
    unflip "$log"
done
for file in mds$id/snapshot.* mds$id/identity; do
    flip "$file" at:20
    check "flipped ${file#*/}: the server does not start" mdsd_refuses $id "$file"
    unflip "$file"
done
check "the others go on" cairn put known.img /more
check "and what is written then is there" whole /more
flip "$log" log-tail
start_mds $id
wait_for "rot where nothing was written yet does not keep it from starting" mds_available 3
check "the catalogue is whole" whole /three
finish
