package scan

import (
	"limier/detect"
	"limier/sighting"
)

// Limits of the sightings that are kept one by one.
const (
	maxAlike    = 100     // of one rule, client, status and path
	maxPerRule  = 5_000   // of one rule; past it, paths no longer tell sightings apart
	maxSighting = 100_000 // of a scan
)

// A fold keeps sightings in the order they come, and counts a flood instead of
// keeping it: an attacker decides how many lines a rule matches.
type fold struct {
	kept    []sighting.Sighting
	count   map[foldKey]int // sightings kept per key
	last    map[foldKey]int // place in kept of the one that stands for the rest
	perRule map[string]int
	dropped int // beyond maxSighting
}

type foldKey struct{ rule, client, status, path string }

func keyOf(s sighting.Sighting) foldKey {
	d := s.Event.Data
	first := func(names ...string) string {
		for _, n := range names {
			if v, ok := d.Field(n); ok {
				return v
			}
		}
		return ""
	}
	return foldKey{s.Rule.Name, detect.Address(first("c-ip", "ClientIpAddress", "Computer")), first("sc-status", "HttpStatus"),
		first("cs-uri-stem", "UrlStem", "Image", "TargetFilename")}
}

func (f *fold) add(s sighting.Sighting) {
	if f.count == nil {
		f.count, f.last, f.perRule = map[foldKey]int{}, map[foldKey]int{}, map[string]int{}
	}
	key := keyOf(s)
	if f.perRule[key.rule] >= maxPerRule {
		key.path = ""
	}
	switch {
	case f.count[key] >= maxAlike:
		into := &f.kept[f.last[key]]
		into.Count += s.Count
		if s.Last.After(into.Last) {
			into.Last = s.Last
		}
		return
	case len(f.kept) >= maxSighting:
		f.dropped += s.Count
		return
	}
	f.count[key]++
	f.perRule[key.rule]++
	f.last[key] = len(f.kept)
	f.kept = append(f.kept, s)
}

// merge adds the sightings of other, which come after those of f.
func (f *fold) merge(other *fold) {
	for _, s := range other.kept {
		f.add(s)
	}
	f.dropped += other.dropped
}
