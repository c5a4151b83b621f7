// Package taxii serves collections of STIX objects over TAXII 2.1
// (https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html).
//
// Discovery is at /taxii2/ and each API root below it, so that one handler can
// be mounted anywhere. Every date_added of a collection differs and grows, so
// that clients that page by date lose nothing; those that page by the cursor
// next may drop or repeat added_after.
package taxii

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// MediaType is the only one that is spoken.
const MediaType = "application/taxii+json;version=2.1"

// StixType is what collections hold unless they say something else.
const StixType = "application/stix+json;version=2.1"

const (
	defaultPage    = 100
	defaultContent = 10 << 20
	maxStatuses    = 1000 // per server; older ones are forgotten
	maxPerPost     = 10_000
)

// Prefix is where the handler expects its requests.
const Prefix = "/taxii2/"

// A Root is one API root, below [Prefix].
type Root struct {
	Path        string // one element: "public"
	Title       string
	Description string
	MaxContent  int64 // of a POST, in bytes; 10 MiB if zero
	Collections []Collection
}

// A Collection is what clients subscribe to.
type Collection struct {
	ID          string   `json:"id"` // a UUID
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias,omitempty"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types,omitempty"`
}

// A Server answers TAXII requests. Its fields may not change while it serves.
type Server struct {
	Title, Description, Contact string

	Roots func(ctx context.Context, user string) ([]Root, error) // those that the user may know of
	Store Store
	Page  int // most objects in one answer; 100 if zero
	Now   func() time.Time

	// User says who asks; without ok the answer is 401. Nil: everybody is "".
	User func(*http.Request) (user string, ok bool)

	mu       sync.Mutex
	statuses []rootStatus
}

type rootStatus struct {
	root, user string
	Status
}

// A Status says what became of the objects of a POST.
type Status struct {
	ID           string   `json:"id"`
	State        string   `json:"status"` // "complete" or "pending"
	Requested    string   `json:"request_timestamp"`
	Total        int      `json:"total_count"`
	SuccessCount int      `json:"success_count"`
	Successes    []Detail `json:"successes,omitempty"`
	FailureCount int      `json:"failure_count"`
	Failures     []Detail `json:"failures,omitempty"`
	PendingCount int      `json:"pending_count"`
	Pendings     []Detail `json:"pendings,omitempty"`
}

// A Detail is one object of a [Status].
type Detail struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// fault is an answer that is no success.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

func no(code int, format string, args ...any) error {
	return &fault{code, fmt.Sprintf(format, args...)}
}

// errorTitles follow the names that other servers use.
var errorTitles = map[int]string{
	400: "ProcessingError", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable",
	413: "RequestTooLarge", 415: "UnsupportedMediaType", 422: "ProcessingError", 500: "BackendError",
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", MediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	code, body, err := s.answer(w, r)
	if err != nil {
		f := &fault{http.StatusInternalServerError, "the server could not read its store"}
		errors.As(err, &f)
		if f.code == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Basic realm="TAXII", charset="UTF-8"`)
		}
		code, body = f.code, map[string]string{"title": errorTitles[f.code], "description": f.text, "http_status": fmt.Sprint(f.code)}
	}
	b, err := json.Marshal(body)
	if err != nil {
		code, b = http.StatusInternalServerError, []byte(`{"title":"BackendError"}`)
	}
	w.WriteHeader(code)
	w.Write(append(b, '\n'))
}

// request is what a handler needs.
type request struct {
	*http.Request
	w    http.ResponseWriter
	user string
	root Root
}

