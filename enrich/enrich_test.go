package enrich_test

import (
	"encoding/csv"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"limier/enrich"
)

func builtin(t testing.TB) *enrich.Tables {
	t.Helper()
	tables, err := enrich.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func texts(facts []enrich.Fact) (list []string) {
	for _, f := range facts {
		list = append(list, f.Text)
	}
	return list
}

func TestLookup(t *testing.T) {
	tables := builtin(t)
	for addr, want := range map[string]string{
		// Addresses of the March 2021 incident that helsecert described.
		"139.162.202.236":        "listed as hosting of Linode in a table of 2026-08-22 (ranges that Linode publishes)",
		"::ffff:139.162.202.236": "listed as hosting of Linode in a table of 2026-08-22 (ranges that Linode publishes)",
		"67.205.176.9":           "listed as hosting of DigitalOcean in a table of 2026-08-22 (ranges that DigitalOcean publishes)",
		"130.255.189.21":         "",
		"10.1.2.3":               "reserved: private (RFC 1918, RFC 4193)",
		"fe80::1%eth0":           "reserved: valid on one network only (link-local)",
		"127.0.0.1":              "reserved: the machine itself",
		"192.0.2.7":              "reserved: for documentation (RFC 5737)",
		"2001:db8::1":            "reserved: for documentation (RFC 3849)",
		"100.64.0.1":             "reserved: shared by a provider's customers (RFC 6598)",
		"224.0.0.1":              "reserved: no host's",
	} {
		got := texts(tables.Lookup(netip.MustParseAddr(addr)))
		if want == "" && got != nil || want != "" && !slices.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", addr, got, want)
		}
	}
	if got := tables.Lookup(netip.Addr{}); got != nil {
		t.Errorf("no address: got %v", got)
	}
}

// TestScanner: a list of IPv4 and IPv6 networks is found again.
func TestScanner(t *testing.T) {
	for _, f := range builtin(t).Lookup(netip.MustParseAddr("71.6.135.131")) {
		if f.Kind == enrich.Scanner && strings.Contains(f.Text, "Shodan") {
			return
		}
	}
	t.Error("census1.shodan.io is not listed as a scanner")
}

// TestVolexity: most of the addresses that Volexity saw attack Exchange in
// March 2021 were rented. Five lists of 2022 to 2026 name at least these.
func TestVolexity(t *testing.T) {
	f, err := os.Open(filepath.Join(shared(t), "data/iocs/volexity/operation-exchange-marauder.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tables := builtin(t)
	all, hosted := 0, 0
	for _, r := range rows {
		addr, err := netip.ParseAddr(r[0])
		if err != nil {
			continue
		}
		all++
		facts := tables.Lookup(addr)
		t.Log(addr, texts(facts))
		if slices.ContainsFunc(facts, func(f enrich.Fact) bool { return f.Kind == enrich.Hosting }) {
			hosted++
		}
	}
	if all != 13 || hosted < 6 {
		t.Errorf("%d addresses, %d in hosting lists", all, hosted)
	}
}

// TestEncode: what is written is read again, and joining loses no address.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
			bits := rapid.IntRange(1, 32).Draw(t, "bits")
			p, _ := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "addr"))).Prefix(bits)
			if rapid.Bool().Draw(t, "six") {
				p, _ = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "addr6"))).Prefix(bits * 4)
			}
			return p
		})
		in := enrich.List{Kind: enrich.Hosting, Name: "N", Source: "S", Date: "2026", Prefixes: rapid.SliceOf(prefix).Draw(t, "list")}
		lists, date, asns, err := enrich.Decode(string(enrich.Encode([]enrich.List{in}, "2026-01", []uint32{1, 70000})))
		if err != nil || date != "2026-01" || len(asns) != 2 || asns[1] != 70000 || len(lists) != 1 {
			t.Fatalf("got %v, %v, %v, %v", lists, date, asns, err)
		}
		out := lists[0].Prefixes
		for _, p := range in.Prefixes {
			last := p.Addr().AsSlice() // the last address of p
			for i := p.Bits(); i < len(last)*8; i++ {
				last[i/8] |= 0x80 >> (i % 8)
			}
			end, _ := netip.AddrFromSlice(last)
			for _, a := range []netip.Addr{p.Addr(), end} {
				if !slices.ContainsFunc(out, func(q netip.Prefix) bool { return q.Contains(a) }) {
					t.Fatalf("%s of %s is lost: %v", a, p, out)
				}
			}
		}
		for _, q := range out {
			if !slices.ContainsFunc(in.Prefixes, func(p netip.Prefix) bool { return p.Overlaps(q) }) {
				t.Fatalf("%s came from nowhere", q)
			}
		}
	})
}

