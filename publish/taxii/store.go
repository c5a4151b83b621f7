package taxii

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// An Object is one version of one STIX object in a collection.
type Object struct {
	ID, Type string
	Spec     string    // "2.1" or "2.0"
	Version  string    // modified or created, as the object writes it
	Revoked  bool      // for good (STIX 2.1, 3.3): no later version of it is added
	Seq      int64     // its place in the collection; grows
	Added    time.Time // when it came, in UTC; never before that of a smaller Seq
	JSON     json.RawMessage
}

// A Store keeps the objects of collections.
type Store interface {
	// Query returns at most q.Limit objects by Seq, and whether there are more.
	// It looks first at the ids and types, then at the version of the
	// specification, then at the version of the object, then at when it was added.
	Query(ctx context.Context, collection string, q Query) (page []Object, more bool, err error)

	// Add adds objects at the end and sets Seq and Added; a version that is
	// there already is passed over, and so is any of an object that was revoked.
	Add(ctx context.Context, collection string, objects []Object, now time.Time) error

	// Delete takes away what a query selects, and returns how many.
	Delete(ctx context.Context, collection string, q Query) (int, error)
}

// ParseObjects is [ParseObject] of each.
func ParseObjects(raws []json.RawMessage) ([]Object, error) {
	list := make([]Object, len(raws))
	for i, raw := range raws {
		var err error
		if list[i], err = ParseObject(raw); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ParseObject reads one STIX object and checks what every object must have.
func ParseObject(raw json.RawMessage) (Object, error) {
	var in struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Spec     string `json:"spec_version"`
		Created  string `json:"created"`
		Modified string `json:"modified"`
		Revoked  bool   `json:"revoked"`
	}
	if err := json.Unmarshal(raw, &in); err != nil || !utf8.Valid(raw) {
		return Object{}, errors.New("no STIX object")
	}
	o := Object{ID: in.ID, Type: in.Type, Spec: in.Spec, Version: in.Modified, Revoked: in.Revoked, JSON: raw}
	if o.Version == "" {
		o.Version = in.Created
	}
	if o.Spec == "" {
		o.Spec = "2.0" // which had no such property on objects
	}
	m := stixID.FindStringSubmatch(in.ID)
	switch {
	case m == nil:
		o.ID = fmt.Sprintf("%.80q", in.ID)
		return o, errors.New("the id is not type--UUID")
	case m[1] != in.Type:
		return o, errors.New("id and type differ")
	case !slices.Contains(allSpecs, o.Spec):
		return o, errors.New("spec_version is neither 2.0 nor 2.1")
	}
	if _, err := time.Parse(time.RFC3339Nano, o.Version); o.Version != "" && err != nil {
		return o, errors.New("modified or created is no time")
	}
	if o.Version != "" && !strings.HasSuffix(o.Version, "Z") {
		return o, errors.New("modified or created is not in UTC, with a Z")
	}
	return o, nil
}

// Memory is a Store in memory. Its zero value is empty; it may be used by many
// goroutines.
type Memory struct {
	mu          sync.RWMutex
	collections map[string]*shelf
	seq         int64
}

// A shelf is one collection.
type shelf struct {
	list []Object
	by   map[string][]int // places of the versions of an object
}

// shelf returns a collection, which it makes if there is none.
func (m *Memory) shelf(collection string) *shelf {
	if m.collections == nil {
		m.collections = map[string]*shelf{}
	}
	if m.collections[collection] == nil {
		m.collections[collection] = &shelf{by: map[string][]int{}}
	}
	return m.collections[collection]
}

// put adds an object at the end.
func (m *Memory) put(s *shelf, o Object) {
	m.seq++
	o.Seq = m.seq
	s.by[o.ID] = append(s.by[o.ID], len(s.list))
	s.list = append(s.list, o)
}

// Load adds objects with the dates that they have: they must grow.
func (m *Memory) Load(collection string, objects []Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shelf(collection)
	for _, o := range objects {
		if n := len(s.list); n > 0 && o.Added.Before(s.list[n-1].Added) {
			return fmt.Errorf("%s was added before the one in front of it", o.ID)
		}
		m.put(s, o)
	}
	return nil
}

// Query implements [Store].
func (m *Memory) Query(_ context.Context, collection string, q Query) ([]Object, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.collections[collection]
	if s == nil {
		return nil, false, nil
	}
	page, more := selectFrom(s.list, s.by, q)
	return page, more, nil
}

// Add implements [Store]. No two objects have the same date: clients page by it.
func (m *Memory) Add(_ context.Context, collection string, objects []Object, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shelf(collection)
	at := now.UTC().Truncate(time.Microsecond)
	for _, o := range objects {
		if slices.ContainsFunc(s.by[o.ID], func(i int) bool {
			return s.list[i].Revoked || s.list[i].Spec == o.Spec && s.list[i].Version == o.Version
		}) {
			continue
		}
		if n := len(s.list); n > 0 && !at.After(s.list[n-1].Added) {
			at = s.list[n-1].Added.Add(time.Microsecond)
		}
		o.Added = at
		m.put(s, o)
	}
	return nil
}

// Delete implements [Store].
func (m *Memory) Delete(_ context.Context, collection string, q Query) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shelf(collection)
	q.Limit = 0
	gone, _ := selectFrom(s.list, s.by, q)
	if len(gone) == 0 {
		return 0, nil
	}
	doomed := map[int64]bool{}
	for _, o := range gone {
		doomed[o.Seq] = true
	}
	s.list = slices.DeleteFunc(slices.Clone(s.list), func(o Object) bool { return doomed[o.Seq] })
	s.by = places(s.list)
	return len(gone), nil
}
