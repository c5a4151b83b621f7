package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/charmbracelet/x/ansi"

	"limier/acquire"
	"limier/event"
	"limier/evidence"
	"limier/internal/attack"
	"limier/parse/evtx"
	"limier/scan"
	"limier/wire"
)

// stream scans a path and returns the messages.
func stream(t *testing.T, path string) []wire.Message {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"scan", "--json", path}, strings.NewReader(""), &out, &errs); code != exitNothing && code != exitFindings {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var all []wire.Message
	for line := range bytes.Lines(out.Bytes()) {
		var m wire.Message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// A log says the same in every encoding that it may come in: the same findings
// at the same lines. What an unclean end left in it is a gap that takes no
// event with it.
func TestEncodings(t *testing.T) {
	head := "#Software: Microsoft Internet Information Services 10.0\r\n" +
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n" +
		strings.Repeat("2021-03-03 04:11:20 10.0.0.5 GET /owa/auth/logon.aspx - 443 - 203.0.113.9 M\u00fcller/5.0 200 0 0 15\r\n", 30)
	tail := "2021-03-03 04:21:00 10.0.0.5 POST /aspnet_client/x1.aspx cmd=whoami 443 - 198.51.100.7 - 200 0 0 31\r\n"
	log := head + tail
	wide := func(text string, order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	summary := func(text string) (got []string, gaps int) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "u_ex210303.log"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, m := range stream(t, dir) {
			switch {
			case m.Finding != nil:
				for _, s := range m.Finding.Steps {
					got = append(got, fmt.Sprintf("%s %s:%d %s", m.Finding.Rule, s.Ref.Path, s.Ref.Line, s.Text))
					if at := int(s.Ref.Offset); at > 0 && !strings.HasPrefix(strings.TrimLeft(text[at:], "\x00"), "2021-03-03 04:21:00") {
						t.Errorf("offset %d is not where the line stands", at)
					}
				}
			case m.Gap != nil:
				gaps++
			case m.End != nil:
				got = append(got, fmt.Sprint(m.End.Verdict, m.End.Counts.Events))
			}
		}
		return got, gaps
	}
	want, _ := summary(log)
	if len(want) < 2 {
		t.Fatalf("nothing found in the plain log: %q", want)
	}
	for _, c := range []struct {
		name, text string
		gaps       int
	}{
		{"UTF-8 with a mark", "\xef\xbb\xbf" + log, 0},
		{"UTF-16 LE", wide("\ufeff"+log, binary.LittleEndian), 0},
		{"UTF-16 BE", wide("\ufeff"+log, binary.BigEndian), 0},
		{"UTF-16 LE without a mark", wide(log, binary.LittleEndian), 0},
		{"UTF-16 BE without a mark", wide(log, binary.BigEndian), 0},
		{"bare CR", strings.ReplaceAll(log, "\r\n", "\r"), 0},
		{"zero bytes after an unclean end", log + strings.Repeat("\x00", 4096), 1},
		{"zero bytes, then the log goes on", head + strings.Repeat("\x00", 4096) + tail, 1},
	} {
		got, gaps := summary(c.text)
		if !slices.Equal(got, want) || gaps != c.gaps {
			t.Errorf("%s: %d gaps, want %d\n got %q\nwant %q", c.name, gaps, c.gaps, got, want)
		}
	}
}

// Whatever a step says can be opened: its line of the evidence is its raw
// text, its record is there, its file exists. Techniques are ATT&CK's, and
// CVEs have their form.
func TestRefsOpen(t *testing.T) {
	paths := []string{"../../examples/intrusion", "../../examples/clean"}
	shared := os.Getenv("LIMIER_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	for _, group := range []string{"exchange-logs", "iis", "evtx-attack"} {
		path := filepath.Join(shared, "data", group)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		} else {
			t.Logf("%s is not there: not checked", group)
		}
	}
	for _, path := range paths {
		src, closer, err := acquire.Open(t.Context(), path, acquire.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		texts := map[string][][]byte{}
		records := map[string]map[uint64]*event.Event{}
		lines, binaries := 0, 0
		check := func(ref evidence.Ref, raw string) {
			switch {
			case ref.Line > 0 && strings.HasSuffix(ref.Path, ".xml"), ref.Line > 0 && strings.HasSuffix(ref.Path, ".config"):
				// An element may go over several lines.
			case ref.Line > 0:
				text, ok := texts[ref.Path]
				if !ok {
					data, err := fs.ReadFile(src.FS, ref.Path)
					if err != nil {
						t.Error(err)
					}
					text = bytes.Split(data, []byte("\n"))
					texts[ref.Path] = text
				}
				if ref.Line > len(text) {
					t.Errorf("%v: the file has %d lines", ref, len(text))
					return
				}
				line := strings.TrimRight(string(bytes.ToValidUTF8(text[ref.Line-1], []byte("\uFFFD"))), "\r")
				want := strings.TrimSuffix(raw, "…")
				if raw != "" && !strings.HasSuffix(ref.Path, ".json") && !strings.HasPrefix(strings.TrimPrefix(line, "\ufeff"), want) {
					t.Errorf("%v: the line is\n%s\nthe step says\n%s", ref, line, want)
				}
				lines++
			case ref.Record > 0:
				log, ok := records[ref.Path]
				if !ok {
					log = map[uint64]*event.Event{}
					f, err := src.FS.Open(ref.Path)
					if err != nil {
						t.Error(err)
						return
					}
					for ev := range evtx.Parser.Parse(t.Context(), ref.Path, f) {
						if ev != nil {
							log[ev.Ref.Record] = ev
						}
					}
					f.Close()
					records[ref.Path] = log
				}
				ev := log[ref.Record]
				if ev == nil {
					t.Errorf("%v: no such record", ref)
					return
				}
				for _, v := range ev.Data.Fields() {
					if len(v) > 3 && len(v) < 200 && len(raw) < 1900 && !strings.Contains(raw, v) {
						t.Errorf("%v: raw text lacks %q: %s", ref, v, raw)
						break
					}
				}
				binaries++
			default:
				if _, err := fs.Stat(src.FS, ref.Path); err != nil {
					t.Error(err)
				}
			}
		}
		for _, m := range stream(t, path) {
			if m.Exposure != nil {
				for _, ref := range m.Exposure.Proof {
					check(ref, "")
				}
			}
			f := m.Finding
			if f == nil {
				continue
			}
			for _, s := range f.Steps {
				check(s.Ref, s.Raw)
			}
			for _, id := range f.Techniques {
				if _, ok := attack.Lookup(id); !ok {
					t.Errorf("%s: %q is no technique of ATT&CK %s", f.Rule, id, attack.Version)
				}
			}
			for _, id := range f.CVEs {
				if year, n, ok := strings.Cut(strings.TrimPrefix(id, "CVE-"), "-"); !ok || len(year) != 4 || len(n) < 4 {
					t.Errorf("%s: %q is no CVE", f.Rule, id)
				}
			}
		}
		t.Logf("%s: %d lines and %d records opened", path, lines, binaries)
	}
}

// The line about the progress fits the terminal: what wraps cannot be removed.
func TestBarFits(t *testing.T) {
	for _, width := range []int{1, 20, 60, 200} {
		var out bytes.Buffer
		b := &bar{w: &out, width: func() int { return width }, start: time.Now().Add(-time.Minute)}
		b.show(scan.Progress{Files: 100_000, FilesDone: 50_000, Bytes: 1 << 40, BytesDone: 1 << 39, Sightings: 12_345})
		if got := ansi.StringWidth(out.String()); got >= max(width, 2) {
			t.Errorf("%d columns wide, on a terminal of %d: %q", got, width, out.String())
		}
	}
}

// Windows PowerShell's Export-Clixml writes UTF-16: HealthChecker's object of a
// server says the build in it as in UTF-8.
func TestServerObjectInUTF16(t *testing.T) {
	object := `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0"><TN RefId="0">` +
		`<T>Microsoft.Exchange.Data.Directory.Management.ExchangeServer</T></TN><Props><S N="Name">EX01</S>` +
		`<Obj N="AdminDisplayVersion"><ToString>Version 15.2 (Build 986.5)</ToString></Obj></Props></Obj></Objs>`
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(object)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	for _, text := range []string{object, string(b)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "EX01_GetExchangeServer.xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		run(t.Context(), []string{"scan", "--json", dir}, strings.NewReader(""), &out, &errs)
		if !strings.Contains(out.String(), `"build":"15.2.986.5"`) {
			t.Errorf("no build in %s", out.String())
		}
	}
}
