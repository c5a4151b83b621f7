// Package enrich says what is known of an address: whose network it is in,
// whether that is hosting, a VPN or a security scanner, and by which table of
// which date. Tables age and addresses move: an answer without its date would
// mislead, so each carries one.
//
// No address leaves the machine. Country and network names come from the
// user's own MaxMind DB files ([Tables.AddMMDB]).
package enrich

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
	"github.com/oschwald/maxminddb-golang/v2"
)

// A Kind is what membership of a list means.
type Kind string

const (
	Hosting  Kind = "hosting"  // servers for rent: data centre, cloud, VPS
	VPN      Kind = "vpn"      // VPN exits and data centres
	Relay    Kind = "relay"    // a proxy in front of others' sites: the true peer is behind it
	Scanner  Kind = "scanner"  // scans everybody, by its own account
	Sinkhole Kind = "sinkhole" // run by researchers in place of an intruder
	Network  Kind = "network"  // the network and country it belongs to
	Reserved Kind = "reserved" // private, local or documentation: no host of the internet
	Listed   Kind = "listed"   // on a list of the user's
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{Hosting, VPN, Relay, Scanner, Sinkhole, Network, Reserved, Listed}
}

// A Fact is one dated statement about an address.
type Fact struct {
	Kind    Kind   `json:"kind"`
	Text    string `json:"text"`              // in plain words, with the date
	Name    string `json:"name,omitempty"`    // of the provider or the network
	ASN     uint   `json:"asn,omitempty"`     // number of the network
	Country string `json:"country,omitempty"` // ISO 3166-1 code of where the address is registered or used
	Source  string `json:"source"`
	Date    string `json:"date"`             // of the table, yyyy-mm-dd or yyyy-mm; "undated" if it does not say
	Shared  bool   `json:"shared,omitempty"` // others use it too: no block list may hold it without a look
}

// A List is a set of networks that have something in common.
type List struct {
	Kind     Kind
	Name     string // "Vultr"; "" if the networks are of many
	Source   string
	Date     string
	Prefixes []netip.Prefix

	known bool // MISP says that the list tells what a value is, not that it is harmless
}

// Tables answer for addresses. They are safe for concurrent use once nothing
// is added any more.
type Tables struct {
	lists []listed
	asns  []uint32 // of hosting networks, sorted
	asnOf string   // date of asns
	mmdb  []database

	warnings []*warnlist
}

type listed struct {
	List
	table *bart.Lite
}

type database struct {
	reader *maxminddb.Reader
	name   string
	date   string
}

// Builtin returns the tables that ship with Limier.
func Builtin() (*Tables, error) {
	t := &Tables{}
	lists, date, asns, err := Decode(networks)
	if err != nil {
		return nil, fmt.Errorf("the built-in table of networks: %w", err)
	}
	t.asns, t.asnOf = asns, date
	for _, l := range lists {
		t.Add(l)
	}
	return t, nil
}

// Add adds a list.
func (t *Tables) Add(l List) {
	table := &bart.Lite{}
	for _, p := range l.Prefixes {
		table.Insert(p)
	}
	l.Prefixes = nil
	t.lists = append(t.lists, listed{l, table})
}

// AddMMDB adds a MaxMind DB file of the user's: GeoLite2 and GeoIP2 (ASN,
// Country, City), IPinfo, DB-IP or any other that uses one of their layouts.
func (t *Tables) AddMMDB(path string) error {
	r, err := maxminddb.Open(path)
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	t.mmdb = append(t.mmdb, database{r, r.Metadata.DatabaseType, r.Metadata.BuildTime().UTC().Format("2006-01-02")})
	return nil
}

// Close closes the MaxMind DB files.
func (t *Tables) Close() error {
	var first error
	for _, db := range t.mmdb {
		first = cmp.Or(first, db.reader.Close())
	}
	return first
}

// reserved are networks that the netip package does not name.
var reserved = []struct {
	net  netip.Prefix
	text string
}{
	{netip.MustParsePrefix("100.64.0.0/10"), "shared by a provider's customers (RFC 6598)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation (RFC 3849)"},
}

