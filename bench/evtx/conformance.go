package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"limier/internal/evtx"
)

// A score is what comparing with one reader came to.
type score struct {
	reader      string
	records     int // theirs
	both        int
	onlyOurs    int
	onlyTheirs  int
	equal       int            // values
	layouts     int            // records with the same elements and attributes
	kinds       map[string]int // differences by explanation
	examples    map[string]string
	unexplained []string
}

func newScore(reader string) *score {
	return &score{reader: reader, kinds: map[string]int{}, examples: map[string]string{}}
}

func (s *score) note(kind string, n int, example string) {
	if kind == "" || explanations[kind] == "" {
		s.unexplained = append(s.unexplained, example)
		return
	}
	s.kinds[kind] += n
	if s.examples[kind] == "" {
		s.examples[kind] = example
	}
}

// A health is how one log was read.
type health struct {
	name    string
	records int
	lost    []*evtx.Lost
	theirs  map[string]int // records by reader
}

// A result is the whole comparison.
type result struct {
	logs    []health
	records int
	values  int
	scores  []*score
}

// conformance compares our reader with Velocidex/evtx, and with what peers.py
// wrote if lines are given.
func conformance(logs []log, lines []peerLine) *result {
	r := &result{}
	v := newScore("Velocidex/evtx")
	r.scores = append(r.scores, v)
	for _, l := range logs {
		a, lost := ours(l.data)
		b, again, errs := velocidex(l.data)
		for _, e := range errs {
			v.note("their error", 1, path.Base(l.name)+": "+e)
		}
		for _, k := range again {
			v.note("their loop", 1, fmt.Sprintf("%s record %d", path.Base(l.name), k.id))
		}
		h := health{name: l.name, records: len(a), lost: lost, theirs: map[string]int{v.reader: len(b)}}
		r.logs = append(r.logs, h)
		r.records += len(a)
		v.records += len(b)
		for _, k := range sortedKeys(a) {
			r.values += len(a[k])
			theirs, ok := b[k]
			if !ok {
				v.onlyOurs++
				kind := ""
				if len(lost) > 0 {
					kind = "their stop"
				}
				v.note(kind, 1, fmt.Sprintf("%s record %d", path.Base(l.name), k.id))
				continue
			}
			v.both++
			v.differences(path.Base(l.name), k, a[k], theirs, func(a, b string) bool { return a == b }, explainVelocidex)
		}
		for _, k := range sortedKeys(b) {
			if _, ok := a[k]; !ok {
				v.onlyTheirs++
				v.note(torn(lost, k.id), 1, fmt.Sprintf("%s record %d", path.Base(l.name), k.id))
			}
		}
	}
	if len(lines) > 0 {
		r.peers(logs, lines)
	}
	return r
}

func (s *score) differences(log string, k key, ours, theirs []fact, same func(a, b string) bool,
	explain func(d difference, ours, theirs []fact) string) {
	equal, diffs := compare(log, k, ours, theirs, same)
	s.equal += equal
	for _, d := range diffs {
		s.note(explain(d, ours, theirs), 1, d.String())
	}
}

// torn explains a record that only they have: we reported it as lost.
func torn(lost []*evtx.Lost, id uint64) string {
	for _, l := range lost {
		if l.Record == id {
			return "torn record"
		}
	}
	return ""
}

func sortedKeys(m map[key][]fact) []key {
	return slices.SortedFunc(maps.Keys(m), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.chunk, b.chunk), cmp.Compare(a.id, b.id))
	})
}

