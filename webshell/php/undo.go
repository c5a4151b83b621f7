package php

import (
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// An undone is a text and what a decoder made of it.
type undone struct {
	how     string
	in, out string
	ok      bool
}

// Bounds of what is remembered of decoding.
const (
	minUndone = 256     // bytes: less is decoded as fast as it is found
	maxUndone = 4 << 20 // bytes, before and after
)

// decode undoes an encoding. A long text is looked into before the file decodes
// it itself, and layers decode the same one again: the last few are remembered.
func (m *machine) decode(how, s string, f func(string) (string, bool)) (string, bool) {
	if len(s) < minUndone {
		return f(s)
	}
	for i := range m.undone {
		if u := &m.undone[i]; u.how == how && u.in == s {
			return u.out, u.ok
		}
	}
	out, ok := f(s)
	if len(s)+len(out) < maxUndone {
		m.undone[m.turn%len(m.undone)] = undone{how, s, out, ok}
		m.turn++
	}
	return out, ok
}

// undoes is the fold of a decoder of one string that is worth remembering.
func undoes(how string, f func(*machine, string) (string, bool)) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		s, ok := c.text(0)
		if !ok {
			return value{}, false
		}
		out, ok := c.m.decode(how, s, func(s string) (string, bool) { return f(c.m, s) })
		return str(out), ok
	}
}

func (m *machine) unbase64(s string) (string, bool) { return m.decode("base64", s, unbase64) }

// inflate is what r gives: all of it, or what could be read before damage or
// the bound.
func (m *machine) inflate(r io.Reader) (string, bool) {
	b := m.buf[:0]
	for len(b) < maxInflated {
		if len(b) == cap(b) {
			b = slices.Grow(b, max(16<<10, len(b)))
		}
		n, err := r.Read(b[len(b):min(cap(b), maxInflated)])
		b = b[:len(b)+n]
		if err != nil {
			break
		}
	}
	m.buf = b
	return string(b), len(b) > 0
}

func (m *machine) undeflate(s string) (string, bool) {
	r := strings.NewReader(s)
	if m.deflated == nil {
		m.deflated = flate.NewReader(r)
	} else {
		m.deflated.(flate.Resetter).Reset(r, nil)
	}
	return m.inflate(m.deflated)
}

func (m *machine) gunzip(s string) (string, bool) {
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		return "", false
	}
	return m.inflate(r)
}

func (m *machine) unzlib(s string) (string, bool) {
	r, err := zlib.NewReader(strings.NewReader(s))
	if err != nil {
		return "", false
	}
	return m.inflate(r)
}

// anyInflate undoes whichever of the three formats s is in.
func (m *machine) anyInflate(s string) (string, bool) {
	if out, ok := m.decode("gzip", s, m.gunzip); ok {
		return out, true
	}
	if _, err := zlib.NewReader(strings.NewReader(s)); err == nil {
		return m.decode("zlib", s, m.unzlib)
	}
	return m.decode("deflate", s, m.undeflate)
}
