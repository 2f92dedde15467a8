# run [--fresh]: starts the demo cluster, or what of it does not run
case "$*" in
    "" | --fresh) ;;
    *) die "usage: ./dev run [--fresh]" 2 ;;
esac
need build client
. tools/demo.sh
lock_demo
build release mdsd csd vstorage cairn

if [ "$*" = --fresh ]; then
    stop_all
    find "$demo" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
fi

# wait_until WHAT COMMAND...: at most a minute.
wait_until() {
    local what=$1 attempt
    shift
    for ((attempt = 0; attempt < 600; attempt++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    tail -n 5 "$demo"/log/*.log >&2 || true
    die "waited a minute in vain: $what; the logs are in .demo/log"
}

# Of its own for each checkout, as far as can be: the number of its path makes the address.
make_first_server() {
    local number attempt address
    number=$(printf %s "$PWD" | cksum | cut -d ' ' -f 1)
    for ((attempt = 0; attempt < 50; attempt++)); do
        address=127.$((number / 254 % 250 + 1)).$(((number + attempt) % 254 + 1)).1
        echo demo | vstorage make-mds -I -a "$address" -r "$demo/mds1" -P >"$demo/log/make" 2>&1 &&
            return 0
        grep -q 'in use' "$demo/log/make" || break
    done
    cat "$demo/log/make" >&2
    die "the metadata server could not be made"
}

is_reachable() { vstorage stat; }
cs_active() { [ "$(vstorage stat --json | grep -c '"state": "active"')" = 3 ]; }

start_servers() {
    local i
    mkdir -p "$demo/log" "$demo/run"
    # What an interrupted first run left half done is made anew.
    if [ ! -e "$demo/complete" ]; then
        stop_all
        rm -rf "$demo/root" "$demo"/mds1 "$demo"/cs[123]
        make_first_server
    fi
    [ -n "$(pid_of mds1)" ] || launch mds1 -c $cluster -r "$demo/mds1"
    wait_until "the metadata server answers" is_reachable
    for i in 1 2 3; do
        if [ ! -e "$demo/complete" ]; then
            vstorage make-cs -r "$demo/cs$i" >>"$demo/log/make"
        fi
        [ -n "$(pid_of "cs$i")" ] || launch "cs$i" -c $cluster -r "$demo/cs$i"
    done
    wait_until "three chunk servers are active" cs_active
    if [ ! -e "$demo/complete" ]; then
        vstorage set-attr -R -p / replicas=2 failure-domain=disk >>"$demo/log/make"
        vstorage set-config mds.wd.offline_tout=30s gen.do_punch_hole=1 >>"$demo/log/make"
    fi
    touch "$demo/complete"
    echo "cluster '$cluster': a metadata server at $(cat "$cluster_files/bs.list")," \
        "three chunk servers, in .demo"
}

new_disk=
start_export() {
    if ! cairn ls $disk >/dev/null 2>&1; then
        cairn mkdisk $disk 1G
        new_disk=yes
    fi
    if [ -z "$(pid_of nbd)" ]; then
        rm -f "$socket"
        launch nbd nbd serve -c $cluster $disk --unix "$socket"
    fi
    wait_until "the disk is served" grep -qx ready "$demo/log/nbd.out"
    echo "disk: $uri"
}

# Only a disk that was made just now is written: later it may hold something.
try_disk() {
    local started=$SECONDS
    [ -n "$new_disk" ] || return 0
    if ! qemu-io -f raw -c "write -P 0x5a 0 1G" -c flush -c "read -P 0x5a 0 1G" "$uri" \
        >"$demo/log/qemu-io" 2>&1 || grep -qiE 'failed|error' "$demo/log/qemu-io"; then
        cat "$demo/log/qemu-io" >&2
        die "the disk could not be written and read back"
    fi
    echo "written with qemu-io, flushed and read back: 1 GiB, 2 replicas," \
        "in $((SECONDS - started)) s"
}

start_servers
start_export
try_disk
echo
vstorage stat
cat <<END

It runs until ./dev stop. Try:

  ./dev shell cairn map $disk                    where the chunks of the disk are
  kill -9 $(pid_of cs1); ./dev shell vstorage stat -v    a chunk server dies: nothing is lost
  ./dev run                                       brings it back
  ./dev shell vstorage get-event                  what happened
  qemu-system-x86_64 -drive "file=$uri,format=raw"
END
