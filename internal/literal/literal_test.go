package literal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// contains is the oracle.
func contains(text, lit string) bool { return strings.Contains(ascii(text), ascii(lit)) }

// alphabet is small, so that random texts and literals meet; it holds pairs
// that differ in the case bit alone ("@" and "`") and a byte above ASCII.
const alphabet = "abAB@`./x1\xc3"

func text(t *rapid.T, name, letters string, least, most int) string {
	b := rapid.SliceOfN(rapid.SampledFrom([]byte(letters)), least, most).Draw(t, name)
	return string(b)
}

func literals(t *rapid.T) []string {
	var lits []string
	for i := range rapid.IntRange(0, 12).Draw(t, "n") {
		most := rapid.SampledFrom([]int{1, 2, 3, 5, 8, 14, 30}).Draw(t, "length")
		lits = append(lits, text(t, fmt.Sprint("literal", i), alphabet, 1, most))
	}
	return lits
}

func TestContained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lits := literals(t)
		if rapid.IntRange(0, 9).Draw(t, "empty") == 0 {
			lits = append(lits, "")
		}
		value := text(t, "value", alphabet+"\n", 0, 200)
		if len(lits) > 0 && rapid.Bool().Draw(t, "plant") {
			at := rapid.IntRange(0, len(value)).Draw(t, "at")
			value = value[:at] + rapid.SampledFrom(lits).Draw(t, "planted") + value[at:]
		}
		for _, s := range []*Set{New(lits), NewTuned(lits, []byte(value)), NewSource(lits...)(), teddySet(lits, value)} {
			got := make([]uint64, s.Words())
			s.Contained(got, []byte(value))
			if have, want := s.AnyIn(value), slices.ContainsFunc(lits, func(l string) bool { return contains(value, l) }); have != want {
				t.Fatalf("any of %q in %q: got %v, want %v", lits, value, have, want)
			}
			for i, l := range lits {
				if have, want := got[i/64]>>(i%64)&1 == 1, contains(value, l); have != want {
					t.Fatalf("%q in %q: got %v, want %v", l, value, have, want)
				}
			}
		}
	})
}

// teddySet returns the set of the literals with a teddy for all that it can
// look for.
func teddySet(lits []string, sample string) *Set {
	s := New(lits)
	m := newModel([]byte(sample))
	m.sampled = true
	var short, long []int
	for i, l := range s.lits {
		switch {
		case len(l) > 1:
			long = append(long, i)
		case len(l) == 1:
			short = append(short, i)
		}
	}
	s.groups = nil
	if g, _ := s.planTeddy(long, m.rates(s)); g.shape != nil {
		g.fill(s, long, m.rates(s))
		s.groups = append(s.groups, g)
	} else {
		short = append(short, long...)
	}
	s.divide(short, newModel([]byte(sample)).rates(s))
	return s
}

// skipSlowly does what skip does, byte by byte.
func (t *teddy) skipSlowly(b []byte) int {
	places := len(b) - width*t.stride + 1
	if places < 32 {
		return 0
	}
	for p := range places {
		in := [2]byte{0xff, 0xff}
		for k := range t.bytes {
			c := b[p+k*t.stride]
			for set := range in {
				in[set] &= t.halves[set][k].low[c&15] & t.halves[set][k].high[c>>4]
			}
		}
		g := group{size: width * t.stride, mask: t.mask}
		if in != [2]byte{} && t.table[g.hash(g.load(b, p))>>(32-tableBits)] != 0 {
			return p
		}
	}
	return places
}

func TestTeddy(t *testing.T) {
	if !hasTeddy {
		t.Skip("this processor has no teddy")
	}
	rapid.Check(t, func(t *rapid.T) {
		lits := slices.DeleteFunc(literals(t), func(l string) bool { return len(l) < 2 })
		if len(lits) == 0 {
			return
		}
		tail := text(t, "value", alphabet+"\n", 0, 300)
		value := []byte(strings.Repeat(string(typical[:100]), rapid.IntRange(0, 3).Draw(t, "before")) + tail)
		teddy := teddySet(lits, tail).groups[0].teddy
		got, want := teddy.skip(value), teddy.skipSlowly(value)
		if got != want {
			t.Fatalf("%q in %q: got %d, want %d", lits, value, got, want)
		}
	})
}

func TestTrial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := []byte(text(t, "sample", alphabet+"\n", 0, run))
		m, b := newModel(sample), bucket{}
		for i := range rapid.IntRange(1, 5).Draw(t, "n") {
			b = b.with([]byte(ascii(text(t, fmt.Sprint("gram", i), alphabet, 2, width))), narrow, m)
		}
		n := 0
		for p := 0; p+narrow.bytes <= len(sample); p++ {
			in := true
			for k, c := range sample[p : p+narrow.bytes] {
				in = in && b.low[k]>>(c&15)&1 == 1 && b.high[k]>>(c>>4)&1 == 1
			}
			if in {
				n++
			}
		}
		if got := newTrial(sample, narrow).rate(&b, 1); got*tried != float64(n) {
			t.Fatalf("in %q: got %v places, want %d", sample, got*tried, n)
		}
	})
}

