#!/bin/bash
# A local file over NBD, with the clients that people use: nbdinfo, nbdcopy, qemu-img, qemu-io, fio.
source "$(dirname "$0")/lib.sh"

size=$((64 << 20))
truncate -s $size disk.img
head -c 10000 /dev/urandom >odd.img
truncate -s $((1 << 20)) small.img
start server cairn nbd serve disk.img odd.img --unix nbd.sock --port 0
wait_for "the server is ready" grep -qx ready server.out
raw=$source_root/tests/system/nbd_raw.py
socket="?socket=$work/nbd.sock"
disk="nbd+unix:///disk.img$socket"
odd="nbd+unix:///odd.img$socket"
tcp=$(grep '^nbd://127.0.0.1:.*/disk.img$' server.out)

io() { # io URI COMMAND...: qemu-io, where a failed pattern counts
    local uri=$1 out commands=()
    shift
    for command in "$@"; do commands+=(-c "$command"); done
    out=$(qemu-io -f raw "${commands[@]}" "$uri" 2>&1) || { echo "$out"; return 1; }
    ! grep -iE 'error|failed|verification' <<<"$out"
}

# Negotiation.
check_equal "it prints a URI for each export and listener" 4 "$(grep -c '^nbd' server.out)"
check_equal "the default export is the first" $size "$(nbdinfo --size "nbd+unix:///$socket")"
check_equal "an odd size is kept" 10000 "$(nbdinfo --size "$odd")"
check_equal "both are listed" 2 "$(nbdinfo --list "nbd+unix:///$socket" | grep -c '^export=')"
check_fails "an unknown export is refused" nbdinfo "nbd+unix:///nothing$socket"
for can in "can multi-conn" "can write" "can flush" "can fua" "can trim" "can zero" "can df" \
    "can cache" "can fast-zero" "can structured-reply"; do
    check "$can" nbdinfo --can "${can#can }" "$disk"
done
check_fails "it is not read-only" nbdinfo --is read-only "$disk"
check "the same over TCP" nbdinfo --can multi-conn "$tcp"
check "TLS and unknown options are declined, and the client goes on without" \
    python3 "$raw" nbd.sock option:5 option:77 go

# Data.
check "what is written is read" io "$disk" "write -P 7 1M 256k" "read -P 7 1M 256k" "flush"
check "the file holds it" cmp -n $((256 << 10)) -i $((1 << 20)):0 disk.img \
    <(head -c $((256 << 10)) /dev/zero | tr '\0' '\7')
check "pieces of blocks are merged" io "$disk" \
    "write -P 1 0 16k" "write -P 2 1000 10000" "write -P 3 4095 2" \
    "read -P 1 0 1000" "read -P 2 1000 3095" "read -P 3 4095 2" "read -P 2 4097 6903" \
    "read -P 1 11000 5384"
check "a write with FUA" io "$disk" "write -f -P 9 2M 64k" "read -P 9 2M 64k"
check "unallocated space reads as zeros" io "$disk" "read -P 0 32M 16M"
check "the odd end is written and read" io "$odd" "write -P 5 8190 1810" "read -P 5 8190 1810"
check_equal "and the file does not grow" 10000 "$(stat -c %s odd.img)"
check_fails "a write beyond the end is refused" io "$disk" "write 63M 2M"

# Space: 8 MiB are written, the middle of them given back in two ways.
check "8 MiB written" io "$disk" "write -P 4 8M 8M" "flush"
before=$(stat -c %b disk.img)
check "trim" io "$disk" "discard 10M 1M"
check "write zeroes, with and without a hole" io "$disk" "write -z -u 11M 1M" "write -z 12M 1M"
check "zeroed ranges read as zeros" io "$disk" \
    "read -P 0 11M 2M" "read -P 4 13M 3M" "read -P 4 8M 2M"
check "trimmed space is given back" [ $((before - $(stat -c %b disk.img))) -ge 4000 ]
check "zeroes at odd offsets" io "$disk" "write -P 6 20M 64k" "write -z 20975000 10000" \
    "read -P 6 20M 3480" "read -P 0 20975000 10000" "read -P 6 20985000 52056"
kind_at() { # kind_at MEBIBYTE: what block status calls it
    nbdinfo --map "$disk" | awk -v at=$(($1 << 20)) '$1 <= at && at < $1 + $2 {print $4}'
}
check_equal "block status shows data" data "$(kind_at 9)"
check_equal "what was trimmed is a hole" hole,zero "$(kind_at 10)"
check_equal "what was zeroed reads as zeros" hole,zero "$(kind_at 11)"
check_equal "data behind it" data "$(kind_at 13)"

