package winevent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// An object is the text of one top-level object.
type object struct {
	text   []byte
	line   int // where it starts; the first line is 1
	offset int64
}

// damage says that one object is lost; reading goes on.
type damage struct{ err error }

func (d *damage) Error() string { return d.err.Error() }

// maxObject bounds an object, in bytes. Script blocks of PowerShell are split
// at 32 KiB.
const maxObject = 4 << 20

var (
	errUnfinished = errors.New("object does not end before the next")
	errShape      = errors.New("not a Windows event in a shape that is known")
	errTooLong    = fmt.Errorf("object longer than %d bytes", maxObject)
	errJunk       = errors.New("line is no object")
)

// objects yields the top-level objects of a stream, or those of a top-level
// array. An object that is cut short ends where a line starts with the next.
// The text is valid until the next object.
func objects(r io.Reader) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		s := splitter{yield: yield, line: 1, last: '\n'}
		buf := make([]byte, 64<<10)
		for {
			n, err := r.Read(buf)
			for _, c := range buf[:n] {
				if !s.next(c) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				if s.depth > 0 && !s.skip {
					yield(s.object(), &damage{errUnfinished})
				}
				return
			}
			if err != nil {
				yield(object{line: s.line}, err)
				return
			}
		}
	}
}

// A splitter finds where objects start and end.
type splitter struct {
	yield  func(object, error) bool
	buf    []byte
	start  object // without text
	line   int
	offset int64
	last   byte

	depth  int
	text   bool // inside a string
	escape bool
	skip   bool // the rest of an object that is too long
	junk   bool // said so of this line
}

func (s *splitter) object() object {
	o := s.start
	o.text = s.buf
	return o
}

// next takes one byte; it returns false when the consumer has had enough.
func (s *splitter) next(c byte) bool {
	ok := true
	if s.depth > 0 && c == '{' && s.last == '\n' { // pretty-printers indent
		if !s.skip {
			ok = s.yield(s.object(), &damage{errUnfinished})
		}
		s.depth, s.text = 0, false
	}
	if s.depth == 0 {
		ok = ok && s.outside(c)
	} else {
		ok = ok && s.inside(c)
	}
	s.last = c
	s.offset++
	if c == '\n' {
		s.line++
		s.junk = false
	}
	return ok
}

func (s *splitter) outside(c byte) bool {
	switch {
	case c == '{':
		s.start = object{line: s.line, offset: s.offset}
		s.buf, s.depth, s.text, s.escape, s.skip = append(s.buf[:0], c), 1, false, false, false
	case bytes.IndexByte([]byte(" \t\r\n[],\xef\xbb\xbf\x00"), c) < 0 && !s.junk:
		s.junk = true
		return s.yield(object{line: s.line, offset: s.offset}, &damage{errJunk})
	}
	return true
}

func (s *splitter) inside(c byte) bool {
	if !s.skip {
		if s.buf = append(s.buf, c); len(s.buf) > maxObject {
			s.skip = true
			s.buf = nil
			return s.yield(s.start, &damage{errTooLong})
		}
	}
	switch {
	case s.escape:
		s.escape = false
	case s.text:
		s.escape = c == '\\'
		s.text = c != '"' && c != '\n' // a string never spans lines
	case c == '"':
		s.text = true
	case c == '{':
		s.depth++
	case c == '}':
		if s.depth--; s.depth == 0 && !s.skip {
			return s.yield(s.object(), nil)
		}
	}
	return true
}

// A node is a JSON value with its members in order.
type node struct {
	text string // of a scalar; "" for null
	keys []string
	kids []*node // members, or elements if keys is nil
	list bool
}

const (
	maxDepth = 32
	maxNodes = 1 << 16
)

func parseJSON(text []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	count := 0
	n, err := readNode(dec, 0, &count)
	if err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return n, nil
}

func readNode(dec *json.Decoder, depth int, count *int) (*node, error) {
	if *count++; depth > maxDepth || *count > maxNodes {
		return nil, errors.New("nested too deep or too large")
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case json.Delim:
		n := &node{list: t == '['}
		for dec.More() {
			if !n.list {
				key, err := dec.Token()
				if err != nil {
					return nil, err
				}
				n.keys = append(n.keys, key.(string)) // the decoder sees to it
			}
			kid, err := readNode(dec, depth+1, count)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		}
		_, err := dec.Token()
		return n, err
	case string:
		return &node{text: t}, nil
	case json.Number:
		return &node{text: t.String()}, nil
	case bool:
		return &node{text: fmt.Sprint(t)}, nil
	}
	return &node{}, nil // null
}

// get follows keys; nil if one is absent.
func (n *node) get(keys ...string) *node {
	for _, k := range keys {
		var next *node
		if n != nil {
			for i, have := range n.keys {
				if have == k {
					next = n.kids[i]
					break
				}
			}
		}
		n = next
	}
	return n
}

// string returns the text of the value at keys, or "".
func (n *node) string(keys ...string) string {
	if v := n.get(keys...); v != nil {
		return v.text
	}
	return ""
}
