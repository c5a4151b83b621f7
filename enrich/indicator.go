package enrich

import (
	"net/netip"
	"regexp"
	"strings"
)

// An Indicator is one thing that a list tells to look for.
type Indicator struct {
	Type   IndicatorType
	Value  string // lower case, not defanged
	Source string // name of the list
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

// Indicators are what lists tell to look for, each once. The zero value is
// empty and ready for use.
type Indicators struct {
	set map[Indicator]struct{}
}

const (
	maxIndicators = 5 << 20
	maxValue      = 2048 // bytes
)

// Add adds an indicator in any usual spelling: defanged (hxxp, [.]), with a
// port, in capitals. It is not ok if the value is not one of its type; a type
// of "" is told by the value.
func (x *Indicators) Add(in Indicator) bool {
	v := refang(strings.TrimSpace(in.Value))
	if v == "" || len(v) > maxValue || len(x.set) >= maxIndicators {
		return false
	}
	if in.Type == "" {
		in.Type = shape(v)
	}
	switch in.Type {
	case IndicatorAddress:
		prefix, ok := ParsePrefix(bare(v))
		if !ok {
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
	if x.set == nil {
		x.set = map[Indicator]struct{}{}
	}
	x.set[in] = struct{}{}
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
