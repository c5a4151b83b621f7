package fleet_test

import (
	"bytes"
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
		if diff := cmp.Diff(store.Submission{Evidence: whole.Evidence, Hash: whole.Hash, Summary: store.Summarize(want)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stream, diff)
		}
	}
	for name, stream := range map[string]string{
		"a number for a list":  exposure("15.1", "7"),
		"a number for a state": exposure("15.1", `[{"id":"CVE-2021-26855","state":7}]`),
		"a name twice":         exposure("15.1", `[{"id":"CVE-2021-26855","id":"CVE-2021-26856"}]`),
		"no UTF-8":             exposure("15.1", "[{\"id\":\"\xff\"}]"),
		"two lists":            exposure("15.1", one+`,"cves":`+one),
		"no list, and a list":  exposure("15.1", `null,"cves":`+one),
		"a message behind it":  exposure("15.1", one+`},"gap":{"ref":{"path":"a"},"reason":"b"`),
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
	if _, err := check(`{"finding":{"steps":[{"raw":"` + strings.Repeat(`\",{},`, 30_000) + `"}]}}`); err != nil {
		t.Error("a text:", err)
	}
}
