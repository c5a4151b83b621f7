package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"limier/fleet"
	"limier/store"
)

// batchSize is how many cases are stored in one transaction, batchBytes how
// many bytes of them at most. What servers share is written once for all of
// them, so that large ones cost less.
const (
	batchSize  = 2000
	batchBytes = 32 << 20
)

// parcelSize and parcelBytes bound what is taken out of the queue at one time. The
// more, the fewer pages of the database change: cases are stored in the order of
// their servers, so that those of a transaction stand together.
const (
	parcelSize  = 8 * batchSize
	parcelBytes = 2 * batchBytes
)

// In a storm, when a batch comes within Linger, more is waited for so many times
// as long.
const lingerMore = 5

// fetchSize is how many messages are asked for at a time: about batchBytes if
// all are full.
const fetchSize = 32

// A parcel is cases on their way from the queue into the store.
type parcel struct {
	cases    []store.Submission
	origins  []origin // of each
	messages []*message
	bytes    int
	told     time.Time // when the queue was last told to wait
}

// byServer puts the cases in the order of their servers; each server's keep theirs.
func (p *parcel) byServer() {
	order := make([]int, len(p.cases))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p.cases[i].Server, p.cases[j].Server) })
	cases, origins := make([]store.Submission, 0, len(order)), make([]origin, 0, len(order))
	for _, i := range order {
		cases, origins = append(cases, p.cases[i]), append(origins, p.origins[i])
	}
	p.cases, p.origins = cases, origins
}

// wait tells the queue not to give the messages out again yet, if it was not told
// for so long. Where that does not arrive, cases are given out twice and stored once.
func (p *parcel) wait(told time.Duration) {
	if time.Since(p.told) < told {
		return
	}
	p.told = time.Now()
	for _, m := range p.messages {
		if m.left > 0 {
			m.InProgress()
		}
	}
}

// An origin is the message that a case came in, and its part of it.
type origin struct {
	*message
	part []byte
}

// A message is acknowledged when all its cases were seen to.
type message struct {
	jetstream.Msg
	left int // cases to see to; below 0 if one could not be
}

func (m *message) done() error {
	if m.left--; m.left != 0 {
		return nil
	}
	return m.Ack()
}

// drain stores what is in the queue until ctx ends. One goroutine fetches and
// decodes while the other writes.
func (h *Hub) drain(ctx context.Context) {
	parcels := make(chan *parcel)
	go func() {
		defer close(parcels)
		for ctx.Err() == nil {
			p, err := h.fetch(ctx)
			if err != nil {
				h.log.Warn("the queue gives nothing", "error", err)
				pause(ctx, time.Second)
			}
			for sent := len(p.cases) == 0; !sent && ctx.Err() == nil; { // else given out again after ackWait
				select {
				case parcels <- p:
					sent = true
				case <-time.After(ackWait / 3):
					p.wait(0)
				case <-ctx.Done():
				}
			}
		}
	}()
	for p := range parcels {
		h.keep(ctx, p)
	}
}

// fetch takes what is in the queue, and waits for a first case, or for more,
// for a moment.
func (h *Hub) fetch(ctx context.Context) (*parcel, error) {
	begin := time.Now()
	p := &parcel{told: begin}
	for len(p.cases) < parcelSize && p.bytes < parcelBytes && ctx.Err() == nil {
		wait := h.config.Linger - time.Since(begin)
		if len(p.cases) >= batchSize {
			wait += (lingerMore - 1) * h.config.Linger
		}
		if wait <= 0 {
			break
		}
		p.wait(ackWait / 3)
		batch, err := h.queue.consumer.Fetch(fetchSize, jetstream.FetchMaxWait(min(wait, h.config.Linger)))
		if err != nil {
			return p, err
		}
		for m := range batch.Messages() {
			parts := split(m.Subject(), m.Data())
			from := &message{m, len(parts)}
			p.messages = append(p.messages, from)
			for _, part := range parts {
				s, err := unmarshal(part, h.summary)
				if err != nil { // it never becomes readable; what came with it may be another server's
					h.bury(ctx, store.DeadLetter{Server: s.Server, Reason: "unreadable in the queue: " + err.Error()}, origin{from, part})
					continue
				}
				p.cases, p.origins = append(p.cases, s), append(p.origins, origin{from, part})
			}
			p.bytes += len(m.Data())
		}
		if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return p, err
		}
	}
	p.byServer()
	return p, nil
}

