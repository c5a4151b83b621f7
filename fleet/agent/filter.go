package agent

import (
	"encoding/hex"
	"iter"
	"slices"
	"strings"

	"limier/baseline"
	"limier/finding"
	"limier/wire"
)

// maxNamed bounds the files whose hash a case sends.
const maxNamed = 2000

// What a finding sends is bounded, for a hub refuses a case with a message that
// is too large, and whoever attacks decides how many addresses and how long a
// name of a browser the logs hold. In JSON, a byte of text takes six at most: a
// finding of 60 steps stays below fleet's 4 MiB.
const (
	maxAlike     = 500 // entities of one type
	maxAlikeText = 32 << 10
	maxText      = 4000 // bytes of one text
)

// worthSending leaves out the hashes of files that everybody has, of logs that
// no finding speaks of, and what is too much of a finding: a case stays small,
// and raw evidence stays here.
func worthSending(messages iter.Seq2[wire.Message, error]) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		proof := map[string]bool{} // findings come before evidence
		named, left := 0, 0
		for m, err := range messages {
			switch {
			case err != nil:
			case m.Finding != nil:
				for _, s := range m.Finding.Steps {
					proof[s.Ref.Path] = true
				}
				f, n := bounded(*m.Finding)
				m.Finding, left = &f, left+n
			case m.Evidence != nil:
				if !proof[m.Evidence.Path] && !unknown(*m.Evidence) {
					continue
				}
				if named++; named > maxNamed {
					continue
				}
			case m.End != nil:
				for _, gap := range []wire.Gap{
					{Reason: "more unknown files than a case names: the rest were judged all the same", Count: named - maxNamed},
					{Reason: "more addresses and names in findings than a case sends: the rest are in the logs", Count: left},
				} {
					if gap.Count > 0 && !yield(wire.Message{Gap: &gap}, nil) {
						return
					}
				}
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// bounded returns a finding that is not too large, and how many entities that
// leaves out.
func bounded(f finding.Finding) (_ finding.Finding, left int) {
	n, text := map[finding.EntityType]int{}, map[finding.EntityType]int{}
	var kept []finding.Entity
	for _, e := range f.Entities {
		if n[e.Type] == maxAlike || text[e.Type]+len(e.Value) > maxAlikeText {
			left++
			continue
		}
		n[e.Type]++
		text[e.Type] += len(e.Value)
		kept = append(kept, e)
	}
	f.Entities, f.Steps = kept, slices.Clone(f.Steps)
	f.Title, f.Reason = short(f.Title), short(f.Reason)
	for i := range f.Steps {
		f.Steps[i].Text = short(f.Steps[i].Text)
	}
	return f, left
}

func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// unknown reports whether no baseline knows the file, and it is of a kind that
// the web server runs or loads.
func unknown(e wire.Evidence) bool {
	sum, err := hex.DecodeString(e.SHA256)
	if err != nil || len(sum) != 32 || !baseline.Listed(e.Path) {
		return false
	}
	return !baseline.Known([32]byte(sum))
}
