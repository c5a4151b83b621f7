package enrich

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/gaissmai/bart"
)

// An Indicator is one thing that a list tells to look for.
type Indicator struct {
	Type   IndicatorType `json:"type"`
	Value  string        `json:"value"` // lower case, not defanged
	Note   string        `json:"note,omitempty"`
	Source string        `json:"source"`         // name of the list
	Date   string        `json:"date,omitempty"` // yyyy-mm-dd as the list gives it; "" if it does not
}

// An IndicatorType is a kind of indicator.
type IndicatorType string

const (
	IndicatorAddress IndicatorType = "address" // of a host, or a network
	IndicatorHash    IndicatorType = "hash"    // MD5, SHA-1, SHA-256 or SHA-512, in hex
	IndicatorDomain  IndicatorType = "domain"  // and the names below it
	IndicatorURL     IndicatorType = "url"
	IndicatorPath    IndicatorType = "path" // of a file, without its drive
	IndicatorName    IndicatorType = "name" // of a file, in any folder: weak proof
)

// Indicators match what the evidence holds against lists of indicators. The
// zero value is empty and ready for use. Matching is safe for concurrent use
// once nothing is added any more.
type Indicators struct {
	exact    map[string][]Indicator // by type and value
	networks *bart.Table[[]Indicator]
	count    map[IndicatorType]int
}

const (
	maxIndicators = 5 << 20
	maxValue      = 2048 // bytes
)

// Len returns how many indicators of that type there are, of all types for "".
func (x *Indicators) Len(t IndicatorType) int {
	if t != "" {
		return x.count[t]
	}
	n := 0
	for _, c := range x.count {
		n += c
	}
	return n
}

// Add adds an indicator in any usual spelling: defanged (hxxp, [.]), with a
// port, in capitals. It is not ok if the value is not one of its type; a type
// of "" is told by the value.
func (x *Indicators) Add(in Indicator) (ok bool) {
	v := refang(strings.TrimSpace(in.Value))
	if v == "" || len(v) > maxValue || x.Len("") >= maxIndicators {
		return false
	}
	if in.Type == "" {
		in.Type = shape(v)
	}
	var prefix netip.Prefix
	switch in.Type {
	case IndicatorAddress:
		if prefix, ok = ParsePrefix(bare(v)); !ok {
			return false
		}
		v = prefix.String()
		if prefix.IsSingleIP() {
			v = prefix.Addr().String()
		}
	case IndicatorHash:
		if v = strings.ToLower(v); !hashes.MatchString(v) {
			return false
		}
	case IndicatorDomain:
		v = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(bare(v), "*."), "."))
		if !domains.MatchString(v) {
			return false
		}
	case IndicatorPath:
		if v = rest(v); strings.ContainsAny(v, "*?<>|\"") || !strings.Contains(v, "/") {
			return false
		}
	case IndicatorName:
		if v = strings.ToLower(v); strings.ContainsAny(v, `\/*?<>|"`) || len(v) < 3 {
			return false
		}
	case IndicatorURL:
		if v = strings.ToLower(v); !strings.Contains(v, "/") {
			return false
		}
	default:
		return false
	}
	in.Value = v
	if x.exact == nil {
		x.exact, x.count, x.networks = map[string][]Indicator{}, map[IndicatorType]int{}, &bart.Table[[]Indicator]{}
	}
	if in.Type == IndicatorAddress {
		had, _ := x.networks.Get(prefix)
		x.networks.Insert(prefix, append(had, in))
	} else {
		key := string(in.Type) + "\x00" + v
		for _, old := range x.exact[key] {
			if old == in {
				return true
			}
		}
		x.exact[key] = append(x.exact[key], in)
	}
	x.count[in.Type]++
	return true
}

