package hub

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"limier/fleet"
	"limier/store"
	"limier/store/sqlite"
	"limier/store/storetest"
)

// TestLetter: what is queued is read quickly, and as the library reads it.
func TestLetter(t *testing.T) {
	for n := range 4 {
		sent := storetest.Submission(t, int64(n), storetest.Case(n, n%2 == 0), time.Now().UTC())
		data, err := marshal(&sent, &sent.Summary)
		if err != nil {
			t.Fatal(err)
		}
		_, used := binary.Uvarint(data)
		var got, want letter
		if !quickLetter(data[used:], &got) {
			t.Errorf("read by the library: %s", data)
		}
		if err := json.Unmarshal(data[used:], &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-library +quick):\n%s", diff)
		}
	}
}

// TestStorm: of more cases than one transaction stores, as many as a parcel has come
// out at one time, in the order of servers, each server's as they came; all are
// acknowledged when all were seen to.
func TestStorm(t *testing.T) {
	c := Config{Linger: 100 * time.Millisecond}
	c.defaults()
	q, err := openQueue(t.Context(), c, nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer q.close()
	const cases, servers = 3 * batchSize, 700
	for n := 0; n < cases; n += 50 {
		var data []byte
		for i := n; i < n+50; i++ {
			head, err := marshal(&store.Submission{Server: int64(i * 7919 % servers)}, &store.Summary{})
			if err != nil {
				t.Fatal(err)
			}
			part := fmt.Appendf(head, "%06d", i)
			data = append(binary.AppendUvarint(data, uint64(len(part))), part...)
		}
		if err := q.send(t.Context(), data, 50); err != nil {
			t.Fatal(err)
		}
	}
	h := &Hub{config: c, queue: q}
	p, err := h.fetch(t.Context())
	if err != nil || len(p.cases) != cases || len(p.messages) != cases/50 {
		t.Fatalf("%d cases of %d messages: %v", len(p.cases), len(p.messages), err)
	}
	for i, s := range p.cases {
		before := p.cases[max(i-1, 0)]
		late := s.Server < before.Server || s.Server == before.Server && bytes.Compare(s.Body, before.Body) <= 0
		if i > 0 && late || !bytes.HasSuffix(p.origins[i].part, s.Body) {
			t.Fatalf("%s of server %d after %s of server %d, from %q", s.Body, s.Server, before.Body, before.Server, p.origins[i].part)
		}
	}
	p.wait(0)
	for _, o := range p.origins {
		if err := o.done(); err != nil {
			t.Fatal(err)
		}
	}
	p.wait(0) // says nothing of what was acknowledged
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		waiting, _, err := q.pending(t.Context())
		if waiting == 0 && err == nil {
			return
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("%d cases are left: %v", waiting, err)
		}
	}
}

