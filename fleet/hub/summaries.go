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
	rows int
}

type caseKey struct {
	server int64
	hash   [32]byte
}

// maxSummaryRows bounds summaries: some 8,000 cases and 30 MB, at most four
// times as much. Those of more cases are queued with them.
const maxSummaryRows = 100_000

func summaryRows(s *store.Summary) int {
	return 1 + len(s.Kinds) + len(s.Indicators) + len(s.Files)
}

// keep says no if there is no room.
func (l *summaries) keep(s *store.Submission) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, rows := caseKey{s.Server, s.Hash}, summaryRows(&s.Summary)
	if _, ok := l.of[key]; ok {
		return true // sent twice
	}
	if l.rows+rows > maxSummaryRows {
		return false
	}
	if l.of == nil {
		l.of = map[caseKey]store.Summary{}
	}
	l.of[key] = s.Summary
	l.rows += rows
	return true
}

// take gives what was kept, once.
func (l *summaries) take(key caseKey) (store.Summary, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.of[key]
	if ok {
		delete(l.of, key)
		l.rows -= summaryRows(&s)
	}
	return s, ok
}
