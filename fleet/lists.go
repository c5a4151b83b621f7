package fleet

import (
	"bytes"
	"sync"

	"github.com/go-json-experiment/json"

	"limier/wire"
)

// Bounds of what lists keeps: how many ends of lines, and bytes and
// vulnerabilities of one.
const (
	maxLists    = 512
	maxListLine = 32 << 10
	maxListCVEs = 500
)

// lists are ends of exposures' lines that were read before. Thousands of servers
// run one build, and its list of vulnerabilities is most of a case without
// findings; where the build was read stands before it, and is each server's own.
type lists struct {
	mark string // of the stub: a random one, so that no case can hold it
	mu   sync.RWMutex
	seen map[string]list // by the line from "cves" on
}

// A list is the members that such an end consists of. It is shared, and never
// changed.
type list struct {
	CVEs  []wire.CVEState `json:"cves"`
	Notes []string        `json:"notes"`
}

// stub stands in for a known end, so that all before it is read as always.
func (l *lists) stub() string { return `"cves":[{"id":"` + l.mark + `"}],"notes":[]}}` + "\n" }

// cut splits a line before its list.
func (l *lists) cut(line []byte) (before, end []byte) {
	i := bytes.Index(line, []byte(`"cves":[`))
	if i < 0 || len(line)-i > maxListLine || !bytes.HasPrefix(line, []byte(`{"exposure":{`)) {
		return nil, nil
	}
	return line[:i], line[i:]
}

// read reads a line whose end is known. It reports false for others: they are
// to be read whole, and then learned.
//
// The end is nothing but the members cves and notes of an object, and the ends
// of that and of the message. So is the stub; hence the line is well-formed if
// it is with the stub. That the stub's list arrives in the exposure shows that
// the end belongs there, and that neither name came before, for the reader
// refuses names that come twice.
func (l *lists) read(line []byte, m *memory) (w wire.Message, ok bool) {
	before, end := l.cut(line)
	l.mu.RLock()
	known, ok := l.seen[string(end)]
	l.mu.RUnlock()
	if !ok {
		return w, false
	}
	m.line = append(append(m.line[:0], before...), l.stub()...)
	w = m.message(m.line)
	if json.Unmarshal(m.line, &w) != nil || w.Exposure == nil || len(w.Exposure.CVEs) != 1 || w.Exposure.CVEs[0].ID != l.mark {
		return wire.Message{}, false
	}
	e := *w.Exposure // a copy: m's own memory is written again
	e.CVEs, e.Notes = known.CVEs, known.Notes
	w.Exposure = &e
	return w, true
}

// learn keeps the end of a line that was read whole.
func (l *lists) learn(line []byte) {
	_, end := l.cut(line)
	object, ok := bytes.CutSuffix(end, []byte("}\n"))
	if !ok {
		return
	}
	var v list
	if err := json.Unmarshal(append([]byte("{"), object...), &v, json.RejectUnknownMembers(true)); err != nil || len(v.CVEs) > maxListCVEs {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]list{}
	}
	if len(l.seen) >= maxLists {
		for k := range l.seen { // any: those that many servers share come again
			delete(l.seen, k)
			break
		}
	}
	l.seen[string(end)] = v
}
