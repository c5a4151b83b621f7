package evtx

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/evidence"
)

// shared returns a path in the folder of real evidence, or skips the test.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{root, "data"}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no real evidence: set LIMIER_SHARED (%v)", err)
	}
	return name
}

func parseFile(t testing.TB, name string, f fs.File) (events []*event.Event, gaps []*evidence.GapError) {
	t.Helper()
	for ev, err := range Parser.Parse(t.Context(), name, f) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			gaps = append(gaps, gap)
		case err != nil:
			t.Fatal(err)
		default:
			events = append(events, ev)
		}
	}
	return events, gaps
}

func open(t testing.TB, name string) fs.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWebShellProcesses(t *testing.T) {
	name := shared(t, "evtx-attack", "exchange-iis", "LM_typical_IIS_webshell_sysmon_1_10_traces.evtx")
	events, gaps := parseFile(t, "x.evtx", open(t, name))
	if len(gaps) > 0 {
		t.Errorf("gaps: %v", gaps)
	}
	var got []string
	for _, ev := range events {
		src := ev.Data.Logsource()
		if src.Product != "windows" || src.Service != "sysmon" {
			t.Errorf("%v: log source %+v", ev.Ref, src)
		}
		if src.Category == "process_creation" {
			got = append(got, ev.Time.Format("15:04:05")+" "+ev.Field("ParentImage")+" > "+ev.Field("CommandLine"))
		}
	}
	want := []string{
		`01:33:53 C:\Windows\System32\inetsrv\w3wp.exe > "c:\windows\system32\cmd.exe" /c net user`,
		`01:33:53 C:\Windows\System32\cmd.exe > net  user`,
		`01:33:53 C:\Windows\System32\net.exe > C:\Windows\system32\net1  user`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// A streamed member of an archive gives what the file gives.
func TestStream(t *testing.T) {
	name := shared(t, "evtx-benign", "omerbenamram", "sample_with_a_bad_chunk_magic.evtx")
	want, wantGaps := parseFile(t, "x", open(t, name))
	got, gotGaps := parseFile(t, "x", stream{open(t, name)})
	if len(got) != len(want) || len(gotGaps) != len(wantGaps) {
		t.Fatalf("%d events, %d gaps in a stream; %d, %d in the file", len(got), len(gotGaps), len(want), len(wantGaps))
	}
	for i := range got {
		if got[i].Ref != want[i].Ref || !got[i].Time.Equal(want[i].Time) {
			t.Errorf("%v in the stream, %v in the file", got[i].Ref, want[i].Ref)
		}
	}
}

// stream hides all but Read and Stat, and reads little at a time.
type stream struct{ f fs.File }

func (s stream) Stat() (fs.FileInfo, error) { return s.f.Stat() }
func (s stream) Close() error               { return nil }
func (s stream) Read(b []byte) (int, error) { return s.f.Read(b[:min(len(b), 1777)]) }

// Kept events hold the same fields after the file has been read as the scanner
// saw in passing.
func TestKeep(t *testing.T) {
	name := shared(t, "evtx-benign", "velocidex", "Security.evtx")
	f := open(t, name)
	kept, _ := parseFile(t, "x", f)
	info, _ := f.Stat()
	log, err := Open(f.(io.ReaderAt), info.Size())
	if err != nil {
		t.Fatal(err)
	}
	s := Scanner{Path: "x"}
	n := 0
	for i := range log.Chunks() {
		for rec, err := range s.Chunk(log, i) {
			if err != nil {
				t.Fatal(err)
			}
			ev := kept[n]
			n++
			if diff := cmp.Diff(fields(rec), fields(ev.Data)); diff != "" {
				t.Fatalf("%v: %s", ev.Ref, diff)
			}
			for name := range ev.Data.Fields() {
				got, _ := rec.Field(name)
				if want, ok := ev.Data.Field(name); got != want || !ok {
					t.Errorf("%v: %s = %q in passing, %q, %v kept", ev.Ref, name, got, want, ok)
				}
			}
		}
	}
	if n != len(kept) || n != 739 {
		t.Errorf("%d records, %d kept, want 739", n, len(kept))
	}
}

func fields(d event.Data) (all []string) {
	for name, value := range d.Fields() {
		all = append(all, name+"="+value)
	}
	return all
}

func TestSecurityProcessCreation(t *testing.T) {
	events, _ := parseFile(t, "x", open(t, shared(t, "evtx-benign", "velocidex", "Security.evtx")))
	i := slices.IndexFunc(events, func(ev *event.Event) bool { return ev.Field("EventID") == "4688" })
	if i < 0 {
		t.Fatal("no 4688")
	}
	ev := events[i]
	want := event.Logsource{Category: "process_creation", Product: "windows", Service: "security"}
	if got := ev.Data.Logsource(); got != want {
		t.Errorf("log source %+v, want %+v", got, want)
	}
	for alias, own := range map[string]string{
		"Image": "NewProcessName", "LogonId": "SubjectLogonId", "ParentProcessId": "ProcessId",
	} {
		if got := ev.Field(alias); got == "" || got != ev.Field(own) {
			t.Errorf("%s = %q, want %s = %q", alias, got, own, ev.Field(own))
		}
	}
	if got := ev.Field("User"); !strings.Contains(got, `\`) {
		t.Errorf("User = %q", got)
	}
	if ev.Field("IntegrityLevel") == "" || ev.Host == "" || ev.Time.IsZero() {
		t.Errorf("integrity %q, host %q, time %v", ev.Field("IntegrityLevel"), ev.Host, ev.Time)
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		path, head string
		want       bool
	}{
		{"Logs/Security.evtx", "", true},
		{"Logs/SECURITY.EVTX", "", true},
		{"renamed.bin", "ElfFile\x00\x00", true},
		{"Logs/Security.evt", "\x30\x00\x00\x00LfLe", false},
		{"evtx", "", false},
	} {
		if got := Parser.Match(tt.path, []byte(tt.head)); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.path, tt.head, got)
		}
	}
}
