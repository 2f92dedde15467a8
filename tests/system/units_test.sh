#!/bin/bash
# The shipped systemd units, on a machine of their own: a tree with this system's /usr and what
# ./dev install puts there is booted by systemd-nspawn. A cluster is made in it; its services start
# with their targets, are watched, stop in order, and are back after a reboot.
source "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to boot a container"
command -v systemd-nspawn >/dev/null || skip "the package systemd-container is not here"
[ -x /usr/lib/systemd/systemd ] || skip "systemd is not here"

# Programs and units as ./dev install puts them, over this system's /usr, which nothing writes to.
build=$(dirname "$(dirname "$(command -v vstorage)")")
DESTDIR=$work/installed cmake --install "$build" --prefix /usr >install.log 2>&1 ||
    { cat install.log; failed=1; finish; }
tree=$work/tree
mkdir -p "$tree"/{etc,var,run,dev,proc,sys,tmp,root,usr,vstorage} "$tree/etc/systemd/system"
for name in bin sbin lib lib64; do [ ! -L /$name ] || ln -s "usr/$name" "$tree/$name"; done
cp -L /etc/os-release /etc/passwd /etc/group /etc/nsswitch.conf "$tree/etc/" 2>/dev/null
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$tree/etc/machine-id"
# Nothing here but what is tested: no terminals, no network to wait for, no host's services.
for unit in console-getty getty@tty1 systemd-networkd systemd-resolved systemd-timesyncd; do
    ln -s /dev/null "$tree/etc/systemd/system/$unit.service"
done
ln -s /usr/lib/systemd/system/multi-user.target "$tree/etc/systemd/system/default.target"

# The machine gets control groups of its own, so that tests side by side do not meet there.
groups=()
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [ -w "$hierarchy/cgroup.procs" ] && mkdir "$hierarchy/cairn-$$" 2>/dev/null; then
        groups+=("$hierarchy/cairn-$$")
    fi
