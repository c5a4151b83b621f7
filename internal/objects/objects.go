// Package objects reads streams of JSON objects as log shippers and exports
// write them: one to a line, spread over lines, or in an array; cut short and
// damaged ones too.
package objects

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// An Object is the text of one top-level object.
type Object struct {
	Text   []byte
	Line   int // where it starts; the first line is 1
	Offset int64
}

// A Damage says that one object is lost; reading goes on.
type Damage struct{ Err error }

func (d *Damage) Error() string { return d.Err.Error() }

// MaxObject bounds an object, in bytes. Script blocks of PowerShell are split
// at 32 KiB.
const MaxObject = 4 << 20

var (
	errUnfinished = errors.New("object does not end before the next")
	// ErrTooLong is for an object that is not kept.
	ErrTooLong = fmt.Errorf("object longer than %d bytes", MaxObject)
	errJunk    = errors.New("line is no object")
)

// Each yields the top-level objects of a stream, or those of a top-level
// array. An object that is cut short ends where a line starts with the next.
// The text is valid until the next object.
func Each(r io.Reader) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
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
					yield(s.object(), &Damage{errUnfinished})
				}
				return
			}
			if err != nil {
				yield(Object{Line: s.line}, err)
				return
			}
		}
	}
}

// A splitter finds where objects start and end.
type splitter struct {
	yield  func(Object, error) bool
	buf    []byte
	start  Object // without text
	line   int
	offset int64
	last   byte

	depth  int
	text   bool // inside a string
	escape bool
	skip   bool // the rest of an object that is too long
	junk   bool // said so of this line
}

func (s *splitter) object() Object {
	o := s.start
	o.Text = s.buf
	return o
}

// next takes one byte; it returns false when the consumer has had enough.
func (s *splitter) next(c byte) bool {
	ok := true
	if s.depth > 0 && c == '{' && s.last == '\n' { // pretty-printers indent
		if !s.skip {
			ok = s.yield(s.object(), &Damage{errUnfinished})
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
		s.start = Object{Line: s.line, Offset: s.offset}
		s.buf, s.depth, s.text, s.escape, s.skip = append(s.buf[:0], c), 1, false, false, false
	case bytes.IndexByte([]byte(" \t\r\n[],\xef\xbb\xbf\x00"), c) < 0 && !s.junk:
		s.junk = true
		return s.yield(Object{Line: s.line, Offset: s.offset}, &Damage{errJunk})
	}
	return true
}

func (s *splitter) inside(c byte) bool {
	if !s.skip {
		if s.buf = append(s.buf, c); len(s.buf) > MaxObject {
			s.skip = true
			s.buf = nil
			return s.yield(s.start, &Damage{ErrTooLong})
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

// A Node is a JSON value with its members in order.
type Node struct {
	Text string // of a scalar; "" for null
	Keys []string
	Kids []*Node // members, or elements if it is a list
	List bool
}

const (
	MaxDepth = 32 // of a value
	maxNodes = 1 << 16
)

// Parse reads one object; numbers keep their text, and of keys that repeat all
// are kept.
func Parse(text []byte) (*Node, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	count := 0
	n, err := readNode(dec, 0, &count)
	if err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return n, nil
}

func readNode(dec *jsontext.Decoder, depth int, count *int) (*Node, error) {
	if *count++; depth > MaxDepth || *count > maxNodes {
		return nil, errors.New("nested too deep or too large")
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := tok.Kind(); kind {
	case '{', '[':
		n := &Node{List: kind == '['}
		for end := dec.PeekKind(); end != '}' && end != ']'; end = dec.PeekKind() {
			if !n.List {
				key, err := dec.ReadToken()
				if err != nil {
					return nil, err
				}
				n.Keys = append(n.Keys, key.String())
			}
			kid, err := readNode(dec, depth+1, count)
			if err != nil {
				return nil, err
			}
			n.Kids = append(n.Kids, kid)
		}
		_, err := dec.ReadToken()
		return n, err
	case 'n':
		return &Node{}, nil
	default:
		return &Node{Text: tok.String()}, nil
	}
}

// Get follows keys; nil if one is absent.
func (n *Node) Get(keys ...string) *Node {
	for _, k := range keys {
		var next *Node
		if n != nil {
			for i, have := range n.Keys {
				if have == k {
					next = n.Kids[i]
					break
				}
			}
		}
		n = next
	}
	return n
}

// String returns the text of the value at keys, or "".
func (n *Node) String(keys ...string) string {
	if v := n.Get(keys...); v != nil {
		return v.Text
	}
	return ""
}