// TestMMDB reads a database made here in the layout of GeoLite2-ASN.
func TestMMDB(t *testing.T) {
	tables := builtin(t)
	if err := tables.AddMMDB(filepath.Join(t.TempDir(), "none.mmdb")); err == nil {
		t.Error("a missing database was added")
	}
	name := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(name, []byte("not a database"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tables.AddMMDB(name); err == nil {
		t.Error("a damaged database was added")
	}
	if err := os.WriteFile(name, mmdb(3223, "VOXILITY", "RO"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tables.AddMMDB(name); err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	got := texts(tables.Lookup(netip.MustParseAddr("5.254.43.18")))
	want := []string{
		"AS3223 VOXILITY, country RO, by a table of 2024-01-02 (Test-ASN)",
		"AS3223 is on a list of hosting networks of 2026-03-18",
	}
	if diff := cmp.Diff(want, got[:min(len(got), 2)]); diff != "" {
		t.Error(diff)
	}
}

// mmdb writes a MaxMind DB of one record for every IPv4 address
// (https://maxmind.github.io/MaxMind-DB/).
func mmdb(asn uint32, org, country string) []byte {
	text := func(s string) []byte {
		if len(s) >= 29 {
			return append([]byte{2<<5 | 29, byte(len(s) - 29)}, s...)
		}
		return append([]byte{2<<5 | byte(len(s))}, s...)
	}
	number := func(n uint32) []byte { return []byte{6<<5 | 4, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
	table := func(pairs ...[]byte) []byte {
		b := []byte{7<<5 | byte(len(pairs)/2)}
		return append(b, slices.Concat(pairs...)...)
	}
	// One node whose two records point at the start of the data section.
	tree := []byte{0, 0, 1 + 16, 0, 0, 1 + 16}
	data := table(text("autonomous_system_number"), number(asn), text("autonomous_system_organization"), text(org), text("country_code"), text(country))
	built := append([]byte{8, 2}, 0, 0, 0, 0, 0x65, 0x93, 0x55, 0x80) // uint64, 2024-01-02
	meta := table(text("node_count"), number(1), text("record_size"), []byte{5<<5 | 2, 0, 24}, text("ip_version"), []byte{5<<5 | 2, 0, 4},
		text("database_type"), text("Test-ASN"), text("binary_format_major_version"), []byte{5<<5 | 2, 0, 2},
		text("binary_format_minor_version"), []byte{5<<5 | 2, 0, 0}, text("build_epoch"), built,
		text("languages"), []byte{0, 4}, text("description"), []byte{7 << 5})
	return slices.Concat(tree, make([]byte, 16), data, []byte("\xab\xcd\xefMaxMind.com"), meta)
}

func TestWarninglists(t *testing.T) {
	tables := &enrich.Tables{}
	added, bad := tables.AddWarninglists(fstest.MapFS{
		"lists/shodan-scanning/list.json": {Data: []byte(`{"name":"Shodan","version":20260811,"list":["93.184.216.0/24","::/0","no address"]}`)},
		"vpn-ipv6.json":                   {Data: []byte(`{"name":"VPN","version":26081010,"list":["2a00:1::/32"]}`)},
		"names.json":                      {Data: []byte(`{"name":"Names","version":3,"type":"hostname","matching_attributes":["domain","hostname","domain|ip","url"],"list":["example.org"]}`)},
		"hashes.json":                     {Data: []byte(`{"name":"Empty","version":3,"type":"string","matching_attributes":["md5","filename|md5"],"list":["d41d8cd98f00b204e9800998ecf8427e"]}`)},
		"parts.json":                      {Data: []byte(`{"name":"Sandboxes","version":3,"type":"substring","matching_attributes":["domain","url"],"list":["vt.example"]}`)},
		"regex.json":                      {Data: []byte(`{"name":"Numbered","version":3,"type":"regex","matching_attributes":["domain"],"list":["/^a-[0-9]+\\.cdn\\.example$/i"]}`)},
		"regex2.json":                     {Data: []byte(`{"name":"Bad","version":3,"type":"regex","matching_attributes":["domain"],"list":["/(/"]}`)},
		"public-dns-v4.json":              {Data: []byte(`{"name":"DNS","version":20240615,"type":"cidr","matching_attributes":["ip-src","domain|ip"],"list":["9.9.9.9"]}`)},
		"whose.json":                      {Data: []byte(`{"name":"Whose","version":3,"category":"known","type":"cidr","matching_attributes":["ip-src"],"list":["9.9.9.8"]}`)},
		"cloudflare.json":                 {Data: []byte(`{"name":"CF","version":3,"type":"cidr","list":["104.16.0.0/13"]}`)},
		"broken.json":                     {Data: []byte(`{"name":`)},
		"README.md":                       {Data: []byte(`x`)},
	})
	for _, x := range []struct {
		kind   enrich.IndicatorType
		value  string
		listed bool
	}{
		{enrich.IndicatorDomain, "Mail.EXAMPLE.org", true}, {enrich.IndicatorDomain, "badexample.org", false}, {enrich.IndicatorURL, "https://example.org:8443/x?y", true},
		{enrich.IndicatorHash, "D41D8CD98F00B204E9800998ECF8427E", true}, {enrich.IndicatorHash, "example.org", false}, {enrich.IndicatorPath, "/example.org", false},
		{enrich.IndicatorURL, "http://vt.example.net/file", true}, {enrich.IndicatorDomain, "a-17.cdn.example", true}, {enrich.IndicatorDomain, "a-x.cdn.example", false},
	} {
		facts := tables.About(x.kind, x.value)
		if len(facts) > 0 != x.listed || x.listed && !facts[0].Shared {
			t.Errorf("%s %s: got %+v, want listed %v", x.kind, x.value, facts, x.listed)
		}
	}
	for addr, shared := range map[string]bool{"93.184.216.34": false, "2a00:1::5": false, "9.9.9.9": true, "9.9.9.8": false, "104.16.0.1": true} {
		facts := tables.Lookup(netip.MustParseAddr(addr))
		if len(facts) == 0 || facts[0].Shared != shared {
			t.Errorf("%s: got %+v, want shared %v", addr, facts, shared)
		}
	}
	if added != 9 || len(bad) != 2 || bad["regex2.json"] == nil || bad["broken.json"] == nil {
		t.Errorf("got %v, want broken.json", bad)
	}
	for addr, want := range map[string]string{
		"93.184.216.34": "listed as a scanner in a table of 2026-08-11 (MISP warninglist: Shodan)",
		"2a00:1::5":     "listed as a VPN or data centre in a table of 2026-08-10 (MISP warninglist: VPN)",
		"2a00:2::5":     "",
	} {
		if got := strings.Join(texts(tables.Lookup(netip.MustParseAddr(addr))), "; "); got != want {
			t.Errorf("%s: got %q, want %q", addr, got, want)
		}
	}
	real := &enrich.Tables{}
	if _, bad := real.AddWarninglists(os.DirFS(filepath.Join(shared(t), "data/misc/misp-warninglists"))); len(bad) > 0 {
		t.Errorf("real lists that were not read: %v", bad)
	}
	if got := texts(real.Lookup(netip.MustParseAddr("8.8.8.8"))); len(got) == 0 {
		t.Error("8.8.8.8 is on no real warninglist")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(string(enrich.Encode([]enrich.List{{Kind: "k", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001::/16")}}}, "d", []uint32{5})))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		lists, _, _, err := enrich.Decode(s)
		for _, l := range lists {
			for _, p := range l.Prefixes {
				if err == nil && !p.IsValid() {
					t.Fatalf("invalid network %v", p)
				}
			}
		}
	})
}

func FuzzWarninglist(f *testing.F) {
	f.Add([]byte(`{"name":"a","version":"26081010","list":["1.2.3.4","1.2.3.0/24"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := enrich.Warninglist(b); err == nil {
			(&enrich.Tables{}).Add(l)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	tables := builtin(b)
	a := netip.MustParseAddr("139.162.202.236")
	for b.Loop() {
		tables.Lookup(a)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		builtin(b)
	}
}

func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	return dir
}
