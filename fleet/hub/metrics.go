package hub

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// metrics are what a hub counts since it started.
type metrics struct {
	received, stored, duplicates, rejected, throttled, dead, missed, storeErrors, enrolled, refused, files atomic.Int64
	receivedBytes                                                                                          atomic.Int64
}

// serveMetrics writes Prometheus's text format. It is for the hub itself, and
// for whoever has the token in keys/metrics.token.
func (h *Hub) serveMetrics(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !local(r) && !sameText(token, h.keys.Metrics) {
		problem(w, http.StatusForbidden, "metrics need the token in keys/metrics.token of the hub")
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	put := func(kind, name, help string, v any) {
		fmt.Fprintf(w, "# HELP limier_%s %s\n# TYPE limier_%s %s\nlimier_%s %v\n", name, help, name, kind, name, v)
	}
	m := &h.metrics
	put("counter", "cases_received_total", "Cases that were queued.", m.received.Load())
	put("counter", "cases_received_bytes_total", "Bytes of them, compressed.", m.receivedBytes.Load())
	put("counter", "cases_stored_total", "Cases that this hub stored.", m.stored.Load())
	put("counter", "cases_duplicate_total", "Cases that were stored already.", m.duplicates.Load())
	put("counter", "cases_rejected_total", "Requests with a case that is broken, forged or too large.", m.rejected.Load())
	put("counter", "cases_dead_total", "Cases that became dead letters.", m.dead.Load())
	put("counter", "cases_missed_total", "Cases of which servers told this hub that it will not get them.", m.missed.Load())
	put("counter", "throttled_total", "Requests told to come back later.", m.throttled.Load())
	put("counter", "store_errors_total", "Attempts to store that failed for a reason that passes.", m.storeErrors.Load())
	put("counter", "enrolled_total", "Servers that enrolled.", m.enrolled.Load())
	put("counter", "enrol_refused_total", "Enrolments refused.", m.refused.Load())
	put("counter", "files_received_total", "Files that servers sent because they were asked.", m.files.Load())
	if cases, bytes, err := h.pending(r.Context()); err == nil {
		put("gauge", "queue_cases", "Cases in the queue.", cases)
		put("gauge", "queue_bytes", "Bytes of the queue.", bytes)
	}
	up := 0
	if h.ping(r.Context()) == nil {
		up = 1
	}
	put("gauge", "store_up", "Whether the database answers.", up)
}

// askTime is how long the queue, and the store, may take to say that it is there.
const askTime = 2 * time.Second

func (h *Hub) pending(ctx context.Context) (cases, bytes uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return h.queue.pending(ctx)
}

func (h *Hub) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return h.store.Ping(ctx)
}

// serveHealth answers 200 while the hub can take cases.
func (h *Hub) serveHealth(w http.ResponseWriter, r *http.Request) {
	state := map[string]string{"status": "ok", "queue": "ok", "store": "ok"}
	status := http.StatusOK
	if _, _, err := h.pending(r.Context()); err != nil {
		state["queue"], state["status"], status = "unreachable", "failing", http.StatusServiceUnavailable
	}
	if !h.room.Load() {
		state["disk"], state["status"], status = "nearly full", "failing", http.StatusServiceUnavailable
	}
	if h.ping(r.Context()) != nil {
		state["store"] = "unreachable" // cases wait in the queue meanwhile
		if state["status"] == "ok" {
			state["status"] = "degraded"
		}
	}
	answer(w, status, state)
}
