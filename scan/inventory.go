package scan

import (
	"slices"
	"strings"

	"limier/baseline"
	"limier/detect"
	"limier/evidence"
	"limier/parse"
)

// Limits of the request inventory.
const (
	maxScripts = 20_000
	maxClients = 100
	maxAgents  = 20
	maxProof   = 4
)

// An inventory sums up the requests for each path that names a server-side
// script. The zero value is empty.
type inventory struct {
	scripts map[string]*detect.Script
	dropped int
}

// script reports whether the path names a server-side script, perhaps with a
// path behind it: "/owa/auth/x.aspx/y".
func script(path []byte) bool {
	i := 0
	for {
		for i < len(path) && path[i] != '.' {
			i++
		}
		if i >= len(path) {
			return false
		}
		j := i + 1
		for j < len(path) && path[j] != '/' && path[j] != '.' && path[j] != ';' {
			j++
		}
		if ext := path[i:j]; len(ext) >= 3 && len(ext) <= 7 && baseline.Script(string(ext)) {
			return true
		}
		i = j
	}
}

// add counts one request.
func (v *inventory) add(r parse.Request, ref func() evidence.Ref) {
	if !script(r.Path) {
		return
	}
	var lower [256]byte
	key := append(lower[:0], r.Path...)
	for i, c := range key {
		if 'A' <= c && c <= 'Z' {
			key[i] = c + 'a' - 'A'
		}
	}
	s := v.scripts[string(key)]
	if s == nil {
		if len(v.scripts) >= maxScripts {
			v.dropped++
			return
		}
		if v.scripts == nil {
			v.scripts = map[string]*detect.Script{}
		}
		s = &detect.Script{Path: string(key), First: r.Time, Statuses: map[int]int{}, Clients: map[string]int{}, Agents: map[string]int{}}
		v.scripts[s.Path] = s
	}
	s.Requests++
	if r.Post {
		s.Posts++
	}
	if len(s.Proof) < maxProof/2 {
		s.Proof = append(s.Proof, ref())
	}
	if r.Status >= 200 && r.Status < 300 {
		if s.Answered == 0 && s.Requests > maxProof/2 {
			s.Proof = append(s.Proof, ref())
		}
		s.Answered++
		if s.FirstOK.IsZero() || r.Time.Before(s.FirstOK) {
			s.FirstOK = r.Time
		}
	}
	if len(s.Statuses) < 50 {
		s.Statuses[r.Status]++
	}
	count(s.Clients, r.Client, maxClients)
	count(s.Agents, r.Agent, maxAgents)
	if r.Time.Before(s.First) {
		s.First = r.Time
	}
	if r.Time.After(s.Last) {
		s.Last = r.Time
	}
}

// count adds one to m[key], if it is there or there is room for it.
func count(m map[string]int, key []byte, most int) {
	if n, ok := m[string(key)]; ok {
		m[string(key)] = n + 1
	} else if len(m) < most {
		m[string(key)] = 1
	}
}

// merge adds the requests of other, which come after those of v.
func (v *inventory) merge(other *inventory) {
	v.dropped += other.dropped
	for _, s := range other.list() {
		into := v.scripts[s.Path]
		if into == nil {
			if len(v.scripts) >= maxScripts {
				v.dropped += s.Requests
				continue
			}
			if v.scripts == nil {
				v.scripts = map[string]*detect.Script{}
			}
			v.scripts[s.Path] = &s
			continue
		}
		if into.Answered == 0 && s.Answered > 0 {
			into.Proof = append(into.Proof, s.Proof...)
		} else if len(into.Proof) < maxProof {
			into.Proof = append(into.Proof, s.Proof[:min(len(s.Proof), maxProof-len(into.Proof))]...)
		}
		into.Requests += s.Requests
		into.Posts += s.Posts
		into.Answered += s.Answered
		if s.First.Before(into.First) {
			into.First = s.First
		}
		if s.Last.After(into.Last) {
			into.Last = s.Last
		}
		if !s.FirstOK.IsZero() && (into.FirstOK.IsZero() || s.FirstOK.Before(into.FirstOK)) {
			into.FirstOK = s.FirstOK
		}
		for k, n := range s.Statuses {
			into.Statuses[k] += n
		}
		mergeCounts(into.Clients, s.Clients, maxClients)
		mergeCounts(into.Agents, s.Agents, maxAgents)
	}
}

// mergeCounts adds from to into, in a fixed order, as far as there is room.
func mergeCounts(into, from map[string]int, most int) {
	keys := make([]string, 0, len(from))
	for k := range from {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if _, ok := into[k]; ok || len(into) < most {
			into[k] += from[k]
		}
	}
}

// list returns the scripts by path.
func (v *inventory) list() []detect.Script {
	all := make([]detect.Script, 0, len(v.scripts))
	for _, s := range v.scripts {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b detect.Script) int { return strings.Compare(a.Path, b.Path) })
	return all
}