# Copies.
head -c $size /dev/urandom >random.img
check "nbdcopy in" nbdcopy --flush random.img "$disk"
check "nbdcopy out, four connections" nbdcopy --connections=4 "$disk" copy.img
check "the copy is the original" cmp random.img copy.img
check "the file is the original" cmp random.img disk.img
qemu-img create -q -f qcow2 sparse.qcow2 $size
check "qemu-img convert out" qemu-img convert -f raw -O qcow2 "$tcp" converted.qcow2
check "qemu-img compare" qemu-img compare -f raw -F qcow2 "$disk" converted.qcow2
check "qemu-img convert in, mostly holes" qemu-img convert -n -f qcow2 -O raw sparse.qcow2 "$disk"
check_equal "leaves a hole" "hole,zero" "$(nbdinfo --map "$disk" | awk '{print $4}' | sort -u)"

# Load, with verification.
fio_nbd() {
    fio --name=verify --ioengine=nbd --uri="$disk" --size=$size --output=fio.out "$@" &&
        ! grep -q 'err= *[1-9]' fio.out
}
check "fio writes and verifies" fio_nbd --rw=randwrite --bsrange=512-128k --bs_unaligned \
    --iodepth=32 --verify=crc32c --serialize_overlap=1 --verify_fatal=1 --io_size=96m
check "two writers on two connections" fio_nbd --rw=randwrite --bs=4k --iodepth=16 --numjobs=2 \
    --offset_increment=32m --size=32m --verify=crc32c --verify_fatal=1 --io_size=24m

# Clients that die, stall or talk nonsense.
descriptors() { ls "/proc/$(pid_of server)/fd" | wc -l; }
idle=$(descriptors)
is_connected() { [ "$(descriptors)" -gt "$idle" ]; }
for round in 1 2 3 4 5; do
    start victim fio --thread --name=victim --ioengine=nbd --uri="$disk" --rw=randwrite --bs=1m \
        --iodepth=32 --size=$size --time_based --runtime=60
    wait_for "the victim writes" is_connected
    sleep "0.$round"
    stop victim KILL 2>/dev/null
done
check "killed writers do not hurt it" is_running server
check "others are served" io "$disk" "write -P 8 0 1M" "read -P 8 0 1M"
given_back() { [ "$(descriptors)" -le "$idle" ]; }
wait_for "their connections are given back" given_back
check "nonsense in place of a handshake is hung up on" python3 "$raw" nbd.sock nonsense
check "nonsense in place of an option, too" python3 "$raw" nbd.sock option:5 nonsense
check "nonsense in place of a request, too" python3 "$raw" nbd.sock go read nonsense
check "an absurd payload, too" python3 "$raw" nbd.sock go absurd
check "half a write changes nothing" python3 "$raw" nbd.sock go half
check "as a reader sees" io "$disk" "read -P 8 0 1M"
check "it still runs" is_running server

# Growing: new connections see it.
truncate -s $((2 * size)) disk.img
check_equal "a file that grew is seen" $((2 * size)) "$(nbdinfo --size "$disk")"
check "the new part is written" io "$disk" "write -P 3 100M 1M" "read -P 3 100M 1M"

# The end.
start writer fio --thread --name=writer --ioengine=nbd --uri="$disk" --rw=randwrite --bs=64k \
    --iodepth=8 --size=$size --time_based --runtime=60
wait_for "the writer writes" is_connected
sleep 0.3
check "it stops cleanly under load" stop server
check "its socket is gone" [ ! -e nbd.sock ]
check_equal "it warned of each nonsense" 4 "$(grep -c 'WARNING nbd: client ' server.err)"
check_equal "and of nothing else" "" "$(grep -v 'WARNING nbd: client \|INFO' server.err)"
stop writer KILL 2>/dev/null

# Read-only, and what goes wrong at the start.
start reader cairn --json nbd serve --read-only random.img --unix ro.sock
ready_as_json() {
    python3 -c 'import json; said = json.load(open("reader.out"))
assert said["ready"] and [e["export"] for e in said["exports"]] == ["random.img"], said
assert said["exports"][0]["uri"].startswith("nbd+unix:///random.img?socket="), said' 2>/dev/null
}
wait_for "the read-only server is ready, and says so as JSON" ready_as_json
check "it says read-only" nbdinfo --is read-only "nbd+unix:///?socket=$work/ro.sock"
check "a write is refused" python3 "$raw" ro.sock go refused-write read
check_fails "a socket in use is refused" cairn nbd serve small.img --unix ro.sock
check_fails "a missing file is refused" cairn nbd serve nothing.img --unix x.sock
check_fails "a folder is refused" cairn nbd serve . --unix x.sock
check_fails "one name twice is refused" cairn nbd serve small.img small.img --unix x.sock
check "it stops cleanly" stop reader

finish
