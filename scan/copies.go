package scan

import (
	"hash/maphash"
	"time"

	"limier/event"
)

// A telling is what one line or record says, whichever file holds it.
type telling struct {
	rule, host, text string
	time             time.Time
}

// copies knows what the files read so far told, by its hash. Collections hold a
// log twice: under another name, as a shadow copy had it, or with other line
// ends. The zero value is empty.
type copies struct {
	seed maphash.Seed
	told map[uint64]heard
}

// maxTold bounds what is remembered, to some 50 MB: copies of what comes after
// it count twice.
const maxTold = 1 << 20

// heard is how many lines or records of one file say the same, and how many more
// the last of them stands for.
type heard struct{ lines, folded int }

// drop takes out of a file's result what another file told already. Lines alike
// within one file are as many events. If nothing new is left, the file's requests
// are not counted again either.
func (c *copies) drop(r *result) {
	if c.told == nil {
		*c = copies{maphash.MakeSeed(), map[uint64]heard{}}
	}
	here := map[uint64]heard{}
	seen := map[*event.Event]bool{} // several rules may have sighted one
	all := r.fold.kept
	kept := all[:0:0]
	for _, s := range all {
		if _, file := s.Event.Data.(*event.FileData); file {
			kept = append(kept, s)
			continue
		}
		key := maphash.Comparable(c.seed, telling{s.Rule.Name, s.Event.Host, s.Event.Raw, s.Event.Time})
		n := here[key]
		n.lines++
		n.folded = max(n.folded, s.Count-1)
		here[key] = n
		if before, ok := c.told[key]; ok && n.lines <= before.lines {
			again := min(s.Count, before.folded+1)
			if !seen[s.Event] {
				seen[s.Event] = true
				r.scripts.less(s.Event, again)
			}
			if s.Count -= again; s.Count == 0 {
				continue
			}
		}
		kept = append(kept, s)
	}
	for key, n := range here {
		before, ok := c.told[key]
		if ok || len(c.told) < maxTold {
			c.told[key] = heard{max(n.lines, before.lines), max(n.folded, before.folded)}
		}
	}
	r.fold.kept = kept
	if len(kept) == 0 && len(all) > 0 {
		r.scripts = inventory{}
	}
}
