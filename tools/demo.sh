# The demo cluster of `./dev run`, `stop` and `shell`: one metadata server, three chunk servers and
# an NBD server, each a process with its pid and log in .demo. Sourced after tools/common.sh.

demo=$PWD/.demo
programs=$PWD/build/release/bin
cluster=demo
disk=/disk1
services=(mds1 cs1 cs2 cs3 nbd)
export CAIRN_ROOT=$demo/root
cluster_files=$CAIRN_ROOT/etc/vstorage/clusters/$cluster

# Fails outside the demo's own programs, whatever is in PATH.
vstorage() { "$programs/vstorage" -c $cluster "$@"; }
cairn() { "$programs/cairn" "$@" -c $cluster; }

# A Unix socket's path may have 107 characters; where the checkout lies too deep it goes elsewhere.
socket=$demo/disk1.sock
if [ ${#socket} -gt 100 ]; then
    socket=/tmp/cairn-demo-$(id -u)-$(printf %s "$PWD" | cksum | cut -d ' ' -f 1).sock
fi
uri="nbd+unix:///${disk#/}?socket=$socket"

program_of() {
    case $1 in
        mds*) echo mdsd ;;
        cs*) echo csd ;;
        nbd) echo cairn ;;
    esac
}

# pid_of SERVICE: of the process that runs it; nothing if none does. A number that another program
# has got since is not ours.
pid_of() {
    local pid exe
    pid=$(cat "$demo/run/$1.pid" 2>/dev/null) || return 0
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 0
    [ "${exe% (deleted)}" != "$programs/$(program_of "$1")" ] || echo "$pid"
}

# launch SERVICE ARGUMENT...: starts it, out of reach of the terminal's signals.
launch() {
    local service=$1
    shift
    mkdir -p "$demo/run" "$demo/log"
    setsid "$programs/$(program_of "$service")" "$@" \
        >"$demo/log/$service.out" 2>>"$demo/log/$service.log" </dev/null 9>&- &
    echo $! >"$demo/run/$service.pid"
}

# stop_service SERVICE: asks it to end, and after half a minute makes it.
stop_service() {
    local pid attempt
    pid=$(pid_of "$1")
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null || true
    for ((attempt = 0; attempt < 300; attempt++)); do
        [ -n "$(pid_of "$1")" ] || break
        sleep 0.1
    done
    if [ -n "$(pid_of "$1")" ]; then
        echo "$1: does not stop; killed"
        kill -KILL "$pid" 2>/dev/null || true
    else
        echo "$1: stopped"
    fi
    rm -f "$demo/run/$1.pid"
}

stop_all() {
    local service
    for service in nbd cs1 cs2 cs3 mds1; do stop_service "$service"; done
}

# One ./dev run or stop at a time.
lock_demo() {
    mkdir -p "$demo"
    exec 9>"$demo/lock"
    flock -n 9 || die "another ./dev run or ./dev stop is at work here"
}
