package taxii

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Query says which objects of a collection are asked for.
type Query struct {
	IDs, Types []string // any of them; nil: all
	Specs      []string // "2.0", "2.1"; nil: the latest that an object has
	Versions   []string // "first", "last", "all" or times; nil: "last"
	Newest     bool     // the last come first

	Mentions map[string]bool // UUIDs, one of which is part of an identifier in the object; nil: all

	AddedAfter time.Time // exclusive; zero: all
	After      int64     // exclusive place in the collection, from a cursor
	Limit      int       // 0: none given
}

var allSpecs = []string{"2.0", "2.1"}

const maxValues = 500 // of one filter

// cursor holds all that a client may forget on the next page.
type cursor struct {
	After int64    `json:"s"`
	Added string   `json:"a,omitempty"`
	IDs   []string `json:"i,omitempty"`
	Types []string `json:"t,omitempty"`
	Specs []string `json:"p,omitempty"`
	Vers  []string `json:"v,omitempty"`
}

func (q *Query) cursor(after int64) string {
	c := cursor{After: after, IDs: q.IDs, Types: q.Types, Specs: q.Specs, Vers: q.Versions}
	if !q.AddedAfter.IsZero() {
		c.Added = q.AddedAfter.Format(time.RFC3339Nano)
	}
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseQuery reads the query of a URL. On a further page the cursor knows the
// filters and added_after: a client may leave them out, and an added_after that
// it repeats or moves has no effect; other filters may not change.
func ParseQuery(raw string) (Query, error) {
	var q Query
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, errors.New("the query is malformed")
	}
	for name, list := range values {
		if len(list) > 1 {
			return q, fmt.Errorf("%.40q is there twice: separate values by commas", name)
		}
	}
	given := func(name string) ([]string, error) {
		if !values.Has("match[" + name + "]") {
			return nil, nil
		}
		list := strings.Split(values.Get("match["+name+"]"), ",")
		if len(list) > maxValues {
			return nil, fmt.Errorf("match[%s] has more than %d values", name, maxValues)
		}
		for _, v := range list {
			if v == "" {
				return nil, fmt.Errorf("match[%s] has an empty value", name)
			}
		}
		return list, nil
	}
	for name, to := range map[string]*[]string{"id": &q.IDs, "type": &q.Types, "spec_version": &q.Specs, "version": &q.Versions} {
		list, e := given(name)
		*to, err = list, errors.Join(err, e)
	}
	if err != nil {
		return q, err
	}
	for _, v := range q.Versions {
		if !slices.Contains([]string{"first", "last", "all"}, v) {
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
				return q, fmt.Errorf("match[version]: %.40q is none of first, last, all or a time", v)
			}
		}
	}
	if values.Has("limit") {
		n, err := strconv.Atoi(values.Get("limit"))
		if err != nil || n < 1 {
			return q, errors.New("limit must be a number above 0")
		}
		q.Limit = n
	}
	if values.Has("added_after") {
		if q.AddedAfter, err = time.Parse(time.RFC3339Nano, values.Get("added_after")); err != nil {
			return q, errors.New("added_after is no time as in RFC 3339")
		}
	}
	if !values.Has("next") {
		return q, nil
	}
	return q.resume(values.Get("next"))
}

// resume takes a query up where a cursor left it.
func (q Query) resume(next string) (Query, error) {
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(next)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.After < 0 {
		return q, errors.New("next is none of this server's: begin again without it")
	}
	for _, f := range []struct{ given, kept *[]string }{{&q.IDs, &c.IDs}, {&q.Types, &c.Types}, {&q.Specs, &c.Specs}, {&q.Versions, &c.Vers}} {
		if *f.given != nil && !slices.Equal(*f.given, *f.kept) {
			return q, errors.New("the filters have changed since the page before: begin again without next")
		}
		*f.given = *f.kept
	}
	for _, v := range c.Vers {
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil && !slices.Contains([]string{"first", "last", "all"}, v) {
			return q, errors.New("next is none of this server's: begin again without it")
		}
	}
	q.After, q.AddedAfter = c.After, time.Time{}
	if c.Added != "" {
		if q.AddedAfter, err = time.Parse(time.RFC3339Nano, c.Added); err != nil {
			return q, errors.New("next is none of this server's: begin again without it")
		}
	}
	return q, nil
}

// places finds the versions of each object.
func places(all []Object) map[string][]int {
	by := map[string][]int{}
	for i := range all {
		by[all[i].ID] = append(by[all[i].ID], i)
	}
	return by
}

// selectFrom answers a query from all versions of all objects, in the order of
// Seq; by is their [places]. It looks at no more of them than fill the page.
func selectFrom(all []Object, by map[string][]int, q Query) (page []Object, more bool) {
	take := func(i int) bool { // reports whether to go on
		o := &all[i]
		if o.Seq <= q.After || !q.AddedAfter.IsZero() && !o.Added.After(q.AddedAfter) || len(q.Types) > 0 && !slices.Contains(q.Types, o.Type) || !q.wants(all, by[o.ID], i) || len(q.Mentions) > 0 && !mentionsAny(o.JSON, q.Mentions) {
			return true
		}
		if q.Limit > 0 && len(page) == q.Limit {
			more = true
			return false
		}
		page = append(page, *o)
		return true
	}
	if q.Newest {
		for i := len(all) - 1; i >= 0; i-- {
			if (len(q.IDs) == 0 || slices.Contains(q.IDs, all[i].ID)) && !take(i) {
				break
			}
		}
		return page, more
	}
	if len(q.IDs) > 0 {
		var at []int
		for _, id := range q.IDs {
			at = append(at, by[id]...)
		}
		slices.Sort(at)
		for _, i := range slices.Compact(at) {
			if !take(i) {
				break
			}
		}
		return page, more
	}
	first, _ := slices.BinarySearchFunc(all, q.After, func(o Object, after int64) int { return cmp.Compare(o.Seq, after) })
	for i := first; i < len(all); i++ {
		if !take(i) {
			break
		}
	}
	return page, more
}

// wants reports whether the object at i is a version that is asked for; at are
// the places of all its versions.
func (q *Query) wants(all []Object, at []int, i int) bool {
	allowed := func(o *Object) bool { return slices.Contains(q.Specs, o.Spec) }
	if len(q.Specs) == 0 {
		latest := ""
		for _, j := range at {
			latest = max(latest, all[j].Spec)
		}
		allowed = func(o *Object) bool { return o.Spec == latest }
	}
	if !allowed(&all[i]) {
		return false
	}
	versions := q.Versions
	if len(versions) == 0 {
		versions = []string{"last"}
	}
	for _, v := range versions {
		switch v {
		case "all":
			return true
		case "first", "last":
			best := i
			for _, j := range at {
				if allowed(&all[j]) && (v == "first" && all[j].older(all[best]) || v == "last" && all[best].older(all[j])) {
					best = j
				}
			}
			if best == i {
				return true
			}
		default:
			if all[i].is(v) {
				return true
			}
		}
	}
	return false
}

// older orders versions by their time, then by when they came.
func (o *Object) older(p Object) bool {
	a, _ := time.Parse(time.RFC3339Nano, o.Version)
	b, _ := time.Parse(time.RFC3339Nano, p.Version)
	return cmp.Or(a.Compare(b), cmp.Compare(o.Seq, p.Seq)) < 0
}

// is reports whether o is the version of that time, however it is written.
func (o *Object) is(version string) bool {
	a, err := time.Parse(time.RFC3339Nano, version)
	b, err2 := time.Parse(time.RFC3339Nano, o.Version)
	return err == nil && err2 == nil && a.Equal(b)
}
