package parse

import (
	"bytes"
	"net/netip"
)

// Forwarded returns the client of a request that may have come through a proxy:
// where the client of the log is an address of the own network, and a header
// such as X-Forwarded-For names others, it is the last of them that is not, else
// the last. Proxies append the address that asked them, so what stands before
// that may be the client's invention; and so may all of it where the request
// came from the Internet directly. The result shares memory with client or
// header.
func Forwarded(client, header []byte) []byte {
	if len(header) == 0 {
		return client
	}
	if _, a := address(client); !inner(a) {
		return client
	}
	var last []byte
	for len(header) > 0 {
		i := bytes.LastIndexByte(header, ',')
		one, a := address(bytes.Trim(header[i+1:], " +\""))
		header = header[:max(i, 0)]
		switch {
		case a.IsValid() && !inner(a):
			return one
		case a.IsValid() && last == nil:
			last = one
		}
	}
	if last != nil {
		return last
	}
	return client
}

// address reads an address, and cuts off its port and brackets; a is not valid
// if it is none.
func address(text []byte) (bare []byte, a netip.Addr) {
	if len(text) > 80 {
		return nil, a
	}
	if p, err := netip.ParseAddrPort(string(text)); err == nil {
		text, a = text[:bytes.LastIndexByte(text, ':')], p.Addr()
	} else {
		a, _ = netip.ParseAddr(string(bytes.Trim(text, "[]")))
	}
	return bytes.Trim(text, "[]"), a.Unmap()
}

// carrier is what providers use between themselves and their customers, RFC 6598.
var carrier = netip.MustParsePrefix("100.64.0.0/10")

func inner(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || carrier.Contains(a)
}