// peers compares with the XML of other readers. Libevtx does not say where a
// record lies, so its records are found by their identifiers, in order.
func (r *result) peers(logs []log, lines []peerLine) {
	type place struct {
		log    string
		offset int64
	}
	byOffset := map[place][]fact{}
	layouts := map[place]string{}
	byID := map[place][]place{}
	lost := map[string][]*evtx.Lost{}
	index := map[string]int{}
	for i, l := range logs {
		index[l.name] = i
		lost[l.name] = r.logs[i].lost
		err := each(l.data, func(rec *evtx.Record, _ int64) {
			facts, layout, err := xmlFacts(rec.AppendXML(nil))
			if err != nil {
				r.scores[0].unexplained = append(r.scores[0].unexplained, fmt.Sprintf("our XML of %s record %d: %v", l.name, rec.ID, err))
			}
			at, id := place{l.name, rec.Offset}, place{l.name, int64(rec.ID)}
			byOffset[at], layouts[at] = facts, layout
			byID[id] = append(byID[id], at)
		}, func(*evtx.Lost) {})
		if err != nil {
			panic(err) // reading memory cannot fail
		}
	}
	scores := map[string]*score{}
	seen := map[string]map[place]bool{}
	for _, line := range lines {
		s := scores[line.Reader]
		if s == nil {
			s = newScore(line.Reader)
			scores[line.Reader], seen[line.Reader] = s, map[place]bool{}
			r.scores = append(r.scores, s)
		}
		i, ok := index[line.File]
		if !ok {
			continue // not in the corpus
		}
		name := path.Base(line.File)
		if line.Error != "" {
			s.note("their error", 1, name+": "+line.Error)
			continue
		}
		s.records++
		r.logs[i].theirs[line.Reader]++
		at := place{line.File, line.Offset}
		if line.Offset == 0 {
			id := place{line.File, int64(line.ID)}
			if len(byID[id]) > 0 {
				at = byID[id][0]
				if len(byID[id]) > 1 {
					byID[id] = byID[id][1:]
				}
			}
		}
		ours, ok := byOffset[at]
		if !ok {
			s.onlyTheirs++
			s.note(torn(lost[line.File], line.ID), 1, fmt.Sprintf("%s record %d", name, line.ID))
			continue
		}
		seen[line.Reader][at] = true
		theirs, layout, err := xmlFacts([]byte(line.XML))
		if err != nil {
			s.note("control character", 1, fmt.Sprintf("%s record %d: %v", name, line.ID, err))
			continue
		}
		s.both++
		s.differences(name, key{id: line.ID}, ours, theirs, alike, explainXML)
		switch {
		case layout == layouts[at]:
			s.layouts++
		case line.Reader == "python-evtx": // writes what is left out as empty
		case count(ours, markup) > 0:
			s.note("unescaped", 1, fmt.Sprintf("%s record %d", name, line.ID))
		default:
			s.note("", 1, fmt.Sprintf("%s record %d: layout %s, theirs %s", name, line.ID, layouts[at], layout))
		}
	}
	for reader, s := range scores {
		s.onlyOurs = len(byOffset) - len(seen[reader])
	}
	slices.SortFunc(r.scores[1:], func(a, b *score) int { return cmp.Compare(a.reader, b.reader) })
}

// write writes doc/evtx-conformance.md.
func (r *result) write(w io.Writer) {
	p := func(format string, a ...any) { fmt.Fprintf(w, format+"\n", a...) }
	p("# EVTX: conformance of our reader\n")
	p("Made by `bench/evtx` from the real evidence of the project (`evtx-attack`, `evtx-benign`, `sigma/regression_data`,")
	p("zip members included); do not edit. To repeat:\n")
	p("    bench/evtx/peers.py DATA >peers.jsonl          # python3-evtx and python3-libevtx of Debian")
	p("    bench/evtx.sh conformance -peers $PWD/peers.jsonl DATA >doc/evtx-conformance.md\n")
	p("We read %d records with %d values from %d logs. Each value is compared by name and text; notations (hexadecimal,", r.records, r.values, len(r.logs))
	p("time, GUID case, base64) are made equal first, and empty values left out.\n")
	p("| reader | their records | read by both | values equal | values that differ | only they read | only we read | unexplained |")
	p("|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, s := range r.scores {
		n := 0
		for _, k := range slices.Sorted(maps.Keys(s.kinds)) {
			if !strings.HasPrefix(k, "their ") && k != "torn record" {
				n += s.kinds[k]
			}
		}
		p("| %s | %d | %d | %d | %d | %d | %d | %d |", s.reader, s.records, s.both, s.equal, n, s.onlyTheirs, s.onlyOurs, len(s.unexplained))
	}
	for _, s := range r.scores {
		if s.reader == "libevtx" {
			p("\nOf libevtx's records %d have the same elements and attributes in the same order as our XML, empty ones included;", s.layouts)
			p("the other %d hold text with markup, which it does not escape.", s.both-s.layouts)
		}
	}
	p("\n## Every kind of difference\n")
	p("| reader | kind | times | why | for instance |")
	p("|---|---|---:|---|---|")
	for _, s := range r.scores {
		for _, k := range slices.Sorted(maps.Keys(s.kinds)) {
			p("| %s | %s | %d | %s | %s |", s.reader, k, s.kinds[k], explanations[k], cell(s.examples[k]))
		}
	}
	p("\n## Logs that are not whole\n")
	p("What we lost and where is what a scan reports as gaps.\n")
	head, line := "| log | our records |", "|---|---:|"
	for _, s := range r.scores {
		head += " " + s.reader + " |"
		line += "---:|"
	}
	p("%s losses we report |", head)
	p("%s---|", line)
	whole := 0
	for _, h := range r.logs {
		if len(h.lost) == 0 {
			whole++
			continue
		}
		row := fmt.Sprintf("| %s | %d |", path.Base(h.name), h.records)
		for _, s := range r.scores {
			row += fmt.Sprintf(" %d |", h.theirs[s.reader])
		}
		var losses []string
		for _, l := range h.lost {
			losses = append(losses, l.Error())
		}
		p("%s %s |", row, strings.Join(losses, "<br>"))
	}
	p("\nThe other %d logs are whole: nothing is lost of them.", whole)
	for _, s := range r.scores {
		for _, u := range s.unexplained[:min(20, len(s.unexplained))] {
			p("\nUNEXPLAINED, %s: %s", s.reader, cell(u))
		}
	}
}

// cell makes text safe for a table.
func cell(s string) string {
	s = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(s)
	if len(s) > 260 {
		s = strings.ToValidUTF8(s[:260], "") + "…"
	}
	return s
}
