#!/bin/bash
# Judges files made to exhaust an analyser, each alone: CPU seconds and the
# highest resident memory of the process, start of the program included. Asked for
# reasons, it follows a file to its end.
#
#   bench/pathological.sh [SIZE] [EXTENSION...]     default 10000000 bytes, all
#
# The goals of issue 3 are 1 s and 150 MB a file. Lines above are marked "!".
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-10000000}
shift || true
time=$(type -P time) || { echo "pathological.sh: needs GNU time (apt-get install time)" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/limier" ./cmd/limier

# What opens a page so that it is worth the analysis, by name.
opening() {
  case $1 in
    *.asp) printf '<%% execute(request("a")) : x = ' ;;
    *.aspx | *.ashx) printf '<%%@ Page Language="C#" %%><%% Process.Start(Request["a"]); var x = ' ;;
    *.jsp | *.jspx) printf '<%% Runtime.getRuntime().exec(request.getParameter("a")); x = ' ;;
    *.php) printf '<?php @eval($_POST["a"]); $x = ' ;;
    *.cfm) printf '<cfset a = form.a><cfexecute name="#a#"></cfexecute><cfset x = ' ;;
    *.sh) printf '#!/bin/sh\necho Content-Type: text/html\nsh -c "$QUERY_STRING"\nx=' ;;
    *.pl) printf '#!/usr/bin/perl\nuse CGI;\nsystem(param("a"));\n$x = ' ;;
    web.config) printf '<configuration><handlers><add path="*.jpg" type="System.Web.UI.PageHandlerFactory"/></handlers><%% execute(request("a")) : x = ' ;;
    .htaccess) printf 'AddType application/x-httpd-php .jpg\n' ;;
    x.gif) printf 'GIF89a<%% execute(request("a")) : x = ' ;;
  esac
}

worst=0 n=0
for name in x.asp x.aspx x.ashx x.jsp x.jspx x.php x.cfm x.sh x.pl web.config .htaccess x.gif; do
  if (($#)) && [[ " $* " != *" ${name##*.} "* ]]; then continue; fi
  i=0
  for atom in '(' '((a' '{' '[' '"a"+' '"a"&' "'a'." 'a(b(' 'eval(' '<%' '<%execute x%>' '<?php ' '$a=$a.' 'a.b(' '/*' '"' '\x41' '\u0041' 'A' 'Chr(65)&' 'if(1){' 'a,' '$$' $'\n' '<x ' $'a=a\n' '`' '$(' 'new A(){' '<!--' '<add ' '<cfset a=b>' 'sh ' $'x=$x\n' '#a#' 'open(a,' '$_GET[' 'request(' 'Request["a"]+' '@{' '<script runat=server>' '&#60;' '<Files a>' 'for a in ' '%41' 'a=b:' $'if a then\n'; do
    i=$((i + 1))
    file=$work/$i-$name
    [[ $name == x.* ]] || { mkdir -p "$work/$i"; file=$work/$i/$name; }
    { opening "$name"; if [[ $atom == *$'\n' ]]; then yes "${atom%$'\n'}"; else yes "$atom" | tr -d '\n'; fi || true; } 2>/dev/null | head -c "$size" >"$file" || true
    "$time" -f '%U %S %M' -o "$work/t" "$work/limier" webshell --json "$file" >/dev/null 2>&1 || true
    read -r user sys rss < <(tail -1 "$work/t")
    awk -v u="$user" -v s="$sys" -v m="$rss" -v n="$name" -v a="${atom//$'\n'/\\n}" 'BEGIN { t = u+s; mark = (t > 1 || m > 153600) ? "!" : " "; printf "%s %5.2f s %4d MB  %-10s %s\n", mark, t, m/1024, n, a }'
    rm -f "$file"
  done
done
