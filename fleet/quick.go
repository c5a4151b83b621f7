package fleet

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"reflect"
	"strings"
	"time"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Quickly makes a reader of one type, for texts that look as our encoders
// write them: members in the order of the type's fields, none twice, nothing
// between them. For whatever else it says false, the value is half written, and
// the JSON library says what the text is. So there is one description of each
// type, and one judge of what is wrong with a text.
//
// Texts in the value share the memory of the text that was read: they are good
// until that is written over.
func Quickly[T any]() func(text []byte, v *T) bool {
	read := quickly(reflect.TypeFor[T]())
	return func(text []byte, v *T) bool {
		rest, ok := read(text, reflect.ValueOf(v).Elem())
		return ok && len(rest) == 0
	}
}

// A quick reads a value of one type from the beginning of a text.
type quick func(text []byte, v reflect.Value) (rest []byte, ok bool)

// quickly is the quick of a type. Of what messages are not made of, none is ok.
func quickly(t reflect.Type) quick {
	never := func([]byte, reflect.Value) ([]byte, bool) { return nil, false }
	p := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		return quickTime
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), p.Implements(reflect.TypeFor[json.Unmarshaler]()), p.Implements(reflect.TypeFor[json.UnmarshalerFrom]()):
		return never
	}
	switch t.Kind() {
	case reflect.String:
		return quickString
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return quickNumber
	case reflect.Bool:
		return quickBool
	case reflect.Pointer:
		return quickPointer(quickly(t.Elem()))
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return quickBytes
		}
		return quickSlice(quickly(t.Elem()))
	case reflect.Struct:
		return quickStruct(t)
	}
	return never
}

func quickStruct(t reflect.Type) quick {
	type field struct {
		begin []byte // its name, quoted, and a colon
		read  quick
		index int
	}
	var fields []field
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || f.Anonymous || option != "" && option != "omitempty" && option != "omitzero" {
			continue // not met, so never ok
		}
		fields = append(fields, field{[]byte(`"` + cmp.Or(name, f.Name) + `":`), quickly(f.Type), f.Index[0]})
	}
	return func(text []byte, v reflect.Value) ([]byte, bool) {
		text, ok := bytes.CutPrefix(text, []byte("{"))
		if !ok {
			return nil, false
		}
		if text, ok := bytes.CutPrefix(text, []byte("}")); ok {
			return text, true
		}
		for i := range fields {
			f := &fields[i]
			if !bytes.HasPrefix(text, f.begin) {
				continue
			}
			text, ok = f.read(text[len(f.begin):], v.Field(f.index))
			switch {
			case !ok || len(text) == 0:
				return nil, false
			case text[0] == '}':
				return text[1:], true
			case text[0] != ',':
				return nil, false
			}
			text = text[1:]
		}
		return nil, false
	}
}

func quickPointer(read quick) quick {
	return func(text []byte, v reflect.Value) ([]byte, bool) {
		if text, ok := bytes.CutPrefix(text, []byte("null")); ok {
			v.SetZero()
			return text, true
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return read(text, v.Elem())
	}
}

func quickSlice(read quick) quick {
	return func(text []byte, v reflect.Value) ([]byte, bool) {
		if text, ok := bytes.CutPrefix(text, []byte("null")); ok {
			v.SetZero()
			return text, true
		}
		text, ok := bytes.CutPrefix(text, []byte("["))
		if !ok {
			return nil, false
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		v.SetLen(0)
		if text, ok := bytes.CutPrefix(text, []byte("]")); ok {
			return text, true
		}
		for n := 0; ; n++ {
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
			e := v.Index(n)
			e.SetZero()
			text, ok = read(text, e)
			switch {
			case !ok || len(text) == 0:
				return nil, false
			case text[0] == ']':
				return text[1:], true
			case text[0] != ',':
				return nil, false
			}
			text = text[1:]
		}
	}
}

func quickString(text []byte, v reflect.Value) ([]byte, bool) {
	s, rest, ok := quoted(text)
	if ok {
		v.SetString(unsafe.String(unsafe.SliceData(s), len(s))) // to copy each took a sixth of reading a case
	}
	return rest, ok
}

// quoted reads a string, and returns what follows.
func quoted(text []byte) (s, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false
	}
	i := 1
	for ; i+8 <= len(text); i += 8 { // eight bytes at once: most of a case is text
		const ones = 0x0101010101010101
		w := binary.LittleEndian.Uint64(text[i:])
		// The lowest bit left is of the first byte that is one of the cases below.
		if stop := (w | (w - ones*' ') | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones)) & (ones * 0x80); stop != 0 {
			i += bits.TrailingZeros64(stop) / 8
			break
		}
	}
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[1:i], text[i+1:], true
		case c < ' ':
			return nil, nil, false
		case c == '\\' || c >= 0x80:
			return unquoted(text)
		}
	}
	return nil, nil, false
}

// unquoted is quoted for a string with escapes or with more than ASCII.
func unquoted(text []byte) (s, rest []byte, ok bool) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			s, err := jsontext.AppendUnquote(nil, text[:i+1]) // strict about UTF-8 and escapes
			return s, text[i+1:], err == nil
		}
	}
	return nil, nil, false
}

// quickBytes reads bytes in base64.
func quickBytes(text []byte, v reflect.Value) ([]byte, bool) {
	s, rest, ok := quoted(text)
	b, err := base64.StdEncoding.Strict().AppendDecode([]byte{}, s)
	if !ok || err != nil || base64.StdEncoding.EncodedLen(len(b)) != len(s) { // package base64 takes ends of lines
		return nil, false
	}
	v.SetBytes(b)
	return rest, true
}

// quickTime reads a time in UTC.
func quickTime(text []byte, v reflect.Value) ([]byte, bool) {
	s, rest, ok := quoted(text)
	const least = len("2006-01-02T15:04:05Z")
	// Package time takes a comma, and hours of one digit.
	if !ok || len(s) < least || s[len(s)-1] != 'Z' || s[13] != ':' || s[least-1] == ',' {
		return nil, false
	}
	return rest, v.Addr().Interface().(*time.Time).UnmarshalText(s) == nil
}

// quickNumber reads a whole number that any type holds, and is not negative.
func quickNumber(text []byte, v reflect.Value) ([]byte, bool) {
	n, i := int64(0), 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		n = 10*n + int64(text[i]-'0')
		i++
	}
	if i == 0 || i > 18 || i > 1 && text[0] == '0' || int64(int(n)) != n {
		return nil, false
	}
	if v.CanInt() {
		v.SetInt(n)
	} else {
		v.SetUint(uint64(n))
	}
	return text[i:], true
}

func quickBool(text []byte, v reflect.Value) ([]byte, bool) {
	rest, is := bytes.CutPrefix(text, []byte("true"))
	if !is {
		var not bool
		if rest, not = bytes.CutPrefix(text, []byte("false")); !not {
			return nil, false
		}
	}
	v.SetBool(is)
	return rest, true
}
