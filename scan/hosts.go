package scan

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"limier/acquire"
)

var errMixed = errors.New("not every log names its machine, and the evidence may be of several: scan each machine's by itself, then limier case merge")

// maxHosts bounds the sets of hosts and the archives that are told apart.
const maxHosts = 10_000

// hosts says which machines the evidence is of. The zero value is empty.
type hosts struct {
	events  map[string]int      // that name each host
	sets    map[string][]string // the hosts that one file names, by their names
	named   map[string]bool     // archives with a file that names a host; "" stands for what lies in none
	unnamed map[string]bool     // archives with a log that names none
}

// add notes what a file tells.
func (h *hosts) add(r *result) {
	if h.events == nil {
		*h = hosts{map[string]int{}, map[string][]string{}, map[string]bool{}, map[string]bool{}}
	}
	for name, n := range r.hosts {
		if h.events[name] > 0 || len(h.events) < maxHosts {
			h.events[name] += n
		}
	}
	in := h.unnamed
	switch {
	case len(r.hosts) > 0:
		in = h.named
		names := slices.Sorted(maps.Keys(r.hosts))
		if len(h.sets) < maxHosts {
			h.sets[strings.Join(names, "\x00")] = names
		}
	case !web(r):
		return
	}
	if len(in) < maxHosts {
		in[archive(r.path)] = true
	}
}

// web reports whether a file holds requests or lines of Exchange's logs, which
// name no host.
func web(r *result) bool {
	for label, c := range r.cover {
		if c.Events > 0 && label != webFiles && label != otherFiles && label != "registry" && label != "IIS configuration" && label != "builds" {
			return true
		}
	}
	return false
}

// archive returns the path of the outermost archive that holds a file.
func archive(name string) string {
	for i := range len(name) {
		if name[i] == '/' && acquire.IsArchiveName(name[:i]) {
			return name[:i]
		}
	}
	return ""
}

// one is the name of the machine that all evidence is of: what most events
// carry. It is "" if some file tells of others only, and if logs that name none
// lie in an archive of their own: they may be of any machine. Other names beside
// it in one file are those that a machine had before.
func (h *hosts) one() string {
	best, most := "", 0
	for name, n := range h.events {
		if n > most || n == most && name < best {
			best, most = name, n
		}
	}
	for _, names := range h.sets {
		if !slices.ContainsFunc(names, func(n string) bool { return short(n) == short(best) }) {
			return ""
		}
	}
	for a := range h.unnamed {
		if !h.named[a] {
			return ""
		}
	}
	return best
}

// short is a host's name without its domain.
func short(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	return name
}
