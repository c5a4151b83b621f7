package fleet

import (
	"bytes"
	"sync"

	"limier/store"
	"limier/wire"
)

// lists remembers how lines about exposures end, from the list of CVEs on: all
// servers of a build share it, and of a case without findings it is most.
type lists struct {
	mu   sync.RWMutex
	seen map[string]*ending
	size int
}

// An ending is how a line ends: CVEs and notes, which nobody writes to.
type ending struct {
	*wire.Exposure
	list store.List
}

// What lists remember is bounded, in bytes of memory: of each line's end, and of
// all, beyond which they begin anew.
const (
	maxList  = 64 << 10
	maxLists = 16 << 20
)

const exposureBegins = `{"exposure":{`

// readListed reads a line about an exposure as quickMessage does. It leaves to
// others what is no such line.
func (m *memory) readListed(line []byte) (w wire.Message, ok bool) {
	if m == nil || !bytes.HasPrefix(line, []byte(exposureBegins)) {
		return w, false
	}
	at := bytes.Index(line, []byte(`,"cves":[`)) // not inside a text: there, quotes have backslashes
	if at <= len(exposureBegins) || bytes.Contains(line[:at], []byte(`"cves"`)) || bytes.Contains(line[:at], []byte(`"notes"`)) {
		return w, false
	}
	end := m.lists.end(line[at+1:])
	if end == nil {
		return w, false
	}
	m.listed = wire.Exposure{Proof: m.listed.Proof[:0]}
	w.Exposure = &m.listed
	if !quickMessage(append(line[:at:at], "}}"...), &w) {
		return wire.Message{}, false
	}
	m.listed.CVEs, m.listed.Notes, m.list = end.CVEs, end.Notes, end.list
	return w, true
}

// end reads the end of a line; nil if it is none.
func (l *lists) end(text []byte) *ending {
	l.mu.RLock()
	e := l.seen[string(text)]
	l.mu.RUnlock()
	if e != nil || len(text) > maxList {
		return e
	}
	line := append([]byte(exposureBegins), text...)
	var w wire.Message
	if !quickMessage(line, &w) || w != (wire.Message{Exposure: w.Exposure}) {
		return nil
	}
	e = &ending{w.Exposure, store.ListOf(w.Exposure)}
	size := 2*len(line) + taken(&w) + 200 // an entry of the map, and more
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || l.size+size > maxLists {
		l.seen, l.size = map[string]*ending{}, 0
	}
	l.seen[string(text)] = e
	l.size += size
	return e
}
