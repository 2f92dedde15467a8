# Three hosts on this machine, each a network namespace with an address, a host id and a root of its
# own, joined by a bridge; sourced after lib.sh. Needs root. The namespaces are inside one that is
# made here, so that nothing of the machine's own network is touched:
#
#     make_hosts 3
#     on 2 vstorage -c stor1 stat      # runs a command on host 2; its address is 10.77.0.2
#     start_on 2 cs2 csd ...           # in the background, as start does

host_address() { echo "10.77.0.$1"; }

make_hosts() { # make_hosts COUNT
    local i
    # The first process of a namespace keeps it alive, and ends with the test.
    start switch unshare --net sleep infinity
    wait_for "the switch's namespace is there" separate_network switch
    on_switch ip link set lo up
    on_switch ip link add bridge type bridge
    on_switch ip link set bridge up
    for ((i = 1; i <= $1; i++)); do
        start "host$i" unshare --net sleep infinity
        wait_for "host $i is there" separate_network "host$i"
        on_switch ip link add "port$i" type veth peer name eth0 netns "$(pid_of "host$i")"
        on_switch ip link set "port$i" master bridge up
        on "$i" ip link set lo up
        on "$i" ip address add "$(host_address "$i")/24" dev eth0
        on "$i" ip link set eth0 up
    done
}

separate_network() {
    [ "$(readlink "/proc/$(pid_of "$1")/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

on_switch() { nsenter --net="/proc/$(pid_of switch)/ns/net" "$@"; }

on() { # on HOST COMMAND...
    local host=$1
    shift
    CAIRN_ROOT=$work/root$host nsenter --net="/proc/$(pid_of "host$host")/ns/net" "$@"
}

start_on() { # start_on HOST NAME COMMAND...: nsenter becomes the command, so that signals reach it
    local host=$1 name=$2
    shift 2
    CAIRN_ROOT=$work/root$host start "$name" nsenter \
        --net="/proc/$(pid_of "host$host")/ns/net" "$@"
}

# The host's cable is pulled, and put back.
disconnect() { on_switch ip link set "port$1" down; }
reconnect() { on_switch ip link set "port$1" up; }
