package fleet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"limier/fleet"
	"limier/store"
	"limier/store/storetest"
)

func compressed(t testing.TB, stream string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, stream)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const head, tail = `{"start":{"format":"limier/1","version":"t","source":"live","rules":1}}` + "\n", `{"end":{"verdict":"exposed","confidence":"high","reason":"","coverage":[],"counts":{}}}` + "\n"

// TestCheck: a hub reads a case as whoever opens it later does, one after the
// other in the same memory.
func TestCheck(t *testing.T) {
	c, err := fleet.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	exposure := func(build, cves string) string {
		return head + `{"exposure":{"product":"Exchange","build":"` + build + `","proof":[{"path":"a.log","line":3}],"cves":` + cves + `}}` + "\n" + tail
	}
	full := string(storetest.Stream(t, storetest.Case(1, true)))
	begin, rest, _ := strings.Cut(full, "\n")
	bare := begin + "\n" + `{"exposure":{"product":"","build":"","proof":null}}` + "\n" + `{"finding":{"rule":"bare","phase":"backdoor","steps":null}}` + "\n" + `{"evidence":{"path":"a.aspx"}}` + "\n" + `{"finding":null}` + "\n" + rest
	// The memory is large enough for all of them, and written over at the end.
	over := compressed(t, head+`{"gap":{"ref":{"path":"`+strings.Repeat("z", 200<<10)+`"},"reason":"z"}}`+"\n"+tail)
	write := func() {
		if _, err := c.Check(over); err != nil {
			t.Fatal(err)
		}
	}
	write()
	var all, first []store.Submission
	one := `[{"id":"CVE-2021-26855","state":"vulnerable","exploited":"2021-11-03"},{"id":"CVE-2021-27065","state":"fixed"}]`
	for _, stream := range []string{exposure("15.1", one), exposure("15.2", one), exposure("15.2", strings.Replace(one, "fixed", "depends", 1)), exposure("15.2", "null"), exposure("15.1", one+`,"notes":["a"]`), exposure("15.1", one+`,"notes":["b"]`), head + tail, exposure("15.1", one),
		string(storetest.Stream(t, storetest.Case(1, true))), string(storetest.Stream(t, storetest.Case(2, false))), full, bare, full} {
		want, err := store.Read(strings.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := fleet.Check(compressed(t, stream))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, whole.Case); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stream, diff)
		}
		got, err := c.Check(compressed(t, stream))
		if err != nil {
			t.Fatal(err)
		}
		got.Body = nil
		all, first = append(all, got), append(first, store.Submission{Evidence: whole.Evidence, Hash: whole.Hash, Summary: store.Summarize(want)})
	}
	write()
	if diff := cmp.Diff(first, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, stream := range map[string]string{
		"a number for a list":  exposure("15.1", "7"),
		"a number for a state": exposure("15.1", `[{"id":"CVE-2021-26855","state":7}]`),
		"a name twice":         exposure("15.1", `[{"id":"CVE-2021-26855","id":"CVE-2021-26856"}]`),
		"no UTF-8":             exposure("15.1", "[{\"id\":\"\xff\"}]"),
		"two lists":            exposure("15.1", one+`,"cves":`+one),
		"no list, and a list":  exposure("15.1", `null,"cves":`+one),
		"a message behind it":  exposure("15.1", one+`},"gap":{"ref":{"path":"a"},"reason":"b"`),
		"a comma first":        head + `{"exposure":{,"cves":` + one + "}}\n" + tail,
		"two messages":         head + `{"exposure":{"product":"Exchange","build":"1","proof":[]},"gap":{"ref":{"path":"a"},"reason":"b"}}` + "\n" + tail,
	} {
		if _, err := c.Check(compressed(t, stream)); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

// TestMuchOfNothing: a list of empty things takes no more memory than the bound,
// whoever reads it; text that looks like one is text.
func TestMuchOfNothing(t *testing.T) {
	c, err := fleet.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	check := func(line string) (allocated uint64, err error) {
		body := compressed(t, head+line+"\n"+tail)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = c.Check(body)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	for _, x := range []struct{ before, one, after string }{
		{`{"finding":{"steps":[`, `{}`, `]}}`}, {`{"finding":{ "steps":[`, `{}`, `]}}`}, {`{"finding":{"entities":[`, `{}`, `]}}`}, {`{"finding":{"techniques":[`, `""`, `]}}`},
		{`{"exposure":{"cves":[`, `{}`, `]}}`}, {`{"exposure":{"proof":[`, `{}`, `]}}`}, {`{"exposure":{"notes":[`, `""`, `]}}`},
	} {
		for n, want := range map[int]bool{50_000: true, 50_001: false, 350_000: false} {
			line := x.before + strings.Repeat(x.one+",", n-1) + x.one + x.after
			allocated, err := check(line)
			if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "more than 50000 values") {
				t.Errorf("%s, %d times: %v", x.before, n, err)
			}
			if limit := uint64(40<<20 + 2*len(line)); allocated > limit { // lists grow by parts, and what they leave is garbage
				t.Errorf("%s, %d times: %d bytes were allocated, want %d at most", x.before, n, allocated, limit)
			}
			t.Logf("%-24s %6d times: %8d bytes of %d", x.before, n, allocated, len(line))
		}
	}
	for what, lines := range map[string]string{
		"steps": strings.Repeat(`{"finding":{"steps":[`+strings.Repeat("{},", 49_999)+"{}]}}\n", 200), "entities": strings.Repeat(`{"finding":{"entities":[`+strings.Repeat("{},", 49_999)+"{}]}}\n", 200),
		"CVEs": strings.Repeat(`{"exposure":{"cves":[`+strings.Repeat("{},", 49_999)+"{}]}}\n", 200), "findings": strings.Repeat(`{"finding":{}}`+"\n", 400_000),
	} {
		if _, err := c.Check(compressed(t, head+lines+tail)); err == nil || !strings.Contains(err.Error(), "hold more than a case") {
			t.Errorf("%s of a whole case: %v", what, err)
		}
	}
	// As large as a case can be, with what collectors write.
	stream := storetest.Stream(t, storetest.Case(1, true))
	begin, rest, _ := bytes.Cut(stream, []byte("\n"))
	end := bytes.LastIndexByte(rest[:len(rest)-1], '\n')
	full := string(begin) + "\n" + strings.Repeat(string(rest[:end+1]), (store.MaxCase-len(stream))/(end+1)) + string(rest[end+1:])
	if _, err := c.Check(compressed(t, full)); err != nil {
		t.Errorf("a case of %d bytes: %v", len(full), err)
	}
	if _, err := check(`{"finding":{"steps":[{"raw":"` + strings.Repeat(`\",{},`, 30_000) + `"}]}}`); err != nil {
		t.Error("a text:", err)
	}
}

// TestSummaryBounds: what is searched of a case stays small whatever it says,
// and no list of CVEs has the hash of another.
func TestSummaryBounds(t *testing.T) {
	c, err := fleet.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	summary := func(lines string) store.Summary {
		t.Helper()
		s, err := c.Check(compressed(t, head+lines+tail))
		if err != nil {
			t.Fatal(err)
		}
		return s.Summary
	}
	long := strings.Repeat("x", 300<<10)
	var lines strings.Builder
	for _, name := range []string{"rule", "title", "level", "phase", "outcome"} {
		fmt.Fprintf(&lines, `{"finding":{"%s":"%s"}}`+"\n", name, long)
	}
	fmt.Fprintf(&lines, `{"exposure":{"product":"%s"}}`+"\n", long)
	if text, err := json.Marshal(summary(lines.String())); err != nil || len(text) > 5_000 {
		t.Errorf("a summary of %d bytes: %v", len(text), err)
	}
	end := strings.Replace(tail, `"high"`, `"`+long+`"`, 1)
	if s, err := c.Check(compressed(t, head+end)); err != nil || len(s.Summary.Confidence) > 500 {
		t.Errorf("a confidence of %d bytes: %v", len(s.Summary.Confidence), err)
	}
	seen := map[string]string{}
	for _, cves := range []string{
		`[{"id":"a","state":"b","fixed_in":"c"}]`, `[{"id":"a","state":"b\u0000c"}]`, `[{"id":"a\u0000b","state":"c"}]`, `[{"id":"a\u0001b","state":"c"}]`, `[{"id":"a"},{"state":"b"}]`, `[{"id":"a","exploited":"b"},{}]`,
		`[{"id":"a","exploited":"\u0000\"\" \"\" \"\" \"\" [] 0\n"}]`, `[{"id":"a"}]}}` + "\n" + `{"exposure":{"cves":[]`,
	} {
		hash := summary(`{"exposure":{"cves":` + cves + "}}\n").Exposure.Hash
		if other, is := seen[hash]; is {
			t.Errorf("%s and %s have one hash", cves, other)
		}
		seen[hash] = cves
	}
	a, b := summary(`{"exposure":{"updated":"2021-03-02","cves":[]}}`+"\n"), summary(`{"exposure":{"updated":"1999-01-01","cves":[]}}`+"\n")
	if a.Exposure.Hash == b.Exposure.Hash {
		t.Error("the first that comes says when the build was updated for all")
	}
}
