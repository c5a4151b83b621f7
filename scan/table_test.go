package scan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"limier/parse"
	"limier/parse/iis"
	"limier/sigma"
)

const tableRules = `
title: script
name: script
logsource: {category: webserver}
detection:
    a: {cs-uri-stem|endswith: .aspx, cs-user-agent|contains: 'bad bot'}
    b: {cs-uri-query|contains: 'cmd='}
    condition: a or b
---
title: refused
name: refused
logsource: {category: webserver}
detection:
    a: {cs-uri-stem|startswith: /owa, sc-status: 401}
    condition: a
`

// plain hides that a layout is a table.
type plain struct{ parse.Layout }

func (p plain) Directive(line []byte) (parse.Layout, bool) {
	next, ok := p.Layout.Directive(line)
	return plain{next}, ok
}

// TestTable reads logs, damaged ones too, with and without the help of their
// columns: both tell the same.
func TestTable(t *testing.T) {
	rules := &sigma.Collection{}
	if errs := rules.Add("rules.yml", []byte(tableRules)); len(errs) > 0 {
		t.Fatal(errs)
	}
	engine, errs := sigma.Compile(rules, sigma.Config{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	header := "#Fields: date time cs-method cs-uri-stem cs-uri-query s-port c-ip cs(User-Agent) sc-status\n"
	sighted := 0
	rapid.Check(t, func(t *rapid.T) {
		s := &scanner{Config: Config{Rules: engine}}
		tables, lines := &memory{}, &memory{}
		for chunk := range rapid.IntRange(1, 3).Draw(t, "chunks") {
			log := header
			for n := range rapid.IntRange(1, 30).Draw(t, "lines") {
				one := rapid.SampledFrom[[]string]
				line := fmt.Sprintf("2021-03-03 04:%02d:%02d %s %s %s 443 %s %s %d", chunk, n, one([]string{"GET", "POST"}).Draw(t, "method"),
					one([]string{"/owa/a.aspx", "/owa/", "/x.asp", "/X.ASP", "/y", "-"}).Draw(t, "stem"), one([]string{"-", "cmd=1", "a=b"}).Draw(t, "query"),
					one([]string{"10.0.0.1", "fe80::1%3", "-"}).Draw(t, "client"), one([]string{"bad+bot/1", "Mozilla", "-"}).Draw(t, "agent"),
					rapid.SampledFrom([]int{200, 401, 404}).Draw(t, "status"))
				switch rapid.IntRange(0, 12).Draw(t, "damage") {
				case 0:
					line = line[:rapid.IntRange(0, len(line)).Draw(t, "cut")]
				case 1:
					line = strings.Replace(line, " ", "  ", 1)
				case 2:
					line = "\x00\x00" + line
				case 3:
					line += " "
				case 4:
					line += "\r\r"
				case 5:
					line = strings.Replace(line, "443 ", "", 1)
				case 6:
					line = header[:len(header)-1]
				case 7:
					line = "-----"
				case 8:
					line = strings.Replace(line, "2021-03-03 04", "2021-03-03 94", 1)
				}
				log += line + one([]string{"\n", "\r\n"}).Draw(t, "end")
			}
			if rapid.Bool().Draw(t, "open") {
				log = strings.TrimRight(log, "\r\n")
			}
			layout := iis.Parser.Layout("u_ex.log", nil)
			got, want := newResult("u_ex.log"), newResult("u_ex.log")
			segs, _ := segments(layout, []byte(log), 0, true)
			tables.next()
			for _, seg := range segs {
				s.segment(seg, tables, got)
				seg.layout = plain{seg.layout}
				s.segment(seg, lines, want)
			}
			if diff := cmp.Diff(told(want), told(got)); diff != "" {
				t.Fatalf("%s\nwithout (-) and with columns (+):\n%s", log, diff)
			}
			sighted += len(got.fold.kept)
		}
	})
	if sighted == 0 {
		t.Error("no line was sighted")
	}
}

// told is all that a result tells, as values that compare.
func told(r *result) []any {
	var all []any
	for _, s := range r.fold.kept {
		all = append(all, s.Rule.Name, s.Event.Ref, s.Event.Raw, s.Event.Time, s.Count)
	}
	for _, c := range r.cover {
		all = append(all, *c)
	}
	for _, g := range r.gaps {
		all = append(all, g)
	}
	return append(all, r.scripts.list())
}

// TestTableForgetsPaths asks for more paths than are remembered.
func TestTableForgetsPaths(t *testing.T) {
	s := &scanner{}
	m := &memory{}
	log := &strings.Builder{}
	log.WriteString("#Fields: date time cs-method cs-uri-stem sc-status\n")
	for i := range maxPaths + 100 {
		fmt.Fprintf(log, "2021-03-03 04:11:22 GET /%d 200\n", i)
	}
	log.WriteString("2021-03-03 04:11:22 GET /a.aspx 200\n2021-03-03 04:11:22 GET /a.aspx 200\n")
	r := newResult("u_ex.log")
	for range 2 {
		m.next()
		segs, _ := segments(iis.Parser.Layout("u_ex.log", nil), []byte(log.String()), 0, true)
		for _, seg := range segs {
			s.segment(seg, m, r)
		}
	}
	if len(m.paths) > maxPaths {
		t.Errorf("%d paths are remembered", len(m.paths))
	}
	if list := r.scripts.list(); len(list) != 1 || list[0].Requests != 4 {
		t.Errorf("got %v, want 4 requests for one script", list)
	}
}
