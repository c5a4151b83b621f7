package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/parse/evtx"
)

// openLog opens a Windows event log for reading by chunks. What it lost as a
// whole is noted in r.
func (s *scanner) openLog(j job, f fs.File, r *result) (log *evtx.File, ok bool) {
	at, isReaderAt := f.(io.ReaderAt)
	if !isReaderAt {
		r.gap(evidence.Ref{Path: j.path}, errors.New("cannot be read at an offset"))
		return nil, false
	}
	log, err := evtx.Open(at, j.size)
	if err != nil {
		r.gap(evidence.Ref{Path: j.path}, err)
		return nil, false
	}
	for _, lost := range log.Lost {
		gap := evtx.Gap(j.path, lost)
		r.gap(gap.Ref, gap.Err)
	}
	return log, true
}

// eventLog reads a Windows event log in this goroutine.
func (s *scanner) eventLog(ctx context.Context, j job, f fs.File, r *result) {
	log, ok := s.openLog(j, f, r)
	if !ok {
		return
	}
	sc := evtx.Scanner{Path: j.path}
	for i := 0; i < log.Chunks() && ctx.Err() == nil; i++ {
		s.records(&sc, log, i, r)
	}
}

// bigEventLog reads a Windows event log with all workers, and adds its chunks
// up in their order.
func (s *scanner) bigEventLog(ctx context.Context, j job, into *result, done func(int64)) {
	f, err := s.src.FS.Open(j.path)
	if err != nil {
		into.gap(evidence.Ref{Path: j.path}, err)
		return
	}
	defer f.Close()
	log, ok := s.openLog(j, f, into)
	if !ok {
		return
	}
	const batch = 16 // chunks of 64 KiB
	type task struct {
		first int
		out   chan *result
	}
	tasks := make(chan task)
	order := make(chan task, 2*s.Workers)
	var wg sync.WaitGroup
	wg.Go(func() { s.hashAlone(ctx, into) })
	for range s.Workers {
		wg.Go(func() {
			sc := evtx.Scanner{Path: j.path}
			for t := range tasks {
				part := newResult(j.path)
				for i := t.first; i < min(t.first+batch, log.Chunks()); i++ {
					s.records(&sc, log, i, part)
				}
				t.out <- part
			}
		})
	}
	wg.Go(func() {
		defer close(order)
		defer close(tasks)
		for i := 0; i < log.Chunks() && ctx.Err() == nil; i += batch {
			t := task{i, make(chan *result, 1)}
			order <- t
			tasks <- t
		}
	})
	for t := range order {
		into.append(<-t.out, 0)
		done(batch << 16)
	}
	wg.Wait()
}

// records matches the records of one chunk. A record that no rule matches
// leaves no trace but its count.
func (s *scanner) records(sc *evtx.Scanner, log *evtx.File, i int, r *result) {
	defer func() {
		if x := recover(); x != nil {
			r.gap(evidence.Ref{Path: r.path}, fmt.Errorf("reading chunk %d failed: %v", i, x))
		}
	}()
	for rec, err := range sc.Chunk(log, i) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			r.gap(gap.Ref, gap.Err)
			continue
		case err != nil:
			r.gap(evidence.Ref{Path: r.path}, err)
			return
		}
		r.counted(rec.Logsource(), rec.Time())
		if odd(rec.Time()) {
			r.gap(rec.Ref(), errOddTime)
		}
		r.on(rec.Host())
		if s.Rules == nil {
			continue
		}
		rules := s.Rules.MatchRecord(rec, nil)
		if len(rules) == 0 {
			continue
		}
		kept := rec.Keep()
		for _, rule := range rules {
			s.progress.sightings.Add(1)
			r.sighted(rule, kept, "")
		}
	}
}

// on counts an event of a host.
func (r *result) on(host string) {
	if host != "" && len(host) <= maxText && (len(r.hosts) < 1000 || r.hosts[host] > 0) {
		r.hosts[host]++
	}
}

// counted counts one event of a Windows event log.
func (r *result) counted(source event.Logsource, t time.Time) {
	if source != r.lastSource || r.lastCover == nil {
		r.lastSource, r.lastCover = source, r.seen(label(source), t, 0)
	}
	r.lastCover.Events++
	span(r.lastCover, t, t)
}
