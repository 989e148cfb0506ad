#!/bin/bash
# Runs all phases on Annals and on all embedded peers, in turn, and appends JSON lines to
# results/<size>.jsonl. Builds, and installs what is missing (apt, as root or by sudo).
#
#   ./run.sh small [runs]   about ten minutes: 200,000 events, 10,000 aggregates, one run
#   ./run.sh full [runs]    about an hour and a half: 2,000,000 events, 100,000 aggregates, 3 runs
#
# Environment: PEERS="annals raw rocksdb …"  DATA=/where/the/stores/go
#              PARTS="check main payloads zipf variants"  OUT=results/x.jsonl
#              EVICT=file|global (global = echo 3 > drop_caches, needs root)
set -u
cd "$(dirname "$0")"
size=${1:-small}
case $size in
    small) events=200000 aggregates=10000 seconds=2 runs=${2:-1} ops=20000 killed=50000 repeat=10 callers="16 64 256" ;;
    full) events=2000000 aggregates=100000 seconds=6 runs=${2:-3} ops=100000 killed=200000 repeat=5 callers="16 64 256" ;;
    *) echo "usage: $0 small|full [runs]" >&2; exit 2 ;;
esac
peers=(${PEERS:-annals raw rocksdb leveldb lmdb sqlite})
parts=${PARTS:-check main payloads zipf variants}
data=${DATA:-peers-data}
evict=${EVICT:-file}
out=${OUT:-results/$size.jsonl}
mkdir -p "$(dirname "$out")" "$data"

install_packages() {
    local missing=() sudo=
    for package in g++ make pkg-config liblz4-dev librocksdb-dev libleveldb-dev liblmdb-dev libsqlite3-dev; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -qq && $sudo apt-get install -y -qq "${missing[@]}"
}
install_packages >&2 || exit 1
make -s -C peers || exit 1
swift build --package-path .. -c release --product AnnalsPeer >&2 || exit 1
annals=$(swift build --package-path .. -c release --show-bin-path)/AnnalsPeer

failures=0
# Where the cores are shared, a phase waits for time slices more than for anything of its own: all
# ask for priority if they may (root).
prefer=
nice -n -10 true 2>/dev/null && prefer="nice -n -10"

program() { if [ "$1" = annals ]; then echo "$annals"; else echo peers/peerbench; fi; }

# Both programs make the same events, or nothing they measure can be compared.
same_events() {
    local payload dist mine theirs
    for payload in 100 256 1024; do
        for dist in uniform zipf; do
            set -- --phase digest --dir "$data/none" --payload $payload --dist $dist --seed 1 \
                --events 20000 --aggregates $aggregates
            mine=$("$annals" "$@" | grep -o '"digest":"[0-9a-f]*"')
            theirs=$(peers/peerbench --peer raw "$@" | grep -o '"digest":"[0-9a-f]*"')
            if [ -z "$mine" ] || [ "$mine" != "$theirs" ]; then
                echo "the programs make different events: $payload B, $dist: $mine $theirs" >&2
                return 1
            fi
        done
    done
}
same_events || exit 1

machine() {
    printf '{"peer":"","phase":"machine","date":"%s","size":"%s","command":"%s","commit":"%s","kernel":"%s","cpu":"%s","cores":%s,"memory_gb":%s,"filesystem":"%s","disk":"%s","compiler":"%s","libraries":"%s","priority":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%MZ)" "$size" "Benchmarks/Peers/run.sh $size $runs" \
        "$(git rev-parse --short HEAD)$(git diff --quiet HEAD -- ../../Sources 2>/dev/null || echo +)" \
        "$(uname -r)" \
        "$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | sed 's/^ *//')" "$(nproc)" \
        "$(awk '/MemTotal/ {printf "%.0f", $2 / 1e6}' /proc/meminfo)" \
        "$(findmnt -no FSTYPE,OPTIONS -T "$data" | tr -s ' ')" \
        "$(findmnt -no SOURCE -T "$data")" \
        "$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*'), $(g++ --version | head -1)" \
        "$(dpkg-query -W -f '${Package} ${Version}, ' librocksdb-dev libleveldb-dev liblmdb-dev libsqlite3-dev | sed 's/, $//; s/lib//g; s/-dev//g')" \
        "$prefer"
}
machine >>"$out"

bench() {  # bench PEER PAYLOAD DIST RUN arguments…
    local peer=$1 payload=$2 dist=$3 run=$4
    shift 4
    # What another has left to be written is not this one's cost.
    sync
    if ! $prefer timeout 300 "$(program "$peer")" --peer "$peer" --dir "$data/$peer" \
        --payload "$payload" --dist "$dist" --run "$run" --aggregates $aggregates --seed 1 \
        "$@" >>"$out"; then
        echo "FAILED: $peer $payload $dist $*" >&2
        failures=$((failures + 1))
    fi
}

