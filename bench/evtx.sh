#!/bin/sh
# Our reader of event logs beside its peers (see bench/evtx/main.go):
#
#   bench/evtx.sh speed [-mb 256] [-runs 3] DATA      MB/s and ratios, one core
#   bench/evtx.sh conformance [-peers FILE] DATA      the table doc/evtx-conformance.md
#   bench/evtx.sh grow [-mb 256] DATA >big.evtx       the log that speed reads
#   bench/evtx.sh test                                fails on an unexplained difference
#
# DATA is the folder of real evidence. The module's requirements follow those
# of the project in a copy of its go.mod, so that the checkout stays clean.
set -eu
cd "$(dirname "$0")/evtx"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp go.mod go.sum "$tmp/"
root=$(cd ../.. && pwd)
sed -i "s|=> ../..|=> $root|" "$tmp/go.mod"
if [ "$1" = test ]; then
	go test -modfile="$tmp/go.mod" -mod=mod -count=1 .
else
	go run -modfile="$tmp/go.mod" -mod=mod . "$@"
fi
