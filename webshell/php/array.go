package php

import (
	"slices"
	"strconv"
)

// A key is an array key: an integer or a string.
type key struct {
	s   string
	n   int64
	str bool
}

// An array is an ordered map. It may be shared between values until someone
// writes to it.
type array struct {
	keys   []key // none while they are 0, 1, 2 and so on, as in most arrays
	vals   []value
	index  map[key]int // made once the keys are more than a few
	next   int64
	at     int // where next and current are
	shared bool
	open   bool  // it has elements that are not known
	rest   value // what those are, joined
}

// maxElements bounds one array.
const maxElements = 1 << 17

// elementSize is what an element costs in memory, in bytes.
const elementSize = 200

func newArray() *array { return &array{} }

func arr(vals ...value) value {
	a := newArray()
	for _, v := range vals {
		a.push(v)
	}
	return value{k: vArr, ref: a}
}

// arrOf is the value of an array: its taint is that of all its elements.
func arrOf(a *array) value { return value{k: vArr, ref: a} }

func keyOf(v value) (key, bool) {
	switch v.k {
	case vInt, vBool:
		return key{n: v.n}, true
	case vFloat:
		return key{n: int64(v.float())}, true
	case vNull:
		return key{str: true}, true
	case vStr:
		s := v.s
		if len(s) > 0 && len(s) < 19 && (s[0] == '-' && len(s) > 1 || isDigit(s[0])) {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
				return key{n: n}, true
			}
		}
		return key{s: s, str: true}, true
	}
	return key{}, false
}

func (k key) value() value {
	if k.str {
		return str(k.s)
	}
	return num(k.n)
}

func (a *array) keyAt(i int) key {
	if a.keys == nil {
		return key{n: int64(i)}
	}
	return a.keys[i]
}

// unpack writes the keys down, so that they may be others than those of a list.
func (a *array) unpack() {
	if a.keys != nil {
		return
	}
	a.keys = make([]key, len(a.vals), len(a.vals)+4)
	for i := range a.keys {
		a.keys[i].n = int64(i)
	}
	a.reindex()
}

// reindex makes the index of keys anew.
func (a *array) reindex() {
	a.index = nil
	if len(a.keys) > 12 {
		a.index = make(map[key]int, len(a.keys))
		for i, k := range a.keys {
			a.index[k] = i
		}
	}
}

func (a *array) find(k key) int {
	switch {
	case a.keys == nil:
		if !k.str && 0 <= k.n && k.n < int64(len(a.vals)) {
			return int(k.n)
		}
	case a.index != nil:
		if i, ok := a.index[k]; ok {
			return i
		}
	default:
		for i := range a.keys {
			if a.keys[i] == k {
				return i
			}
		}
	}
	return -1
}

func (a *array) get(k key) (value, bool) {
	if i := a.find(k); i >= 0 {
		return a.vals[i], true
	}
	if a.open {
		return a.rest, true
	}
	return null, false
}

func (a *array) set(k key, v value) {
	if i := a.find(k); i >= 0 {
		a.vals[i] = v
		return
	}
	if len(a.vals) >= maxElements {
		a.open = true
		a.rest = join(a.rest, value{t: v.t, tr: v.tr})
		return
	}
	if a.keys == nil && (k.str || k.n != int64(len(a.vals))) {
		a.unpack()
	}
	a.vals = append(a.vals, v)
	if a.keys != nil {
		a.keys = append(a.keys, k)
		if a.index != nil {
			a.index[k] = len(a.keys) - 1
		} else if len(a.keys) > 12 {
			a.reindex()
		}
	}
	if !k.str && k.n >= a.next {
		a.next = k.n + 1
	}
}

func (a *array) push(v value) { a.set(key{n: a.next}, v) }

// add notes an element under a key that is not known.
func (a *array) add(v value) {
	a.open = true
	a.rest = join(a.rest, v)
}

func (a *array) remove(k key) {
	i := a.find(k)
	if i < 0 {
		return
	}
	if a.shared {
		return
	}
	if last := len(a.vals) - 1; i == last {
		a.vals = a.vals[:last]
		if a.keys != nil {
			a.keys = a.keys[:last]
			delete(a.index, k)
		}
		return
	}
	a.unpack()
	a.keys = append(a.keys[:i:i], a.keys[i+1:]...)
	a.vals = append(a.vals[:i:i], a.vals[i+1:]...)
	a.reindex()
}

func (a *array) clone() *array {
	b := &array{next: a.next, at: a.at, open: a.open, rest: a.rest}
	b.keys = slices.Clone(a.keys)
	b.vals = slices.Clone(a.vals)
	for i := range b.vals {
		if in, ok := b.vals[i].ref.(*array); ok {
			in.shared = true
		}
	}
	b.reindex()
	return b
}

// taintOf is the taint of v and of all that it holds, as far as a look at some
// hundreds of elements tells.
func taintOf(v value) (taint, *trace) {
	if _, ok := v.ref.(*array); !ok {
		return v.t, v.tr
	}
	left := 512
	return taintWithin(v, 6, &left)
}

func taintWithin(v value, depth int, left *int) (taint, *trace) {
	t, tr := v.t, v.tr
	a, ok := v.ref.(*array)
	if !ok || depth == 0 {
		return t, tr
	}
	each := func(x value) {
		*left--
		xt, xtr := taintWithin(x, depth-1, left)
		if tr == nil || xt&hostile != 0 && t&hostile == 0 {
			tr = xtr
		}
		t = t.also(xt)
	}
	for _, x := range a.vals {
		if *left <= 0 {
			break
		}
		each(x)
	}
	if a.open {
		each(a.rest)
	}
	return t, tr
}

// list is the elements of an array that is known in full.
func (v value) list() ([]value, bool) {
	a, ok := v.ref.(*array)
	if v.k != vArr || !ok || a.open {
		return nil, false
	}
	return a.vals, true
}
