package hub

import (
	"sync"
	"time"
)

// A limiter counts what each key does in a minute. It knows a bounded number
// of keys: beyond it, all new ones share one count.
type limiter[K comparable] struct {
	max int

	mu     sync.Mutex
	minute int64
	seen   map[K]int
	others int
}

const maxKeys = 1_000_000

func newLimiter[K comparable](max int) *limiter[K] { return &limiter[K]{max: max} }

// allow counts one, and says no beyond the limit.
func (l *limiter[K]) allow(key K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := now.Unix() / 60; m != l.minute || l.seen == nil { // also when the clock jumps back
		l.minute, l.seen, l.others = m, map[K]int{}, 0
	}
	if _, ok := l.seen[key]; !ok && len(l.seen) >= maxKeys {
		l.others++
		return l.others <= l.max
	}
	l.seen[key]++
	return l.seen[key] <= l.max
}

// identities remembers for half a minute which key a server enrolled with, so
// that a revoked server is kept out within that time.
type identities struct {
	mu   sync.Mutex
	seen map[int64]identity
}

type identity struct {
	key   string
	until time.Time
}

const identityLife = 30 * time.Second

func newIdentities() *identities { return &identities{seen: map[int64]identity{}} }

func (c *identities) get(server int64, now time.Time) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.seen[server]
	return i.key, ok && now.Before(i.until) && i.until.Sub(now) <= identityLife
}

func (c *identities) put(server int64, key string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= 20_000 {
		clear(c.seen)
	}
	c.seen[server] = identity{key, now.Add(identityLife)}
}

// sending is the servers that are sending a case: each sends one at a time.
type sending struct {
	mu  sync.Mutex
	now map[int64]bool
}

func (s *sending) begin(server int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now[server] {
		return false
	}
	if s.now == nil {
		s.now = map[int64]bool{}
	}
	s.now[server] = true
	return true
}

func (s *sending) end(server int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.now, server)
}
