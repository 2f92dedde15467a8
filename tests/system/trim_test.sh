#!/bin/bash
# What a guest trims: it reads as zeros, and its space is given back if the cluster is set so.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"

make_cluster 1
add_chunk_servers 2
check "attributes" vstorage set-attr -R -p / replicas=2 failure-domain=disk
check "mkdisk" cairn mkdisk /disk 256M
serve_disk nbd /disk

# KiB of the chunks' files, once all is in its place: a chunk server that stops brings it there.
space() {
    local i
    for i in 1 2; do stop "cs$i" && start_cs "$i"; done
    wait_for "the chunk servers are back" cs_active 2
    du -sck cs1/chunks cs2/chunks | tail -n 1 | cut -f1
}
# changed_by FROM TO MIB: from one to the other, give or take one, for what is written beside data.
changed_by() {
    local difference=$((($2 - $1) / 1024 - $3))
    echo "$(($2 - $1)) KiB"
    [ "$difference" -ge -1 ] && [ "$difference" -le 1 ]
}

check "written" io "write -P 7 0 32M" flush
space >space.out
full=$(<space.out)
check "it takes its space on both" [ "$full" -ge 65536 ]

# A new cluster frees nothing that is trimmed.
check_equal "the parameter is 0" "gen.do_punch_hole=0" \
    "$(vstorage get-config gen.do_punch_hole | grep punch)"
check "trim" io "discard 0 8M" flush
check "it reads as zeros" io "read -P 0 0 8M" "read -P 7 8M 24M"
check "zeros are written, and may be a hole" io "write -z -u 8M 4M" flush
space >space.out
check "nothing is freed" changed_by "$full" "$(<space.out)" 0
check "it can be written again" io "write -P 8 0 1M" flush "read -P 8 0 1M" "read -P 0 1M 11M"

# Set to free it: whoever has the file open hears of it with the next refresh of the lease.
check "set-config" vstorage set-config gen.do_punch_hole=1
freed() {
    io "discard 16M 4M" flush && sleep 2 &&
        [ "$(du -sck cs1/chunks cs2/chunks | tail -n 1 | cut -f1)" -lt $((full - 7 * 1024)) ]
}
wait_for "the client follows" freed
space >space.out
before=$(<space.out)
check "what was trimmed now is free" changed_by "$full" "$before" -8
check "trim" io "discard 20M 4M" flush
space >space.out
check "it is free at once" changed_by "$before" "$(<space.out)" -8
check "and reads as zeros" io "read -P 0 16M 8M" "read -P 7 24M 8M"
before=$(<space.out)
check "zeros that keep their space" io "write -z 24M 4M" flush
space >space.out
check "keep it" changed_by "$before" "$(<space.out)" 0
check "zeros that may be a hole" io "write -z -u 24M 4M" flush
space >space.out
check "are one" changed_by "$before" "$(<space.out)" -8
check "and read as zeros" io "read -P 0 24M 4M" "read -P 7 28M 4M"

# What is cut off a file, and a file that goes, give their space back whatever is set.
check "set-config" vstorage set-config gen.do_punch_hole=0
check "the disk's server stops" stop nbd
check "resize" cairn resize --shrink /disk 30M
serve_disk nbd /disk
space >space.out
before=$(<space.out)
check "written, after what was cut off has gone" io "write -P 9 28M 4k" flush
space >space.out
check "what was cut off is free" changed_by "$before" "$(<space.out)" -4
check "stop" stop nbd
check "rm" cairn rm /disk
gone() { [ "$(du -sck cs1/chunks cs2/chunks | tail -n 1 | cut -f1)" -lt 2048 ]; }
wait_for "a removed file's space is free" gone
finish
