package iis

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

var methods = []string{"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND", "REPORT", "SEARCH", "PATCH",
	"TRACE", "CONNECT", "RPC_IN_DATA", "RPC_OUT_DATA", "DEBUG", "MKCOL", "MOVE", "COPY", "LOCK", "UNLOCK", "PROPPATCH", "SUBSCRIBE", "POLL"}

// guess tells the columns of a request from its shape, for excerpts without a
// #Fields line and for lines that do not fit theirs. It relies on the order in
// which IIS writes its columns:
//
//	date time [s-sitename] [s-computername] [s-ip] cs-method cs-uri-stem
//	cs-uri-query s-port cs-username c-ip [cs-version] cs(User-Agent) [cs(Cookie)]
//	[cs(Referer)] [cs-host] sc-status [sc-substatus] [sc-win32-status] [...]
func guess(line []byte) (*layout, bool) {
	if len(line) > 32<<10 || len(line) < 20 || line[4] != '-' || line[7] != '-' || line[10] != ' ' || line[13] != ':' {
		return nil, false
	}
	values := strings.Split(string(line), " ")
	m := slices.IndexFunc(values, func(v string) bool { return slices.Contains(methods, v) })
	if m < 2 || m > 5 || m+5 >= len(values) || !strings.HasPrefix(values[m+1], "/") && values[m+1] != "*" {
		return nil, false
	}
	names := make([]string, len(values))
	for i := range names {
		names[i] = "x-unknown-" + strconv.Itoa(i)
	}
	names[0], names[1], names[m], names[m+1] = "date", "time", "cs-method", "cs-uri-stem"
	if m > 2 {
		names[m-1] = "s-ip"
	}
	if m > 3 {
		names[2] = "s-computername"
	}
	// The port is a number between a query and a user; without a query
	// column it follows the stem.
	port := m + 3
	if _, err := strconv.ParseUint(values[port], 10, 16); err != nil {
		if _, err := strconv.ParseUint(values[m+2], 10, 16); err != nil {
			return nil, false
		}
		port = m + 2
	} else {
		names[m+2] = "cs-uri-query"
	}
	names[port] = "s-port"
	ip := port + 1
	for ip < len(values) {
		if _, err := netip.ParseAddr(values[ip]); err == nil {
			break
		}
		ip++
	}
	if ip >= len(values) || ip > port+2 {
		return nil, false
	}
	if ip == port+2 {
		names[port+1] = "cs-username"
	}
	names[ip] = "c-ip"
	// The status is the first of the numbers that follow the headers.
	code := 0
	for i := ip + 1; i < len(values); i++ {
		if n, err := strconv.Atoi(values[i]); err == nil && n >= 100 && n < 600 && len(values[i]) == 3 {
			code = i
			break
		}
	}
	if code == 0 {
		return nil, false
	}
	names[code] = "sc-status"
	for i, n := range []string{"sc-substatus", "sc-win32-status", "time-taken"} {
		if code+1+i < len(values) {
			names[code+1+i] = n
		}
	}
	if ip+1 < code {
		names[ip+1] = "cs(User-Agent)"
	}
	if ip+2 < code {
		names[ip+2] = "cs(Referer)"
	}
	return newLayout(names), true
}
