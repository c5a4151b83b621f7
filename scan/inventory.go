package scan

import (
	"bytes"
	"cmp"
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
	scripts map[string]*entry // by path as requested; nil for one that is no script
	dropped int
}

// An entry sums up the requests for one path.
type entry struct {
	detect.Script
	clients, agents counts // of the requests that were added, until listed
}

// A counts counts texts: adding to one that was seen costs one look.
type counts map[string]*int

// find returns the entry of a path, or nil if it names no script.
func (v *inventory) find(path []byte) *entry {
	if e, ok := v.scripts[string(path)]; ok || len(path) == 0 {
		return e
	}
	var e *entry
	if script(path) {
		e = &entry{
			Script:  detect.Script{Path: strings.ToLower(string(path)), Statuses: map[int]int{}, Clients: map[string]int{}, Agents: map[string]int{}},
			clients: counts{}, agents: counts{},
		}
	}
	if len(v.scripts) >= maxScripts {
		if e != nil {
			v.dropped++
		}
		return nil
	}
	if v.scripts == nil {
		v.scripts = map[string]*entry{}
	}
	v.scripts[string(path)] = e
	return e
}

// script reports whether the path names a server-side script, perhaps with a
// path behind it: "/owa/auth/x.aspx/y".
func script(path []byte) bool {
	for {
		i := bytes.IndexByte(path, '.')
		if i < 0 {
			return false
		}
		j := i + 1
		for j < len(path) && path[j] != '/' && path[j] != '.' && path[j] != ';' {
			j++
		}
		if ext := path[i:j]; len(ext) >= 3 && len(ext) <= 7 && baseline.Script(string(ext)) {
			return true
		}
		path = path[j:]
	}
}

// add counts one request.
func (s *entry) add(r parse.Request, ref evidence.Ref) {
	if s.Requests == 0 {
		s.First = r.Time
	}
	s.Requests++
	if r.Post {
		s.Posts++
	}
	if len(s.Proof) < maxProof/2 {
		s.Proof = append(s.Proof, ref)
	}
	if r.Status >= 200 && r.Status < 300 {
		if s.Answered == 0 && s.Requests > maxProof/2 {
			s.Proof = append(s.Proof, ref)
		}
		s.Answered++
		if s.FirstOK.IsZero() || r.Time.Before(s.FirstOK) {
			s.FirstOK = r.Time
		}
	}
	if len(s.Statuses) < 50 {
		s.Statuses[r.Status]++
	}
	client := r.Client
	if bytes.IndexByte(client, ':') >= 0 {
		client = []byte(detect.Address(string(client)))
	}
	s.clients.add(client, maxClients)
	s.agents.add(r.Agent, maxAgents)
	if r.Time.Before(s.First) {
		s.First = r.Time
	}
	if r.Time.After(s.Last) {
		s.Last = r.Time
	}
}

// add counts key, if it was counted before or there is room for it.
func (t counts) add(key []byte, most int) {
	if n := t[string(key)]; n != nil {
		*n++
	} else if len(t) < most {
		one := 1
		t[string(key)] = &one
	}
}

// moveTo empties the counts into a map.
func (t counts) moveTo(into map[string]int) {
	for k, n := range t {
		into[k] += *n
	}
	clear(t)
}

// merge adds the requests of other, which come after those of v. Paths that
// differ in case only become one.
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
				v.scripts = map[string]*entry{}
			}
			v.scripts[s.Path] = &entry{Script: s}
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

// mergeCounts adds from to into, as far as there is room, and then in a fixed
// order.
func mergeCounts(into, from map[string]int, most int) {
	if len(into)+len(from) <= most {
		for k, n := range from {
			into[k] += n
		}
		return
	}
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

// list returns the scripts that were requested, by path.
func (v *inventory) list() []detect.Script {
	var all []detect.Script
	for _, s := range v.scripts {
		if s != nil && s.Requests > 0 {
			s.clients.moveTo(s.Clients)
			s.agents.moveTo(s.Agents)
			all = append(all, s.Script)
		}
	}
	slices.SortFunc(all, func(a, b detect.Script) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.First.Compare(b.First), cmp.Compare(a.Requests, b.Requests))
	})
	return all
}
