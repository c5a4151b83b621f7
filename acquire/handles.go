package acquire

import (
	"io"
	"io/fs"
	"os"
	"sync"
)

// handles keeps a bounded number of files open, however many archives a folder
// holds.
type handles struct {
	mu   sync.Mutex
	max  int
	open []*handle // least recently used first
}

// A handle reads one file of a folder, opening it when needed.
type handle struct {
	pool *handles
	dir  *folder
	name string
	f    *os.File // guarded by pool.mu
	uses int      // guarded by pool.mu
}

func newHandles(n int) *handles { return &handles{max: n} }

func (p *handles) handle(dir *folder, name string) *handle {
	return &handle{pool: p, dir: dir, name: name}
}

func (h *handle) acquire() (*os.File, error) {
	p := h.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.f == nil {
		f, _, err := h.dir.openRegular(h.name)
		if err != nil {
			return nil, err
		}
		h.f = f
	} else {
		p.drop(h)
	}
	p.open = append(p.open, h)
	h.uses++
	for i := 0; len(p.open) > p.max && i < len(p.open); {
		if old := p.open[i]; old.uses == 0 {
			old.f.Close()
			old.f = nil
			p.drop(old)
			continue
		}
		i++
	}
	return h.f, nil
}

func (h *handle) release() {
	h.pool.mu.Lock()
	h.uses--
	h.pool.mu.Unlock()
}

// drop forgets h; p.mu is held.
func (p *handles) drop(h *handle) {
	for i, o := range p.open {
		if o == h {
			p.open = append(p.open[:i], p.open[i+1:]...)
			return
		}
	}
}

// ReadAt reads the file.
func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	f, err := h.acquire()
	if err != nil {
		return 0, err
	}
	defer h.release()
	return f.ReadAt(b, off)
}

func (h *handle) size() (int64, error) {
	f, err := h.acquire()
	if err != nil {
		return 0, err
	}
	defer h.release()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Close closes every file that is open.
func (p *handles) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.open {
		h.f.Close()
		h.f = nil
	}
	p.open = nil
	return nil
}

var (
	_ io.ReaderAt = (*handle)(nil)
	_ fs.FS       = (*folder)(nil)
)
