package console

import (
	"container/list"
	"sync"
	"time"
)

// A limiter holds back who tries too often. Each key has a bucket of tries
// that fills again with time; the keys used last are kept, so that memory is
// bounded however many an attacker makes up.
type limiter struct {
	now   func() time.Time
	burst float64
	every time.Duration // one try comes back in this time
	most  int           // keys

	mu    sync.Mutex
	order *list.List // of *bucket, the last used in front
	keys  map[string]*list.Element
}

type bucket struct {
	key   string
	tries float64
	at    time.Time
}

func newLimiter(now func() time.Time, burst int, every time.Duration) *limiter {
	return &limiter{now: now, burst: float64(burst), every: every, most: 100_000, order: list.New(), keys: map[string]*list.Element{}}
}

// allow takes a try of key; without one left it says how long to wait.
func (l *limiter) allow(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	e := l.keys[key]
	if e == nil {
		if len(l.keys) >= l.most {
			last := l.order.Back()
			delete(l.keys, last.Value.(*bucket).key)
			l.order.Remove(last)
		}
		e = l.order.PushFront(&bucket{key, l.burst, now})
		l.keys[key] = e
	}
	l.order.MoveToFront(e)
	b := e.Value.(*bucket)
	if past := now.Sub(b.at); past > 0 { // a clock set back gives nothing
		b.tries = min(l.burst, b.tries+float64(past)/float64(l.every))
	}
	b.at = now
	if b.tries < 1 {
		return time.Duration((1 - b.tries) * float64(l.every)), false
	}
	b.tries--
	return 0, true
}

// forget gives key all its tries back.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.keys[key]; e != nil {
		l.order.Remove(e)
		delete(l.keys, key)
	}
}
