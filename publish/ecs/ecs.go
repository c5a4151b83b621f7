// Package ecs writes the proof of each finding in the fields of the Elastic
// Common Schema 8.17 (https://www.elastic.co/guide/en/ecs/8.17/), a document
// a line, as Elasticsearch, OpenSearch and Filebeat take it.
package ecs

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/internal/attack"
	"limier/publish"
)

// Publisher writes a document for each step of each finding.
var Publisher = &publish.Publisher{
	Name:      "ecs",
	Doc:       "proof of the findings in the Elastic Common Schema, as NDJSON",
	Extension: ".ndjson",
	MediaType: "application/x-ndjson",
	Write:     write,
}

const version = "8.17.0"

type object map[string]any

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for i := range c.Findings {
		f := &c.Findings[i]
		for k := range f.Steps {
			if err := enc.Encode(document(c, f, &f.Steps[k])); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func document(c *casefile.Case, f *finding.Finding, s *finding.Step) object {
	at := s.Time
	if at.IsZero() {
		at = f.Start
	}
	if at.IsZero() {
		at = publish.Dated(c)
	}
	host := f.Host
	if host == "" {
		host = publish.Host(c)
	}
	rule := s.Rule
	if rule == "" {
		rule = f.Rule
	}
	doc := object{
		"@timestamp": at.UTC().Format(time.RFC3339Nano), "message": publish.Plain(s.Text), "ecs": object{"version": version}, "tags": []string{"limier", string(f.Phase)},
		"event": object{
			"kind": "alert", "category": categories(f), "type": []string{"info"}, "module": "limier", "dataset": "limier.finding", "provider": "limier", "id": publish.UUID(publish.Space, "ecs\n"+c.Start.Source+"\n"+f.ID+"\n"+s.Ref.String()),
			"severity": f.Level.Rank() * 25, "outcome": outcome(s.Outcome), "original": publish.Plain(s.Raw), "reason": publish.Plain(f.Reason),
		},
		"rule":     object{"name": publish.Plain(f.Title), "id": publish.Plain(rule), "ruleset": publish.Plain(f.Rule)},
		"host":     object{"name": publish.Plain(host)},
		"observer": object{"vendor": "Limier", "product": "Limier", "version": publish.Plain(c.Start.Version)},
		"labels":   object{"confidence": string(f.Confidence), "level": string(f.Level), "finding": publish.Plain(f.ID), "place": publish.Plain(s.Ref.String())},
		"log":      object{"file": object{"path": publish.Plain(s.Ref.Path)}},
	}
	if related := related(f, host); len(related) > 0 {
		doc["related"] = related
	}
	if t := threat(f); t != nil {
		doc["threat"] = t
	}
	if known := enrichments(c, f); len(known) > 0 {
		t, _ := doc["threat"].(object)
		if t == nil {
			t = object{}
			doc["threat"] = t
		}
		t["enrichments"] = known
	}
	if len(f.CVEs) > 0 { // the field holds one; the tags hold all
		doc["vulnerability"] = object{"id": publish.Plain(f.CVEs[0])}
		for _, id := range f.CVEs {
			doc["tags"] = append(doc["tags"].([]string), publish.Plain(id))
		}
	}
	return doc
}

func categories(f *finding.Finding) []string {
	if f.Phase == finding.Backdoor {
		return []string{"malware", "intrusion_detection"}
	}
	return []string{"intrusion_detection"}
}

func outcome(o finding.Outcome) string {
	switch o {
	case finding.Succeeded:
		return "success"
	case finding.Attempted:
		return "failure"
	}
	return "unknown"
}

func related(f *finding.Finding, host string) object {
	o := object{"hosts": []string{publish.Plain(host)}}
	add := func(k, v string) {
		list, _ := o[k].([]string)
		for _, x := range list {
			if x == v {
				return
			}
		}
		o[k] = append(list, v)
	}
	for _, e := range f.Entities {
		switch e.Type {
		case finding.Address: // Elasticsearch refuses the document if it is none
			if a, err := netip.ParseAddr(e.Value); err == nil {
				add("ip", a.Unmap().WithZone("").String())
			}
		case finding.Account:
			add("user", publish.Plain(e.Value))
		case finding.Hash:
			add("hash", publish.Plain(e.Value))
		case finding.Domain:
			add("hosts", publish.Plain(e.Value))
		}
	}
	return o
}

// enrichments are what dated tables say of the addresses.
func enrichments(c *casefile.Case, f *finding.Finding) []object {
	var all []object
	for _, e := range f.Entities {
		a, err := netip.ParseAddr(e.Value)
		if e.Type != finding.Address || err != nil {
			continue
		}
		a = a.Unmap().WithZone("")
		for _, k := range c.About(e.Type, e.Value) {
			i := object{"type": "ipv4-addr", "ip": a.String(), "provider": publish.Plain(k.Source), "description": publish.Plain(k.Text)}
			if a.Is6() {
				i["type"] = "ipv6-addr"
			}
			if k.ASN > 0 {
				i["as"] = object{"number": k.ASN, "organization": object{"name": publish.Plain(k.Name)}}
			}
			if k.Country != "" {
				i["geo"] = object{"country_iso_code": publish.Plain(k.Country)}
			}
			all = append(all, object{"indicator": i})
		}
	}
	return all
}

func threat(f *finding.Finding) object {
	var ids, names, subIDs, subNames, tactics []string
	for _, id := range f.Techniques {
		t, ok := attack.Lookup(id)
		if !ok {
			continue
		}
		if len(id) > len("T1234") {
			subIDs, subNames = append(subIDs, t.ID), append(subNames, t.Name)
			id = id[:len("T1234")]
		}
		if p, ok := attack.Lookup(id); ok {
			ids, names = append(ids, p.ID), append(names, p.Name)
		}
		tactics = append(tactics, t.Tactics...)
	}
	if len(ids) == 0 {
		return nil
	}
	technique := object{"id": ids, "name": names}
	if len(subIDs) > 0 {
		technique["subtechnique"] = object{"id": subIDs, "name": subNames}
	}
	return object{"framework": "MITRE ATT&CK", "technique": technique, "tactic": object{"name": tactics}}
}
