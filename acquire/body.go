package acquire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"limier/evidence"
)

// A body is what all parts of one Source share: limits, gaps, and what must be
// closed.
type body struct {
	stopped  func() error // Err of the context of Open: long indexing ends with it
	cfg      Config
	gaps     gaps
	handles  *handles
	unpacked atomic.Int64
	members  atomic.Int64
	temp     atomic.Int64
	bigDict  sync.Mutex // held while unpacking needs more than maxDict

	mu      sync.Mutex
	closers []func() error
}

func newBody(ctx context.Context, cfg Config) *body {
	return &body{stopped: ctx.Err, cfg: cfg.withDefaults(), handles: newHandles(64)}
}

func (b *body) onClose(f func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closers = append(b.closers, f)
}

// Close releases files and deletes temporary ones. It may be called twice.
func (b *body) Close() error {
	b.mu.Lock()
	closers := b.closers
	b.closers = nil
	b.mu.Unlock()
	var errs []error
	errs = append(errs, b.handles.Close())
	for _, f := range slices.Backward(closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// A budget bounds what one archive may unpack to.
type budget struct {
	body     *body
	packed   int64
	promised int64 // sizes of the members listed so far
	unpacked atomic.Int64
}

// bombFloor is how much any archive may unpack to, however small it is. Event
// logs are mostly zeroes, so a high ratio alone means nothing.
const bombFloor = 1 << 30

func (g *budget) limit() int64 { return max(bombFloor, g.packed*g.body.cfg.MaxRatio) }

func (g *budget) bomb() error {
	return fmt.Errorf("the archive unpacks to more than %d times its size: taken for an archive bomb, the rest is not read", g.body.cfg.MaxRatio)
}

// promise reports whether a member of n bytes stays within the limit. It is
// for one goroutine, the one that lists the archive.
func (g *budget) promise(n int64) bool {
	if n > g.limit()-g.promised {
		return false
	}
	g.promised += n
	return true
}

// take accounts for n more unpacked bytes.
func (g *budget) take(n int64) error {
	if g.unpacked.Add(n) > g.limit() {
		return g.bomb()
	}
	if g.body.unpacked.Add(n) > g.body.cfg.MaxUnpacked {
		return fmt.Errorf("limit of %d unpacked bytes reached: the rest is not read", g.body.cfg.MaxUnpacked)
	}
	return nil
}

// gaps collects what was lost. Gaps of the same folder or archive and reason
// are told once, with their number.
type gaps struct {
	mu   sync.Mutex
	byID map[gapID]*gapCount
}

type gapID struct{ container, reason string }

type gapCount struct {
	first string
	n     int
}

// add records that path cannot be read because of reason. Those of the same
// container and reason become one.
func (g *gaps) add(container, path, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byID == nil {
		g.byID = map[gapID]*gapCount{}
	}
	id := gapID{container, reason}
	c := g.byID[id]
	if c == nil {
		c = &gapCount{first: path}
		g.byID[id] = c
	}
	c.first = min(c.first, path)
	c.n++
}

// set records all n gaps that a look at the container found for one reason,
// in place of what an earlier look found.
func (g *gaps) set(container, reason string, c gapCount) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byID == nil {
		g.byID = map[gapID]*gapCount{}
	}
	g.byID[gapID{container, reason}] = &c
}

// addOnce records a gap of its own.
func (g *gaps) addOnce(path, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byID == nil {
		g.byID = map[gapID]*gapCount{}
	}
	g.byID[gapID{path, reason}] = &gapCount{first: path, n: 1}
}

// list returns all gaps so far, by path.
func (g *gaps) list() []evidence.GapError {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []evidence.GapError
	for id, c := range g.byID {
		err := errors.New(id.reason)
		if c.n > 1 {
			err = fmt.Errorf("%s (and %d more alike)", id.reason, c.n-1)
		}
		list = append(list, evidence.GapError{Ref: evidence.Ref{Path: c.first}, Err: err})
	}
	slices.SortFunc(list, func(a, b evidence.GapError) int {
		return cmp.Or(cmp.Compare(a.Ref.Path, b.Ref.Path), cmp.Compare(a.Err.Error(), b.Err.Error()))
	})
	return list
}
