package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/evidence"
	"limier/finding"
	"limier/fleet"
	"limier/parse"
	"limier/sigma"
	"limier/store/storetest"
	"limier/wire"
)

func spool(t *testing.T, dir string, l Limits) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func waiting(t *testing.T, s *Spool) (bodies []string) {
	t.Helper()
	names, err := s.Waiting()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := s.Read(n)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(b))
	}
	return bodies
}

func TestSpool(t *testing.T) {
	dir := t.TempDir()
	s := spool(t, dir, Limits{Bytes: 10, Cases: 3})
	put := func(text string) string {
		t.Helper()
		name, err := s.Put([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	put("one")
	put("two")
	// A crash left half a case; the next process goes on with the numbers.
	if err := os.WriteFile(filepath.Join(dir, "waiting", ".tmp-123"), []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = spool(t, dir, Limits{Bytes: 10, Cases: 3})
	put("tri")
	if diff := cmp.Diff([]string{"one", "two", "tri"}, waiting(t, s)); diff != "" {
		t.Error(diff)
	}
	// Full by number, then by bytes: the oldest go.
	put("4")
	if diff := cmp.Diff([]string{"two", "tri", "4"}, waiting(t, s)); diff != "" || s.Missed().Cases != 1 {
		t.Error(s.Missed(), diff)
	}
	put("123456789")
	if diff := cmp.Diff([]string{"4", "123456789"}, waiting(t, s)); diff != "" || s.Missed().Cases != 3 {
		t.Error(s.Missed(), diff)
	}
	if again := spool(t, dir, Limits{}); *again.Missed() != (fleet.Missed{Cases: 3, Reason: "the spool was full"}) { // as limier agent --once is one each time
		t.Error("the next process knows of", again.Missed())
	}
	if _, err := s.Put(make([]byte, 11)); err == nil {
		t.Error("a case larger than the spool was taken")
	}
	names, _ := s.Waiting()
	if err := s.Done(names[0], "aa", fleet.Receipt{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Done(names[1], "bb", fleet.Receipt{}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := s.Sent(); !slices.Equal(sent, []string{"aa", "bb"}) {
		t.Error(sent)
	}
	put("new")
	// The hub lost aa: it waits again, in its old place.
	if err := s.Settle([]string{"bb", "../../x"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"4", "new"}, waiting(t, s)); diff != "" {
		t.Error(diff)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "sent")); len(left) != 0 {
		t.Error("left in sent:", left)
	}
	for range 60 {
		s.limits = Limits{Bytes: 1000, Cases: 1000, Aside: 50}
		if err := s.Reject(put("bad"), "bad"); err != nil {
			t.Fatal(err)
		}
	}
	if aside, _ := os.ReadDir(filepath.Join(dir, "refused")); len(aside) != 50 {
		t.Error(len(aside), "aside")
	}
	if again := spool(t, dir, Limits{}); *again.Missed() != (fleet.Missed{Cases: 63, Reason: "bad"}) {
		t.Error("the next process knows of", again.Missed())
	}
}

// A hub answers requests in memory.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRun: while the hub is away, the collector tries again after ever longer
// pauses, obeys Retry-After, and goes on scanning each day.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := spool(t, filepath.Join(dir, "spool"), Limits{})
		var calls []time.Duration
		var began time.Time
		scans := 0
		answer := func() (*http.Response, error) { return nil, errors.New("no route to host") }
		a := &Agent{Config: Config{Dir: dir, Every: 24 * time.Hour, Jitter: time.Hour, Now: time.Now, Rand: rand.New(rand.NewPCG(1, 2)), Log: discard(),
			Scan: func(context.Context) iter.Seq2[wire.Message, error] {
				scans++
				return func(yield func(wire.Message, error) bool) { yield(wire.Message{End: &wire.End{}}, nil) }
			}}, spool: s}
		a.client = &Client{id: identity{Hub: "https://hub"}, http: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			calls = append(calls, time.Since(began))
			return answer()
		})}}
		began = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Hour)
		defer cancel()
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
		if scans != 1 || len(calls) < 20 || len(calls) > 60 {
			t.Errorf("%d scans, %d attempts in 20 hours", scans, len(calls))
		}
		if calls[0] >= time.Hour {
			t.Error("first visit after", calls[0])
		}
		for i, c := range calls[1:] {
			if pause := c - calls[i]; pause > time.Hour || pause < 30*time.Second {
				t.Error("a pause of", pause)
			}
		}
		// The next process sends at once what the one before left, and scans when it is due; the hub wishes ten minutes.
		calls, began = nil, time.Now()
		answer = func() (*http.Response, error) {
			return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"600"}}, Body: io.NopCloser(strings.NewReader(""))}, nil
		}
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
		if scans != 2 || len(calls) == 0 || calls[0] > time.Hour {
			t.Errorf("%d scans, visits at %v", scans, calls)
		}
		for i, c := range calls[1:] {
			if pause := c - calls[i]; pause < 10*time.Minute {
				t.Error("the hub wished 10 minutes and got", pause)
			}
		}
		if names, _ := s.Waiting(); len(names) != 2 {
			t.Error("waiting:", names)
		}
		// Three days without the hub are scanned too.
		answer = func() (*http.Response, error) { return nil, errors.New("no route to host") }
		ctx, cancel = context.WithTimeout(t.Context(), 72*time.Hour)
		defer cancel()
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
		if scans != 5 {
			t.Errorf("%d scans in 102 hours", scans)
		}
		// Where nothing can be written, as on a full disk, no scan follows at once.
		if err := errors.Join(os.Remove(a.marker()), os.MkdirAll(filepath.Join(a.marker(), "x"), 0o700), os.Chtimes(a.marker(), time.Now(), time.Now())); err != nil {
			t.Fatal(err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 50*time.Hour)
		defer cancel()
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
		if scans != 7 {
			t.Errorf("%d scans in 152 hours", scans)
		}
		if err := os.RemoveAll(a.marker()); err != nil {
			t.Fatal(err)
		}
		// A clock that was set back by a year does not put the next scan off by one.
		a.mark(time.Now().AddDate(1, 0, 0))
		if due := a.due(); time.Until(due) > 24*time.Hour {
			t.Error("the next scan is in", time.Until(due))
		}
	})
}

