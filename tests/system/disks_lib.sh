# Small disks for system tests; sourced after cluster_lib.sh. Each is a file system of its own in a
# file, mounted at disk1, disk2, ... Needs root. Sourcing it runs the script anew, in a mount
# namespace that is the test's alone:
#
#     make_disk 1 400          # disk1, of 400 MiB
#     add_chunk_server_on 1
#     read_only 1; writable 1

if [ "${CAIRN_OWN_MOUNTS:-}" != yes ]; then
    unshare --mount --propagation private true 2>/dev/null || skip "needs root, for mounts"
    cleanup
    CAIRN_OWN_MOUNTS=yes exec unshare --mount --propagation private "$script" "$@"
fi

make_disk() { # make_disk NUMBER MIB
    truncate -s "$2M" "image$1"
    mkfs.ext4 -q -m 0 -J size=8 "image$1" || exit 1
    mkdir "disk$1"
    mount -o loop "image$1" "disk$1" || skip "no loop device can be had"
}

read_only() { mount -o remount,ro "disk$1"; }
writable() { mount -o remount,rw "disk$1"; }
# As a kernel does that found the file system damaged: from now on everything that writes fails.
fail_disk() { mount -o remount,abort "disk$1"; }
repair_disk() { # with the server stopped
    umount "disk$1" && { e2fsck -fy "image$1" || [ $? = 1 ]; } && mount -o loop "image$1" "disk$1"
}

# The folder can be removed only without its mounts.
cleanup_disks() {
    local pid disk
    for pid in "${started[@]}"; do
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    for disk in "$work"/disk*; do umount -l "$disk" 2>/dev/null; done
    cleanup
}
trap cleanup_disks EXIT

# Instead of cluster_lib's: each chunk server has a disk of its own.
start_cs() { start "cs$1" csd -c stor1 -r "$work/disk$1/cs"; }
add_chunk_server_on() { # add_chunk_server_on DISK
    vstorage make-cs -r "$work/disk$1/cs" || exit 1
    start_cs "$1"
}
