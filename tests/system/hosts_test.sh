#!/bin/bash
# A cluster of three hosts, each a network namespace: wrong passwords, then one host after the other
# is cut off or dies. That the README's own commands make such a cluster, docs_test.py shows.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/cluster_lib.sh"
source "$(dirname "$0")/hosts_lib.sh"

if ! unshare --net true 2>/dev/null || ! command -v ip >/dev/null; then
    echo "skipped: no network namespaces here"
    finish
fi
# says gives its commands no input: the password is handed over here.
on_with() { # on_with PASSWORD HOST COMMAND...
    local input=$1
    shift
    on "$@" <<<"$input"
}
make_hosts 3
first=$(host_address 1)

check "host 1: the first metadata server" \
    on_with "$password" 1 vstorage -c stor1 make-mds -I -a "$first" -r "$work/mds1" -P
start_on 1 mds1 mdsd -c stor1 -r "$work/mds1"
answers_1() { on 1 vstorage stat; }
wait_for "it answers" answers_1
for i in 2 3; do
    check "host $i: wrong password" \
        says 'wrong password' on_with wrong "$i" vstorage -c stor1 auth-node -b "$first" -P
    check "host $i: authenticated" \
        on_with "$password" "$i" vstorage -c stor1 auth-node -b "$first" -P
    check "host $i: a further metadata server" \
        on "$i" vstorage make-mds -a "$(host_address "$i")" -r "$work/mds$i"
    start_on "$i" "mds$i" mdsd -c stor1 -r "$work/mds$i"
done
for i in 1 2 3; do
    check "host $i: a chunk server" on "$i" vstorage make-cs -r "$work/cs$i"
    start_on "$i" "cs$i" csd -c stor1 -r "$work/cs$i"
done

value() { # value HOST EXPRESSION, of the cluster's state as that host sees it
    on "$1" vstorage stat --json |
        python3 -c "import json, sys; s = json.load(sys.stdin); print($2)"
}
value_is() { [ "$(value "$1" "$2")" = "$3" ]; }
voters="sum(m['voter'] and m['available'] for m in s['metadata_servers'])"
active="sum(c['state'] == 'active' for c in s['chunk_servers'])"
healthy="s['chunks'] == s['chunk_states']['healthy'] and s['joining'] == 0"
wait_for "three metadata servers vote" value_is 1 "$voters" 3
wait_for "three chunk servers are active" value_is 2 "$active" 3
check "each is a host of its own" value_is 3 "len({c['host_id'] for c in s['chunk_servers']})" 3
check "each serves at its host's address" \
    value_is 3 "sorted(c['address'].split(':')[0] for c in s['chunk_servers'])" \
    "['$(host_address 1)', '$(host_address 2)', '$(host_address 3)']"
check "every host knows all metadata servers" \
    [ "$(wc -l <root2/etc/vstorage/clusters/stor1/bs.list)" = 3 ]
check "three replicas, on three hosts" on 2 vstorage set-attr -R -p / replicas=3 failure-domain=host
check "offline soon" on 2 vstorage set-config mds.wd.offline_tout=20s

check "a disk" on 3 cairn mkdisk /disk 128M
# The disk is served on host 3; its socket is a file, and fio runs anywhere.
start_on 3 nbd cairn nbd serve -c stor1 /disk --unix nbd.sock
wait_for "it is served" grep -qx ready nbd.out
uri="nbd+unix:///disk?socket=$work/nbd.sock"
check "written and read" io "write -P 7 0 8M" "flush" "read -P 7 0 8M"

# Within a host by the short way, between hosts over TCP.
cs_at() { # cs_at HOST: the address of its chunk server
    local address
    address=$(host_address "$1")
    value 3 "[a for c in s['chunk_servers'] if (a := c['address']).startswith('$address:')][0]"
}
way() { # way FROM_HOST ADDRESS PATTERN
    on "$1" "$source_root/tests/system/ways.py" "$2" | tee ways.out
    grep -qE "$3" ways.out
}
check "host 3 meets its own chunk server by the short way" way 3 "$(cs_at 3)" 'short=[1-9] tcp=0$'
check "and that of host 1 over TCP" way 3 "$(cs_at 1)" 'short=0 tcp=[1-9]$'

start_load 32m 40
sleep 2
disconnect 1
wait_for "the others have a master" value_is 3 "$voters" 2
wait_for "the lost chunk server is inactive" value_is 3 "$active" 2
reconnect 1
wait_for "host 1 takes part again" value_is 3 "$voters" 3
wait_for "its chunk server, too" value_is 3 "$active" 3
wait_for "all replicas are in sync" value_is 3 "$healthy" True
stop mds2 KILL
stop cs2 KILL
wait_for "host 2 is gone" value_is 3 "$active" 2
start_on 2 mds2 mdsd -c stor1 -r "$work/mds2"
start_on 2 cs2 csd -c stor1 -r "$work/cs2"
wait_for "host 2 is back" value_is 3 "$active" 3
wait_for "all replicas are in sync" value_is 3 "$healthy" True
check "the load went on, and read nothing wrong" load_succeeds
check "data of before is there" io "read -P 7 0 8M"

# A host is told from all others by its id; its clients are taken away at once.
check "revoke" on 1 vstorage revoke 2049
check "its I/O fails" \
    bash -c '! qemu-io -f raw -c "write -P 1 0 4k" -c flush "'"$uri"'" | grep -q "^wrote"'
stop nbd KILL
for i in 1 2 3; do
    check "host $i stops cleanly" stop "cs$i"
done
finish
