package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// TestKilledAgent: a collector is killed (SIGKILL) in the middle of a scan
// again and again, and its checkpoint torn or flipped now and then. The case in
// its spool is the same to the byte as that of one which nothing disturbed.
func TestKilledAgent(t *testing.T) {
	if testing.Short() {
		t.Skip("scans 400 logs twice")
	}
	dir := t.TempDir()
	evidence := filepath.Join(dir, "evidence")
	writeBusy(t, evidence)
	calm, killed := filepath.Join(dir, "calm"), filepath.Join(dir, "killed")
	enrolled(t, dir, calm, killed)
	scan := func(home string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command("limier", "agent", "--once", "--jitter", "0", "--cpu", "100", "--dir", home, "--path", evidence)
		log := new(bytes.Buffer)
		cmd.Stderr = log
		return cmd, log
	}

	cmd, log := scan(calm)
	if err := cmd.Run(); err == nil || !bytes.Contains(log.Bytes(), []byte("scanned")) { // the hub is away by now
		t.Fatal(err, log)
	}
	want := spooled(t, calm)
	if n := bytes.Count(want, []byte(`{"finding":`)); n < 10 {
		t.Fatalf("%d findings: %.2000s", n, want)
	}

	checkpoint := filepath.Join(killed, "checkpoint")
	size := func() int64 {
		info, err := os.Stat(checkpoint)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	const frame = 60_000 // one of these logs has some 50 kB, and the last may be torn by the kill itself
	goesOn := regexp.MustCompile(`cut short goes on" files=[1-9]`)
	random := rand.New(rand.NewPCG(1, 2))
	said, found := "", false // what the next process is to say of the checkpoint, and whether it uses any of it
	check := func(log *bytes.Buffer) {
		t.Helper()
		if !strings.Contains(log.String(), said) || goesOn.Match(log.Bytes()) != found {
			t.Errorf("want %q, goes on: %t\n%s", said, found, log)
		}
	}
	for _, damage := range []struct {
		change func([]byte) []byte
		said   string
		found  bool
	}{
		{func(b []byte) []byte { return b }, "", true},
		{func(b []byte) []byte { return append(b, b[len(b)-1000:]...) }, "torn after", true},
		{func(b []byte) []byte { return b[:len(b)-1-random.IntN(1000)] }, "torn after", true},
		{func(b []byte) []byte { b[len(b)-1-random.IntN(1000)] ^= 4; return b }, "torn after", true},
		{func(b []byte) []byte { return b[10:] }, "damaged", false},
		{func(b []byte) []byte { return b }, "", true},
	} {
		cmd, log := scan(killed)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for low := size(); ; { // what is torn is cut off first
			at := size()
			if at > low+frame {
				break
			}
			low = min(low, at)
			select {
			case err := <-ended:
				t.Fatalf("the scan ended before its checkpoint had grown: %v\n%s", err, log)
			case <-time.After(time.Millisecond):
			}
		}
		cmd.Process.Kill()
		if <-ended; cmd.ProcessState.Exited() {
			t.Fatalf("the collector was not killed in its scan: %s", log)
		}
		check(log)
		b, err := os.ReadFile(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(checkpoint, damage.change(b), 0o600); err != nil {
			t.Fatal(err)
		}
		said, found = damage.said, damage.found
	}
	cmd, log = scan(killed)
	cmd.Run() // the hub is still away
	check(log)
	if got := spooled(t, killed); !bytes.Equal(got, want) {
		t.Errorf("another case: %d bytes, want %d\n%s", len(got), len(want), log)
	}
}

// writeBusy writes logs that tell much and pages that tell little, so that a
// checkpoint grows while they are read.
func writeBusy(t *testing.T, dir string) {
	t.Helper()
	for day := range 400 {
		log := []byte("#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) sc-status\n")
		for i := range 300 {
			log = fmt.Appendf(log, "2021-03-%02d 04:%02d:%02d 203.0.113.%d POST /aspnet_client/x%d-%d.aspx agent-%d 200\n", 1+day%28, i/60, i%60, i%7, day%20, i, day%9)
		}
		write(t, filepath.Join(dir, "inetpub", "logs", "LogFiles", fmt.Sprintf("W3SVC%d", 1+day/28), fmt.Sprintf("u_ex2103%02d.log", 1+day%28)), log)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// enrolled makes collectors in the folders that know a hub, which is gone when
// it returns.
func enrolled(t *testing.T, dir string, homes ...string) {
	t.Helper()
	data := filepath.Join(dir, "hub")
	addr, _, stop := serving(t, data, nil)
	defer stop()
	for i, home := range homes {
		enroll(t, data, addr, home, fmt.Sprint("ex", i))
	}
}

// spooled is the one case in a collector's spool.
func spooled(t *testing.T, home string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(home, "spool", "waiting", "*.zst"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	f, err := os.Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
