#!/bin/sh
http_args="client=$client&version=2"
answer=$($http_client --header "Content-Type: application/json" "$url/renew?${http_args%&*}")
