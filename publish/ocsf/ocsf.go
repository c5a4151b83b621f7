// Package ocsf writes the findings of a case as detection findings of the Open
// Cybersecurity Schema Framework (class 2004, https://schema.ocsf.io/1.5.0),
// a JSON object a line.
package ocsf

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/netip"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/internal/attack"
	"limier/publish"
)

// Publisher writes a line for each finding.
var Publisher = &publish.Publisher{
	Name:      "ocsf",
	Doc:       "OCSF detection findings (class 2004) as JSON lines",
	Extension: ".ocsf.jsonl",
	MediaType: "application/jsonl",
	Write:     write,
}

const version = "1.5.0"

type object map[string]any

// maxEvidences bounds the steps that one finding shows: those it rests on
// come first.
const maxEvidences = 50

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for i := range c.Findings {
		if err := enc.Encode(detection(c, &c.Findings[i])); err != nil {
			return err
		}
	}
	return out.Flush()
}

func detection(c *casefile.Case, f *finding.Finding) object {
	at := f.End
	if at.IsZero() {
		at = publish.Dated(c)
	}
	host := f.Host
	if host == "" {
		host = publish.Host(c)
	}
	info := object{
		"uid": publish.Plain(f.ID), "title": publish.Plain(f.Title), "desc": publish.Plain(f.Reason), "types": []string{string(f.Phase)}, "related_events_count": max(f.Count, 1),
		"analytic": object{"name": publish.Plain(f.Rule), "uid": publish.Plain(f.Rule), "type_id": 1, "type": "Rule"},
	}
	if !f.Start.IsZero() {
		info["first_seen_time"], info["last_seen_time"] = millis(f.Start), millis(at)
	}
	if a := attacks(f); len(a) > 0 {
		info["attacks"] = a
	}
	o := object{
		"category_uid": 2, "category_name": "Findings", "class_uid": 2004, "class_name": "Detection Finding", "activity_id": 1, "activity_name": "Create", "type_uid": 200401,
		"type_name": "Detection Finding: Create", "status_id": 1, "status": "New", "is_alert": f.Level.Rank() >= finding.Medium.Rank(), "time": millis(at),
		"severity_id": f.Level.Rank() + 1, "severity": severity(f.Level), "message": publish.Plain(f.Title),
		"metadata":     object{"version": version, "uid": publish.UUID(publish.Space, "ocsf\n"+c.Start.Source+"\n"+host+"\n"+f.ID), "product": object{"name": "Limier", "vendor_name": "Limier", "version": cmp.Or(publish.Plain(c.Start.Version), "unknown")}},
		"finding_info": info, "evidences": evidences(f), "resources": []object{{"name": publish.Plain(host), "type": "host"}},
		"unmapped": object{"phase": f.Phase, "outcome": f.Outcome},
	}
	o["confidence_id"], o["confidence"] = confidence(f.Confidence)
	if obs := observables(f); len(obs) > 0 {
		o["observables"] = obs
	}
	var vulnerabilities []object
	for _, id := range f.CVEs {
		vulnerabilities = append(vulnerabilities, object{"cve": object{"uid": publish.Plain(id)}})
	}
	if len(vulnerabilities) > 0 {
		o["vulnerabilities"] = vulnerabilities
	}
	if known := enrichments(c, f); len(known) > 0 {
		o["enrichments"] = known
	}
	return o
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func severity(l finding.Level) string {
	return [...]string{"Informational", "Low", "Medium", "High", "Critical"}[l.Rank()]
}

func confidence(c finding.Confidence) (id int, name string) {
	switch c {
	case finding.LowConfidence:
		return 1, "Low"
	case finding.ModerateConfidence:
		return 2, "Medium"
	case finding.HighConfidence:
		return 3, "High"
	}
	return 0, "Unknown"
}

func attacks(f *finding.Finding) []object {
	var all []object
	for _, id := range f.Techniques {
		t, ok := attack.Lookup(id)
		if !ok {
			continue
		}
		one := object{"version": attack.Version}
		named := object{"uid": t.ID, "name": t.Name, "src_url": t.URL()}
		if len(id) > len("T1234") {
			one["sub_technique"] = named
			if parent, ok := attack.Lookup(id[:len("T1234")]); ok {
				one["technique"] = object{"uid": parent.ID, "name": parent.Name, "src_url": parent.URL()}
			}
		} else {
			one["technique"] = named
		}
		for _, name := range t.Tactics { // an attack object has room for one
			o := maps.Clone(one)
			o["tactic"] = object{"name": name}
			all = append(all, o)
		}
	}
	return all
}

func evidences(f *finding.Finding) []object {
	all := []object{}
	for _, key := range []bool{true, false} {
		for _, s := range f.Steps {
			if s.Key != key || len(all) == maxEvidences {
				continue
			}
			data := object{"text": publish.Plain(s.Text), "source": publish.Plain(s.Ref.Path), "raw": publish.Plain(s.Raw)}
			if s.Ref.Line > 0 {
				data["line"] = s.Ref.Line
			}
			if s.Ref.Record > 0 {
				data["record"] = s.Ref.Record
			}
			if !s.Time.IsZero() {
				data["time"] = millis(s.Time)
			}
			if s.Rule != "" {
				data["rule"] = publish.Plain(s.Rule)
			}
			all = append(all, object{"data": data})
		}
	}
	return all
}

// observables are the entities, with the type numbers of OCSF's dictionary.
func observables(f *finding.Finding) []object {
	var all []object
	for _, e := range f.Entities {
		id, name := 99, "Other"
		value := publish.Plain(e.Value)
		switch e.Type {
		case finding.Address:
			a, err := netip.ParseAddr(e.Value)
			if err != nil {
				continue
			}
			id, name, value = 2, "IP Address", a.Unmap().String()
		case finding.Account:
			id, name = 4, "User Name"
		case finding.URL:
			id, name = 6, "URL String"
		case finding.FilePath:
			id, name, value = 45, "File Path", publish.Plain(publish.HostPath(e.Value))
		case finding.Hash:
			id, name = 8, "Hash"
		case finding.Process:
			id, name = 9, "Process Name"
		case finding.UserAgent:
			id, name = 16, "HTTP User-Agent"
		case finding.Domain:
			id, name = 1, "Hostname"
		}
		all = append(all, object{"name": field(e), "type_id": id, "type": name, "value": value})
	}
	return all
}

func field(e finding.Entity) string {
	if e.Role == "" {
		return "finding_info"
	}
	return "finding_info." + publish.Plain(e.Role)
}

// enrichments are what dated tables say of the entities.
func enrichments(c *casefile.Case, f *finding.Finding) []object {
	var all []object
	for _, e := range f.Entities {
		for _, k := range c.About(e.Type, e.Value) {
			data := object{"kind": k.Kind, "date": publish.Plain(k.Date), "shared": k.Shared}
			if k.ASN > 0 {
				data["asn"] = k.ASN
			}
			if k.Name != "" {
				data["name"] = publish.Plain(k.Name)
			}
			if k.Country != "" {
				data["country"] = publish.Plain(k.Country)
			}
			all = append(all, object{"name": field(e), "value": publish.Plain(e.Value), "type": string(k.Kind), "provider": publish.Plain(k.Source), "short_desc": publish.Plain(k.Text), "data": data})
		}
	}
	return all
}
