package hub

import (
	"sync"

	"limier/store"
)

// summaries are those of cases that wait in the hub's own queue: to write them
// there and read them again took as long as to read a case. What is not here,
// because the hub was killed meanwhile, is read from the case.
type summaries struct {
	mu   sync.Mutex
	of   map[caseKey]store.Summary
	size int
}

type caseKey struct {
	server int64
	hash   [32]byte
}

// maxSummaries bounds summaries, in bytes: some 8,000 cases. Those of more are
// queued with them.
const maxSummaries = 32 << 20

// keep says no if there is no room.
func (l *summaries) keep(s *store.Submission) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, size := caseKey{s.Server, s.Hash}, s.Summary.Size()
	if _, ok := l.of[key]; ok {
		return true // sent twice
	}
	if l.size+size > maxSummaries {
		return false
	}
	if l.of == nil {
		l.of = map[caseKey]store.Summary{}
	}
	l.of[key] = s.Summary
	l.size += size
	return true
}

// take gives what was kept, once.
func (l *summaries) take(key caseKey) (store.Summary, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.of[key]
	if ok {
		delete(l.of, key)
		l.size -= s.Size()
	}
	return s, ok
}
