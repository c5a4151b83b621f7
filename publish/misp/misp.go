// Package misp writes a case as one MISP event in the core format
// (https://www.misp-standard.org/rfc/misp-standard-core.html), to be imported
// or pushed. Its distribution is "your organisation only": whoever imports it
// decides on more.
package misp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"limier/casefile"
	"limier/finding"
	"limier/internal/attack"
	"limier/publish"
	"limier/wire"
)

// Publisher writes the event.
var Publisher = &publish.Publisher{
	Name:      "misp",
	Doc:       "MISP event: attributes to look for, with ATT&CK tags",
	Extension: ".misp.json",
	MediaType: "application/json",
	Write:     write,
}

type event struct {
	UUID         string      `json:"uuid"`
	Info         string      `json:"info"`
	Date         string      `json:"date"`
	Timestamp    string      `json:"timestamp"` // seconds since 1970
	ThreatLevel  string      `json:"threat_level_id"`
	Analysis     string      `json:"analysis"`
	Distribution string      `json:"distribution"`
	Published    bool        `json:"published"`
	Orgc         org         `json:"Orgc"`
	Count        string      `json:"attribute_count"`
	Attributes   []attribute `json:"Attribute"`
	Tags         []tag       `json:"Tag"`
}

type org struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
}

type attribute struct {
	UUID         string `json:"uuid"`
	Type         string `json:"type"`
	Category     string `json:"category"`
	ToIDs        bool   `json:"to_ids"`
	Distribution string `json:"distribution"` // 5: as the event
	Timestamp    string `json:"timestamp"`
	Comment      string `json:"comment"`
	Value        string `json:"value"`
}

type tag struct {
	Name string `json:"name"`
}

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	return writeEvent(w, c, false, strict, "")
}

// WriteIndicators writes an event that tells others what to look for, and
// nothing of the victim: no name of a host, no verdict. tlp is its marking,
// "green"; set tells events of servers of one name apart, and of several sets of
// readers.
func WriteIndicators(w io.Writer, c *casefile.Case, tlp, set string) error {
	return writeEvent(w, c, true, tlp, set)
}

// strict is the marking of what tells of the victim.
const strict = "amber+strict"

func writeEvent(w io.Writer, c *casefile.Case, shared bool, tlp, set string) error {
	key := c.Start.Source + "\n" + c.Start.Host
	at := publish.Dated(c)
	seconds := strconv.FormatInt(max(at.Unix(), 0), 10)
	e := event{
		UUID: publish.UUID(publish.Space, "misp event\n"+key), Info: publish.Plain(fmt.Sprintf("%s: %s", publish.Subject(c), c.Verdict())), Date: at.Format("2006-01-02"), Timestamp: seconds,
		ThreatLevel: threat(c), Analysis: "2", Distribution: "0", Orgc: org{"Limier", publish.UUID(publish.Space, "misp org\nlimier")},
		Attributes: []attribute{}, Tags: tags(c, tlp),
	}
	if shared {
		key += "\nshared" + set
		e.UUID, e.Info = publish.UUID(publish.Space, "misp event\n"+key), "Indicators of an intrusion into a web or mail server"
	}
	have := map[string]bool{} // MISP refuses the same type and value twice
	add := func(a attribute) {
		k := a.Type + "\n" + a.Value
		if a.Value == "" || have[k] {
			return
		}
		have[k] = true
		a.UUID, a.Distribution, a.Timestamp = publish.UUID(publish.Space, "misp attribute\n"+key+"\n"+k), "5", seconds
		e.Attributes = append(e.Attributes, a)
	}
	if c.End.Reason != "" && !shared {
		add(attribute{Type: "text", Category: "Internal reference", Value: publish.Plain(c.End.Reason), Comment: "Limier's verdict: " + c.Verdict()})
	}
	for _, n := range publish.Indicators(c) {
		add(attributeOf(n))
	}
	for _, f := range c.Findings {
		for _, cve := range f.CVEs {
			add(attribute{Type: "vulnerability", Category: "External analysis", Value: publish.Plain(cve), Comment: publish.Plain(f.Title)})
		}
	}
	for _, f := range c.Findings {
		for _, ref := range f.References {
			add(attribute{Type: "link", Category: "External analysis", Value: publish.Plain(ref)})
		}
	}
	e.Count = strconv.Itoa(len(e.Attributes))
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]event{"Event": e})
}

// threat is 1 for high to 4 for undefined.
func threat(c *casefile.Case) string {
	switch c.End.Verdict {
	case wire.Compromised:
		return "1"
	case wire.Attacked:
		return "2"
	case wire.Exposed, wire.NoSign:
		return "3"
	}
	return "4"
}

func attributeOf(n publish.Indicator) attribute {
	a := attribute{Value: publish.Plain(n.Value), ToIDs: n.Block, Category: "Network activity", Comment: publish.Plain(n.Findings[0].Title)}
	if n.Note != "" {
		a.Comment += "; not for a block list: " + n.Note
	}
	for _, f := range n.Known {
		if !strings.HasSuffix(n.Note, f.Text) {
			a.Comment += "; " + f.Text
		}
	}
	a.Comment = publish.Plain(a.Comment)
	switch n.Type {
	case finding.Address:
		a.Type = "ip-src"
		if ip, err := netip.ParseAddr(n.Value); err != nil || n.Role == "destination" || !ip.IsValid() {
			a.Type = "ip-dst"
		}
	case finding.Hash:
		a.Type, a.Category = "sha256", "Artifacts dropped"
	case finding.FilePath:
		a.Type = "uri"
		if !strings.HasPrefix(n.Value, "/") {
			a.Type, a.Category = "filename", "Artifacts dropped"
		}
	case finding.UserAgent:
		a.Type = "user-agent"
	case finding.Domain:
		a.Type = "domain"
	case finding.URL:
		a.Type = "url"
	}
	return a
}

func tags(c *casefile.Case, tlp string) []tag {
	list := []tag{{"tlp:" + tlp}}
	var ids []string
	for _, f := range c.Findings {
		ids = append(ids, f.Techniques...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if t, ok := attack.Lookup(id); ok {
			list = append(list, tag{fmt.Sprintf("misp-galaxy:mitre-attack-pattern=%q", t.Name+" - "+t.ID)})
		}
	}
	return list
}
