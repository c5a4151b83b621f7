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
	Seq      int64     // its place in the collection; grows
	Added    time.Time // when it came, in UTC; never before that of a smaller Seq
	JSON     json.RawMessage
}

// A Store keeps the objects of collections.
type Store interface {
	// Query returns at most q.Limit objects by Seq, and whether there are more.
	// [Select] does that for a store that has all objects at hand.
	Query(ctx context.Context, collection string, q Query) (page []Object, more bool, err error)

	// Add adds objects at the end and sets Seq and Added; a version that is
	// there already is passed over.
	Add(ctx context.Context, collection string, objects []Object, now time.Time) error

	// Delete takes away what a query selects, and returns how many.
	Delete(ctx context.Context, collection string, q Query) (int, error)
}

// ParseObject reads one STIX object and checks what every object must have.
func ParseObject(raw json.RawMessage) (Object, error) {
	var in struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Spec     string `json:"spec_version"`
		Created  string `json:"created"`
		Modified string `json:"modified"`
	}
	if err := json.Unmarshal(raw, &in); err != nil || !utf8.Valid(raw) {
		return Object{}, errors.New("no STIX object")
	}
	o := Object{ID: in.ID, Type: in.Type, Spec: in.Spec, Version: in.Modified, JSON: raw}
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
	collections map[string][]Object
	seq         int64
}

// Load adds objects with the dates that they have: they must grow.
func (m *Memory) Load(collection string, objects []Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.collections == nil {
		m.collections = map[string][]Object{}
	}
	for _, o := range objects {
		list := m.collections[collection]
		if n := len(list); n > 0 && o.Added.Before(list[n-1].Added) {
			return fmt.Errorf("%s was added before the one in front of it", o.ID)
		}
		m.seq++
		o.Seq = m.seq
		m.collections[collection] = append(list, o)
	}
	return nil
}

// Query implements [Store].
func (m *Memory) Query(_ context.Context, collection string, q Query) ([]Object, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	page, more := Select(m.collections[collection], q)
	return page, more, nil
}

// Add implements [Store]. No two objects have the same date: clients page by it.
func (m *Memory) Add(_ context.Context, collection string, objects []Object, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.collections == nil {
		m.collections = map[string][]Object{}
	}
	list := m.collections[collection]
	have := make(map[string]bool, len(list))
	key := func(o *Object) string { return o.ID + "\n" + o.Spec + "\n" + o.Version }
	for i := range list {
		have[key(&list[i])] = true
	}
	at := now.UTC().Truncate(time.Microsecond)
	for _, o := range objects {
		if have[key(&o)] {
			continue
		}
		have[key(&o)] = true
		if n := len(list); n > 0 && !at.After(list[n-1].Added) {
			at = list[n-1].Added.Add(time.Microsecond)
		}
		m.seq++
		o.Seq, o.Added = m.seq, at
		list = append(list, o)
	}
	m.collections[collection] = list
	return nil
}

// Delete implements [Store].
func (m *Memory) Delete(_ context.Context, collection string, q Query) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q.Limit = 0
	gone, _ := Select(m.collections[collection], q)
	list := slices.DeleteFunc(slices.Clone(m.collections[collection]), func(o Object) bool {
		return slices.ContainsFunc(gone, func(g Object) bool { return g.Seq == o.Seq })
	})
	if m.collections != nil {
		m.collections[collection] = list
	}
	return len(gone), nil
}
