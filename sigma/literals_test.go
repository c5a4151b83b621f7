package sigma

import (
	"strings"
	"testing"

	"limier/event"
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