// Lookup returns what the tables know of an address, in a fixed order: what
// it is reserved for, its network, then list by list. It returns nil if they
// know nothing, which does not mean that there is nothing to know.
func (t *Tables) Lookup(addr netip.Addr) []Fact {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return nil
	}
	what := ""
	switch {
	case addr.IsLoopback():
		what = "the machine itself"
	case addr.IsPrivate():
		what = "private (RFC 1918, RFC 4193)"
	case addr.IsLinkLocalUnicast():
		what = "valid on one network only (link-local)"
	case addr.IsMulticast(), addr.IsUnspecified():
		what = "no host's"
	}
	for _, r := range reserved {
		if r.net.Contains(addr) {
			what = r.text
		}
	}
	var facts []Fact
	databases := t.mmdb
	if what != "" {
		facts = append(facts, Fact{Kind: Reserved, Text: "reserved: " + what, Source: "IANA", Date: "2026"})
		databases = nil // they know the internet; a list may be of one's own network
	}
	for _, db := range databases {
		if f, ok := db.lookup(addr); ok {
			facts = append(facts, f)
			if _, bad := slices.BinarySearch(t.asns, uint32(f.ASN)); bad && f.ASN > 0 {
				facts = append(facts, Fact{Kind: Hosting, Name: f.Name, ASN: f.ASN, Source: "bad-asn-list", Date: t.asnOf,
					Text: fmt.Sprintf("AS%d is on a list of hosting networks of %s", f.ASN, t.asnOf)})
			}
		}
	}
	for _, l := range t.lists {
		if what != "" && l.Kind != Listed {
			continue // providers' own lists hold networks for documentation
		}
		if l.table.Contains(addr) {
			facts = append(facts, Fact{Kind: l.Kind, Name: l.Name, Source: l.Source, Date: l.Date, Shared: l.shared(), Text: l.words()})
		}
	}
	return facts
}

func (l *listed) words() string {
	what := map[Kind]string{Hosting: "hosting", VPN: "a VPN or data centre", Relay: "a relay for others' sites", Scanner: "a scanner", Sinkhole: "a sinkhole"}[l.Kind]
	if l.Kind == Listed { // the list's own name says what of
		return fmt.Sprintf("on a list of %s (%s)", l.Date, l.Source)
	}
	if l.Name != "" {
		what += " of " + l.Name
	}
	return fmt.Sprintf("listed as %s in a table of %s (%s)", what, l.Date, l.Source)
}

// lookup reads the fields that the usual layouts have in common.
func (db database) lookup(addr netip.Addr) (Fact, bool) {
	var rec struct {
		ASN      uint   `maxminddb:"autonomous_system_number"`
		Org      string `maxminddb:"autonomous_system_organization"`
		ASNText  string `maxminddb:"asn"`
		Name     string `maxminddb:"name"`
		ASName   string `maxminddb:"as_name"`
		CodeText string `maxminddb:"country_code"`
		Country  struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Registered struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"registered_country"`
	}
	result := db.reader.Lookup(addr)
	if result.Err() == nil && !result.Found() {
		return Fact{}, false
	}
	if err := result.Decode(&rec); err != nil {
		return Fact{Kind: Network, Source: db.name, Date: db.date, Text: "the table " + db.name + " is damaged here: " + err.Error()}, true
	}
	f := Fact{Kind: Network, ASN: rec.ASN, Name: cmp.Or(rec.Org, rec.ASName, rec.Name), Source: db.name, Date: db.date,
		Country: cmp.Or(rec.Country.Code, rec.CodeText, rec.Registered.Code)}
	if f.ASN == 0 {
		fmt.Sscanf(strings.TrimPrefix(strings.ToUpper(rec.ASNText), "AS"), "%d", &f.ASN)
	}
	var parts []string
	if f.ASN > 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("AS%d %s", f.ASN, f.Name)))
	}
	if f.Country != "" {
		parts = append(parts, "country "+f.Country)
	}
	if len(parts) == 0 {
		return Fact{}, false
	}
	f.Text = fmt.Sprintf("%s, by a table of %s (%s)", strings.Join(parts, ", "), f.Date, f.Source)
	return f, true
}

// ParsePrefix reads a network, or an address as a network of one.
func ParsePrefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() && p.Bits() > 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p.Masked(), p.Bits() > 0
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}
