package hub

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	_ "embed" // for openapi.json
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"limier/fleet"
	"limier/store"
)

//go:embed openapi.json
var openapi []byte

func (h *Hub) routes() (http.Handler, error) {
	described, err := describe(openapi)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	// on answers another method too: else the pages would, for which there is nothing here.
	on := func(method, path string, f http.HandlerFunc) {
		mux.HandleFunc(method+" "+path, f)
		if method == http.MethodGet {
			method += ", " + http.MethodHead
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", method)
			problem(w, http.StatusMethodNotAllowed, "this address takes "+method+" only")
		})
	}
	on(http.MethodPost, fleet.PathEnroll, h.enroll)
	on(http.MethodPost, fleet.PathRenew, h.server(h.renew))
	on(http.MethodPost, fleet.PathCases, h.server(h.submit))
	on(http.MethodPost, fleet.PathContact, h.server(h.contact))
	on(http.MethodPut, fleet.PathFiles+"{id}", h.server(h.receiveFile))
	on(http.MethodPost, fleet.PathFiles+"{id}/refuse", h.server(h.refuseFile))
	on(http.MethodGet, "/healthz", h.serveHealth)
	on(http.MethodGet, "/metrics", h.serveMetrics)
	on(http.MethodGet, "/api/openapi.json", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, described) })
	if h.config.Pages != nil {
		pages, err := h.config.Pages(h)
		if err != nil {
			return nil, fmt.Errorf("the console: %w", err)
		}
		mux.Handle("/", pages)
		if described, err = describe(openapi, pagesAPI(pages)); err != nil {
			return nil, fmt.Errorf("the console's description: %w", err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// pagesAPI is how the console describes its own API.
func pagesAPI(pages http.Handler) []byte {
	r, err := http.NewRequest(http.MethodGet, "/api/console.json", nil)
	if err != nil {
		return nil
	}
	w := &recorder{header: http.Header{}}
	pages.ServeHTTP(w, r)
	return w.body.Bytes()
}

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(int)             {}
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// describe joins OpenAPI documents: paths, each with what its document wants of
// who asks, and each kind of component.
func describe(docs ...[]byte) (map[string]any, error) {
	var all map[string]any
	for _, text := range docs {
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			return nil, err
		}
		if all == nil {
			all = doc
			continue
		}
		for path := range object(doc, "paths") {
			for _, asked := range object(object(doc, "paths"), path) {
				if op, ok := asked.(map[string]any); ok && op["security"] == nil && doc["security"] != nil {
					op["security"] = doc["security"]
				}
			}
		}
		join(all, doc, "paths")
		for kind := range object(doc, "components") {
			join(object(all, "components"), object(doc, "components"), kind)
		}
	}
	return all, nil
}

func join(into, from map[string]any, key string) {
	if into[key] == nil {
		into[key] = map[string]any{}
	}
	for k, v := range object(from, key) {
		object(into, key)[k] = v
	}
}

func object(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

// enroll gives a certificate for a token.
func (h *Hub) enroll(w http.ResponseWriter, r *http.Request) {
	now := h.config.Now()
	peer := peerOf(r)
	if !h.peers.allow(peer, now) {
		h.later(w, http.StatusTooManyRequests, "too many enrolments from this address")
		return
	}
	var req fleet.EnrollRequest
	if !read(w, r, &req) {
		return
	}
	refuse := func(status int, detail string) {
		h.metrics.refused.Add(1)
		sum := sha256.Sum256([]byte(req.Token))
		h.note(r.Context(), store.Entry{Actor: "token " + hex.EncodeToString(sum[:4]), Action: "enrol-refused", Object: req.Name, Detail: detail, Address: peer})
		problem(w, status, detail)
	}
	if err := checkName(req.Name); err != nil {
		refuse(http.StatusBadRequest, err.Error()+"; give the server another with --name")
		return
	}
	key, err := requestKey([]byte(req.CSR))
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	hash := sha256.Sum256(spki)
	token, id, err := h.store.UseToken(r.Context(), req.Token, req.Name, hex.EncodeToString(hash[:]), now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		refuse(http.StatusForbidden, "the token is unknown, used up or expired: ask the hub's administrator for another")
		return
	case errors.Is(err, store.ErrEnrolled):
		refuse(http.StatusConflict, err.Error())
		return
	case err != nil:
		h.failed(w, "enrolling", err)
		return
	}
	cert, err := h.keys.Client([]byte(req.CSR), id, token.Organisation, now)
	if err != nil {
		h.failed(w, "enrolling", err)
		return
	}
	h.metrics.enrolled.Add(1)
	h.note(r.Context(), store.Entry{Actor: "token " + hex.EncodeToString(token.Hash[:4]), Organisation: token.Organisation, Action: "enrol", Object: fmt.Sprintf("server %d", id), Detail: req.Name, Address: peer})
	answer(w, http.StatusOK, fleet.EnrollResponse{
		Server: id, Organisation: token.Organisation, Certificate: string(encode("CERTIFICATE", cert.Raw)), Authority: string(encode("CERTIFICATE", h.keys.Authority.Raw)),
		ReceiptKey: base64.StdEncoding.EncodeToString(h.keys.Receipt.Public().(ed25519.PublicKey)),
	})
}

// server lets through who shows the certificate that a server enrolled with,
// or one of the same key.
func (h *Hub) server(f func(w http.ResponseWriter, r *http.Request, server int64)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			problem(w, http.StatusUnauthorized, "show the certificate that this server got when it enrolled: limier agent enroll")
			return
		}
		cert, now := r.TLS.PeerCertificates[0], h.config.Now()
		id, ok := serverOf(cert)
		if !ok {
			problem(w, http.StatusForbidden, "this is no certificate of a server")
			return
		}
		key := fleet.KeyHash(cert)
		if !h.servers.allow(key, now) { // by key, so that who has one that was revoked neither wears out the store nor keeps the server out
			h.later(w, http.StatusTooManyRequests, "too many requests of this server")
			return
		}
		switch err := h.known.check(r.Context(), id, key, now); {
		case errors.Is(err, store.ErrNotFound):
			problem(w, http.StatusForbidden, "this server is unknown here, or was revoked: ask the hub's administrator")
			return
		case errors.Is(err, errOtherKey):
			problem(w, http.StatusForbidden, "this server enrolled again with another key")
			return
		case err != nil:
			h.failed(w, "looking the server up", err)
			return
		}
		f(w, r, id)
	}
}

// submit queues a case and gives a receipt.
func (h *Hub) submit(w http.ResponseWriter, r *http.Request, server int64) {
	if !h.room.Load() {
		h.later(w, http.StatusServiceUnavailable, "the hub's disk is nearly full")
		return
	}
	if !h.sending.begin(server) {
		h.later(w, http.StatusTooManyRequests, "this server is sending a case already")
		return
	}
	defer h.sending.end(server)
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // HTTP/2 has its own
	// Room for most cases; more only as it comes, for the length is what the collector says.
	buf := bytes.NewBuffer(make([]byte, 0, max(0, min(r.ContentLength, 64<<10))+bytes.MinRead))
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, int64(h.queue.maxBody)))
	body := buf.Bytes()
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		h.reject(w, server, http.StatusRequestEntityTooLarge, fmt.Sprintf("the case is larger than %d bytes compressed", h.queue.maxBody))
		return
	} else if err != nil {
		return // whoever sent it is gone, or too slow
	}
	h.queue.coming.Add(1)
	defer h.queue.coming.Add(-1)
	select {
	case h.checking <- struct{}{}:
	case <-time.After(5 * time.Second):
		h.later(w, http.StatusServiceUnavailable, "the hub is busy")
		return
	case <-r.Context().Done():
		return
	}
	s, err := h.check(body)
	if errors.Is(err, store.ErrLarge) {
		h.reject(w, server, http.StatusRequestEntityTooLarge, err.Error())
		return
	} else if err != nil {
		h.reject(w, server, http.StatusUnprocessableEntity, err.Error())
		return
	}
	s.Server, s.Received = server, h.config.Now().UTC()
	ctx, cancel := context.WithTimeout(r.Context(), queueTime)
	defer cancel()
	receipt := &fleet.Receipt{Server: server, Evidence: hex.EncodeToString(s.Evidence[:]), Case: hex.EncodeToString(s.Hash[:]), Received: s.Received}
	shared := receipt
	if r.Header.Get(fleet.HeaderReceipt) != fleet.ReceiptBatch {
		shared = nil // an older collector
	}
	if err := h.queue.put(ctx, &s, shared); err != nil {
		if !errors.Is(err, errFull) {
			h.log.Error("a case was not queued; its server keeps it", "server", server, "error", err)
		}
		h.later(w, http.StatusServiceUnavailable, "the hub's queue is full or away")
		return
	}
	h.metrics.received.Add(1)
	h.metrics.receivedBytes.Add(int64(len(body)))
	if shared == nil {
		fleet.Sign(h.keys.Receipt, receipt)
	}
	answer(w, http.StatusAccepted, receipt)
}