func (s *Server) answer(w http.ResponseWriter, hr *http.Request) (int, any, error) {
	r := &request{Request: hr, w: w}
	if s.User != nil {
		user, ok := s.User(hr)
		if !ok {
			return 0, nil, no(http.StatusUnauthorized, "a name and its password are needed; at a hub, an account and a token of its page")
		}
		r.user = user
	}
	rest, ok := strings.CutPrefix(hr.URL.Path, Prefix)
	if !ok && hr.URL.Path+"/" != Prefix {
		return 0, nil, no(http.StatusNotFound, "no such resource")
	}
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if !acceptable(hr) {
		return 0, nil, no(http.StatusNotAcceptable, "the answer is %s: accept that", MediaType)
	}
	roots, err := s.Roots(hr.Context(), r.user)
	if err != nil {
		return 0, nil, err
	}
	if parts[0] == "" {
		return s.discovery(r, roots)
	}
	i := slices.IndexFunc(roots, func(x Root) bool { return x.Path == parts[0] })
	if i < 0 {
		return 0, nil, no(http.StatusNotFound, "no such API root")
	}
	r.root = roots[i]
	switch parts = parts[1:]; {
	case len(parts) == 0:
		return get(r, map[string]any{"title": r.root.Title, "description": r.root.Description, "versions": []string{MediaType}, "max_content_length": r.root.max()})
	case parts[0] == "status" && len(parts) == 2:
		return s.status(r, parts[1])
	case parts[0] != "collections":
		return 0, nil, no(http.StatusNotFound, "no such resource")
	case len(parts) == 1:
		return get(r, map[string]any{"collections": append([]Collection{}, r.root.Collections...)})
	}
	i = slices.IndexFunc(r.root.Collections, func(c Collection) bool {
		return c.ID == parts[1] || c.Alias != "" && c.Alias == parts[1]
	})
	if i < 0 {
		return 0, nil, no(http.StatusNotFound, "no such collection")
	}
	return s.collection(r, r.root.Collections[i], parts[2:])
}

func (s *Server) collection(r *request, c Collection, parts []string) (int, any, error) {
	if len(parts) == 0 {
		return get(r, c)
	}
	write := r.Method == http.MethodPost || r.Method == http.MethodDelete
	if write && !c.CanWrite || r.Method != http.MethodPost && !c.CanRead {
		return 0, nil, no(http.StatusForbidden, "you may not do this in this collection")
	}
	what := parts[0]
	switch {
	case what == "manifest" && len(parts) == 1:
		return s.list(r, c, "", "manifest")
	case what == "objects" && len(parts) == 1 && r.Method == http.MethodPost:
		return s.add(r, c)
	case what == "objects" && len(parts) == 1:
		return s.list(r, c, "", "objects")
	case what == "objects" && len(parts) == 2 && r.Method == http.MethodDelete:
		return s.remove(r, c, parts[1])
	case what == "objects" && len(parts) == 2:
		return s.list(r, c, parts[1], "objects")
	case what == "objects" && len(parts) == 3 && parts[2] == "versions":
		return s.list(r, c, parts[1], "versions")
	}
	return 0, nil, no(http.StatusNotFound, "no such resource")
}

// get answers GET and HEAD.
func get(r *request, v any) (int, any, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		r.w.Header().Set("Allow", "GET, HEAD")
		return 0, nil, no(http.StatusMethodNotAllowed, "only GET here")
	}
	return http.StatusOK, v, nil
}

// acceptable reports whether the client takes [MediaType], as RFC 9110 has it.
func acceptable(r *http.Request) bool {
	values := r.Header.Values("Accept")
	if len(values) == 0 {
		return true
	}
	for _, v := range strings.Split(strings.Join(values, ","), ",") {
		kind, params, err := mime.ParseMediaType(v)
		if err != nil {
			continue
		}
		switch kind {
		case "*/*", "application/*":
			return true
		case "application/taxii+json":
			if version, ok := params["version"]; !ok || version == "2.1" {
				return true
			}
		}
	}
	return false
}

func (s *Server) discovery(r *request, roots []Root) (int, any, error) {
	d := map[string]any{"title": s.Title}
	if s.Description != "" {
		d["description"] = s.Description
	}
	if s.Contact != "" {
		d["contact"] = s.Contact
	}
	var urls []string
	for _, x := range roots {
		urls = append(urls, Prefix+x.Path+"/")
	}
	if len(urls) > 0 {
		d["default"], d["api_roots"] = urls[0], urls
	}
	return get(r, d)
}

func (x *Root) max() int64 {
	if x.MaxContent > 0 {
		return x.MaxContent
	}
	return defaultContent
}

