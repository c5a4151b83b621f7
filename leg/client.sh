#!/bin/sh
if [ -z "$HTTP_HEADER" ]; then
  HTTP_HEADER="$(mktemp)"
fi
GET="curl --silent --dump-header $HTTP_HEADER "
answer="$($GET -H "Content-Type: text/plain" "$1")"
if echo "$answer" | grep -i "content-type: text" >/dev/null; then
  cat "$HTTP_HEADER"
fi