// TestQueue: what comes at once shares messages, and comes out each by itself,
// beside what an earlier version left.
func TestQueue(t *testing.T) {
	c := Config{Linger: 100 * time.Millisecond}
	c.defaults()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := openQueue(t.Context(), c, key, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer q.close()
	const cases = 500
	old, err := marshal(&store.Submission{Server: cases}, &store.Summary{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.js.Publish(t.Context(), single+".7", append(old, fmt.Sprint("body of ", cases)...)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range int64(cases) {
		wg.Go(func() {
			var receipt *fleet.Receipt
			if n%2 == 0 {
				receipt = &fleet.Receipt{Server: n}
			}
			if err := q.put(t.Context(), &store.Submission{Server: n, Body: []byte(fmt.Sprint("body of ", n))}, receipt); err != nil {
				t.Error(err)
			}
			if receipt != nil && receipt.Verify(public, n, "", "") != nil {
				t.Errorf("the receipt of server %d is not signed", n)
			}
		})
	}
	wg.Wait()
	info, err := q.stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if waiting, _, err := q.pending(t.Context()); err != nil || waiting != cases+1 || info.State.Msgs > cases/2 {
		t.Errorf("%d cases wait in %d messages: %v", waiting, info.State.Msgs, err)
	}
	h := &Hub{config: c, queue: q}
	got := map[int64]bool{}
	for len(got) <= cases {
		p, err := h.fetch(t.Context())
		if err != nil || len(p.cases) == 0 {
			t.Fatalf("%d cases came out, then %v", len(got), err)
		}
		for i, s := range p.cases {
			if got[s.Server] || string(s.Body) != fmt.Sprint("body of ", s.Server) {
				t.Errorf("server %d: %s", s.Server, s.Body)
			}
			got[s.Server] = true
			if err := p.origins[i].done(); err != nil {
				t.Error(err)
			}
		}
	}
	for begin := time.Now(); ; {
		waiting, _, err := q.pending(t.Context())
		if err == nil && waiting == 0 {
			break
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("%d cases wait still: %v", waiting, err)
		}
	}
}

// TestSplit: nothing that is no message of ours is taken for one.
func TestSplit(t *testing.T) {
	data, err := marshal(&store.Submission{Server: 1}, &store.Summary{})
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "body"...)
	whole := append(binary.AppendUvarint(nil, uint64(len(data))), data...)
	parts := split(subject+"2", append(whole, whole...))
	if len(parts) != 2 {
		t.Errorf("%d parts", len(parts))
	}
	for _, part := range parts {
		if s, err := unmarshal(part, nil); err != nil || s.Server != 1 || string(s.Body) != "body" {
			t.Error(s.Server, err)
		}
	}
	for name, data := range map[string][]byte{
		"cut short": append(whole, whole[:len(whole)-len(data)-1+20]...), "another length": append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, data...), "nothing": nil,
	} {
		parts := split(subject+"1", data)
		if len(parts) != 1 {
			t.Errorf("%s: %d parts", name, len(parts))
		}
		if _, err := unmarshal(parts[0], nil); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

// TestUnreadable: a case that is refused only when it comes out of the queue, as
// by a later version, takes nothing along of what shares its message.
func TestUnreadable(t *testing.T) {
	ctx := t.Context()
	st, err := sqlite.OpenHub(ctx, filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	c := Config{Linger: 100 * time.Millisecond}
	c.defaults()
	q, err := openQueue(ctx, c, nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer q.close()
	checker, err := fleet.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{config: c, log: c.Log, store: st, queue: q, checker: checker}
	var data []byte
	for n := range int64(3) {
		s := storetest.Submission(t, n+1, storetest.Case(int(n), true), time.Now())
		if n == 1 {
			s.Body = s.Body[:len(s.Body)/2]
		}
		head, err := marshal(&s, nil)
		if err != nil {
			t.Fatal(err)
		}
		data = append(append(binary.AppendUvarint(data, uint64(len(head)+len(s.Body))), head...), s.Body...)
	}
	if err := q.send(ctx, data, 3); err != nil {
		t.Fatal(err)
	}
	p, err := h.fetch(ctx)
	if err != nil || len(p.cases) != 2 || p.cases[0].Server != 1 || p.cases[1].Server != 3 {
		t.Fatalf("%d cases: %v", len(p.cases), err)
	}
	letters, _, err := st.DeadLetters(ctx, store.All(), store.Page{})
	if err != nil || len(letters) != 1 || letters[0].Server != 2 {
		t.Errorf("dead letters: %+v, %v", letters, err)
	}
	if p.origins[0].left != 2 {
		t.Errorf("%d cases are to be seen to, want 2", p.origins[0].left)
	}
}

// TestSummaries: a case that is queued without its summary comes out with it,
// from memory or, once, after a kill, from the case; what memory holds is bounded.
func TestSummaries(t *testing.T) {
	checker, err := fleet.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{checker: checker, queue: &queue{}}
	sent, err := checker.Check(storetest.Submission(t, 1, storetest.Case(1, true), time.Now()).Body)
	if err != nil {
		t.Fatal(err)
	}
	data, err := marshal(&sent, nil)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, sent.Body...)
	h.queue.kept.keep(&sent)
	h.queue.kept.keep(&sent)
	for _, from := range []string{"memory", "the case"} {
		got, err := unmarshal(data, h.summary)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("from %s (-sent +got):\n%s", from, diff)
		}
		if n := len(h.queue.kept.of); n != 0 || h.queue.kept.size != 0 {
			t.Errorf("%d summaries are left, %d bytes", n, h.queue.kept.size)
		}
	}
	if _, err := unmarshal(data[:len(data)-1], h.summary); err == nil {
		t.Error("half a body has a summary")
	}
	// What is kept is as large as it is said to be, each in memory of its own.
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	body := sent.Body
	n := 0
	for ; n < 1_000_000 && h.queue.kept.keep(&sent); n++ {
		server := sent.Server + 1
		if sent, err = checker.Check(body); err != nil {
			t.Fatal(err)
		}
		sent.Server = server
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used, said := int(after.HeapAlloc)-int(before.HeapAlloc), h.queue.kept.size
	if n < 4_000 || said > maxSummaries || used > said*5/4 || used < said/2 {
		t.Errorf("%d summaries take %d bytes, and are said to take %d of %d", n, used, said, maxSummaries)
	}
	t.Logf("%d summaries take %d bytes, and are said to take %d", n, used, said)
}
