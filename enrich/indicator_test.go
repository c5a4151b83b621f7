package enrich_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/enrich"
)

func counts(x *enrich.Indicators) string {
	n := map[enrich.IndicatorType]int{}
	for _, i := range x.All() {
		n[i.Type]++
	}
	var parts []string
	for _, t := range []enrich.IndicatorType{"address", "hash", "domain", "url", "path", "name"} {
		if n[t] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", t, n[t]))
		}
	}
	return strings.Join(parts, ", ")
}

func skipped(f enrich.Feed) string {
	var parts []string
	for why, n := range f.Skipped {
		parts = append(parts, fmt.Sprintf("%s %d", why, n))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

// TestForms reads the same things in every form.
func TestForms(t *testing.T) {
	const sum = "2b9838da7edb0decd32b086e47a31e8f5733b5981ad8247a2f9508e232589bff"
	for name, test := range map[string]struct{ text, want, skipped string }{
		"csv": {"\ufeffIndicator_type,Data,Note\nsha256," + strings.ToUpper(sum) + ",DearCry\ndomain,evil[.]example,x\nfile_path_name,c:\\Windows\\System32\\(random*).exe,no\nregistry_key,HKLM\\x,no\nfile_path_name,C:\\inetpub\\wwwroot\\aspnet_client\\a.aspx,shell\n",
			"hash 1, domain 1, path 1", "not a path value 1, registry_key 1"},
		"stix": {`{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '203.0.113.9' OR file:hashes.'SHA-256' = '` + sum + `']","pattern_type":"stix","valid_from":"2021-03-02T00:00:00Z"},{"type":"indicator","pattern":"[file:name = 'a.aspx' AND file:size = 3]","pattern_type":"stix"},{"type":"indicator","pattern":"rule x","pattern_type":"yara"},{"type":"indicator","revoked":true,"pattern":"[ipv4-addr:value = '1.1.1.1']"},{"type":"malware","name":"m"}]}`,
			"address 1, hash 1", "pattern 1, pattern of yara 1, withdrawn 1"},
		"stix lines": {"{\"type\":\"indicator\",\"pattern\":\"[domain-name:value = 'a.example']\"}\n{\"type\":\"indicator\",\"pattern\":\"[domain-name:value LIKE '%.example']\"}", "domain 1", "pattern with LIKE 1"},
		"misp": {`{"response":[{"Event":{"date":"2021-03-02","Attribute":[{"type":"ip-dst|port","value":"203.0.113.9|443","to_ids":true},{"type":"md5","value":"` + sum[:32] + `"},{"type":"ip-src","value":"1.1.1.1","to_ids":false},{"type":"mutex","value":"x"},{"type":"size-in-bytes","value":5}],"Object":[{"name":"file","Attribute":[{"type":"filename|sha256","value":"a.aspx|` + sum + `"}]}]}}]}`,
			"address 1, hash 2, name 1", "mutex 1, not for detection 1"},
		"microsoft": {`[{"FirstSeen":"2021-03-05T10:07:29Z","Indicator":"` + sum + `","IndicatorType":"sha256"}]`, "hash 1", ""},
		"plain":     {"# comment\n" + sum + ";note\n203.0.113.0/24\nhxxps://a.example/x\nb.example:8443 # port\n\\\\weird\\.sys;80\nthree words here\n", "address 1, hash 1, domain 1, url 1, path 1", "not a value 1"},
	} {
		x := &enrich.Indicators{}
		feed, err := x.Read(name, strings.NewReader(test.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := counts(x); got != test.want || skipped(feed) != test.skipped || feed.Added != len(x.All()) {
			t.Errorf("%s: got %s; skipped %s; added %d; want %s; skipped %s", name, got, skipped(feed), feed.Added, test.want, test.skipped)
		}
	}
	for name, text := range map[string]string{"empty": "", "cut": `{"type":"bundle","objects":[`, "noise": "{]", "binary": "203.0.113.9\n\x00\x01"} {
		if _, err := (&enrich.Indicators{}).Read(name, strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSpellings: a value is kept in one spelling, whichever the list has.
func TestSpellings(t *testing.T) {
	x := &enrich.Indicators{}
	for _, v := range []string{"203.0.113.9", "203.0.113[.]9:443", "::ffff:203.0.113.9", "::ffff:198.51.100.7/120", "198.51.100.0/24", "Evil[.]example", `C:\inetpub\wwwroot\aspnet_client\Discover.aspx`, "/C%3A/inetpub", "%PROGRAMFILES%\\Exchange\\x.aspx", "LOAD.aspx", "hxxps://evil.example/Stage", strings.Repeat("AB", 16)} {
		if !x.Add(enrich.Indicator{Value: v, Source: "test"}) {
			t.Errorf("%q was not added", v)
		}
	}
	var got []string
	for _, i := range x.All() {
		got = append(got, string(i.Type)+" "+i.Value)
	}
	want := []string{
		"address 198.51.100.0/24", "address 203.0.113.9", "domain evil.example", "hash " + strings.Repeat("ab", 16), "name load.aspx",
		"path /c%3a/inetpub", "path /inetpub/wwwroot/aspnet_client/discover.aspx", "path /program files/exchange/x.aspx", "url https://evil.example/stage",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRealFeeds reads lists as their makers publish them.
func TestRealFeeds(t *testing.T) {
	dir := filepath.Join(shared(t), "data")
	var got []string
	for _, name := range []string{
		"iocs/anssi/CERTFR-2021-IOC-003-IOC.csv",
		"iocs/eset/exchange_exploitation__samples.sha256",
		"iocs/maltrail/apt_hafnium.txt",
		"iocs/microsoft/MSTICIoCs-ExchangeServerVulnerabilitiesDisclosedMarch2021.csv",
		"iocs/microsoft/MSTICIoCs-ExchangeServerVulnerabilitiesDisclosedMarch2021.json",
		"iocs/sekoia/2021-11-10_APT31_-_STIX2.jsonl",
		"iocs/sekoia/2021-11-10_APT31_IOCs.csv",
		"iocs/sophos/Ransomware_DearCry.csv",
		"iocs/volexity/operation-exchange-marauder.csv",
		"iocs/hvs/HvS_Proxyshell_2021_09_IOCs.csv",
		"cti/misp/eset-winnti-gaming.misp_event.json",
	} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		x := &enrich.Indicators{}
		feed, err := x.Read(filepath.Base(name), f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got = append(got, fmt.Sprintf("%s: %s; skipped %s", filepath.Base(name), counts(x), skipped(feed)))
	}
	want := []string{
		"CERTFR-2021-IOC-003-IOC.csv: address 161; skipped ",
		"exchange_exploitation__samples.sha256: hash 23; skipped ",
		"apt_hafnium.txt: address 1, domain 16; skipped ",
		// 104 paths, five of them twice with another case.
		"MSTICIoCs-ExchangeServerVulnerabilitiesDisclosedMarch2021.csv: hash 45, domain 3, path 99; skipped ",
		"MSTICIoCs-ExchangeServerVulnerabilitiesDisclosedMarch2021.json: hash 45, domain 3, path 99; skipped ",
		// 102 values in simple and alternative patterns, and two YARA rules.
		"2021-11-10_APT31_-_STIX2.jsonl: address 53, hash 11, domain 43; skipped file:mime_type 1, file:size 1, not a hash value 1, pattern of yara 2",
		"2021-11-10_APT31_IOCs.csv: address 53, hash 11, domain 43; skipped file:mime_type 1, file:size 1, not a hash value 1",
		"Ransomware_DearCry.csv: hash 5; skipped ",
		"operation-exchange-marauder.csv: address 13; skipped ",
		"HvS_Proxyshell_2021_09_IOCs.csv: address 1, hash 10, domain 1, url 1, path 4, name 5; skipped string 4",
		"eset-winnti-gaming.misp_event.json: ; skipped not for detection 22",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFeed(f *testing.F) {
	f.Add([]byte("type,value\nip,1.2.3.4\n"))
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '1.2.3.4']"}]}`))
	f.Add([]byte(`{"Event":{"Attribute":{"type":"domain","value":"a.example"}}}`))
	f.Add([]byte("hxxp://a[.]example/x;y\n%windir%\\x.exe\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := &enrich.Indicators{}
		feed, _ := x.Read("x", strings.NewReader(string(b)))
		if n := len(x.All()); feed.Added < n {
			t.Fatalf("%d added, %d there", feed.Added, n)
		}
	})
}