// TestWorthSending: what everybody has stays away, and so do logs that no
// finding speaks of.
func TestWorthSending(t *testing.T) {
	c := storetest.Case(1, true)
	c.Findings[0].Steps[0].Ref = evidence.Ref{Path: "logs/u_ex1.log", Line: 3}
	zero := strings.Repeat("0", 64)
	c.Evidence = []wire.Evidence{{Path: "logs/u_ex1.log", SHA256: zero}, {Path: "logs/u_ex2.log", SHA256: zero}, {Path: "C/inetpub/wwwroot/x.aspx", SHA256: zero}, {Path: "C/x.png", SHA256: zero}, {Path: "y.dll", SHA256: "no hash"}}
	for i := range 3000 {
		c.Evidence = append(c.Evidence, wire.Evidence{Path: strings.Repeat("a", i) + ".aspx", SHA256: zero})
	}
	stream := func(yield func(wire.Message, error) bool) {
		for _, f := range c.Findings {
			yield(wire.Message{Finding: &f}, nil)
		}
		for _, e := range c.Evidence {
			yield(wire.Message{Evidence: &e}, nil)
		}
		yield(wire.Message{End: &wire.End{}}, nil)
	}
	var paths []string
	var gaps []wire.Gap
	for m, err := range worthSending(stream) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Evidence != nil {
			paths = append(paths, m.Evidence.Path)
		}
		if m.Gap != nil {
			gaps = append(gaps, *m.Gap)
		}
	}
	if len(paths) != maxNamed || paths[0] != "logs/u_ex1.log" || paths[1] != "C/inetpub/wwwroot/x.aspx" || paths[2] != ".aspx" {
		t.Error(len(paths), paths[:3])
	}
	if len(gaps) != 1 || gaps[0].Count != 1002 {
		t.Error(gaps)
	}
}

// TestBounded: a case stays small enough for a hub, whatever the logs hold; what
// a finding is about, and what has its ordinary size, is sent as it is.
func TestBounded(t *testing.T) {
	long := strings.Repeat("<", 15_000)
	f := finding.Finding{ID: "1", Rule: "webshell", Title: long, Reason: long, Phase: finding.Backdoor, Level: finding.Critical, Confidence: finding.HighConfidence}
	for i := range 9000 { // as many addresses scan a server that is on the Internet for some months
		f.Entities = append(f.Entities, finding.Entity{Type: finding.Address, Value: fmt.Sprintf("2001:db8::%x", i), Role: "attacker"}, finding.Entity{Type: finding.UserAgent, Value: long + fmt.Sprint(i)})
	}
	shell := finding.Entity{Type: finding.FilePath, Value: "inetpub/wwwroot/x.aspx", Role: "shell"}
	f.Entities = append(f.Entities, shell)
	for range 60 {
		f.Steps = append(f.Steps, finding.Step{Text: long, Ref: evidence.Ref{Path: "u_ex.log", Line: 1}, Raw: long[:2000]})
	}
	c := storetest.Case(1, true)
	c.Findings = append(c.Findings, f)
	before := len(f.Entities)
	s := spool(t, t.TempDir(), Limits{})
	a := &Agent{Config: Config{Dir: t.TempDir(), Now: time.Now, Log: discard(), Scan: func(context.Context) iter.Seq2[wire.Message, error] {
		return func(yield func(wire.Message, error) bool) {
			yield(wire.Message{Start: &c.Start}, nil)
			for i := range c.Findings {
				yield(wire.Message{Finding: &c.Findings[i]}, nil)
			}
			yield(wire.Message{End: &wire.End{}}, nil)
		}
	}}, spool: s}
	if err := a.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := fleet.Check([]byte(waiting(t, s)[0]))
	if err != nil {
		t.Fatal(err)
	}
	last := len(c.Findings) - 1
	if diff := cmp.Diff(c.Findings[:last], got.Case.Findings[:last]); diff != "" {
		t.Error(diff)
	}
	sent := got.Case.Findings[last]
	if !slices.Contains(sent.Entities, shell) || sent.Entities[0] != f.Entities[0] || len(sent.Steps) != 60 || len(f.Entities) != before || f.Steps[0].Text != long {
		t.Error(len(sent.Entities), sent.Entities[:2])
	}
	if len(got.Case.Gaps) != 1 || got.Case.Gaps[0].Count != before-len(sent.Entities) {
		t.Error(got.Case.Gaps)
	}
}

