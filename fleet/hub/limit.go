package hub

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"limier/store"
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

// identities remembers which keys servers enrolled with, so that a night in
// which all of them come does not ask the store for each. It asks every few
// seconds whether a key was taken away: a revoked server is out within half a
// minute.
type identities struct {
	store *store.Hub

	mu      sync.Mutex
	blocks  map[int64]*identityBlock
	changes int64     // as the store counted them
	asked   time.Time // when it was asked for them
}

// An identityBlock is servers whose numbers follow one another: to read them
// takes little longer than to read one.
type identityBlock struct {
	keys [identityServers][sha256.Size]byte // hashes of the keys' hashes, as text; zero for who may not come
	read time.Time
}

const (
	identityServers = 64
	identityAsk     = 10 * time.Second
	identityTrust   = 30 * time.Second // if the store cannot be asked
	identityLife    = 10 * time.Minute // should somebody change the database by hand
	maxIdentities   = 8192             // blocks, of 2 KiB
)

var errOtherKey = errors.New("another key")

func newIdentities(st *store.Hub) *identities {
	return &identities{store: st, blocks: map[int64]*identityBlock{}}
}

// check compares the hash of a key with that of the key which the server
// enrolled with: store.ErrNotFound if there is none, errOtherKey if it is
// another. Only that it is the same is remembered, for who enrols comes at once.
func (c *identities) check(ctx context.Context, server int64, key string, now time.Time) error {
	if err := c.refresh(ctx, now); err != nil {
		return err
	}
	number, at, sum := server/identityServers, server%identityServers, sha256.Sum256([]byte(key))
	c.mu.Lock()
	b, changes := c.blocks[number], c.changes
	c.mu.Unlock()
	if b != nil && b.keys[at] == sum && within(now, b.read, identityLife) {
		return nil
	}
	keys, err := c.store.KeyHashes(ctx, number*identityServers, (number+1)*identityServers)
	if err != nil {
		return err
	}
	b = &identityBlock{read: now}
	for id, key := range keys {
		b.keys[id%identityServers] = sha256.Sum256([]byte(key))
	}
	c.mu.Lock()
	if len(c.blocks) >= maxIdentities {
		clear(c.blocks)
	}
	if changes == c.changes { // else what was read may be older
		c.blocks[number] = b
	}
	c.mu.Unlock()
	switch b.keys[at] {
	case sum:
		return nil
	case [sha256.Size]byte{}:
		return store.ErrNotFound
	}
	return errOtherKey
}

// refresh forgets all keys if one was taken away.
func (c *identities) refresh(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	asked := c.asked
	c.mu.Unlock()
	if within(now, asked, identityAsk) {
		return nil
	}
	changes, err := c.store.KeyChanges(ctx)
	if err != nil {
		if within(now, asked, identityTrust) {
			return nil
		}
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if changes != c.changes {
		clear(c.blocks)
	}
	c.changes, c.asked = changes, now
	return nil
}

// within reports whether it is no longer than d since at, also by a clock that
// jumps.
func within(now, at time.Time, d time.Duration) bool {
	passed := now.Sub(at)
	return passed >= 0 && passed <= d
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