// list answers with objects, their manifest or their versions.
func (s *Server) list(r *request, c Collection, id, what string) (int, any, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return get(r, nil)
	}
	q, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, nil, no(http.StatusBadRequest, "%v", err)
	}
	if id != "" {
		if !stixID.MatchString(id) {
			return 0, nil, no(http.StatusNotFound, "no such object")
		}
		q.IDs, q.Types = []string{id}, nil
	}
	if what == "versions" {
		q.Versions = []string{"all"}
	}
	page := s.Page
	if page <= 0 {
		page = defaultPage
	}
	if q.Limit == 0 || q.Limit > page {
		q.Limit = page
	}
	objects, more, err := s.Store.Query(r.Context(), c.ID, q)
	if err != nil {
		return 0, nil, err
	}
	if len(objects) == 0 {
		if id != "" {
			if any, _, err := s.Store.Query(r.Context(), c.ID, Query{IDs: q.IDs, Versions: []string{"all"}, Specs: allSpecs, Limit: 1}); err != nil || len(any) == 0 {
				return 0, nil, errors.Join(err, no(http.StatusNotFound, "no such object"))
			}
		}
		return http.StatusOK, struct{}{}, nil
	}
	h := r.w.Header()
	h.Set("X-TAXII-Date-Added-First", stamp(objects[0].Added))
	h.Set("X-TAXII-Date-Added-Last", stamp(objects[len(objects)-1].Added))
	out := map[string]any{"more": more}
	if more {
		out["next"] = q.cursor(objects[len(objects)-1].Seq)
	}
	switch what {
	case "versions":
		var list []string
		for _, o := range objects {
			list = append(list, o.Version)
		}
		out["versions"] = list
	case "manifest":
		var list []any
		for _, o := range objects {
			list = append(list, map[string]string{"id": o.ID, "date_added": stamp(o.Added), "version": o.Version, "media_type": "application/stix+json;version=" + o.Spec})
		}
		out["objects"] = list
	default:
		var list []json.RawMessage
		for _, o := range objects {
			list = append(list, o.JSON)
		}
		out["objects"] = list
	}
	return http.StatusOK, out, nil
}

func (s *Server) remove(r *request, c Collection, id string) (int, any, error) {
	if !c.CanRead {
		return 0, nil, no(http.StatusForbidden, "you may not do this in this collection")
	}
	q, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, nil, no(http.StatusBadRequest, "%v", err)
	}
	q.IDs, q.Types = []string{id}, nil
	if len(q.Versions) == 0 {
		q.Versions = []string{"all"}
	}
	if len(q.Specs) == 0 {
		q.Specs = allSpecs
	}
	n, err := s.Store.Delete(r.Context(), c.ID, q)
	if err == nil && n == 0 {
		err = no(http.StatusNotFound, "no such object")
	}
	return http.StatusOK, struct{}{}, err
}

var stixID = regexp.MustCompile(`^([a-z][a-z0-9-]{1,248}[a-z0-9])--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (s *Server) add(r *request, c Collection) (int, any, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if version, ok := params["version"]; err != nil || kind != "application/taxii+json" || ok && version != "2.1" {
		return 0, nil, no(http.StatusUnsupportedMediaType, "send %s", MediaType)
	}
	most := r.root.max()
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return 0, nil, no(http.StatusRequestEntityTooLarge, "more than max_content_length, %d bytes", most)
	case err != nil:
		return 0, nil, no(http.StatusBadRequest, "the request was cut short")
	}
	var envelope struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Objects == nil || len(envelope.Objects) > maxPerPost {
		return 0, nil, no(http.StatusUnprocessableEntity, "While processing supplied content, an error occurred: there must be a list of at most %d objects", maxPerPost)
	}
	now := s.Now().UTC()
	st := Status{ID: newUUID(), State: "complete", Requested: stamp(now), Total: len(envelope.Objects)}
	var good []Object
	for _, raw := range envelope.Objects {
		o, err := ParseObject(raw)
		if err != nil {
			st.FailureCount++
			st.Failures = append(st.Failures, Detail{ID: o.ID, Version: o.Version, Message: err.Error()})
			continue
		}
		if o.Version == "" {
			o.Version = stamp(now) // a cyber-observable object has no version of its own
		}
		good = append(good, o)
	}
	if err := s.Store.Add(r.Context(), c.ID, good, now); err != nil {
		return 0, nil, err
	}
	for _, o := range good {
		st.SuccessCount++
		st.Successes = append(st.Successes, Detail{ID: o.ID, Version: o.Version})
	}
	s.KeepStatus(r.root.Path, r.user, st)
	return http.StatusAccepted, st, nil
}

// KeepStatus makes a status readable by the user who posted.
func (s *Server) KeepStatus(root, user string, st Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses = append(s.statuses, rootStatus{root, user, st})
	if len(s.statuses) > maxStatuses {
		s.statuses = slices.Delete(s.statuses, 0, len(s.statuses)-maxStatuses)
	}
}

func (s *Server) status(r *request, id string) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.statuses {
		if st.root == r.root.Path && st.user == r.user && st.ID == id {
			return get(r, st.Status)
		}
	}
	return 0, nil, no(http.StatusNotFound, "no such status: they are kept for the last %d posts", maxStatuses)
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var u [16]byte
	rand.Read(u[:])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// stamp writes a time with six digits, as RFC 3339 and TAXII have it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
