// Command gen rebuilds the table of known-good files that package baseline
// embeds:
//
//	xz -dc ../shared/data/builds/exchange-known-good-hashes.tsv.xz | go run ./baseline/gen > baseline/known.bin
//
// Its input has a comment line "# builds: 0=15.0.516.32 1=…" and lines of
// SHA-256, path and the indices of the builds that have it ("6-29,31").
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"limier/baseline"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

type set [17]byte // a bit for each of up to 136 builds

func (s *set) or(t set) {
	for i := range s {
		s[i] |= t[i]
	}
}

type table struct {
	builds   []string
	hashes   map[[32]byte]bool
	contents map[string]map[[32]byte]set // of scripts and programs, by path
}

func run(r io.Reader, w io.Writer) error {
	t := table{hashes: map[[32]byte]bool{}, contents: map[string]map[[32]byte]set{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := t.add(lines.Text()); err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(t.builds) == 0 || (len(t.builds)+7)/8 != len(set{}) {
		return fmt.Errorf("%d builds: want 129 to 136", len(t.builds))
	}
	return t.write(w)
}

func (t *table) add(line string) error {
	if list, ok := strings.CutPrefix(line, "# builds: "); ok {
		for i, f := range strings.Fields(list) {
			n, build, ok := strings.Cut(f, "=")
			if !ok || n != strconv.Itoa(i) {
				return fmt.Errorf("build %q is out of order", f)
			}
			t.builds = append(t.builds, build)
		}
		return nil
	}
	if strings.HasPrefix(line, "#") {
		return nil
	}
	f := strings.Split(line, "\t")
	if len(f) != 3 {
		return fmt.Errorf("%d columns", len(f))
	}
	var sum [32]byte
	if n, err := hex.Decode(sum[:], []byte(f[0])); err != nil || n != 32 {
		return fmt.Errorf("no SHA-256: %v", err)
	}
	t.hashes[sum] = true
	// Nine builds were listed from ClientAccess on.
	path := strings.ToLower(strings.ReplaceAll(f[1], `\`, "/"))
	if !strings.HasPrefix(path, "clientaccess/") && !strings.HasPrefix(path, "frontend/") {
		path = "clientaccess/" + path
	}
	rel, ok := baseline.Rel(path)
	if !ok || !baseline.Listed(path) {
		return nil
	}
	if t.contents[rel] == nil {
		t.contents[rel] = map[[32]byte]set{}
	}
	s := t.contents[rel][sum]
	for _, span := range strings.Split(f[2], ",") {
		from, to, ok := strings.Cut(span, "-")
		if !ok {
			to = from
		}
		a, err := strconv.Atoi(from)
		if err != nil {
			return err
		}
		b, err := strconv.Atoi(to)
		if err != nil || b >= len(t.builds) || a > b {
			return fmt.Errorf("builds %q", span)
		}
		for ; a <= b; a++ {
			s[a/8] |= 1 << (a % 8)
		}
	}
	t.contents[rel][sum] = s
	return nil
}

func compareSums(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

func (t *table) write(w io.Writer) error {
	var counts, starts, hashes, names, paths, contents, sets []byte
	sums := make([][32]byte, 0, len(t.hashes))
	for s := range t.hashes {
		sums = append(sums, s)
	}
	slices.SortFunc(sums, compareSums)
	counts = make([]byte, 1<<16)
	for _, s := range sums {
		bucket := binary.BigEndian.Uint16(s[:])
		if counts[bucket]++; counts[bucket] == 0 {
			return fmt.Errorf("more than 255 hashes begin %04x", bucket)
		}
		hashes = append(hashes, s[2:11]...)
	}
	before := 0
	for i, n := range counts {
		if i%32 == 0 {
			starts = binary.LittleEndian.AppendUint32(starts, uint32(before))
		}
		before += int(n)
	}

	number := map[set]uint16{}
	setOf := func(s set) uint16 {
		n, ok := number[s]
		if !ok {
			n = uint16(len(number))
			number[s] = n
			sets = append(sets, s[:]...)
		}
		return n
	}
	rels := make([]string, 0, len(t.contents))
	for rel := range t.contents {
		rels = append(rels, rel)
	}
	slices.SortFunc(rels, cmp.Compare)
	for _, rel := range rels {
		var these [][32]byte
		var all set
		if baseline.Script(rel) {
			for s, in := range t.contents[rel] {
				these = append(these, s)
				all.or(in)
			}
		}
		slices.SortFunc(these, compareSums)
		names = append(names, rel...)
		paths = binary.LittleEndian.AppendUint32(paths, uint32(len(names)))
		paths = binary.LittleEndian.AppendUint32(paths, uint32(len(contents)/18))
		paths = binary.LittleEndian.AppendUint16(paths, uint16(len(these)))
		paths = binary.LittleEndian.AppendUint16(paths, setOf(all))
		for _, s := range these {
			contents = append(contents, s[:16]...)
			contents = binary.LittleEndian.AppendUint16(contents, setOf(t.contents[rel][s]))
		}
	}

	var out []byte
	parts := [][]byte{counts, starts, hashes, []byte(strings.Join(t.builds, "\n")), names, paths, contents}
	for _, p := range parts {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p)))
	}
	_, err := w.Write(slices.Concat(append([][]byte{out}, append(parts, sets)...)...))
	fmt.Fprintf(os.Stderr, "%d builds, %d hashes, %d paths, %d scripts' contents, %d sets\n",
		len(t.builds), len(sums), len(rels), len(contents)/18, len(number))
	return err
}