func TestWideTeddy(t *testing.T) {
	if !hasTeddy {
		t.Skip("this processor has no teddy")
	}
	rapid.Check(t, func(t *rapid.T) {
		lits := slices.DeleteFunc(literals(t), func(l string) bool { return len(l) < width || strings.Contains(l, "\xc3") })
		if len(lits) == 0 {
			return
		}
		s := NewWide(lits)
		tail := text(t, "value", alphabet+"\n", 0, 150)
		if rapid.Bool().Draw(t, "plant") {
			tail += rapid.SampledFrom(lits).Draw(t, "planted") + text(t, "rest", alphabet, 0, 60)
		}
		value := slices.Concat(typical[:rapid.IntRange(0, 99).Draw(t, "before")], widen([]byte(tail)), typical[:rapid.IntRange(0, 9).Draw(t, "after")])
		teddy := s.groups[0].teddy
		got, want := teddy.skip(value), teddy.skipSlowly(value)
		if got != want {
			t.Fatalf("%q in %q: got %d, want %d", lits, value, got, want)
		}
		holds := slices.ContainsFunc(lits, func(l string) bool { return contains(string(value), string(widen([]byte(l)))) })
		if got := s.Any(value); got != holds {
			t.Fatalf("%q in %q: got %v, want %v", lits, value, got, holds)
		}
	})
}

func wantLines(s string, lits []string) (want []string) {
	for len(s) > 0 {
		line, rest, _ := strings.Cut(s, "\n")
		for _, l := range lits {
			if contains(line, l) {
				want = append(want, line)
				break
			}
		}
		s = rest
	}
	return want
}

func gotLines(s *Set, b string) (got []string) {
	for start, end := range s.Lines([]byte(b)) {
		got = append(got, b[start:end])
	}
	return got
}

func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lits := literals(t)
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			lits = append(lits, rapid.SampledFrom([]string{"", "a\nb", "\n"}).Draw(t, "odd literal"))
		}
		log := text(t, "log", alphabet+"\n\n\r", 0, 600)
		s := New(lits)
		if rapid.Bool().Draw(t, "teddy") {
			s = teddySet(lits, log)
		}
		want := wantLines(log, lits)
		if got := gotLines(s, log); strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != len(want) {
			t.Fatalf("literals %q in %q:\ngot  %q\nwant %q", lits, log, got, want)
		}

		// Cut at any line ends, the chunks give the same lines.
		var got []string
		for rest := log; rest != ""; {
			cut := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			if i := strings.IndexByte(rest[cut-1:], '\n'); i >= 0 {
				cut += i
			} else {
				cut = len(rest)
			}
			got = append(got, gotLines(s, rest[:cut])...)
			rest = rest[cut:]
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("in chunks: got %q, want %q", got, want)
		}
	})
}

// A literal at the very start or end of the buffer or of a line, at every
// phase of the step, is found.
func TestEveryPlace(t *testing.T) {
	for n := 1; n <= 40; n++ {
		lit := strings.Repeat("qzx", 14)[:n]
		lits := []string{lit, "/some/other/literal.aspx"}
		for _, s := range []*Set{New(lits), teddySet(lits, string(typical))} {
			for before := range 40 {
				for after := range 40 {
					line := strings.Repeat("-", before) + strings.ToUpper(lit) + strings.Repeat("-", after)
					for _, log := range []string{line, line + "\n", "--\n" + line, "--\n" + line + "\n\n", "\n" + line + "\n--"} {
						if got := gotLines(s, log); len(got) != 1 || got[0] != line {
							t.Fatalf("%q in %q: got %q", lit, log, got)
						}
					}
				}
			}
		}
	}
}

