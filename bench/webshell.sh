#!/bin/bash
# Measures web shell analysis and signature-base's web shell rules under yara
# on the same samples in the same run.
#
#   bench/webshell.sh MANIFEST ROOT SIGNATURE-BASE [tune|check|all]
#
# MANIFEST and ROOT are those of `limier eval webshell`; SIGNATURE-BASE is a
# checkout of https://github.com/Neo23x0/signature-base. An alarm of yara is any
# rule that matches. Speeds are in seconds of CPU time, reading included, so that
# other work on the machine does not count. Samples are only read.
set -eu
TIMEFORMAT='%U %S'
manifest=$1 root=$2 rules=$3 part=${4:-check}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -o "$work/limier" ./cmd/limier

# The web shell rules that compile, each file by itself, with the external
# variables that signature-base documents.
externals='-d filename= -d filepath= -d extension= -d filetype= -d owner= -d md5='
: > "$work/index.yar"
for f in "$rules"/yara/*webshell*.yar "$rules"/yara/gen_webshells*.yar "$rules"/yara/thor-webshells.yar "$rules"/yara/expl_proxy*.yar "$rules"/yara/*hafnium*.yar; do
	[ -f "$f" ] || continue
	grep -q -F "\"$f\"" "$work/index.yar" && continue
	if yara $externals "$f" /dev/null 2>/dev/null; then
		echo "include \"$f\"" >> "$work/index.yar"
	else
		echo "left out, does not compile: $(basename "$f")"
	fi
done
# A rule that two files share compiles in the first only.
while ! yara $externals "$work/index.yar" /dev/null 2> "$work/errors"; do
	bad=$(sed -n 's/.*error: rule "[^"]*" in \(.*\)(.*/\1/p; s/^.*error.* in \(\/[^(]*\)(.*/\1/p' "$work/errors" | head -1)
	[ -n "$bad" ] || { cat "$work/errors"; exit 1; }
	echo "left out, clashes: $(basename "$bad")"
	grep -v -F "\"$bad\"" "$work/index.yar" > "$work/next" || true
	mv "$work/next" "$work/index.yar"
done
echo "$(grep -c include "$work/index.yar") rule files, $(sed -n 's/include "\(.*\)"/\1/p' "$work/index.yar" | xargs grep -h -c '^ *\(private \)\?rule ' | awk '{n+=$1} END {print n}') rules, yara $(yara --version)"

"$work/limier" eval webshell --manifest "$manifest" --root "$root" --split "$part" --alarms > "$work/ours"
cut -f1 "$work/ours" | sed "s|^|$root/|" > "$work/list"
bytes=$(xargs stat -c %s < "$work/list" | awk '{n+=$1} END {print n}')
yarac $externals "$work/index.yar" "$work/compiled" 2>/dev/null
{ time yara -C -p 1 $externals --scan-list "$work/compiled" "$work/list" > "$work/matches" 2>/dev/null; } 2> "$work/cpu-theirs"
awk '{print $2}' "$work/matches" | sed 's|.*/||' | sort -u > "$work/theirs"
{ time "$work/limier" eval webshell --manifest "$manifest" --root "$root" --split "$part" --workers 1 > "$work/rates"; } 2> "$work/cpu-ours"
cat "$work/rates"
for who in ours theirs; do
	awk -v who=$who -v bytes="$bytes" '{printf "%s: %.1f MB in %.1f s of CPU time: %.1f MB/s\n", who, bytes/1e6, $1+$2, bytes/1e6/($1+$2)}' "$work/cpu-$who"
done
echo
echo "signature-base under yara, same samples:"
awk -F'\t' '
	function lang(l) { return l ~ /^(aspx|ascx|ashx|asmx|asax|master|svc)$/ ? "aspnet" : l }
	NR == FNR { hit[$1] = 1; next }
	{ k = $3 "\t" $2; n[k]++; if ($1 in hit) a[k]++; files++
	  ours = $4 == "webshell" || $4 == "malicious"
	  if ($3 == "malicious") { if (ours && !($1 in hit)) onlyOurs[$2]++; if (!ours && ($1 in hit)) onlyTheirs[$2]++ } }
	END {
		for (k in n) { split(k, p, "\t"); printf "%-10s %-8s %6d files %6d alarms %7.2f %%   found by us alone %d, by it alone %d\n", p[1], p[2], n[k], a[k], 100*a[k]/n[k], p[1] == "malicious" ? onlyOurs[p[2]] : 0, p[1] == "malicious" ? onlyTheirs[p[2]] : 0 | "sort" }
		close("sort")
	}' "$work/theirs" "$work/ours"