// check reads a case. One that waits for the queue is no longer being checked.
func (h *Hub) check(body []byte) (store.Submission, error) {
	defer func() { <-h.checking }()
	return h.checker.Check(body)
}

func (h *Hub) reject(w http.ResponseWriter, server int64, status int, detail string) {
	h.metrics.rejected.Add(1)
	h.log.Warn("a case was rejected", "server", server, "reason", detail)
	problem(w, status, detail)
}

// contact begins a visit.
func (h *Hub) contact(w http.ResponseWriter, r *http.Request, server int64) {
	var req fleet.ContactRequest
	if !read(w, r, &req) {
		return
	}
	ctx := r.Context()
	if err := h.store.Contact(ctx, server, req.AllowFiles, h.config.Now()); err != nil {
		h.failed(w, "noting the visit", err)
		return
	}
	if m := req.Missed; m != nil {
		told := store.Missed{Cases: min(max(m.Cases, 0), 1<<20), Reason: m.Reason[:min(len(m.Reason), 500)], Told: h.config.Now()}
		more, err := h.store.PutMissed(ctx, server, told)
		if err != nil {
			h.failed(w, "noting what a server could not send", err)
			return
		}
		if more != 0 {
			h.metrics.missed.Add(int64(max(more, 0)))
			h.log.Warn("a server has cases that it could not send", "server", server, "cases", told.Cases, "reason", told.Reason)
		}
	}
	var sums [][32]byte
	for _, s := range req.Sent {
		if sum, err := fleet.ParseHash(s); err == nil {
			sums = append(sums, sum)
		}
	}
	held, err := h.store.Held(ctx, server, sums)
	if err != nil {
		h.failed(w, "looking for cases", err)
		return
	}
	var resp fleet.ContactResponse
	for _, sum := range held {
		resp.Held = append(resp.Held, hex.EncodeToString(sum[:]))
	}
	if req.AllowFiles {
		open, err := h.store.FileRequests(ctx, store.All(), server, store.FileAsked)
		if err != nil {
			h.failed(w, "looking for requests", err)
			return
		}
		for _, o := range open[:min(len(open), 100)] {
			resp.Files = append(resp.Files, fleet.FileOrder{ID: o.ID, Path: o.Path, SHA256: o.SHA256})
		}
	}
	resp.Renew = r.TLS.PeerCertificates[0].NotAfter.Sub(h.config.Now()) < renewBefore
	answer(w, http.StatusOK, resp)
}

