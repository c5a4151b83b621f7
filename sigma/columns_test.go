package sigma

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"limier/event"
	"limier/parse"
	"limier/parse/iis"
)

// A tableFilter asks a judge about lines as a scan does.
type tableFilter struct {
	table parse.Table
	judge *Judge
}

// fatal is a test or a property.
type fatal interface{ Fatal(args ...any) }

func newTableFilter(t fatal, e *Engine, layout parse.Layout) *tableFilter {
	table := layout.(parse.Table)
	names, path := table.Columns()
	columns := e.Columns(event.IIS, names, path, table.Value, nil)
	if columns == nil {
		t.Fatal("columns do not tell")
	}
	return &tableFilter{table, columns.Judge()}
}

func (f *tableFilter) may(line []byte) bool {
	values := bytes.Split(line, []byte(" "))
	names, key := f.table.Columns()
	if len(values) != len(names) || !f.table.Starts(line) {
		return true
	}
	find := f.judge.Find(line)
	found := find.Next()
	if !found && !f.judge.Starts(values[key]) {
		return false
	}
	return f.judge.May(line, values, found)
}

// columnRulesYAML has every shape of logic and every kind of field.
const columnRulesYAML = `
title: a path and an agent, or a status
name: a
logsource: {category: webserver}
detection:
    path: {cs-uri-stem|contains: ['/ab', 'b.js']}
    agent: {cs-user-agent|contains: ['x y', 'ya']}
    status: {sc-status: [500, 404], cs-uri-stem|endswith: '/x'}
    condition: path and agent or status
---
title: not known
name: b
logsource: {category: webserver}
detection:
    path: {cs-uri-stem|endswith: '.js'}
    known: {cs-uri-stem|startswith: ['/a', '/x']}
    client: {c-ip|cidr: 10.0.0.0/8}
    condition: path and not 1 of known* and not client
---
title: path or query, anywhere
name: c
logsource: {category: webserver}
detection:
    query: {cs-uri-query|contains|all: ['abx', 'y']}
    regex: {cs-uri-query|re: '(xay|yaa).*b'}
    other: {cs-uri-query: null}
    condition: query or (regex and not other)
---
title: words
name: d
logsource: {category: webserver}
detection:
    words: ['axa', 'b?bbb', '"yyy"']
    user: {cs-username|exists: true}
    condition: words and not user
---
title: what the log lacks
name: e
logsource: {category: webserver}
detection:
    a: {cs-host: null, cs-uri-stem: '/yy'}
    b: {cs-host|contains: abc}
    c: {cs-uri-stem|fieldref: cs-uri-query, cs-uri-stem|contains: 'ay'}
    condition: a or b or c
---
title: an agent with a space
name: f
logsource: {category: webserver}
detection:
    a: {cs-user-agent|contains: ['x yab', 'a b']}
    condition: a
`

// TestColumns compares the filter by columns with matching, on lines of a small
// alphabet: what matches passes, and a line passes the same way whatever was
// asked before.
func TestColumns(t *testing.T) {
	e := compile(t, columnRulesYAML)
	layout := iis.Parser.Layout("u_ex.log", nil)
	layout, _ = layout.Directive([]byte("#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) sc-status"))
	passed, matched := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		filter := newTableFilter(t, e, layout)
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abxy./+-js\"")), 0, 12, -1)
		for range rapid.IntRange(1, 20).Draw(t, "lines") {
			or := func(s string) string {
				if s == "" {
					return "-"
				}
				return s
			}
			line := fmt.Sprintf("2021-03-03 04:11:22 %s /%s %s %s %s %s %d", rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"),
				text.Draw(t, "stem"), or(text.Draw(t, "query")), rapid.SampledFrom([]string{"-", "-", "a"}).Draw(t, "user"),
				rapid.SampledFrom([]string{"10.1.1.1", "192.0.2.1"}).Draw(t, "client"), or(text.Draw(t, "agent")), rapid.SampledFrom([]int{200, 404, 500}).Draw(t, "status"))
			ev, err := layout.Event([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			found := e.Match(ev, nil)
			may := filter.may([]byte(line))
			if len(found) > 0 && !may {
				t.Fatalf("%s matches %s and does not pass", line, names(found))
			}
			if fresh := newTableFilter(t, e, layout); fresh.may([]byte(line)) != may {
				t.Fatalf("%s: %v, and without a memory %v", line, may, !may)
			}
			if may {
				passed++
			}
			if len(found) > 0 {
				matched++
			}
		}
	})
	if matched == 0 || passed > 5*(matched+5) { // few lines in a short test
		t.Errorf("%d lines passed, %d matched", passed, matched)
	}
}

// TestJudgeForgets asks about more values than a judge remembers, and longer
// ones: what it says stays right.
func TestJudgeForgets(t *testing.T) {
	e := compile(t, columnRulesYAML)
	layout := iis.Parser.Layout("u_ex.log", nil)
	layout, _ = layout.Directive([]byte("#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) sc-status"))
	filter := newTableFilter(t, e, layout)
	for i := range 3 * trialSize {
		long := ""
		if i%100 == 0 {
			long = strings.Repeat("z", maxValue)
		}
		for _, c := range []struct {
			line string
			want bool
		}{
			{fmt.Sprintf("2021-03-03 04:11:22 GET /q%d%s/y.js - - 192.0.2.1 z 200", i, long), true},
			{fmt.Sprintf("2021-03-03 04:11:22 GET /q%d%s/y.js - - 10.2.3.4 z 200", i, long), false},
			{fmt.Sprintf("2021-03-03 04:11:22 GET /q%d/y - - 192.0.2.1 z%s 200", i, long), false},
			{fmt.Sprintf("2021-03-03 04:11:22 GET /ab%d - - 192.0.2.1 %dx+y 200", i, i), true},
		} {
			if got := filter.may([]byte(c.line)); got != c.want {
				t.Fatalf("line %d: %s: got %v, want %v", i, c.line, got, c.want)
			}
		}
	}
}
