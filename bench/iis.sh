#!/bin/bash
# Runs limier scan beside ripgrep and grep on one made-up IIS log, with the same
# literals, warm cache: seconds of the processor and of the clock, MB per second of
# the processor, memory, and ratios of those. Other work on the machine changes the
# clock's seconds most.
#
#   bench/iis.sh [SIZE] [ROUNDS]      default 1GiB, 3; the best round counts
#
# DIR holds the log between runs (default: a folder of the system's temporary
# one); CORES are the numbers of cores to measure (default "1 2"); RULES are flags
# for limier scan, such as "--rules sigma/rules".
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-1GiB} rounds=${2:-3} cores=${CORES:-1 2}
dir=${DIR:-${TMPDIR:-/tmp}/limier-bench}
time=$(type -P time) || { echo "iis.sh: needs GNU time (apt-get install time)" >&2; exit 2; }
for tool in rg grep taskset; do
  type -P $tool >/dev/null || { echo "iis.sh: needs $tool (apt-get install ripgrep util-linux)" >&2; exit 2; }
done

mkdir -p "$dir/evidence"
log=$dir/evidence/u_ex210301.log
export CGO_ENABLED=0
go build -o "$dir/limier" ./cmd/limier
go run ./bench/literals >"$dir/literals"
if [[ ! -f $log || $(cat "$dir/size" 2>/dev/null) != "$size" ]]; then
  go run ./bench/iisgen -size "$size" >"$log"
  echo "$size" >"$dir/size"
fi
cat "$log" >/dev/null # into the cache
bytes=$(stat -c %s "$log")

# run NAME CORES COMMAND...: best processor time of all rounds, highest memory.
run() {
  local name=$1 n=$2 best= wall= rss=0 code
  shift 2
  for ((i = 0; i < rounds; i++)); do
    code=0
    GOMAXPROCS=$n taskset -c "0-$((n - 1))" "$time" -f '%e %U %S %M' -o "$dir/time" "$@" >"$dir/out.$name" 2>"$dir/err.$name" || code=$?
    # grep says 1 for "no match", limier for "findings"; time adds a line of its own.
    ((code <= 1)) || { echo "iis.sh: $name ended with $code" >&2; tail -3 "$dir/err.$name" >&2; exit 2; }
    read -r e u k m < <(tail -1 "$dir/time")
    s=$(awk "BEGIN { print $u + $k }")
    if [[ -z $best ]] || awk "BEGIN { exit !($s < $best) }"; then best=$s wall=$e; fi
    ((m > rss)) && rss=$m
  done
  awk -v name="$name" -v n="$n" -v s="$best" -v e="$wall" -v m="$rss" -v b="$bytes" -v ref="${ref:-0}" 'BEGIN {
    speed = b / 1e6 / (s > 0 ? s : 0.01)
    printf "%-10s %5d %9.2f %9.2f %9.0f %9.0f %9s\n", name, n, s, e, speed, m / 1024, (ref > 0 ? sprintf("%.2f", speed / ref) : "1.00") }'
  last=$(awk -v s="$best" -v b="$bytes" 'BEGIN { print b / 1e6 / (s > 0 ? s : 0.01) }')
}

echo "$bytes bytes, $(wc -l <"$dir/literals") literals, best of $rounds, $(rg --version | sed -n 1p)"
printf '%-10s %5s %9s %9s %9s %9s %9s\n' program cores "CPU s" "clock s" MB/CPU-s "RSS MiB" "x rg -i"
for n in $cores; do
  ref=0
  run rg "$n" rg -i -F -c -j "$n" -f "$dir/literals" "$log"
  ref=$last
  run grep "$n" env LC_ALL=C grep -i -F -c -f "$dir/literals" "$log"
  run limier "$n" "$dir/limier" scan --workers "$n" ${RULES:-} --json "$dir/evidence"
done
tail -c 400 "$dir/out.limier" | grep -o '"verdict":"[^"]*"' | tail -1 || true
