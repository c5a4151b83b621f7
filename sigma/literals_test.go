package sigma

import (
	"cmp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"limier/event"
	"limier/internal/literal"
	"limier/parse/iis"
)

func TestLiterals(t *testing.T) {
	const rules = `
title: parts of the path and the agent
name: a
logsource: {category: webserver}
detection:
    path: {cs-uri-query|contains: ['/owa/auth/x.aspx?cmd=', '/ecp/y.js']}
    agent: {cs-user-agent|contains: 'python requests'}
    status: {sc-status: 200}
    condition: path and status or agent
---
title: a regular expression
name: b
logsource: {category: webserver}
detection:
    a: {cs-uri-query|re: '(?i)autodiscover\.json.*@.*(powershell|mapi/nspi)'}
    condition: a
---
title: for another log
name: c
logsource: {product: windows, service: security}
detection:
    a: {Image: nothing}
    condition: a
`
	e := compile(t, rules)
	lits, without := e.Literals(event.IIS)
	if got, want := strings.Join(lits, " "), "/ecp/y.js /owa/auth/x.aspx autodiscover.json python"; got != want || len(without) != 0 {
		t.Errorf("got %q without %q, want %q", got, names(without), want)
	}
	e = compile(t, rules+`
---
title: no literal
name: d
logsource: {category: webserver}
detection:
    a: {cs-method: POST}
    b: {cs-method: PO}
    condition: a or b
`)
	if _, without := e.Literals(event.IIS); names(without) != "d" {
		t.Errorf("without literals: got %q, want d", names(without))
	}
}

// satisfy writes values into fields such that the node may hold; choose picks
// one of n alternatives.
func satisfy(n *node, fields map[string]string, choose func(n int) int) {
	switch n.op {
	case and:
		for _, k := range n.kids {
			satisfy(k, fields, choose)
		}
	case or:
		satisfy(n.kids[choose(len(n.kids))], fields, choose)
	case leaf:
		if n.test.kind != patternTest {
			return
		}
		text := ""
		for _, tok := range n.test.pattern.toks {
			switch tok.kind {
			case literalToken:
				text += tok.text
			case anyToken:
				text += "x"
			}
		}
		field := n.test.field
		if field == "" {
			field = "cs-uri-query"
		}
		if v := views(field, event.IIS, "")[0]; len(v.names) > 0 {
			field = v.names[0]
		}
		if n.test.pattern.kind == equalPattern {
			fields[field] = text
		} else {
			fields[field] += text
		}
	}
}

// A line written for any web rule of SigmaHQ that the rule then matches holds
// one of the literals, and passes the filter by columns.
func TestLiteralsAreInRawLines(t *testing.T) {
	e := sigmaHQ(t)
	lits, without := e.Literals(event.IIS)
	if len(without) > 0 {
		t.Errorf("no literals for %s", names(without))
	}
	set := literal.New(lits)
	const header = "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) cs(Referer) cs(Cookie) cs-host sc-status"
	columns := strings.Fields(header)[3:]
	layout := iis.Parser.Layout("u_ex.log", nil)
	layout, _ = layout.Directive([]byte(header))
	filter := newTableFilter(t, e, layout)
	var web []source
	for _, s := range e.sources {
		if s.rule.Logsource.Category == "webserver" {
			web = append(web, s)
		}
	}
	matched := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(web).Draw(t, "rule")
		fields := map[string]string{}
		satisfy(s.root, fields, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "alternative") })
		line := "2021-03-03 04:11:22"
		for _, c := range columns {
			v := strings.NewReplacer(" ", "+", "\t", "").Replace(fields[c])
			if rapid.Bool().Draw(t, "upper") {
				v = strings.ToUpper(v)
			}
			line += " " + cmp.Or(v, "-")
		}
		ev, err := layout.Event([]byte(line))
		if err != nil {
			return
		}
		found := e.Match(ev, nil)
		for _, r := range found {
			matched[r.Name] = true
		}
		if len(found) > 0 && !set.Any([]byte(line)) {
			t.Fatalf("%s matches %s without a literal", line, names(found))
		}
		if len(found) > 0 && !filter.may([]byte(line)) {
			t.Fatalf("%s matches %s and the filter by columns says that nothing does", line, names(found))
		}
	})
	t.Logf("lines for %d rules", len(matched))
	if len(matched) < 10 { // of 100 random lines
		t.Errorf("only %d rules matched a line", len(matched))
	}
}