turn=0
each() {  # each PAYLOAD DIST RUN arguments…: one phase on every peer, another first each time
    local i
    for i in "${!peers[@]}"; do
        bench "${peers[$(((i + turn) % ${#peers[@]}))]}" "$@"
    done
    turn=$((turn + 1))
}

reads() {  # the phases that leave the store as it is
    local zipf=()
    [ "$2" = zipf ] && zipf=(--tail 20)
    each "$@" --phase load --ops $((ops / 2)) --seconds 8 "${zipf[@]}"
    each "$@" --phase load --ops 1000 --seconds 8 --evict $evict "${zipf[@]}"
    each "$@" --phase replay --repeat $repeat
    each "$@" --phase replay --evict $evict
}

durable() {  # one caller; then many, in the form that suits each
    local n peer i
    each "$@" --phase durable --seconds $seconds --threads 1
    for n in $callers; do
        for i in "${!peers[@]}"; do
            peer=${peers[$(((i + turn) % ${#peers[@]}))]}
            if [ "$peer" = annals ]; then
                bench "$peer" "$@" --phase durable --seconds $seconds --threads $n --tasks 1
                bench "$peer" "$@" --phase durable --seconds $seconds --threads $n
            else
                bench "$peer" "$@" --phase durable --seconds $seconds --threads $n --grouped 1
                # The peer's own way with concurrent writers.
                [ $n -eq 16 ] && [ "$1" -eq 256 ] \
                    && bench "$peer" "$@" --phase durable --seconds $seconds --threads $n
            fi
        done
        turn=$((turn + 1))
    done
}

clean() { local peer; for peer in "${peers[@]}"; do rm -rf "${data:?}/$peer"; done; }

part() {  # part NAME RUN
    local run=$2 peer payload set sets
    echo "$(date +%T) run $run: $1" >&2
    case $1 in
        check)
            for peer in "${peers[@]}"; do
                timeout 120 "$(program "$peer")" --peer "$peer" --dir "$data/$peer" --phase check \
                    --events 5000 --aggregates 500 --payload 100 --seed "$run" >>"$out" || {
                    echo "FAILED: semantics of $peer" >&2
                    failures=$((failures + 1))
                }
            done ;;
        main)
            set -- 256 uniform "$run"
            each "$@" --phase append --events $events
            reads "$@"
            each "$@" --phase open --evict $evict
            each "$@" --phase kill9 --events $killed
            durable "$@"
            each "$@" --phase concurrent --seconds $seconds
            each "$@" --phase snapshot --ops $ops
            each "$@" --phase append --events $events --batch 100 ;;
        payloads)
            for payload in 100 1024; do
                set -- $payload uniform "$run"
                each "$@" --phase append --events $events
                reads "$@"
                durable "$@"
                each "$@" --phase concurrent --seconds $seconds
                each "$@" --phase append --events $events --batch 100
                clean
            done ;;
        zipf)
            set -- 256 zipf "$run"
            each "$@" --phase append --events $events
            reads "$@" ;;
        variants)
            for peer in "${peers[@]}"; do
                case $peer in
                    annals) sets=("sync=200") ;;
                    raw) sets=("crc=1" "io=mmap") ;;
                    rocksdb) sets=("vcache=0" "compression=none") ;;
                    leveldb) sets=("vcache=0" "compression=none") ;;
                    lmdb) sets=("vcache=0" "index=key") ;;
                    sqlite) sets=("vcache=0" "exclusive=1") ;;
                esac
                for set in "${sets[@]}"; do
                    bench "$peer" 256 uniform "$run" --phase append --events $events --set "$set"
                    bench "$peer" 256 uniform "$run" --phase load --ops $((ops / 2)) --seconds 8 --set "$set"
                    bench "$peer" 256 uniform "$run" --phase replay --repeat $repeat --set "$set"
                    [ "$set" = vcache=0 ] && [ "$peer" != sqlite ] && continue
                    bench "$peer" 256 uniform "$run" --phase durable --seconds $seconds --threads 1 --set "$set"
                done
                [ "$peer" = annals ] \
                    && bench annals 256 uniform "$run" --phase snapshot --ops $ops --set "raw=1"
                rm -rf "${data:?}/$peer"
            done ;;
        *) echo "no part $1" >&2; exit 2 ;;
    esac
    clean
}

for run in $(seq 1 "$runs"); do
    for name in $parts; do
        turn=$((turn + run))
        part "$name" "$run"
    done
done
rmdir "$data" 2>/dev/null
echo "$out: $(wc -l <"$out") lines, $failures failures" >&2
[ $failures -eq 0 ]