// renew gives a new certificate for the same key.
func (h *Hub) renew(w http.ResponseWriter, r *http.Request, server int64) {
	var req fleet.RenewRequest
	if !read(w, r, &req) {
		return
	}
	s, err := h.store.Server(r.Context(), store.All(), server)
	if err != nil {
		h.failed(w, "renewing", err)
		return
	}
	cert, err := h.keys.Client([]byte(req.CSR), server, s.Organisation, h.config.Now())
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	if fleet.KeyHash(cert) != fleet.KeyHash(r.TLS.PeerCertificates[0]) {
		problem(w, http.StatusForbidden, "a certificate is renewed for the same key")
		return
	}
	h.note(r.Context(), store.Entry{Actor: clientName(server), Organisation: s.Organisation, Action: "renew", Object: fmt.Sprintf("server %d", server), Address: peerOf(r)})
	answer(w, http.StatusOK, fleet.EnrollResponse{Server: server, Organisation: s.Organisation, Certificate: string(encode("CERTIFICATE", cert.Raw)), Authority: string(encode("CERTIFICATE", h.keys.Authority.Raw)),
		ReceiptKey: base64.StdEncoding.EncodeToString(h.keys.Receipt.Public().(ed25519.PublicKey))})
}

// note adds to the audit log; that it cannot is no reason to fail.
func (h *Hub) note(ctx context.Context, e store.Entry) {
	e.At = h.config.Now()
	if err := h.store.Log(ctx, e); err != nil {
		h.log.Error("the audit log was not written", "action", e.Action, "error", err)
	}
}

// later tells the collector to come back.
func (h *Hub) later(w http.ResponseWriter, status int, detail string) {
	h.metrics.throttled.Add(1)
	w.Header().Set("Retry-After", strconv.Itoa(10+rand.IntN(50))) // spread out
	problem(w, status, detail+"; come back later")
}

func (h *Hub) failed(w http.ResponseWriter, what string, err error) {
	h.log.Error(what, "error", err)
	w.Header().Set("Retry-After", "30")
	problem(w, http.StatusServiceUnavailable, "the hub could not do that now; come back later")
}

// read reads a small message.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, fleet.MaxJSON)).Decode(v)
	if err != nil {
		problem(w, http.StatusBadRequest, "the message cannot be read")
	}
	return err == nil
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // whoever asked may be gone
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(fleet.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

// peerOf is the address that a request came from. Headers say what their
// sender wants; they do not count.
func peerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// local reports whether the hub's own machine asks. Without TLS a proxy there
// asks for others.
func local(r *http.Request) bool {
	ip := net.ParseIP(peerOf(r))
	return r.TLS != nil && ip != nil && ip.IsLoopback()
}

// sameText compares in constant time; nothing equals the empty text.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return a != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
