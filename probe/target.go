package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A Target is one server that is asked.
type Target struct {
	Scheme string // "https", or "http" if the user said so
	Host   string // a name or an address, lower case
	Port   int
}

// Key names a target in results and state files: "mail.example.org:443".
func (t Target) Key() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// URL is the one address that is asked for.
func (t Target) URL() string { return t.Scheme + "://" + t.Key() + Path }

// Loopback reports whether a target is this machine, by its spelling.
func (t Target) Loopback() bool {
	a, err := netip.ParseAddr(t.Host)
	return err == nil && a.Unmap().IsLoopback() || t.Host == "localhost"
}

// ParseTarget reads HOST, HOST:PORT, [IPv6]:PORT or https://HOST[:PORT]/.
func ParseTarget(s string) (Target, error) {
	t := Target{Scheme: "https"}
	rest := strings.ToLower(strings.TrimSpace(s))
	if scheme, after, ok := strings.Cut(rest, "://"); ok {
		if scheme != "https" && scheme != "http" {
			return t, fmt.Errorf("%.80q: only https:// and http://", s)
		}
		t.Scheme, rest = scheme, strings.TrimSuffix(after, "/")
	}
	if a, err := netip.ParseAddr(rest); err == nil {
		rest = net.JoinHostPort(a.String(), "") // an IPv6 address without brackets
		rest = strings.TrimSuffix(rest, ":")
	}
	u, err := url.Parse("//" + rest)
	if err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Hostname() == "" {
		return t, fmt.Errorf("%.80q is no HOST, HOST:PORT or https://HOST", s)
	}
	t.Host = strings.TrimSuffix(u.Hostname(), ".")
	t.Port = map[string]int{"https": 443, "http": 80}[t.Scheme]
	if p := u.Port(); p != "" {
		if t.Port, err = strconv.Atoi(p); err != nil || t.Port < 1 || t.Port > 65535 {
			return t, fmt.Errorf("%.80q: no such port", s)
		}
	}
	if a, err := netip.ParseAddr(t.Host); err == nil {
		if a.Zone() != "" {
			return t, fmt.Errorf("%.80q: no addresses of one link", s)
		}
		t.Host = a.Unmap().String()
		return t, nil
	}
	if len(t.Host) > 253 || t.Host == "" {
		return t, fmt.Errorf("%.80q: no name of a host", s)
	}
	labels := strings.Split(t.Host, ".")
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return t, fmt.Errorf("%.80q: neither an address nor a name", s) // resolvers take 127.1 for an address
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return t, fmt.Errorf("%.80q: no name of a host; write international names as xn--…", s)
		}
	}
	return t, nil
}

const maxLine = 4096 // bytes of a line in a list

// ReadList reads targets, one a line; # begins a comment. It names the lines
// that are none and goes on.
func ReadList(r io.Reader, use func(Target)) error {
	var errs []error
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, maxLine), maxLine)
	for n := 1; in.Scan(); n++ {
		line, _, _ := strings.Cut(in.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		t, err := ParseTarget(line)
		if err != nil {
			if len(errs) < 20 {
				errs = append(errs, fmt.Errorf("line %d: %w", n, err))
			}
			continue
		}
		use(t)
	}
	return errors.Join(append(errs, in.Err())...)
}

// An Exclusion is a list of those who are never asked.
type Exclusion struct {
	nets  []netip.Prefix
	names map[string]bool // "mail.example.org"; ".example.org" for all below
}

// ReadExclusion reads addresses, CIDR blocks and names, one a line;
// *.example.org is that name and all below. A line that is none of these is an
// error: nobody who is on the list may be asked by mistake.
func ReadExclusion(r io.Reader) (*Exclusion, error) {
	x := &Exclusion{names: map[string]bool{}}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line, _, _ := strings.Cut(in.Text(), "#")
		line = strings.ToLower(strings.TrimSpace(line))
		if line == "" {
			continue
		}
		if p, err := netip.ParsePrefix(line); err == nil {
			x.nets = append(x.nets, unmapped(p))
			continue
		}
		name, below := strings.CutPrefix(line, "*.")
		t, err := ParseTarget(name)
		if err != nil || strings.ContainsAny(name, "/:") && !strings.Contains(t.Host, ":") {
			return nil, fmt.Errorf("line %d: %.80q is no address, CIDR block or name", n, line)
		}
		if a, err := netip.ParseAddr(t.Host); err == nil {
			x.nets = append(x.nets, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		x.names[t.Host] = true
		if below {
			x.names["."+t.Host] = true
		}
	}
	return x, in.Err()
}

// unmapped turns ::ffff:192.0.2.0/120 into 192.0.2.0/24.
func unmapped(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96).Masked()
	}
	return p.Masked()
}

// Name returns the line that excludes a name, "" if none does.
func (x *Exclusion) Name(host string) string {
	if x == nil {
		return ""
	}
	if x.names[host] {
		return host
	}
	for rest := host; ; {
		_, after, ok := strings.Cut(rest, ".")
		if !ok {
			return ""
		}
		if x.names["."+after] {
			return "*." + after
		}
		rest = after
	}
}

// Address returns the block that excludes an address, "" if none does.
func (x *Exclusion) Address(a netip.Addr) string {
	if x == nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	for _, p := range x.nets {
		if p.Contains(a) {
			return p.String()
		}
	}
	if nat64.Contains(a) { // RFC 6052: the IPv4 address is behind it
		b := a.As16()
		return x.Address(netip.AddrFrom4([4]byte(b[12:])))
	}
	return ""
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")
