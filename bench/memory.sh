#!/bin/bash
# Draws how much memory a scan holds over time: resident MiB, ten times a second.
#
#   bench/memory.sh OUT.svg NAME=DIR... [-- flags of limier scan]
#
# Each DIR is scanned by itself and becomes a line of the drawing. The bench
# bench/iis.sh leaves a made-up log of 1 GiB to try it on.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
(($# >= 2)) || { sed -n '2,7p' "$0" >&2; exit 2; }
out=$1
shift
sets=()
while (($#)) && [[ $1 != -- ]]; do sets+=("$1"); shift; done
(($#)) && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && CGO_ENABLED=0 go build -o "$work/limier" ./cmd/limier)
: >"$work/samples"
for set in "${sets[@]}"; do
  name=${set%%=*} dir=${set#*=}
  "$work/limier" scan --json "$@" "$dir" >/dev/null 2>"$work/err" &
  pid=$! n=0
  while rss=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status" 2>/dev/null) && [[ -n $rss ]]; do
    printf '%s\t%s\t%s\n' "$name" "$n" "$rss" >>"$work/samples"
    n=$((n + 1))
    sleep 0.1
  done
  code=0
  wait "$pid" || code=$?
  ((code <= 1)) || { cat "$work/err" >&2; exit 2; }
done
awk -F'\t' '
  { if (!($1 in last)) { names[++k] = $1 } last[$1] = $2; at[$1, $2] = $3
    if ($2 > most) most = $2
    if ($3 > high[$1]) high[$1] = $3
    if ($3 > top) top = $3 }
  END {
    if (top < 150) top = 150
    w = 640; h = 240; split("#1f77b4 #d62728 #2ca02c #9467bd", color, " ")
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", w + 60, h + 40 + 16 * k
    printf "<title>Resident memory of limier scan over time</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
    for (m = 0; m <= top; m += 50) {
      y = h + 10 - m * h / (top * 1.1)
      printf "<line x1=\"40\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/><text x=\"4\" y=\"%.1f\">%d</text>\n", w + 40, y, y, (m == 150 ? "#000" : "#ddd"), y + 4, m
    }
    for (i = 1; i <= k; i++) {
      n = names[i]; printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", color[i]
      for (t = 0; t <= last[n]; t++) printf "%.1f,%.1f ", 40 + t * w / (most > 0 ? most : 1), h + 10 - at[n, t] * h / (top * 1.1)
      printf "\"/>\n<text x=\"40\" y=\"%d\" fill=\"%s\">%s: at most %d MiB, %.1f s</text>\n", h + 28 + 16 * i, color[i], n, high[n], last[n] / 10
    }
    printf "<text x=\"40\" y=\"%d\">resident MiB over %.1f s; the black line is 150 MiB</text>\n</svg>\n", h + 26, most / 10
  }' "$work/samples" >"$out"
awk -F'\t' '$3 > m[$1] { m[$1] = $3 } END { for (n in m) print n ": at most " m[n] " MiB" }' "$work/samples" | sort