var (
	hashes  = regexp.MustCompile(`^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$`)
	domains = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)$`)
	drives  = regexp.MustCompile(`^[a-z](?::|%3a)?/`)
	scripts = regexp.MustCompile(`(?i)\.(aspx?|ashx|asmx|ascx|php|jspx?|exe|dll|ps1|bat|vbs|js|cmd|zip|rar|7z|dat|sys|tmp)$`)
)

// shape tells a type from a value alone. A name without a folder may be a
// domain or a file: its ending decides.
func shape(v string) IndicatorType {
	lower := strings.ToLower(v)
	switch {
	case hashes.MatchString(lower):
		return IndicatorHash
	case strings.Contains(v, "://"):
		return IndicatorURL
	}
	if _, ok := ParsePrefix(bare(v)); ok {
		return IndicatorAddress
	}
	switch {
	case strings.Contains(v, `\`), strings.HasPrefix(v, "/"):
		return IndicatorPath
	case scripts.MatchString(v):
		return IndicatorName
	case domains.MatchString(bare(lower)):
		return IndicatorDomain
	}
	return ""
}

// refang undoes the spellings that keep a value from being clicked.
func refang(v string) string {
	v = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "[:]", ":", "[://]", "://").Replace(v)
	if len(v) > 4 && strings.EqualFold(v[:4], "hxxp") {
		v = "http" + v[4:]
	}
	return v
}

// bare takes the port off an address or name.
func bare(v string) string {
	if ap, err := netip.ParseAddrPort(v); err == nil {
		return ap.Addr().String()
	}
	host, port, ok := strings.Cut(v, ":")
	if ok && port != "" && strings.Trim(port, "0123456789") == "" {
		return host
	}
	return v
}

// rest returns a path in lower case, with slashes, without its drive.
func rest(v string) string {
	v = strings.ToLower(strings.ReplaceAll(v, `\`, "/"))
	for strings.Contains(v, "//") {
		v = strings.ReplaceAll(v, "//", "/")
	}
	v = strings.NewReplacer("%systemdrive%", "", "%programfiles%", "/program files", "%exchangeinstallpath%", "/program files/microsoft/exchange server/v15/",
		"%programdata%", "/programdata", "%windir%", "/windows", "%systemroot%", "/windows").Replace(v)
	v = strings.ReplaceAll(v, "//", "/")
	if m := drives.FindString(v); m != "" {
		v = v[len(m)-1:]
	}
	return v
}

// Address returns the indicators that name an address or a network around it.
func (x *Indicators) Address(a netip.Addr) []Indicator {
	a = a.Unmap().WithZone("")
	if x.networks == nil || !a.IsValid() {
		return nil
	}
	var found []Indicator
	for _, list := range x.networks.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		found = append(found, list...)
	}
	return found
}

// Hash returns the indicators with that hash in hex.
func (x *Indicators) Hash(hex string) []Indicator {
	return x.exact[string(IndicatorHash)+"\x00"+strings.ToLower(hex)]
}

// Domain returns the indicators that name a domain or one above it.
func (x *Indicators) Domain(name string) (found []Indicator) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for len(name) <= 253 && strings.Contains(name, ".") {
		found = append(found, x.exact[string(IndicatorDomain)+"\x00"+name]...)
		_, name, _ = strings.Cut(name, ".")
	}
	return found
}

// URL returns the indicators with that URL, whatever its case.
func (x *Indicators) URL(url string) []Indicator {
	return x.exact[string(IndicatorURL)+"\x00"+strings.ToLower(url)]
}

// Path returns the indicators that name a file in the evidence, which may be
// rooted anywhere, and those that give only its name.
func (x *Indicators) Path(path string) (found []Indicator) {
	if x.exact == nil {
		return nil
	}
	p := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(path, `\`, "/"), "//", "/"))
	if len(p) > 0 && p[0] != '/' {
		p = "/" + p
	}
	// Every tail that begins at a folder: as deep as a path is, and no deeper.
	for i, c := range []byte(p) {
		if c == '/' {
			found = append(found, x.exact[string(IndicatorPath)+"\x00"+p[i:]]...)
		}
	}
	return append(found, x.exact[string(IndicatorName)+"\x00"+p[strings.LastIndex(p, "/")+1:]]...)
}