done
in_own_groups() {
    local group
    for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
    exec "$@"
}
boot() {
    start machine in_own_groups systemd-nspawn --directory="$tree" --boot --machine="cairn-$$" \
        --register=no --keep-unit --private-network --console=pipe --link-journal=no \
        --private-users=no --overlay-ro="/usr:$work/installed/usr:/usr"
}
# The first process of the machine, which is the child of systemd-nspawn.
init_of_machine() {
    init=$(pgrep -P "$(pid_of machine)" | head -n 1)
    [ -n "$init" ]
}
inside() { # inside COMMAND...
    nsenter --target "$init" --all -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
booted() {
    init_of_machine && [[ $(inside systemctl is-system-running 2>&1) =~ ^(running|degraded)$ ]]
}
machine_ended() { ! is_running machine; }
end_machine() {
    [ -n "${init:-}" ] && kill -9 "$init" 2>/dev/null
    cleanup
    for ((attempt = 0; attempt < 20 && ${#groups[@]} > 0; attempt++)); do
        find "${groups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
}
trap end_machine EXIT

boot
for ((attempt = 0; attempt < 200; attempt++)); do
    booted && break
    is_running machine || skip "this machine boots no container: $(tail -n 1 machine.err)"
    sleep 0.1
done
booted || { cat machine.out machine.err; skip "this machine boots no container within 20 s"; }
check "the units are known" inside systemctl cat vstorage-mdsd.target vstorage-csd.target

# As the README has it.
make_first() {
    inside vstorage -c stor1 make-mds -I -a 127.0.0.1 -r /vstorage/mds -P <<<correct-horse
}
check "make-mds" make_first
check "daemon-reload" inside systemctl daemon-reload
check "enable and start the target" inside systemctl enable --now vstorage-mdsd.target
unit_active() { [ "$(inside systemctl is-active "$1")" = active ]; }
wait_for "the metadata server is active" unit_active vstorage-mdsd.stor1.1.service
wait_for "and answers" inside vstorage stat
for i in 1 2; do check "make-cs" inside vstorage make-cs -r "/vstorage/cs$i"; done
check "daemon-reload" inside systemctl daemon-reload
check "enable and start" inside systemctl enable --now vstorage-csd.target
for id in 1025 1026; do
    wait_for "CS#$id is active" unit_active vstorage-csd.stor1.$id.service
done
check_equal "its description names the repository" "Description=vstorage-csd(/vstorage/cs1)" \
    "$(inside systemctl show -p Description vstorage-csd.stor1.1025.service)"
cs_active() { [ "$(inside vstorage stat --json | grep -c '"state": "active"')" = "$1" ]; }
wait_for "both chunk servers are active" cs_active 2
check "attributes" inside vstorage set-attr -R -p / replicas=2 failure-domain=disk
head -c 2000000 /dev/urandom >known.img
cp known.img "$tree/vstorage/known.img"
check "put" inside cairn put /vstorage/known.img /known
whole() {
    inside cairn get /known /vstorage/got.img && cmp known.img "$tree/vstorage/got.img"
}
check "get" whole
wait_for "the system runs without a failed unit" \
    bash -c "nsenter --target $init --all -- systemctl is-system-running | grep -qx running"

# What fails is started again.
main_pid() { inside systemctl show -p MainPID --value "$1"; }
for unit in vstorage-csd.stor1.1025.service vstorage-mdsd.stor1.1.service; do
    before=$(main_pid $unit)
    check "$unit is killed" inside kill -9 "$before"
    restarted() { unit_active $unit && [ "$(main_pid $unit)" != "$before" ]; }
    wait_for "$unit is back" restarted
done
wait_for "the cluster is whole again" cs_active 2
check "the file is there" whole

# A second metadata server comes, and goes for good: its unit with it.
check "make-mds" inside vstorage make-mds -a 127.0.0.2 -r /vstorage/mds2
check "daemon-reload" inside systemctl daemon-reload
check "start the target" inside systemctl start vstorage-mdsd.target
votes() {
    inside vstorage stat --json | python3 -c "import json, sys
assert sum(m['available'] and m['voter'] for m in json.load(sys.stdin)['metadata_servers']) == $1"
}
wait_for "two metadata servers take part" votes 2
check "rm-mds" inside vstorage rm-mds 2
unit_left() { [ "$(inside systemctl show -p ExecMainStatus --value "$1")" = 78 ]; }
wait_for "it is not started again" unit_left vstorage-mdsd.stor1.2.service
check_equal "its unit is gone" "" \
    "$(find "$tree/etc/systemd/system" -name 'vstorage-mdsd.stor1.2.*' -print)"
check "reset" inside systemctl reset-failed
check "daemon-reload" inside systemctl daemon-reload
check "the other goes on" inside vstorage stat

# Stopped in order: no failure, no time-out, and the next start is clean.
check "stop the chunk servers" inside systemctl stop vstorage-csd.target
state() { inside systemctl show -p ActiveState -p Result --value "$1" | sort | xargs; }
stopped() { [ "$(state "$1")" = "inactive success" ]; }
for id in 1025 1026; do
    wait_for "CS#$id stopped in order" stopped vstorage-csd.stor1.$id.service
done
check "start them" inside systemctl start vstorage-csd.target
wait_for "they are active" cs_active 2
check "they said that they started clean" bash -c "nsenter --target $init --all -- \
    journalctl -u vstorage-csd.stor1.1025 | tail -n 5 | grep -q 'starts clean'"

# A reboot: what is enabled is back. By its exit status systemd-nspawn asks to be started again.
inside systemctl reboot >/dev/null 2>&1
wait_for "the machine goes down" machine_ended
status=0
stop machine || status=$?
check_equal "in order, to boot again" 133 $status
boot
wait_for "the machine has booted again" booted
wait_for "the metadata server is active" unit_active vstorage-mdsd.stor1.1.service
wait_for "and both chunk servers" cs_active 2
check "the file is there" whole
inside systemctl poweroff >/dev/null 2>&1
wait_for "the machine ends" machine_ended
finish
