package evtx

import (
	"slices"
	"time"
)

// A Record is one event. The decoder that yielded it reuses it: it is valid
// until the next one. [Record.Clone] makes one that may be kept.
type Record struct {
	ID      uint64 // from the record's header; usually EventRecordID
	Written uint64 // FILETIME from the record's header: when it was logged
	Offset  int64  // in the file
	Shape   *Shape // what fields it has; never nil

	data      []byte // the record as it lies in the chunk
	chunk     []byte // nil in a clone
	nth       uint64 // of the decoder's chunks
	ansi      bool
	values    []valueRef
	instances []instance
	scratch   *[]member // of the decoder, for AppendJSON; nil in a clone
}

// A valueRef is the place of a value in a record.
type valueRef struct {
	off  uint32
	size uint16
	typ  Type
}

// An instance is the use of a template by a record. The first is the event;
// others stand for values that are binary XML.
type instance struct {
	tpl    *template
	first  uint32 // index of its first value
	count  uint32
	parent uint16 // the instance that holds it, and the value it stands for
	sub    uint16
}

// Clone returns a copy of r that shares nothing with the decoder but its shape,
// which never changes.
func (r *Record) Clone() *Record {
	c := *r
	c.scratch, c.chunk = nil, nil
	c.data = slices.Clone(r.data)
	c.values = slices.Clone(r.values)
	c.instances = slices.Clone(r.instances)
	return &c
}

// Size returns the size of the record in the file, in bytes.
func (r *Record) Size() int { return len(r.data) }

// Bytes returns the record as it lies in the file, without what its templates
// hold. Strings in it are UTF-16 or ANSI.
func (r *Record) Bytes() []byte { return r.data }

// Chunk returns what the record lies in, templates and all, and a number that
// no other chunk of the decoder has; nothing of a clone.
func (r *Record) Chunk() (b []byte, number uint64) { return r.chunk, r.nth }

// HasANSI reports whether a value of the record is an ANSI string.
func (r *Record) HasANSI() bool { return r.ansi }

// Value returns the value of the field numbered i in r.Shape, without decoding
// it. It is the zero Value if i is negative or the value absent.
func (r *Record) Value(i int) Value {
	if i < 0 {
		return Value{}
	}
	f := &r.Shape.Fields[i]
	switch {
	case f.Const:
		return Value{Raw: f.text, Type: TypeText}
	case f.parts == nil:
		return r.at(int(f.instance), int(f.sub))
	}
	return Value{Raw: r.compose(nil, f.parts, int(f.instance)), Type: TypeText}
}

func (r *Record) at(instance, sub int) Value {
	in := &r.instances[instance]
	if uint32(sub) >= in.count {
		return Value{}
	}
	v := r.values[in.first+uint32(sub)]
	return Value{Raw: r.data[v.off : v.off+uint32(v.size)], Type: v.typ}
}

// compose appends the text of nodes that are not elements.
func (r *Record) compose(dst []byte, nodes []node, instance int) []byte {
	for i := range nodes {
		switch n := &nodes[i]; {
		case n.kind == nodeSub:
			dst = r.at(instance, int(n.sub)).Append(dst)
		case n.isText():
			dst = append(dst, n.text...)
		}
	}
	return dst
}

// Time returns when the event happened, in UTC: TimeCreated, or if the event
// has none, when it was logged.
func (r *Record) Time() time.Time {
	v := r.Value(r.Shape.Time)
	switch {
	case v.Type == TypeFiletime && len(v.Raw) == 8:
		if t := Time(le64(v.Raw)); !t.IsZero() {
			return t
		}
	case !v.Empty():
		if t, err := time.Parse(time.RFC3339Nano, v.String()); err == nil {
			return t.UTC()
		}
	}
	return Time(r.Written)
}

// EventID returns the event's identifier.
func (r *Record) EventID() (uint64, bool) { return r.number(r.Shape.EventID) }

// RecordID returns EventRecordID, or if the event has none, r.ID.
func (r *Record) RecordID() uint64 {
	if n, ok := r.number(r.Shape.RecordID); ok {
		return n
	}
	return r.ID
}

// number reads a number, which forwarded events write as text.
func (r *Record) number(field int) (n uint64, ok bool) {
	v := r.Value(field)
	if n, ok = v.Uint(); ok || v.Empty() {
		return n, ok
	}
	s := v.String()
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<60 {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, s != ""
}
