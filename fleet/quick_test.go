package fleet

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"limier/store/storetest"
	"limier/wire"
)

func quickLine(line string) (m wire.Message, ok bool) {
	ok = quickMessage([]byte(line), &m)
	return m, ok
}

// TestQuick: what collectors write is read quickly, all of it.
func TestQuick(t *testing.T) {
	for n := range 4 {
		for line := range bytes.Lines(storetest.Stream(t, storetest.Case(n, n%2 == 0))) {
			if _, ok := quickLine(strings.TrimSuffix(string(line), "\n")); !ok {
				t.Errorf("read by the library: %s", line)
			}
		}
	}
}

// FuzzQuick: what is read quickly, the library reads the same.
func FuzzQuick(f *testing.F) {
	for line := range bytes.Lines(storetest.Stream(f, storetest.Case(1, true))) {
		f.Add(strings.TrimSuffix(string(line), "\n"))
	}
	for _, s := range []string{
		`{}`, `{"gap":null}`, `{"gap":{}}`, `{"gap":{"ref":{},"reason":"","count":0}}`, `{"gap":{"count":01}}`, `{"gap":{"count":-0}}`, `{"gap":{"count":1.0}}`, `{"gap":{"count":1e3}}`, `{"gap":{"count":999999999999999999}}`, `{"gap":{"count":9999999999999999999}}`,
		`{"gap":{"reason":"a","reason":"b"}}`, `{"gap":{"reason":"a",}}`, `{"gap":{"reason":"a"}}}`, `{"gap":{"reason":"a"},"gap":{}}`, `{"gap":{},"end":{}}`, `{"gap":{"Reason":"a"}}`, `{"gap":{"other":1,"reason":"a"}}`, `{"gap" :{}}`,
		`{"gap":{"reason":"\u00e9\n\"\\\/"}}`, `{"gap":{"reason":"\ud800"}}`, `{"gap":{"reason":"\ud83d\ude00"}}`, `{"gap":{"reason":"` + "\xff" + `"}}`, `{"gap":{"reason":"` + "é\x01" + `"}}`, `{"gap":{"reason":"` + "a\x00" + `"}}`, `{"gap":{"reason":"\x"}}`, `{"gap":{"reason":"\`, `{"gap":{"reason":null}}`,
		`{"exposure":{"cves":[]}}`, `{"exposure":{,"cves":[]}}`, `{"exposure":{"product":"a","cves":[]}}`, `{"exposure":{"product":"a",,"cves":[{}],"notes":["b"]}}`, `{"exposure":{"product":",\"cves\":[","cves":[]}}`, `{"exposure":{"cves":null}}`, `{"exposure":{"cves":[{}]}}`, `{"exposure":{"cves":[{},]}}`, `{"exposure":{"cves":[{}`, `{"exposure":{"notes":["a","b"]}}`, `{"exposure":{"notes":["a" ,"b"]}}`, `{"finding":{"steps":[{"key":true},{"key":false}]}}`,
		`{"finding":{"start":"2021-03-03T04:11:22Z"}}`, `{"finding":{"start":"2021-03-03T04:11:22,5Z"}}`, `{"finding":{"start":"2021-03-03T4:11:22.5Z"}}`, `{"finding":{"start":"2021-03-03T04:11:22+01:00"}}`, `{"finding":{"start":"2021-03-03T04:11:60Z"}}`, `{"finding":{"start":"2021-02-30T04:11:22Z"}}`, `{"finding":{"start":""}}`, `{"finding":{"start":"\u0032021-03-03T04:11:22.000000001Z"}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := quickLine(line)
		listed, isListed := (&memory{lists: &lists{}}).readListed([]byte(line))
		if !ok && !isListed {
			return
		}
		var want wire.Message
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatalf("the library refuses %q: %v", line, err)
		}
		if diff := cmp.Diff(want, got); ok && diff != "" {
			t.Errorf("%q (-library +quick):\n%s", line, diff)
		}
		if diff := cmp.Diff(want, listed, cmpopts.EquateEmpty()); isListed && diff != "" {
			t.Errorf("%q (-library +listed):\n%s", line, diff)
		}
	})
}

// TestLists: what is remembered of lists that differ each time is bounded, and
// the last is known still.
func TestLists(t *testing.T) {
	var l lists
	list := func(n int) []byte {
		return fmt.Appendf(nil, `"cves":[{"id":"%d"}%s]}}`, n, strings.Repeat(",{}", 10_000))
	}
	for n := range 60 {
		if e := l.end(list(n)); e == nil || len(e.CVEs) != 10_001 {
			t.Fatal("list", n, "was not read")
		}
		if l.size > maxLists || len(l.seen) > maxLists/(80*10_000) {
			t.Fatalf("%d lists of %d bytes are remembered", len(l.seen), l.size)
		}
	}
	if again := l.end(list(59)); again != l.end(list(59)) {
		t.Error("it was read again")
	}
	// Short ones, too.
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l = lists{}
	for n := range 100_000 {
		l.end(fmt.Appendf(nil, `"cves":[],"notes":["%d"]}}`, n))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > maxLists {
		t.Errorf("%d short lists take %d bytes", len(l.seen), used)
	}
	if l.end(bytes.Repeat([]byte(" "), maxList+1)) != nil {
		t.Error("a long one is remembered")
	}
}
