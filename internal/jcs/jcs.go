// Package jcs writes JSON in its canonical form (RFC 8785), over which
// signatures are made. It refuses JSON that two readers may take differently:
// duplicate keys, broken UTF-8, lone surrogates, numbers that a double does not
// hold, and nesting that is deeper than any of ours.
package jcs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const maxDepth = 64

// Canonical returns the canonical form of a JSON text.
func Canonical(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("broken UTF-8")
	}
	r := reader{text: text}
	out, err := r.value(nil, 0)
	if err == nil {
		r.space()
		if r.at < len(text) {
			err = errors.New("more after the end")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", r.at, err)
	}
	return out, nil
}

// Marshal returns the canonical form of a value.
func Marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return Canonical(b)
}

// Unmarshal reads JSON into a pointer to a struct and refuses what the struct
// does not hold exactly: unknown, misspelled and needlessly written fields.
func Unmarshal(text []byte, v any) error {
	want, err := Canonical(text)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(want))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	got, err := Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("a field is misspelled, or empty where it must be left out: near %q", differ(got, want))
	}
	return nil
}

func differ(a, b []byte) []byte {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return b[max(0, i-20):min(len(b), i+20)]
}

type reader struct {
	text []byte
	at   int
}

func (r *reader) space() {
	for r.at < len(r.text) && bytes.IndexByte([]byte(" \t\r\n"), r.text[r.at]) >= 0 {
		r.at++
	}
}

// next skips space and returns the byte that follows, 0 at the end.
func (r *reader) next() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

var errEnd = errors.New("unexpected end or character")

// value appends the canonical form of the value that follows.
func (r *reader) value(out []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	switch c := r.next(); {
	case c == '{':
		return r.object(out, depth)
	case c == '[':
		return r.array(out, depth)
	case c == '"':
		s, err := r.string()
		return quote(out, s), err
	case c == '-' || c >= '0' && c <= '9':
		return r.number(out)
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(r.text[r.at:], []byte(word)) {
			r.at += len(word)
			return append(out, word...), nil
		}
	}
	return nil, errEnd
}

func (r *reader) array(out []byte, depth int) ([]byte, error) {
	r.at++
	out = append(out, '[')
	for first := true; ; first = false {
		switch c := r.next(); {
		case c == ']' && first:
			r.at++
			return append(out, ']'), nil
		case !first && c == ']':
			r.at++
			return append(out, ']'), nil
		case !first && c == ',':
			r.at++
			out = append(out, ',')
		case !first:
			return nil, errEnd
		}
		var err error
		if out, err = r.value(out, depth+1); err != nil {
			return nil, err
		}
	}
}

type member struct {
	key   []uint16
	name  string
	value []byte
}

func (r *reader) object(out []byte, depth int) ([]byte, error) {
	r.at++
	var members []member
	for first := true; ; first = false {
		c := r.next()
		if c == '}' {
			r.at++
			break
		}
		if !first {
			if c != ',' {
				return nil, errEnd
			}
			r.at++
		}
		if r.next() != '"' {
			return nil, errEnd
		}
		name, err := r.string()
		if err != nil {
			return nil, err
		}
		if r.next() != ':' {
			return nil, errEnd
		}
		r.at++
		v, err := r.value(nil, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{utf16.Encode([]rune(name)), name, v})
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.key, b.key) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].name == m.name {
				return nil, fmt.Errorf("the key %q is there twice", m.name)
			}
			out = append(out, ',')
		}
		out = append(append(quote(out, m.name), ':'), m.value...)
	}
	return append(out, '}'), nil
}

// number reads a number by JSON's grammar and writes it as ECMAScript does.
func (r *reader) number(out []byte) ([]byte, error) {
	start := r.at
	for r.at < len(r.text) && bytes.IndexByte([]byte("+-.0123456789eE"), r.text[r.at]) >= 0 {
		r.at++
	}
	word := r.text[start:r.at]
	if len(word) > 100 || !json.Valid(word) {
		return nil, errors.New("no number")
	}
	f, err := strconv.ParseFloat(string(word), 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s is too large", word)
	}
	if f == 0 {
		f = 0 // ECMAScript writes -0 so
	}
	b, err := json.Marshal(f)
	if whole := !bytes.ContainsAny(word, ".eE"); err == nil && whole && math.Abs(f) >= 1<<53 && !bytes.Equal(b, word) {
		return nil, fmt.Errorf("the number %s is not kept exactly by every reader", word)
	}
	return append(out, b...), err
}

// string reads a string; the text is at its quote.
func (r *reader) string() (string, error) {
	r.at++
	var b []byte
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			return string(b), nil
		case c < ' ':
			return "", errors.New("a control character in a string")
		case c != '\\':
			b = append(b, c)
			continue
		case r.at == len(r.text):
			return "", errEnd
		}
		c = r.text[r.at]
		r.at++
		if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
			b = append(b, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		if c != 'u' {
			return "", errEnd
		}
		u, err := r.hex()
		if err != nil {
			return "", err
		}
		if utf16.IsSurrogate(u) {
			if !bytes.HasPrefix(r.text[r.at:], []byte(`\u`)) {
				return "", errors.New("half a surrogate pair")
			}
			r.at += 2
			low, err := r.hex()
			if err != nil {
				return "", err
			}
			if u = utf16.DecodeRune(u, low); u == utf8.RuneError {
				return "", errors.New("half a surrogate pair")
			}
		}
		b = utf8.AppendRune(b, u)
	}
	return "", errEnd
}

func (r *reader) hex() (rune, error) {
	if len(r.text)-r.at < 4 {
		return 0, errEnd
	}
	n, err := strconv.ParseUint(string(r.text[r.at:r.at+4]), 16, 32)
	if err != nil {
		return 0, errEnd
	}
	r.at += 4
	return rune(n), nil
}

// quote writes a string with the escapes of RFC 8785, section 3.2.2.2.
func quote(out []byte, s string) []byte {
	out = append(out, '"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch j := bytes.IndexByte([]byte("\"\\\b\f\n\r\t"), c); {
		case j >= 0:
			out = append(out, '\\', `"\bfnrt`[j])
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