func TestCostTellsCommonFromRare(t *testing.T) {
	s := New([]string{"e", "win", "/ecp/y.js", "Mozilla/5.0"})
	if !(s.Cost(0) > s.Cost(1) && s.Cost(1) > s.Cost(2) && s.Cost(3) > s.Cost(2)) {
		t.Errorf("costs %v %v %v %v are out of order", s.Cost(0), s.Cost(1), s.Cost(2), s.Cost(3))
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := New([]string{"powershell", ".exe", "qx", "mimikatz"})
	dst, value := make([]uint64, s.Words()), []byte(`C:\Windows\System32\WindowsPowerShell\v1.0\PowerShell.EXE -enc`)
	if n := testing.AllocsPerRun(100, func() { s.Contained(dst, value) }); n != 0 {
		t.Errorf("Contained allocates %v times", n)
	}
	if dst[0] != 0b11 {
		t.Errorf("got %b, want 11", dst[0])
	}
}

func TestWide(t *testing.T) {
	s := NewWide([]string{"sekurlsa", "kerberos::"})
	for text, want := range map[string]bool{
		"\x01s\x00e\x00K\x00u\x00r\x00l\x00s\x00a\x00": true, "K\x00E\x00R\x00B\x00e\x00r\x00o\x00s\x00:\x00:\x00": true,
		"sekurlsa": false, "k\x00erberos::": false,
	} {
		if got := s.Any([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func FuzzSet(f *testing.F) {
	f.Add("ab\ncd\n.aspx\nx", "a log\nwith aB and .ASPX\n")
	f.Add("\xff\xfe\n@`", "`@`\xff\xfe")
	f.Fuzz(func(t *testing.T, list, log string) {
		if len(list) > 300 || len(log) > 600 {
			return
		}
		lits := strings.Split(list, "\n")
		var want []string
		for _, line := range strings.SplitAfter(log, "\n") {
			if line == "" {
				continue
			}
			for _, l := range lits {
				if contains(strings.TrimSuffix(line, "\n"), l) {
					want = append(want, strings.TrimSuffix(line, "\n"))
					break
				}
			}
		}
		for _, s := range []*Set{New(lits), teddySet(lits, log)} {
			got := make([]uint64, s.Words())
			s.Contained(got, []byte(log))
			for i, l := range lits {
				if have, want := got[i/64]>>(i%64)&1 == 1, contains(log, l); have != want {
					t.Fatalf("%q in %q: got %v, want %v", l, log, have, want)
				}
			}
			if have := gotLines(s, log); strings.Join(have, "\n") != strings.Join(want, "\n") {
				t.Fatalf("got %q, want %q", have, want)
			}
		}
	})
}

func ascii(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// benchLog is 16 MiB of an Exchange front end's log: the file named by
// LIMIER_BENCH_LOG, or else lines made from the built-in sample.
func benchLog(b *testing.B) []byte {
	if name := os.Getenv("LIMIER_BENCH_LOG"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		return data[:min(len(data), 16<<20)]
	}
	r := rand.New(rand.NewPCG(1, 2))
	lines := bytes.SplitAfter(typical, []byte("\n"))[:6]
	var out []byte
	for len(out) < 16<<20 {
		l := bytes.Clone(lines[r.IntN(len(lines))])
		for i, c := range l {
			if '0' <= c && c <= '9' && r.IntN(2) == 0 {
				l[i] = '0' + byte(r.IntN(10))
			}
		}
		out = append(out, l...)
	}
	return out
}

// exchange is the literals that a front end's log is searched for, made up in
// the shape of published indicators.
func exchange(n int, short bool) (lits []string) {
	stems := []string{"/owa/auth/%s.aspx", "/aspnet_client/%s.aspx", "/ecp/%s.js", "%s/2.25.1", "X-%s-CAT=", "/%s.php?cmd="}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		name := make([]byte, 4+r.IntN(8))
		for k := range name {
			name[k] = 'a' + byte(r.IntN(26))
		}
		lits = append(lits, fmt.Sprintf(stems[i%len(stems)], name))
	}
	if short {
		lits = append(lits, "';", "<?", "%27", "../", "@@v", "exec", "wget", "${jn", "{{7", "||1")
	}
	return lits
}

func BenchmarkLines(b *testing.B) {
	log := benchLog(b)
	for _, n := range []int{60, 300, 1000} {
		for _, short := range []bool{false, true} {
			b.Run(fmt.Sprintf("literals=%d/short=%v", n, short), func(b *testing.B) {
				s := NewTuned(exchange(n, short), log)
				b.SetBytes(int64(len(log)))
				hits := 0
				for b.Loop() {
					hits = 0
					for chunk := log; len(chunk) > 0; {
						end := min(1<<20, len(chunk))
						if i := bytes.IndexByte(chunk[end-1:], '\n'); i >= 0 {
							end += i
						}
						for range s.Lines(chunk[:end]) {
							hits++
						}
						chunk = chunk[end:]
					}
				}
				b.ReportMetric(float64(hits), "lines")
			})
		}
	}
}

func BenchmarkContained(b *testing.B) {
	lits := append(exchange(3000, false), "powershell", "\\cmd.exe", "whoami", ".dll", "-enc")
	value := []byte(`"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -ExecutionPolicy Bypass -EncodedCommand JABzAD0ATgBl`)
	s := New(lits)
	dst := make([]uint64, s.Words())
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		clear(dst)
		s.Contained(dst, value)
	}
}
