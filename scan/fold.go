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
	alike   map[foldKey]*alike
	perRule map[string]int
	dropped int // beyond maxSighting
}

// alike is how many sightings of a key are kept, and the place in kept of the
// one that stands for the rest.
type alike struct{ kept, last int }

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

// add keeps a sighting, or counts it with those like it.
func (f *fold) add(s sighting.Sighting) (kept bool) {
	if f.alike == nil {
		f.alike, f.perRule = map[foldKey]*alike{}, map[string]int{}
	}
	key := keyOf(s)
	if f.perRule[key.rule] >= maxPerRule {
		key.path = ""
	}
	like := f.alike[key]
	switch {
	case like != nil && like.kept >= maxAlike:
		into := &f.kept[like.last]
		into.Count += s.Count
		if s.Last.After(into.Last) {
			into.Last = s.Last
		}
		return false
	case len(f.kept) >= maxSighting:
		f.dropped += s.Count
		return false
	case like == nil:
		like = &alike{}
		f.alike[key] = like
	}
	like.kept++
	like.last = len(f.kept)
	f.perRule[key.rule]++
	f.kept = append(f.kept, s)
	return true
}

// merge adds the sightings of other, which come after those of f.
func (f *fold) merge(other *fold) {
	for _, s := range other.kept {
		f.add(s)
	}
	f.dropped += other.dropped
}
