package enrich_test

import (
	"bytes"
	"strings"
	"testing"

	"limier/enrich"
	"limier/event"
	"limier/sigma"
)

// TestWriteSigma compiles the rules made of a hostile list, and matches with
// them what they are for.
func TestWriteSigma(t *testing.T) {
	var list enrich.Indicators
	text := "203.0.113.45\n198.51.100.0/24\nevil[.]example\n" + strings.Repeat("ab", 32) + "\nc:\\inetpub\\it's\\a.aspx\n"
	feed, err := list.Read("it's: a \"list\"\n", strings.NewReader(text))
	if err != nil || feed.Added != 5 {
		t.Fatal(feed, err)
	}
	var b, again bytes.Buffer
	if err := list.WriteSigma(&b); err != nil {
		t.Fatal(err)
	}
	if list.WriteSigma(&again); again.String() != b.String() {
		t.Error("other bytes the second time")
	}
	var c sigma.Collection
	if errs := c.Add("list.yml", b.Bytes()); len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, &b)
	}
	engine, errs := sigma.Compile(&c, sigma.Config{})
	if len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, &b)
	}
	request := func(ip string) event.Data {
		return &event.Table{Source: event.IIS, Names: []string{"c-ip"}, Values: []string{ip}}
	}
	for _, test := range []struct {
		data event.Data
		want int
	}{
		{request("203.0.113.45"), 1}, {request("198.51.100.9"), 1}, {request("203.0.113.4"), 0},
		{&event.FileData{Path: "C/x/y.aspx", SHA256: strings.Repeat("ab", 32)}, 1},
		{&event.FileData{Path: "C/inetpub/it's/a.aspx"}, 1},
		{&event.FileData{Path: "C/inetpub/b.aspx"}, 0},
	} {
		if got := engine.Match(&event.Event{Data: test.data}, nil); len(got) != test.want {
			t.Errorf("%+v: %d rules match, want %d\n%s", test.data, len(got), test.want, &b)
		}
	}
}
