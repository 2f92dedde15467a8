# Clusters of real processes for system tests; sourced after lib.sh. All of one host, in a
# CAIRN_ROOT of the test's own, at addresses that nobody else has:
#
#     make_cluster 3              # metadata servers, the first one makes the cluster
#     add_chunk_servers 3
#     start_cs 1; stop cs1 KILL

export CAIRN_ROOT=$work/root
password=correct-horse
mds_address=()

# free_address: one of 127.0.0.0/8 where ports 2510 and 2511 are free.
free_address() {
    python3 - <<'PYTHON'
import random, socket
while True:
    address = f'127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}'
    try:
        for port in (2510, 2511):
            with socket.socket() as probe:
                probe.bind((address, port))
        print(address)
        break
    except OSError:
        pass
PYTHON
}

start_mds() {
    start "mds$1" mdsd -c stor1 -r "$work/mds$1"
}

start_cs() {
    start "cs$1" csd -c stor1 -r "$work/cs$1"
}

answers() { vstorage -c stor1 stat; }

make_cluster() { # make_cluster COUNT: of metadata servers
    local i
    for ((i = 1; i <= $1; i++)); do
        mds_address[i]=$(free_address)
        if [ "$i" = 1 ]; then
            vstorage -c stor1 make-mds -I -a "${mds_address[1]}" -r "$work/mds1" -P \
                <<<"$password" || exit 1
        else
            vstorage -c stor1 make-mds -a "${mds_address[i]}" -r "$work/mds$i" || exit 1
        fi
        start_mds "$i"
        wait_for "MDS#$i votes" mds_voting "$i"
    done
}

# What stat says, as JSON that python reads.
stat_value() { # stat_value EXPRESSION, of `s`
    vstorage -c stor1 stat --json |
        python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"
}
counts() { # counts LIST CONDITION NUMBER: so many `x` of the list meet the condition
    [ "$(stat_value "sum(bool($2) for x in s['$1'])")" = "$3" ]
}
mds_available() { counts metadata_servers "x['available']" "$1"; }
mds_voting() { counts metadata_servers "x['available'] and x['voter']" "$1"; }
cs_active() { counts chunk_servers "x['state'] == 'active'" "$1"; }
all_healthy() {
    [ "$(stat_value "s['chunks'] == s['chunk_states']['healthy'] and s['joining'] == 0")" = True ]
}
master_mds() { stat_value "[m['id'] for m in s['metadata_servers'] if m['master']][0]"; }

add_chunk_servers() { # add_chunk_servers COUNT
    local i
    for ((i = 1; i <= $1; i++)); do
        vstorage make-cs -r "$work/cs$i" || exit 1
        start_cs "$i"
    done
    wait_for "$1 chunk servers are active" cs_active "$1"
}

# serve_disk NAME PATH: over NBD on NAME.sock; sets `uri`.
serve_disk() {
    start "$1" cairn nbd serve -c stor1 "$2" --unix "$1.sock"
    wait_for "$2 is served" grep -qx ready "$1.out"
    uri="nbd+unix:///${2#/}?socket=$work/$1.sock"
}

io() { # io COMMAND...: qemu-io, where a failed pattern counts
    local out commands=()
    for command in "$@"; do commands+=(-c "$command"); done
    out=$(qemu-io -f raw "${commands[@]}" "$uri" 2>&1) || { echo "$out"; return 1; }
    ! grep -iE 'error|failed|verification' <<<"$out"
}

# fio over the disk with verification; on failure its output is shown.
fio_verify() {
    fio --name=verify --ioengine=nbd --uri="$uri" --rw=randwrite --bs=4k --iodepth=16 \
        --verify=crc32c --verify_fatal=1 --output=fio.out "$@" && ! grep 'err= *[1-9]' fio.out ||
        { cat fio.out; return 1; }
}

# start_load OFFSET SECONDS: fio writes there and verifies what it wrote, in the background.
start_load() {
    start load fio --name=load --ioengine=nbd --uri="$uri" --rw=randwrite --bs=4k --iodepth=8 \
        --offset="$1" --size=64m --io_size=1g --time_based --runtime="$2" \
        --verify=crc32c --verify_fatal=1 --verify_backlog=1024 --output=load.fio
}
# It ran to its end, and nothing failed or differed.
load_succeeds() {
    stop load CONT && grep -q 'err= 0' load.fio && ! grep -E 'err= *[1-9]|verify:' load.fio ||
        { cat load.fio load.err; return 1; }
}

# has_event PATTERN, within some seconds: events are logged a little after what they tell of.
has_event() {
    local attempt
    for ((attempt = 0; attempt < 50; attempt++)); do
        vstorage -c stor1 get-event | grep -E -- "$1" && return 0
        sleep 0.1
    done
    vstorage -c stor1 get-event
    return 1
}

# says WORDS COMMAND...: passes if the command fails with one line on standard error that has the
# words.
says() {
    local words=$1 status=0
    shift
    "$@" >said.out 2>said.err </dev/null || status=$?
    cat said.out said.err
    [ "$status" = 1 ] && [ "$(wc -l <said.err)" = 1 ] && grep -q -- "$words" said.err
}

# refuses WORDS COMMAND...: passes if the daemon ends by itself, within 10 s, with an error in its
# log that has the words (an extended regular expression).
refuses() {
    local words=$1 status=0
    shift
    timeout 10 "$@" >refused.out 2>refused.err </dev/null || status=$?
    cat refused.err
    [ "$status" = 1 ] && grep ' ERROR ' refused.err | grep -qE -- "$words"
}
