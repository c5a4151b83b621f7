package scan

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/baseline"
	"limier/detect"
	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Limits of the request inventory.
const (
	maxScripts = 20_000
	maxClients = 100
	maxAgents  = 20
	maxProof   = 4
	maxScript  = 4096 // bytes of its path; what IIS takes as its default
	maxText    = 1024 // of a client or an agent
)

// An inventory sums up the requests for each path that names a server-side
// script. The zero value is empty.
type inventory struct {
	scripts map[string]*entry // by path as requested; nil for one that is no script
	dropped int
}

// An entry sums up the requests for one path. Its Statuses, Clients and Agents
// are filled when it is listed.
type entry struct {
	detect.Script
	statuses        []answered
	clients, agents counts
}

// An answered is how often requests were answered with a status.
type answered struct{ status, n int }

// find returns the entry of a path, or nil if it names no script.
func (v *inventory) find(path []byte) *entry {
	if e, ok := v.scripts[string(path)]; ok || len(path) == 0 {
		return e
	}
	var e *entry
	if script(path) {
		e = &entry{Script: detect.Script{Path: strings.ToLower(string(path))}}
	}
	if len(v.scripts) >= maxScripts || len(path) > maxScript {
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
		s.FirstOK = earlier(s.FirstOK, r.Time)
	}
	s.answered(r.Status, 1)
	client := r.Client
	if bytes.IndexByte(client, ':') >= 0 {
		client = []byte(detect.Address(string(client)))
	}
	s.clients.add(client[:min(len(client), maxText)], 1, maxClients)
	s.agents.add(r.Agent[:min(len(r.Agent), maxText)], 1, maxAgents)
	s.First = earlier(s.First, r.Time)
	if r.Time.After(s.Last) {
		s.Last = r.Time
	}
}

// earlier returns the earlier of two times that are known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// request counts a request that a parser yields as an event.
func (v *inventory) request(ev *event.Event) {
	e := v.find([]byte(ev.Field("cs-uri-stem")))
	if e == nil {
		return
	}
	status, _ := strconv.Atoi(ev.Field("sc-status"))
	e.add(parse.Request{Post: ev.Field("cs-method") == "POST", Status: status, Client: []byte(ev.Field("c-ip")), Agent: []byte(ev.Field("cs(User-Agent)")), Time: ev.Time}, ev.Ref)
}

// less takes n requests like that of ev out again.
func (v *inventory) less(ev *event.Event, n int) {
	r, ok := detect.RequestOf(ev)
	e := v.scripts[r.Path]
	if !ok || e == nil {
		return
	}
	e.Requests -= min(n, e.Requests)
	if r.Method == "POST" {
		e.Posts -= min(n, e.Posts)
	}
	if r.OK() {
		e.Answered -= min(n, e.Answered)
	}
	e.answered(r.Status, -n)
}

// maxStatuses bounds the statuses that are told apart.
const maxStatuses = 50

func (s *entry) answered(status, n int) {
	for i := range s.statuses {
		if s.statuses[i].status == status {
			s.statuses[i].n += n
			return
		}
	}
	if len(s.statuses) < maxStatuses {
		s.statuses = append(s.statuses, answered{status, n})
	}
}

// merge adds the requests of other, which come after those of v. Paths that
// differ in case only become one. It takes over the entries of other.
func (v *inventory) merge(other *inventory) {
	v.dropped += other.dropped
	for _, s := range other.entries() {
		into := v.scripts[s.Path]
		switch {
		case into != nil:
			into.merge(s)
		case len(v.scripts) >= maxScripts:
			v.dropped += s.Requests
		default:
			if v.scripts == nil {
				v.scripts = map[string]*entry{}
			}
			s.clients.own(0)
			s.agents.own(0)
			v.scripts[s.Path] = s
		}
	}
}

func (s *entry) merge(other *entry) {
	if s.Answered == 0 && other.Answered > 0 {
		s.Proof = append(s.Proof, other.Proof...)
	} else if len(s.Proof) < maxProof {
		s.Proof = append(s.Proof, other.Proof[:min(len(other.Proof), maxProof-len(s.Proof))]...)
	}
	s.Requests += other.Requests
	s.Posts += other.Posts
	s.Answered += other.Answered
	s.First = earlier(s.First, other.First)
	if other.Last.After(s.Last) {
		s.Last = other.Last
	}
	s.FirstOK = earlier(s.FirstOK, other.FirstOK)
	for _, a := range other.statuses {
		s.answered(a.status, a.n)
	}
	s.clients.merge(&other.clients, maxClients)
	s.agents.merge(&other.agents, maxAgents)
}

// entries returns the scripts that were requested, in the order of paths.
func (v *inventory) entries() []*entry {
	all := make([]*entry, 0, len(v.scripts))
	for _, s := range v.scripts {
		if s != nil && s.Requests > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.First.Compare(b.First), cmp.Compare(a.Requests, b.Requests), cmp.Compare(a.Proof[0].Line, b.Proof[0].Line))
	})
	return all
}

// list returns the scripts that were requested, by path.
func (v *inventory) list() []detect.Script {
	var all []detect.Script
	for _, s := range v.entries() {
		s.Statuses = make(map[int]int, len(s.statuses))
		for _, a := range s.statuses {
			s.Statuses[a.status] += a.n
		}
		s.Clients, s.Agents = s.clients.all(), s.agents.all()
		all = append(all, s.Script)
	}
	return all
}
