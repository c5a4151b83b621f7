package agent

import (
	"sync"
	"time"
)

// A Throttle keeps this process below a share of one core's time, measured
// over the whole scan, by making whoever calls it wait.
type Throttle struct {
	Percent int                  // of one core; 0 or 100 and more: no limit beyond GOMAXPROCS
	CPU     func() time.Duration // that this process has used

	mu    sync.Mutex
	start time.Time
	began time.Duration
}

// Wait returns at once, or after a pause of at most a second.
func (t *Throttle) Wait() {
	if t.Percent <= 0 || t.Percent >= 100 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock() // the others wait too
	if t.start.IsZero() {
		t.start, t.began = time.Now(), t.CPU()
	}
	used := t.CPU() - t.began
	if over := used*100/time.Duration(t.Percent) - time.Since(t.start); over > 0 {
		time.Sleep(min(over, time.Second))
	}
}
