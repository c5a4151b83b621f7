package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWithdraw: what is withdrawn stays in the event as deleted, newer than before
// and out of hashes.csv, however often the event is published again.
func TestWithdraw(t *testing.T) {
	const id = "5b3f1c0e-6a52-5d0b-9e5d-000000000001"
	event := func(claims ...int) []byte {
		var objects []string
		for _, n := range claims {
			objects = append(objects, fmt.Sprintf(`{"uuid":"o%d","name":"annotation","comment":"claim c%d","timestamp":"1000","Attribute":[{"uuid":"t%d","type":"text","object_relation":"text","value":"they did it %d","timestamp":"1000","Tag":[{"name":"x"}]},{"uuid":"l%d","type":"link","object_relation":"ref","value":"https://example.org/%d","timestamp":"1000"}]}`, n, n, n, n, n, n))
		}
		return fmt.Appendf(nil, `{"Event":{"uuid":%q,"info":"claims","date":"2021-03-10","timestamp":"1000","Orgc":{"name":"x"},"attribute_count":"%d","Attribute":[],"Object":[%s]}}`, id, 2*len(claims), strings.Join(objects, ","))
	}
	type part struct {
		UUID, Value, Timestamp string
		Deleted                bool
		Tag                    []any
		Attribute              []part
	}
	read := func(text []byte) (e struct {
		Info, Timestamp string
		Count           string `json:"attribute_count"`
		Object          []part
		Attribute       []part
	}) {
		t.Helper()
		var in struct{ Event json.RawMessage }
		if err := json.Unmarshal(text, &in); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(in.Event, &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	must := func(text []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	only := func(comment string) func(string, string) bool {
		return func(c, _ string) bool { return c == comment }
	}
	at := time.Unix(2000, 0)
	first := event(1, 2)
	if same := must(Withdraw(first, only("claim c9"), "why", at)); string(same) != string(first) {
		t.Errorf("nothing was withdrawn: %s", same)
	}
	second := must(Withdraw(first, only("claim c1"), "a wrong copy", at))
	e := read(second)
	o := e.Object[1]
	if e.Timestamp != "2000" || e.Count != "2" || e.Info != "claims" || e.Object[0].UUID != "o2" || e.Object[0].Deleted || o.UUID != "o1" || !o.Deleted || o.Timestamp != "2000" || len(o.Attribute) != 2 {
		t.Errorf("%+v", e)
	}
	for _, a := range o.Attribute {
		if !a.Deleted || a.Timestamp != "2000" || len(a.Tag) > 0 {
			t.Errorf("%+v", a)
		}
	}
	if strings.Contains(string(second), "they did it 1") || !strings.Contains(o.Attribute[0].Value, "a wrong copy") {
		t.Errorf("the text is still there: %s", second)
	}
	f, err := New(second)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(f[hashesName]), "\n"); n != 2 {
		t.Errorf("%d hashes, want the two of what is left", n)
	}
	// The same again, without it, gives no new version; more gives one that is newer.
	if third := must(Keep(second, event(2), at.Add(time.Hour))); string(third) != string(second) {
		t.Errorf("nothing changed: %s", third)
	}
	third := must(Keep(second, event(1, 2, 3), at.Add(-time.Hour))) // a clock set back, and the claim is back
	e = read(third)
	if e.Timestamp != "2001" || e.Count != "4" || len(e.Object) != 3 || e.Object[2].UUID != "o1" || !e.Object[2].Deleted || strings.Contains(string(third), "they did it 1") {
		t.Errorf("%s", third)
	}
	if e := read(must(Withdraw(third, func(string, string) bool { return true }, "all wrong", at))); !strings.Contains(e.Info, "all wrong") || e.Count != "0" {
		t.Errorf("%+v", e)
	}
	indicators := []byte(`{"Event":{"uuid":"` + id + `","info":"i","date":"2021-03-10","timestamp":"1000","Orgc":{},"Attribute":[{"uuid":"a","type":"ip-src","value":"203.0.113.45","to_ids":true,"timestamp":"1000","comment":"shell"},{"uuid":"b","type":"ip-src","value":"203.0.113.4","to_ids":true,"timestamp":"1000"}]}}`)
	text := must(Withdraw(indicators, func(_, value string) bool { return value == "203.0.113.45" }, "a scanner of ours", at))
	if e := read(text); len(e.Attribute) != 2 || e.Attribute[0].UUID != "b" || e.Attribute[0].Deleted || !e.Attribute[1].Deleted || !strings.Contains(string(text), `"to_ids":false`) || e.Count != "1" {
		t.Errorf("%s", text)
	}
	for _, text := range []string{"", "{}", `{"Event":[]}`, `{"Event":{"uuid":"../x"}}`} {
		if _, err := Withdraw([]byte(text), func(string, string) bool { return true }, "", at); err == nil {
			t.Errorf("%q is no event", text)
		}
		if _, err := Keep([]byte(text), first, at); err == nil {
			t.Errorf("%q is no event", text)
		}
	}
}