// TestThrottle: a scan that uses one core all the time takes four times as long
// at a quarter of it.
func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used time.Duration
		th := &Throttle{Percent: 25, CPU: func() time.Duration { return used }}
		start := time.Now()
		th.Wait()
		for range 100 {
			used += 100 * time.Millisecond
			th.Wait()
		}
		if took := time.Since(start); took < 39*time.Second || took > 41*time.Second {
			t.Error("10 s of work at 25 percent took", took)
		}
	})
}

func TestDamagedSpool(t *testing.T) {
	dir := t.TempDir()
	s := spool(t, dir, Limits{})
	if _, err := s.Put([]byte("torn")); err != nil {
		t.Fatal(err)
	}
	a := &Agent{Config: Config{Log: discard()}, spool: s}
	names, _ := s.Waiting()
	if err := a.send(t.Context(), names[0]); err != nil {
		t.Fatal(err)
	}
	if left := waiting(t, s); len(left) != 0 {
		t.Error("a damaged case keeps the others waiting:", left)
	}
}

// TestOneCollector: two at once would take each other's cases away.
func TestOneCollector(t *testing.T) {
	dir := t.TempDir()
	lock, err := fleet.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	once := func() error {
		cmd := Command(Build{})
		cmd.SetArgs([]string{"--once", "--dir", dir})
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		return cmd.ExecuteContext(t.Context())
	}
	if err := once(); err == nil || !strings.Contains(err.Error(), "another collector") {
		t.Error("beside another:", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := once(); !errors.Is(err, ErrNotEnrolled) {
		t.Error("alone:", err)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A scan that is cut short leaves a checkpoint, the next goes on from it, and
// it is gone when the case is in the spool.
func TestCheckpoint(t *testing.T) {
	dir, evidenceDir := t.TempDir(), t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(evidenceDir, fmt.Sprintf("%02d.txt", i)), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened := -10 // files that a parser was asked about
	j := &agentJob{dir: dir, path: evidenceDir, workers: 1, build: Build{
		Open: func(ctx context.Context, path string) (evidence.Source, io.Closer, error) {
			return evidence.Source{ID: "test", FS: os.DirFS(path)}, io.NopCloser(nil), nil
		},
		Rules: func([]string, io.Writer) (*sigma.Engine, error) { return new(sigma.Engine), nil },
	}}
	var warned strings.Builder
	log := slog.New(slog.NewTextHandler(&warned, nil))
	run := j.scan(io.Discard, log)
	ctx, cancel := context.WithCancel(t.Context())
	j.build.Scan.Parsers = []*parse.Parser{{Match: func(string, []byte) bool {
		if opened++; opened == 0 {
			cancel() // after ten files
		}
		return false
	}}}
	for _, err := range run(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, checkpointName)); err != nil {
		t.Fatal(err)
	}
	opened = 0
	a := &Agent{Config: Config{Dir: dir, Log: log, Scan: run, Now: time.Now}, spool: spool(t, filepath.Join(dir, "spool"), Limits{})}
	if err := a.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if opened != 11 || warned.Len() > 0 && strings.Contains(warned.String(), "WARN") { // the tenth was cut short
		t.Errorf("read %d of 20 files after ten: %s", opened, warned.String())
	}
	if _, err := os.Stat(filepath.Join(dir, checkpointName)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the checkpoint of a finished scan is left:", err)
	}
	// Other rules: what was kept is not used.
	rules := t.TempDir()
	before, err := j.key()
	if err != nil {
		t.Fatal(err)
	}
	j.rules = []string{rules}
	os.WriteFile(filepath.Join(rules, "x.yml"), []byte("one"), 0o600)
	one, _ := j.key()
	os.WriteFile(filepath.Join(rules, "x.yml"), []byte("two"), 0o600)
	if two, _ := j.key(); before == one || one == two {
		t.Error("the key does not tell rules apart")
	}
}
