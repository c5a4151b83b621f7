package agent

import (
	"encoding/hex"
	"iter"

	"limier/baseline"
	"limier/wire"
)

// maxNamed bounds the files whose hash a case sends.
const maxNamed = 2000

// worthSending leaves out the hashes of files that everybody has, and of logs
// that no finding speaks of: a case stays small, and raw evidence stays here.
func worthSending(messages iter.Seq2[wire.Message, error]) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		proof := map[string]bool{} // findings come before evidence
		named := 0
		for m, err := range messages {
			switch {
			case err != nil:
			case m.Finding != nil:
				for _, s := range m.Finding.Steps {
					proof[s.Ref.Path] = true
				}
			case m.Evidence != nil:
				if !proof[m.Evidence.Path] && !unknown(*m.Evidence) {
					continue
				}
				if named++; named > maxNamed {
					continue
				}
			case m.End != nil && named > maxNamed:
				gap := &wire.Gap{Reason: "more unknown files than a case names: the rest were judged all the same", Count: named - maxNamed}
				if !yield(wire.Message{Gap: gap}, nil) {
					return
				}
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
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
