package stix

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"limier/finding"
	"limier/publish"
)

// scoSpace is the name space of observables' identifiers (section 2.9).
var scoSpace = [16]byte{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}

// sco makes an observable, whose identifier is made of the properties that
// its table says contribute to it.
func sco(kind string, properties object, contributing ...string) object {
	from := object{}
	for _, k := range contributing {
		if v, ok := properties[k]; ok {
			from[k] = v
		}
	}
	name, _ := canonical(from)
	properties["type"], properties["spec_version"] = kind, "2.1"
	properties["id"] = kind + "--" + publish.UUID(scoSpace, name)
	return properties
}

// canonical writes JSON as RFC 8785 wants it, as far as strings go: sorted
// keys, nothing escaped that need not be.
func canonical(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// maxObservables bounds what one finding lists.
const maxObservables = 200

// observables adds the things that a finding is about.
func (b *bundle) observables(f *finding.Finding) []string {
	var refs []string
	for _, e := range f.Entities {
		if len(refs) == maxObservables {
			break
		}
		if id := b.observable(e); id != "" && !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	return refs
}

// observable adds one thing; "" if STIX has no observable for it alone.
func (b *bundle) observable(e finding.Entity) string {
	value := publish.Plain(e.Value)
	if value == "" {
		return ""
	}
	switch e.Type {
	case finding.Address:
		return b.address(e.Value)
	case finding.Account:
		return b.add(sco("user-account", object{"account_login": value}, "account_login"))
	case finding.Domain:
		return b.add(sco("domain-name", object{"value": value}, "value"))
	case finding.URL:
		return b.add(sco("url", object{"value": value}, "value"))
	case finding.Hash:
		if value = strings.ToLower(value); !sha256(value) {
			return ""
		}
		return b.add(sco("file", object{"hashes": object{"SHA-256": value}}, "hashes"))
	case finding.FilePath, finding.Process:
		return b.file(e.Value, "")
	}
	return "" // a user agent is part of a request
}

func (b *bundle) address(value string) string {
	a, err := netip.ParseAddr(value)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	kind := "ipv4-addr"
	if a.Is6() {
		kind = "ipv6-addr"
	}
	return b.add(sco(kind, object{"value": a.String()}, "value"))
}

// file adds a file with its folder. A path that was requested is one of the
// server's, with slashes.
func (b *bundle) file(path, hash string) string {
	path = publish.Plain(publish.HostPath(path))
	folder, name := split(path)
	if name == "" {
		name = path
	}
	o := object{"name": name}
	if folder != "" {
		o["parent_directory_ref"] = b.add(sco("directory", object{"path": folder}, "path"))
	}
	if hash = strings.ToLower(hash); sha256(hash) {
		o["hashes"] = object{"SHA-256": hash}
	}
	return b.add(sco("file", o, "hashes", "name", "parent_directory_ref"))
}

func sha256(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// split cuts a path of either kind before its last element.
func split(p string) (folder, name string) {
	i := strings.LastIndexAny(p, `\/`)
	if i < 0 {
		return "", p
	}
	return p[:max(i, 1)], p[i+1:]
}

// pattern writes what to look for in STIX patterning; "" if it has no words
// for it.
func pattern(n publish.Indicator) string {
	q := quote(n.Value)
	switch n.Type {
	case finding.Address:
		if a, err := netip.ParseAddr(n.Value); err == nil && a.Is6() {
			return "[ipv6-addr:value = " + q + "]"
		}
		return "[ipv4-addr:value = " + q + "]"
	case finding.Hash:
		return "[file:hashes.'SHA-256' = " + q + "]"
	case finding.UserAgent:
		return "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = " + q + "]"
	case finding.Domain:
		return "[domain-name:value = " + q + "]"
	case finding.URL:
		return "[url:value = " + q + "]"
	case finding.FilePath:
		if strings.HasPrefix(n.Value, "/") {
			return "[network-traffic:extensions.'http-request-ext'.request_value = " + q + "]"
		}
		folder, name := split(n.Value)
		if folder == "" || name == "" {
			return "[file:name = " + q + "]"
		}
		return "[file:name = " + quote(name) + " AND file:parent_directory_ref.path = " + quote(folder) + "]"
	}
	return ""
}

// quote writes a string of the patterning language (section 9.3).
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(publish.Plain(s)) + "'"
}

// infrastructure adds each address that attacked, as what the intruder used.
func (b *bundle) infrastructure(observed map[*finding.Finding]string) {
	for _, n := range publish.Indicators(b.c) {
		if n.Type != finding.Address || n.Role != "attacker" {
			continue
		}
		o := b.sdo("infrastructure", n.Value)
		o["name"], o["infrastructure_types"] = "Address "+n.Value, []string{"unknown"}
		if text := known(n); text != "" {
			o["description"] = text
		}
		seen(o, n, "first_seen", "last_seen")
		id := b.add(o)
		b.relate(id, "consists-of", b.address(n.Value))
		for _, f := range n.Findings {
			if ref := observed[f]; ref != "" {
				b.relate(id, "consists-of", ref)
			}
		}
	}
}

// known is what dated tables say of a thing.
func known(n publish.Indicator) string {
	var all []string
	for _, f := range n.Known {
		all = append(all, f.Text)
	}
	return publish.Plain(strings.Join(all, "; "))
}

// malware adds the web shells.
func (b *bundle) malware() {
	for _, s := range b.shells {
		o := b.sdo("malware", b.key(), s.Key)
		o["name"], o["is_family"], o["malware_types"] = publish.Plain(s.Label()), false, []string{"webshell"}
		o["description"] = publish.Plain(s.Finding.Title + ". " + s.Finding.Reason)
		o["kill_chain_phases"] = []object{{"kill_chain_name": "mitre-attack", "phase_name": "persistence"}}
		if !s.First.IsZero() {
			o["first_seen"] = stamp(s.First)
			if s.Last.After(s.First) {
				o["last_seen"] = stamp(s.Last)
			}
		}
		if n := confidence(s.Finding.Confidence); n > 0 {
			o["confidence"] = n
		}
		if s.File != "" {
			o["sample_refs"] = []string{b.file(s.File, s.Hash)}
		}
		id := b.add(o)
		b.relate(id, "targets", b.host)
		for _, t := range s.Finding.Techniques {
			if ap := attackID(t); b.seen[ap] {
				b.relate(id, "uses", ap)
			}
		}
		for _, e := range s.Finding.Entities {
			if a := b.sdo("infrastructure", e.Value).id(); e.Type == finding.Address && b.seen[a] {
				b.relate(a, "controls", id)
			}
		}
	}
}

// indicators adds what to look for elsewhere, and that it was sighted here.
func (b *bundle) indicators(observed map[*finding.Finding]string) {
	for _, n := range publish.Indicators(b.c) {
		p := pattern(n)
		if p == "" {
			continue
		}
		o := b.sdo("indicator", string(n.Type), n.Value)
		o["name"] = publish.Plain(n.Value)
		o["pattern"], o["pattern_type"], o["pattern_version"] = p, "stix", "2.1"
		o["indicator_types"] = []string{"malicious-activity"}
		if !n.Block {
			o["indicator_types"] = []string{"anomalous-activity"}
			o["description"] = publish.Plain("Not for a block list: " + n.Note + ".")
		}
		from := n.First
		if from.IsZero() {
			from = publish.Dated(b.c)
		}
		o["valid_from"] = stamp(from)
		if c := confidence(n.Confidence); c > 0 {
			o["confidence"] = c
		}
		id := b.add(o)
		s := b.sdo("sighting", b.key(), id)
		s["sighting_of_ref"], s["where_sighted_refs"] = id, []string{b.host}
		seen(s, n, "first_seen", "last_seen")
		count := 0
		var data []string
		for _, f := range n.Findings {
			count += max(f.Count, 1)
			if ref := observed[f]; ref != "" {
				data = append(data, ref)
				b.relate(id, "based-on", ref)
			}
			for _, t := range f.Techniques {
				if ap := attackID(t); b.seen[ap] {
					b.relate(id, "indicates", ap)
				}
			}
			for _, sh := range b.shells {
				if sh.Finding == f {
					b.relate(id, "indicates", b.sdo("malware", b.key(), sh.Key).id())
				}
			}
		}
		s["count"] = min(count, 999_999_999)
		if len(data) > 0 {
			s["observed_data_refs"] = data
		}
		b.add(s)
	}
}

// seen sets the first and the last time, of which the last must be later.
func seen(o object, n publish.Indicator, first, last string) {
	if n.First.IsZero() {
		return
	}
	o[first] = stamp(n.First)
	if n.Last.After(n.First) {
		o[last] = stamp(n.Last)
	} else if o["type"] == "sighting" {
		o[last] = o[first]
	}
}