// summary is that of a case which was queued without.
func (h *Hub) summary(s *store.Submission) (store.Summary, error) {
	if z, ok := h.queue.kept.take(caseKey{s.Server, s.Hash}); ok {
		return z, nil
	}
	again, err := h.checker.Check(s.Body)
	return again.Summary, err
}

// keep stores a parcel. While the store cannot be reached, or is full, it
// waits; a case that it refuses for itself becomes a dead letter.
func (h *Hub) keep(ctx context.Context, p *parcel) {
	for from := 0; from < len(p.cases); {
		to, size := from, 0
		for to < min(len(p.cases), from+batchSize) && (to == from || size+len(p.cases[to].Body) <= batchBytes) {
			size += len(p.cases[to].Body)
			to++
		}
		part := parcel{cases: p.cases[from:to], origins: p.origins[from:to]}
		p.wait(ackWait / 3)
		for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
			out, err := h.store.Ingest(ctx, part.cases)
			if err == nil {
				h.kept(ctx, part, out)
				break
			}
			if ctx.Err() != nil {
				return
			}
			if h.transient(ctx, err) {
				h.metrics.storeErrors.Add(1)
				h.log.Error("the store does not take cases; they wait in the queue", "error", err, "again_in", wait)
				p.wait(0)
				pause(ctx, wait)
				continue
			}
			h.oneByOne(ctx, part)
			break
		}
		from = to
	}
}

// transient reports whether the store failed for a reason that passes.
func (h *Hub) transient(ctx context.Context, err error) bool {
	return errors.Is(err, store.ErrFull) || h.store.Ping(ctx) != nil
}

// oneByOne finds the case that the store refuses.
func (h *Hub) oneByOne(ctx context.Context, p parcel) {
	for i := range p.cases {
		out, err := h.store.Ingest(ctx, p.cases[i:i+1])
		switch {
		case err == nil:
			h.kept(ctx, parcel{cases: p.cases[i : i+1], origins: p.origins[i : i+1]}, out)
		case h.transient(ctx, err) || ctx.Err() != nil:
			return // given out again
		default:
			h.bury(ctx, store.DeadLetter{Server: p.cases[i].Server, Evidence: p.cases[i].Evidence[:], Reason: "the store refuses it: " + err.Error()}, p.origins[i])
		}
	}
}

// kept acknowledges what was stored.
func (h *Hub) kept(ctx context.Context, p parcel, out []store.Outcome) {
	for i, o := range out {
		switch o {
		case store.Unknown:
			h.bury(ctx, store.DeadLetter{Server: p.cases[i].Server, Reason: "the server is unknown or revoked"}, p.origins[i])
			continue
		case store.Duplicate:
			h.metrics.duplicates.Add(1)
		default:
			h.metrics.stored.Add(1)
		}
		if err := p.origins[i].done(); err != nil {
			h.log.Warn("stored cases were not acknowledged; they come again and are known then", "error", err)
		}
	}
}

// bury makes a dead letter of a case.
func (h *Hub) bury(ctx context.Context, d store.DeadLetter, o origin) {
	d.At = h.config.Now()
	h.metrics.dead.Add(1)
	if err := h.store.PutDeadLetter(ctx, d, o.part); err != nil {
		h.log.Error("a dead letter was not kept; it comes again", "error", err)
		o.left = -1 // what it came with is known when it comes again
		o.NakWithDelay(time.Minute)
		return
	}
	h.log.Warn("a case became a dead letter", "server", d.Server, "reason", d.Reason)
	o.done()
}

// Replay stores a dead letter again, and says what became of it.
func (h *Hub) Replay(ctx context.Context, scope store.Scope, id int64) (store.Outcome, error) {
	_, data, err := h.store.DeadLetter(ctx, scope, id)
	if err != nil {
		return "", err
	}
	return Replay(ctx, h.store, id, data, h.config.Now())
}

// Replay stores the content of a dead letter again.
func Replay(ctx context.Context, to *store.Hub, id int64, data []byte, now time.Time) (store.Outcome, error) {
	checker, err := fleet.NewChecker()
	if err != nil {
		return "", err
	}
	s, err := unmarshal(data, func(s *store.Submission) (store.Summary, error) {
		again, err := checker.Check(s.Body)
		return again.Summary, err
	})
	if err != nil {
		return "", err
	}
	out, err := to.Ingest(ctx, []store.Submission{s})
	if err != nil {
		return "", err
	}
	if out[0] != store.Unknown {
		err = to.Replayed(ctx, id, now)
	}
	return out[0], err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
