package sigma

import (
	"strings"
	"testing"

	"limier/event"
)

// TestPrefilter keeps the lines that hold all literals that a rule asks for,
// wherever a negation or an alternative stands.
func TestPrefilter(t *testing.T) {
	c := &Collection{}
	if errs := c.Add("a.yml", []byte(`
title: A
id: 5f1b7f3e-6f5e-4b6c-9d0c-0a6d0e7a1c11
logsource: {category: webserver}
detection:
    page: {cs-uri-stem|contains: /secret/page}
    how:
        - {cs-uri-query|contains: token=}
        - {cs-uri-query|re: 'pass(word|phrase)='}
    not_me: {cs-uri-query|contains: harmless}
    condition: page and how and not not_me
level: high
`)); len(errs) > 0 {
		t.Fatal(errs)
	}
	e, errs := Compile(c, Config{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, without := e.Prefilter(event.IIS, nil)
	if len(without) > 0 {
		t.Fatal(without)
	}
	lines := []string{
		"0 GET /secret/page token=1 yes",
		"1 GET /secret/page other=1 no",
		"2 GET /other/page token=1 no",
		"3 GET /Secret/PAGE passphrase=1 yes",
		"4 GET /secret/page token=1 harmless yes: whether the negation holds is for the engine",
		"5 nothing",
	}
	log := strings.Join(lines, "\n")
	var got []string
	for start, end := range p.Lines([]byte(log)) {
		got = append(got, log[start:end])
	}
	want := []string{lines[0], lines[3], lines[4]}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
