#!/bin/sh
echo "Content-Type: text/html"
HTTP_CONTENT_LENGTH=${CONTENT_LENGTH}
SIZE=$((HTTP_CONTENT_LENGTH-boundary-4))
dd of=/tmp/upload bs=1 count=$SIZE
